"""The sessions that a provider of the sandbox has begun."""

from __future__ import annotations

from itertools import count


class Sessions:
    """Session ids that start with `prefix`. Thread-safe; each begins open and can be ended."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._numbers = count(1)
        self._open: set[str] = set()

    def begin(self) -> str:
        """The id of a new session."""
        session = f"{self._prefix}{next(self._numbers)}"
        self._open.add(session)
        return session

    def is_open(self, session: str | None) -> bool:
        return session in self._open

    def end_all(self) -> None:
        """Ends every session, as a restart of the service does."""
        self._open = set()
