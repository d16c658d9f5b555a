"""The locks of a store in a database: advisory locks of one session of this process."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import psycopg

from plugin_store.engine.locks import LeaderLock, Locks
from plugin_store.engine.postgresql.connections import SILENCE_SECONDS, Driver

RETRY_SECONDS = 1.0
_KEY_BYTES = 8
_TRY, _UNLOCK = "pg_try_advisory_lock", "pg_advisory_unlock"
# So that the server, too, notices when the host at the other end is gone without a word.
_CONFIGURE = (
    f"SET tcp_keepalives_idle = {SILENCE_SECONDS // 2}; SET tcp_keepalives_interval = 1;"
    f" SET tcp_keepalives_count = {SILENCE_SECONDS // 2}; SET tcp_user_timeout = '{SILENCE_SECONDS}s'"
)

_log = logging.getLogger(__name__)


class SessionLocks(Locks):
    """Advisory locks of one session, which the server ends with the process or the connection.

    If the connection breaks, other processes may take what this one holds: the locks are lost, and not taken again.
    Between the threads of this process they hold on.
    """

    def __init__(self, connect: Callable[[], Driver]) -> None:
        self._connect = connect
        self._mutex = threading.Lock()
        self._driver: Driver | None = None
        self._session = 0
        """The number of the connection. None has the number 0."""
        self._held: dict[str, int] = {}
        """The session in which each name is held, 0 if the server was not reached."""
        self._next_attempt_at = 0.0

    def acquire(self, name: str) -> bool:
        with self._mutex:
            if name in self._held:
                return False
            try:
                return self._take(name)
            except psycopg.Error:
                self._held[name] = 0
                return True

    def acquire_surely(self, name: str) -> bool:
        """Like `acquire`, but False where the server cannot be asked."""
        with self._mutex:
            try:
                return name not in self._held and self._take(name)
            except psycopg.Error:
                return False

    def confirm(self, name: str) -> bool:
        """Asks the server whether this process still holds the lock."""
        with self._mutex:
            if self._driver is None or self._held.get(name) != self._session:
                return False
            try:
                # A session that answers has its locks.
                self._driver.execute("SELECT 1")
                return True
            except psycopg.Error:
                self._disconnect()
                return False

    def release(self, name: str) -> None:
        with self._mutex:
            session = self._held.pop(name, 0)
            if self._driver is not None and session == self._session:
                try:
                    _ask(self._driver, _UNLOCK, name)
                except psycopg.Error:
                    self._disconnect()

    def leader(self, name: str) -> SessionLeaderLock:
        return SessionLeaderLock(self, f"leader:{name}")

    def close(self) -> None:
        with self._mutex:
            self._held.clear()
            self._disconnect()

    def _take(self, name: str) -> bool:
        is_had = self._try(name)
        if is_had:
            self._held[name] = self._session
        return is_had

    def _try(self, name: str) -> bool:
        if self._driver is not None:
            try:
                return _ask(self._driver, _TRY, name)
            except psycopg.Error:
                self._disconnect()
        return _ask(self._open(), _TRY, name)

    def _open(self) -> Driver:
        if time.monotonic() < self._next_attempt_at:
            raise psycopg.OperationalError("the server was not reached a moment ago")
        try:
            driver = self._connect()
            driver.execute(_CONFIGURE.encode())
        except psycopg.Error:
            # Threads that ask meanwhile do not wait one after the other for a server that is away.
            self._next_attempt_at = time.monotonic() + RETRY_SECONDS
            raise
        self._driver = driver
        self._session += 1
        return driver

    def _disconnect(self) -> None:
        driver, self._driver = self._driver, None
        if driver is None:
            return
        with suppress(psycopg.Error):
            driver.close()
        if lost := sum(session == self._session for session in self._held.values()):
            _log.warning(
                "The connection that held %d locks of this process broke: others may take them.", lost
            )


class SessionLeaderLock(LeaderLock):
    """A leader lock. Who has lost it does not lead for a round, because another process may lead by then."""

    def __init__(self, locks: SessionLocks, name: str) -> None:
        self._locks = locks
        self._name = name
        self._is_mine = False

    def take(self) -> bool:
        if not self._is_mine:
            self._is_mine = self._locks.acquire_surely(self._name)
        elif not self._locks.confirm(self._name):
            self.release()
        return self._is_mine

    def release(self) -> None:
        if self._is_mine:
            self._is_mine = False
            self._locks.release(self._name)


def key_of(name: str) -> int:
    """The number of a lock. Two names share one with a chance of one in 2^64, and exclude each other then."""
    digest = hashlib.blake2b(name.encode(), digest_size=_KEY_BYTES).digest()
    return int.from_bytes(digest, signed=True)


def _ask(driver: Driver, function: str, name: str) -> bool:
    row = driver.execute(f"SELECT {function}(%s)".encode(), (key_of(name),)).fetchone()
    return row is not None and bool(row[0])
