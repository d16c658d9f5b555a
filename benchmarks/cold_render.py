"""A render that must be fetched, against a plain pooled `requests.Session.get` in a Flask view on the same server.

Measured like a user sees it: both over HTTP, from a loopback provider that answers 2 KB.
"""

from __future__ import annotations

import http.client
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import orjson
import requests
from flask import Flask, Response, request
from requests.adapters import HTTPAdapter

from app import close_app, create_app
from benchmarks.load import Ask, loader_name, put_under_load
from benchmarks.loopback import declaration, manifest, running, upstream
from benchmarks.report import Section, Target
from integrations.concurrency import interpreter_slots as held_slot
from settings import Settings, load_settings
from web.server.serve import bind
from web.server.server import make_server

TOKEN = "bench"
HOST_HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
ROUNDS, CALLS, PARALLEL, SECONDS = 5, 300, 16, 2.0
# The maximum number of distinct renders that a load run can make.
NUMBERS = 1_000_000
BLOCKS, SLOW_MS = 20, 50
# A path of which the server knows that its view waits for others, so that it has as many threads as ours.
PLAIN_PATH = "/api/v1/integrations/plain/render"
# The latency of a nearby provider, as opposed to one on this machine.
NEAR_MS = 20
OVERHEAD_LIMIT_MS, COST_LIMIT, BATCH_LIMIT = 1.0, 1.6, 1.6


@dataclass(frozen=True, slots=True)
class Cold:
    """Medians: milliseconds per call one at a time, calls per second at 16 in parallel, the batch."""

    ours_p50_ms: float
    theirs_p50_ms: float
    ours_per_second: float
    theirs_per_second: float
    ours_near_per_second: float
    theirs_near_per_second: float
    one_block_ms: float
    batch_ms: float

    @property
    def overhead_ms(self) -> float:
        return self.ours_p50_ms - self.theirs_p50_ms

    @property
    def cost(self) -> float:
        return self.theirs_per_second / self.ours_per_second

    @property
    def near_cost(self) -> float:
        return self.theirs_near_per_second / self.ours_near_per_second

    @property
    def batch_ratio(self) -> float:
        return self.batch_ms / self.one_block_ms


def measure() -> Cold:
    """Measures both alternately, round by round."""
    with (
        upstream(0) as fast,
        upstream(NEAR_MS) as near,
        upstream(SLOW_MS) as slow,
        _served("ours") as ours,
        _served("theirs", fast) as theirs,
        _served("theirs", near) as theirs_near,
    ):
        _declare(ours, {"bench": fast, "near": near, "slow": slow})
        numbers, loads = itertools.count(), itertools.count(NUMBERS, NUMBERS)
        slow_blocks, renders, near_renders, gets = itertools.count(), _renders(), _renders("near"), _gets()
        for port, asks in ((ours, renders), (ours, near_renders), (theirs, gets), (theirs_near, gets)):
            _per_second(port, asks, next(loads))
        rounds = [
            (
                _p50_ms(ours, renders, numbers),
                _p50_ms(theirs, gets, numbers),
                _per_second(ours, renders, next(loads)),
                _per_second(theirs, gets, next(loads)),
                _per_second(ours, near_renders, next(loads)),
                _per_second(theirs_near, gets, next(loads)),
                _one_block_ms(ours, slow_blocks),
                _batch_ms(ours, slow_blocks),
            )
            for _ in range(ROUNDS)
        ]
        return Cold(*(statistics.median(values) for values in zip(*rounds, strict=True)))


@dataclass(frozen=True, slots=True)
class Question:
    """A request that is repeated, each time with another number in the place of `%d`."""

    path: str
    body: str


def _renders(plugin_id: str = "bench") -> Question:
    """Renders that each ask for something new."""
    path = f"/api/v1/integrations/{plugin_id}/render"
    return Question(path, '{"block_type":"fast","parameters":{"n":%d}}')


def _gets() -> Question:
    return Question(PLAIN_PATH, '{"n":%d}')


def _declare(port: int, urls: Mapping[str, str]) -> None:
    for plugin_id, url in urls.items():
        block = {
            "id": "fast",
            "endpoint": "item",
            "cache_ttl": 3600,
            "config_schema": {"n": {"type": "integer"}},
        }
        declared = declaration(plugin_id, manifest(url, [block]))
        _post(
            http.client.HTTPConnection("127.0.0.1", port),
            "/api/v1/plugins/register",
            orjson.dumps(declared),
            201,
        )


def _post(connection: http.client.HTTPConnection, path: str, body: bytes, status: int = 200) -> bytes:
    connection.request("POST", path, body, HOST_HEADERS)
    answer = connection.getresponse()
    data = answer.read()
    assert answer.status == status, data
    return data


def _p50_ms(port: int, asked: Question, numbers: Iterator[int]) -> float:
    connection, times = http.client.HTTPConnection("127.0.0.1", port), []
    for _ in range(CALLS):
        body = (asked.body % next(numbers)).encode()
        started = time.perf_counter()
        _post(connection, asked.path, body)
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


