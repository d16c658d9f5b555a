"""Metrics: answers, calls, rate limits and prefetching, and no secret."""

from __future__ import annotations

import re
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pytest_httpserver import HTTPServer

from tests.conftest import Client
from tests.integrations.stories import Service


@pytest.fixture
def service(client: Client, upstream: HTTPServer) -> Service:
    upstream.expect_request("/get").respond_with_json({"a": 1})
    upstream.expect_request("/down").respond_with_data("", 503)
    return Service(
        client,
        upstream,
        [{"id": "get", "path": "/get"}, {"id": "down", "path": "/down"}],
        [{"id": "get", "endpoint": "get", "cache_ttl": 60}],
        rate_limit={"requests_per_hour": 50},
    )


def read(client: Client) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every figure by its name and labels."""
    answer = client.open("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.get_data(as_text=True))
        for sample in family.samples
    }


def labels(**values: Any) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({"workspace_id": "1", "integration_id": "svc", **values}.items()))


def test_renders_and_calls_are_counted_by_their_outcome(client: Client, service: Service):
    for _ in range(4):
        service.render("get")
    service.execute("down")
    found = read(client)
    assert found["patchbay_renders_total", labels(outcome="hit")] == 3
    assert found["patchbay_renders_total", labels(outcome="fetched")] == 1
    calls = "patchbay_upstream_calls_total"
    assert found[calls, labels(cause="live", outcome="ok")] == 1
    assert found[calls, labels(cause="live", outcome="upstream_failed")] == 1
    assert found["patchbay_upstream_call_duration_seconds_count", labels(cause="live")] == 2
    assert found["patchbay_budget_limit", labels(window="hour")] == 50
    assert found["patchbay_budget_left", labels(window="hour")] == 48


def test_counts_do_not_fall_when_they_are_written_down(client: Client, service: Service, app: Any):
    service.render("get")
    service.render("get")
    before = read(client)["patchbay_renders_total", labels(outcome="hit")]
    app.extensions["patchbay"].usage.counter.flush()
    assert read(client)["patchbay_renders_total", labels(outcome="hit")] == before == 1


def test_a_stranger_reads_nothing(stranger: Client):
    assert stranger.open("/metrics").status_code == 401


def test_no_secret_and_no_address_is_told(client: Client, service: Service):
    service.configure(api_key="K-very-secret")
    service.render("get", {})
    text = client.open("/metrics").get_data(as_text=True)
    assert "K-very-secret" not in text
    assert not re.search(r"https?://|127\.0\.0\.1", text)
