"""Every call to a provider, recorded in memory and written in batches, so that no render waits for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Literal

from sqlalchemy import delete, select

from errors import StorageFailed
from integrations.usage.durations import add_durations, round_duration
from integrations.usage.instruments import LabelledCounter, LabelledHistogram
from integrations.usage.periods import HOUR_SECONDS, Figures, Place, sweep_usage, write_usage
from plugin_store.engine.database import Database
from plugin_store.models import PluginApiLog

Cause = Literal["live", "test", "prefetch", "batch", "revalidate", "action"]
# Token requests have their kind in place of an endpoint id, after this prefix, which no endpoint id has.
TOKEN_PREFIX = "token:"  # noqa: S105 - a word of ours
FLUSH_EVERY_SECONDS = 0.5
MAX_WAITING = 10_000
SWEEP_EVERY_SECONDS = 3600.0
SWEPT_AT_ONCE = 5000
DURATION_BOUNDS_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One finished call; `at` is epoch seconds.

    A token request has `token:oauth2` or `token:login` in place of an endpoint, and the cause of the call that needs
    the token.
    """

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
    request_id: str | None = None
    """The request that caused the call; None if none did, as for a scheduled one."""


WRITE_CALL = (
    f"INSERT INTO plugin_api_logs ({', '.join(field.name for field in fields(CallRecord))})"  # noqa: S608 - our names
    f" VALUES ({', '.join('?' for _ in fields(CallRecord))})"
)
_values_of = attrgetter(*(field.name for field in fields(CallRecord)))


class CallLog:
    """Accepts records at once and writes them soon; `flush` writes all waiting ones now.

    Records older than `retention_seconds` are deleted within an hour while calls are made.
    """

    def __init__(self, database: Database, clock: Callable[[], float], retention_seconds: float) -> None:
        self._database = database
        self._clock = clock
        self._retention_seconds = retention_seconds
        self.outcomes = LabelledCounter()
        self.durations = LabelledHistogram(DURATION_BOUNDS_SECONDS)
        self._swept_at = float("-inf")
        self._waiting: list[CallRecord] = []
        self._lock = threading.Lock()
        self._flush_lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def record(self, record: CallRecord) -> None:
        labels = (str(record.workspace_id), record.plugin_id, record.cause)
        self.outcomes.add((*labels, record.error_code or "ok"))
        self.durations.add(labels, record.duration_ms / 1000)
        if record.error_code is not None:
            _log.info(
                "A call of %s failed: %s, %s, status %s, made for %s",
                record.plugin_id, record.endpoint_id, record.error_code, record.status, record.cause,
            )  # fmt: skip
        with self._lock:
            if len(self._waiting) < MAX_WAITING:
                self._waiting.append(record)
            if self._timer is None:
                self._timer = threading.Timer(FLUSH_EVERY_SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Writes the waiting records. Those that cannot be written now keep waiting."""
        with self._flush_lock:
            with self._lock:
                records, self._waiting = self._waiting, []
                self._timer = None
            if not records:
                return
            try:
                self._write(records)
            except StorageFailed as error:
                _log.warning("The log of %d calls cannot be written now: %s", len(records), error.detail)
                with self._lock:
                    self._waiting = (records + self._waiting)[:MAX_WAITING]
            else:
                self._sweep_now_and_then()

    def sweep(self) -> None:
        """Deletes the calls that are too old, and their usage. Raises StorageFailed."""
        table, before = PluginApiLog, self._clock() - self._retention_seconds
        sweep_usage(self._database, before)
        # Rows are nearly in order of time. The oldest are deleted in small batches, so that no writer waits long.
        oldest = select(table.id).order_by(table.id).limit(SWEPT_AT_ONCE)
        while True:
            with self._database.writing() as session:
                gone = session.scalars(
                    delete(table).where(table.id.in_(oldest), table.at < before).returning(table.id)
                ).all()
            if not gone:
                return

    def _write(self, records: list[CallRecord]) -> None:
        with self._database.raw_write() as connection:
            known = {row[0] for row in connection.execute("SELECT id FROM workspaces")}
            # A workspace may be deleted during one of its calls.
            kept = [record for record in records if record.workspace_id in known]
            connection.executemany(WRITE_CALL, [_values_of(record) for record in kept])
            write_usage(connection, _usage_of(kept))

    def _sweep_now_and_then(self) -> None:
        now = self._clock()
        if not 0 <= now - self._swept_at < SWEEP_EVERY_SECONDS:
            self._swept_at = now
            with suppress(StorageFailed):
                self.sweep()

    def close(self) -> None:
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
        self.flush()


def _usage_of(records: Iterable[CallRecord]) -> dict[Place, Figures]:
    used: dict[Place, Figures] = {}
    for record in records:
        hour = int(record.at // HOUR_SECONDS) * HOUR_SECONDS
        figures = used.setdefault((record.workspace_id, record.plugin_id, hour), Figures())
        figures.calls += 1
        figures.token_calls += record.endpoint_id.startswith(TOKEN_PREFIX)
        figures.errors += record.error_code is not None
        figures.bytes += record.response_bytes
        add_durations(figures.durations, {round_duration(record.duration_ms): 1})
    return used
