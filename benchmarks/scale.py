"""One process and several, on SQLite and on PostgreSQL, under the same load; several behind nginx.

All of them run at the same time, each set-up with a store of its own, and are measured in turn.
"""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path

import orjson
import psycopg
from cryptography.fernet import Fernet
from sqlalchemy import make_url

from benchmarks.cold_render import BLOCKS, batch, check_batch
from benchmarks.load import Ask, loader_name, put_under_load
from benchmarks.loopback import declaration, manifest, upstream
from benchmarks.nginx import BALANCED_HOST, balancing
from benchmarks.process_time import tree_seconds
from benchmarks.register_batch import PLUGINS, declarations
from benchmarks.report import Section, Target
from benchmarks.served import Server, running_server, warm
from scripts.private_postgresql import private_server

ROUNDS, SECONDS = 3, 2.0
HIT_CONNECTIONS, COLD_CONNECTIONS = 32, 16
NUMBERS = 1_000_000
BATCHES, SLOW_MS = 5, 50
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
BEHIND_NGINX = {"ALLOWED_HOSTS": BALANCED_HOST}
HITS_AT_LEAST, COLD_AT_MOST = 0.9, 1.5


@dataclass(frozen=True, slots=True)
class SetUp:
    """Processes that share a store, and the origin at which clients reach them."""

    name: str
    servers: Sequence[Server]
    origin: str
    store_seconds: Callable[[], float]
    """The processor time that the store's own processes have used."""

    def processor_seconds(self) -> float:
        return sum(server.processor_seconds() for server in self.servers)

    def render(self, plugin_id: str, body: str, numbers: int = 0, first: int = 0) -> Ask:
        url = f"{self.origin}/api/v1/integrations/{plugin_id}/render"
        return Ask(url, "POST", body, self.servers[0].render("").headers, numbers, first)

    def post(self, path: str, body: bytes) -> bytes:
        headers = self.servers[0].render("").headers
        return self.servers[0].send(Ask(self.origin + path, body=body.decode(), headers=headers))


@dataclass(frozen=True, slots=True)
class Figures:
    """What one round measured; and the medians of several."""

    hits_per_second: float
    hit_us: float
    """Processor time of Patchbay for a hit, in microseconds."""
    colds_per_second: float
    cold_ms: float
    """Processor time of Patchbay for a cold render, in milliseconds."""
    store_ms: float
    """Processor time of PostgreSQL for a cold render, in milliseconds."""
    batch_ms: float
    register_ms: float


def measure() -> dict[str, Figures]:
    """The medians of each set-up."""
    with upstream(0) as fast, upstream(SLOW_MS) as slow, ExitStack() as running:
        set_ups = list(_set_ups(running))
        for set_up in set_ups:
            _declare(set_up, {"plugin-0": fast, "slow": slow})
        # Each measurement asks for what nobody asked for before. The first round warms up.
        numbers = itertools.count(1)
        rounds = [
            {set_up.name: _measure_round(set_up, next(numbers)) for set_up in set_ups}
            for _ in range(ROUNDS + 1)
        ][1:]
    return {set_up.name: _medians([found[set_up.name] for found in rounds]) for set_up in set_ups}


def _set_ups(running: ExitStack) -> Iterator[SetUp]:
    one_file, two_file = _on_sqlite(running, 1), _on_sqlite(running, 2)
    yield SetUp("SQLite, 1 process", one_file, one_file[0].origin, lambda: 0.0)
    yield SetUp("SQLite, 1 behind nginx", one_file, _balanced(running, one_file), lambda: 0.0)
    yield SetUp("SQLite, 2 behind nginx", two_file, _balanced(running, two_file), lambda: 0.0)
    # On the disk, and waiting for it, as where data is kept.
    url = running.enter_context(private_server(DURABLE, in_memory=False)).url
    postmaster = _postmaster(url)

    def store_seconds() -> float:
        return tree_seconds(postmaster)

    one = _on_postgresql(running, url, 1)
    yield SetUp("PostgreSQL, 1 process", one, one[0].origin, store_seconds)
    yield SetUp("PostgreSQL, 1 behind nginx", one, _balanced(running, one), store_seconds)
    for processes in (2, 4):
        servers = _on_postgresql(running, url, processes)
        name = f"PostgreSQL, {processes} behind nginx"
        yield SetUp(name, servers, _balanced(running, servers), store_seconds)


def _on_sqlite(running: ExitStack, processes: int) -> list[Server]:
    folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
    return [running.enter_context(running_server(folder, **BEHIND_NGINX)) for _ in range(processes)]


