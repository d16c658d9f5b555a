"""Reads a login's answer: outputs for later requests, the token, and its expiry. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from errors import UpstreamFailed, UpstreamInvalid
from integrations.answers.moments import epoch_of
from integrations.answers.parse import parse_answer
from integrations.budget.retries import asked_wait_seconds
from integrations.egress.cookies import read_set_cookie
from integrations.egress.messages import Answer
from integrations.json.exact_json import load_json
from integrations.manifests.model import LoginOutput, LoginStep
from integrations.manifests.templating import as_text
from integrations.tokens.expiry import CLOCK_DIFFERENCE_SECONDS, expires_after, expires_at

MAX_LINES = 100
_LINE = re.compile(r"([A-Za-z_][\w.-]{0,63})=(.*)")


@dataclass(frozen=True, slots=True)
class LoginAnswer:
    """One answer of a login. `session_token` is None if another request yields it.

    Outputs keep their types, because a later request may need a number.
    """

    outputs: Mapping[str, str | int | float] = field(repr=False)
    session_token: str | None = field(repr=False)
    expires_at: float | None


@dataclass(frozen=True, slots=True)
class _Cookie:
    value: str = field(repr=False)
    expires_at: float | None


def read_login_answer(step: LoginStep, answer: Answer, now: float) -> LoginAnswer:
    """The outputs of the step. Raises UpstreamFailed for a refusal, UpstreamInvalid if a value is missing."""
    cookie = _find_cookie(answer, step.token_cookie, now) if step.token_cookie else None
    header = (answer.headers.get(step.token_header) or "").strip() if step.token_header else ""
    token = cookie.value if cookie else header or None
    # Transmission returns its session id with a 409, so a token is accepted with any status.
    if answer.status >= 400 and token is None:
        raise _refusal(answer, now)
    reads_body = (
        any(output.selector for output in step.outputs)
        or step.token_path
        or ((step.expires_in or step.expires_at) and token)
    )
    body = _read_body(answer) if reads_body else None
    outputs = {output.name: _output(output, body, answer, now) for output in step.outputs}
    if step.token_path is not None:
        token = as_text(_scalar(step.token_path.apply(body), "token"))
    if token is None and step.gives_token:
        raise _redirected(answer) if 300 <= answer.status < 400 else _missing("token", answer.status)
    return LoginAnswer(outputs, token, _expiry(step, body, cookie, now) if step.gives_token else None)


def _output(output: LoginOutput, body: Any, answer: Answer, now: float) -> str | int | float:
    if output.selector is not None:
        return _scalar(output.selector.apply(body), output.name)
    if output.header is not None:
        return _scalar((answer.headers.get(output.header) or "").strip(), output.name)
    cookie = _find_cookie(answer, output.cookie or "", now)
    return _scalar(cookie.value if cookie else None, output.name)


def _expiry(step: LoginStep, body: Any, cookie: _Cookie | None, now: float) -> float | None:
    if step.expires_in is not None:
        return expires_after(step.expires_in.apply(body), now)
    if step.expires_at is not None:
        return expires_at(step.expires_at.apply(body), now)
    if step.duration_seconds is not None:
        return now + step.duration_seconds
    return cookie.expires_at if cookie else None


def _read_body(answer: Answer) -> Any:
    """The body as JSON; XML as JSON of the same shape; several lines of `name=value` as an object; else the text."""
    content_type = answer.headers.get("Content-Type") or ""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type.endswith("xml") and "html" not in media_type:
        return parse_answer("xml", content_type, answer.body).value
    try:
        return load_json(answer.body)
    except ValueError:
        text = answer.body.decode("utf-8", "replace").strip()
        return _read_lines(text) or text or None


def _read_lines(text: str) -> dict[str, str] | None:
    """The values of a text with one `name=value` per line, as in the Google Reader API (`SID=…`, `Auth=…`), else None.

    A single line may be a token that ends in `=`, so it is not parsed.
    """
    matches = [_LINE.fullmatch(line.strip()) for line in text.splitlines()[: MAX_LINES + 1]]
    if not 1 < len(matches) <= MAX_LINES:
        return None
    found = {match[1]: match[2] for match in matches if match is not None}
    return found if len(found) == len(matches) else None


def _scalar(value: Any, name: str) -> str | int | float:
    if value is None or value == "" or isinstance(value, bool | list | dict):
        raise _missing(name)
    return value


def _find_cookie(answer: Answer, name: str, now: float) -> _Cookie | None:
    """The last cookie of the name, unless it is deleted (RFC 6265 section 5.2)."""
    found = None
    for line in answer.headers.get_all("Set-Cookie"):
        made = read_set_cookie(line)
        if made is not None and made.name == name:
            is_set = made.value and not _is_taken_away(made.attributes, now)
            found = _Cookie(made.value, _cookie_expiry(made.attributes, now)) if is_set else None
    return found


def _cookie_expiry(attributes: Mapping[str, str], now: float) -> float | None:
    if "max-age" in attributes:
        return expires_after(attributes["max-age"], now)
    return expires_at(attributes.get("expires"), now)


def _is_taken_away(attributes: Mapping[str, str], now: float) -> bool:
    """Whether the cookie has already expired, which is how a server deletes one."""
    if "max-age" in attributes:
        return expires_after(attributes["max-age"], now) is None
    moment = epoch_of(attributes.get("expires"))
    return moment is not None and moment < now - CLOCK_DIFFERENCE_SECONDS


def _refusal(answer: Answer, now: float) -> UpstreamFailed:
    refused = answer.status in (400, 401, 403, 422)
    return UpstreamFailed(
        f"The provider refused the login ({answer.status}). Check the user name and the password."
        if refused
        else f"The provider answered {answer.status} to the login.",
        upstream_status=answer.status,
        retry_after_seconds=asked_wait_seconds(None, answer.headers, now),
        reason="login",
    )


def _redirected(answer: Answer) -> UpstreamFailed:
    return UpstreamFailed(
        "The provider redirects the login to another address. Check the URL, above all http or https.",
        upstream_status=answer.status,
        reason="login",
    )


def _missing(name: str, status: int | None = None) -> UpstreamInvalid:
    what = "token" if name == "token" else f"`{name}`"
    return UpstreamInvalid(
        f"The provider's answer to the login contains no {what}. Check the user name and the password.",
        upstream_status=status,
        reason="login",
    )
