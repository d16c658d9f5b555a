"""When a block is prefetched. Pure: times are epoch seconds, `chance` is a number from 0 up to 1."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo

from integrations.manifests.model import Block
from integrations.manifests.schedules import Schedule
from integrations.manifests.time_placeholders import TimePlaceholder

JITTER = 0.1
MAX_SCHEDULE_DELAY_SECONDS = 30.0
MAX_FIRST_DELAY_SECONDS = 5.0
FIRST_RETRY_SECONDS = 60.0
MAX_RETRY_SECONDS = 3600.0
FALLBACK_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class RefreshSchedule:
    """When a job runs: every `interval_seconds`, at the times of `schedule`, or both.

    With an interval it also runs when one of its `times` changes, like a day that begins, because another artifact
    answers from then on.
    """

    interval_seconds: float | None
    schedule: Schedule | None
    times: tuple[TimePlaceholder, ...] = ()
    """Those that change less often than the interval passes."""
    zone: tzinfo = UTC

    def next_run(self, fetched_at: float, chance: float) -> float:
        """When to refresh an answer that was fetched at `fetched_at`.

        An interval is spread by a tenth to both sides. A scheduled time is only spread to later, so it is never missed.
        """
        runs = []
        if self.interval_seconds is not None:
            runs.append(fetched_at + self.interval_seconds * (1 - JITTER + 2 * JITTER * chance))
        if self.schedule is not None:
            moment = self.schedule.next_after(fetched_at)
            gap = self.schedule.next_after(moment) - moment
            runs.append(moment + chance * min(JITTER * gap, MAX_SCHEDULE_DELAY_SECONDS))
        if self.times:
            runs.append(self._change_after(fetched_at) + chance * MAX_SCHEDULE_DELAY_SECONDS)
        return min(runs)

    def is_due(self, fetched_at: float, now: float) -> bool:
        """Whether an answer fetched then is due for a refresh. True also for a time in the future."""
        if fetched_at > now:
            return True
        by_interval = (
            self.interval_seconds is not None and fetched_at + self.interval_seconds * (1 - JITTER) <= now
        )
        by_schedule = self.schedule is not None and self.schedule.next_after(fetched_at) <= now
        return by_interval or by_schedule or (bool(self.times) and self._change_after(fetched_at) <= now)

    def _change_after(self, moment: float) -> float:
        return min(time.changes_at(moment, self.zone) for time in self.times)

    def first_run(self, fetched_at: float | None, now: float, chance: float) -> float:
        """When a new or changed job runs first: soon, unless its answer is stored already."""
        if fetched_at is not None and not self.is_due(fetched_at, now):
            return self.next_run(fetched_at, chance)
        gap = self.next_run(now, 0.5) - now
        return now + chance * min(JITTER * gap, MAX_FIRST_DELAY_SECONDS)

    def after_intervals(self, moment: float, count: int) -> float:
        """The moment at which `count` intervals, or scheduled times, have passed since `moment`."""
        for _ in range(count):
            ends = [] if self.interval_seconds is None else [moment + self.interval_seconds]
            ends += [] if self.schedule is None else [self.schedule.next_after(moment)]
            moment = min(ends)
        return moment

    def retry(self, now: float, failures: int, retry_after_seconds: float | None, chance: float) -> float:
        """When to retry after this many failures in a row: later each time, and not before the provider allows it.

        The time is spread, so that jobs with the same Retry-After do not all start together.
        """
        patience = min(FIRST_RETRY_SECONDS * 2.0 ** min(failures - 1, 10), MAX_RETRY_SECONDS)
        patience *= 1 - JITTER + 2 * JITTER * chance
        wait = min(self.next_run(now, chance) - now, patience)
        asked = retry_after_seconds or 0.0
        return now + max(wait, asked + chance * min(JITTER * asked, MAX_SCHEDULE_DELAY_SECONDS))


def refresh_schedule_of(block: Block, default_ttl_seconds: float, zone: tzinfo) -> RefreshSchedule:
    """The block's schedule. Without interval and schedule it is refreshed once per freshness lifetime."""
    interval_seconds = _interval_seconds(block, default_ttl_seconds)
    times = tuple(time for time in block.times if interval_seconds and time.step_seconds > interval_seconds)
    return RefreshSchedule(interval_seconds, block.schedule, times, zone)


def _interval_seconds(block: Block, default_ttl_seconds: float) -> float | None:
    if block.refresh_interval_seconds is not None or block.schedule is not None:
        return block.refresh_interval_seconds
    freshness_policy = [
        block.freshness_policy,
        *(step.endpoint.freshness_policy for step in block.steps[-1:]),
    ]
    ttls = [wish.ttl_seconds for wish in freshness_policy] + [default_ttl_seconds]
    return next((ttl for ttl in ttls if ttl), FALLBACK_SECONDS)
