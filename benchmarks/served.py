"""Patchbay as a process of its own, and rates of its hits."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import Ask, Rate, put_under_load
from benchmarks.process_time import process_seconds
from settings import ROOT

ROUNDS = 5
TOKEN = "benchmark-token-of-43-characters-like-a-real-one"
PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Server:
    """A running Patchbay."""

    origin: str
    pid: int
    start_seconds: float

    def render(self, body: str, plugin_id: str = "plugin-0", numbers: int = 0) -> Ask:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
        url = f"{self.origin}/api/v1/integrations/{plugin_id}/render"
        return Ask(url, body=body, headers=headers, numbers=numbers)

    def send(self, ask: Ask) -> bytes:
        request = urllib.request.Request(ask.url, ask.body.encode(), dict(ask.headers), method=ask.method)
        with urllib.request.urlopen(request, timeout=2 * PATIENCE_SECONDS) as answer:
            return answer.read()

    def processor_seconds(self) -> float:
        """The processor time that it has used."""
        return process_seconds(self.pid)

    def resident_mb(self) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


@contextmanager
def running_server(folder: Path, **settings: str) -> Iterator[Server]:
    """A server on the folder, with these settings, while the block runs."""
    environ = {
        "PATH": os.environ["PATH"],
        "PATCHBAY_INSTANCE": str(folder),
        "PATCHBAY_PORT": "0",
        "PATCHBAY_TOKEN": TOKEN,
        "PATCHBAY_EGRESS_ALLOW": "127.0.0.1/32",
        "PATCHBAY_PREFETCH": "off",
        **{f"PATCHBAY_{name}": value for name, value in settings.items()},
    }
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "app.py")], env=environ, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        url = process.stdout.readline().split()[4]
        yield Server(url, process.pid, time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait(2 * PATIENCE_SECONDS)


def warm(server: Server) -> Ask:
    """Repeats the render until it is served at full speed."""
    ask = server.render(json.dumps({"block_type": "item", "parameters": {"n": 0}}))
    for _ in range(4):
        server.send(ask)
    return ask


def in_turns(asks: Mapping[str, Ask]) -> dict[str, Rate]:
    """The medians over the rounds; each round runs all of them in turn."""
    found: dict[str, list[Rate]] = {name: [] for name in asks}
    for ask in asks.values():
        put_under_load(ask, 1.0)
    for _ in range(ROUNDS):
        for name, ask in asks.items():
            found[name].append(put_under_load(ask))
    return {name: median(rates) for name, rates in found.items()}


def median(rates: list[Rate]) -> Rate:
    """The medians of several runs, and all their failures."""
    return Rate(
        statistics.median(rate.per_second for rate in rates),
        statistics.median(rate.p99_ms for rate in rates),
        sum(rate.failed for rate in rates),
    )


def times(ours: Rate, theirs: Rate) -> float:
    """How many times the rate of the other one."""
    return ours.per_second / theirs.per_second


def table(rates: Mapping[str, Rate]) -> list[str]:
    """One line for each."""
    width = max(map(len, rates))
    return [
        f"{name:{width}}  {rate.per_second:9,.0f} /s   p99 {rate.p99_ms:7.2f} ms"
        + (f"   {rate.failed} failed" if rate.failed else "")
        for name, rate in rates.items()
    ]