def _per_second(port: int, asked: Question, first: int) -> float:
    ask = Ask(f"http://127.0.0.1:{port}{asked.path}", "POST", asked.body, HOST_HEADERS, NUMBERS, first)
    rate = put_under_load(ask, SECONDS, PARALLEL)
    assert not rate.failed, rate
    return rate.per_second


def _one_block_ms(port: int, numbers: Iterator[int]) -> float:
    connection, times = http.client.HTTPConnection("127.0.0.1", port), []
    asked = _renders("slow")
    for _ in range(10):
        body = (asked.body % next(numbers)).encode()
        started = time.perf_counter()
        _post(connection, asked.path, body)
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


def _batch_ms(port: int, numbers: Iterator[int]) -> float:
    connection, times = http.client.HTTPConnection("127.0.0.1", port), []
    for _ in range(5):
        body = batch("slow", "fast", numbers)
        started = time.perf_counter()
        answer = _post(connection, "/api/v1/render-batch", body)
        times.append(time.perf_counter() - started)
        check_batch(answer)
    return statistics.median(times) * 1000


def batch(plugin_id: str, block_id: str, numbers: Iterator[int]) -> bytes:
    """The body of a batch of blocks that were never rendered."""
    blocks = [
        {
            "key": str(key),
            "integration_id": plugin_id,
            "block_type": block_id,
            "parameters": {"n": next(numbers)},
        }
        for key in range(BLOCKS)
    ]
    return orjson.dumps({"blocks": blocks})


def check_batch(answer: bytes) -> None:
    """Raises AssertionError unless each block of a batch was rendered."""
    assert [orjson.loads(line)["status"] for line in answer.splitlines()] == [200] * BLOCKS


# -- what is served, each in a process of its own --------------------------------------------------------------------


@contextmanager
def _served(*what: str) -> Iterator[int]:
    with running("benchmarks.cold_render", *what) as (_, port):
        yield int(port)


def _serve(app: Flask, settings: Settings) -> None:
    """Serves until the process is ended; prints the port. The one place that knows the server."""
    listener = bind(settings)
    print(listener.getsockname()[1], flush=True)
    make_server(app, listener, settings).run_until_stopped()


def _serve_ours(settings: Settings, ending: ExitStack) -> None:
    listener = bind(settings)
    port = listener.getsockname()[1]
    listener.close()
    settings = replace(settings, port=port)
    app = create_app(settings)
    ending.callback(close_app, app)
    _serve(app, settings)


def _serve_theirs(settings: Settings, url: str) -> None:
    """The view that people would write instead."""
    app = Flask("passthrough")
    # The view does not release our slots, and would hold one of few while it waits for its provider.
    for _ in range(settings.threads):
        held_slot._places.put(None)
    session = requests.Session()
    session.mount("http://", HTTPAdapter(pool_maxsize=settings.threads))

    @app.post(PLAIN_PATH)
    def get() -> Response:
        given: Any = request.get_json()
        answer = session.get(f"{url}/item", params={"n": given["n"]}, timeout=10)
        return Response(answer.content, content_type="application/json")

    _serve(app, settings)


def run() -> list[Section]:
    """Both ways, one at a time and in parallel, and a batch."""
    cold = measure()
    figures = [
        f"one at a time  {cold.ours_p50_ms:6.2f} ms   plain get {cold.theirs_p50_ms:6.2f} ms",
        f"{PARALLEL} at a time   {cold.ours_per_second:6.0f} /s   plain get {cold.theirs_per_second:6.0f} /s",
        f"{NEAR_MS} ms away     {cold.ours_near_per_second:6.0f} /s   plain get {cold.theirs_near_per_second:6.0f} /s"
        f"   {cold.near_cost:.2f} ×",
        f"{BLOCKS} in a batch  {cold.batch_ms:6.1f} ms   one block {cold.one_block_ms:6.1f} ms",
    ]
    targets = [
        Target("overhead at the median", cold.overhead_ms, OVERHEAD_LIMIT_MS, "ms"),
        Target(f"throughput's cost, {PARALLEL} at a time", cold.cost, COST_LIMIT),
        Target(f"{BLOCKS} blocks in a batch, to one", cold.batch_ratio, BATCH_LIMIT),
    ]
    return [
        Section(
            f"Cold render, against a plain pooled requests.Session.get, by {loader_name()}", figures, targets
        )
    ]


def _serve_what(what: str, *more: str) -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as ending:
        environ = {
            "PATCHBAY_INSTANCE": folder,
            "PATCHBAY_TOKEN": TOKEN,
            "PATCHBAY_PORT": "0",
            "PATCHBAY_PREFETCH": "off",
            "PATCHBAY_EGRESS_ALLOW": "127.0.0.1/32",
        }
        settings = load_settings(environ)
        if what == "ours":
            _serve_ours(settings, ending)
        else:
            _serve_theirs(settings, *more)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _serve_what(*sys.argv[1:])
    else:
        print("\n".join(section.text() for section in run()))
