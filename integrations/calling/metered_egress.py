"""Egress with accounting: a call is charged to a budget when it is sent, and logged however it ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from errors import PatchbayError
from integrations.budget import Spender, account_of
from integrations.catalog.catalog import Installed
from integrations.concurrency.current_request import current_request_id
from integrations.concurrency.spans import span
from integrations.egress.messages import Answer, PreparedCall
from integrations.usage.call_log import CallRecord, Cause


class Door(Protocol):
    """The egress door, which every call passes."""

    def check_settings(self, call: PreparedCall) -> None: ...

    def send(self, call: PreparedCall, *, deadline_seconds: float | None = None) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a call is made for, as recorded in the call log."""

    endpoint_id: str
    cause: Cause
    block_id: str | None = None


class Log(Protocol):
    """Where calls that were sent are recorded."""

    def record(self, record: CallRecord) -> None: ...


Listener = Callable[[Installed, Purpose, PreparedCall, Answer], None]
"""Is told each answer as it came."""


class MeteredEgress:
    """The egress door with its budget and its call log."""

    def __init__(self, door: Door, budget: Spender, log: Log, clock: Callable[[], float]) -> None:
        self.door = door
        self.budget = budget
        self.log = log
        self.clock = clock
        self.listener: Listener | None = None

    def attempt(self, installed: Installed, purpose: Purpose) -> Attempt:
        """A context manager for one attempt at a call. At its end, what was sent is in the call log."""
        return Attempt(self, installed, purpose)


class Attempt:
    """One attempt at a call. `error_code` is its error in the call log; None for an accepted answer."""

    __slots__ = ("_egress", "_installed", "_purpose", "_sent_at", "error_code", "received_bytes", "status")

    def __init__(self, egress: MeteredEgress, installed: Installed, purpose: Purpose) -> None:
        self._egress = egress
        self._installed = installed
        self._purpose = purpose
        # On the process's monotonic clock; None while nothing has been sent.
        self._sent_at: float | None = None
        self.status: int | None = None
        self.received_bytes = 0
        self.error_code: str | None = None

    def send(
        self,
        call: PreparedCall,
        seconds_left: Callable[[], float],
        *,
        waited_until: float = 0.0,
        note_sent: Callable[[], None] | None = None,
    ) -> Answer:
        """The answer, whatever its status. `note_sent` is called just before the call is sent.

        Raises SettingsIncomplete, BudgetSpent, BreakerOpen and the errors of the egress door.
        """

        def send() -> Answer:
            self._sent_at = time.perf_counter()
            if note_sent is not None:
                note_sent()
            return self._egress.door.send(call, deadline_seconds=seconds_left())

        # Charged only now, so that exactly the calls that are sent are counted, at the time when they are sent.
        with span("upstream call", self._attributes()) as step:
            answer = self._egress.budget.spend(
                account_of(self._installed), call, self._purpose.cause, send, waited_until
            )
            step.note("http.response.status_code", answer.status)
        self.status, self.received_bytes = answer.status, answer.received_bytes
        if self._egress.listener is not None:
            self._egress.listener(self._installed, self._purpose, call, answer)
        return answer

    def _attributes(self) -> dict[str, str | int]:
        return {
            "patchbay.integration_id": self._installed.plugin_id,
            "patchbay.endpoint_id": self._purpose.endpoint_id,
            "patchbay.cause": self._purpose.cause,
        }

    def fail(self, error: PatchbayError) -> None:
        """Records why the attempt failed."""
        self.error_code = error.code
        self.status = self.status or getattr(error, "upstream_status", None)

    def __enter__(self) -> Attempt:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, PatchbayError):
            self.fail(error)
        if self._sent_at is not None:
            self._record(self._sent_at)

    def _record(self, sent_at: float) -> None:
        egress, purpose = self._egress, self._purpose
        egress.log.record(
            CallRecord(
                at=egress.clock(),
                workspace_id=self._installed.scope.workspace_id,
                plugin_id=self._installed.plugin_id,
                endpoint_id=purpose.endpoint_id,
                block_id=purpose.block_id,
                cause=purpose.cause,
                status=self.status,
                duration_ms=(time.perf_counter() - sent_at) * 1000,
                response_bytes=self.received_bytes,
                error_code=self.error_code,
                request_id=current_request_id(),
            )
        )
