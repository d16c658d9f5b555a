"""How long calls take now, what is usual, and since when they are slower."""

from __future__ import annotations

import pytest
import time_machine

from integrations.usage.latency import Latency, Pace, latency_of, slower_since, usual_pace
from tests.integrations.usage.test_usage import DAY, HOUR, NOW, record

USUAL = Pace(80.0, 150.0)
THIS_HOUR = int(NOW // HOUR) * HOUR
AS_USUAL, SLOW = {"800": 18, "1500": 2}, {"12000": 18, "30000": 2}
TAIL = {"800": 15, "9000": 5}


def hours_back(*durations):
    """The durations of the present hour and of those before it."""
    return {THIS_HOUR - number * HOUR: of for number, of in enumerate(durations)}


@pytest.mark.parametrize(
    ("durations", "hours_ago"),
    [
        ([], None),
        ([AS_USUAL], None),
        ([SLOW], 0),
        ([SLOW, SLOW, SLOW, AS_USUAL, SLOW], 2),
        ([SLOW] * 6, 5),
        # It is over.
        ([AS_USUAL, SLOW, SLOW], None),
        # An hour without a call neither ends nor begins anything.
        ([{}, SLOW, {}, SLOW, AS_USUAL], 3),
        # Some calls are much slower, most are as usual.
        ([TAIL, TAIL, AS_USUAL], 1),
        ([{"800": 3, "9000": 2}], None),
        # A single slow call decides nothing, and neither does a single fast one.
        ([{"12000": 1}, AS_USUAL], None),
        ([{"12000": 4}, {"800": 12}], None),
        ([{"800": 1}, SLOW, SLOW, AS_USUAL], 2),
        ([{"12000": 2}, SLOW, AS_USUAL], 1),
        ([{"12000": 4}], None),
        ([{"12000": 1}] * 5 + [AS_USUAL], 4),
        ([{"12000": 3}, {"800": 1}, {"12000": 2}], 2),
        # Twice as long, but by less than anybody notices.
        ([{"1200": 20}], None),
    ],
)  # fmt: skip
def test_calls_are_slower_since_the_first_hour_of_an_unbroken_run(durations, hours_ago):
    expected = None if hours_ago is None else THIS_HOUR - hours_ago * HOUR
    assert slower_since(hours_back(*durations), USUAL) == expected


def test_without_days_before_nothing_is_slower():
    assert latency_of(hours_back(SLOW), None) == Latency(20, Pace(1200.0, 3000.0), None, None)


def test_the_figures_are_of_the_calls_since_then():
    latency = latency_of(hours_back(SLOW, SLOW, AS_USUAL), USUAL)
    assert latency == Latency(40, Pace(1200.0, 3000.0), USUAL, THIS_HOUR - HOUR)
    assert latency.times_slower == 20.0
    assert latency_of(hours_back(AS_USUAL), USUAL).times_slower == 0.0
    assert Latency(9, Pace(400.0, 400.0), Pace(0.0, 0.0), THIS_HOUR).times_slower == 4000.0


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([], None),
        ([{"800": 4}], None),
        ([{"800": 2}, {"800": 3}], Pace(80.0, 80.0)),
        # Three slow days of seven change nothing.
        ([AS_USUAL] * 4 + [SLOW] * 3, Pace(80.0, 150.0)),
        ([AS_USUAL, AS_USUAL], Pace(80.0, 150.0)),
    ],
)
def test_the_median_day_is_usual(days, expected):
    assert usual_pace(days) == expected


@pytest.fixture
def log(app):
    """Records twenty calls at a moment, of a duration."""
    call_log = app.extensions["patchbay"].usage.call_log

    def add(plugin_id, at, duration_ms):
        for _ in range(20):
            call_log.record(record(plugin_id=plugin_id, at=at, duration_ms=duration_ms))

    with time_machine.travel(NOW, tick=False):
        for plugin_id in ("steady", "slow", "slower", "quiet"):
            for days in range(1, 8):
                add(plugin_id, NOW - days * DAY, 80.0)
        add("steady", NOW, 85.0)
        for hours in range(3):
            add("slow", NOW - hours * HOUR, 400.0)
        # For longer than the hours that everybody is looked at.
        for hours in range(30):
            add("slower", NOW - hours * HOUR, 900.0)
        add("new", NOW, 2000.0)
        yield add


def test_the_slowest_come_first_each_with_its_beginning(client, log):
    answer = client.get("/usage/latency")
    assert [(one["integration_id"], one["slower_since"], one["calls"]) for one in answer.json] == [
        ("slower", "2027-01-14T04:00:00.000Z", 620),
        ("slow", "2027-01-15T07:00:00.000Z", 60),
        ("new", None, 20),
        ("steady", None, 20),
    ]
    usual = {"p50_ms": 80.0, "p95_ms": 80.0}
    now = {"p50_ms": 900.0, "p95_ms": 900.0}
    assert (answer.json[0]["now"], answer.json[0]["usual"]) == (now, usual)
    assert answer.json[2]["usual"] is None
    slower = client.get("/usage/latency?include=slower&page_size=1")
    assert [one["integration_id"] for one in slower.json] == ["slower"]
    assert '"total":2' in slower.headers["X-Pagination"]


def slower_ones(client):
    return {one["integration_id"] for one in client.get("/usage/latency?include=slower").json}


def test_what_is_added_to_hours_and_days_that_are_over_counts_at_once(client, log):
    assert slower_ones(client) == {"slow", "slower"}
    # Hours of today that are over, and the days that say what is usual.
    log("steady", NOW - HOUR, 5000.0)
    log("steady", NOW, 5000.0)
    assert slower_ones(client) == {"slow", "slower", "steady"}
    for days in range(1, 8):
        for _ in range(2):
            log("slow", NOW - days * DAY, 400.0)
    assert slower_ones(client) == {"slower", "steady"}


def test_those_that_are_slower_are_the_same_among_all_that_were_called(client, log):
    log("steady", NOW, 5000.0)
    log("new", NOW - HOUR, 10.0)
    called = {one["integration_id"]: one for one in client.get("/usage/latency").json}
    slower = client.get("/usage/latency?include=slower").json
    assert slower == [one for one in called.values() if one["slower_since"] is not None]
    assert {"new", "steady"} < set(called)


def test_one_integration_is_told_of_though_it_was_not_called_lately(client, log):
    [quiet] = client.get("/usage/latency?integration_id=quiet").json
    assert (quiet["calls"], quiet["now"], quiet["usual"]["p50_ms"]) == (0, None, 80.0)
    [unknown] = client.get("/usage/latency?integration_id=unknown").json
    assert (unknown["calls"], unknown["now"], unknown["usual"], unknown["slower_since"]) == (0, None, None, None)  # fmt: skip
    assert (unknown["name"], unknown["icon"], unknown["enabled"]) == (None, None, False)


def test_another_workspace_has_its_own(client, log):
    other = client.post("/workspaces", json={"name": "Other"}).json["id"]
    assert client.get(f"/usage/latency?workspace_id={other}").json == []


@pytest.mark.parametrize(("query", "field"), [("include=fast", "include"), ("page=0", "page"), ("page_size=1001", "page_size")])  # fmt: skip
def test_what_means_nothing_is_refused(client, query, field):
    answer = client.get(f"/usage/latency?{query}")
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
