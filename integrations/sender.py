"""One request with its second chances: a new token after a 401, another try after a passing failure."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from errors import DeadlineExceeded, PatchbayError
from integrations.call_log import CallLog, CallRecord, Cause
from integrations.calls import Answer, PreparedCall
from integrations.catalog import Installed
from integrations.manifest import Endpoint
from integrations.parameters import Values
from integrations.retrying import is_passing, wait_seconds

Read = TypeVar("Read")


class Door(Protocol):
    """The one way out."""

    def send(self, call: PreparedCall, *, deadline_seconds: float | None = None) -> Answer: ...


class TokenSource(Protocol):
    """Where tokens come from and are kept."""

    def get(self, installed: Installed, values: Values) -> Mapping[str, str]:
        """What credentials use, by name."""
        ...

    def renew(self, installed: Installed, values: Values, rejected: Mapping[str, str]) -> Mapping[str, str]:
        """The same after the provider did not take `rejected`."""
        ...


class NoTokens:
    """Until tokens are wired."""

    def get(self, installed: Installed, values: Values) -> Mapping[str, str]:
        return {}

    def renew(self, installed: Installed, values: Values, rejected: Mapping[str, str]) -> Mapping[str, str]:
        return {}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Why a call is made, for which block, and how many seconds are left for it."""

    cause: Cause = "live"
    block_id: str | None = None
    seconds_left: Callable[[], float] | None = None


@dataclass(slots=True)
class _Measure:
    status: int | None = None
    received_bytes: int = 0
    error_code: str | None = None
    started: float = field(default_factory=time.perf_counter)


@dataclass(frozen=True, slots=True)
class _Again:
    """The attempt that came to nothing, for now."""

    outcome: Answer | PatchbayError


class Sender:
    """Sends requests. At most `max_calls` at a time, so that a slow provider cannot take every thread."""

    def __init__(
        self,
        door: Door,
        tokens: TokenSource,
        log: CallLog,
        clock: Callable[[], float],
        max_calls: int,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._door = door
        self._tokens = tokens
        self._log = log
        self._clock = clock
        self._sleep = sleep
        self._slots = threading.BoundedSemaphore(max_calls)

    def exchange(
        self,
        installed: Installed,
        endpoint: Endpoint,
        values: Values,
        circumstances: Circumstances,
        build: Callable[[Mapping[str, str]], PreparedCall],
        read: Callable[[PreparedCall, Answer], Read],
    ) -> Read:
        """What `read` makes of the answer to the request that `build` makes with the token, where one is needed."""
        needs_token = installed.integration.token is not None and endpoint.url_parameter is None
        tokens = self._tokens.get(installed, values) if needs_token else {}
        may_renew, attempt = needs_token, 1
        while True:
            call = build(tokens)
            result = self._attempt(installed, endpoint, circumstances, call, read, attempt, may_renew)
            if not isinstance(result, _Again):
                return result
            if may_renew and self._is_rejected(installed, result.outcome):
                may_renew = False
                tokens = self._tokens.renew(installed, values, tokens)
            else:
                self._sleep(self._wait(installed, result.outcome, attempt))
                attempt += 1

    def _attempt(
        self,
        installed: Installed,
        endpoint: Endpoint,
        circumstances: Circumstances,
        call: PreparedCall,
        read: Callable[[PreparedCall, Answer], Read],
        attempt: int,
        may_renew: bool,
    ) -> Read | _Again:
        def worth_another(outcome: Answer | PatchbayError) -> bool:
            if may_renew and self._is_rejected(installed, outcome):
                return True
            return self._may_retry(installed, endpoint, circumstances, outcome, attempt)

        try:
            with self._logged(installed, endpoint, circumstances) as measure:
                answer = self._send(call, circumstances)
                measure.status, measure.received_bytes = answer.status, answer.received_bytes
                if worth_another(answer):
                    measure.error_code = "upstream_failed"
                    return _Again(answer)
                return read(call, answer)
        except PatchbayError as error:
            if worth_another(error):
                return _Again(error)
            raise

    def _send(self, call: PreparedCall, circumstances: Circumstances) -> Answer:
        if not self._slots.acquire(timeout=max(0.0, _seconds_left(call, circumstances))):
            raise DeadlineExceeded("No time was left for the call.")
        try:
            return self._door.send(call, deadline_seconds=_seconds_left(call, circumstances))
        finally:
            self._slots.release()

    def _is_rejected(self, installed: Installed, outcome: Answer | PatchbayError) -> bool:
        """Whether the provider did not take the token."""
        token = installed.integration.token
        return token is not None and isinstance(outcome, Answer) and outcome.status in token.rejections

    def _may_retry(
        self,
        installed: Installed,
        endpoint: Endpoint,
        circumstances: Circumstances,
        outcome: Answer | PatchbayError,
        attempt: int,
    ) -> bool:
        """Only what reads is sent again, only while there is time for the wait."""
        retry = installed.integration.retry
        if (
            retry is None
            or not endpoint.is_safe
            or attempt > retry.max_retries
            or not is_passing(retry, outcome)
        ):
            return False
        left = circumstances.seconds_left() if circumstances.seconds_left else float("inf")
        return wait_seconds(retry, attempt, outcome, self._clock(), 1.0) < left

    def _wait(self, installed: Installed, outcome: Answer | PatchbayError, attempt: int) -> float:
        retry = installed.integration.retry
        assert retry is not None  # noqa: S101 - there is no second attempt without one
        return wait_seconds(retry, attempt, outcome, self._clock(), random.random())

    @contextmanager
    def _logged(
        self, installed: Installed, endpoint: Endpoint, circumstances: Circumstances
    ) -> Iterator[_Measure]:
        measure = _Measure()
        try:
            yield measure
        except PatchbayError as error:
            measure.error_code = error.code
            measure.status = measure.status or getattr(error, "upstream_status", None)
            raise
        finally:
            self._log.record(
                CallRecord(
                    at=self._clock(),
                    workspace_id=installed.scope.workspace_id,
                    plugin_id=installed.plugin_id,
                    endpoint_id=endpoint.id,
                    block_id=circumstances.block_id,
                    cause=circumstances.cause,
                    status=measure.status,
                    duration_ms=(time.perf_counter() - measure.started) * 1000,
                    response_bytes=measure.received_bytes,
                    error_code=measure.error_code,
                )
            )


def _seconds_left(call: PreparedCall, circumstances: Circumstances) -> float:
    left = circumstances.seconds_left() if circumstances.seconds_left else call.timeout_seconds
    return min(left, call.timeout_seconds)
