"""One ledger for every call of an integration in a workspace: live, scheduled, batch, test and token calls."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from errors import BreakerOpen, BudgetSpent, StorageFailed
from integrations.budget.origin_pauses import (
    OriginPause,
    OutcomeSignal,
    after,
    breaker_seconds_left,
    cooldown_seconds_left,
    is_paused,
    requested_pause_seconds,
    signal_of,
    with_probe,
    without_breaker,
)
from integrations.budget.rows import (
    list_pauses,
    list_spent,
    load_pause,
    load_spent,
    query_pause,
    save_pause,
    save_spent,
)
from integrations.budget.windows import Spent, Window, charge, is_late, newly_spent, windows_of
from integrations.catalog.catalog import Installed
from integrations.egress.messages import Answer, PreparedCall
from integrations.manifests.model import RateLimit, Retry
from integrations.usage.call_log import Cause
from plugin_store.engine.database import Connection, Database
from plugin_store.events import write_event

# No user waits for these calls. They leave a part of the budget for calls that a user waits for.
SCHEDULED_CAUSES: frozenset[Cause] = frozenset({"prefetch", "revalidate"})
# The reason when such a call is refused and one that a user waits for would not be.
RESERVED = "reserved"
PROBE_SPARE_SECONDS = 5.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Account:
    """The owner of the counted calls, and the limits of its manifest."""

    workspace_id: int
    plugin_id: str
    rate_limit: RateLimit | None = None
    retry: Retry | None = None


@dataclass(frozen=True, slots=True)
class PausedOrigin:
    """An origin that is not called until an epoch second; `reason` is cooldown or breaker."""

    origin: str
    reason: str
    until: float


@dataclass(frozen=True, slots=True)
class BudgetStatus:
    """The remaining budget of an integration: its rate limit windows, and the origins that are not called."""

    windows: tuple[Window, ...]
    pauses: Mapping[str, OriginPause]

    @property
    def is_held_up(self) -> bool:
        """Whether an origin is paused, or a window is spent that takes longer to reset than a second."""
        return bool(self.pauses) or any(
            window.left == 0 and window.name != "second" for window in self.windows
        )

    @property
    def paused_origins(self) -> list[PausedOrigin]:
        """Each paused origin, with the reason that lasts longest."""
        return [_paused_origin(origin, pause) for origin, pause in self.pauses.items()]


@dataclass(frozen=True, slots=True)
class _Admission:
    pause: OriginPause
    is_probe: bool = False


class Spender(Protocol):
    """Sends calls within a budget."""

    def spend(
        self,
        account: Account,
        call: PreparedCall,
        cause: Cause,
        send: Callable[[], Answer],
        waited_until: float = 0.0,
    ) -> Answer: ...


class Budget:
    """Decides whether a call may be sent, and learns from its outcome."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def spend(
        self,
        account: Account,
        call: PreparedCall,
        cause: Cause,
        send: Callable[[], Answer],
        waited_until: float = 0.0,
    ) -> Answer:
        """What `send` returns or raises, for one call that is charged to the account.

        `waited_until` is the time until which the caller has already waited as the provider had asked. Raises
        BudgetSpent, BreakerOpen and StorageFailed before anything is sent.
        """
        admission = self._admit(account, call, cause, waited_until)
        if call.is_check:
            # It has to find out whether the origin answers, so that no outcome of it pauses the other calls.
            return send()
        try:
            answer = send()
        except BaseException as error:
            self._note(account, call, admission, error)
            raise
        self._note(account, call, admission, answer)
        return answer

    def status(self, account: Account) -> BudgetStatus:
        """The current status of the account. Raises StorageFailed."""
        with self._database.reading() as session:
            spent = list_spent(session, account.workspace_id, account.plugin_id)
            kept = list_pauses(session, account.workspace_id, account.plugin_id)
        return self._status(account, spent, kept)

    def known(self, workspace_id: int) -> set[str]:
        """The plugins of the workspace that have spent or been paused at all. Raises StorageFailed."""
        with self._database.reading() as session:
            return {*list_spent(session, workspace_id), *list_pauses(session, workspace_id)}

    def statuses(self, workspace_id: int, accounts: Iterable[Account]) -> dict[str, BudgetStatus]:
        """The current status of these accounts of one workspace, by plugin. Raises StorageFailed."""
        with self._database.reading() as session:
            spent = list_spent(session, workspace_id)
            kept = list_pauses(session, workspace_id)
        return {account.plugin_id: self._status(account, spent, kept) for account in accounts}

    def _status(
        self, account: Account, spent: Mapping[str, Spent], kept: Mapping[str, Mapping[str, OriginPause]]
    ) -> BudgetStatus:
        now, limit = self._clock(), account.rate_limit
        mine = kept.get(account.plugin_id, {})
        return BudgetStatus(
            windows_of(spent.get(account.plugin_id, {}), limit, now) if limit else (),
            {origin: pause for origin, pause in mine.items() if is_paused(pause, now)},
        )

    # -- before a call -----------------------------------------------------------------------------------------------

    def _admit(self, account: Account, call: PreparedCall, cause: Cause, waited_until: float) -> _Admission:
        pause = query_pause(self._database, account.workspace_id, account.plugin_id, call.origin)
        pause = without_breaker(pause) if call.is_check else pause
        self._refuse_paused(account, pause, waited_until)
        if account.rate_limit is None and not pause.is_open:
            return _Admission(pause)
        with self._database.raw_write() as connection:
            pause = load_pause(connection, account.workspace_id, account.plugin_id, call.origin)
            pause = without_breaker(pause) if call.is_check else pause
            self._refuse_paused(account, pause, waited_until)
            charged_at = self._clock()
            refused_by = self._charge(connection, account, cause, charged_at)
            if refused_by is None and pause.is_open:
                probe_seconds = call.timeout_seconds + PROBE_SPARE_SECONDS
                probed = with_probe(pause, self._clock(), probe_seconds)
                self._save_pause(connection, account, call, probed)
        admission = _Admission(pause, is_probe=pause.is_open)
        if refused_by is None:
            refused_by = self._charge_when_it_leaves(account, call, cause, charged_at, admission)
        if refused_by is not None:
            raise _spent(account, refused_by, cause, self._clock())
        return admission

    def _charge_when_it_leaves(
        self, account: Account, call: PreparedCall, cause: Cause, charged_at: float, admission: _Admission
    ) -> Window | None:
        """Charges the call again if it leaves too late for its charge. Returns the window that then refuses it.

        A call that is charged too early would count in a window that ends before it leaves.
        """
        while account.rate_limit is not None and is_late(account.rate_limit, charged_at, self._clock()):
            with self._database.raw_write() as connection:
                instead_of, charged_at = charged_at, self._clock()
                refused_by = self._charge(connection, account, cause, charged_at, instead_of)
            if refused_by is not None:
                if admission.is_probe:
                    self._learn(account, call, OutcomeSignal.NONE, 0.0, is_probe=True)
                return refused_by
        return None

    def _refuse_paused(self, account: Account, pause: OriginPause, waited_until: float) -> None:
        # A caller that waited as told may call, even if the clock lags a little behind its sleep.
        left = cooldown_seconds_left(pause, max(self._clock(), waited_until))
        if left:
            raise BudgetSpent(
                f"The provider of `{account.plugin_id}` asked for a pause. It ends at {_moment(pause.cooldown_until)}.",
                retry_after_seconds=left,
                reason="cooldown",
            )
        left = breaker_seconds_left(pause, self._clock())
        if left:
            raise BreakerOpen(
                f"The provider of `{account.plugin_id}` failed {pause.failures} times in a row. "
                f"It is called again at {_moment(self._clock() + left)}.",
                retry_after_seconds=left,
            )

    def _charge(
        self,
        connection: Connection,
        account: Account,
        cause: Cause,
        now: float,
        instead_of: float | None = None,
    ) -> Window | None:
        """Charges the call, or returns the window that refuses it."""
        if account.rate_limit is None:
            return None
        before = load_spent(connection, account.workspace_id, account.plugin_id)
        spent, refused_by = charge(
            before,
            account.rate_limit,
            now,
            is_scheduled=cause in SCHEDULED_CAUSES,
            instead_of=instead_of,
        )
        if spent != before:
            save_spent(connection, account.workspace_id, account.plugin_id, spent, now)
            for window in newly_spent(before, spent, account.rate_limit, now):
                _record_spent(connection, account, window)
        return refused_by

    # -- after it ----------------------------------------------------------------------------------------------------

    def _note(
        self, account: Account, call: PreparedCall, admission: _Admission, outcome: Answer | BaseException
    ) -> None:
        signal = signal_of(outcome)
        asked_seconds = requested_pause_seconds(outcome, account.retry, self._clock())
        pause_matters = admission.is_probe or admission.pause.failures > 0
        if signal is OutcomeSignal.FAILING or asked_seconds or pause_matters:
            try:
                self._learn(account, call, signal, asked_seconds, is_probe=admission.is_probe)
            except StorageFailed as error:
                # A storage failure must not hide the outcome of the call.
                _log.warning(
                    "The state of the provider of %s cannot be stored now: %s",
                    account.plugin_id,
                    error.detail,
                )

    def _learn(
        self,
        account: Account,
        call: PreparedCall,
        signal: OutcomeSignal,
        asked_seconds: float,
        *,
        is_probe: bool,
    ) -> None:
        with self._database.raw_write() as connection:
            before = load_pause(connection, account.workspace_id, account.plugin_id, call.origin)
            pause = after(before, signal, asked_seconds, self._clock(), is_probe=is_probe)
            if pause != before:
                self._save_pause(connection, account, call, pause)
        if pause.is_open != before.is_open:
            _log.info(
                "The breaker of %s is %s.", account.plugin_id, "open" if pause.is_open else "closed again"
            )

    def _save_pause(
        self, connection: Connection, account: Account, call: PreparedCall, pause: OriginPause
    ) -> None:
        save_pause(connection, account.workspace_id, account.plugin_id, call.origin, pause, self._clock())


