"""Reads the answers of a token endpoint (RFC 6749 section 5), as JSON or as a form. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from errors import UpstreamFailed, UpstreamInvalid
from integrations.budget.retries import asked_wait_seconds
from integrations.egress.messages import Answer
from integrations.json.exact_json import load_json
from integrations.tokens.expiry import expires_after

_CLIENT_REFUSED = "The provider refused the client id or secret."
_GRANT_REFUSED = "The provider does not accept the sign-in any more."

# RFC 6749 sections 4.1.2.1 and 5.2, and codes that providers use instead.
_WORDS = {
    "invalid_client": _CLIENT_REFUSED,
    "incorrect_client_credentials": _CLIENT_REFUSED,
    "unauthorized_client": "The provider does not allow this client to use this grant type.",
    "invalid_grant": _GRANT_REFUSED,
    "bad_verification_code": _GRANT_REFUSED,
    "bad_refresh_token": _GRANT_REFUSED,
    "invalid_scope": "The provider does not know or does not allow a requested scope.",
    "invalid_target": "The provider does not issue tokens for the requested resource.",
    "unsupported_grant_type": "The provider does not support this grant type.",
    "unsupported_response_type": "The provider does not support this response type.",
    "invalid_request": "The provider rejects the token request: something is missing or wrong.",
    "redirect_uri_mismatch": "The provider does not know the redirect URI. Register it there.",
    "access_denied": "The sign-in was declined.",
    "login_required": "The provider requires a new sign-in.",
    "consent_required": "The provider requires the user's consent.",
    "server_error": "The provider reports an internal error.",
    "temporarily_unavailable": "The provider is busy. Try again later.",
}
_CLIENT_ERRORS = frozenset({"invalid_client", "incorrect_client_credentials"})
_GRANT_ERRORS = frozenset({"invalid_grant", "bad_verification_code", "bad_refresh_token"})


class GrantRefused(UpstreamFailed):
    """The provider rejected the code or refresh token. A user has to sign in again."""


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """A token as the provider returned it. Moments are epoch seconds."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: float | None
    refresh_ends_at: float | None
    scopes: tuple[str, ...] | None


def read_token_answer(answer: Answer, now: float) -> TokenAnswer:
    """The token. Raises UpstreamFailed with our own message; GrantRefused if the code or refresh token has ended."""
    members = _members(answer)
    error = members.get("error")
    if answer.status >= 300 or isinstance(error, str):
        raise _failure(answer, error if isinstance(error, str) else None, now)
    access_token = members.get("access_token")
    if not isinstance(access_token, str) or not access_token:
        raise UpstreamInvalid(
            "The provider's answer contains no token. Check the token URL.", upstream_status=answer.status
        )
    refresh_token = members.get("refresh_token")
    return TokenAnswer(
        access_token=access_token,
        refresh_token=refresh_token if isinstance(refresh_token, str) and refresh_token else None,
        expires_at=expires_after(members.get("expires_in"), now),
        refresh_ends_at=expires_after(members.get("refresh_token_expires_in"), now),
        scopes=_scopes(members.get("scope")),
    )


def refuses_client(answer: Answer) -> bool:
    """Whether the server did not accept the client's id and secret (RFC 6749 section 5.2)."""
    error = _members(answer).get("error")
    error = error if isinstance(error, str) else None
    return error in _CLIENT_ERRORS or (answer.status == 401 and error not in _GRANT_ERRORS)


def error_words(error: str | None) -> str | None:
    """The meaning of an error code, if it is a known one."""
    return _WORDS.get(error or "")


def _members(answer: Answer) -> Mapping[str, Any]:
    try:
        value = load_json(answer.body)
    except ValueError:
        # A provider may answer with a form if it was not asked for JSON.
        text = answer.body.decode("utf-8", "replace") if b"=" in answer.body[:4096] else ""
        return dict(parse_qsl(text, max_num_fields=100)) if text.count("&") < 100 else {}
    return value if isinstance(value, Mapping) else {}


def _failure(answer: Answer, error: str | None, now: float) -> UpstreamFailed:
    kind = GrantRefused if error in _GRANT_ERRORS else UpstreamFailed
    return kind(
        error_words(error) or _words_of_status(answer.status),
        upstream_status=answer.status,
        retry_after_seconds=asked_wait_seconds(None, answer.headers, now),
        reason="token",
    )


def _words_of_status(status: int) -> str:
    if status == 401:
        return _CLIENT_REFUSED
    if status == 404:
        return "The provider answered, but has nothing at the token URL (404). Check the token URL."
    if status == 429:
        return "The provider received too many token requests."
    if 300 <= status < 400:
        return "The provider redirects the token request to another address. Check the token URL."
    return f"The provider answered {status} to the token request."


def _scopes(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, list):
        return tuple(item for item in value if isinstance(item, str))
    return tuple(re.split(r"[\s,]+", value.strip())) if isinstance(value, str) and value.strip() else None
