"""How long the calls of integrations take now, beside what they usually take, and since when they are slower.

What is usual is the median of the days before today, so that a few slow days among them change nothing.
"""

from __future__ import annotations

import statistics
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import orjson

from integrations.usage.durations import Durations, add_durations, percentile_ms
from integrations.usage.period_memo import PeriodMemo, PeriodRange
from integrations.usage.periods import ALL, DAY_SECONDS, HOUR_SECONDS
from integrations.usage.report import Span
from plugin_store.engine.database import Database

RECENT_SECONDS = 6 * HOUR_SECONDS
USUAL_SECONDS = 7 * DAY_SECONDS
# With fewer calls a single slow one would decide.
MIN_CALLS = 5
MIN_CALLS_FOR_P95 = 20
SLOWER_TIMES = 2.0
# Durations are kept in tenths of a millisecond, so a shorter one is 0.
SHORTEST_MS = 0.1
# What is twice as long, but by less than this, is nothing that a person notices.
P50_MARGIN_MS, P95_MARGIN_MS = 50.0, 200.0

_IN = "FROM usage_periods WHERE workspace_id = ? AND period_seconds = ? AND starts_at"
_CALLED = (
    f"SELECT DISTINCT plugin_id {_IN} >= ? AND starts_at < ? AND plugin_id <> ? AND durations IS NOT NULL"
)
_ALL_DURATIONS = (
    f"SELECT plugin_id, durations {_IN} >= ? AND starts_at < ? AND plugin_id <> ? AND durations IS NOT NULL"
)
_DURATIONS = (
    f"SELECT plugin_id, starts_at, durations {_IN} IN ({{numbers}}) "
    "AND plugin_id IN ({texts}) AND durations IS NOT NULL"
)


@dataclass(frozen=True, slots=True)
class Pace:
    """The median and the 95th percentile of the durations of calls."""

    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Latency:
    """How long calls take: those since `slower_since`, else those of the last hours; None where there are none."""

    calls: int = 0
    now: Pace | None = None
    usual: Pace | None = None
    slower_since: int | None = None
    """When the unbroken run of slow hours up to now began, in epoch seconds; None while calls are as usual."""

    @property
    def times_slower(self) -> float:
        """How many times the usual duration calls take while they are slower; 0 while they are not."""
        if self.slower_since is None or self.now is None or self.usual is None:
            return 0.0
        ratios = ((self.now.p50_ms, self.usual.p50_ms), (self.now.p95_ms, self.usual.p95_ms))
        return max(now / max(usual, SHORTEST_MS) for now, usual in ratios)


def list_called(database: Database, workspace_id: int, now: float) -> list[str]:
    """The integrations that were called in the last hours. Raises StorageFailed."""
    recent = _recent(now)
    asked = (workspace_id, HOUR_SECONDS, recent.start, recent.end, ALL)
    return [name for (name,) in database.query(_CALLED, asked)]


def list_suspects(database: Database, memo: PeriodMemo, workspace_id: int, now: float) -> list[str]:
    """The integrations that have an hour among the last ones that was slower than usual. Raises StorageFailed.

    No other one can be slower now: the percentile of several hours is at most that of the slowest of them.
    """

    def read_usual(periods: PeriodRange) -> dict[str, Pace | None]:
        return {name: usual_pace(days) for name, days in _read_all(database, periods).items()}

    def read_slowest(periods: PeriodRange) -> dict[str, Pace]:
        return {name: _slowest(hours) for name, hours in _read_all(database, periods).items()}

    usual = memo.get("usual", _days_before(now).of_workspace(workspace_id), read_usual)
    found: set[str] = set()
    for hours in _recent(now).of_workspace(workspace_id).split():
        slowest = memo.get("slowest", hours, read_slowest)
        found.update(name for name, pace in slowest.items() if _is_above(pace, usual.get(name)))
    return sorted(found)


def read_latencies(
    database: Database, workspace_id: int, now: float, plugin_ids: Collection[str]
) -> dict[str, Latency]:
    """The latency of each of the integrations. Raises StorageFailed."""
    read = partial(_read_durations, database, workspace_id)
    recent = read(_recent(now), plugin_ids)
    days = read(_days_before(now), plugin_ids)
    usual = {name: usual_pace(list(of.values())) for name, of in days.items()}
    slow = [name for name, hours in recent.items() if slower_since(hours, usual.get(name)) is not None]
    week = read(_recent(now, USUAL_SECONDS), slow) if slow else {}
    return {
        name: latency_of(week.get(name, recent.get(name, {})), usual.get(name)) for name in sorted(plugin_ids)
    }


def latency_of(hours: Mapping[int, Durations], usual: Pace | None) -> Latency:
    """The latency of an integration whose calls took so long in these hours, by their start."""
    since = slower_since(hours, usual)
    total = _sum(durations for start, durations in hours.items() if since is None or start >= since)
    return Latency(sum(total.values()), _pace_of(total), usual, since)


