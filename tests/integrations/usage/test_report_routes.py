"""The routes of usage: a total, pages, an order, spans by `since`."""

import pytest
import time_machine

from tests.integrations.routes.test_integrations import declare
from tests.integrations.usage.test_usage import HOUR, NOW, record


@pytest.fixture
def log(app):
    """Records calls; returns nothing."""
    call_log = app.extensions["patchbay"].usage.call_log
    with time_machine.travel(NOW, tick=False):
        yield lambda **changed: call_log.record(record(**changed))


def names(answer):
    return [usage["integration_id"] for usage in answer.json["integrations"]]


def test_the_total_is_of_all_integrations_by_hour(client, log):
    log(plugin_id="one", duration_ms=10.0)
    log(plugin_id="two", duration_ms=300.0, error_code="upstream_failed", at=NOW - HOUR)
    total = client.get("/usage/total").json
    assert (total["calls"], total["errors"], total["p50_ms"], total["p95_ms"]) == (2, 1, 10.0, 300.0)
    assert [(period["from"], period["calls"], period["errors"]) for period in total["periods"]] == [
        ("2027-01-15T08:00:00.000Z", 1, 1),
        ("2027-01-15T09:00:00.000Z", 1, 0),
    ]
    assert (total["by"], total["from"], total["to"]) == (
        "hour", "2027-01-14T09:00:00.000Z", "2027-01-15T10:00:00.000Z"
    )  # fmt: skip
    assert "budget" not in total


def test_a_page_of_usage_has_its_own_integrations_and_the_number_of_all(client, log, upstream):
    declare(client, upstream)
    for name in ("a", "b", "c", "d"):
        log(plugin_id=name)
    first = client.get("/usage?page_size=3")
    assert names(first) == ["a", "b", "c"]
    assert '"total":5' in first.headers["X-Pagination"]
    second = client.get("/usage?page_size=3&page=2")
    assert names(second) == ["d", "svc"]
    assert [usage["calls"] for usage in second.json["integrations"]] == [1, 0]
    assert names(client.get("/usage?page_size=3&page=3")) == []
    assert names(client.get("/usage")) == ["a", "b", "c", "d", "svc"]


def test_the_slowest_come_first_over_all_pages(client, log, upstream):
    declare(client, upstream)
    for name, duration_ms in (("a", 5.0), ("b", 500.0), ("c", 50.0)):
        log(plugin_id=name, duration_ms=duration_ms)
    assert names(client.get("/usage?order_by=p95_ms")) == ["b", "c", "a", "svc"]
    assert names(client.get("/usage?order_by=p95_ms&page_size=1&page=2")) == ["c"]


def test_those_in_trouble_are_asked_for_alone(client, log, upstream):
    for name, limit in (("calm", 60), ("spent", 1)):
        declare(client, upstream, name, integration={
            "base_url": upstream.url_for("/").rstrip("/"), "rate_limit": {"requests_per_minute": limit},
        })  # fmt: skip
        client.post(f"/integrations/{name}/execute", {"endpoint_id": "status"})
    for name in ("failing", "rarely", "disabled"):
        declare(client, upstream, name)
    client.put("/integrations/disabled/enable", {"enabled": False})
    for name, failed in (("calm", 1), ("failing", 3), ("rarely", 1), ("disabled", 4), ("forgotten", 4)):
        for number in range(4):
            log(plugin_id=name, error_code="upstream_failed" if number < failed else None)
    troubled = client.get("/usage?state=troubled&order_by=errors&page_size=1")
    assert (names(troubled), '"total":2' in troubled.headers["X-Pagination"]) == (["failing"], True)
    assert names(client.get("/usage?state=troubled")) == ["failing", "spent"]
    for _ in range(3):
        log(plugin_id="calm", error_code="upstream_failed", at=NOW - 2 * HOUR)
    assert names(client.get("/usage?state=troubled")) == ["calm", "failing", "spent"]


def test_totals_alone_leave_the_periods_out(client, log):
    log(plugin_id="a", at=NOW - 30 * HOUR)
    log(plugin_id="a")
    [usage] = client.get("/usage?since=40h&include=totals").json["integrations"]
    assert (usage["calls"], usage["periods"]) == (2, [])


def test_since_is_a_time_or_how_long_ago(client, log):
    log(at=NOW - 30 * HOUR)
    for query, calls in (("", 0), ("since=2d", 1), ("since=2027-01-14T03:00Z", 1), ("since=24h", 0)):
        assert client.get(f"/usage/total?{query}").json["calls"] == calls
    assert client.get("/usage/total?since=2d&by=day").json["from"] == "2027-01-13T00:00:00.000Z"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=soon", "since"), ("since=1h&from=2027-01-14", "since"), ("since=9999999999999d", "since"),
        ("state=calm", "state"), ("since=-1h", "since"), ("since=60d", "from"), ("order_by=name", "order_by"), ("include=all", "include"),
        ("page=0", "page"), ("page_size=1001", "page_size"), ("since=9999-12-31T23:59:59-14:00", "from"),
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused_by_name(client, log, query, field):
    answer = client.get(f"/usage?{query}")
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
