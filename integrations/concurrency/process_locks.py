"""Who may do a thing that only one of several processes should do: locks that the kernel takes away with their holder.

Each key is a byte of one file, which stays empty: a lock needs nothing to be there. Taking and releasing one costs
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
# Of an offset's 63 bits, so that no two keys share a byte by chance.
_OFFSET_BYTES = 7


class ProcessLocks:
    """The locks of one holder among those of all on the same file.

    Where the file cannot be locked every process may do everything: a call too many is better than none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()
        self._mine: set[str] = set()
        self._is_closed = False
        self._file = _File.share(self._path)

    def acquire(self, key: str) -> bool:
        """Whether the caller has the key to itself, across processes, until it releases it or its process ends."""
        is_had = self._file.take(key)
        if is_had:
            self._mine.add(key)
        return is_had

    def release(self, key: str) -> None:
        """Somebody else may take the key; one that is not the caller's stays."""
        if key in self._mine:
            self._mine.discard(key)
            self._file.give_back(key)

    def close(self) -> None:
        """Releases everything."""
        for key in list(self._mine):
            self.release(key)
        if not self._is_closed:
            self._is_closed = True
            _File.part_with(self._path)


class _File:
    """The file as this process has it open: once, since its first closing would end all of the process's locks."""

    _open: ClassVar[dict[Path, _File]] = {}
    _opening: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, path: Path) -> None:
        self._path = path
        self._users = 0
        self._descriptor: int | None = None
        self._lock = threading.Lock()
        # The kernel's locks are the process's: between its threads this decides.
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
