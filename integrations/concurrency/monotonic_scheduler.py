"""Runs the sweep: APScheduler with one job."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

SWEEP_SECONDS = 0.5


class MonotonicScheduler(BackgroundScheduler):
    """Runs one job every half second, whatever the clock does. Runs never overlap, and missed runs are not repeated."""

    def __init__(self, job: Callable[[], None]) -> None:
        super().__init__(executors={"default": ThreadPoolExecutor(1)}, daemon=True)
        # APScheduler logs each round that takes long. That needs no warning: the next round runs whatever is due.
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
        # APScheduler uses the wall clock: if it is set back by an hour, the job would sleep for an hour.
        now = datetime.now(self.timezone)
        for job in self.get_jobs():
            if job.next_run_time - now > timedelta(seconds=2 * SWEEP_SECONDS):
                job.modify(next_run_time=now)
        wait_seconds = super()._process_jobs()
        return wait_seconds if wait_seconds is None else min(wait_seconds, SWEEP_SECONDS)
