"""Files that several processes share: a lock between them, and atomic creation."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from settings import ConfigurationError

PRIVATE_MODE = 0o600


@contextmanager
def exclusive_lock(path: Path) -> Iterator[None]:
    """A lock held by one process and thread at a time. It is released when its holder dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def create_private_file(path: Path, content: bytes) -> None:
    """Creates a file that only its owner can read, complete from its first moment.

    Raises FileExistsError if it exists already: nothing is ever overwritten.
    """
    temporary = _write_temporary(path, content)
    try:
        # Creating a link fails if the name is taken, as O_EXCL does, and never shows a half-written file.
        os.link(temporary, path)
    finally:
        temporary.unlink()
    _sync_folder(path.parent)


def replace_private_file(path: Path, content: bytes) -> None:
    """Replaces a private file with a complete new one. A crash leaves either the old or the new one."""
    temporary = _write_temporary(path, content)
    try:
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def _write_temporary(path: Path, content: bytes) -> Path:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, PRIVATE_MODE)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    return temporary


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_instance_folder(folder: Path) -> None:
    """The data folder, open to its owner only. Raises ConfigurationError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    except OSError:
        raise ConfigurationError(f"PATCHBAY_INSTANCE {folder} must be a folder that you own.") from None
