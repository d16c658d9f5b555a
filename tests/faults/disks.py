"""Data folders on disks that fill up or turn read-only, without harm to the machine."""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

NOBODY = 65534
SIZE_MEBIBYTES = 4
KEPT_FREE_BYTES = 8192


class SmallDisk:
    """A folder on a tmpfs of a few megabytes; where none may be mounted, files of this process stop growing."""

    def __init__(self, folder: Path, *, is_mounted: bool) -> None:
        self.folder = folder
        self._is_mounted = is_mounted
        self._limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self) -> None:
        """From now on nothing more fits."""
        if not self._is_mounted:
            sizes = [path.stat().st_size for path in self.folder.rglob("*") if path.is_file()]
            resource.setrlimit(resource.RLIMIT_FSIZE, (max(sizes, default=4096), self._limits[1]))
            return
        with (self.folder / "ballast").open("ab", buffering=0) as ballast, contextlib.suppress(OSError):
            while True:
                ballast.write(b"x" * 4096)

    def free(self) -> None:
        """There is room again."""
        if self._is_mounted:
            (self.folder / "ballast").unlink()
        else:
            resource.setrlimit(resource.RLIMIT_FSIZE, self._limits)


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    folder.mkdir()
    size = f"size={SIZE_MEBIBYTES}m"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], capture_output=True, check=False
    )
    disk = SmallDisk(folder, is_mounted=mounted.returncode == 0)
    try:
        yield disk
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", "-l", folder], check=True)
        else:
            resource.setrlimit(resource.RLIMIT_FSIZE, disk._limits)


@contextlib.contextmanager
def as_nobody() -> Iterator[Path]:
    """An empty folder, in a process that file modes bind: not root for as long as this lasts."""
    # What is first needed later: nobody may not be allowed where Python lies.
    for module in ("encodings.hex_codec", "encodings.utf_16_be", "plugin_store.engine.migrating"):
        importlib.import_module(module)
    # Not below pytest's own folders, which nobody else may enter.
    folder = Path(tempfile.mkdtemp(dir="/tmp", prefix="patchbay-test-"))
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        if is_root:
            os.seteuid(0)
        set_writable(folder, True)
        shutil.rmtree(folder)


def set_writable(folder: Path, is_writable: bool) -> None:
    """Lets files be made, changed and deleted in the folder and below, or not."""
    for path in (folder, *folder.rglob("*")):
        path.chmod((0o700 if is_writable else 0o500) if path.is_dir() else (0o600 if is_writable else 0o400))
