"""A sign of life that other processes can see, and that the kernel takes away with its process."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import threading
from pathlib import Path

from plugin_store.files import PRIVATE_MODE

_NAME = re.compile(r"[0-9a-f]{16}")


class Presence:
    """A locked file under a name that nobody had before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.name = secrets.token_hex(8)
        self._descriptor: int | None = None
        self._lock = threading.Lock()

    def show(self) -> None:
        """From now on others see that this process lives; where nothing can be written they cannot tell."""
        with self._lock, contextlib.suppress(OSError):
            if self._descriptor is None:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._forget_the_dead()
                self._descriptor = self._hold()

    def _hold(self) -> int:
        path = self._folder / self.name
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_MODE)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:
                return descriptor
            # Somebody took the file, not locked yet, for one that the dead left behind.
            os.close(descriptor)

    def is_gone(self, name: str) -> bool:
        """Whether whoever showed this name has ended, however it did."""
        if name == self.name or _NAME.fullmatch(name) is None:
            return False
        try:
            descriptor = os.open(self._folder / name, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return False
        else:
            return True
        finally:
            os.close(descriptor)

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                (self._folder / self.name).unlink()
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def _forget_the_dead(self) -> None:
        for path in self._folder.iterdir():
            if self.is_gone(path.name):
                with contextlib.suppress(OSError):
                    path.unlink()
