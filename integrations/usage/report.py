"""The usage report: renders and calls of integrations over a time span, by hour or day."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, Select, case, cast, func, select

from errors import Invalid
from integrations.usage.call_log import TOKEN_PREFIX
from integrations.usage.counter import HOUR_SECONDS
from plugin_store.engine.database import Database
from plugin_store.models import PluginApiLog, UsageCount

PERIOD_SECONDS = {"hour": HOUR_SECONDS, "day": 24 * HOUR_SECONDS}
MAX_PERIODS = 24 * 31
MAX_SPAN_SECONDS = 366 * 86400
DEFAULT_SPAN_SECONDS = 86400


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

    @property
    def whole(self) -> Span:
        """The same span as a single period."""
        return Span(self.start, self.end, self.end - self.start)


@dataclass(slots=True)
class Figures:
    """The renders of an integration and their outcomes, and its calls and their outcomes.

    The durations are the median and the 95th percentile of the calls; None without a call.
    """

    renders: int = 0
    hits: int = 0
    stale: int = 0
    calls: int = 0
    token_calls: int = 0
    errors: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """An integration's figures over a span, and for each period, including periods without usage."""

    total: Figures
    periods: dict[int, Figures]


def read_usage(
    database: Database, workspace_id: int, span: Span, plugin_id: str | None = None
) -> dict[str, Usage]:
    """The usage of the integrations that were used in the span, by id, for all or one. Raises StorageFailed."""
    total = _read_figures(database, workspace_id, span.whole, plugin_id)
    periods = _read_figures(database, workspace_id, span, plugin_id)
    return {name: Usage(figures[span.start], periods[name]) for name, figures in total.items()}


def _read_figures(
    database: Database, workspace_id: int, span: Span, plugin_id: str | None
) -> dict[str, dict[int, Figures]]:
    found: dict[str, dict[int, Figures]] = {}
    with database.reading() as session:
        for query in (
            _counts_query(workspace_id, span, plugin_id),
            _calls_query(workspace_id, span, plugin_id),
        ):
            for row in session.execute(query).mappings():
                start = span.start + row["period"] * span.period_seconds
                figures = found.setdefault(row["plugin_id"], {}).setdefault(start, Figures())
                for name in row.keys() - {"plugin_id", "period"}:
                    setattr(figures, name, row[name])
    return {name: dict(sorted(periods.items())) for name, periods in found.items()}


def _counts_query(workspace_id: int, span: Span, plugin_id: str | None) -> Select[Any]:
    table = UsageCount
    period = (table.hour - span.start // HOUR_SECONDS) // (span.period_seconds // HOUR_SECONDS)
    query = select(
        table.plugin_id,
        period.label("period"),
        func.sum(table.renders).label("renders"),
        func.sum(table.hits).label("hits"),
        func.sum(table.stale).label("stale"),
    ).where(
        table.workspace_id == workspace_id,
        table.hour >= span.start // HOUR_SECONDS,
        table.hour < span.end // HOUR_SECONDS,
    )
    if plugin_id is not None:
        query = query.where(table.plugin_id == plugin_id)
    return query.group_by(table.plugin_id, period)


def _calls_query(workspace_id: int, span: Span, plugin_id: str | None) -> Select[Any]:
    table = PluginApiLog
    period = cast((table.at - span.start) / span.period_seconds, Integer)
    ranked = select(
        table.plugin_id,
        period.label("period"),
        table.endpoint_id.startswith(TOKEN_PREFIX).label("is_for_token"),
        table.duration_ms,
        table.response_bytes,
        table.error_code,
        func.row_number()
        .over(partition_by=[table.plugin_id, period], order_by=table.duration_ms)
        .label("place"),
        func.count().over(partition_by=[table.plugin_id, period]).label("calls"),
    ).where(table.workspace_id == workspace_id, table.at >= span.start, table.at < span.end)
    if plugin_id is not None:
        ranked = ranked.where(table.plugin_id == plugin_id)
    rows = ranked.subquery()
    return select(
        rows.c.plugin_id,
        rows.c.period,
        func.count().label("calls"),
        func.sum(cast(rows.c.is_for_token, Integer)).label("token_calls"),
        func.count(rows.c.error_code).label("errors"),
        func.sum(rows.c.response_bytes).label("bytes"),
        _duration_at(rows, 50).label("p50_ms"),
        _duration_at(rows, 95).label("p95_ms"),
    ).group_by(rows.c.plugin_id, rows.c.period)


def _duration_at(rows: Any, percent: int) -> Any:
    """The nearest-rank percentile: the call at rank ⌈n · percent / 100⌉ by duration."""
    place = (rows.c.calls * percent + 99) // 100
    return func.max(case((rows.c.place == place, rows.c.duration_ms)))
