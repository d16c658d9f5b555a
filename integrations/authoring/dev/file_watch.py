"""Notices that files changed, by asking for their times a few times a second.

A handful of named files costs nothing to ask, and asking works on every file system, and for editors that replace a
file instead of writing to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

POLL_SECONDS = 0.25


class Stamp(NamedTuple):
    """What changes with a file's content."""

    inode: int
    size_bytes: int
    modified_ns: int


def stamp_of(name: str) -> Stamp | None:
    """The file's stamp; None while there is no such file."""
    try:
        status = Path(name).stat()
    except OSError:
        return None
    return Stamp(status.st_ino, status.st_size, status.st_mtime_ns)


def changes(names: Sequence[str], wait: Callable[[float], object]) -> Iterator[list[str]]:
    """First all files, then without end those that changed, in the order of `names`.

    `wait` is called with the seconds until the next look. A change while the caller works is noticed afterwards.
    """
    stamps = {name: stamp_of(name) for name in names}
    yield list(names)
    while True:
        wait(POLL_SECONDS)
        found = {name: stamp_of(name) for name in names}
        changed = [name for name in names if found[name] != stamps[name]]
        stamps = found
        if changed:
            yield changed
