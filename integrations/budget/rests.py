"""When an origin rests: a pause that it asked for, or an open circuit breaker. Pure: the time is an argument.

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


class Sign(Enum):
    """What the outcome of a call says about its origin: alive, failing, or nothing."""

    ALIVE = auto()
    FAILING = auto()
    NONE = auto()


@dataclass(frozen=True, slots=True)
class Rest:
    """The rest of an origin; times are epoch seconds, 0 for never.

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


AWAKE = Rest()


def sign_of(outcome: Answer | BaseException) -> Sign:
    """A 429 counts as a failure too: if it names no time to return, only growing pauses help."""
    if isinstance(outcome, Answer):
        return Sign.FAILING if outcome.status >= 500 or outcome.status == 429 else Sign.ALIVE
    if isinstance(outcome, UpstreamUnreachable | DeadlineExceeded):
        return Sign.FAILING
    return Sign.ALIVE if isinstance(outcome, UpstreamInvalid) else Sign.NONE


def requested_pause_seconds(outcome: Answer | BaseException, retry: Retry | None, now: float) -> float:
    """The pause that a 429 or 503 asks for in the declared headers, up to an hour; 0 for none."""
    if not isinstance(outcome, Answer) or outcome.status not in (429, 503):
        return 0.0
    return min(MAX_COOLDOWN_SECONDS, asked_wait_seconds(retry, outcome.headers, now) or 0.0)


def cooldown_seconds_left(rest: Rest, now: float) -> float:
    """The remaining seconds of the pause that the provider asked for; 0 when it is over."""
    return _seconds_left(rest.cooldown_until, now, MAX_COOLDOWN_SECONDS)


def breaker_seconds_left(rest: Rest, now: float) -> float:
    """The seconds until a call is allowed; 0 for a closed breaker and for one that waits for its probe."""
    if not rest.is_open:
        return 0.0
    return max(
        _seconds_left(rest.open_until, now, pause_seconds(rest.openings)),
        _seconds_left(rest.probe_until, now, MAX_PROBE_SECONDS),
    )


def pause_seconds(openings: int) -> float:
    """How long the breaker stays open after it opened so many times in a row."""
    return min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(openings - 1, 10))


def with_probe(rest: Rest, now: float, probe_seconds: float) -> Rest:
    """The rest while its one probe runs. A probe that never returns ends after `probe_seconds`."""
    return replace(rest, probe_until=now + min(probe_seconds, MAX_PROBE_SECONDS))


def after(rest: Rest, sign: Sign, pause_asked_seconds: float, now: float, *, is_probe: bool) -> Rest:
    """The rest after a call with this sign, which asked for this pause."""
    rest = _AFTER[sign](rest, now, is_probe)
    if pause_asked_seconds <= 0:
        return rest
    asked_until = now + pause_asked_seconds
    if cooldown_seconds_left(rest, now) > pause_asked_seconds:
        return rest
    return replace(rest, cooldown_until=asked_until)


def is_over(rest: Rest, now: float) -> bool:
    """Whether the rest is over completely."""
    return not rest.failures and not rest.is_open and not cooldown_seconds_left(rest, now)


def is_resting(rest: Rest, now: float) -> bool:
    """Whether calls are refused. Failures that have not opened the breaker refuse nothing."""
    return rest.is_open or cooldown_seconds_left(rest, now) > 0


def _after_life(rest: Rest, _now: float, _is_probe: bool) -> Rest:
    return Rest(cooldown_until=rest.cooldown_until)


def _after_failure(rest: Rest, now: float, is_probe: bool) -> Rest:
    if rest.is_open and not is_probe:
        # The call left before the breaker opened, so this failure is already counted.
        return rest
    failures = rest.failures + 1
    if not is_probe and failures < FAILURES_TO_OPEN:
        return replace(rest, failures=failures)
    openings = rest.openings + 1
    return replace(
        rest, failures=failures, openings=openings, open_until=now + pause_seconds(openings), probe_until=0.0
    )


def _after_nothing(rest: Rest, _now: float, is_probe: bool) -> Rest:
    return replace(rest, probe_until=0.0) if is_probe else rest


_AFTER = {Sign.ALIVE: _after_life, Sign.FAILING: _after_failure, Sign.NONE: _after_nothing}


def _seconds_left(until: float, now: float, longest_seconds: float) -> float:
    # An end further away than the maximum means that the clock was set back. The rest is over then.
    left = until - now
    return left if 0 < left <= longest_seconds else 0.0
