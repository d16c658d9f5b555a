"""Prefetching: what is fetched, when, for whom, and what stops it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import time_machine
from flask import Flask
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from settings import Settings
from tests.integrations.prefetch.conftest import BLOCKS, Ahead

# -- What is fetched, and when --------------------------------------------------------------------------------------


def test_a_block_is_there_before_anybody_asks(ahead: Ahead):
    ahead.register("news")
    assert ahead.sweep() == ["/news?units=metric"]
    assert ahead.render("news") == "HIT"


def test_a_block_is_fetched_once_an_interval(ahead: Ahead):
    ahead.register("news")
    assert len(ahead.sweep()) == 1
    assert ahead.sweep(80) == []
    assert len(ahead.sweep(20)) == 1
    assert ahead.sweep() == []


def test_what_somebody_rendered_lately_is_not_fetched_again(ahead: Ahead):
    ahead.register("news")
    ahead.sweep()
    ahead.traveller.shift(80)
    ahead.client.post("/integrations/svc/render", {"block_type": "news", "use_cache": False})
    assert ahead.sweep(20) == []
    assert ahead.job()["last_outcome"] == "fresh"
    assert len(ahead.sweep(75)) == 1


def test_a_schedule_runs_at_its_time_in_its_zone(ahead: Ahead):
    ahead.register("morning")
    assert ahead.sweep() == ["/morning"]
    # Seven o'clock in Oslo is six in UTC, so that the next is tomorrow's.
    assert ahead.job()["next_run_at"] == "2027-01-16T06:00:00.000Z"
    assert ahead.sweep(86_000) == []
    assert ahead.sweep(400) == ["/morning"]


def test_a_time_that_was_missed_is_made_up_for_once(ahead: Ahead):
    ahead.register("morning", "news")
    ahead.sweep()
    assert sorted(ahead.sweep(10 * 86_400)) == ["/morning", "/news?units=metric"]
    assert ahead.sweep() == []


def test_a_clock_that_is_set_back_costs_one_run_a_job_and_stops_none(ahead: Ahead):
    ahead.register("morning", "news")
    ahead.sweep()
    assert len(ahead.sweep(-7 * 86_400)) <= 2
    assert ahead.sweep() == []
    assert ahead.sweep(101) == ["/news?units=metric"]
    assert "/morning" in ahead.sweep(86_400)


def test_a_restart_fetches_nothing_that_is_fresh(make_ahead: Callable[..., Ahead]):
    first = make_ahead()
    first.register("news", "morning")
    assert len(first.sweep()) == 2
    again = make_ahead()
    assert again.sweep(10) == []
    assert len(again.jobs()) == 2


def test_a_block_that_needs_an_input_is_not_fetched_until_a_setting_gives_it(ahead: Ahead):
    ahead.register("weather")
    assert ahead.sweep() == []
    assert ahead.jobs() == []
    ahead.client.put("/integrations/svc/config", {"config": {"home": "Oslo"}})
    assert ahead.sweep() == ["/weather?city=Oslo"]


def test_a_block_without_a_rhythm_is_fetched_as_often_as_it_grows_old(ahead: Ahead):
    ahead.declare(
        {
            "integration": {"base_url": ahead.upstream.url_for("").rstrip("/")},
            "endpoints": [{"id": "news", "path": "/news"}],
            "blocks": [{"id": "news", "pre_fetch": True, "cache_ttl": 50}],
        }
    )
    assert len(ahead.sweep()) == 1
    assert ahead.sweep(40) == []
    assert len(ahead.sweep(6)) == 1


# -- What takes effect at once --------------------------------------------------------------------------------------


def test_a_changed_setting_is_fetched_at_once(ahead: Ahead):
    ahead.register("news")
    ahead.sweep()
    ahead.client.put("/integrations/svc/config", {"config": {"units": "imperial"}})
    assert ahead.sweep(1) == ["/news?units=imperial"]
    assert ahead.sweep(1) == []


def test_a_setting_that_the_block_does_not_use_changes_nothing(ahead: Ahead):
    ahead.register("news")
    ahead.sweep()
    ahead.client.put("/integrations/svc/config", {"config": {"home": "Oslo"}})
    assert ahead.sweep(1) == []


def test_a_disabled_plugin_rests_until_it_is_enabled(ahead: Ahead):
    ahead.register("news")
    ahead.sweep()
    ahead.client.put("/integrations/svc/enable", {"enabled": False})
    assert ahead.sweep(500) == []
    assert (ahead.job()["state"], ahead.job()["waits_for"]) == ("waiting", "plugin_disabled")
    ahead.client.put("/integrations/svc/enable", {"enabled": True})
    assert len(ahead.sweep(1)) == 1


def test_a_manifest_without_the_block_forgets_its_job(ahead: Ahead):
    ahead.register("news", "plain")
    ahead.sweep()
    ahead.register("plain")
    assert ahead.sweep(500) == []
    assert ahead.jobs() == []


def test_a_changed_interval_counts_at_once(ahead: Ahead):
    ahead.register("morning")
    ahead.sweep()
    manifest = ahead.client.get("/plugins/svc").json["manifest"]
    manifest["blocks"][0]["refresh_interval"] = 10
    ahead.declare(manifest)
    ahead.sweep(1)
    assert len(ahead.sweep(10)) == 1


def test_a_notebook_whose_settings_differ_is_fetched_for_itself(ahead: Ahead):
    ahead.register("news")
    ahead.client.put("/notebooks/1/plugins/svc", {"config": {"home": "Rome"}})
    assert ahead.sweep() == ["/news?units=metric"]
    ahead.client.put("/notebooks/1/plugins/svc", {"config": {"units": "imperial"}})
    assert ahead.sweep() == ["/news?units=imperial"]
    assert ahead.render("news", notebook_id=1) == "HIT"
    assert len(ahead.jobs()) == 2
    ahead.client.delete("/notebooks/1/plugins/svc")
    ahead.sweep()
    assert [job["notebook_id"] for job in ahead.jobs()] == [None]


def test_a_notebook_may_be_on_where_its_workspace_is_off(ahead: Ahead):
    ahead.register("news")
    ahead.client.put("/integrations/svc/enable", {"enabled": False})
    assert ahead.sweep() == []
    ahead.client.put("/notebooks/1/plugins/svc", {"enabled": True})
    assert ahead.sweep() == ["/news?units=metric"]
    assert ahead.job()["notebook_id"] == 1
    ahead.client.put("/notebooks/1/plugins/svc", {"enabled": False})
    assert ahead.sweep(500) == []


def test_what_another_process_changes_counts_at_once(make_ahead: Callable[..., Ahead]):
    ahead, other = make_ahead(), make_ahead()
    other.register("news")
    assert ahead.sweep() == ["/news?units=metric"]
    other.client.put("/integrations/svc/config", {"config": {"units": "imperial"}})
    assert ahead.sweep(1) == ["/news?units=imperial"]
    other.client.put("/integrations/svc/enable", {"enabled": False})
    assert ahead.sweep(500) == []
    other.client.put("/integrations/svc/enable", {"enabled": True})
    assert len(ahead.sweep(1)) == 1
    other.client.delete("/plugins/svc")
    assert ahead.sweep(500) == []
    assert ahead.jobs() == []


def test_each_workspace_has_its_own(ahead: Ahead):
    ahead.register("news")
    other = ahead.client.post("/workspaces", {"name": "Other"}).json["id"]
    ahead.client.put(f"/workspaces/{other}/plugins/svc", {"config": {"units": "imperial"}})
    assert sorted(ahead.sweep()) == ["/news?units=imperial", "/news?units=metric"]
    assert [job["workspace_id"] for job in ahead.jobs(workspace_id=other)] == [other]
    ahead.client.delete(f"/workspaces/{other}")
    assert ahead.sweep(101) == ["/news?units=metric"]


# -- What is kept warm because it is used ---------------------------------------------------------------------------


def test_inputs_that_are_rendered_are_kept_warm_and_dropped_when_nobody_does(
    make_ahead: Callable[..., Ahead],
):
    ahead = make_ahead(prefetch_idle_intervals=2)
    ahead.register("weather")
    assert ahead.render("weather", {"city": "Oslo"}) == "MISS"
    ahead.planner.flush_uses()
    assert ahead.sweep() == []
    assert ahead.job()["reasons"] == ["used"]
    assert ahead.sweep(100) == ["/weather?city=Oslo"]
    assert ahead.render("weather", {"city": "Oslo"}) == "HIT"
    ahead.planner.flush_uses()
    assert [len(ahead.sweep(100)) for _ in range(3)] == [1, 1, 0]
    assert ahead.jobs() == []


def test_tries_after_failures_are_no_intervals(make_ahead: Callable[..., Ahead]):
    ahead = make_ahead(prefetch_idle_intervals=2)
    block = {**BLOCKS[1], "refresh_interval": 10_000, "cache_ttl": 100_000}
    ahead.register("weather")
    manifest = ahead.client.get("/plugins/svc").json["manifest"]
    ahead.declare({**manifest, "blocks": [block]})
    ahead.render("weather", {"city": "Oslo"})
    ahead.planner.flush_uses()
    ahead.upstream.clear()
    ahead.upstream.expect_request("/weather").respond_with_data("no", status=500)
    assert [len(ahead.sweep(seconds)) for seconds in (10_000, 60, 120, 240, 480)] == [1] * 5
    assert ahead.job()["failures"] == 5
    # Two intervals after the last render it is dropped all the same.
    assert ahead.sweep(10_000) == []
    assert ahead.jobs() == []


@pytest.mark.sqlite
def test_a_hit_writes_nothing(ahead: Ahead):
    ahead.register("news")
    ahead.sweep()
    ahead.render("news")
    ahead.planner.flush_uses()
    ahead.services.usage.counter.flush()
    ahead.services.usage.call_log.flush()
    folder = ahead.services.settings.instance

    def written() -> Any:
        files = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
        return ahead.services.database.commits(), files

    before = written()
    assert any(path.name == "patchbay.db-wal" for path in before[1])
    assert {ahead.render("news") for _ in range(200)} == {"HIT"}
    assert written() == before
    ahead.traveller.shift(1)
    ahead.render("news")
    ahead.planner.flush_uses()
    assert ahead.job()["used_at"] == "2027-01-15T06:00:01.000Z"
    assert written() != before


def test_a_block_that_is_not_fetched_ahead_is_not_kept_warm(ahead: Ahead):
    ahead.register("plain")
    ahead.render("plain")
    ahead.planner.flush_uses()
    assert ahead.jobs() == []


def test_a_block_keeps_no_more_used_inputs_than_its_share(ahead: Ahead, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("integrations.prefetch.jobs.MAX_USED_SETS", 2)
    ahead.register("weather")
    for city in ("Oslo", "Rome", "Lima"):
        ahead.render("weather", {"city": city})
        ahead.traveller.shift(1)
    ahead.planner.flush_uses()
    assert {job["parameters"]["city"] for job in ahead.jobs()} == {"Rome", "Lima"}


def test_switched_off_nothing_is_noted(
    make_app: Callable[[Settings], Flask],
    settings: Settings,
    upstream: HTTPServer,
    traveller: time_machine.Traveller,
):
    upstream.expect_request("/weather").respond_with_json({})
    off = Ahead(make_app(settings), upstream, traveller)
    off.register("weather")
    off.render("weather", {"city": "Oslo"})
    off.planner.flush_uses()
    assert off.jobs() == []


# -- Pins and what a person asks ------------------------------------------------------------------------------------


def test_pinned_inputs_are_fetched_whether_anybody_renders_them_or_not(make_ahead: Callable[..., Ahead]):
    ahead = make_ahead(prefetch_idle_intervals=1)
    ahead.register("weather")
    pinned = ahead.pin("weather", {"city": "Oslo"})
    assert pinned["reasons"] == ["pinned"]
    assert [ahead.sweep(100) for _ in range(3)] == [["/weather?city=Oslo"]] * 3
    assert ahead.client.delete(f"/prefetch/{pinned['id']}").status_code == 204
    assert ahead.sweep(100) == []
    assert ahead.client.delete(f"/prefetch/{pinned['id']}").status_code == 404


def test_a_pin_asks_what_a_job_asks_already_and_becomes_that_job(ahead: Ahead):
    ahead.register("news")
    ahead.sweep()
    pinned = ahead.pin("news")
    assert pinned["id"] == ahead.job()["id"]
    assert pinned["reasons"] == ["default", "pinned"]
    assert ahead.client.delete(f"/prefetch/{pinned['id']}").status_code == 204
    assert ahead.job()["reasons"] == ["default"]
    refused = ahead.client.delete(f"/prefetch/{pinned['id']}")
    assert (refused.status_code, refused.json["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("block", "parameters", "status", "field"),
    [
        ("nothing", {}, 404, None),
        ("send", {}, 422, "block_type"),
        ("weather", {}, 422, "parameters.city"),
        ("weather", {"city": "Oslo", "x": 1}, 422, "parameters.x"),
        ("weather", {"city": "O" * 20_000}, 422, "parameters"),
    ],
)
def test_a_pin_that_cannot_be_fetched_is_refused(
    ahead: Ahead, block: str, parameters: dict[str, Any], status: int, field: str | None
):
    ahead.register("weather", "send")
    refused = ahead.pin(block, parameters, status)
    assert field is None or field in refused["errors"]


def test_a_disabled_plugin_cannot_be_pinned(ahead: Ahead):
    ahead.register("weather")
    ahead.client.put("/integrations/svc/enable", {"enabled": False})
    assert ahead.pin("weather", {"city": "Oslo"}, 403)["code"] == "plugin_disabled"


def test_a_paused_job_rests_and_goes_on(ahead: Ahead):
    ahead.register("news")
    ahead.sweep()
    url = f"/prefetch/{ahead.job()['id']}"
    assert ahead.client.patch(url, {"paused": True}).json["next_run_at"] is None
    ahead.client.put("/integrations/svc/config", {"config": {"units": "imperial"}})
    assert ahead.sweep(500) == []
    assert ahead.client.patch(url, {"paused": False}).json["state"] == "scheduled"
    assert len(ahead.sweep()) == 1
    assert ahead.client.patch(url, {"paused": "yes"}).status_code == 422


def test_a_run_can_be_asked_for_and_answers_how_it_went(ahead: Ahead):
    ahead.register("news")
    ahead.sweep()
    calls = len(ahead.upstream.log)
    ran = ahead.client.post(f"/prefetch/{ahead.job()['id']}/run")
    assert (ran.status_code, ran.json["last_outcome"]) == (200, "fetched")
    assert len(ahead.upstream.log) == calls + 1
    assert ahead.client.post("/prefetch/999/run").status_code == 404


def test_a_disabled_plugin_is_not_run(ahead: Ahead):
    ahead.register("news")
    ahead.sweep()
    before = ahead.job()
    ahead.client.put("/integrations/svc/enable", {"enabled": False})
    refused = ahead.client.post(f"/prefetch/{before['id']}/run")
    assert (refused.status_code, refused.json["code"]) == (403, "plugin_disabled")
    assert ahead.job() == before


def test_a_job_that_is_paused_or_goes_on_while_it_runs_does_so(ahead: Ahead):
    ahead.register("news")
    ahead.sweep()
    url = f"/prefetch/{ahead.job()['id']}"

    def while_it_runs(change: Callable[[], Any]) -> dict[str, Any]:
        def handler(_: Request) -> Response:
            change()
            return Response("{}", content_type="application/json")

        ahead.upstream.clear()
        ahead.upstream.expect_request("/news").respond_with_handler(handler)
        return ahead.client.post(f"{url}/run").json

    paused = while_it_runs(lambda: ahead.client.patch(url, {"paused": True}))
    assert (paused["state"], paused["next_run_at"], paused["last_outcome"]) == ("paused", None, "fetched")
    going = while_it_runs(lambda: ahead.client.patch(url, {"paused": False}))
    assert going["state"] == "scheduled"
    assert going["next_run_at"] is not None


def test_a_plugin_that_is_switched_on_while_its_job_runs_goes_on(ahead: Ahead):
    ahead.register("news")
    ahead.sweep()
    ahead.client.put("/integrations/svc/enable", {"enabled": False})
    ahead.sweep(1)
    ahead.client.put("/integrations/svc/enable", {"enabled": True})

    def handler(_: Request) -> Response:
        ahead.prefetcher.sweep(time.time())
        return Response("{}", content_type="application/json")

    ahead.upstream.clear()
    ahead.upstream.expect_request("/news").respond_with_handler(handler)
    ran = ahead.client.post(f"/prefetch/{ahead.job()['id']}/run").json
    assert (ran["state"], ran["next_run_at"] is not None) == ("scheduled", True)


def test_the_list_is_paged_and_says_how_runs_went(ahead: Ahead):
    ahead.register("news", "morning")
    ahead.sweep()
    ahead.sweep(95)
    answer = ahead.client.get("/prefetch", query_string={"page_size": 1})
    (job,) = answer.json
    assert '"total":2' in answer.headers["X-Pagination"]
    assert job["block_type"] == "news"
    assert job["last_outcome"] == "fetched"
    assert job["last_run_at"] == "2027-01-15T06:01:35.000Z"
    assert job["next_run_at"] == "2027-01-15T06:03:05.000Z"
    assert job["last_lateness_ms"] == pytest.approx(5000)
    assert ahead.jobs(integration_id="other") == []


@pytest.mark.parametrize(
    ("query", "cities"),
    [
        ({"search": ""}, ["Oslo", "Rome", "Ürümqi"]),
        ({"search": "OSLO weather"}, ["Oslo"]),
        ({"search": "svc Ürümqi"}, ["Ürümqi"]),
        ({"search": "oslo rome"}, []),
        ({"search": "%"}, []),
        ({"state": "paused"}, ["Rome"]),
        ({"state": "scheduled"}, ["Oslo", "Ürümqi"]),
        ({"state": "waiting"}, []),
        ({"state": "scheduled", "search": "o"}, ["Oslo"]),
        ({"due_before": "2027-01-15T06:00:00Z"}, []),
        ({"due_before": "2027-01-16T06:00:00Z"}, ["Oslo", "Ürümqi"]),
    ],
)
def test_the_list_is_narrowed_to_a_state_a_moment_and_a_search(
    ahead: Ahead, query: dict[str, str], cities: list[str]
):
    ahead.register("weather")
    for city in ("Oslo", "Rome", "Ürümqi"):
        job = ahead.pin("weather", {"city": city})
        ahead.client.patch(f"/prefetch/{job['id']}", {"paused": city == "Rome"})
    ahead.sweep()
    assert sorted(job["parameters"]["city"] for job in ahead.jobs(**query)) == cities


def test_jobs_are_counted_by_state_and_those_that_should_have_begun_long_ago(ahead: Ahead):
    ahead.register("weather")
    for city in ("Oslo", "Rome", "Ürümqi"):
        job = ahead.pin("weather", {"city": city})
        ahead.client.patch(f"/prefetch/{job['id']}", {"paused": city == "Rome"})
    ahead.sweep()

    def counted(query: str = "") -> dict[str, int]:
        return ahead.client.get(f"/counts{query}").json["prefetch"]

    now = {"scheduled": 2, "paused": 1, "waiting": 0, "late": 0}
    assert counted() == now
    assert counted("?notebook_id=1") == dict.fromkeys(now, 0)
    first, last = (
        datetime.fromisoformat(job["next_run_at"]).timestamp() for job in ahead.jobs(state="scheduled")
    )
    ahead.traveller.move_to(first + 121)
    assert counted() == now | {"late": 1 if last > first + 1 else 2}
    ahead.traveller.move_to(last + 121)
    assert counted() == now | {"late": 2}


@pytest.mark.parametrize("query", ["state=late", "due_before=soon", f"search={'x' * 1001}"])
def test_a_filter_of_the_list_that_means_nothing_is_refused_by_name(ahead: Ahead, query: str):
    answer = ahead.client.get(f"/prefetch?{query}")
    assert (answer.status_code, list(answer.json["errors"])) == (422, [query.partition("=")[0]])


# -- Times ----------------------------------------------------------------------------------------------------------


def test_a_block_of_today_is_fetched_when_the_day_begins_and_stays_one_job(ahead: Ahead):
    assert ahead.client.patch("/workspaces/1", {"time_zone": "UTC"}).status_code == 200
    agenda = {
        "id": "news",
        "endpoint": "news",
        "pre_fetch": True,
        "refresh_interval": 40_000,
        "cache_ttl": 90_000,
    }
    ahead.declare(
        {
            "integration": {"base_url": ahead.upstream.url_for("").rstrip("/")},
            "endpoints": [
                {"id": "news", "path": "/news", "parameters": [{"name": "day", "default": "{today}"}]}
            ],
            "blocks": [agenda],
        }
    )
    assert ahead.sweep() == ["/news?day=2027-01-15"]
    assert ahead.render("news") == "HIT"
    # Eighteen hours from six o'clock is midnight; the jitter of an interval and of a day's beginning are over by then.
    assert ahead.sweep(45_000) == ["/news?day=2027-01-15"]
    assert ahead.sweep(19_000) == []
    assert ahead.sweep(900) == ["/news?day=2027-01-16"]
    assert ahead.render("news") == "HIT"
    ahead.planner.flush_uses()
    assert ahead.sweep() == []
    assert len(ahead.client.get("/prefetch").json) == 1
