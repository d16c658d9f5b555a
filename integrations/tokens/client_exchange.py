"""Token requests of a client whose server may not decode what RFC 6749 encodes."""

from __future__ import annotations

import time
from collections.abc import Callable

from errors import SettingsIncomplete
from integrations.calling.oauth2_requests import ClientEncoding
from integrations.concurrency.lru import Lru
from integrations.egress.messages import Answer, PreparedCall
from integrations.manifests.model import OAuth2
from integrations.tokens.exchange import TokenExchange
from integrations.tokens.refresh_backoff import MAX_ENTRIES
from integrations.tokens.token_answers import refuses_client
from integrations.tokens.token_request import TokenRequest
from integrations.usage.call_log import Cause

_OTHER: dict[ClientEncoding, ClientEncoding] = {"form": "raw", "raw": "form"}


class ClientExchange:
    """Sends token requests with the client's id and secret encoded as the server reads them.

    RFC 6749 section 2.3.1 encodes both as in a form before base64. Many servers do not decode them and refuse the
    client, so the other encoding is tried once, unless the manifest declares one.
    """

    def __init__(self, exchange: TokenExchange) -> None:
        self._exchange = exchange
        # A code is good for one request, so what a refused one has shown must last until the next sign-in.
        self._accepted: Lru[str, ClientEncoding] = Lru(MAX_ENTRIES)

    def send(
        self,
        token_request: TokenRequest,
        build: Callable[[ClientEncoding], PreparedCall],
        cause: Cause,
        known: ClientEncoding | None,
    ) -> tuple[Answer, ClientEncoding]:
        """The answer, whatever its status, and the encoding that it answers.

        `known` is the encoding that obtained the last token. Both requests share one deadline. Raises as
        `TokenExchange.send` does.
        """
        oauth2, installed = token_request.source, token_request.installed
        assert isinstance(oauth2, OAuth2)  # noqa: S101 - a login authenticates no client
        declared, key = oauth2.client_secret_encoding, token_request.fingerprint
        encoding = declared or known or self._accepted.get(key) or "form"
        call = build(encoding)
        ends_at = time.monotonic() + call.timeout_seconds
        answer = self._exchange.send(installed, "oauth2", call, cause)
        other = _OTHER[encoding]
        again = None if declared or not refuses_client(answer) else _differing(call, build, other)
        left = ends_at - time.monotonic()
        if again is None or left <= 0:
            return answer, encoding
        answer = self._exchange.send(installed, "oauth2", again, cause, left)
        if not refuses_client(answer):
            self._accepted.put(key, other)
        return answer, other


def _differing(
    call: PreparedCall, build: Callable[[ClientEncoding], PreparedCall], encoding: ClientEncoding
) -> PreparedCall | None:
    """The request in the other encoding; None if it is the same one, or if the id cannot be encoded so."""
    try:
        other = build(encoding)
    except SettingsIncomplete:
        return None
    return other if other.headers != call.headers else None
