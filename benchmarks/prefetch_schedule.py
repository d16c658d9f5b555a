"""10,000 prefetched blocks on a real server: start time, idle CPU, lateness of runs; and an alternative.

The alternative is one APScheduler job per block, in memory, doing the same: a render, and writing its outcome.
"""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from app import close_app, create_app
from benchmarks.loopback import declaration, manifest, running, upstream
from benchmarks.report import Section, Target
from plugin_store.workspaces import Scope
from settings import ROOT, Settings, load_settings

PLUGINS, BLOCKS = 200, 50
DUE_PER_SECOND = 50
UPSTREAM_MS = 20
INTERVAL_SECONDS = PLUGINS * BLOCKS // DUE_PER_SECOND
IDLE_SECONDS, BUSY_SECONDS = 10, 20
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Run:
    """The result of one way of scheduling; CPU in percent of a core, lateness in milliseconds, memory in MB."""

    name: str
    start_seconds: float
    idle_cpu: float
    busy_cpu: float
    runs: int
    lateness_p50_ms: float
    lateness_p99_ms: float
    resident_mb: float


def measure() -> list[Run]:
    """Measures the sweep of a real server and, alternately, one job per block."""
    with upstream(UPSTREAM_MS) as url, tempfile.TemporaryDirectory() as folder:
        environ = {"PATCHBAY_EGRESS_ALLOW": "127.0.0.1/32", "PATCHBAY_TOKEN": "bench", "PATCHBAY_PORT": "0"}
        environ["PATCHBAY_INSTANCE"] = folder
        settings = load_settings(environ)
        _declare(settings, url)
        return [_measure_sweep(settings, environ), _measure_jobs(settings, environ)]


def _declare(settings: Settings, url: str) -> None:
    """10,000 jobs in the table, due one after the other within the interval."""
    app = create_app(settings)
    services = app.extensions["patchbay"]
    for number in range(PLUGINS):
        blocks = [
            {
                "id": f"b{index}",
                "steps": [{"id": "it", "endpoint": "item", "parameters": {"n": number * BLOCKS + index}}],
                "pre_fetch": True,
                "refresh_interval": INTERVAL_SECONDS,
                "cache_ttl": 10 * INTERVAL_SECONDS,
            }
            for index in range(BLOCKS)
        ]
        services.store.registry.register(declaration(f"plugin-{number}", manifest(url, blocks)))
    # The round that would fetch them all is stopped before it begins.
    services.prefetch.prefetcher.plan(time.time())
    close_app(app)


def _plan(settings: Settings, first_in_seconds: float) -> None:
    """Makes the jobs due one after the other from then on, fetched an interval before, not sorted by plugin."""
    with sqlite3.connect(settings.instance / "patchbay.db") as connection:
        ids = [
            row[0] for row in connection.execute("SELECT id FROM prefetch_jobs ORDER BY id * 7919 % 10007")
        ]
        assert len(ids) == PLUGINS * BLOCKS, len(ids)
        start = time.time() + first_in_seconds
        connection.executemany(
            "UPDATE prefetch_jobs SET fetched_at = :next - :interval, last_run_at = :next - :interval, "
            "last_lateness_ms = NULL, last_outcome = NULL, next_run_at = :next WHERE id = :id",
            [
                {
                    "id": job_id,
                    "next": start + place / DUE_PER_SECOND,
                    "interval": INTERVAL_SECONDS + first_in_seconds,
                }
                for place, job_id in enumerate(ids)
            ],
        )


def _measure_sweep(settings: Settings, environ: dict[str, str]) -> Run:
    _plan(settings, 4.0)
    with _server({**environ, "PATCHBAY_PREFETCH": "on"}) as (process, start_seconds):
        _plan(settings, 3600.0)
        time.sleep(3)
        idle_cpu = _cpu_percent(process.pid, IDLE_SECONDS)
        _plan(settings, 0.0)
        busy_cpu = _cpu_percent(process.pid, BUSY_SECONDS)
        with sqlite3.connect(settings.instance / "patchbay.db") as connection:
            query = "SELECT last_lateness_ms FROM prefetch_jobs WHERE last_outcome = 'fetched'"
            lateness = [row[0] for row in connection.execute(query)]
        return _run("one sweep over a table", start_seconds, idle_cpu, busy_cpu, lateness, process.pid)


def _measure_jobs(settings: Settings, environ: dict[str, str]) -> Run:
    _plan(settings, 3600.0)
    with running("benchmarks.prefetch_schedule", "jobs", json.dumps(environ), time.time()) as (
        process,
        start_seconds,
    ):
        assert process.stdin is not None and process.stdout is not None
        idle_cpu = _cpu_percent(process.pid, IDLE_SECONDS)
        process.stdin.write("go\n")
        process.stdin.flush()
        busy_cpu = _cpu_percent(process.pid, BUSY_SECONDS)
        process.stdin.write("tell\n")
        process.stdin.flush()
        lateness = json.loads(process.stdout.readline())
        return _run("one job a block", float(start_seconds), idle_cpu, busy_cpu, lateness, process.pid)


