"""Which artifacts were used: noted in memory and written in batches, so that a hit writes nothing."""

from __future__ import annotations

import threading

MAX_WAITING = 5_000


class AccessLog:
    """Takes notes; `take` hands over what was noted since. No lock: a note that is lost now and then does no harm."""

    def __init__(self, is_full: threading.Event | None = None) -> None:
        self._noted: dict[str, None] = {}
        # Set when notes wait in such numbers that they should be taken soon.
        self._is_full = is_full or threading.Event()

    def note(self, key: str) -> None:
        """The artifact was used now. Costs a fraction of a microsecond."""
        noted = self._noted
        if len(noted) < MAX_WAITING:
            noted[key] = None
        elif not self._is_full.is_set():
            self._is_full.set()

    def take(self) -> list[str]:
        """The keys noted since the last call."""
        taken, self._noted = self._noted, {}
        # A thread that was about to note may still hold the old dict: copied in one step, it cannot change meanwhile.
        return list(taken)

    def give_back(self, keys: list[str]) -> None:
        """What could not be written waits on."""
        for key in keys:
            self.note(key)
