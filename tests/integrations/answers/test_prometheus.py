"""Metrics in Prometheus' text format and in OpenMetrics, as values that `select` works on."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import UpstreamInvalid
from integrations.answers.parse import parse_answer
from integrations.answers.selection import compile_select
from integrations.answers.types.prometheus_answer import MAX_LINE_BYTES, MAX_SAMPLES

TEXT = rb"""# HELP watchtower_containers_scanned Number of containers scanned
# TYPE watchtower_containers_scanned gauge
watchtower_containers_scanned 12
# TYPE http_seconds histogram
http_seconds_bucket{path="/a \"b\"\\\n",le="0.5"} 3 1700000000123
http_seconds_bucket{path="/",le="+Inf"} 4
http_seconds_sum{path="/"} 1.25
load NaN
"""
OPEN = b"""# TYPE jobs counter
# UNIT jobs_seconds seconds
jobs_total{queue="a"} 5 1700000000.5 # {trace_id="x"} 1
# EOF
"""


def read(body: bytes, content_type: str = "text/plain; version=0.0.4") -> object:
    return parse_answer("prometheus", content_type, body).value


def test_each_sample_stands_under_its_name_with_its_labels():
    assert read(TEXT) == {
        "watchtower_containers_scanned": [{"labels": {}, "value": 12}],
        "http_seconds_bucket": [
            {"labels": {"path": '/a "b"\\\n', "le": "0.5"}, "value": 3, "timestamp": 1700000000.123},
            {"labels": {"path": "/", "le": "+Inf"}, "value": 4},
        ],
        "http_seconds_sum": [{"labels": {"path": "/"}, "value": 1.25}],
        "load": [{"labels": {}, "value": None}],
    }


def test_a_counter_keeps_its_own_name():
    text = b"# TYPE skipped counter\nskipped 2\n# TYPE scans_total counter\nscans_total 3\n"
    assert read(text) == {
        "skipped": [{"labels": {}, "value": 2}],
        "scans_total": [{"labels": {}, "value": 3}],
    }


def test_openmetrics_is_read_where_the_provider_says_so():
    body = OPEN.replace(b"# UNIT jobs_seconds seconds\n", b"")
    assert read(body, "application/openmetrics-text; version=1.0.0; charset=utf-8") == {
        "jobs_total": [{"labels": {"queue": "a"}, "value": 5, "timestamp": 1700000000.5}]
    }


def test_a_select_takes_what_a_block_shows():
    value = read(TEXT)
    expression = "{scanned: watchtower_containers_scanned[0].value, all: http_seconds_bucket[?labels.le == '+Inf'].value | [0]}"
    assert compile_select(expression).apply(value) == {"scanned": 12, "all": 4}


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"<!doctype html><p>Sign in</p>", "text/html", "wrong_type"),
        (b'{"up": 1}', "application/json", "wrong_type"),
        (b"hello there, world", "text/plain", "unparsable"),
        (b'up{job="a} 1', "text/plain", "unparsable"),
        (b'up{job="\xff"} 1', "text/plain", "unparsable"),
        (b"up " + b"1" * MAX_LINE_BYTES, "text/plain", "unparsable"),
        (b"up 1\n" * (MAX_SAMPLES + 1), "text/plain", "unparsable"),
        (b"\n" * (4 * MAX_SAMPLES) + b"up 1\n# x", "text/plain", "unparsable"),
        (b"up 1\n", "application/openmetrics-text", "unparsable"),
        (b" \n", "text/plain", "empty"),
    ],
)
def test_what_is_no_metrics_is_a_failure_that_says_so(body: bytes, content_type: str, reason: str):
    with pytest.raises(UpstreamInvalid) as failed:
        read(body, content_type)
    assert failed.value.extensions["reason"] == reason


def test_as_many_samples_as_there_may_be_are_read():
    assert len(read(b"up 1\n" * MAX_SAMPLES)["up"]) == MAX_SAMPLES  # type: ignore[index]


@given(
    st.one_of(st.binary(max_size=200), st.text('abz_{}"\\,=# \n01.eE+-NTYPHL', max_size=200).map(str.encode)),
    st.sampled_from(["text/plain", "application/openmetrics-text"]),
)
def test_no_bytes_make_the_parser_fail_otherwise(body: bytes, content_type: str):
    try:
        value = read(body, content_type)
    except UpstreamInvalid:
        return
    json.dumps(value, allow_nan=False)
