"""Tokens for whoever asks: one fetch for all, ahead of the end of the last one, and never a storm of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from errors import DeadlineExceeded, PatchbayError, SettingsIncomplete, UpstreamFailed
from integrations.budget import Spender, is_only_theirs
from integrations.calling.parameters import Values
from integrations.calling.requests_builder import Limits
from integrations.catalog.catalog import Installed
from integrations.concurrency.interpreter_slots import away
from integrations.concurrency.lru import Lru
from integrations.concurrency.process_locks import Claims
from integrations.concurrency.single_flight import SingleFlight
from integrations.manifests.model import Login, OAuth2
from integrations.tokens.authorization_code import GrantedTokens
from integrations.tokens.client_credentials import ClientCredentials
from integrations.tokens.exchange import Door, TokenExchange
from integrations.tokens.grants import Grants
from integrations.tokens.login import Logins
from integrations.tokens.refresh_backoff import MAX_ENTRIES, FailureMemory, RenewalBrake
from integrations.tokens.rows import TokenRows
from integrations.tokens.token import Token
from integrations.tokens.token_request import Purchase, Purchases
from integrations.usage.call_log import CallLog, Cause
from plugin_store.engine.database import Database
from plugin_store.vault.vault import Vault

POLL_SECONDS = 0.05

_log = logging.getLogger(__name__)


class Source(Protocol):
    """Where one kind of token is kept and comes from."""

    def read(self, purchase: Purchase) -> Token | None: ...

    def buy(self, purchase: Purchase, cause: Cause, *, is_saved: bool) -> Token: ...


class Tokens:
    """Gives tokens."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        door: Door,
        budget: Spender,
        clock: Callable[[], float],
        limits: Limits,
        call_log: CallLog,
        claims: Claims,
    ) -> None:
        self._vault = vault
        self._clock = clock
        self._limits = limits
        self._claims = claims
        self._purchases = Purchases()
        self._flights: SingleFlight[Token] = SingleFlight()
        self._held: Lru[str, Token] = Lru(MAX_ENTRIES)
        self._rejected: Lru[str, Mapping[str, str]] = Lru(MAX_ENTRIES)
        self._ahead: Lru[str, bool] = Lru(MAX_ENTRIES)
        self._failures = FailureMemory(clock)
        self._brake = RenewalBrake(clock)
        exchange = TokenExchange(door, budget, call_log, clock)
        rows = TokenRows(database, vault)
        self._client_credentials = ClientCredentials(rows, exchange, limits, clock)
        self._logins = Logins(rows, exchange, limits, clock)
        self._granted = GrantedTokens(Grants(database, vault), exchange, limits, clock)

    def get(self, installed: Installed, values: Values, cause: Cause) -> Mapping[str, str]:
        """What credentials use, by name: `access_token`, or `session_token` and `login.name`.

        What has to be bought for it is charged like the call that needs it, made for `cause`.
        Raises SettingsIncomplete (`errors["oauth2"]` when a person must connect), UpstreamFailed and its kin,
        EgressRefused, DeadlineExceeded, and what stands between the grant and its use.
        """
        purchase = self._purchases.of(installed, values)
        held, now = self._held.get(purchase.key), self._clock()
        if held is None or not held.is_alive(now):
            return self._fetch(purchase, cause).values
        if held.is_due(now):
            return self._refresh_ahead(purchase, held, cause).values
        return held.values

    def renew(
        self, installed: Installed, values: Values, rejected: Mapping[str, str], cause: Cause
    ) -> Mapping[str, str]:
        """The token in place of one that the provider did not take; somebody may have fetched it already.

        Raises as `get` does.
        """
        purchase = self._purchases.of(installed, values)
        held = self._held.get(purchase.key)
        if held is not None and held.values != rejected and held.is_alive(self._clock()):
            return held.values
        self._brake.raise_if_pulled(purchase.key, rejected)
        self._rejected.put(purchase.key, dict(rejected))
        self._held.drop(purchase.key)
        try:
            return self._fetch_another(purchase, rejected, cause).values
        except SettingsIncomplete:
            # Nothing can be bought in its place, and other calls may still do with it.
            self._rejected.drop(purchase.key)
            raise

    def _fetch_another(self, purchase: Purchase, rejected: Mapping[str, str], cause: Cause) -> Token:
        token = self._fetch(purchase, cause)
        if token.values == rejected and self._rejected.get(purchase.key) is not None:
            # A fetch that was under way already, and did not know yet that this token is no good.
            token = self._fetch(purchase, cause)
        return token

    def _refresh_ahead(self, purchase: Purchase, held: Token, cause: Cause) -> Token:
        """The next token for the first who comes; the others go on with the one that is still good."""
        if not self._ahead.add(purchase.key, True):
            return held
        try:
            return self._fetch(purchase, cause)
        except PatchbayError as error:
            _log.info("The token of %s is not refreshed yet: %s", purchase.plugin_id, error.code)
            return held
        finally:
            self._ahead.drop(purchase.key)

    def _fetch(self, purchase: Purchase, cause: Cause) -> Token:
        return self._flights.run(
            purchase.key, lambda: self._obtain(purchase, cause), partial(is_only_theirs, cause)
        )

    def _obtain(self, purchase: Purchase, cause: Cause) -> Token:
        held = self._held.get(purchase.key)
        if held is not None and self._is_good(purchase, held) and not held.is_due(self._clock()):
            return held
        self._failures.raise_if_fresh(purchase.key)
        try:
            token = self._obtain_once(purchase, cause)
        except (UpstreamFailed, DeadlineExceeded) as error:
            self._failures.note(purchase.key, error)
            raise
        self._failures.forget(purchase.key)
        return token

    def _obtain_once(self, purchase: Purchase, cause: Cause) -> Token:
        """The kept token, or a new one that no other process buys at the same time."""
        source = self._source_of(purchase)
        if not purchase.is_saved(self._vault):
            return source.buy(purchase, cause, is_saved=False)
        claim = f"token:{purchase.workspace_id}:{purchase.plugin_id}"
        seconds = purchase.installed.integration.timeout_seconds or self._limits.timeout_seconds
        gives_up_at = time.monotonic() + seconds
        while True:
            kept = self._read(source, purchase)
            if kept is not None and not kept.is_due(self._clock()):
                return self._hold(purchase, kept)
            if self._claims.claim(claim):
                try:
                    kept = self._read(source, purchase)
                    if kept is None or kept.is_due(self._clock()):
                        kept = self._buy(source, purchase, cause)
                    return self._hold(purchase, kept)
                finally:
                    self._claims.release(claim)
            if kept is not None:
                return self._hold(purchase, kept)
            if time.monotonic() >= gives_up_at:
                raise DeadlineExceeded("Another process fetches the token, and takes too long.")
            with away():
                time.sleep(POLL_SECONDS)

    def _read(self, source: Source, purchase: Purchase) -> Token | None:
        kept = source.read(purchase)
        return kept if kept is not None and self._is_good(purchase, kept) else None

    def _buy(self, source: Source, purchase: Purchase, cause: Cause) -> Token:
        token = source.buy(purchase, cause, is_saved=True)
        rejected = self._rejected.get(purchase.key)
        if rejected is not None:
            self._brake.note(purchase.key, rejected, token.values)
            self._rejected.drop(purchase.key)
        return token

    def _hold(self, purchase: Purchase, token: Token) -> Token:
        self._held.put(purchase.key, token)
        return token

    def _is_good(self, purchase: Purchase, token: Token) -> bool:
        return token.is_alive(self._clock()) and token.values != self._rejected.get(purchase.key)

    def _source_of(self, purchase: Purchase) -> Source:
        if isinstance(purchase.source, Login):
            return self._logins
        assert isinstance(purchase.source, OAuth2)  # noqa: S101 - there are two kinds
        if purchase.source.grant_type == "authorization_code":
            return self._granted
        return self._client_credentials