def is_reserved_refusal(cause: Cause, error: Exception) -> bool:
    """Whether a scheduled call was refused where a call for this cause may still be sent."""
    return (
        cause not in SCHEDULED_CAUSES
        and isinstance(error, BudgetSpent)
        and error.extensions.get("reason") == RESERVED
    )


def frees_up_in_time(spent: BudgetSpent, seconds_left: float) -> bool:
    """Whether the budget is only spent for this second, and there is time to wait for the next one."""
    return spent.extensions.get("window") == "second" and (spent.retry_after_seconds or 0.0) < seconds_left


def account_of(installed: Installed) -> Account:
    """The account that an installed integration's calls are charged to."""
    integration = installed.integration
    return Account(
        installed.scope.workspace_id, installed.plugin_id, integration.rate_limit, integration.retry
    )


def _record_spent(connection: Connection, account: Account, window: Window) -> None:
    spent = {"window": window.name, "limit": window.limit, "next_at": window.next_at}
    write_event(connection, "budget.spent", (account.workspace_id, None), account.plugin_id, data=spent)


def _paused_origin(origin: str, pause: OriginPause) -> PausedOrigin:
    until = {"cooldown": pause.cooldown_until, "breaker": max(pause.open_until, pause.probe_until)}
    reason = max(until, key=lambda name: until[name])
    return PausedOrigin(origin, reason, until[reason])


def _spent(account: Account, window: Window, cause: Cause, now: float) -> BudgetSpent:
    limit, reason = f"{window.limit} calls per {window.name}", "rate_limit"
    spent = f"`{account.plugin_id}` has used up its limit of {limit} in this workspace."
    if cause in SCHEDULED_CAUSES and window.left:
        reason = RESERVED
        spent = (
            f"The rest of the {limit} of `{account.plugin_id}` is reserved for calls that a user waits for."
        )
    return BudgetSpent(
        f"{spent} The next call is allowed at {_moment(window.next_at)}.",
        retry_after_seconds=max(0.0, window.next_at - now),
        reason=reason,
        window=window.name,
        limit=window.limit,
    )


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
