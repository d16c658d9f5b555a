"""Times in templates and defaults: what is sent, how long it is kept, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

MONDAY_NOON = datetime(2026, 3, 2, 12, 0, 30, tzinfo=UTC)


class Calendar:
    """An integration that asks its upstream for days, and answers with the query it was sent."""

    def __init__(self, client: Any, upstream: HTTPServer) -> None:
        self.client = client
        self.asked: list[dict[str, str]] = []
        self.manifest: dict[str, Any] = {
            "integration": {"base_url": upstream.url_for("/").rstrip("/")},
            "properties": [{"name": "year", "default": "all"}],
            "endpoints": [
                {
                    "id": "days",
                    "path": "/days",
                    "parameters": [
                        {"name": "start", "type": "date", "default": "{today}"},
                        {"name": "end", "type": "date", "default": "{today+7d}"},
                    ],
                },
                {"id": "at", "path": "/at/{now/h:epoch}?month={month}&year={year}", "headers": {"X-Day": "{today}"}},
                {"id": "body", "path": "/body", "method": "POST", "safe": True,
                 "body": {"since": "{now-1h/h:epoch}", "until": "{now/h:iso_utc}"}},
            ],
            "blocks": [
                {"id": "week", "endpoint": "days", "cache_ttl": 172800},
                {"id": "hour", "endpoint": "at", "cache_ttl": 86400},
                {"id": "body", "endpoint": "body"},
                {"id": "chain", "cache_ttl": 600, "steps": [
                    {"id": "one", "endpoint": "days", "parameters": {"start": "{month_start}"}},
                ]},
            ],
        }  # fmt: skip
        upstream.expect_request("/days").respond_with_handler(self._answer)
        upstream.expect_request("/body").respond_with_handler(
            lambda request: Response(request.data, content_type="application/json")
        )
        upstream.expect_request("/at/1772452800").respond_with_handler(self._answer)
        upstream.expect_request("/at/1772456400").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        self.asked.append(
            {**request.args, **({"day": request.headers["X-Day"]} if "X-Day" in request.headers else {})}
        )
        return Response(str(len(self.asked)), content_type="application/json")

    def register(self) -> Any:
        plugin = {"id": "calendar", "name": "C", "version": "1.0.0", "type": "integration"}
        return self.client.post("/plugins/register", {**plugin, "manifest": self.manifest})

    def render(self, block: str = "week", **parameters: Any) -> Any:
        body = {"block_type": block, "parameters": parameters}
        answer = self.client.post("/integrations/calendar/render", body)
        assert answer.status_code == 200, answer.json
        return answer

    def cache_of(self, block: str = "week", **parameters: Any) -> str:
        return self.render(block, **parameters).headers["X-Cache"]


@pytest.fixture
def calendar(client: Any, upstream: HTTPServer) -> Calendar:
    made = Calendar(client, upstream)
    assert client.patch("/workspaces/1", {"time_zone": "UTC"}).status_code == 200
    assert made.register().status_code == 201
    return made


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MONDAY_NOON, tick=False) as traveller:
        yield traveller


def test_a_default_is_the_day_of_today(calendar: Calendar, clock: time_machine.Traveller):
    calendar.render()
    assert calendar.asked == [{"start": "2026-03-02", "end": "2026-03-09"}]


def test_a_given_input_comes_before_a_default(calendar: Calendar, clock: time_machine.Traveller):
    calendar.render(start="2020-01-01")
    assert calendar.asked == [{"start": "2020-01-01", "end": "2026-03-09"}]


def test_tomorrow_is_another_artifact_even_while_the_old_one_is_fresh(
    calendar: Calendar, clock: time_machine.Traveller
):
    assert [calendar.cache_of(), calendar.cache_of()] == ["MISS", "HIT"]
    clock.move_to(MONDAY_NOON + timedelta(hours=11, minutes=59))
    assert calendar.cache_of() == "HIT"
    clock.move_to(MONDAY_NOON + timedelta(hours=12))
    assert [calendar.cache_of(), calendar.cache_of()] == ["MISS", "HIT"]
    assert [asked["start"] for asked in calendar.asked] == ["2026-03-02", "2026-03-03"]


def test_a_whole_range_that_is_given_does_not_change_with_the_day(
    calendar: Calendar, clock: time_machine.Traveller
):
    days = {"start": "2020-01-01", "end": "2020-02-01"}
    assert calendar.cache_of(**days) == "MISS"
    clock.shift(timedelta(days=1))
    assert calendar.cache_of(**days) == "HIT"


def test_a_path_a_query_and_a_header_take_times(calendar: Calendar, clock: time_machine.Traveller):
    assert calendar.cache_of("hour") == "MISS"
    assert calendar.cache_of("hour") == "HIT"
    clock.shift(timedelta(hours=1))
    assert calendar.cache_of("hour") == "MISS"
    # A property of the same name comes first.
    assert calendar.asked == [{"month": "03", "year": "all", "day": "2026-03-02"}] * 2


def test_a_number_in_a_body_stays_a_number(calendar: Calendar, clock: time_machine.Traveller):
    assert calendar.render("body").json["data"] == {"since": 1772449200, "until": "2026-03-02T12:00:00Z"}


def test_a_step_takes_times_and_the_defaults_of_what_it_leaves_out(
    calendar: Calendar, clock: time_machine.Traveller
):
    assert [calendar.cache_of("chain"), calendar.cache_of("chain")] == ["MISS", "HIT"]
    assert calendar.asked == [{"start": "2026-03-01", "end": "2026-03-09"}]
    clock.move_to(MONDAY_NOON + timedelta(hours=12))
    assert calendar.cache_of("chain") == "MISS"


def test_a_day_begins_where_the_workspace_is(calendar: Calendar, clock: time_machine.Traveller):
    calendar.render()
    assert calendar.client.patch("/workspaces/1", {"time_zone": "Pacific/Kiritimati"}).status_code == 200
    calendar.render()
    assert [asked["start"] for asked in calendar.asked] == ["2026-03-02", "2026-03-03"]
    assert calendar.client.get("/workspaces/1").json["time_zone"] == "Pacific/Kiritimati"


def test_a_zone_that_is_none_is_refused(client: Any):
    answer = client.patch("/workspaces/1", {"time_zone": "Mars/Olympus"})
    assert answer.status_code == 422
    assert "time_zone" in answer.json["errors"]
    assert client.get("/workspaces/1").json["time_zone"] is None


def test_explain_shows_the_time_and_that_the_clock_gave_it(calendar: Calendar, clock: time_machine.Traveller):
    asked = {"block_type": "hour", "parameters": {}}
    steps = calendar.client.post("/integrations/calendar/explain", asked).json["steps"]
    assert steps[0]["request"]["url"].endswith("/at/1772452800?month=03&year=all")
    values = {value["name"]: value for value in steps[0]["request"]["values"]}
    assert values["today"]["value"] == "2026-03-02"
    assert values["today"]["sources"] == [{"kind": "clock", "name": "today"}]


def test_inputs_show_the_default_as_it_was_declared(calendar: Calendar):
    blocks = {block["id"]: block for block in calendar.client.get("/integrations/calendar").json["blocks"]}
    assert {item["name"]: item["default"] for item in blocks["week"]["inputs"]}["start"] == "{today}"


@pytest.mark.parametrize(
    ("default", "why"),
    [
        ("{tomorrow}", "Nothing fills `{tomorrow}`"),
        ("{today+1x}", "`x` is no unit"),
        ("from {year} to {nope}", "Nothing fills `{nope}`"),
        ("{today:epoch}", "Must be a date"),
    ],
)
def test_a_default_that_nothing_fills_is_refused(calendar: Calendar, default: str, why: str):
    calendar.manifest["endpoints"][0]["parameters"][0]["default"] = default
    answer = calendar.register()
    assert answer.status_code == 422
    messages = answer.json["errors"]["manifest.endpoints[0].parameters[0].default"]
    assert any(why in message for message in messages), messages


@pytest.mark.parametrize("default", ["{{today}}", "{ not a name }", '{"a": 1}', "{}", "{{ now() }}"])
def test_other_braces_in_a_default_are_sent_as_they_are(calendar: Calendar, default: str):
    calendar.manifest["endpoints"][0]["parameters"][0] = {"name": "start", "default": default}
    assert calendar.register().status_code == 200
    calendar.render()
    assert calendar.asked[0]["start"] == default


@pytest.mark.parametrize(
    ("place", "value", "field"),
    [
        ("base_url", "http://{today}.example.com", "manifest.integration.base_url"),
        ("headers", {"X-A": "{now+7x}"}, "manifest.integration.headers"),
    ],
)
def test_a_time_in_another_place_is_refused(calendar: Calendar, place: str, value: Any, field: str):
    calendar.manifest["integration"][place] = value
    answer = calendar.register()
    assert answer.status_code == 422
    assert field in answer.json["errors"]


def test_a_setting_is_no_time(calendar: Calendar):
    calendar.manifest["properties"][0]["default"] = "{today}"
    answer = calendar.register()
    assert answer.status_code == 422
    assert "manifest.properties[0].default" in answer.json["errors"]


def test_no_hash_is_told_where_the_clock_makes_it_another(calendar: Calendar, client: Any):
    block = {"key": "k", "integration_id": "calendar", "block_type": "week", "parameters": {}}
    answers = [calendar.render().json, calendar.render().json]
    answers.append(json.loads(client.post("/render-batch", {"blocks": [block]}).data))
    assert [answer["parameters_hash"] for answer in answers] == [None, None, None]
    assert calendar.render(start="2026-03-01", end="2026-03-02").json["parameters_hash"] is None
