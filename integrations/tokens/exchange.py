"""Requests for tokens, sent through the one door and noted in the call log like any other call."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal, Protocol

from errors import BudgetSpent, PatchbayError
from integrations.budget import Spender, account_of, is_for_a_moment
from integrations.calling.connection_keys import with_connection_key
from integrations.catalog.catalog import Installed
from integrations.concurrency.interpreter_slots import released_slot
from integrations.egress.messages import Answer, PreparedCall
from integrations.usage.call_log import TOKEN_PREFIX, CallLog, CallRecord, Cause

Kind = Literal["oauth2", "login"]


class Door(Protocol):
    """The one way out."""

    def check_settings(self, call: PreparedCall) -> None: ...

    def send(self, call: PreparedCall, *, deadline_seconds: float | None = None) -> Answer: ...


class TokenExchange:
    """Asks for tokens."""

    def __init__(self, door: Door, budget: Spender, log: CallLog, clock: Callable[[], float]) -> None:
        self._door = door
        self._budget = budget
        self._log = log
        self._clock = clock

    def send(
        self,
        installed: Installed,
        kind: Kind,
        call: PreparedCall,
        cause: Cause,
        deadline_seconds: float | None = None,
    ) -> Answer:
        """The answer, whatever its status. It is charged like the call that needs the token, made for `cause`.

        Without a deadline it has the call's own timeout. Raises BudgetSpent, BreakerOpen and what the door raises.
        """
        call = with_connection_key(installed, call)
        self._door.check_settings(call)
        ends_at = time.monotonic() + (deadline_seconds or call.timeout_seconds)
        while True:
            left = ends_at - time.monotonic()
            try:
                return self._send_once(installed, kind, call, cause, left)
            except BudgetSpent as spent:
                if not is_for_a_moment(spent, left):
                    raise
                with released_slot():
                    time.sleep(spent.retry_after_seconds or 0.0)

    def _send_once(
        self, installed: Installed, kind: Kind, call: PreparedCall, cause: Cause, deadline_seconds: float
    ) -> Answer:
        sent_at: float | None = None
        answer: Answer | None = None
        error_code: str | None = None

        def send() -> Answer:
            nonlocal sent_at
            sent_at = time.perf_counter()
            return self._door.send(call, deadline_seconds=deadline_seconds)

        try:
            answer = self._budget.spend(account_of(installed), call, cause, send)
            return answer
        except PatchbayError as error:
            error_code = error.code
            raise
        finally:
            if sent_at is not None:
                error_code = error_code or ("upstream_failed" if answer and answer.status >= 400 else None)
                self._record(installed, kind, cause, sent_at, answer, error_code)

    def _record(
        self,
        installed: Installed,
        kind: Kind,
        cause: Cause,
        sent_at: float,
        answer: Answer | None,
        error_code: str | None,
    ) -> None:
        self._log.record(
            CallRecord(
                at=self._clock(),
                workspace_id=installed.scope.workspace_id,
                plugin_id=installed.plugin_id,
                endpoint_id=TOKEN_PREFIX + kind,
                block_id=None,
                cause=cause,
                status=answer.status if answer else None,
                duration_ms=(time.perf_counter() - sent_at) * 1000,
                response_bytes=answer.received_bytes if answer else 0,
                error_code=error_code,
            )
        )
