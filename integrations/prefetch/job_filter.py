"""Which prefetch jobs a list shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, cast

from plugin_store.models import PrefetchJob

_PAUSED, _WAITING = PrefetchJob.is_paused.is_(True), PrefetchJob.waits_for.is_not(None)
STATES: Mapping[str, ColumnElement[bool]] = {
    "paused": _PAUSED,
    "waiting": ~_PAUSED & _WAITING,
    "scheduled": ~_PAUSED & ~_WAITING,
}
# A job begins within a second of its time unless the schedule is behind.
LATE_SECONDS = 120.0


def is_late(now: float) -> ColumnElement[bool]:
    """The scheduled jobs that should have begun a while ago. `now` is in epoch seconds."""
    return STATES["scheduled"] & (PrefetchJob.next_run_at < now - LATE_SECONDS)


@dataclass(frozen=True, slots=True)
class JobFilter:
    """What a job has to meet; None is any."""

    plugin_id: str | None = None
    state: str | None = None
    """A key of STATES."""
    due_before: float | None = None
    """Epoch seconds."""
    search: str = ""
    """Words, each of which the integration's id, the block's or the inputs contain."""
    among: Collection[str] | None = None
    """Only jobs of the plugins with these ids."""

    @classmethod
    def of(cls, asked: Mapping[str, Any], among: Collection[str] | None = None) -> JobFilter:
        """The filter of a request's query."""
        due_before = asked.get("due_before")
        return cls(
            plugin_id=asked.get("integration_id"),
            state=asked.get("state"),
            due_before=None if due_before is None else due_before.timestamp(),
            search=asked["search"],
            among=among,
        )

    def conditions(self) -> list[ColumnElement[bool]]:
        """The same for the database."""
        table = PrefetchJob
        wanted = (
            None if self.plugin_id is None else table.plugin_id == self.plugin_id,
            None if self.state is None else STATES[self.state],
            None if self.due_before is None else table.next_run_at < self.due_before,
            None if self.among is None else table.plugin_id.in_(self.among),
            *(_contains(word) for word in self.search.split()),
        )
        return [condition for condition in wanted if condition is not None]


def _contains(word: str) -> ColumnElement[bool]:
    table = PrefetchJob
    text = table.plugin_id + " " + table.block_id + " " + cast(table.parameters, Text)
    return text.icontains(word, autoescape=True)