@contextmanager
def _server(environ: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], float]]:
    """A real server, and the seconds until it was ready."""
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "app.py")],
        env={"PATH": os.environ["PATH"], **environ},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield process, time.monotonic() - started
    finally:
        process.terminate()
        process.wait(60)


def _run(
    name: str, start_seconds: float, idle_cpu: float, busy_cpu: float, lateness_ms: list[float], pid: int
) -> Run:
    percentiles = statistics.quantiles(lateness_ms, n=100)
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    resident_mb = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    return Run(
        name,
        start_seconds,
        idle_cpu,
        busy_cpu,
        len(lateness_ms),
        percentiles[49],
        percentiles[98],
        resident_mb,
    )


def _cpu_percent(pid: int, seconds: float) -> float:
    before, began = _ticks(pid), time.monotonic()
    time.sleep(seconds)
    return (_ticks(pid) - before) / TICKS_PER_SECOND / (time.monotonic() - began) * 100


def _ticks(pid: int) -> int:
    # The name in brackets may contain blanks; the rest of the line does not.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


# -- the other way ---------------------------------------------------------------------------------------------------


def _schedule_jobs(environ: dict[str, str], started_at: float) -> None:
    """Runs an APScheduler job for each block of the table. Lines on stdin tell it when to begin and to report."""
    app = create_app(load_settings({**environ, "PATCHBAY_PREFETCH": "off"}))
    services = app.extensions["patchbay"]
    threads = max(1, services.settings.upstream_calls // 2)
    scheduler = BackgroundScheduler(executors={"default": ThreadPoolExecutor(threads)}, timezone=UTC)
    jobs = services.database.query("SELECT id FROM prefetch_jobs ORDER BY id * 7919 % 10007", ())
    lateness: list[float] = []
    due = [float("inf")]
    lock = threading.Lock()

    def run(place: int, job_id: int) -> None:
        late_ms = (time.time() - due[0] - place / DUE_PER_SECOND) * 1000
        job = services.prefetch.jobs.find(job_id)
        rendered = services.rendering.renderer.render_block(
            Scope(job.workspace_id),
            job.plugin_id,
            job.block_id,
            job.parameters,
            cause="prefetch",
            is_fresh_enough=lambda _kept: False,
        )
        values = {"last_run_at": time.time(), "last_lateness_ms": late_ms, "last_outcome": "fetched"}
        services.prefetch.jobs.note_run(
            job, {**values, "next_run_at": rendered.artifact.fetched_at + INTERVAL_SECONDS}
        )
        with lock:
            lateness.append(late_ms)

    def add_all(first_at: float) -> None:
        for place, (job_id,) in enumerate(jobs):
            scheduler.add_job(
                run,
                "interval",
                seconds=INTERVAL_SECONDS,
                next_run_time=datetime.fromtimestamp(first_at + place / DUE_PER_SECOND, UTC),
                args=(place, job_id),
                coalesce=True,
                misfire_grace_time=None,
            )

    add_all(time.time() + 3600)
    scheduler.start()
    print(time.time() - started_at, flush=True)
    sys.stdin.readline()
    scheduler.pause()
    scheduler.remove_all_jobs()
    due[0] = time.time() + 3
    add_all(due[0])
    scheduler.resume()
    sys.stdin.readline()
    with lock:
        print(json.dumps(lateness), flush=True)
    sys.stdin.readline()


def run() -> list[Section]:
    """The sweep of a real server, with its targets, beside one job per block."""
    runs = measure()
    figures = [
        f"{'':24} {'start':>7} {'idle':>7} {'busy':>7} {'runs':>6} {'p50 late':>9} {'p99 late':>9} {'memory':>8}"
    ]
    figures += [
        f"{run.name:24} {run.start_seconds:5.2f} s {run.idle_cpu:5.1f} % {run.busy_cpu:5.1f} % {run.runs:6d} "
        f"{run.lateness_p50_ms:6.0f} ms {run.lateness_p99_ms:6.0f} ms {run.resident_mb:5.0f} MB"
        for run in runs
    ]
    sweep = runs[0]
    targets = [
        Target("start to ready", sweep.start_seconds, 2, "s"),
        Target("idle, of a core", sweep.idle_cpu, 2, "%"),
        Target(f"99th percentile late at {DUE_PER_SECOND} a second", sweep.lateness_p99_ms, 1000, "ms"),
    ]
    return [Section(f"{PLUGINS * BLOCKS:,} scheduled blocks", figures, targets)]


if __name__ == "__main__":
    if sys.argv[1:2] == ["jobs"]:
        _schedule_jobs(json.loads(sys.argv[2]), float(sys.argv[3]))
    else:
        print("\n".join(section.text() for section in run()))
