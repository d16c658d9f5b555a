"""The list of requests to the sandbox, so that a test can count upstream calls."""

from __future__ import annotations

import base64
import threading
from collections import Counter, deque
from dataclasses import dataclass
from typing import Any

from examples.sandbox.exchange import Request

KEPT_ENTRIES = 20_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One request: `target` is the request line's, undecoded; header names are in lower case."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def header(self, name: str) -> str | None:
        """The first header of that name."""
        return next((value for key, value in self.headers if key == name.lower()), None)

    def as_json(self) -> dict[str, Any]:
        """The entry as `GET /_journal` shows it; the body is base64."""
        return {
            "method": self.method,
            "target": self.target,
            "path": self.path,
            "headers": [list(header) for header in self.headers],
            "body": base64.b64encode(self.body).decode(),
        }


class Journal:
    """Entries in the order of arrival, the newest `KEPT_ENTRIES` of them, and counters by name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=KEPT_ENTRIES)
        self._counters: Counter[str] = Counter()

    def record(self, request: Request) -> None:
        headers = tuple((name.lower(), value) for name, value in request.headers.items())
        with self._lock:
            self._entries.append(Entry(request.method, request.target, headers, request.body))

    def entries(self, path_prefix: str = "") -> list[Entry]:
        """Entries whose path starts with `path_prefix`, oldest first."""
        with self._lock:
            return [entry for entry in self._entries if entry.path.startswith(path_prefix)]

    def count(self, name: str) -> int:
        """How often this was called with `name`, this time included."""
        with self._lock:
            self._counters[name] += 1
            return self._counters[name]

    def forget(self) -> None:
        """Empties the list and resets every counter."""
        with self._lock:
            self._entries.clear()
            self._counters.clear()
