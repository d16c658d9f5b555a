"""The locks of a store in a file: files beside it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from plugin_store.engine.files import PRIVATE_MODE
from plugin_store.engine.locks import LeaderLock, Locks
from plugin_store.engine.sqlite.process_locks import ProcessLocks


class FileLocks(ProcessLocks, Locks):
    """The locks in a data folder: one file for the short ones, and one for each leader."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / ".claims.lock")
        self._folder = folder

    def leader(self, name: str) -> FileLeaderLock:
        return FileLeaderLock(self._folder / f".{name}.lock")


class FileLeaderLock(LeaderLock):
    """A leader lock by a file of its own. The kernel passes it on when its holder ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> bool:
        if self._descriptor is not None:
            return True
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_MODE)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(descriptor)
