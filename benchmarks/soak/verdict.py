"""What is left in the files after a soak, and the results as figures and targets."""

from __future__ import annotations

import shutil
import sqlite3
import statistics
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.report import Section, Target
from benchmarks.soak.journal import Journal
from benchmarks.soak.operator import Backup, Operator
from benchmarks.soak.processes import TOKEN, DataFolder

Sample = tuple[float, float]
"""Seconds since the start, and MB."""
# Shorter ones say more about the warm-up than about what is kept.
LEAST_MEMORY_SECONDS = 60
MOST_GROWTH_MB = 16
DATABASE = "patchbay.db"


def find_leaks(folder: DataFolder, keys: Collection[bytes], journal: Journal) -> list[str]:
    """The files that have a secret; those that are no secret file and have the token; backups that have a key."""
    found = []
    for path in _files(folder):
        content = path.read_bytes()
        if journal.canary.is_in(content):
            found.append(f"a secret in {path.name}")
        if TOKEN.encode() in content:
            found.append(f"the token in {path.name}")
        if path.parent == folder.backups and any(key in content for key in keys):
            found.append(f"a key in {path.name}")
    return found


def _files(folder: DataFolder) -> Iterator[Path]:
    for place in (folder.log, folder.instance, folder.backups):
        yield from (path for path in (place, *place.rglob("*")) if path.is_file())


def find_damage(instance: Path) -> list[str]:
    """What SQLite says of each database of a data folder that no process uses."""
    damage = []
    for path in (instance / DATABASE, *instance.rglob("cache.db")):
        with closing(sqlite3.connect(path)) as database:
            said = database.execute("PRAGMA integrity_check").fetchone()[0]
        if said != "ok":
            damage.append(f"{path.name}: {said}")
    return damage


def find_missing(folder: DataFolder, backup: Backup) -> list[str]:
    """What a backup lacks of what was acknowledged before it began, seen after restoring it elsewhere."""
    elsewhere = folder.instance.with_name("restored")
    elsewhere.mkdir(mode=0o700)
    shutil.copy2(folder.instance / "secret.key", elsewhere)
    restoring = folder.start_command("restore", str(backup.path), instance=elsewhere)
    if restoring.wait() != 0:
        return [f"{backup.path.name} cannot be restored"]
    with closing(sqlite3.connect(elsewhere / DATABASE)) as database:
        names = {name for (name,) in database.execute("SELECT name FROM workspaces")}
        query = "SELECT json_extract(config, '$.note') FROM plugin_configs WHERE plugin_id = 'hot'"
        notes = [int(note) for (note,) in database.execute(query)]
    missing = [f"workspace {name} of {backup.path.name}" for name in sorted(backup.workspaces - names)]
    if backup.note and (not notes or notes[0] < backup.note):
        missing.append(f"note {backup.note} of {backup.path.name}")
    return missing + find_damage(elsewhere)


def slope(samples: list[Sample]) -> float:
    """Megabytes a second, by least squares."""
    if len(samples) < 2:
        return 0.0
    return statistics.linear_regression(*zip(*samples, strict=True)).slope


def settled(samples: list[Sample]) -> list[Sample]:
    """Without the first third, in which caches and pools fill."""
    return samples[len(samples) // 3 :]


def results(
    seconds: float, kills: int, journal: Journal, operator: Operator, memory: list[Sample]
) -> Section:
    """The figures of a soak, and its targets."""
    after = settled(memory)
    growth = slope(after) * (after[-1][0] - after[0][0]) if after else 0.0
    figures = [
        f"{seconds:.0f} s, one of two servers killed {kills} times",
        f"answers: {counts_of(journal.answers)}",
        f"acknowledged writes: {counts_of(journal.writes)}",
        f"commands: {counts_of(operator.finished)}",
        f"killed commands: {counts_of(operator.killed)}",
        f"refused commands: {counts_of(operator.refused)}",
        *hits_of(journal),
    ]
    if memory:
        figures.append(
            f"memory of the other server: {memory[0][1]:.0f} MB at first, {memory[-1][1]:.0f} MB in the end, "
            f"{slope(after) * 3600:+.1f} MB an hour after the first third"
        )
    targets = [
        Target("lost acknowledged writes", len(journal.lost), 0, ""),
        Target("leaked secrets", len(journal.leaks), 0, ""),
        Target("own 5xx", len(journal.own_failures), 0, ""),
        Target("other unexpected answers and exit codes", len(journal.unexpected), 0, ""),
    ]
    if seconds >= LEAST_MEMORY_SECONDS:
        targets.append(Target("growth of memory after the first third", growth, MOST_GROWTH_MB, "MB"))
    return Section("Soak", figures, targets)


def counts_of(counted: Counter[str]) -> str:
    return ", ".join(f"{name} × {number}" for name, number in sorted(counted.items())) or "none"


def hits_of(journal: Journal) -> list[str]:
    """The latency of hits in the first and the last third."""
    taken = [took for _, took in sorted(journal.hot_ms)]
    third = len(taken) // 3
    if third < 2:
        return []
    parts = {"first": taken[:third], "last": taken[-third:]}
    return [
        f"hits of the {name} third: median {statistics.median(part):.1f} ms, "
        f"p99 {statistics.quantiles(part, n=100)[98]:.1f} ms"
        for name, part in parts.items()
    ]