def slower_since(hours: Mapping[int, Durations], usual: Pace | None) -> int | None:
    """The start of the unbroken run of slow hours up to the newest one; None if the newest calls are as usual."""
    if usual is None:
        return None
    starts = sorted((start for start, durations in hours.items() if durations), reverse=True)
    newest = _newest_with_enough(hours, starts)
    if not newest or not _is_slower(_sum(hours[start] for start in newest), usual):
        return None
    # Of the newest hours, which are judged together, the first ones may be as usual.
    slow = [start for start in newest if _is_slower(hours[start], usual)]
    since = min(slow, default=min(newest))
    if since != min(newest):
        return since
    for start in starts[len(newest) :]:
        if not _is_slower(hours[start], usual):
            break
        since = start
    return since


def usual_pace(days: Collection[Durations]) -> Pace | None:
    """The median day's; None without enough calls."""
    if sum(sum(durations.values()) for durations in days) < MIN_CALLS:
        return None
    paces = [pace for pace in map(_pace_of, days) if pace is not None]
    return Pace(
        statistics.median_low(pace.p50_ms for pace in paces),
        statistics.median_low(pace.p95_ms for pace in paces),
    )


def _newest_with_enough(hours: Mapping[int, Durations], starts: list[int]) -> list[int]:
    """The newest hours that have enough calls together; none if all have too few."""
    calls = 0
    for number, start in enumerate(starts, 1):
        calls += sum(hours[start].values())
        if calls >= MIN_CALLS:
            return starts[:number]
    return []


def _is_slower(durations: Durations, usual: Pace) -> bool:
    pace = _pace_of(durations)
    if pace is None:
        return False
    if _exceeds(pace.p50_ms, usual.p50_ms, P50_MARGIN_MS):
        return True
    is_enough = sum(durations.values()) >= MIN_CALLS_FOR_P95
    return is_enough and _exceeds(pace.p95_ms, usual.p95_ms, P95_MARGIN_MS)


def _is_above(pace: Pace, usual: Pace | None) -> bool:
    return usual is not None and (
        _exceeds(pace.p50_ms, usual.p50_ms, P50_MARGIN_MS)
        or _exceeds(pace.p95_ms, usual.p95_ms, P95_MARGIN_MS)
    )


def _slowest(hours: Iterable[Durations]) -> Pace:
    """The largest of each percentile of the hours."""
    paces = [pace for pace in map(_pace_of, hours) if pace is not None]
    return Pace(
        max((pace.p50_ms for pace in paces), default=0.0), max((pace.p95_ms for pace in paces), default=0.0)
    )


def _exceeds(value: float, usual: float, margin: float) -> bool:
    return value >= usual * SLOWER_TIMES and value >= usual + margin


def _pace_of(durations: Durations) -> Pace | None:
    p50, p95 = percentile_ms(durations, 50), percentile_ms(durations, 95)
    return None if p50 is None or p95 is None else Pace(p50, p95)


def _sum(several: Iterable[Durations]) -> Durations:
    total: Durations = {}
    for durations in several:
        add_durations(total, durations)
    return total


def _read_durations(
    database: Database, workspace_id: int, span: Span, plugin_ids: Collection[str]
) -> dict[str, dict[int, Durations]]:
    """The durations of each period with calls, by integration. Raises StorageFailed."""
    starts = range(span.start, span.end, span.period_seconds)
    asked = (
        workspace_id,
        span.period_seconds,
        *(orjson.dumps(list(of)).decode() for of in (starts, plugin_ids)),
    )
    found: dict[str, dict[int, Durations]] = {}
    for name, start, durations in database.query(database.dialect.spell(_DURATIONS), asked):
        found.setdefault(name, {})[start] = orjson.loads(durations)
    return found


def _read_all(database: Database, periods: PeriodRange) -> dict[str, list[Durations]]:
    """The durations of each period of every integration that was called in it. Raises StorageFailed."""
    found: dict[str, list[Durations]] = {}
    for name, durations in database.query(_ALL_DURATIONS, (*periods, ALL)):
        found.setdefault(name, []).append(orjson.loads(durations))
    return found


def _days_before(now: float) -> Span:
    """The days (UTC) before today whose median is what is usual."""
    today = int(now // DAY_SECONDS) * DAY_SECONDS
    return Span(today - USUAL_SECONDS, today, DAY_SECONDS)


def _recent(now: float, seconds: int = RECENT_SECONDS) -> Span:
    """The hours up to now, with the one that has just begun."""
    end = (int(now // HOUR_SECONDS) + 1) * HOUR_SECONDS
    return Span(end - seconds, end, HOUR_SECONDS)
