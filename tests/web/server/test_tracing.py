"""Traces: one span a step, below the caller's trace, sent to a collector on loopback."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from werkzeug import Request, Response

from integrations.concurrency.spans import NO_SPAN, span
from tests.conftest import Client
from tests.integrations.stories import Service
from tests.upstreams import Upstream
from web.server.tracing import start_tracing

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SECRET = "K-very-secret-and-long"


class Collector:
    """Receives spans. `stop` ends the tracing and returns all that were sent, by name."""

    def __init__(self, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bodies: list[bytes] = []
        upstream.expect_request("/v1/traces").respond_with_handler(self._take)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", upstream.url_for("").rstrip("/"))
        self.end = start_tracing(os.environ)

    def _take(self, request: Request) -> Response:
        self.bodies.append(request.get_data())
        return Response(b"", content_type="application/x-protobuf")

    def stop(self) -> dict[str, list[Any]]:
        self.end()
        found: dict[str, list[Any]] = {}
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    for one in scope.spans:
                        found.setdefault(one.name, []).append(one)
        return found


@pytest.fixture
def collector(httpserver: Upstream, monkeypatch: pytest.MonkeyPatch) -> Any:
    collector = Collector(httpserver, monkeypatch)
    yield collector
    collector.end()


@pytest.fixture
def sent(upstream: Upstream) -> list[dict[str, str]]:
    """The headers of each request that the provider received."""
    received: list[dict[str, str]] = []

    def answer(request: Request) -> Response:
        received.append(dict(request.headers))
        return Response('{"a": [1, 2]}', 200 if request.path == "/get" else 500, mimetype="application/json")

    upstream.expect_request("/get").respond_with_handler(answer)
    upstream.expect_request("/down").respond_with_handler(answer)
    return received


@pytest.fixture
def service(client: Client, upstream: Upstream, sent: list[dict[str, str]]) -> Service:
    return Service(
        client,
        upstream,
        [
            {"id": "get", "path": "/get", "response_type": "json", "select": "a[0]"},
            {"id": "down", "path": "/down"},
        ],
        [{"id": "get", "endpoint": "get", "cache_ttl": 60}, {"id": "down", "endpoint": "down"}],
    )


def attributes(one: Any) -> dict[str, Any]:
    return {pair.key: pair.value.string_value or pair.value.int_value for pair in one.attributes}


def test_each_step_of_a_render_is_a_span_of_the_callers_trace(
    service: Service, client: Client, collector: Collector, sent: list[dict[str, str]]
):
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    body = {"block_type": "get", "parameters": {}}
    answer = client.post("/integrations/svc/render", body, headers=headers)
    assert (answer.status_code, answer.headers["X-Request-Id"]) == (200, TRACE)
    spans = collector.stop()
    route = "POST /api/v1/integrations/<string:plugin_id>/render"
    below = {
        route: PARENT,
        "render": spans[route][0].span_id.hex(),
        "cache lookup": spans["render"][0].span_id.hex(),
        "upstream call": spans["render"][0].span_id.hex(),
        "select": spans["render"][0].span_id.hex(),
    }
    assert {name: found[0].parent_span_id.hex() for name, found in spans.items()} == below
    assert {found[0].trace_id.hex() for found in spans.values()} == {TRACE}
    assert attributes(spans["render"][0]) == {
        "patchbay.integration_id": "svc", "patchbay.block_id": "get", "patchbay.cause": "live", "patchbay.cache": "MISS",
    }  # fmt: skip
    assert attributes(spans["upstream call"][0])["http.response.status_code"] == 200
    given = {name.lower() for name in sent[0]}
    assert not {"traceparent", "tracestate", "baggage", "x-request-id"} & given


def test_a_span_tells_neither_a_secret_nor_an_address_nor_an_error_s_text(
    service: Service, client: Client, collector: Collector
):
    service.configure(api_key=SECRET)
    client.post("/integrations/svc/render", {"block_type": "down", "parameters": {}})
    client.get(f"/plugins?x={SECRET}")
    spans = collector.stop()
    assert attributes(spans["render"][0])["error.type"] == "upstream_failed"
    sent_bytes = b"".join(collector.bodies)
    assert SECRET.encode() not in sent_bytes
    assert b"127.0.0.1" not in sent_bytes
    assert b"localhost" not in sent_bytes


def test_what_a_batch_renders_on_other_threads_stands_below_its_request(
    service: Service, client: Client, collector: Collector
):
    blocks = [
        {"key": name, "integration_id": "svc", "block_type": name, "parameters": {}}
        for name in ("get", "down")
    ]
    # The lines are rendered while they are read.
    assert client.post("/render-batch", {"blocks": blocks}).data.count(b"\n") == 2
    spans = collector.stop()
    request = spans["POST /api/v1/render-batch"][0].span_id
    assert [one.parent_span_id for one in spans["render"]] == [request, request]


def test_nothing_is_traced_where_no_variable_asks_for_it():
    for environ in ({}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"}):
        stop: Callable[[], None] = start_tracing(environ)
        with span("render") as step:
            assert step is NO_SPAN
        stop()


def test_where_the_package_lacks_one_line_of_the_log_names_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, app: Flask
):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with caplog.at_level(logging.WARNING):
        start_tracing({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"})()
    assert [
        record.getMessage() for record in caplog.records if "requirements-otel.txt" in record.getMessage()
    ]
    assert Client(app).open("/healthz").status_code == 200
