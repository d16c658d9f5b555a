"""Requests for tokens, sent through the one door and noted in the call log like any other call."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from errors import PatchbayError
from integrations.budget import Spender, account_of
from integrations.call_log import CallLog, CallRecord
from integrations.calls import Answer, PreparedCall
from integrations.catalog import Installed


class Door(Protocol):
    """The one way out."""

    def send(self, call: PreparedCall, *, deadline_seconds: float | None = None) -> Answer: ...


class TokenExchange:
    """Asks for tokens."""

    def __init__(self, door: Door, budget: Spender, log: CallLog, clock: Callable[[], float]) -> None:
        self._door = door
        self._budget = budget
        self._log = log
        self._clock = clock

    def send(
        self, installed: Installed, what: str, call: PreparedCall, deadline_seconds: float | None = None
    ) -> Answer:
        """The answer, whatever its status. `what` stands in the log where other calls have their endpoint."""
        started = time.perf_counter()
        answer: Answer | None = None
        error_code: str | None = None
        try:
            answer = self._door.send(call, deadline_seconds=deadline_seconds)
            return answer
        except PatchbayError as error:
            error_code = error.code
            raise
        finally:
            self._log.record(
                CallRecord(
                    at=self._clock(),
                    workspace_id=installed.scope.workspace_id,
                    plugin_id=installed.plugin_id,
                    endpoint_id=what,
                    block_id=None,
                    cause="live",
                    status=answer.status if answer else None,
                    duration_ms=(time.perf_counter() - started) * 1000,
                    response_bytes=answer.received_bytes if answer else 0,
                    error_code=error_code or ("upstream_failed" if answer and answer.status >= 400 else None),
                )
            )