def _on_postgresql(running: ExitStack, url: str, processes: int) -> list[Server]:
    """Each has a data folder of its own, as on hosts of their own."""
    name = f"processes_{processes}"
    with psycopg.connect(_plain(url), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
    settings = {
        **BEHIND_NGINX,
        "DATABASE_URL": make_url(url).set(database=name).render_as_string(hide_password=False),
        "SECRET_KEY": Fernet.generate_key().decode(),
    }
    folders = [Path(running.enter_context(tempfile.TemporaryDirectory())) for _ in range(processes)]
    return [running.enter_context(running_server(folder, **settings)) for folder in folders]


def _balanced(running: ExitStack, servers: Sequence[Server]) -> str:
    return running.enter_context(balancing([server.origin for server in servers]))


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _postmaster(url: str) -> int:
    """The process that all of PostgreSQL's processes are children of."""
    with psycopg.connect(_plain(url)) as connection:
        backend = connection.info.backend_pid
        status = Path(f"/proc/{backend}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("PPid:"))


def _declare(set_up: SetUp, urls: Mapping[str, str]) -> None:
    for plugin_id, url in urls.items():
        block = {
            "id": "item",
            "endpoint": "item",
            "cache_ttl": 86400,
            "config_schema": {"n": {"type": "integer"}},
        }
        declared = declaration(plugin_id, manifest(url, [block]))
        set_up.post("/api/v1/plugins/register", orjson.dumps(declared))


# -- one round of one set-up -------------------------------------------------------------------------------------------


def _measure_round(set_up: SetUp, number: int) -> Figures:
    for server in set_up.servers:
        warm(server)
    hits = set_up.render("plugin-0", '{"block_type":"item","parameters":{"n":0}}')
    hits_per_second, hit_seconds, _ = _load(set_up, hits, HIT_CONNECTIONS)
    colds = set_up.render(
        "plugin-0", '{"block_type":"item","parameters":{"n":%d}}', NUMBERS, number * NUMBERS
    )
    colds_per_second, cold_seconds, store_seconds = _load(set_up, colds, COLD_CONNECTIONS)
    return Figures(
        hits_per_second=hits_per_second,
        hit_us=hit_seconds * 1e6,
        colds_per_second=colds_per_second,
        cold_ms=cold_seconds * 1e3,
        store_ms=store_seconds * 1e3,
        batch_ms=_batch_ms(set_up, itertools.count(number * NUMBERS)),
        register_ms=_register_ms(set_up, number * PLUGINS),
    )


def _load(set_up: SetUp, ask: Ask, connections: int) -> tuple[float, float, float]:
    """Answers a second, and for each the seconds of processor time of Patchbay and of the store."""
    ours, stores = set_up.processor_seconds(), set_up.store_seconds()
    rate = put_under_load(ask, SECONDS, connections)
    assert not rate.failed, rate
    answers = rate.per_second * SECONDS
    return (
        rate.per_second,
        (set_up.processor_seconds() - ours) / answers,
        (set_up.store_seconds() - stores) / answers,
    )


def _batch_ms(set_up: SetUp, numbers: Iterator[int]) -> float:
    times = []
    for _ in range(BATCHES):
        body = batch("slow", "item", numbers)
        started = time.perf_counter()
        answer = set_up.post("/api/v1/render-batch", body)
        times.append(time.perf_counter() - started)
        check_batch(answer)
    return statistics.median(times) * 1000


def _register_ms(set_up: SetUp, first: int) -> float:
    body = orjson.dumps({"plugins": declarations(first)})
    started = time.perf_counter()
    answer = set_up.post("/api/v1/plugins/register-batch", body)
    seconds = time.perf_counter() - started
    assert orjson.loads(answer)["registered"] == PLUGINS, answer[:1000]
    return seconds * 1000


# -- what is said of them ----------------------------------------------------------------------------------------------


def run() -> list[Section]:
    """Each set-up's figures, and as ratios to one process on SQLite."""
    found = measure()
    first, *_ = found.values()
    sqlite, postgresql = found["SQLite, 1 process"], found["PostgreSQL, 1 process"]
    width = max(map(len, found))
    figures = [
        f"{'':{width}}        hits  each            cold  each   PostgreSQL   {BLOCKS} blocks    {PLUGINS} plugins"
    ]
    figures += [
        f"{name:{width}}  {of.hits_per_second:6,.0f} /s {_ratio(of.hits_per_second, first.hits_per_second)}"
        f" {of.hit_us:4.0f} µs  {of.colds_per_second:5,.0f} /s"
        f" {_ratio(of.colds_per_second, first.colds_per_second)} {of.cold_ms:5.2f} ms  {of.store_ms:5.2f} ms"
        f"  {of.batch_ms:5.0f} ms {_ratio(of.batch_ms, first.batch_ms)}"
        f"  {of.register_ms:6,.0f} ms {_ratio(of.register_ms, first.register_ms)}"
        for name, of in found.items()
    ]
    targets = [
        Target(
            "a hit's rate on PostgreSQL, to SQLite",
            postgresql.hits_per_second / sqlite.hits_per_second,
            HITS_AT_LEAST,
            at_least=True,
        ),
        Target(
            "a cold render's processor time on PostgreSQL, to SQLite",
            postgresql.cold_ms / sqlite.cold_ms,
            COLD_AT_MOST,
        ),
    ]
    return [Section(f"Several processes, by {loader_name()}", figures, targets)]


def _ratio(value: float, of: float) -> str:
    return f"{value / of:4.2f} ×"


def _medians(rounds: Sequence[Figures]) -> Figures:
    values = [[getattr(found, field.name) for found in rounds] for field in fields(Figures)]
    return Figures(*map(statistics.median, values))


if __name__ == "__main__":
    print("\n".join(section.text() for section in run()))
