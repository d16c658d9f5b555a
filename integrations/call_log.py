"""Every call to a provider, noted in memory and written in batches, so that no render waits for the note."""

from __future__ import annotations

import logging
import threading
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy import insert

from errors import StorageFailed
from plugin_store.database import Database
from plugin_store.models import PluginApiLog

Cause = Literal["live", "test", "prefetch", "batch", "revalidate"]
FLUSH_EVERY_SECONDS = 0.5
MAX_WAITING = 10_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call as it went; `at` is epoch seconds."""

    at: float
    workspace_id: int
    plugin_id: str
    endpoint_id: str
    block_id: str | None
    cause: Cause
    status: int | None
    duration_ms: float
    response_bytes: int
    error_code: str | None


class CallLog:
    """Takes records at once and writes them soon; `flush` writes what waits now."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._flush_lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def record(self, record: CallRecord) -> None:
        with self._lock:
            if len(self._waiting) < MAX_WAITING:
                self._waiting.append(asdict(record))
            if self._timer is None:
                self._timer = threading.Timer(FLUSH_EVERY_SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Writes what waits; what cannot be written now waits on."""
        with self._flush_lock:
            with self._lock:
                rows, self._waiting = self._waiting, []
                self._timer = None
            if not rows:
                return
            try:
                with self._database.writing() as session:
                    session.execute(insert(PluginApiLog), rows)
            except StorageFailed:
                _log.warning("The log of %d calls cannot be written now.", len(rows))
                with self._lock:
                    self._waiting = (rows + self._waiting)[:MAX_WAITING]

    def close(self) -> None:
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
        self.flush()
