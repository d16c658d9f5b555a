"""Tokens for all callers: one fetch at a time, before the old token expires, with backoff."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from errors import DeadlineExceeded, PatchbayError, SettingsIncomplete, UpstreamFailed
from integrations.budget import is_reserved_refusal
from integrations.calling.parameters import Values
from integrations.calling.requests_builder import Limits
from integrations.catalog.catalog import Installed
from integrations.concurrency.interpreter_slots import released_slot
from integrations.concurrency.lru import Lru
from integrations.concurrency.single_flight import SingleFlight
from integrations.manifests.model import Login, OAuth2
from integrations.tokens.authorization_code import GrantedTokens
from integrations.tokens.client_credentials import ClientCredentials
from integrations.tokens.exchange import TokenExchange
from integrations.tokens.grants import Grants
from integrations.tokens.login import Logins
from integrations.tokens.refresh_backoff import MAX_ENTRIES, FailureMemory, RejectedTokenGuard
from integrations.tokens.rows import TokenRows
from integrations.tokens.token import Token
from integrations.tokens.token_request import TokenRequest, TokenRequests
from integrations.usage.call_log import Cause
from plugin_store.engine.database import Database
from plugin_store.engine.locks import Locks
from plugin_store.vault.vault import Vault

POLL_SECONDS = 0.05

_log = logging.getLogger(__name__)


class Source(Protocol):
    """Where one kind of token is stored and obtained."""

    def read(self, token_request: TokenRequest) -> Token | None: ...

    def acquire(self, token_request: TokenRequest, cause: Cause, *, is_saved: bool) -> Token: ...


class TokenCache:
    """Returns tokens, from the cache or newly fetched."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        exchange: TokenExchange,
        limits: Limits,
        clock: Callable[[], float],
        locks: Locks,
    ) -> None:
        self._vault = vault
        self._clock = clock
        self._limits = limits
        self._locks = locks
        self._token_requests = TokenRequests()
        self._flights: SingleFlight[Token] = SingleFlight()
        self._held: Lru[str, Token] = Lru(MAX_ENTRIES)
        self._rejected: Lru[str, Mapping[str, str]] = Lru(MAX_ENTRIES)
        self._ahead: Lru[str, bool] = Lru(MAX_ENTRIES)
        self._failures = FailureMemory(clock)
        self._brake = RejectedTokenGuard(clock)
        rows = TokenRows(database, vault)
        self._client_credentials = ClientCredentials(rows, exchange, limits, clock)
        self._logins = Logins(rows, exchange, limits, clock)
        self._granted = GrantedTokens(Grants(database, vault), exchange, limits, clock)

    def get(self, installed: Installed, values: Values, cause: Cause) -> Mapping[str, str]:
        """The values for credentials, by name: `access_token`, or `session_token` and `login.name`.

        Token requests count against the budget of the call that needs them, by `cause`.
        Raises SettingsIncomplete (`errors["oauth2"]` if a user must connect), UpstreamFailed and its subclasses,
        EgressRefused, DeadlineExceeded, and the errors that make a grant unusable.
        """
        token_request = self._token_requests.of(installed, values)
        held, now = self._held.get(token_request.key), self._clock()
        if held is None or not held.is_alive(now):
            return self._fetch(token_request, cause).values
        if held.is_due(now):
            return self._refresh_ahead(token_request, held, cause).values
        return held.values

    def renew(
        self, installed: Installed, values: Values, rejected: Mapping[str, str], cause: Cause
    ) -> Mapping[str, str]:
        """A new token after the provider rejected one. Another caller may have fetched it already.

        Raises as `get` does.
        """
        token_request = self._token_requests.of(installed, values)
        held = self._held.get(token_request.key)
        if held is not None and held.values != rejected and held.is_alive(self._clock()):
            return held.values
        self._brake.raise_if_pulled(token_request.key, rejected)
        self._rejected.put(token_request.key, dict(rejected))
        self._held.drop(token_request.key)
        try:
            return self._fetch_another(token_request, rejected, cause).values
        except SettingsIncomplete:
            # No new token can be obtained, and other calls may still use this one.
            self._rejected.drop(token_request.key)
            raise

    def _fetch_another(self, token_request: TokenRequest, rejected: Mapping[str, str], cause: Cause) -> Token:
        token = self._fetch(token_request, cause)
        if token.values == rejected and self._rejected.get(token_request.key) is not None:
            # The first fetch was already running and did not know that this token was rejected.
            token = self._fetch(token_request, cause)
        return token

    def _refresh_ahead(self, token_request: TokenRequest, held: Token, cause: Cause) -> Token:
        """The first caller fetches the next token. The others keep using the current one while it is valid."""
        if not self._ahead.add(token_request.key, True):
            return held
        try:
            return self._fetch(token_request, cause)
        except PatchbayError as error:
            _log.info("The token of %s could not be refreshed yet: %s", token_request.plugin_id, error.code)
            return held
        finally:
            self._ahead.drop(token_request.key)

    def _fetch(self, token_request: TokenRequest, cause: Cause) -> Token:
        return self._flights.run(
            token_request.key, lambda: self._obtain(token_request, cause), partial(is_reserved_refusal, cause)
        )

    def _obtain(self, token_request: TokenRequest, cause: Cause) -> Token:
        held = self._held.get(token_request.key)
        if held is not None and self._is_good(token_request, held) and not held.is_due(self._clock()):
            return held
        self._failures.raise_if_fresh(token_request.key)
        try:
            token = self._obtain_once(token_request, cause)
        except (UpstreamFailed, DeadlineExceeded) as error:
            self._failures.note(token_request.key, error)
            raise
        self._failures.forget(token_request.key)
        return token

    def _obtain_once(self, token_request: TokenRequest, cause: Cause) -> Token:
        """The stored token, or a new one. No two processes fetch at the same time."""
        source = self._source_of(token_request)
        if not token_request.is_saved(self._vault):
            return source.acquire(token_request, cause, is_saved=False)
        lock = f"token:{token_request.workspace_id}:{token_request.plugin_id}"
        seconds = token_request.installed.integration.timeout_seconds or self._limits.timeout_seconds
        gives_up_at = time.monotonic() + seconds
        while True:
            kept = self._read(source, token_request)
            if kept is not None and not kept.is_due(self._clock()):
                return self._hold(token_request, kept)
            if self._locks.acquire(lock):
                try:
                    kept = self._read(source, token_request)
                    if kept is None or kept.is_due(self._clock()):
                        kept = self._acquire(source, token_request, cause)
                    return self._hold(token_request, kept)
                finally:
                    self._locks.release(lock)
            if kept is not None:
                return self._hold(token_request, kept)
            if time.monotonic() >= gives_up_at:
                raise DeadlineExceeded("Another process is requesting the token and takes too long.")
            with released_slot():
                time.sleep(POLL_SECONDS)

    def _read(self, source: Source, token_request: TokenRequest) -> Token | None:
        kept = source.read(token_request)
        return kept if kept is not None and self._is_good(token_request, kept) else None

    def _acquire(self, source: Source, token_request: TokenRequest, cause: Cause) -> Token:
        token = source.acquire(token_request, cause, is_saved=True)
        rejected = self._rejected.get(token_request.key)
        if rejected is not None:
            self._brake.note(token_request.key, rejected, token.values)
            self._rejected.drop(token_request.key)
        return token

    def _hold(self, token_request: TokenRequest, token: Token) -> Token:
        self._held.put(token_request.key, token)
        return token

    def _is_good(self, token_request: TokenRequest, token: Token) -> bool:
        return token.is_alive(self._clock()) and token.values != self._rejected.get(token_request.key)

    def _source_of(self, token_request: TokenRequest) -> Source:
        if isinstance(token_request.source, Login):
            return self._logins
        assert isinstance(token_request.source, OAuth2)  # noqa: S101 - there are two kinds
        if token_request.source.grant_type == "authorization_code":
            return self._granted
        return self._client_credentials
