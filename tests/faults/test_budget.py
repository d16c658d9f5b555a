"""Budgets under load, across processes and restarts: never one call more than allowed."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask

from errors import BreakerOpen, BudgetSpent, StorageFailed
from integrations.budget import Account, Budget
from integrations.budget.origin_pauses import FAILURES_TO_OPEN
from integrations.budget.rows import save_spent
from integrations.egress.messages import Answer, Headers, PreparedCall
from integrations.manifests.model import RateLimit
from integrations.usage.call_log import Cause
from plugin_store.engine.database import Database
from plugin_store.engine.opening import init_database
from tests.conftest import Client
from tests.integrations.stories import Service
from tests.plugin_store.engine.processes import finish, start_python

NOW = 1_800_000_000.0
CALL = PreparedCall("GET", "https://api.test/it")
ANSWER = Answer(200, Headers(), b"", "https://api.test:443", 0.0, 0)

SPEND = """
import sys
from pathlib import Path
from flask import Flask
from tests.faults import test_budget as spending
database = spending.init_database(Flask("spender"), Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
print(getattr(spending, sys.argv[2])(database, *map(int, sys.argv[3:])))
database.close()
"""
FAILING = Answer(500, Headers(), b"", "https://api.test:443", 0.0, 0)


def hourly(limit: int) -> Account:
    return Account(1, "svc", RateLimit(((3600, limit),)))


def spend_at_once(database: Database, limit: int, cause: Cause = "live") -> int:
    """How many calls went out when 50 threads tried four each."""
    budget, sent = Budget(database, lambda: NOW), itertools.count()

    def send() -> Answer:
        next(sent)
        return ANSWER

    def try_four(_thread: int) -> None:
        for _ in range(4):
            try:
                budget.spend(hourly(limit), CALL, cause, send)
            except BudgetSpent:
                continue

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(try_four, range(50)))
    return next(sent)


def probe_at_once(database: Database) -> int:
    """How many calls went to a provider that still fails when 16 threads tried, its pause being over."""
    budget, sent = Budget(database, lambda: NOW + 6), itertools.count()

    def send() -> Answer:
        next(sent)
        return FAILING

    def probe(_thread: int) -> None:
        with suppress(BreakerOpen):
            budget.spend(Account(1, "svc"), CALL, "live", send)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(probe, range(16)))
    return next(sent)


def in_processes(tmp_path: Path, count: int, work: str, *arguments: int) -> list[int]:
    """What the function of this module returned in so many processes that began it together."""
    workers = [start_python(SPEND, tmp_path, work, *arguments) for _ in range(count)]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    return [int(finish(worker)) for worker in workers]


@pytest.fixture
def database(tmp_path: Path) -> Any:
    database = init_database(Flask("budget"), tmp_path)
    yield database
    database.close()


def test_fifty_threads_never_exceed_the_limit(database: Database):
    assert spend_at_once(database, 70) == 70


def test_processes_share_one_ledger(tmp_path: Path, database: Database):
    assert sum(in_processes(tmp_path, 3, "spend_at_once", 90)) == 90
    assert spend_at_once(database, 90) == 0


def test_of_all_callers_in_all_processes_one_probes(tmp_path: Path, database: Database):
    for _ in range(FAILURES_TO_OPEN):
        Budget(database, lambda: NOW).spend(Account(1, "svc"), CALL, "live", lambda: FAILING)
    assert sum(in_processes(tmp_path, 3, "probe_at_once")) == 1


def test_a_call_that_is_held_up_on_its_way_is_charged_when_it_leaves(database: Database, monkeypatch):
    now = [NOW]
    charged: list[float] = []

    def save_and_stumble(*args: Any) -> None:
        save_spent(*args)
        charged.append(now[0])
        # The first commit takes long.
        now[0] += 0.5 if len(charged) == 1 else 0.0

    monkeypatch.setattr("integrations.budget.budget.save_spent", save_and_stumble)
    budget, account = Budget(database, lambda: now[0]), Account(1, "svc", RateLimit(((1, 1),)))
    budget.spend(account, CALL, "live", lambda: ANSWER)
    assert charged == [NOW, NOW + 0.5]
    now[0] = NOW + 1.2
    with pytest.raises(BudgetSpent):
        budget.spend(account, CALL, "live", lambda: ANSWER)


def test_a_probe_that_is_refused_at_the_last_moment_leaves_its_place(database: Database, monkeypatch):
    now, left = [NOW], threading.Event()
    account = Account(1, "svc", RateLimit(((1, 5), (60, FAILURES_TO_OPEN + 1))))
    budget = Budget(database, lambda: now[0])
    for _ in range(FAILURES_TO_OPEN):
        budget.spend(account, CALL, "live", lambda: FAILING)
    now[0] += 6

    def save_and_stumble(connection: Any, workspace_id: int, plugin_id: str, spent: Any, at: float) -> None:
        # While its thread waits, the clock goes on and others take all that is left.
        everything = {seconds: {**counts, int(at * 60 / seconds): 99} for seconds, counts in spent.items()}
        save_spent(connection, workspace_id, plugin_id, everything, at)
        now[0] += 0.5

    monkeypatch.setattr("integrations.budget.budget.save_spent", save_and_stumble)
    with pytest.raises(BudgetSpent):
        budget.spend(account, CALL, "live", left.set)  # type: ignore[arg-type]
    assert not left.is_set()
    assert budget.status(account).pauses["https://api.test:443"].probe_until == 0.0


def test_schedules_leave_the_reserve_to_people_under_load(database: Database):
    assert spend_at_once(database, 50, "prefetch") == 40
    assert spend_at_once(database, 50, "live") == 10


def test_concurrent_renders_through_the_server_never_exceed_the_limit(client, upstream, server):
    upstream.expect_request("/it").respond_with_json({})
    remote = Client(server.app)
    endpoint = {"id": "it", "path": "/it", "method": "POST"}
    Service(remote, upstream, [endpoint], rate_limit={"requests_per_day": 12})

    def execute(_number: int) -> int:
        path = "/api/v1/integrations/svc/execute"
        return server.request("POST", path, json={"endpoint_id": "it"}).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(execute, range(40)))
    assert sorted(statuses) == [200] * 12 + [429] * 28
    assert len(upstream.log) == 12


def test_a_restart_forgets_neither_budget_nor_pause(settings, make_app: Callable[..., Flask], upstream):
    upstream.expect_oneshot_request("/it").respond_with_json({})
    upstream.expect_request("/it").respond_with_data("", 429, {"Retry-After": "1800"})
    endpoint = {"id": "it", "path": "/it", "method": "POST"}
    with time_machine.travel(NOW, tick=False) as clock:
        service = Service(
            Client(make_app(settings)), upstream, [endpoint], rate_limit={"requests_per_minute": 1}
        )
        assert service.execute("it").status_code == 200
        after_restart = Client(make_app(settings))
        path, body = "/integrations/svc/execute", {"endpoint_id": "it"}
        assert after_restart.post(path, body).json["window"] == "minute"
        clock.shift(62)
        assert after_restart.post(path, body).json["upstream_status"] == 429
        after_another = Client(make_app(settings))
        refused = after_another.post(path, body)
        assert (refused.json["reason"], refused.headers["Retry-After"]) == ("cooldown", "1800")
    assert len(upstream.log) == 2


def test_a_call_whose_workspace_is_deleted_meanwhile_ends_as_it_would(database: Database):
    budget = Budget(database, lambda: NOW)
    account = Account(77, "svc", RateLimit(((60, 5),)))
    assert budget.spend(account, CALL, "live", lambda: FAILING) is FAILING


def test_a_store_that_cannot_be_written_stops_counted_calls_before_they_go(database: Database, monkeypatch):
    def refuse() -> Any:
        raise StorageFailed("full")

    sent = threading.Event()

    def send() -> Answer:
        sent.set()
        return ANSWER

    monkeypatch.setattr(database, "raw_write", refuse)
    with pytest.raises(StorageFailed):
        Budget(database, lambda: NOW).spend(hourly(5), CALL, "live", send)
    assert not sent.is_set()


def test_nor_does_it_cost_an_uncounted_call_its_answer(database: Database, monkeypatch):
    def refuse() -> Any:
        raise StorageFailed("full")

    failing = Answer(503, Headers((("Retry-After", "5"),)), b"", "https://api.test:443", 0.0, 0)
    monkeypatch.setattr(database, "raw_write", refuse)
    budget = Budget(database, lambda: NOW)
    assert budget.spend(Account(1, "svc"), CALL, "live", lambda: failing) is failing
