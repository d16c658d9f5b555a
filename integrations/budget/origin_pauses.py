"""When calls to an origin pause: it asked for that, or its circuit breaker is open. Pure: the time is an argument.

The breaker opens after several failures in a row, for a pause that grows. Then exactly one probe is allowed; its
outcome closes the breaker or opens it for longer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

from errors import DeadlineExceeded, UpstreamInvalid, UpstreamUnreachable
from integrations.budget.retries import asked_wait_seconds
from integrations.egress.messages import Answer
from integrations.manifests.model import Retry

MAX_COOLDOWN_SECONDS = 3600.0
FAILURES_TO_OPEN = 5
FIRST_PAUSE_SECONDS = 5.0
MAX_PAUSE_SECONDS = 300.0
MAX_PROBE_SECONDS = 600.0


class OutcomeSignal(Enum):
    """What the outcome of a call says about its origin: alive, failing, or nothing."""

    ALIVE = auto()
    FAILING = auto()
    NONE = auto()


@dataclass(frozen=True, slots=True)
class OriginPause:
    """The failures and pauses of an origin; times are epoch seconds, 0 for never.

    `openings` counts how often in a row the breaker opened, 0 while it is closed. A probe runs until `probe_until`.
    """

    failures: int = 0
    openings: int = 0
    open_until: float = 0.0
    probe_until: float = 0.0
    cooldown_until: float = 0.0

    @property
    def is_open(self) -> bool:
        """Open or half open: only a probe is allowed."""
        return self.openings > 0


NOT_PAUSED = OriginPause()


def signal_of(outcome: Answer | BaseException) -> OutcomeSignal:
    """A 429 counts as a failure too: if it names no time to return, only growing pauses help."""
    if isinstance(outcome, Answer):
        return (
            OutcomeSignal.FAILING if outcome.status >= 500 or outcome.status == 429 else OutcomeSignal.ALIVE
        )
    if isinstance(outcome, UpstreamUnreachable | DeadlineExceeded):
        return OutcomeSignal.FAILING
    return OutcomeSignal.ALIVE if isinstance(outcome, UpstreamInvalid) else OutcomeSignal.NONE


def requested_pause_seconds(outcome: Answer | BaseException, retry: Retry | None, now: float) -> float:
    """The pause that a 429 or 503 asks for in the declared headers, up to an hour; 0 for none."""
    if not isinstance(outcome, Answer) or outcome.status not in (429, 503):
        return 0.0
    return min(MAX_COOLDOWN_SECONDS, asked_wait_seconds(retry, outcome.headers, now) or 0.0)


def cooldown_seconds_left(pause: OriginPause, now: float) -> float:
    """The remaining seconds of the pause that the provider asked for; 0 when it is over."""
    return _seconds_left(pause.cooldown_until, now, MAX_COOLDOWN_SECONDS)


def breaker_seconds_left(pause: OriginPause, now: float) -> float:
    """The seconds until a call is allowed; 0 for a closed breaker and for one that waits for its probe."""
    if not pause.is_open:
        return 0.0
    return max(
        _seconds_left(pause.open_until, now, pause_seconds(pause.openings)),
        _seconds_left(pause.probe_until, now, MAX_PROBE_SECONDS),
    )


def pause_seconds(openings: int) -> float:
    """How long the breaker stays open after it opened so many times in a row."""
    return min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(openings - 1, 10))


def without_breaker(pause: OriginPause) -> OriginPause:
    """What of the pause counts for a check whether the origin answers: only what the provider asked for."""
    return OriginPause(cooldown_until=pause.cooldown_until)


def with_probe(pause: OriginPause, now: float, probe_seconds: float) -> OriginPause:
    """The pause while its one probe runs. A probe that never returns ends after `probe_seconds`."""
    return replace(pause, probe_until=now + min(probe_seconds, MAX_PROBE_SECONDS))


def after(
    pause: OriginPause, signal: OutcomeSignal, pause_asked_seconds: float, now: float, *, is_probe: bool
) -> OriginPause:
    """The new state after a call with this signal, which asked for this pause."""
    pause = _AFTER[signal](pause, now, is_probe)
    if pause_asked_seconds <= 0:
        return pause
    asked_until = now + pause_asked_seconds
    if cooldown_seconds_left(pause, now) > pause_asked_seconds:
        return pause
    return replace(pause, cooldown_until=asked_until)


def is_over(pause: OriginPause, now: float) -> bool:
    """Whether nothing is left of it: no failures, no pause."""
    return not pause.failures and not pause.is_open and not cooldown_seconds_left(pause, now)


def is_paused(pause: OriginPause, now: float) -> bool:
    """Whether calls are refused. Failures that have not opened the breaker refuse nothing."""
    return pause.is_open or cooldown_seconds_left(pause, now) > 0


def _after_life(pause: OriginPause, _now: float, _is_probe: bool) -> OriginPause:
    return OriginPause(cooldown_until=pause.cooldown_until)


def _after_failure(pause: OriginPause, now: float, is_probe: bool) -> OriginPause:
    if pause.is_open and not is_probe:
        # The call left before the breaker opened, so this failure is already counted.
        return pause
    failures = pause.failures + 1
    if not is_probe and failures < FAILURES_TO_OPEN:
        return replace(pause, failures=failures)
    openings = pause.openings + 1
    return replace(
        pause, failures=failures, openings=openings, open_until=now + pause_seconds(openings), probe_until=0.0
    )


def _after_nothing(pause: OriginPause, _now: float, is_probe: bool) -> OriginPause:
    return replace(pause, probe_until=0.0) if is_probe else pause


_AFTER = {
    OutcomeSignal.ALIVE: _after_life,
    OutcomeSignal.FAILING: _after_failure,
    OutcomeSignal.NONE: _after_nothing,
}


def _seconds_left(until: float, now: float, longest_seconds: float) -> float:
    # An end further away than the maximum means that the clock was set back. The pause is over then.
    left = until - now
    return left if 0 < left <= longest_seconds else 0.0
