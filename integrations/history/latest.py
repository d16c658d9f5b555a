"""The latest sample of each series of a workspace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from plugin_store.engine.database import Database

_LATEST = (
    "SELECT series.id, notebook_id, plugin_id, block_id, parameters, field, at, value "
    "FROM history_series AS series JOIN history_samples ON series_id = series.id "
    "AND at = (SELECT max(at) FROM history_samples WHERE series_id = series.id) WHERE workspace_id = ?"
)
_BACKWARDS = "SELECT at, value FROM history_samples WHERE series_id = ? AND at < ? ORDER BY at DESC LIMIT ?"
_READ_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class LatestSample:
    """A series and its latest sample; `at` is epoch seconds."""

    series_id: int
    notebook_id: int | None
    plugin_id: str
    block_id: str
    parameters: Mapping[str, Any]
    field: str
    at: int
    value: float


def list_latest(database: Database, workspace_id: int) -> list[LatestSample]:
    """The latest sample of each series of the workspace. Raises StorageFailed."""
    rows = database.query(_LATEST, (workspace_id,))
    return [
        LatestSample(series_id, notebook_id, plugin_id, block_id, orjson.loads(parameters), field, at, value)
        for series_id, notebook_id, plugin_id, block_id, parameters, field, at, value in rows
    ]


def since_when(database: Database, latest: LatestSample, is_same: Callable[[float], bool]) -> int:
    """The time of the first sample, in epoch seconds, from which on all are the same. Raises StorageFailed."""
    since = latest.at
    while rows := database.query(_BACKWARDS, (latest.series_id, since, _READ_AT_ONCE)):
        for at, value in rows:
            if not is_same(value):
                return since
            since = at
    return since
