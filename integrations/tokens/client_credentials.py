"""Tokens for the integration itself: the client credentials grant (RFC 6749 section 4.4)."""

from __future__ import annotations

from collections.abc import Callable

from errors import UpstreamFailed
from integrations.calling.carried import build_accounted_token_call
from integrations.calling.oauth2_requests import ClientEncoding
from integrations.calling.requests_builder import Limits
from integrations.egress.messages import PreparedCall
from integrations.manifests.model import OAuth2
from integrations.tokens.client_exchange import ClientExchange
from integrations.tokens.exchange import TokenExchange
from integrations.tokens.rows import TokenRows
from integrations.tokens.token import Token
from integrations.tokens.token_answers import GrantRefused, read_token_answer
from integrations.tokens.token_request import TokenRequest
from integrations.usage.call_log import Cause


class ClientCredentials:
    """Requests tokens with a client's id and secret, and stores them."""

    def __init__(
        self, rows: TokenRows, exchange: TokenExchange, limits: Limits, clock: Callable[[], float]
    ) -> None:
        self._rows = rows
        self._exchange = ClientExchange(exchange)
        self._limits = limits
        self._clock = clock

    def read(self, token_request: TokenRequest) -> Token | None:
        """The stored token, if there is one."""
        return self._rows.read(token_request)

    def acquire(self, token_request: TokenRequest, cause: Cause, *, is_saved: bool) -> Token:
        """A new token, stored if the settings are stored ones. Raises UpstreamFailed and its subclasses."""
        oauth2, integration = token_request.source, token_request.installed.integration
        assert isinstance(oauth2, OAuth2)  # noqa: S101 - the keeper chooses by it
        last = self._rows.read(token_request) if is_saved else None

        def build(encoding: ClientEncoding) -> PreparedCall:
            grant = {"grant_type": "client_credentials"}
            values, limits = token_request.values, self._limits
            return build_accounted_token_call(integration, oauth2, values, limits, grant, encoding=encoding)

        known = last.client_encoding if last else None
        answer, encoding = self._exchange.send(token_request, build, cause, known)
        now = self._clock()
        try:
            given = read_token_answer(answer, now)
        except GrantRefused as refused:
            # A provider's own grant, for example with a user name and a password.
            raise UpstreamFailed(
                "The provider refused the credentials.",
                upstream_status=refused.upstream_status,
                retry_after_seconds=refused.retry_after_seconds,
                reason="token",
            ) from None
        token = Token({"access_token": given.access_token}, now, given.expires_at, encoding)
        if is_saved:
            self._rows.keep(token_request, token)
        return token
