"""What runs the sweep: APScheduler with one job, and the lock that lets one process alone do it."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from plugin_store.engine.files import PRIVATE_MODE

SWEEP_SECONDS = 0.5


class MonotonicScheduler(BackgroundScheduler):
    """One job every half second, whatever becomes of the clock: alone, never two at once, none made up for."""

    def __init__(self, job: Callable[[], None]) -> None:
        super().__init__(executors={"default": ThreadPoolExecutor(1)}, daemon=True)
        # A round that takes long makes APScheduler say so each time; the next one simply does what is due.
        logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
        self.add_job(
            job,
            "interval",
            seconds=SWEEP_SECONDS,
            next_run_time=datetime.now(self.timezone),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )

    def _process_jobs(self) -> float | None:
        # APScheduler goes by the wall clock: set back by an hour, it would sleep for one.
        now = datetime.now(self.timezone)
        for job in self.get_jobs():
            if job.next_run_time - now > timedelta(seconds=2 * SWEEP_SECONDS):
                job.modify(next_run_time=now)
        wait_seconds = super()._process_jobs()
        return wait_seconds if wait_seconds is None else min(wait_seconds, SWEEP_SECONDS)


class LeaderLock:
    """The turn to schedule, held by one process at a time; it passes on when its holder ends or dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Whether this process has the turn now. Never waits."""
        if self._descriptor is not None:
            return True
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_MODE)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(descriptor)
