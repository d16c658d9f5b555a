"""Backups on schedule: one process makes them, and keeps the newest."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from errors import StorageFailed
from integrations.backup.last_backup import note_backup, note_failure
from integrations.backup.making import make_backup
from plugin_store.engine.sqlite.locks import FileLeaderLock

_log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
RETRY_SECONDS = 3600.0
NAME = re.compile(r"patchbay-(\d{8}T\d{6})Z\.tar\.gz")
TIME = "%Y%m%dT%H%M%S"


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """Where backups go, how often, and how many are kept."""

    folder: Path
    every_seconds: float
    keep: int


class BackupSchedule:
    """Makes backups between `start` and `close`; `look` is one round."""

    def __init__(self, instance: Path, plan: BackupPlan, clock: Callable[[], float]) -> None:
        self._instance = instance
        self._plan = plan
        self._clock = clock
        self._leader_lock = FileLeaderLock(instance / ".backup-leader.lock")
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._failed_at: float | None = None

    def start(self) -> None:
        """Starts looking in this process. Another one takes over when the one that makes backups ends."""
        self._thread = threading.Thread(target=self._run, name="backup schedule", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Returns when a backup that is being made is complete."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        self._leader_lock.release()

    def look(self) -> Path | None:
        """Makes a backup if one is due, deletes those beyond the newest, and returns the new one."""
        now = self._clock()
        if not self._leader_lock.take() or self._waits(now):
            return None
        try:
            made = self._make(now) if self._is_due(now) else None
        except (StorageFailed, OSError) as error:
            self._note_failure(error, now)
            return None
        if made is not None:
            self._failed_at = None
        return made

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self.look()
            except Exception:  # the next round tries again
                _log.exception("The backup schedule has a fault.")
            self._ended.wait(LOOK_SECONDS)

    def _waits(self, now: float) -> bool:
        """Whether the last attempt failed less than an hour ago."""
        return self._failed_at is not None and 0 <= now - self._failed_at < RETRY_SECONDS

    def _is_due(self, now: float) -> bool:
        # A backup from the future was made before the clock was set back.
        times = [at for at in map(_time_of, self._list()) if at <= now]
        return not times or now - max(times) >= self._plan.every_seconds

    def _make(self, now: float) -> Path:
        self._plan.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._plan.folder / f"patchbay-{datetime.fromtimestamp(now, UTC).strftime(TIME)}Z.tar.gz"
        make_backup(self._instance, path, now, with_artifacts=False)
        note_backup(self._instance, path, now)
        _log.info("A backup was made and verified: %s", path.name)
        # Only once the new one is whole, and never another file of the folder.
        for old in sorted(self._list(), key=_time_of, reverse=True)[self._plan.keep :]:
            if old != path:
                with suppress(OSError):
                    old.unlink()
        return path

    def _note_failure(self, error: Exception, now: float) -> None:
        detail = error.detail if isinstance(error, StorageFailed) else f"The folder of backups: {error}"
        if self._failed_at is None:
            _log.error("No backup can be made: %s It is tried again every hour.", detail)
        self._failed_at = now
        with suppress(OSError):
            note_failure(self._instance, detail, now)

    def _list(self) -> list[Path]:
        try:
            return [path for path in self._plan.folder.iterdir() if NAME.fullmatch(path.name)]
        except FileNotFoundError:
            return []


def _time_of(path: Path) -> float:
    match = NAME.fullmatch(path.name)
    if match is None:
        return 0.0
    with suppress(ValueError):
        return datetime.strptime(match[1], TIME).replace(tzinfo=UTC).timestamp()
    return 0.0
