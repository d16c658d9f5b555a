"""What a provider says of a failure: found where providers put it, on one line, short, and without secrets."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from pytest_httpserver import HTTPServer

from integrations.calling.quotation import WITHHELD, Quotation
from integrations.calling.upstream_error_message import MAX_BODY_BYTES, MAX_CHARACTERS, upstream_error_message
from integrations.egress.messages import Answer, Headers, PreparedCall
from tests.conftest import Client
from tests.integrations.stories import Service

KEY = "k-7Zq/4+9 wX&2%aLm=0"
ONE = [{"id": "it", "path": "/it", "parameters": [{"name": "q"}]}]
KEYED = {"auth": {"type": "api_key", "in": "query", "name": "key"}}


def words(body: bytes | str, content_type: str | None = "application/json", *secrets: str) -> str | None:
    headers = Headers((("Content-Type", content_type),) if content_type else ())
    body = body.encode() if isinstance(body, str) else body
    call = PreparedCall("GET", "http://127.0.0.1:80/", secrets=frozenset(secrets))
    return upstream_error_message(
        Answer(400, headers, body, "http://127.0.0.1:80", 0.0, len(body)), Quotation(call)
    )


SAID = "The key is wrong"


@pytest.mark.parametrize(
    "value",
    [
        SAID,
        [SAID],
        {"type": "about:blank", "title": "Bad request", "status": 400, "detail": SAID},
        {"title": SAID, "status": 400},
        {"error": "invalid_client", "error_description": SAID},
        {"error": SAID},
        {"error": {"code": 400, "message": SAID, "details": [{"reason": "API_KEY_INVALID"}]}},
        {"error": {"type": "search_exception", "root_cause": [{"reason": "x"}], "reason": SAID}, "status": 400},
        {"error": True, "reason": SAID},
        {"statusCode": 400, "error": "Bad Request", "message": SAID},
        {"cod": "400", "message": SAID},
        {"Message": SAID},
        {"code": 7, "msg": SAID},
        {"errors": [{"message": SAID, "code": 32}, {"message": "Another"}]},
        {"errors": [SAID, "Another"]},
        {"errors": [{"status": "400", "title": "Wrong", "detail": SAID}]},
        {"errorMessages": [SAID], "errors": {}},
        {"detail": [{"loc": ["query", "q"], "msg": SAID, "type": "missing"}]},
        {"fault": {"faultstring": SAID, "detail": {"errorcode": "oauth.v2.InvalidApiKey"}}},
        {"status": {"error_code": 1001, "error_message": SAID}},
        {"success": False, "status_code": 7, "status_message": SAID},
        {"ocs": {"meta": {"status": "failure", "message": SAID}, "data": []}},
        {"ErrorResponse": {"Message": SAID}},
        {"message": "", "error": {"message": "  "}, "description": SAID},
        {"message": None, "error": 5, "detail": ["", {"message": SAID}]},
    ],
)  # fmt: skip
def test_json_says_it_in_many_places(value: Any):
    assert words(json.dumps(value)) == SAID


def test_a_field_is_named_with_what_is_wrong_with_it():
    assert words('{"errorMessages": [], "errors": {"project": "is required"}}') == "project: is required"
    assert words('{"errors": {"name": ["is taken", "is short"]}}') == "name: is taken"


@pytest.mark.parametrize(
    "value",
    [{}, [], None, 5, True, {"status": "error"}, {"error": True, "code": 7}, {"message": {}}, {"a": "b", "c": "d"}],
)  # fmt: skip
def test_json_that_tells_a_person_nothing_is_not_quoted(value: Any):
    assert words(json.dumps(value)) is None


@pytest.mark.parametrize(
    ("body", "content_type", "said"),
    [
        ("Unauthorized\n", "text/plain", "Unauthorized"),
        ("Unauthorized", None, "Unauthorized"),
        ("Unauthorized", "application/json", "Unauthorized"),
        ('{"message": "No"}', "text/plain; charset=utf-8", "No"),
        ('{"message": "No"}', "application/octet-stream", "No"),
        ('{"message": "No"}', "application/vnd.api+json", "No"),
        ("Schlüssel ungültig".encode("latin-1"), "text/plain; charset=iso-8859-1", "Schlüssel ungültig"),
        ("No".encode("utf-16"), "text/plain", "No"),
        ("[error] no such unit", "text/plain", "[error] no such unit"),
        ("\x1b[31mNo\x1b[0m", "text/plain", "[31mNo [0m"),
        ("<html><head><title>502 Bad\nGateway</title></head><p>nginx", "text/html", "502 Bad Gateway"),
        ("<!DOCTYPE html><title>A &lt;b&gt; &amp; c</title>", "application/json", "A <b> & c"),
        ('{"message": "<html><title>504 Time-out</title>"}', "application/json", "504 Time-out"),
        ("<Error><Code>X</Code><Message>No such key</Message></Error>", "application/xml", "No such key"),
        ('<r status="failed"><error code="40" message="Wrong user"/></r>', "text/xml", "Wrong user"),
        ("<s:Envelope xmlns:s='u'><s:Body><s:Fault><faultstring>No</faultstring></s:Fault></s:Body></s:Envelope>", "text/xml", "No"),
        ("<html><body><h1>Forbidden</h1></body></html>", "text/html", None),
        ("<title></title>", "text/html", None),
        ("<title>never ended", "text/html", None),
        ("<script>alert(1)</script>", "text/plain", None),
        ("<a><b", "application/xml", None),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "application/xml", None),
        ('{"message": "cut o', "application/json", None),
        ('{"message": "cut o', "text/plain", None),
        (b"\x89PNG\r\n\x1a\n\0\0", "image/png", None),
        (b"\x00\x01\x02No", "text/plain", None),
        (b"No", "application/octet-stream", None),
        (b"%PDF-1.7", "application/pdf", None),
        ("[" * 5000, "application/json", None),
        ("", "text/plain", None),
        (" \n ", "text/plain", None),
    ],
)  # fmt: skip
def test_text_markup_and_bytes(body: bytes | str, content_type: str | None, said: str | None):
    assert words(body, content_type) == said


def test_it_is_one_short_line_without_what_cannot_be_seen():
    assert words('{"message": "a\\u0000b\\r\\n\\tc\\u202ed\\u2028e  f"}') == "a b c d e f"
    long = words(json.dumps({"message": "word " * 100})) or ""
    assert len(long) <= MAX_CHARACTERS
    assert long.endswith("word…")
    assert words("x" * (MAX_BODY_BYTES + 1), "text/plain") is None


ENCODED = {
    "raw": KEY,
    "percent-encoded": quote(KEY, safe=""),
    "percent-encoded twice": quote(quote(KEY, safe=""), safe=""),
    "plus for a blank": quote(KEY, safe="").replace("%20", "+"),
    "in base64": b64encode(KEY.encode()).decode(),
    "escaped as JSON": "".join(f"\\u{ord(char):04x}" for char in KEY),
    "in HTML signs": "".join(f"&#{ord(char)};" for char in KEY),
    "in UTF-16": KEY.encode("utf-16-le").decode("latin-1"),
    "over two lines": KEY.replace(" ", "\n"),
    "with a sign for the blank": KEY.replace(" ", "\u200b"),
}


@pytest.mark.parametrize("echo", ENCODED.values(), ids=ENCODED.keys())
@pytest.mark.parametrize("before", [0, 150, 185, 190, 195, 200])
def test_words_that_say_a_secret_are_withheld_before_they_are_cut(echo: str, before: int):
    said = words(json.dumps({"message": "y" * before + echo + " is wrong"}), "application/json", KEY)
    assert said == WITHHELD


def test_a_secret_far_behind_what_is_shown_is_no_matter():
    assert words("y " * 400 + KEY, "text/plain", KEY) == "y " * 98 + "y…"


def test_the_lines_of_a_long_secret_are_found_in_one():
    key = "-----BEGIN KEY-----\nAbCdEfGhIjKl\nMnOpQrStUvWx\n-----END KEY-----\n"
    said = words(json.dumps({"message": f"bad key {key!s}".replace("\n", "\r\n")}), "application/json", key)
    assert said == WITHHELD


def test_a_part_of_a_secret_that_the_provider_cut_is_not_said():
    secret = "sk-live-0123456789abcdefghij"
    for said in (
        f"{secret[:20]}...",
        f"…{secret[-15:]}",
        "sk-live-****ghij",
        secret[8:12],
        "ABCD",
        "MDEyMzQ1Njc4",
    ):
        assert words(f"Wrong key {said}", "text/plain", secret) == WITHHELD
    assert words("Wrong key", "text/plain", secret) == "Wrong key"


def test_blanks_do_not_push_half_a_secret_into_the_text():
    body = " " * (MAX_BODY_BYTES - len(KEY) // 2) + KEY
    assert words(body, "text/plain", KEY) is None


def service_of(client: Client, upstream: HTTPServer, **block: Any) -> Service:
    service = Service(client, upstream, ONE, [{"id": "b", **block}], **KEYED)
    service.configure(api_key=KEY)
    return service


def test_the_problem_and_the_test_tell_it_without_the_key(client: Client, upstream: HTTPServer):
    said = {"error": {"message": f"No account for {quote(KEY, safe='')} (sent as {KEY})"}}
    upstream.expect_request("/it").respond_with_json(said, status=400)
    service = service_of(client, upstream)
    for answered in (service.render("b"), service.execute("it")):
        assert (answered.status_code, answered.json["detail"]) == (502, "The provider answered 400.")
        assert answered.json["upstream_message"] == WITHHELD
    verdict = client.post("/integrations/svc/test", {}).json
    assert verdict["message"].endswith(f" {WITHHELD}")
    assert verdict["details"]["upstream_message"] == WITHHELD


def test_an_unsaved_secret_that_is_tried_is_not_said_either(client: Client, upstream: HTTPServer):
    upstream.expect_request("/it").respond_with_data("bad key other-key-0123", status=403)
    service_of(client, upstream)
    tried = client.post("/integrations/svc/test", {"config": {"api_key": "other-key-0123"}}).json
    assert tried["details"]["upstream_message"] == WITHHELD


def test_where_nothing_is_said_nothing_is_there(client: Client, upstream: HTTPServer):
    upstream.expect_request("/it").respond_with_data(b"\0\1", status=400, content_type="application/x-thing")
    assert "upstream_message" not in service_of(client, upstream).render("b").json


def test_a_remembered_failure_says_the_same(client: Client, upstream: HTTPServer):
    upstream.expect_request("/it").respond_with_json({"message": "Overloaded"}, status=503)
    service = service_of(client, upstream)
    with time_machine.travel(1_800_000_000, tick=False):
        said = [service.render("b").json["upstream_message"] for _ in range(2)]
    assert (said, len(upstream.log)) == (["Overloaded"] * 2, 1)


def test_a_failed_refresh_says_it_beside_the_last_good_answer(client: Client, upstream: HTTPServer):
    upstream.expect_oneshot_request("/it").respond_with_json({"ok": 1})
    upstream.expect_request("/it").respond_with_json({"message": "Overloaded"}, status=503)
    service = service_of(client, upstream, cache_ttl=60, stale_if_error=600)
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        service.render("b")
        clock.shift(61)
        stale = service.render("b")
    assert (stale.json["data"], stale.json["error"]["upstream_message"]) == ({"ok": 1}, "Overloaded")
