"""The processor time that processes have used, from /proc."""

from __future__ import annotations

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def process_seconds(pid: int) -> float:
    """The processor time of one process, in seconds."""
    return sum(_times(pid)[:2]) / TICKS


def tree_seconds(pid: int) -> float:
    """The processor time of a process, of its children that live, and of those that it has waited for, in seconds."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return (sum(_times(pid)) + sum(sum(_times(int(child))) for child in children)) / TICKS


def _times(pid: int) -> tuple[int, ...]:
    """utime, stime, cutime and cstime of proc(5), in ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return tuple(int(field) for field in fields[11:15])
