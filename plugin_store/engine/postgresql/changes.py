"""What this process knows of the store's changes without asking: PostgreSQL notifies it of each."""

from __future__ import annotations

import logging
import select
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg

from plugin_store.engine.postgresql.connections import Driver

CHANNEL = "patchbay"
"""Triggers notify on it in the transaction of the change; the migrations name it too."""
HEARTBEAT_SECONDS = 1.0
TRUSTED_SECONDS = 2.5
RETRY_SECONDS = 1.0

_REVISION = "SELECT revision FROM store_revision"
# Differs from every one that was read before a commit. Commits in other databases of the server change it, too.
_SNAPSHOT = "SELECT pg_current_snapshot()::text"

Query = Callable[[str, tuple[Any, ...]], list[Any]]

_log = logging.getLogger(__name__)


class Changes:
    """Answers from memory while the connection that listens is whole, else from the database.

    A change that this process commits is known at once. A change of another one is known when its notification has
    arrived, commonly within milliseconds. If the connection dies without a word, answers from memory end
    `TRUSTED_SECONDS` after the last sign of life, which is the bound on how long an old answer may be given.
    """

    def __init__(self, connect: Callable[[], Driver]) -> None:
        self._listener = Listener(connect, self)
        self._lock = threading.Lock()
        self._commits = 0
        self._revision: int | None = None
        self._trusted_until = 0.0
        self._snapshot: str | None = None

    def revision(self, query: Query) -> int:
        """The store's revision. `query` asks the database, where it has to be asked. Raises StorageFailed."""
        known = self._revision
        if known is not None and self._is_trusted():
            return known
        commits = self._commits
        ((revision,),) = query(_REVISION, ())
        with self._lock:
            # What was noticed meanwhile may be newer than this answer.
            if commits == self._commits:
                self._revision = revision
        return int(revision)

    def commits(self, query: Query) -> int:
        """A number that changes with every change that may make a cached answer wrong. Raises StorageFailed."""
        if not self._is_trusted():
            ((snapshot,),) = query(_SNAPSHOT, ())
            if snapshot != self._snapshot:
                self._snapshot = snapshot
                self.note()
        return self._commits

    def note(self) -> None:
        """Takes note that something was, or may have been, committed."""
        with self._lock:
            self._commits += 1
            self._revision = None

    def trust_until(self, moment: float) -> None:
        """Lets answers come from memory until a moment of the monotonic clock."""
        self._trusted_until = moment

    def close(self) -> None:
        """Ends the listener. From now on the database is asked."""
        self._listener.close()

    def _is_trusted(self) -> bool:
        if time.monotonic() < self._trusted_until:
            return True
        self._listener.start()
        return False


class Listener:
    """The connection that listens, with a thread of its own. It connects again by itself."""

    def __init__(self, connect: Callable[[], Driver], changes: Changes) -> None:
        self._connect = connect
        self._changes = changes
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_closing = False
        self._wakes: tuple[socket.socket, socket.socket] | None = None

    def start(self) -> None:
        """Starts listening, unless it has begun before or was closed."""
        if self._thread is not None or self._is_closing:
            return
        with self._lock:
            if self._thread is None and not self._is_closing:
                self._wakes = socket.socketpair()
                self._thread = threading.Thread(target=self._run, name="store changes", daemon=True)
                self._thread.start()

    def close(self) -> None:
        with self._lock:
            self._is_closing = True
            thread, wakes = self._thread, self._wakes
        if thread is not None and wakes is not None and thread.is_alive():
            wakes[0].send(b"\0")
            thread.join()
            for end in wakes:
                end.close()

    def _run(self) -> None:
        is_in_trouble = False
        while not self._is_closing:
            try:
                with self._connect() as driver:
                    driver.add_notify_handler(lambda _notification: self._changes.note())
                    driver.execute(f"LISTEN {CHANNEL}")
                    is_in_trouble = False
                    # What happened before is not notified.
                    self._changes.note()
                    self._listen(driver)
            except psycopg.Error:
                self._changes.trust_until(0.0)
                if not is_in_trouble:
                    _log.warning(
                        "The database does not notify this process of changes for now, so it is asked."
                    )
                is_in_trouble = True
                self._wait(None, RETRY_SECONDS)
            except Exception:
                self._changes.trust_until(0.0)
                _log.exception("Listening for changes of the store broke off.")
                self._wait(None, RETRY_SECONDS)
        self._changes.trust_until(0.0)

    def _listen(self, driver: Driver) -> None:
        beat_at = 0.0
        while not self._is_closing:
            now = time.monotonic()
            if now >= beat_at:
                # Notifications that come with the answer go to the handler.
                driver.execute("SELECT 1")
                self._changes.trust_until(now + TRUSTED_SECONDS)
                beat_at = now + HEARTBEAT_SECONDS
            if self._wait(driver, max(0.0, beat_at - now)):
                driver.pgconn.consume_input()
                while driver.pgconn.notifies():
                    self._changes.note()

    def _wait(self, driver: Driver | None, seconds: float) -> bool:
        """Waits that long, or until the server has sent something, which it returns, or until the end."""
        assert self._wakes is not None  # noqa: S101 - made before the thread
        wake = self._wakes[1]
        ready, _, _ = select.select([wake] if driver is None else [wake, driver.fileno()], [], [], seconds)
        return any(one is not wake for one in ready)
