"""The usage of each hour and each day (UTC), of each integration and of its workspace, added up when it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import attrgetter

from integrations.usage.durations import (
    Durations,
    add_durations,
    dump_durations,
    percentile_ms,
    sum_durations,
)
from plugin_store.engine.database import Connection, Database

HOUR_SECONDS, DAY_SECONDS = 3600, 86400
LEVELS_SECONDS = (HOUR_SECONDS, DAY_SECONDS)
# So many calls have to have failed before their share means something.
MIN_FAILED = 3
FAILING_SHARE = 0.5
# Stands for all integrations of a workspace. No plugin has an empty id.
ALL = ""

COUNTED = ("renders", "hits", "stale", "calls", "token_calls", "errors", "bytes")
Place = tuple[int, str, int]
"""A workspace, an integration and a moment, in epoch seconds."""
Period = tuple[int, int, int]
"""A workspace, a number of seconds, and the moment when it starts."""

_OF = "workspace_id = ? AND period_seconds = ? AND starts_at = ?"
_FIND = (
    f"SELECT plugin_id, durations FROM usage_periods WHERE {_OF} "  # noqa: S608 - our names
    "AND plugin_id IN ({})"
)
_ADD = (
    f"INSERT INTO usage_periods (workspace_id, period_seconds, starts_at, plugin_id, {', '.join(COUNTED)}, durations) "  # noqa: S608 - our names
    f"VALUES (?, ?, ?, ?, {', '.join('?' for _ in COUNTED)}, ?) "
    "ON CONFLICT (workspace_id, period_seconds, starts_at, plugin_id) DO UPDATE SET "
    f"{', '.join(f'{name} = usage_periods.{name} + excluded.{name}' for name in COUNTED)}, "
    "durations = coalesce(excluded.durations, usage_periods.durations)"
)
_OLDEST = (
    "SELECT min(starts_at) FROM usage_periods WHERE workspace_id = ? AND period_seconds = ? AND starts_at < ?"
)
_DELETE = f"DELETE FROM usage_periods WHERE {_OF}"  # noqa: S608 - our names
_counts_of = attrgetter(*COUNTED)


@dataclass(slots=True)
class Figures:
    """Renders and where their answers came from; calls, those for tokens among them, and how they ended."""

    renders: int = 0
    hits: int = 0
    stale: int = 0
    calls: int = 0
    token_calls: int = 0
    errors: int = 0
    bytes: int = 0
    durations: Durations = field(default_factory=dict)

    @property
    def is_failing(self) -> bool:
        """Whether most calls failed, of enough that it means something."""
        return self.errors >= MIN_FAILED and self.errors >= self.calls * FAILING_SHARE

    @property
    def p50_ms(self) -> float | None:
        return percentile_ms(self.durations, 50)

    @property
    def p95_ms(self) -> float | None:
        return percentile_ms(self.durations, 95)

    def dump(self) -> dict[str, float | None]:
        """The counts, and the median and the 95th percentile of the durations; None without a call."""
        return {name: getattr(self, name) for name in (*COUNTED, "p50_ms", "p95_ms")}

    def add(self, other: Figures) -> None:
        self.renders += other.renders
        self.hits += other.hits
        self.stale += other.stale
        self.calls += other.calls
        self.token_calls += other.token_calls
        self.errors += other.errors
        self.bytes += other.bytes
        add_durations(self.durations, other.durations)


def write_usage(connection: Connection, used: Mapping[Place, Figures]) -> None:
    """Adds the figures to their periods. Those of a workspace that was deleted meanwhile are dropped."""
    known = {row[0] for row in connection.execute("SELECT id FROM workspaces")}
    for period, added in _by_period(used).items():
        if period[0] in known:
            stored = _stored_durations(connection, period, added)
            rows = [
                (*period, name, *_counts_of(figures), _sum_of(figures.durations, stored.get(name)))
                for name, figures in added.items()
            ]
            connection.executemany(_ADD, rows)


def sweep_usage(database: Database, before: float) -> None:
    """Deletes the days that ended before a moment, in epoch seconds, and their hours. Raises StorageFailed."""
    # Whole days: the hours of each day that is left still add up to it.
    first_day = int(before // DAY_SECONDS) * DAY_SECONDS
    for workspace_id, *_ in database.query("SELECT id FROM workspaces", ()):
        for period_seconds in LEVELS_SECONDS:
            oldest = (workspace_id, period_seconds, first_day)
            # One period at a time, so that no writer waits long.
            while (starts_at := database.query(_OLDEST, oldest)[0][0]) is not None:
                with database.raw_write() as connection:
                    connection.execute(_DELETE, (workspace_id, period_seconds, starts_at))


def _by_period(used: Mapping[Place, Figures]) -> dict[Period, dict[str, Figures]]:
    """The figures of each period, by integration."""
    found: dict[Period, dict[str, Figures]] = {}
    for (workspace_id, plugin_id, at), figures in used.items():
        for seconds in LEVELS_SECONDS:
            added = found.setdefault((workspace_id, seconds, at // seconds * seconds), {})
            for name in (plugin_id, ALL):
                added.setdefault(name, Figures()).add(figures)
    return found


def _stored_durations(connection: Connection, period: Period, added: Mapping[str, Figures]) -> dict[str, str]:
    """The durations that the period has, of the integrations that some are added to."""
    names = [name for name, figures in added.items() if figures.durations]
    return (
        dict(connection.execute(_FIND.format(", ".join("?" * len(names))), (*period, *names)))
        if names
        else {}
    )


def _sum_of(durations: Durations, stored: str | None) -> str | None:
    """The durations to store; None leaves them as they are."""
    if stored is not None and durations:
        durations = sum_durations([stored, dump_durations(durations)])
    return dump_durations(durations)
