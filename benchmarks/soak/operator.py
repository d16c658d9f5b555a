"""What an operator does meanwhile: rotates the keys and makes backups, over and over."""

from __future__ import annotations

import subprocess
import threading
from collections import Counter
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path

from benchmarks.soak.clients import Load
from benchmarks.soak.journal import Journal
from benchmarks.soak.processes import DataFolder

BACKUP = "backup"
# What `drop-old-keys` exits with while a secret still needs an old key, because the rotation before was killed.
REFUSED = 2
COMMANDS = (("secrets", "new-key"), ("secrets", "rotate"), ("secrets", "drop-old-keys"), (BACKUP,))


@dataclass(frozen=True)
class Backup:
    """A finished backup, and what was acknowledged before it began."""

    path: Path
    note: int
    secret: int
    workspaces: frozenset[str]


class Operator:
    """Runs one command after another in a thread."""

    def __init__(self, folder: DataFolder, load: Load, journal: Journal) -> None:
        self._folder, self._load, self._journal = folder, load, journal
        self._is_over = threading.Event()
        self._numbers = count(1)
        self._running: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="operator")
        self.finished: Counter[str] = Counter()
        self.killed: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.keys: set[bytes] = set()
        """Every key that was ever in the key file."""
        self.backups: list[Backup] = []

    def start(self) -> None:
        self._thread.start()

    def kill(self) -> None:
        """Kills the command that runs now, as a power failure would."""
        if self._running is not None:
            self._running.kill()

    def end(self) -> None:
        """Lets the command that runs now finish."""
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        for words in cycle(COMMANDS):
            if self._is_over.is_set():
                return
            if words == (BACKUP,):
                self.back_up()
            else:
                self.carry_out(*words)
            self.keys.update((self._folder.instance / "secret.key").read_bytes().split())

    def back_up(self) -> None:
        path = self._folder.backups / f"{next(self._numbers)}.tar"
        load = self._load
        workspaces = frozenset(name for _, name in list(load.workspaces))
        backup = Backup(path, load.note, load.secret, workspaces)
        if self.carry_out(BACKUP, "--artifacts", str(path)):
            self.backups.append(backup)

    def carry_out(self, *words: str) -> bool:
        """Whether the command succeeded. A failure that no kill explains is none that may happen."""
        name = next(word for word in reversed(words) if not word.startswith(("-", "/")))
        self._running = self._folder.start_command(*words)
        code = self._running.wait()
        if code == 0:
            self.finished[name] += 1
        elif code < 0:
            self.killed[name] += 1
        elif code == REFUSED and name == "drop-old-keys" and self.killed["rotate"]:
            self.refused[name] += 1
        else:
            self._journal.unexpected.append(f"flask {' '.join(words)} exits with {code}")
        return code == 0
