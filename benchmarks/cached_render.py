"""A cached render over HTTP, against its alternatives; also with much stored data, and with a hanging provider."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.alternatives import bare_view, cached_proxy, nginx
from benchmarks.crowd import fill
from benchmarks.load import Ask, loader_name, put_under_load
from benchmarks.loopback import declaration, manifest, upstream
from benchmarks.report import Section, Target
from benchmarks.served import PATIENCE_SECONDS, ROUNDS, Server, in_turns, running_server, table, times, warm

LARGE_BYTES = 200_000
FETCHING_SECONDS = 600.0
CROWD = {"artifacts": 100_000, "plugins": 1000, "scheduled": 10_000}
HANGING_MS = 600_000
HANGING_CALLS = 48
MAX_MEMORY_MB = 120
START_SPARE_SECONDS = 0.5


def run() -> Iterator[Section]:
    """The sections, one after the other, since each needs the whole machine."""
    with tempfile.TemporaryDirectory() as folder, upstream(0) as url:
        fill(Path(folder), url, artifacts=1, plugins=1, scheduled=0)
        with running_server(Path(folder)) as server:
            yield _compare(server, url)
    yield _compare_large()
    yield _compare_crowded()
    yield _compare_hanging()


def _compare(server: Server, url: str) -> Section:
    ask = warm(server)
    envelope = server.send(ask)
    with bare_view(envelope) as bare, cached_proxy(url) as proxy, nginx(url) as reference:
        asks = {
            "cached render": ask,
            "bare Flask view": _bare(bare, ask.body),
            "Flask and requests-cache": _bare(proxy, ask.body),
        }
        if reference:
            asks["nginx proxy_cache"] = Ask(reference, "GET")
        rates = in_turns(asks)
    ours, bare_rate = rates["cached render"], rates["bare Flask view"]
    targets = [
        Target("to the bare view", ours.per_second / bare_rate.per_second, 4, at_least=True),
        Target(
            "to the requests-cache proxy", times(ours, rates["Flask and requests-cache"]), 20, at_least=True
        ),
    ]
    if "nginx proxy_cache" in rates:
        targets.append(Target("to nginx", times(ours, rates["nginx proxy_cache"]), 0.35, at_least=True))
    targets.append(Target("99th percentile, to the bare view's", ours.p99_ms / bare_rate.p99_ms, 1))
    return Section(f"Cached render, 2 KB, by {loader_name()}", table(rates), targets)


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
        with running_server(Path(small_folder)) as small, running_server(Path(large_folder)) as large:
            small_ask, large_ask = warm(small), warm(large)
            small_bytes, large_bytes = len(small.send(small_ask)), len(large.send(large_ask))
            with bare_view(large.send(large_ask)) as bare:
                rates = in_turns(
                    {"2 KB": small_ask, "200 KB": large_ask, "bare view, 200 KB": _bare(bare, large_ask.body)}
                )
    moved = rates["200 KB"].per_second * large_bytes / (rates["2 KB"].per_second * small_bytes)
    return Section(
        "Cached render, 200 KB",
        table(rates),
        [
            Target("bytes a second, to those of 2 KB", moved, 0.8, at_least=True),
            Target(
                "to the bare view", times(rates["200 KB"], rates["bare view, 200 KB"]), 0.8, at_least=True
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
            running_server(Path(few_folder), PREFETCH="on") as few,
            running_server(Path(many_folder), PREFETCH="on") as many,
        ):
            _serve_each_once(many)
            resident = many.resident_mb()
            _wait_until_nothing_is_due(many)
            rates = in_turns({"one artifact": warm(few), "one of 100,000": warm(many)})
            figures = [
                *table(rates),
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
                times(rates["one of 100,000"], rates["one artifact"]),
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
            running_server(Path(calm_folder)) as calm,
            running_server(Path(folder), TIMEOUT=str(PATIENCE_SECONDS)) as troubled,
        ):
            calm_ask, troubled_ask = warm(calm), warm(troubled)
            _declare_hanging(troubled, hanging_url)
            with _waiting(troubled):
                rates = in_turns({"calm": calm_ask, "beside a hanging provider": troubled_ask})
    beside = rates["beside a hanging provider"]
    return Section(
        f"Cached render while {HANGING_CALLS} renders wait for a provider that hangs",
        table(rates),
        [
            Target("throughput, to that of calm", times(beside, rates["calm"]), 0.9, at_least=True),
            Target("99th percentile, to that of calm", beside.p99_ms / rates["calm"].p99_ms, 1.5),
        ],
    )


# -- how ---------------------------------------------------------------------------------------------------------------


def _bare(url: str, body: str) -> Ask:
    return Ask(url, body=body, headers={"Content-Type": "application/json"})


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
