"""Prefetching with failing providers, clock changes, full disks, and at shutdown."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from pytest_httpserver import HTTPServer

from errors import DeadlineExceeded, StorageFailed
from integrations.concurrency.monotonic_scheduler import MonotonicScheduler
from plugin_store.engine.locks import LeaderLock
from plugin_store.engine.sqlite.locks import FileLeaderLock
from tests.integrations.prefetch.conftest import START, Ahead, HeldAnswers
from tests.upstreams import Upstream

# -- When it does not work ------------------------------------------------------------------------------------------


def test_a_failed_run_is_noted_and_tried_again_later_each_time(ahead: Ahead):
    ahead.upstream.clear()
    ahead.upstream.expect_request("/morning").respond_with_data("no", status=500)
    ahead.register("morning")
    waits = []
    for _ in range(3):
        assert ahead.sweep() == ["/morning"]
        job = ahead.job()
        assert (job["last_outcome"], job["last_error"]) == ("failed", "upstream_failed")
        next_run = datetime.fromisoformat(job["next_run_at"]).timestamp()
        waits.append(round(next_run - time.time()))
        ahead.traveller.move_to(next_run)
    assert waits == [54, 108, 216]
    assert ahead.job()["failures"] == 3


def test_a_failed_run_leaves_the_last_good_answer(ahead: Ahead):
    ahead.register("news")
    ahead.sweep()
    ahead.upstream.clear()
    ahead.upstream.expect_request("/news").respond_with_data("no", status=500)
    ahead.sweep(100)
    assert ahead.job()["last_outcome"] == "failed"
    assert ahead.render("news") == "HIT"


def test_a_spent_budget_makes_a_scheduled_run_yield(ahead: Ahead):
    ahead.register("news", "plain", rate_limit={"requests_per_hour": 1})
    ahead.render("plain")
    assert ahead.sweep() == []
    job = ahead.job()
    assert (job["last_outcome"], job["last_error"]) == ("yielded", "budget_spent")
    assert job["next_run_at"] > "2027-01-15T06:00:30"


def test_a_provider_that_hangs_has_failed(ahead: Ahead, monkeypatch: pytest.MonkeyPatch):
    def hang(*_: Any, **__: Any) -> None:
        raise DeadlineExceeded("It took too long.")

    ahead.register("news")
    monkeypatch.setattr(ahead.services.calling.executor, "call", hang)
    ahead.sweep()
    assert (ahead.job()["last_outcome"], ahead.job()["last_error"]) == ("failed", "deadline_exceeded")


def test_a_clock_that_is_set_back_frees_what_waits_for_its_note(
    ahead: Ahead, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: Any) -> None:
        raise StorageFailed("The disk is full.")

    ahead.register("news")
    with monkeypatch.context() as patch:
        patch.setattr(ahead.services.prefetch.jobs, "note_run", full)
        assert len(ahead.sweep()) == 1
    ahead.services.caching.artifacts.purge("svc")
    assert len(ahead.sweep(-86_400)) == 1


@pytest.fixture
def hanging_upstream() -> Iterator[HTTPServer]:
    """Another provider, which answers several calls at once."""
    with Upstream(host="127.0.0.1", threaded=True) as server:
        yield server


def test_a_plugin_whose_provider_hangs_begins_no_more_than_its_part(
    ahead: Ahead, monkeypatch: pytest.MonkeyPatch, hanging_upstream: HTTPServer
):
    monkeypatch.setattr("integrations.prefetch.prefetcher.MAX_BEGUN_OF_PLUGIN", 3)
    held = HeldAnswers()
    hanging_upstream.expect_request("/hang").respond_with_handler(held)
    block = {"endpoint": "hang", "pre_fetch": True, "refresh_interval": 100}
    ahead.declare(
        {
            "integration": {"base_url": hanging_upstream.url_for("").rstrip("/")},
            "endpoints": [{"id": "hang", "path": "/hang"}],
            "blocks": [{"id": f"b{number}", **block} for number in range(8)],
        }
    )
    hanging = ahead.prefetcher.sweep(time.time())
    assert len(hanging) == 3
    assert ahead.prefetcher.sweep(time.time()) == []
    other = {"id": "other", "name": "O", "version": "1.0.0", "type": "integration"}
    manifest = {
        "integration": {"base_url": ahead.upstream.url_for("").rstrip("/")},
        "endpoints": [{"id": "news", "path": "/news"}],
        "blocks": [{"id": "news", "endpoint": "news", "pre_fetch": True, "refresh_interval": 100}],
    }
    assert ahead.client.post("/plugins/register", {**other, "manifest": manifest}).status_code == 201
    assert ahead.sweep() == ["/news"]
    held.let_go()
    assert not wait(hanging, 20).not_done
    for begun in (3, 2, 0):
        runs = ahead.prefetcher.sweep(time.time())
        assert len(runs) == begun
        assert not wait(runs, 20).not_done


def test_a_render_that_joins_a_scheduled_fetch_has_the_budget_that_the_schedule_leaves(ahead: Ahead):
    held = HeldAnswers()
    ahead.upstream.clear()
    ahead.upstream.expect_request("/plain").respond_with_json({})
    ahead.upstream.expect_oneshot_request("/one").respond_with_handler(held)
    ahead.upstream.expect_request("/two").respond_with_json({"two": 2})
    steps = [{"id": "one", "endpoint": "one"}, {"id": "two", "endpoint": "two"}]
    ahead.declare(
        {
            "integration": {
                "base_url": ahead.upstream.url_for("").rstrip("/"),
                "rate_limit": {"requests_per_hour": 5},
            },
            "endpoints": [{"id": name, "path": f"/{name}"} for name in ("plain", "one", "two")],
            "blocks": [
                {"id": "chain", "steps": steps, "pre_fetch": True, "refresh_interval": 100},
                {"id": "plain", "endpoint": "plain", "cache_ttl": 1},
            ],
        }
    )
    for _ in range(3):
        ahead.render("plain")
        ahead.traveller.shift(2)
    # The fourth call of five is the last that a schedule may make; then it needs a fifth.
    running = ahead.prefetcher.sweep(time.time())
    held.wait_for_a_call()
    with ThreadPoolExecutor(1) as pool:
        rendering = pool.submit(ahead.client.post, "/integrations/svc/render", {"block_type": "chain"})
        flights = ahead.services.rendering.renderer._read_through.flights
        while not any(flights.waiting(key) for key in list(flights._flights)):
            assert not wait([rendering], 0.005).done
        held.let_go()
        answer = rendering.result(20)
    assert not wait(running, 20).not_done
    assert ahead.job()["last_outcome"] == "yielded"
    assert (answer.status_code, answer.json["data"]) == (200, {"two": 2})


def test_a_job_never_overlaps_itself(ahead: Ahead):
    held = HeldAnswers()
    ahead.upstream.clear()
    ahead.upstream.expect_request("/news").respond_with_handler(held)
    ahead.register("news")
    running = ahead.prefetcher.sweep(time.time())
    held.wait_for_a_call()
    ahead.traveller.shift(500)
    assert ahead.prefetcher.sweep(time.time()) == []
    held.let_go()
    assert not wait(running, 20).not_done
    assert len(ahead.upstream.log) == 1


def test_what_cannot_be_noted_is_not_fetched_again_and_again(ahead: Ahead, monkeypatch: pytest.MonkeyPatch):
    ahead.register("morning")

    def full(*_: Any) -> None:
        raise StorageFailed("The disk is full.")

    monkeypatch.setattr(ahead.services.prefetch.jobs, "note_run", full)
    assert ahead.sweep() == ["/morning"]
    ahead.services.caching.artifacts.purge("svc")
    assert ahead.sweep(60) == []


def test_an_answer_that_may_not_be_kept_is_called_so(ahead: Ahead):
    ahead.upstream.clear()
    ahead.upstream.expect_request("/news").respond_with_json({}, headers={"Cache-Control": "no-store"})
    block = {"id": "news", "pre_fetch": True, "refresh_interval": 100}
    ahead.declare(
        {
            "integration": {"base_url": ahead.upstream.url_for("").rstrip("/")},
            "endpoints": [{"id": "news", "path": "/news"}],
            "blocks": [block],
        }
    )
    ahead.sweep()
    assert ahead.job()["last_outcome"] == "not_kept"


# -- The round itself -----------------------------------------------------------------------------------------------


def test_rounds_go_on_after_the_clock_is_set_back():
    rounds = threading.Semaphore(0)
    with time_machine.travel(START) as traveller:
        scheduler = MonotonicScheduler(rounds.release)
        scheduler.start()
        try:
            assert rounds.acquire(timeout=20)
            traveller.shift(-86_400)
            assert all(rounds.acquire(timeout=20) for _ in range(3))
        finally:
            scheduler.shutdown()


def test_the_turn_is_held_by_one_and_passes_on(tmp_path: Path):
    one, other = FileLeaderLock(tmp_path / "lock"), FileLeaderLock(tmp_path / "lock")
    assert (one.take(), one.take(), other.take()) == (True, True, False)
    one.release()
    assert other.take()
    other.release()


class Told(LeaderLock):
    """A leader lock that is had and lost as it is told."""

    is_mine = True

    def take(self) -> bool:
        return self.is_mine

    def release(self) -> None:
        self.is_mine = False


def test_who_leads_no_more_leaves_what_waits_for_a_thread_to_others(make_ahead: Callable[..., Ahead]):
    ahead, held, lock = make_ahead(upstream_calls=1), HeldAnswers(), Told()
    prefetcher = ahead.prefetcher
    prefetcher._leader_lock = lock
    ahead.upstream.clear()
    for path in ("/news", "/morning"):
        ahead.upstream.expect_request(path).respond_with_handler(held)
    ahead.register("news", "morning")
    prefetcher._tick()
    held.wait_for_a_call()
    lock.is_mine = False
    prefetcher._tick()
    held.let_go()
    # The pool runs one after the other, so what comes behind both is the last.
    prefetcher._pool.submit("svc", lambda: None).result(20)
    assert [job["last_outcome"] for job in ahead.jobs()].count("fetched") == 1
    lock.is_mine = True
    assert len(ahead.sweep()) == 1
    assert {job["last_outcome"] for job in ahead.jobs()} == {"fetched"}


def test_closing_waits_for_what_is_being_fetched(ahead: Ahead):
    ahead.register("news")
    ahead.prefetcher.start()
    while not ahead.upstream.log:
        threading.Event().wait(0.01)
    ahead.prefetcher.close()
    assert ahead.job()["last_outcome"] == "fetched"
