"""Locks between processes, for work that only one process should do. The kernel releases them with their holder.

Each key is a byte of one file, which stays empty: a lock needs no content. Taking and releasing a lock costs
microseconds, writes nothing, and leaves nothing behind when a process is killed.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from plugin_store.engine.files import PRIVATE_MODE

_TAKEN = frozenset({errno.EACCES, errno.EAGAIN})
# Of an offset's 63 bits, so that two keys do not collide by chance.
_OFFSET_BYTES = 7


class ProcessLocks:
    """The locks of one holder on the shared file.

    If the file cannot be locked, every process gets every lock: a redundant call is better than none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()
        self._mine: set[str] = set()
        self._is_closed = False
        self._file = _File.share(self._path)

    def acquire(self, name: str) -> bool:
        """Takes the name for the caller, across processes, until its release or the end of the process.

        Returns False if another holder has it.
        """
        is_had = self._file.take(name)
        if is_had:
            self._mine.add(name)
        return is_had

    def release(self, name: str) -> None:
        """Releases the name. Does nothing if another holder has it."""
        if name in self._mine:
            self._mine.discard(name)
            self._file.give_back(name)

    def close(self) -> None:
        """Releases all keys."""
        for key in list(self._mine):
            self.release(key)
        if not self._is_closed:
            self._is_closed = True
            _File.part_with(self._path)


class _File:
    """The file, opened once per process: closing any descriptor of it would release all of the process's locks."""

    _open: ClassVar[dict[Path, _File]] = {}
    _opening: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, path: Path) -> None:
        self._path = path
        self._users = 0
        self._descriptor: int | None = None
        self._lock = threading.Lock()
        # Kernel locks belong to the process. This decides between its threads.
        self._taken: dict[str, int] = {}

    @classmethod
    def share(cls, path: Path) -> _File:
        with cls._opening:
            file = cls._open.setdefault(path, cls(path))
            file._users += 1
            return file

    @classmethod
    def part_with(cls, path: Path) -> None:
        with cls._opening:
            file = cls._open[path]
            file._users -= 1
            if not file._users:
                del cls._open[path]
                if file._descriptor is not None:
                    os.close(file._descriptor)

    def take(self, key: str) -> bool:
        with self._lock:
            if key in self._taken:
                return False
            descriptor, offset = self._open_once(), _offset(key)
            if descriptor is not None:
                try:
                    fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, offset)
                except OSError as error:
                    if error.errno in _TAKEN:
                        return False
            self._taken[key] = offset
            return True

    def _open_once(self) -> int | None:
        if self._descriptor is None:
            with suppress(OSError):
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_MODE)
        return self._descriptor

    def give_back(self, key: str) -> None:
        with self._lock:
            offset = self._taken.pop(key, None)
            if self._descriptor is not None and offset is not None:
                with suppress(OSError):
                    fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, offset)


def _offset(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=_OFFSET_BYTES).digest())
