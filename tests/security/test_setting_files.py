"""Paths that settings name lead to regular files of bounded size: nothing is waited for, nothing fills memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from regular_files import UnusableFile, read_regular_file
from settings import ConfigurationError, load_settings

Make = Callable[[Path], str]


def make_pipe(folder: Path) -> str:
    os.mkfifo(folder / "pipe")
    return str(folder / "pipe")


def _link_to_a_pipe(folder: Path) -> str:
    (folder / "link").symlink_to(make_pipe(folder))
    return str(folder / "link")


def _too_large(folder: Path) -> str:
    with (folder / "large").open("wb") as file:
        file.truncate(1024 * 1024 + 1)
    return str(folder / "large")


def _unreadable(folder: Path) -> str:
    (folder / "loop").symlink_to(folder / "loop")
    return str(folder / "loop")


UNUSABLE: dict[str, Make] = {
    "a pipe": make_pipe,
    "a link to a pipe": _link_to_a_pipe,
    "a folder": str,
    "zeros without end": lambda _: "/dev/zero",
    "chance without end": lambda _: "/dev/urandom",
    "nothing": lambda _: "/dev/null",
    "a terminal": lambda _: "/dev/tty",
    "a descriptor of ours": lambda _: "/proc/self/fd/0",
    "the kernel's memory": lambda _: "/proc/kcore",
    "the kernel's messages": lambda _: "/proc/kmsg",
    "a file of /proc": lambda _: "/proc/self/status",
    "too much": _too_large,
    "a link to itself": _unreadable,
    "no file": lambda folder: str(folder / "none"),
    "a name that is none": lambda _: "a\0b",
    "a name that is too long": lambda _: "/" + "a" * 5000,
}
# These hold text, if not what is wanted.
TEXTS = {"a file of /proc", "the kernel's messages"}


@pytest.mark.parametrize("variable", ["PATCHBAY_TOKEN_FILE", "PATCHBAY_EGRESS_ALLOW_FILE"])
@pytest.mark.parametrize("kind", sorted(UNUSABLE.keys() - TEXTS - {"a name that is none"}))
def test_a_settings_file_that_is_none_stops_the_start(tmp_path: Path, variable: str, kind: str) -> None:
    with pytest.raises(ConfigurationError, match=variable):
        load_settings({variable: UNUSABLE[kind](tmp_path)})


def test_a_regular_file_is_read_whole_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 10)

    assert read_regular_file(path, 10) == b"x" * 10
    with pytest.raises(UnusableFile, match="larger"):
        read_regular_file(path, 9)


def test_a_file_of_proc_is_bounded_by_what_it_gives_not_by_what_it_says() -> None:
    with pytest.raises(UnusableFile, match="larger"):
        read_regular_file("/proc/self/maps", 10)
