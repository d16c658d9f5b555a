"""Files that several processes share: one lock between them, and a file that appears whole or not at all."""

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
    """Held by one process and thread at a time; let go of when its holder dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def create_private_file(path: Path, content: bytes) -> None:
    """Make a file that only its owner reads, complete from its first moment.

    Raises FileExistsError when it is there already: nothing is ever written over.
    """
    temporary = _write_temporary(path, content)
    try:
        # A link fails where the name is taken, as O_EXCL does, and never shows a half-written file.
        os.link(temporary, path)
    finally:
        temporary.unlink()
    _sync_folder(path.parent)


def replace_private_file(path: Path, content: bytes) -> None:
    """Put a complete private file in the place of another; a crash leaves the one or the other."""
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
