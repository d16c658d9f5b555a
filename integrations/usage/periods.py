"""The usage of each hour and each day (UTC), of each integration and of its workspace, added up when it is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from integrations.usage.durations import Durations, dump_durations, percentile_ms, sum_durations
from plugin_store.engine.database import Database
from plugin_store.engine.dialect import Connection

HOUR_SECONDS, DAY_SECONDS = 3600, 86400
LEVELS_SECONDS = (HOUR_SECONDS, DAY_SECONDS)
# Stands for all integrations of a workspace. No plugin has an empty id.
ALL = ""

COUNTED = ("renders", "hits", "stale", "calls", "token_calls", "errors", "bytes")
Place = tuple[int, str, int]
"""A workspace, an integration and a moment, in epoch seconds."""


class _Period(NamedTuple):
    """The key of a row."""

    workspace_id: int
    period_seconds: int
    starts_at: int
    plugin_id: str


_KEYS = _Period._fields
_FIND = f"SELECT durations FROM usage_periods WHERE {' AND '.join(f'{name} = :{name}' for name in _KEYS)}"  # noqa: S608 - our names
_ADD = (
    f"INSERT INTO usage_periods ({', '.join((*_KEYS, *COUNTED))}, durations) "  # noqa: S608 - our names
    f"VALUES ({', '.join(f':{name}' for name in (*_KEYS, *COUNTED))}, :durations) "
    f"ON CONFLICT DO UPDATE SET {', '.join(f'{name} = {name} + excluded.{name}' for name in COUNTED)}, "
    "durations = coalesce(excluded.durations, durations)"
)
_OLDEST = (
    "SELECT min(starts_at) FROM usage_periods WHERE workspace_id = ? AND period_seconds = ? AND starts_at < ?"
)
_DELETE = "DELETE FROM usage_periods WHERE workspace_id = ? AND period_seconds = ? AND starts_at = ?"


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
    durations: Durations = field(default_factory=Counter)

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
        for name in COUNTED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.durations.update(other.durations)


def write_usage(connection: Connection, used: Mapping[Place, Figures]) -> None:
    """Adds the figures to their periods. Those of a workspace that was deleted meanwhile are dropped."""
    known = {row[0] for row in connection.execute("SELECT id FROM workspaces")}
    for period, figures in _by_period(used).items():
        if period.workspace_id in known:
            keys = period._asdict()
            counts = {name: getattr(figures, name) for name in COUNTED}
            connection.execute(_ADD, {**keys, **counts, "durations": _added(connection, keys, figures)})


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


def _by_period(used: Mapping[Place, Figures]) -> dict[_Period, Figures]:
    found: dict[_Period, Figures] = {}
    for place, figures in used.items():
        for period in _periods_of(place):
            found.setdefault(period, Figures()).add(figures)
    return found


def _periods_of(place: Place) -> Iterator[_Period]:
    workspace_id, plugin_id, at = place
    for seconds in LEVELS_SECONDS:
        for name in (plugin_id, ALL):
            yield _Period(workspace_id, seconds, at // seconds * seconds, name)


def _added(connection: Connection, keys: Mapping[str, Any], figures: Figures) -> str | None:
    """The durations to store; None leaves them as they are."""
    if not figures.durations:
        return None
    stored = connection.execute(_FIND, keys).fetchone()
    return dump_durations(figures.durations + sum_durations(stored or ()))
