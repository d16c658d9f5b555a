"""The demo's client finds a secret in an answer, however it is encoded."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from pytest_httpserver import HTTPServer

from examples.api import Api

SECRET = "s3cr/et+key?"


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (f'{{"a": "{SECRET}"}}', ""),
        (f"https://x.example/?k={quote(SECRET, safe='')}", ""),
        (base64.b64encode(SECRET.encode()).decode(), ""),
        ("", SECRET),
    ],
)
def test_a_secret_is_found_in_bodies_and_headers(upstream: HTTPServer, body: str, header: str):
    upstream.expect_request("/api/v1/plugins").respond_with_data(body, 422, {"X-Told": header})
    upstream.expect_request("/api/v1/other").respond_with_data("nothing")
    api = Api(upstream.url_for(""), "token")

    api.get("/other")
    refused = api.get("/plugins")

    assert refused.status == 422
    assert api.answers_with(SECRET) == ["GET /plugins"]


def test_calls_carry_the_token_and_json(upstream: HTTPServer):
    upstream.expect_request(
        "/api/v1/x",
        "PUT",
        headers={"Authorization": "Bearer t", "Content-Type": "application/json"},
        json={"a": 1},
    ).respond_with_json({"b": 2})

    answer = Api(upstream.url_for(""), "t").put("/x", {"a": 1})

    assert (answer.status, answer.json()) == (200, {"b": 2})


def test_a_refusal_is_described_in_a_line(upstream: HTTPServer):
    problem = {"code": "invalid", "detail": "No.", "errors": {"a": ["b"]}, "title": "x"}
    upstream.expect_request("/api/v1/x").respond_with_json(problem, 422)

    told = Api(upstream.url_for(""), "t").get("/x").describe()

    assert told == '422 {"code": "invalid", "detail": "No.", "errors": {"a": ["b"]}}'
