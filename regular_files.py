"""Files named by a setting: only regular files of limited size, so that reading never blocks or fills memory."""

from __future__ import annotations

import os
import stat
from pathlib import Path

MAX_FILE_SIZE_BYTES = 1024 * 1024


class UnusableFile(ValueError):
    """A file that cannot be used. The message gives the reason as the end of a sentence, without the file's name."""


def read_regular_file(path: str | Path, max_size_bytes: int = MAX_FILE_SIZE_BYTES) -> bytes:
    """The content of a regular file. Raises UnusableFile for pipes, devices, folders and files that are too large."""
    try:
        # Checked by name first, because even opening a device may have effects.
        _require_regular(Path(path).stat(), max_size_bytes)
        # The name may lead elsewhere by now. With these flags, opening a pipe does not wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        with os.fdopen(descriptor, "rb") as file:
            _require_regular(os.fstat(descriptor), max_size_bytes)
            content = file.read(max_size_bytes + 1)
    except UnusableFile:
        raise
    except (OSError, ValueError):
        raise UnusableFile("cannot be read") from None
    if content is None:
        # Reading would block.
        raise UnusableFile("cannot be read")
    # Files of /proc report size 0 although they have content.
    if len(content) > max_size_bytes:
        raise _too_large(max_size_bytes)
    return content


def _require_regular(status: os.stat_result, max_size_bytes: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UnusableFile("is not a regular file")
    if status.st_size > max_size_bytes:
        raise _too_large(max_size_bytes)


def _too_large(max_size_bytes: int) -> UnusableFile:
    return UnusableFile(f"is larger than {max_size_bytes} bytes")
