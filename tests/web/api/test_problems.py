from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, abort
from marshmallow import Schema, fields
from werkzeug.exceptions import ServiceUnavailable

from errors import BudgetSpent, Invalid, PatchbayError, Provisioned, Unauthorized, UpstreamFailed
from web.api.problems import HTTP_PROBLEMS, flatten_errors, init_problems, invalid_of

MEMBERS = {"type", "title", "status", "detail", "code", "success", "error"}
SECRET = "K-9f8e7d6c"


def answer(fail: Callable[[], Any], **options: Any):
    """What a client hears of a view that ends in `fail`."""
    app = Flask("test")
    init_problems(app)
    app.add_url_rule("/", view_func=fail, endpoint="fail", methods=["GET", "POST"])
    app.add_url_rule("/only-get", view_func=lambda: "", endpoint="only-get")
    return app.test_client().open(options.pop("path", "/"), **options)


def raiser(error: BaseException) -> Callable[[], Any]:
    def fail() -> Any:
        raise error

    return fail


@pytest.mark.parametrize("kind", PatchbayError.__subclasses__())
def test_every_decision_becomes_its_problem(kind: type[PatchbayError]):
    error = kind("A sentence for a person.", **({"file": "home.yaml"} if kind is Provisioned else {}))
    response = answer(raiser(error))
    assert response.content_type == "application/problem+json"
    assert response.status_code == kind.status
    body = response.get_json()
    assert set(body) == MEMBERS | set(error.extensions)
    assert body["code"] == kind.code
    assert body["type"] == f"/docs/problems#{kind.code}"
    assert body["detail"] == body["error"] == "A sentence for a person."
    assert body["success"] is False


def test_errors_by_field_and_extensions_are_members():
    body = answer(raiser(Invalid("No.", errors={"a[2].b": ["too long"]}, field="x"))).get_json()
    assert (body["errors"], body["field"]) == ({"a[2].b": ["too long"]}, "x")
    assert answer(raiser(UpstreamFailed("No.", upstream_status=418))).get_json()["upstream_status"] == 418


def test_an_extension_never_takes_the_place_of_a_member():
    assert answer(raiser(Invalid("No.", success=True, error="hm"))).get_json()["success"] is False


def test_a_pause_is_told_in_whole_seconds():
    assert answer(raiser(BudgetSpent("Later.", retry_after_seconds=1.2))).headers["Retry-After"] == "2"
    assert answer(raiser(BudgetSpent("Later.", retry_after_seconds=0))).headers["Retry-After"] == "1"


def test_a_missing_token_says_how_to_send_one():
    assert answer(raiser(Unauthorized("No."))).headers["WWW-Authenticate"].startswith("Bearer")


def test_headers_of_http_errors_stay():
    response = answer(lambda: "", path="/only-get", method="POST")
    assert (response.status_code, response.get_json()["code"]) == (405, "method_not_allowed")
    assert "GET" in response.headers["Allow"]
    assert answer(raiser(ServiceUnavailable(retry_after=7))).headers["Retry-After"] == "7"


@pytest.mark.parametrize(
    "status", [400, 401, 403, 404, 405, 406, 408, 409, 410, 412, 413, 414, 415, 422, 429, 501, 503]
)
def test_every_http_error_is_a_problem(status: int):
    response = answer(lambda: abort(status))
    body = response.get_json()
    assert response.content_type == "application/problem+json"
    assert set(body) == MEMBERS
    assert body["status"] == response.status_code == status
    assert body["code"] == HTTP_PROBLEMS.get(status, (f"http_{status}",))[0]


def test_an_unexpected_error_tells_its_incident_and_nothing_else(caplog: pytest.LogCaptureFixture):
    def fail() -> None:
        held = {"api_key": SECRET}
        try:
            raise KeyError(f"no {held}")
        except KeyError as error:
            raise RuntimeError(f"failed with {SECRET}") from error

    with caplog.at_level(logging.DEBUG):
        response = answer(fail)
    body = response.get_json()
    assert (response.status_code, body["code"]) == (500, "internal")
    assert SECRET not in response.get_data(as_text=True)
    assert SECRET not in caplog.text
    assert body["incident"] in caplog.text
    assert "RuntimeError at" in caplog.text
    assert "KeyError at" in caplog.text
    assert "test_problems.py" in caplog.text


def test_endless_recursion_is_the_requests_fault():
    assert answer(raiser(RecursionError())).status_code == 400


def test_flattened_errors_name_the_path_of_each_field():
    class Inner(Schema):
        id = fields.Integer(required=True)

    class Outer(Schema):
        name = fields.String(required=True)
        plugins = fields.List(fields.Nested(Inner))

    messages = Outer().validate({"plugins": [{"id": 1}, {"id": "x"}, 3], "odd": 1})
    assert set(flatten_errors(messages)) == {"name", "plugins[1].id", "plugins[2]", "odd"}


@pytest.mark.parametrize(
    ("messages", "errors"),
    [
        ({"json": {"a": ["no"]}}, {"a": ["no"]}),
        ({"query": {"page": ["no"]}}, {"page": ["no"]}),
        ({"json": {"_schema": ["Invalid input type."]}}, {"body": ["Invalid input type."]}),
        ({"json": ["Invalid JSON body."]}, {"body": ["Invalid JSON body."]}),
        ({"json": {"json": {0: ["no"]}}}, {"json[0]": ["no"]}),
        ({"name": ["no"]}, {"name": ["no"]}),
    ],
)
def test_the_location_of_a_field_is_left_out_of_its_path(messages: Any, errors: dict[str, list[str]]):
    assert invalid_of(messages).errors == errors


def test_the_detail_of_one_wrong_field_says_what_is_wrong():
    assert invalid_of({"json": {"name": ["Too long."]}}).detail == "name: Too long."
    assert invalid_of({"json": {"a": ["x"], "b": ["y"]}}).detail == "2 fields are invalid: a, b."
