"""The usage report: renders and calls of integrations over a time span, by hour or day."""

from __future__ import annotations

import math
import operator
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from errors import Invalid
from integrations.usage.durations import sum_durations
from integrations.usage.period_memo import PeriodMemo, PeriodRange
from integrations.usage.periods import ALL, COUNTED, DAY_SECONDS, HOUR_SECONDS, Figures
from plugin_store.engine.database import Database

PERIOD_SECONDS = {"hour": HOUR_SECONDS, "day": DAY_SECONDS}
MAX_PERIODS = 24 * 31
MAX_SPAN_SECONDS = 366 * DAY_SECONDS
DEFAULT_SPAN_SECONDS = DAY_SECONDS
BY_ID = "integration_id"

_SUMS = ", ".join(f"sum({name})" for name in COUNTED)
_IN = "FROM usage_periods WHERE workspace_id = ? AND period_seconds = ? AND starts_at"
_OF = "IN ({numbers}) AND plugin_id IN ({texts})"
COUNTS_QUERY = f"SELECT plugin_id, {_SUMS} {_IN} >= ? AND starts_at < ? GROUP BY plugin_id"
TOTALS_QUERY = f"SELECT plugin_id, 0, {{join_texts}}(durations, ','), {_SUMS} {_IN} {_OF} GROUP BY plugin_id"
PERIODS_QUERY = f"SELECT plugin_id, starts_at, durations, {', '.join(COUNTED)} {_IN} {_OF}"


@dataclass(frozen=True, slots=True)
class Span:
    """A time span in whole hours or days (UTC), end exclusive; epoch seconds."""

    start: int
    end: int
    period_seconds: int

    @classmethod
    def of(cls, start: float | None, end: float | None, by: str, now: float) -> Span:
        """The requested span, widened to whole periods; the last day by default. Raises Invalid."""
        seconds = PERIOD_SECONDS[by]
        # Includes the period that has just begun.
        end = now + 1 if end is None else end
        start = end - DEFAULT_SPAN_SECONDS if start is None else start
        if not 0 <= start < end <= now + MAX_SPAN_SECONDS:
            raise Invalid("`from` must come before `to`.", errors={"from": ["Must come before `to`."]})
        span = cls(math.floor(start / seconds) * seconds, math.ceil(end / seconds) * seconds, seconds)
        most = min(MAX_PERIODS * seconds, MAX_SPAN_SECONDS)
        if span.end - span.start > most + seconds:
            days = f"At most {most // 86400} days by {by}."
            raise Invalid(f"The period is too long. {days}", errors={"from": [days]})
        return span

    def of_workspace(self, workspace_id: int) -> PeriodRange:
        return PeriodRange(workspace_id, self.period_seconds, self.start, self.end)

    def parts(self) -> Iterator[Span]:
        """The same span in as few periods as possible: the whole days in it, and the hours before and after."""
        first_day = min(-(-self.start // DAY_SECONDS) * DAY_SECONDS, self.end)
        last_day = max(self.end // DAY_SECONDS * DAY_SECONDS, first_day)
        for start, end, seconds in (
            (self.start, first_day, HOUR_SECONDS),
            (first_day, last_day, DAY_SECONDS),
            (last_day, self.end, HOUR_SECONDS),
        ):
            if start < end:
                yield Span(start, end, seconds)


@dataclass(frozen=True, slots=True)
class Usage:
    """Figures over a span, and those of each of its periods with any usage, by the period's start."""

    total: Figures = field(default_factory=Figures)
    periods: dict[int, Figures] = field(default_factory=dict)


def read_total(database: Database, workspace_id: int, span: Span) -> Usage:
    """The usage of all integrations of a workspace together. Raises StorageFailed."""
    return read_usage(database, workspace_id, span, [ALL]).get(ALL, Usage())


def read_usage(
    database: Database, workspace_id: int, span: Span, plugin_ids: Collection[str], *, by_period: bool = True
) -> dict[str, Usage]:
    """The usage of those of the integrations that were used in the span, by id. Raises StorageFailed.

    Without `by_period` only the totals are read.
    """
    found: dict[str, Usage] = {}
    query = database.dialect.spell(PERIODS_QUERY if by_period else TOTALS_QUERY)
    for part in [span] if by_period else span.parts():
        starts = list(range(part.start, part.end, part.period_seconds))
        asked = (workspace_id, part.period_seconds, _json(starts), _json(list(plugin_ids)))
        for plugin_id, starts_at, durations, *counts in database.query(query, asked):
            figures = Figures(*counts, durations=sum_durations([durations]))
            usage = found.setdefault(plugin_id, Usage())
            usage.total.add(figures)
            if by_period:
                usage.periods[starts_at] = figures
    return found


def order_usage(
    database: Database,
    workspace_id: int,
    span: Span,
    used: Mapping[str, Figures],
    others: Collection[str],
    order_by: str,
) -> list[str]:
    """The ids of the integrations that were used in the span, and of the others, in order. Raises StorageFailed.

    `used` is what `sum_usage` found. `order_by` is `integration_id`, or the name of a figure: the largest come first,
    and those without one last.
    """
    names = sorted({*used, *others})
    if order_by == BY_ID:
        return names
    if order_by not in COUNTED:
        read = read_usage(database, workspace_id, span, list(used), by_period=False)
        used = {name: usage.total for name, usage in read.items()}
    figures = {name: getattr(used[name], order_by) for name in used}
    return sorted(names, key=lambda name: figures.get(name) or 0, reverse=True)


def sum_usage(database: Database, memo: PeriodMemo, workspace_id: int, span: Span) -> dict[str, Figures]:
    """The counts of every integration that was used in the span, by id, without durations. Raises StorageFailed."""

    def read(periods: PeriodRange) -> list[tuple[Any, ...]]:
        return [*database.query(COUNTS_QUERY, periods)]

    *before, last = (part.of_workspace(workspace_id) for part in span.parts())
    rows = [row for periods in (*before, *last.split()) for row in memo.get("counts", periods, read)]
    found: dict[str, list[int]] = {}
    for plugin_id, *counts in rows:
        known = found.get(plugin_id)
        found[plugin_id] = counts if known is None else [*map(operator.add, known, counts)]
    found.pop(ALL, None)
    return {name: Figures(**dict(zip(COUNTED, counts, strict=True))) for name, counts in found.items()}


def _json(values: list[int] | list[str]) -> str:
    return orjson.dumps(values).decode()
