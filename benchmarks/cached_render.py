"""A cached render over HTTP, against its alternatives; also with much stored data, and with a hanging provider."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.alternatives import bare_view, cached_proxy, nginx
from benchmarks.crowd import fill
from benchmarks.load import Ask, Rate, loader_name, put_under_load
from benchmarks.loopback import declaration, manifest, upstream
from benchmarks.report import Section, Target
from settings import ROOT

ROUNDS = 5
TOKEN = "benchmark-token-of-43-characters-like-a-real-one"
LARGE_BYTES = 200_000
FETCHING_SECONDS = 600.0
CROWD = {"artifacts": 100_000, "plugins": 1000, "scheduled": 10_000}
HANGING_MS = 600_000
PATIENCE_SECONDS = 60
HANGING_CALLS = 48
MAX_MEMORY_MB = 120
START_SPARE_SECONDS = 0.5


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

    def resident_mb(self) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


def run() -> Iterator[Section]:
    """The sections, one after the other, since each needs the whole machine."""
    with tempfile.TemporaryDirectory() as folder, upstream(0) as url:
        fill(Path(folder), url, artifacts=1, plugins=1, scheduled=0)
        with _server(Path(folder)) as server:
            yield _compare(server, url)
    yield _compare_large()
    yield _compare_crowded()
    yield _compare_hanging()


def _compare(server: Server, url: str) -> Section:
    ask = _warm(server)
    envelope = server.send(ask)
    with bare_view(envelope) as bare, cached_proxy(url) as proxy, nginx(url) as reference:
        asks = {
            "cached render": ask,
            "bare Flask view": _bare(bare, ask.body),
            "Flask and requests-cache": _bare(proxy, ask.body),
        }
        if reference:
            asks["nginx proxy_cache"] = Ask(reference, "GET")
        rates = _in_turns(asks)
    ours, bare_rate = rates["cached render"], rates["bare Flask view"]
    targets = [
        Target("to the bare view", ours.per_second / bare_rate.per_second, 4, at_least=True),
        Target(
            "to the requests-cache proxy", _times(ours, rates["Flask and requests-cache"]), 20, at_least=True
        ),
    ]
    if "nginx proxy_cache" in rates:
        targets.append(Target("to nginx", _times(ours, rates["nginx proxy_cache"]), 0.35, at_least=True))
    targets.append(Target("99th percentile, to the bare view's", ours.p99_ms / bare_rate.p99_ms, 1))
    return Section(f"Cached render, 2 KB, by {loader_name()}", _table(rates), targets)


def _compare_large() -> Section:
    """200 KB against 2 KB, in bytes per second."""
    with (
        tempfile.TemporaryDirectory() as small_folder,
        tempfile.TemporaryDirectory() as large_folder,
        upstream(0) as url,
        upstream(0, LARGE_BYTES) as large_url,
    ):
        fill(Path(small_folder), url, artifacts=0, plugins=1, scheduled=0)
        fill(Path(large_folder), large_url, artifacts=0, plugins=1, scheduled=0)
        with _server(Path(small_folder)) as small, _server(Path(large_folder)) as large:
            small_ask, large_ask = _warm(small), _warm(large)
            small_bytes, large_bytes = len(small.send(small_ask)), len(large.send(large_ask))
            with bare_view(large.send(large_ask)) as bare:
                rates = _in_turns(
                    {"2 KB": small_ask, "200 KB": large_ask, "bare view, 200 KB": _bare(bare, large_ask.body)}
                )
    moved = rates["200 KB"].per_second * large_bytes / (rates["2 KB"].per_second * small_bytes)
    return Section(
        "Cached render, 200 KB",
        _table(rates),
        [
            Target("bytes a second, to those of 2 KB", moved, 0.8, at_least=True),
            Target(
                "to the bare view", _times(rates["200 KB"], rates["bare view, 200 KB"]), 0.8, at_least=True
            ),
        ],
    )


def _compare_crowded() -> Section:
    """The same render beside a hundred thousand others, a thousand plugins and ten thousand scheduled blocks."""
    with (
        tempfile.TemporaryDirectory() as few_folder,
        tempfile.TemporaryDirectory() as many_folder,
        upstream(0) as url,
    ):
        fill(Path(few_folder), url, artifacts=1, plugins=1, scheduled=0)
        fill(Path(many_folder), url, **CROWD)
        baseline = _import_seconds()
        with (
            _server(Path(few_folder), PREFETCH="on") as few,
            _server(Path(many_folder), PREFETCH="on") as many,
        ):
            _serve_each_once(many)
            resident = many.resident_mb()
            _wait_until_nothing_is_due(many)
            rates = _in_turns({"one artifact": _warm(few), "one of 100,000": _warm(many)})
            figures = [
                *_table(rates),
                f"resident after serving {CROWD['artifacts']:,} artifacts: {resident:.0f} MB",
                f"start to ready: {many.start_seconds:.2f} s",
                f"python -c 'import flask, sqlalchemy, requests': {baseline:.2f} s",
            ]
    return Section(
        "Cached render beside 100,000 artifacts, 1,000 plugins, 10,000 scheduled blocks",
        figures,
        [
            Target(
                "to one artifact alone",
                _times(rates["one of 100,000"], rates["one artifact"]),
                0.8,
                at_least=True,
            ),
            Target("resident memory", resident, MAX_MEMORY_MB, "MB"),
            Target("start to ready", many.start_seconds, 1.5 * baseline + START_SPARE_SECONDS, "s"),
        ],
    )


def _compare_hanging() -> Section:
    """The same render while a hanging provider holds all threads that it can get."""
    with (
        tempfile.TemporaryDirectory() as calm_folder,
        tempfile.TemporaryDirectory() as folder,
        upstream(0) as url,
        upstream(HANGING_MS) as hanging_url,
    ):
        fill(Path(calm_folder), url, artifacts=1, plugins=1, scheduled=0)
        fill(Path(folder), url, artifacts=1, plugins=1, scheduled=0)
        with (
            _server(Path(calm_folder)) as calm,
            _server(Path(folder), TIMEOUT=str(PATIENCE_SECONDS)) as troubled,
        ):
            calm_ask, troubled_ask = _warm(calm), _warm(troubled)
            _declare_hanging(troubled, hanging_url)
            with _waiting(troubled):
                rates = _in_turns({"calm": calm_ask, "beside a hanging provider": troubled_ask})
    beside = rates["beside a hanging provider"]
    return Section(
        f"Cached render while {HANGING_CALLS} renders wait for a provider that hangs",
        _table(rates),
        [
            Target("throughput, to that of calm", _times(beside, rates["calm"]), 0.9, at_least=True),
            Target("99th percentile, to that of calm", beside.p99_ms / rates["calm"].p99_ms, 1.5),
        ],
    )


# -- how ---------------------------------------------------------------------------------------------------------------


@contextmanager
def _server(folder: Path, **settings: str) -> Iterator[Server]:
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


def _warm(server: Server) -> Ask:
    """Repeats the render until it is served at full speed."""
    ask = server.render(json.dumps({"block_type": "item", "parameters": {"n": 0}}))
    for _ in range(4):
        server.send(ask)
    return ask


def _bare(url: str, body: str) -> Ask:
    return Ask(url, body=body, headers={"Content-Type": "application/json"})


def _in_turns(asks: Mapping[str, Ask]) -> dict[str, Rate]:
    """The medians over the rounds; each round runs all of them in turn."""
    found: dict[str, list[Rate]] = {name: [] for name in asks}
    for ask in asks.values():
        put_under_load(ask, 1.0)
    for _ in range(ROUNDS):
        for name, ask in asks.items():
            found[name].append(put_under_load(ask))
    return {name: _median(rates) for name, rates in found.items()}


def _median(rates: list[Rate]) -> Rate:
    return Rate(
        statistics.median(rate.per_second for rate in rates),
        statistics.median(rate.p99_ms for rate in rates),
        sum(rate.failed for rate in rates),
    )


def _times(ours: Rate, theirs: Rate) -> float:
    return ours.per_second / theirs.per_second


def _table(rates: Mapping[str, Rate]) -> list[str]:
    width = max(map(len, rates))
    return [
        f"{name:{width}}  {rate.per_second:9,.0f} /s   p99 {rate.p99_ms:7.2f} ms"
        + (f"   {rate.failed} failed" if rate.failed else "")
        for name, rate in rates.items()
    ]


def _serve_each_once(server: Server) -> None:
    """Requests every artifact once."""
    ask = server.render('{"block_type": "item", "parameters": {"n": %d}}', numbers=CROWD["artifacts"])
    for _ in range(ROUNDS):
        rate = put_under_load(ask, 5.0)
        assert not rate.failed, rate
        seconds = 1.2 * CROWD["artifacts"] / rate.per_second
        # Each run begins with the first artifact.
        if put_under_load(ask, seconds).per_second * seconds >= CROWD["artifacts"]:
            return


def _wait_until_nothing_is_due(server: Server) -> None:
    """Returns when every scheduled block was fetched, which happens at the first start.

    How hits are served beside fetches is measured elsewhere; here the server should be idle.
    """
    ask = Ask(f"{server.origin}/api/v1/prefetch?page_size=1", "GET", headers=server.render("").headers)
    gives_up_at = time.monotonic() + FETCHING_SECONDS
    while time.monotonic() < gives_up_at:
        (first,) = json.loads(server.send(ask))
        if datetime.fromisoformat(first["next_run_at"]) > datetime.now(UTC) + timedelta(minutes=10):
            return
        time.sleep(1.0)
    raise TimeoutError("Scheduled blocks are still due.")


def _import_seconds() -> float:
    """The median time of a process that only imports what any such server imports."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import flask, sqlalchemy, requests"], check=True)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _declare_hanging(server: Server, url: str) -> None:
    block = {"id": "item", "endpoint": "item", "config_schema": {"n": {"type": "integer"}}}
    declared: dict[str, Any] = declaration("hanging", manifest(url, [block]))
    headers = server.render("").headers
    server.send(Ask(f"{server.origin}/api/v1/plugins/register", body=json.dumps(declared), headers=headers))


@contextmanager
def _waiting(server: Server) -> Iterator[None]:
    """Renders that wait for the hanging provider until the block ends; then their clients disconnect."""

    def wait(number: int) -> None:
        body = json.dumps({"block_type": "item", "parameters": {"n": number}})
        try:
            server.send(server.render(body, "hanging"))
        except OSError:
            return

    threads = [threading.Thread(target=wait, args=(number,), daemon=True) for number in range(HANGING_CALLS)]
    for thread in threads:
        thread.start()
    # All of them wait until the first one times out.
    time.sleep(1.0)
    yield


def main() -> None:
    for section in run():
        print(f"{section.title}\n{section.text()}\n", flush=True)


if __name__ == "__main__":
    main()
