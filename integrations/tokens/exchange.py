"""Sends token requests through the egress door and records them in the call log like any other call."""

from __future__ import annotations

import time
from typing import Literal

from errors import BudgetSpent
from integrations.budget import frees_up_in_time
from integrations.calling.connection_keys import with_connection_key
from integrations.calling.metered_egress import MeteredEgress, Purpose
from integrations.catalog.catalog import Installed
from integrations.concurrency.interpreter_slots import released_slot
from integrations.egress.messages import Answer, PreparedCall
from integrations.usage.call_log import TOKEN_PREFIX, Cause

Kind = Literal["oauth2", "login"]


class TokenExchange:
    """Sends token requests."""

    def __init__(self, egress: MeteredEgress) -> None:
        self._egress = egress

    def send(
        self,
        installed: Installed,
        kind: Kind,
        call: PreparedCall,
        cause: Cause,
        deadline_seconds: float | None = None,
    ) -> Answer:
        """The answer, whatever its status. It counts against the budget of the call that needs the token, by `cause`.

        Without a deadline it has the timeout of a call. Raises BudgetSpent, BreakerOpen and the errors of the egress
        door.
        """
        call = with_connection_key(installed, call)
        self._egress.door.check_settings(call)
        ends_at = time.monotonic() + (deadline_seconds or call.timeout_seconds)
        while True:
            left = ends_at - time.monotonic()
            try:
                return self._send_once(installed, kind, call, cause, left)
            except BudgetSpent as spent:
                if not frees_up_in_time(spent, left):
                    raise
                with released_slot():
                    time.sleep(spent.retry_after_seconds or 0.0)

    def _send_once(
        self, installed: Installed, kind: Kind, call: PreparedCall, cause: Cause, deadline_seconds: float
    ) -> Answer:
        with self._egress.attempt(installed, Purpose(TOKEN_PREFIX + kind, cause)) as sending:
            answer = sending.send(call, lambda: deadline_seconds)
            if answer.status >= 400:
                sending.error_code = "upstream_failed"
            return answer
