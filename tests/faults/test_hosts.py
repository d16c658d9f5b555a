"""Servers with data folders of their own on one database, as on several hosts: they share work, and outlive each other."""

from __future__ import annotations

import base64
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from plugin_store.engine.postgresql.locks import key_of
from tests.databases import TestDatabases
from tests.faults.test_prefetch_processes import INTERVAL_SECONDS, Arrivals, Prefetching
from tests.upstreams import Upstream

pytestmark = pytest.mark.postgresql

KEY, OTHER_KEY = (base64.urlsafe_b64encode(letter * 32).decode() for letter in (b"a", b"b"))
MOST_LOOKS = 1500
LEADER = (
    "SELECT application_name, pid FROM pg_locks JOIN pg_stat_activity USING (pid)"
    " WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32) | objid::bigint = %s"
)


class Cluster:
    """Hosts on one database."""

    def __init__(self, folder: Path, url: str, started: ExitStack) -> None:
        self._folder = folder
        self._url = url
        self._started = started
        self.server = started.enter_context(psycopg.connect(url.replace("+psycopg", ""), autocommit=True))
        self.hosts: dict[str, Prefetching] = {}

    def start(self, name: str, **settings: str) -> Prefetching:
        """A host, whose connections carry its name."""
        url = f"{self._url}?application_name={name}"
        host = Prefetching(
            self._folder / name, **{"PATCHBAY_DATABASE_URL": url, "PATCHBAY_SECRET_KEY": KEY} | settings
        )
        self.hosts[name] = self._started.enter_context(host)
        return host

    def leader(self) -> tuple[str, int]:
        """The name of the host that prefetches, once there is one, and the session of its locks."""
        waited = threading.Event()
        for _ in range(MOST_LOOKS):
            row: Any = self.server.execute(LEADER.encode(), (key_of("leader:prefetch"),)).fetchone()
            if row is not None:
                return row
            waited.wait(0.02)
        raise AssertionError("nobody leads")


@pytest.fixture
def cluster(tmp_path: Path, server_databases: TestDatabases) -> Iterator[Cluster]:
    with ExitStack() as started:
        yield Cluster(tmp_path, server_databases.url_of(tmp_path), started)


@pytest.fixture
def start(cluster: Cluster) -> Callable[..., Prefetching]:
    return cluster.start


def pairs_of(arrivals: Arrivals) -> int:
    """The calls that came soon after the same one: those of two schedulers would come in pairs."""
    gaps = (later - earlier for times in arrivals.times.values() for earlier, later in pairwise(times))
    return sum(gap < INTERVAL_SECONDS / 2 for gap in gaps)


def test_hosts_run_each_job_once_and_take_over_from_one_that_is_killed(
    cluster: Cluster, upstream: HTTPServer
) -> None:
    arrivals = Arrivals(upstream)
    one = cluster.start("one")
    cluster.start("two")
    one.register(upstream, blocks=3)
    arrivals.wait_for(3, blocks=3)
    assert pairs_of(arrivals) == 0
    name, _ = cluster.leader()
    cluster.hosts.pop(name).end(signal.SIGKILL)
    seen = max(map(len, arrivals.times.values()))
    arrivals.wait_for(seen + 2, blocks=3)
    ((heir_name, heir),) = cluster.hosts.items()
    assert cluster.leader()[0] == heir_name
    assert {job["last_outcome"] for job in heir.call("GET", "/prefetch")} == {"fetched"}


def test_a_leader_whose_locks_break_lets_another_lead_or_leads_again(
    cluster: Cluster, upstream: HTTPServer
) -> None:
    arrivals = Arrivals(upstream)
    one = cluster.start("one")
    cluster.start("two")
    one.register(upstream, blocks=3)
    for round_number in range(1, 4):
        arrivals.wait_for(2 * round_number, blocks=3)
        _, pid = cluster.leader()
        cluster.server.execute(b"SELECT pg_terminate_backend(%s, 5000)", (pid,))
    arrivals.wait_for(8, blocks=3)
    # What was on its way when the locks broke may be fetched again, but nothing else.
    assert pairs_of(arrivals) <= 3
    assert [host.end(signal.SIGTERM)[0] for host in cluster.hosts.values()] == [0, 0]


