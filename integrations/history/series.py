"""Series of samples as they are read: over a time span, with at most so many points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from plugin_store.engine.database import Database

Point = tuple[int, float]
"""Epoch seconds, and a value."""

_FIND = "SELECT field, id FROM history_series WHERE key = ?"
_MEASURE = (
    "SELECT count(*), min(at), min(value), max(value) FROM history_samples WHERE series_id = ? AND at >= ?"
)
_READ = "SELECT at, value FROM history_samples WHERE series_id = ? AND at >= ? ORDER BY at"
_READ_MEANS = (
    "SELECT CAST(round(avg(at)) AS INTEGER), avg(value) FROM history_samples "
    "WHERE series_id = ? AND at >= ? GROUP BY at / ? ORDER BY 1"
)
_MEAN_DIGITS = 7
_ENDLESS_SECONDS = 2**62
_DAY_SECONDS = 86400
_MINUTES = (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720, 1440)
_USUAL_SECONDS = (1, 2, 5, 10, 15, 20, 30, *(60 * minutes for minutes in _MINUTES))


@dataclass(frozen=True, slots=True)
class Window:
    """A time span up to `now`, and how many points to show of it. Times are epoch seconds."""

    since: float
    now: float
    points: int


@dataclass(frozen=True, slots=True)
class Series:
    """The samples of one field in order of time. `low` and `high` are of all of them, None where there are none."""

    field: str
    points: Sequence[Point] = ()
    low: float | None = None
    high: float | None = None


def read_series(database: Database, key: str, fields: Sequence[str], window: Window) -> list[Series]:
    """The series of these fields, in their order, with at most so many points. Raises StorageFailed.

    More samples than that are replaced by the means of equal time spans.
    """
    ids: dict[str, int] = dict(database.query(_FIND, (key,)))  # type: ignore[arg-type] - pairs
    return [
        _read_one(database, field, ids[field], window) if field in ids else Series(field) for field in fields
    ]


def _read_one(database: Database, field: str, series_id: int, window: Window) -> Series:
    since = math.ceil(window.since)
    ((count, first, low, high),) = database.query(_MEASURE, (series_id, since))
    if count <= window.points:
        return Series(field, database.query(_READ, (series_id, since)), low, high)
    seconds = bucket_seconds(max(first, since), window.now, window.points)
    rows = database.query(_READ_MEANS, (series_id, since, seconds))
    return Series(field, [(at, _rounded(value)) for at, value in rows], low, high)


def bucket_seconds(start: float, end: float, points: int) -> int:
    """The length of the time spans of which means are made, in whole seconds.

    It is a usual one, counted from the epoch, so that a mean does not change from call to call. What is as long as
    `points - 1` of them touches at most `points`.
    """
    if points < 2:
        return _ENDLESS_SECONDS
    least = max(0.0, end - start) / (points - 1)
    usual = next((seconds for seconds in _USUAL_SECONDS if seconds >= least), None)
    return usual or math.ceil(least / _DAY_SECONDS) * _DAY_SECONDS


def _rounded(mean: float) -> float:
    """A mean is not more exact than its samples, and the digits of its fraction would only be sent for nothing."""
    return float(f"{mean:.{_MEAN_DIGITS}g}")
