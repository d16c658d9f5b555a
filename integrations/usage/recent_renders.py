"""Which input sets were rendered, recorded in memory and written in batches, so that a hit writes nothing."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plugin_store.workspaces import Scope

MAX_WAITING = 10_000


@dataclass(frozen=True, slots=True)
class Use:
    """A render of a block that is prefetched. `key` is its artifact's, `parameters` are as they were given."""

    key: str
    scope: Scope
    plugin_id: str
    block_id: str
    parameters: Mapping[str, Any]
    at: float


class RecentRenders:
    """Records uses; `take` returns those since the last call."""

    def __init__(self) -> None:
        self._waiting: dict[str, Use] = {}
        self._lock = threading.Lock()

    def note(self, use: Use) -> None:
        with self._lock:
            if len(self._waiting) < MAX_WAITING or use.key in self._waiting:
                self._waiting[use.key] = use

    def take(self) -> list[Use]:
        """The last use of each input set since the last call."""
        with self._lock:
            taken, self._waiting = self._waiting, {}
        return list(taken.values())

    def give_back(self, uses: list[Use]) -> None:
        """Returns uses that could not be written, to be taken again, unless the input set was used again meanwhile."""
        with self._lock:
            self._waiting = {use.key: use for use in uses} | self._waiting