MANIFEST_BLOCK = {"id": "news", "endpoint": "news", "cache_ttl": 600}


class Provider:
    """Answers a call when it is told to, with a large body."""

    def __init__(self) -> None:
        self.http = Upstream(host="127.0.0.1", threaded=True)
        self.calls = 0
        self._arrived, self._go_on = threading.Semaphore(0), threading.Semaphore(0)
        self.http.expect_request("/news").respond_with_handler(self._answer)

    def _answer(self, _: Request) -> Response:
        self.calls += 1
        self._arrived.release()
        assert self._go_on.acquire(timeout=30)
        return Response(
            f'{{"call": {self.calls}, "text": "{"x" * 200_000}"}}', content_type="application/json"
        )

    def wait_for_a_call(self) -> None:
        assert self._arrived.acquire(timeout=30)

    def let_go(self, calls: int = 1) -> None:
        self._go_on.release(calls)


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    with made.http:
        yield made
        made.let_go(100)


def declare(host: Prefetching, provider: Provider) -> None:
    manifest = {
        "integration": {"base_url": provider.http.url_for("").rstrip("/")},
        "endpoints": [{"id": "news", "path": "/news"}],
        "blocks": [MANIFEST_BLOCK],
    }
    declaration = {"id": "svc", "name": "S", "version": "1.0.0", "type": "integration"}
    host.call("POST", "/plugins/register", {**declaration, "manifest": manifest})


def render(host: Prefetching) -> dict[str, Any]:
    return host.call("POST", "/integrations/svc/render", {"block_type": "news"})


def test_hosts_fetch_once_for_all_who_ask_and_keep_it_when_one_dies(
    start: Callable[..., Prefetching], provider: Provider
) -> None:
    one, two = start("one", PATCHBAY_PREFETCH="off"), start("two", PATCHBAY_PREFETCH="off")
    declare(one, provider)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(render, host) for host in (one, two) * 4]
        provider.wait_for_a_call()
        provider.let_go(8)
        answers = [answer.result()["data"] for answer in asked]
    assert provider.calls == 1
    assert {answer["call"] for answer in answers} == {1}
    one.end(signal.SIGKILL)
    assert render(start("three", PATCHBAY_PREFETCH="off"))["data"] == answers[0]
    assert (render(two)["cached"], provider.calls) == (True, 1)


def test_who_waits_for_a_host_that_dies_fetches_itself(
    start: Callable[..., Prefetching], provider: Provider
) -> None:
    one, two = start("one", PATCHBAY_PREFETCH="off"), start("two", PATCHBAY_PREFETCH="off")
    declare(one, provider)
    with ThreadPoolExecutor(2) as pool:
        lost = pool.submit(render, one)
        provider.wait_for_a_call()
        waiting = pool.submit(render, two)
        one.end(signal.SIGKILL)
        provider.wait_for_a_call()
        provider.let_go(2)
        assert waiting.result()["data"]["call"] == 2
        assert lost.exception() is not None


def test_a_host_with_another_key_says_so_and_seals_nothing(
    start: Callable[..., Prefetching], provider: Provider
) -> None:
    one = start("one", PATCHBAY_PREFETCH="off")
    other = start("other", PATCHBAY_PREFETCH="off", PATCHBAY_SECRET_KEY=OTHER_KEY)
    manifest = {
        "integration": {"base_url": provider.http.url_for("").rstrip("/")},
        "properties": [{"name": "token", "secure": True}],
        "endpoints": [{"id": "news", "path": "/news"}],
    }
    declaration = {"id": "svc", "name": "S", "version": "1.0.0", "type": "integration"}
    other.call("POST", "/plugins/register", {**declaration, "manifest": manifest})
    ready = [requests.get(f"{host.origin}/readyz", timeout=30) for host in (one, other)]
    assert [answer.status_code for answer in ready] == [200, 503]
    assert [answer.json()["checks"]["secret_key"] for answer in ready] == ["ok", "failed"]
    refused = other.ask("PUT", "/integrations/svc/secrets/token", {"value": "sesame-0123"})
    assert (refused.status_code, refused.json()["code"]) == (503, "storage_failed")
    assert one.call("PUT", "/integrations/svc/secrets/token", {"value": "sesame-0123"})["status"] == "ok"
    assert "another key" in other.end(signal.SIGTERM)[1]
