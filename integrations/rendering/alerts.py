"""Alerts: the numbers whose latest sample is at a level that a user should look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from integrations.catalog.catalog import Catalog, Installed
from integrations.history.latest import LatestSample, list_latest, since_when
from integrations.manifests.display import Display, Level, level_of
from integrations.rendering.sampling import fields_of
from plugin_store.engine.database import Database
from plugin_store.workspaces import Scope

ALERTING: frozenset[Level] = frozenset({"warn", "bad"})


@dataclass(frozen=True, slots=True)
class Alert:
    """A number at level `warn` or `bad`, and since when it is: epoch seconds of the first sample in a row."""

    installed: Installed
    latest: LatestSample
    level: Level
    since: int
    unit: str | None


def list_alerts(catalog: Catalog, database: Database, scope: Scope, now: float) -> list[Alert]:
    """The alerts of the enabled integrations in the scope, newest first. Raises StorageFailed.

    Without a notebook, those of all notebooks of the workspace are among them.
    """
    found: list[Alert] = []
    samples = list_latest(database, scope.workspace_id)
    displays = _displays(catalog, scope) if samples else {}
    for latest in samples:
        installed, display = displays.get((latest.plugin_id, latest.block_id), (None, None))
        if installed is None or display is None or not _is_shown(latest, display, scope, now):
            continue
        thresholds = display.thresholds.get(latest.field, ())
        level = level_of(latest.value, thresholds)
        if level in ALERTING:
            since = since_when(
                database,
                latest,
                lambda value, level=level, limits=thresholds: level_of(value, limits) == level,
            )
            found.append(Alert(installed, latest, level, since, display.units.get(latest.field)))
    return sorted(found, key=lambda alert: (-alert.since, alert.latest.series_id))


def _displays(catalog: Catalog, scope: Scope) -> dict[tuple[str, str], tuple[Installed, Display]]:
    """The integrations, and how the blocks with a history and thresholds are drawn, by plugin and block."""

    def iterate() -> Iterator[tuple[tuple[str, str], tuple[Installed, Display]]]:
        for installed in catalog.list(scope):
            if installed.enabled:
                for block in installed.integration.blocks.values():
                    if block.display.history is not None and block.display.thresholds:
                        yield (installed.plugin_id, block.id), (installed, block.display)

    return dict(iterate())


def _is_shown(latest: LatestSample, display: Display, scope: Scope, now: float) -> bool:
    """Whether the sample is of the scope, of a field that still keeps samples, and not too old."""
    history = display.history
    return (
        history is not None
        and latest.field in fields_of(history)
        and latest.at >= now - history.keep_seconds
        and (scope.notebook_id is None or latest.notebook_id in (None, scope.notebook_id))
    )
