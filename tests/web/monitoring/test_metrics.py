"""Metrics: answers, calls, rate limits and prefetching, and no secret."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from flask import Flask
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.parser import text_string_to_metric_families
from pytest_httpserver import HTTPServer

from settings import ROOT
from tests.conftest import Client
from tests.integrations.stories import Service
from web.monitoring.figures import Figures
from web.monitoring.server_figures import ServerFigures
from web.server.durations import EXTENSION


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


TYPES = {
    CounterMetricFamily: "counter", GaugeMetricFamily: "gauge", HistogramMetricFamily: "histogram",
}  # fmt: skip
ROW = re.compile(r"^\| `(patchbay_\w+)` \| (\w+) \| ([^|]*) \|", re.MULTILINE)


def exported(app: Flask) -> dict[str, tuple[str, list[str]]]:
    """Type and labels of each metric, by its name as it is scraped."""
    services = app.extensions["patchbay"]
    server = ServerFigures(services, app.extensions[EXTENSION], app.extensions["patchbay_gate"].attempts)
    found = {}
    for family in Figures(services, server).collect():
        kind = TYPES[type(family)]
        found[f"{family.name}_total" if kind == "counter" else family.name] = (kind, list(family._labelnames))
    return found


def scraped_names(app: Flask) -> set[str]:
    """The names of the series."""
    names = set()
    for name, (kind, _) in exported(app).items():
        names |= {f"{name}_{part}" for part in ("bucket", "count", "sum")} if kind == "histogram" else {name}
    return names


def test_each_metric_is_documented_with_its_type_and_labels(app: Flask):
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    documented = {name: (kind, re.findall(r"`(\w+)`", labels)) for name, kind, labels in ROW.findall(text)}
    assert documented == exported(app)


def test_names_follow_the_rules_of_prometheus(app: Flask):
    for name, (kind, names) in exported(app).items():
        assert re.fullmatch(r"patchbay_[a-z]+(_[a-z]+)*", name)
        assert name.endswith("_total") == (kind == "counter"), name
        assert kind != "histogram" or name.endswith("_seconds"), name
        assert not {"le", "job", "instance"} & set(names)


@pytest.mark.parametrize("name", ["dashboard.json", "alerts.yaml"])
def test_the_examples_for_grafana_and_prometheus_ask_for_metrics_that_exist(app: Flask, name: str):
    text = (ROOT / "examples" / "grafana" / name).read_text("utf-8")
    asked = set(re.findall(r"\bpatchbay_\w+", text)) - {"patchbay_token"}
    assert asked
    assert asked - scraped_names(app) == set()
    labels = set(re.findall(r"(?<=[{, (])(\w+)(?=!?=~?\\?\")", text))
    known = {label for _, names in exported(app).values() for label in names}
    assert labels - known <= {"job"}


def test_the_dashboard_shows_every_metric(app: Flask):
    dashboard = (ROOT / "examples" / "grafana" / "dashboard.json").read_text("utf-8")
    assert json.loads(dashboard)["panels"]
    assert [name for name in exported(app) if name not in dashboard] == []


def test_the_alerts_are_rules_of_prometheus():
    rules = yaml.safe_load((ROOT / "examples" / "grafana" / "alerts.yaml").read_text("utf-8"))
    for group in rules["groups"]:
        for rule in group["rules"]:
            assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
            assert {"summary", "description"} == set(rule["annotations"])
            assert rule["expr"].count("(") == rule["expr"].count(")")


def test_the_server_counts_its_requests_sign_ins_streams_and_storage(
    client: Client, service: Service, app: Flask
):
    service.render("get")
    client.get("/nowhere")
    client.open("/healthz", "BREW")
    attempts = app.extensions["patchbay_gate"].attempts
    attempts.begin("192.0.2.1")
    attempts.end("192.0.2.1", is_right=False)
    found = read(client)
    count = "patchbay_http_request_duration_seconds_count"
    assert found[count, (("code", "4xx"), ("method", "GET"))] == 1
    assert found[count, (("code", "4xx"), ("method", "other"))] == 1
    assert found["patchbay_signin_failures_total", ()] == 1
    assert found["patchbay_artifacts", ()] == 1
    assert found["patchbay_artifacts_size_bytes", ()] > 0
    assert found["patchbay_database_size_bytes", ()] > 1000
    assert found["patchbay_event_streams", ()] == 0
    assert found["patchbay_prefetch_lag_seconds", ()] == 0
    assert found["patchbay_reviews_due", (("workspace_id", "1"),)] == 0
    assert found["process_resident_memory_bytes", ()] > 0


def test_a_refused_call_is_counted_as_such(client: Client):
    manifest = {
        "integration": {"base_url": "http://169.254.169.254", "auth_method": "none"},
        "endpoints": [{"id": "get", "path": "/"}],
        "blocks": [{"id": "get", "endpoint": "get"}],
    }
    plugin = {"id": "metadata", "name": "M", "version": "1.0.0", "type": "integration", "manifest": manifest}
    client.post("/plugins/register", plugin)
    client.put("/integrations/metadata/enable", {"enabled": True})
    assert client.post("/integrations/metadata/render", {"block_type": "get"}).status_code == 403
    refused = labels(integration_id="metadata", cause="live", outcome="egress_refused")
    assert read(client)["patchbay_upstream_calls_total", refused] == 1


def test_a_stranger_reads_nothing(stranger: Client):
    assert stranger.open("/metrics").status_code == 401


def test_no_secret_and_no_address_is_told(client: Client, service: Service):
    service.configure(api_key="K-very-secret")
    service.render("get", {})
    text = client.open("/metrics").get_data(as_text=True)
    assert "K-very-secret" not in text
    assert not re.search(r"https?://|127\.0\.0\.1", text)
