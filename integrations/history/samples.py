"""Samples: what the numbers of a block's answer were at a moment, and how they are written."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.json.exact_json import dump_json
from plugin_store.engine.database import Connection

MAX_FIELDS = 20
"""Of a block."""

_FIND = "SELECT id, keep_seconds, notebook_id FROM history_series WHERE key = ? AND field = ?"
# A notebook may be deleted during one of its fetches.
_ADD = (
    "INSERT INTO history_series (workspace_id, notebook_id, plugin_id, block_id, key, field, parameters, keep_seconds) "
    "SELECT :workspace_id, :notebook_id, :plugin_id, :block_id, :key, :field, :parameters, :keep_seconds "
    "WHERE CAST(:notebook_id AS BIGINT) IS NULL OR EXISTS (SELECT 1 FROM notebooks WHERE id = :notebook_id) "
    "RETURNING id"
)
_CHANGE = "UPDATE history_series SET keep_seconds = ?, notebook_id = ? WHERE id = ?"
_WRITE = (
    "INSERT INTO history_samples (series_id, at, value) VALUES (?, ?, ?) "
    "ON CONFLICT (series_id, at) DO UPDATE SET value = excluded.value"
)


@dataclass(frozen=True, slots=True)
class SampleSource:
    """Whose numbers they are: a block with certain inputs and settings, of which `key` is a digest.

    `notebook_id` is set where the notebook's own settings lead to them. `parameters` are for a list of series.
    """

    key: str
    workspace_id: int
    notebook_id: int | None
    plugin_id: str
    block_id: str
    parameters: Mapping[str, Any]
    keep_seconds: float


@dataclass(frozen=True, slots=True)
class Samples:
    """The numbers of one answer by field; `at` is epoch seconds."""

    source: SampleSource
    at: int
    values: Mapping[str, float]


def number_of(value: Any) -> float | None:
    """The number to keep of a value: 1 and 0 for true and false, None for what is no finite number."""
    if not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def write_samples(connection: Connection, taken: Sequence[Samples]) -> None:
    """Writes the samples, in the transaction of the answers that they were taken from."""
    for samples in taken:
        for field, value in samples.values.items():
            series_id = _series_id(connection, samples.source, field)
            if series_id is not None:
                connection.execute(_WRITE, (series_id, samples.at, value))


def _series_id(connection: Connection, source: SampleSource, field: str) -> int | None:
    """The id of the field's series, made if needed; None if its notebook was deleted."""
    found = connection.execute(_FIND, (source.key, field)).fetchone()
    if found is None:
        return _add_series(connection, source, field)
    series_id, keep_seconds, notebook_id = found
    # A series that another scope uses too must not be deleted with a notebook.
    owner_id = notebook_id if notebook_id == source.notebook_id else None
    if (keep_seconds, notebook_id) != (source.keep_seconds, owner_id):
        connection.execute(_CHANGE, (source.keep_seconds, owner_id, series_id))
    return series_id


def _add_series(connection: Connection, source: SampleSource, field: str) -> int | None:
    row = {
        "workspace_id": source.workspace_id,
        "notebook_id": source.notebook_id,
        "plugin_id": source.plugin_id,
        "block_id": source.block_id,
        "key": source.key,
        "field": field,
        "parameters": dump_json(dict(source.parameters)).decode(),
        "keep_seconds": source.keep_seconds,
    }
    made = connection.execute(_ADD, row).fetchone()
    return made[0] if made is not None else None
