"""Records each render: a count for the report, and its inputs for prefetching."""

from __future__ import annotations

from collections.abc import Callable

from integrations.usage.counter import UsageCounter
from integrations.usage.recent_renders import Use
from plugin_store.workspaces import Scope


class RenderLog:
    """Counts answers and records inputs. Without `record_use` there is no prefetching, so inputs are not recorded."""

    def __init__(self, counter: UsageCounter, record_use: Callable[[Use], None] | None) -> None:
        self._counter = counter
        self._record_use = record_use

    def count(self, scope: Scope, plugin_id: str, cache_status: str) -> None:
        """Counts one answer by its X-Cache value."""
        self._counter.count(scope.workspace_id, plugin_id, cache_status)

    @property
    def notes_uses(self) -> bool:
        return self._record_use is not None

    def record_use(self, use: Use) -> None:
        """Records which inputs were rendered."""
        if self._record_use is not None:
            self._record_use(use)
