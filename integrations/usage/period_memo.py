"""What was computed from many periods of usage, kept in memory until something is added to one of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from cachetools import LRUCache

from integrations.usage.periods import ALL
from plugin_store.engine.database import Database

Value = TypeVar("Value")

# The pages of a few workspaces. Of 1,000 integrations a value has some hundred kilobytes.
MAX_KEPT = 24

# Whatever is added to an integration's period is added to that of its workspace, too.
_WORKSPACE_FIGURES = (
    "SELECT starts_at, renders, calls, bytes FROM usage_periods "
    "WHERE workspace_id = ? AND period_seconds = ? AND starts_at IN ({numbers}) "
    "AND plugin_id = ? ORDER BY starts_at"
)


class PeriodRange(NamedTuple):
    """The periods of a workspace that start from `start` to before `end`, in epoch seconds."""

    workspace_id: int
    period_seconds: int
    start: int
    end: int

    def starts(self) -> list[int]:
        return list(range(self.start, self.end, self.period_seconds))

    def split(self) -> tuple[PeriodRange, PeriodRange]:
        """All periods but the newest, which is the one that usage is added to; and the newest."""
        at = max(self.start, self.end - self.period_seconds)
        return self._replace(end=at), self._replace(start=at)


class PeriodMemo:
    """Keeps values by what they are and of which periods."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: LRUCache[tuple[str, PeriodRange], tuple[list[Any], Any]] = LRUCache(MAX_KEPT)
        self._lock = threading.Lock()

    def get(self, name: str, periods: PeriodRange, load: Callable[[PeriodRange], Value]) -> Value:
        """The value of that name for the periods, loaded if usage was added to them since. Raises StorageFailed.

        It is shared: nobody may change it.
        """
        # Read before the value, so that one that changes meanwhile is loaded again the next time.
        figures = self._read_figures(periods)
        with self._lock:
            kept = self._kept.get((name, periods))
        if kept is not None and kept[0] == figures:
            return kept[1]
        value = load(periods)
        with self._lock:
            self._kept[name, periods] = (figures, value)
        return value

    def _read_figures(self, periods: PeriodRange) -> list[Any]:
        starts = ",".join(map(str, periods.starts()))
        asked = (periods.workspace_id, periods.period_seconds, f"[{starts}]", ALL)
        return [*self._database.query(self._database.dialect.spell(_WORKSPACE_FIGURES), asked)]
