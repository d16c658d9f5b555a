"""Sends one request with retries: with a new token after a 401, or again after a temporary failure."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from errors import BudgetSpent, DeadlineExceeded, PatchbayError
from integrations.budget import frees_up_in_time
from integrations.budget.retries import is_temporary, wait_seconds
from integrations.calling.connection_keys import with_connection_key
from integrations.calling.metered_egress import Attempt, MeteredEgress, Purpose
from integrations.calling.parameters import Values
from integrations.calling.session_end import SessionEnded
from integrations.calling.token_need import needed_token
from integrations.catalog.catalog import Installed
from integrations.concurrency.fair_semaphore import FairSemaphore
from integrations.concurrency.interpreter_slots import released_slot
from integrations.egress.messages import Answer, PreparedCall
from integrations.manifests.model import Endpoint
from integrations.usage.call_log import Cause

Read = TypeVar("Read")


class TokenSource(Protocol):
    """The source of tokens."""

    def get(self, installed: Installed, values: Values, cause: Cause) -> Mapping[str, str]:
        """The values that credentials use, by name."""
        ...

    def renew(
        self, installed: Installed, values: Values, rejected: Mapping[str, str], cause: Cause
    ) -> Mapping[str, str]:
        """New values after the provider rejected `rejected`."""
        ...


class NoTokens:
    """A token source for when none is configured."""

    def get(self, installed: Installed, values: Values, cause: Cause) -> Mapping[str, str]:
        return {}

    def renew(
        self, installed: Installed, values: Values, rejected: Mapping[str, str], cause: Cause
    ) -> Mapping[str, str]:
        return {}


@dataclass(frozen=True, slots=True)
class CallContext:
    """The cause of a call, its block, and the seconds left for it."""

    cause: Cause = "live"
    block_id: str | None = None
    seconds_left: Callable[[], float] | None = None
    note_sent: Callable[[], None] | None = None
    """Told each time the call is about to leave."""


@dataclass(frozen=True, slots=True)
class _Retry:
    """The attempt failed, and a retry may help."""

    outcome: Answer | PatchbayError


class Sender:
    """Sends requests. At most `max_calls` run at a time, and one integration can never use all of them."""

    def __init__(
        self,
        egress: MeteredEgress,
        tokens: TokenSource,
        clock: Callable[[], float],
        max_calls: int,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._egress = egress
        self._tokens = tokens
        self._clock = clock
        self._sleep = sleep
        self._slots = FairSemaphore(max_calls)

    def exchange(
        self,
        installed: Installed,
        endpoint: Endpoint,
        values: Values,
        context: CallContext,
        build: Callable[[Mapping[str, str]], PreparedCall],
        read: Callable[[PreparedCall, Answer], Read],
        read_failure: Callable[[PatchbayError], Read | None] = lambda _error: None,
    ) -> Read:
        """Sends the request that `build` makes (with the token, if needed). Returns what `read` makes of the answer.

        `read_failure` may make something of a failure of the call that is not retried; else it is raised.
        """
        needs_token = needed_token(installed.integration, endpoint, values) is not None
        tokens = self._tokens.get(installed, values, context.cause) if needs_token else {}
        may_renew, attempt, waited_until = needs_token, 1, 0.0
        while True:
            call = with_connection_key(installed, build(tokens))
            self._egress.door.check_settings(call)
            try:
                result = self._attempt(
                    installed, endpoint, context, call, read, attempt, may_renew, waited_until
                )
            except PatchbayError as error:
                if (made := read_failure(error)) is None:
                    raise
                return made
            if not isinstance(result, _Retry):
                return result
            if may_renew and self._is_rejected(installed, result.outcome):
                may_renew = False
                tokens = self._tokens.renew(installed, values, tokens, context.cause)
            elif isinstance(result.outcome, BudgetSpent):
                with released_slot():
                    self._sleep(result.outcome.retry_after_seconds or 0.0)
            else:
                wait = self._wait(installed, result.outcome, attempt)
                waited_until = self._clock() + wait
                with released_slot():
                    self._sleep(wait)
                attempt += 1

    def _attempt(
        self,
        installed: Installed,
        endpoint: Endpoint,
        context: CallContext,
        call: PreparedCall,
        read: Callable[[PreparedCall, Answer], Read],
        attempt: int,
        may_renew: bool,
        waited_until: float,
    ) -> Read | _Retry:
        def worth_another(outcome: Answer | PatchbayError) -> bool:
            if may_renew and self._is_rejected(installed, outcome):
                return True
            if isinstance(outcome, BudgetSpent):
                left = context.seconds_left() if context.seconds_left else 0.0
                return frees_up_in_time(outcome, left)
            return self._may_retry(installed, endpoint, context, outcome, attempt)

        purpose = Purpose(endpoint.id, context.cause, context.block_id)
        with self._egress.attempt(installed, purpose) as sending:
            try:
                answer = self._send(sending, installed, call, context, waited_until)
                if worth_another(answer):
                    sending.error_code = "upstream_failed"
                    return _Retry(answer)
                return read(call, answer)
            except PatchbayError as error:
                sending.fail(error)
                if worth_another(error):
                    return _Retry(error)
                raise

    def _send(
        self,
        sending: Attempt,
        installed: Installed,
        call: PreparedCall,
        context: CallContext,
        waited_until: float,
    ) -> Answer:
        def seconds_left() -> float:
            return _seconds_left(call, context)

        lane = installed.plugin_id
        if not self._slots.take(lane, seconds_left()):
            raise DeadlineExceeded(
                "The call's timeout passed while other calls were in progress.", reason="busy"
            )
        try:
            return sending.send(call, seconds_left, waited_until=waited_until, note_sent=context.note_sent)
        finally:
            self._slots.give_back(lane)

    def _is_rejected(self, installed: Installed, outcome: Answer | PatchbayError) -> bool:
        """Whether the provider rejected the token."""
        token = installed.integration.token
        if isinstance(outcome, SessionEnded):
            return True
        return token is not None and isinstance(outcome, Answer) and outcome.status in token.rejections

    def _may_retry(
        self,
        installed: Installed,
        endpoint: Endpoint,
        context: CallContext,
        outcome: Answer | PatchbayError,
        attempt: int,
    ) -> bool:
        """Only safe requests are retried, and only while there is time for the wait."""
        retry = installed.integration.retry
        if (
            retry is None
            or not endpoint.is_safe
            or attempt > retry.max_retries
            or not is_temporary(retry, outcome)
        ):
            return False
        left = context.seconds_left() if context.seconds_left else float("inf")
        return wait_seconds(retry, attempt, outcome, self._clock(), 1.0) < left

    def _wait(self, installed: Installed, outcome: Answer | PatchbayError, attempt: int) -> float:
        retry = installed.integration.retry
        assert retry is not None  # noqa: S101 - there is no second attempt without one
        return wait_seconds(retry, attempt, outcome, self._clock(), random.random())


def _seconds_left(call: PreparedCall, context: CallContext) -> float:
    left = context.seconds_left() if context.seconds_left else call.timeout_seconds
    return min(left, call.timeout_seconds)
