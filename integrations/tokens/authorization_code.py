"""Tokens on behalf of a user: the grant of a sign-in, and its refresh (RFC 6749 sections 4.1 and 6)."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import orjson

from errors import ReviewDue, SettingsIncomplete, StorageFailed
from integrations.calling.carried import build_accounted_token_call
from integrations.calling.oauth2_requests import ClientEncoding, fill_setting
from integrations.calling.requests_builder import Limits, fill_whole_url
from integrations.catalog.catalog import Installed
from integrations.egress.messages import PreparedCall
from integrations.manifests.model import GRANT, OAuth2
from integrations.tokens.client_exchange import ClientExchange
from integrations.tokens.exchange import TokenExchange
from integrations.tokens.grants import Grant, Grants, StoredGrant, refreshed
from integrations.tokens.token import Token
from integrations.tokens.token_answers import GrantRefused, read_token_answer
from integrations.tokens.token_request import TokenRequest
from integrations.usage.call_log import Cause
from plugin_store.settings.secret_destinations import is_locked

_log = logging.getLogger(__name__)


class GrantedTokens:
    """Reads the access token of a grant, and refreshes it."""

    def __init__(
        self, grants: Grants, exchange: TokenExchange, limits: Limits, clock: Callable[[], float]
    ) -> None:
        self._grants = grants
        self._exchange = ClientExchange(exchange)
        self._limits = limits
        self._clock = clock

    def read(self, token_request: TokenRequest) -> Token | None:
        """The stored access token; None if it must be refreshed first.

        Raises SettingsIncomplete if no account is connected, ReviewDue and SecretUnreadable.
        """
        grant = self._find(token_request).grant
        if grant.refresh_token is not None and grant.fingerprint != token_request.fingerprint:
            return None
        return _token_of(grant)

    def acquire(self, token_request: TokenRequest, cause: Cause, *, is_saved: bool) -> Token:
        """The access token from a refresh. Raises as `read` does, and UpstreamFailed and its subclasses."""
        if not is_saved:
            raise _not_connected("Save these settings and connect with them first.")
        stored = self._find(token_request)
        if stored.grant.refresh_token is None:
            raise _not_connected("The sign-in has expired and cannot be renewed. Connect again.")
        try:
            grant = self._refresh(token_request, cause, stored, stored.grant.refresh_token)
        except GrantRefused:
            return self._after_refusal(token_request, stored)
        try:
            self._grants.replace(token_request.workspace_id, token_request.plugin_id, stored, grant)
        except StorageFailed as error:
            _log.warning(
                "The refreshed sign-in of %s cannot be stored now: %s", token_request.plugin_id, error.detail
            )
        return _token_of(grant)

    def _refresh(
        self, token_request: TokenRequest, cause: Cause, stored: StoredGrant, refresh_token: str
    ) -> Grant:
        oauth2, installed = _oauth2_of(token_request.installed), token_request.installed
        asked = {"grant_type": "refresh_token", "refresh_token": refresh_token}

        def build(encoding: ClientEncoding) -> PreparedCall:
            values, limits = token_request.values, self._limits
            return build_accounted_token_call(
                installed.integration, oauth2, values, limits, asked, stored.bound_to, encoding
            )

        answer, encoding = self._exchange.send(token_request, build, cause, stored.grant.client_encoding)
        now = self._clock()
        given = read_token_answer(answer, now)
        return refreshed(stored.grant, given, now, token_request.fingerprint, encoding)

    def _after_refusal(self, token_request: TokenRequest, tried: StoredGrant) -> Token:
        """The token that another process refreshed meanwhile; else the grant has ended."""
        stored = self._find(token_request)
        if stored.grant.refresh_token != tried.grant.refresh_token:
            return _token_of(stored.grant)
        ended = replace(stored.grant, ended=True)
        self._grants.replace(token_request.workspace_id, token_request.plugin_id, stored, ended)
        raise _not_connected("The provider does not accept the sign-in any more. Connect again.")

    def _find(self, token_request: TokenRequest) -> StoredGrant:
        stored = self._grants.read(token_request.workspace_id, token_request.plugin_id)
        if stored is None:
            raise _not_connected("No account is connected at the provider. Connect first.")
        if stored.grant.ended:
            raise _not_connected("The provider does not accept the sign-in any more. Connect again.")
        if stored.grant.client != client_digest(token_request.installed, token_request.values.merged()):
            raise _not_connected("The sign-in was for another client or provider. Connect again.")
        if is_locked(
            token_request.installed.integration.destinations(token_request.values.config)[GRANT],
            stored.bound_to,
        ):
            raise ReviewDue("The sign-in was for another address. Accept the change or connect again.")
        return stored


def client_digest(installed: Installed, settings: Mapping[str, Any]) -> str:
    """Identifies the client and provider of a grant, without the client secret, which may change.

    Raises SettingsIncomplete.
    """
    oauth2 = _oauth2_of(installed)
    assert oauth2.authorization_url is not None  # noqa: S101 - the compiler refuses the grant without one
    parts = [
        fill_whole_url(oauth2.authorization_url, settings),
        fill_whole_url(oauth2.token_url, settings),
        fill_setting(oauth2.client_id, settings),
    ]
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def _oauth2_of(installed: Installed) -> OAuth2:
    oauth2 = installed.integration.token
    assert isinstance(oauth2, OAuth2)  # noqa: S101 - the caller chooses by it
    return oauth2


def _token_of(grant: Grant) -> Token:
    return Token({"access_token": grant.access_token}, grant.acquired_at, grant.expires_at)


def _not_connected(detail: str) -> SettingsIncomplete:
    return SettingsIncomplete(detail, errors={"oauth2": [f"Not connected. {detail}"]})
