"""Reads the histories of blocks. Nothing is fetched for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from integrations.catalog.catalog import Catalog
from integrations.history.series import Series, Window, read_series
from integrations.rendering.artifact_keys import history_key
from integrations.rendering.inputs import bind_inputs
from integrations.rendering.sampling import fields_of
from plugin_store.engine.database import Database
from plugin_store.workspaces import Scope


@dataclass(frozen=True, slots=True)
class UnitSeries:
    """A series, and the unit in which its field is drawn, if one is declared."""

    series: Series
    unit: str | None


class Histories:
    """The histories of blocks, by the names under which they are rendered."""

    def __init__(self, catalog: Catalog, database: Database, clock: Callable[[], float]) -> None:
        self._catalog = catalog
        self._database = database
        self._clock = clock

    def read(
        self,
        scope: Scope,
        plugin_id: str,
        block_id: str,
        parameters: Mapping[str, Any],
        since: float | None,
        points: int,
    ) -> list[UnitSeries]:
        """A series for each field that keeps samples; none for a block without a history.

        `since` is epoch seconds; by default, all that is kept counts. Raises as a render does before any call.
        """
        installed = self._catalog.find(scope, plugin_id)
        block = installed.ready_block(block_id)
        inputs = bind_inputs(block, parameters, installed.config)
        display, now = block.display, self._clock()
        if display.history is None:
            return []
        # Samples that housekeeping has not yet deleted are gone for who asks.
        oldest = now - display.history.keep_seconds
        window = Window(oldest if since is None else max(since, oldest), now, points)
        key = history_key(installed, block, parameters, inputs)
        found = read_series(self._database, key, fields_of(display.history), window)
        return [UnitSeries(series, display.units.get(series.field)) for series in found]
