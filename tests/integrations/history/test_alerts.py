"""Alerts: numbers whose latest sample is at a level that a user should look at."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.integrations.history.test_history import ENDPOINT, START, Thermometer, clock, thermometer
from tests.integrations.stories import Service

__all__ = ["clock", "thermometer"]

DISPLAY = {
    "kind": "figure",
    "value": "temperature",
    "units": {"temperature": "°C"},
    "thresholds": {
        "temperature": [{"from": 25, "level": "warn"}, {"from": 30, "level": "bad"}],
        "up": [{"below": 1, "level": "bad"}],
    },
    "history": {"keep": "1d", "fields": ["temperature", "up"]},
}
BLOCK = {"id": "now", "endpoint": "now", "cache_ttl": 60, "display": DISPLAY}


@pytest.fixture
def service(client: Any, upstream: HTTPServer, thermometer: Thermometer) -> Service:
    return Service(client, upstream, [ENDPOINT], [BLOCK])


def alerts(client: Any, query: str = "") -> list[dict[str, Any]]:
    answered = client.get(f"/alerts{query}")
    assert answered.status_code == 200, answered.json
    return answered.json


def feed(service: Service, thermometer: Thermometer, clock: Any, *temperatures: float, **inputs: Any) -> None:
    """A sample a minute."""
    for temperature in temperatures:
        thermometer.answer = {"temperature": temperature, "up": True}
        service.render("now", inputs, use_cache=False)
        clock.shift(60)


def test_what_is_above_a_threshold_is_listed_since_when_it_is(service, client, thermometer, clock):
    feed(service, thermometer, clock, 20, 26, 24)
    assert alerts(client) == []
    feed(service, thermometer, clock, 27, 28, 26)
    assert alerts(client) == [
        {
            "integration_id": "svc",
            "name": "S",
            "icon": None,
            "block_type": "now",
            "notebook_id": None,
            "parameters": {"city": "Oslo"},
            "field": "temperature",
            "unit": "°C",
            "value": 26.0,
            "level": "warn",
            "since": "2027-01-15T08:03:00.000Z",
            "at": "2027-01-15T08:05:00.000Z",
        }
    ]
    feed(service, thermometer, clock, 31)
    assert [(one["level"], one["since"]) for one in alerts(client)] == [("bad", "2027-01-15T08:06:00.000Z")]
    feed(service, thermometer, clock, 10)
    assert alerts(client) == []


def test_more_samples_than_are_read_at_once_are_followed_back(service, client, thermometer, clock, app):
    feed(service, thermometer, clock, 20, 40)
    database = app.extensions["patchbay"].database
    ((series_id,),) = database.query("SELECT id FROM history_series WHERE field = 'temperature'", ())
    with database.raw_write() as connection:
        rows = [(series_id, START + 60 + number, 40.0) for number in range(1, 1500)]
        connection.executemany("INSERT INTO history_samples VALUES (?, ?, ?)", rows)
    clock.shift(3600)
    assert alerts(client)[0]["since"] == "2027-01-15T08:01:00.000Z"


def test_the_newest_comes_first_and_lists_have_pages(service, client, thermometer, clock):
    feed(service, thermometer, clock, 40, city="Rome")
    feed(service, thermometer, clock, 41, city="Oslo")
    assert [one["parameters"]["city"] for one in alerts(client)] == ["Oslo", "Rome"]
    assert [one["parameters"]["city"] for one in alerts(client, "?page=2&page_size=1")] == ["Rome"]


def test_a_boolean_may_alert(service, client, thermometer, clock):
    thermometer.answer = {"temperature": 20, "up": False}
    service.render("now")
    assert [(one["field"], one["value"], one["level"]) for one in alerts(client)] == [("up", 0.0, "bad")]


def test_what_is_disabled_forgotten_or_too_old_does_not_alert(service, client, thermometer, clock):
    feed(service, thermometer, clock, 40)
    client.put("/integrations/svc/enable", {"enabled": False})
    assert alerts(client) == []
    client.put("/integrations/svc/enable", {"enabled": True})
    assert len(alerts(client)) == 1
    assert alerts(client, f"?workspace_id={client.post('/workspaces', {'name': 'O'}).json['id']}") == []
    clock.shift(86400)
    assert alerts(client) == []


def test_a_notebook_has_its_own_and_those_of_its_workspace(client, upstream, thermometer, clock):
    service = Service(client, upstream, [{**ENDPOINT, "headers": {"X-User": "{user}"}}], [BLOCK])
    service.configure(user="all")
    other = client.post("/workspaces/1/notebooks", {"name": "Other"}).json["id"]
    feed(service, thermometer, clock, 40)
    client.put("/integrations/svc/config?notebook_id=1", {"config": {"user": "me"}})
    client.post("/integrations/svc/render?notebook_id=1", {"block_type": "now"})
    assert [one["notebook_id"] for one in alerts(client)] == [1, None]
    assert [one["notebook_id"] for one in alerts(client, "?notebook_id=1")] == [1, None]
    assert [one["notebook_id"] for one in alerts(client, f"?notebook_id={other}")] == [None]


def test_thresholds_of_today_count(service, client, thermometer, clock):
    feed(service, thermometer, clock, 26)
    assert len(alerts(client)) == 1
    service.manifest["blocks"][0] = {**BLOCK, "display": {**DISPLAY, "thresholds": {}}}
    service.register()
    assert alerts(client) == []
