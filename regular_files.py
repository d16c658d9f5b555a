"""Files that a setting names: regular ones of bounded size, so that reading one never waits and never fills memory."""

from __future__ import annotations

import os
import stat
from pathlib import Path

MAX_FILE_SIZE_BYTES = 1024 * 1024


class UnusableFile(ValueError):
    """A file that cannot be taken. The message says why, as the end of a sentence about it, and does not name it."""


def read_regular_file(path: str | Path, max_size_bytes: int = MAX_FILE_SIZE_BYTES) -> bytes:
    """The content of a regular file. Raises UnusableFile for pipes, devices, folders and what is too large."""
    try:
        # Asked by name first: merely opening a device may do something.
        _require_regular(Path(path).stat(), max_size_bytes)
        # The name may lead elsewhere by now; a pipe that is opened so does not wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        with os.fdopen(descriptor, "rb") as file:
            _require_regular(os.fstat(descriptor), max_size_bytes)
            content = file.read(max_size_bytes + 1)
    except UnusableFile:
        raise
    except (OSError, ValueError):
        raise UnusableFile("cannot be read") from None
    if content is None:
        # It would have to be waited for.
        raise UnusableFile("cannot be read")
    # Files of /proc say that they are empty and are not.
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
