"""The artifacts that were used: recorded in memory and written in batches, so that a hit writes nothing."""

from __future__ import annotations

import threading

MAX_WAITING = 5_000


class AccessLog:
    """Records uses; `take` returns those since the last call. It has no lock: losing a use now and then is harmless."""

    def __init__(self, is_full: threading.Event | None = None) -> None:
        self._noted: dict[str, None] = {}
        # Set when so many uses wait that they should be taken soon.
        self._is_full = is_full or threading.Event()

    def note(self, key: str) -> None:
        """Records that the artifact was used now. Costs a fraction of a microsecond."""
        noted = self._noted
        if len(noted) < MAX_WAITING:
            noted[key] = None
        elif not self._is_full.is_set():
            self._is_full.set()

    def take(self) -> list[str]:
        """The keys recorded since the last call."""
        taken, self._noted = self._noted, {}
        # A thread in `note` may still hold the old dict. Copying it in one step keeps it from changing meanwhile.
        return list(taken)

    def give_back(self, keys: list[str]) -> None:
        """Returns keys that could not be written, to be taken again later."""
        for key in keys:
            self.note(key)
