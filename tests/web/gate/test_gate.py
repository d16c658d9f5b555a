from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask, jsonify, request
from werkzeug.test import TestResponse

from settings import Settings
from tests.conftest import Client
from tests.web.conftest import MakeGate
from web.api.problems import init_problems
from web.gate.gate import Gate, init_gate, is_json_type
from web.gate.sessions import digest_of
from web.gate.tokens import rotate_token

TOKEN = "the-right-token"
OWN = "http://127.0.0.1:8765"
FRIEND = "http://localhost:5173"
FRIENDLY_SETTINGS = {"allowed_origins": (FRIEND,), "max_body_size_bytes": 1000}


@pytest.fixture
def gated(settings: Settings, make_gate: MakeGate) -> Flask:
    """A small app behind the gate: `/api/v1/thing` takes every method, `/page` is a page."""
    app = Flask("gated", static_folder=None)
    init_problems(app)
    init_gate(app, make_gate(replace(settings, **FRIENDLY_SETTINGS, token=TOKEN)), lambda: 0)

    @app.route("/api/v1/thing", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def thing() -> Any:
        return jsonify(method=request.method)

    app.add_url_rule("/page", view_func=lambda: "<p>", endpoint="page")
    app.add_url_rule("/healthz", view_func=lambda: "ok", endpoint="healthz")
    app.add_url_rule("/fail", view_func=lambda: 1 / 0, endpoint="fail")
    return app


def call(
    gated: Flask, path: str = "/api/v1/thing", method: str = "GET", token: str | None = TOKEN, **options: Any
) -> TestResponse:
    headers = {"Host": "127.0.0.1:8765", **options.pop("headers", {})}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return gated.test_client(use_cookies=False).open(path, method=method, headers=headers, **options)


@pytest.mark.parametrize(
    "path", ["/api/v1/thing", "/page", "/nowhere", "/healthz", "/static/x.css", "//", "/fail"]
)
def test_a_foreign_host_is_refused_on_every_path(gated: Flask, path: str):
    response = call(gated, path, headers={"Host": "localhost.evil.com"})
    assert (response.status_code, response.get_json()["code"]) == (400, "malformed")


GUARDED = [
    "/api/v1/thing",
    "/page",
    "/nowhere",
    "//api/v1/thing",
    "/api//v1/thing",
    "/api/v1/thing/",
    "/healthz/",
    "//healthz",
    "/HEALTHZ",
    "/signin/",
    "/static/signin.css/",
    "/static/../healthz",
    "/%68ealthz/x",
]


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize(
    "method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]
)
def test_without_the_token_nothing_is_told_but_that_one_is_needed(gated: Flask, path: str, method: str):
    response = call(gated, path, method, token=None)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="patchbay"'


WRONG_AUTHORIZATIONS = [
    "",
    "Bearer",
    "Bearer ",
    "Bearer wrong",
    f"Basic {TOKEN}",
    TOKEN,
    f"Bearer {TOKEN}x",
    f"Bearer {TOKEN[:-1]}",
    f"Bearer {TOKEN.upper()}",
    "Bearer t\xf6ken",
    "Bearer \xff\xfe",
    "Bearer " + "x" * 10_000,
    f"Bearer {TOKEN}, {TOKEN}",
]


@pytest.mark.parametrize("authorization", WRONG_AUTHORIZATIONS)
def test_a_wrong_token_is_refused_whatever_it_is_made_of(gated: Flask, authorization: str):
    assert call(gated, token=None, headers={"Authorization": authorization}).status_code == 401


@pytest.mark.parametrize("authorization", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"Bearer  {TOKEN} "])
def test_the_right_token_is_let_in(gated: Flask, authorization: str):
    assert call(gated, token=None, headers={"Authorization": authorization}).status_code == 200


def test_the_cookie_lets_in_and_the_token_as_a_cookie_does_not(gated: Flask):
    gate: Gate = gated.extensions["patchbay_gate"]
    cookie = gate.sessions.begin(None)
    assert call(gated, token=None, headers={"Cookie": f"{gate.cookie_name}={cookie}"}).status_code == 200
    for value in (TOKEN, "", cookie[:-1], f"{cookie}x", digest_of(cookie), "\xff"):
        assert call(gated, token=None, headers={"Cookie": f"{gate.cookie_name}={value}"}).status_code == 401


@pytest.mark.parametrize("is_configured", [True, False])
def test_a_token_is_looked_for_anew_only_where_it_may_be_rotated(
    settings: Settings, make_gate: MakeGate, is_configured: bool
):
    app = Flask("rotating", static_folder=None)
    settings = replace(settings, token=TOKEN if is_configured else None)
    gate, looks = make_gate(settings), []
    held, before = gate.held, gate.token
    init_gate(app, gate, lambda: looks.append(1) or len(looks))
    app.add_url_rule("/page", view_func=lambda: "<p>")
    if not is_configured:
        rotate_token(settings)
    refused = call(app, "/page", token=before).status_code != 200
    assert (refused, len(looks)) == ((False, 0) if is_configured else (True, 1))
    assert call(app, "/page", token=held.value).status_code == 200


def test_a_wrong_header_is_not_made_up_for_by_a_cookie(gated: Flask):
    gate: Gate = gated.extensions["patchbay_gate"]
    headers = {"Cookie": f"{gate.cookie_name}={gate.sessions.begin(None)}"}
    assert call(gated, token="wrong", headers=headers).status_code == 401


def test_health_needs_no_token(gated: Flask):
    assert call(gated, "/healthz", token=None).status_code == 200


@pytest.mark.parametrize("path", ["/page", "/nowhere", "/api/docs", "/"])
def test_a_person_without_the_token_is_led_to_the_sign_in_page(gated: Flask, path: str):
    response = call(gated, f"{path}?token={TOKEN}", token=None, headers={"Accept": "text/html,*/*;q=0.8"})
    assert (response.status_code, response.headers["Location"]) == (303, f"/signin?next={path}")


def test_the_way_to_the_sign_in_page_keeps_the_query_without_a_token(gated: Flask):
    response = call(
        gated, f"/page?a=1&token={TOKEN}&a=//x&b=%26", token=None, headers={"Accept": "text/html"}
    )
    assert response.headers["Location"] == "/signin?next=/page%3Fa%3D1%26a%3D%252F%252Fx%26b%3D%2526"


@pytest.mark.parametrize(
    ("headers", "reason", "challenge"),
    [
        ({}, "no_token", ""),
        ({"Authorization": "Bearer a-wrong-one"}, "wrong_token", ', error="invalid_token"'),
        ({"Authorization": ""}, "wrong_token", ', error="invalid_token"'),
        ({"Cookie": "patchbay_8765=of-an-earlier-token"}, "signed_out", ""),
        ({"Cookie": "another=cookie"}, "no_token", ""),
    ],
)
def test_why_nobody_is_let_in_reads_differently(
    gated: Flask, headers: dict[str, str], reason: str, challenge: str
):
    response = call(gated, token=None, headers=headers)
    problem = response.get_json()
    assert (response.status_code, problem["code"], problem["reason"]) == (401, "unauthorized", reason)
    assert response.headers["WWW-Authenticate"] == f'Bearer realm="patchbay"{challenge}'
    assert "a-wrong-one" not in response.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/static/client/patchbay.js", "/static/client/elements.js"])
@pytest.mark.parametrize("origin", [None, "http://evil.com", "null", FRIEND, OWN])
def test_the_client_is_public_code_for_any_page_and_gives_no_credentials(
    stranger: Client, path: str, origin: str | None
):
    response = stranger.open(path, headers={"Origin": origin} if origin else {})
    assert (response.status_code, response.mimetype) == (200, "text/javascript")
    assert response.headers.getlist("Access-Control-Allow-Origin") == ["*"]
    assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/static/client/",
        "/static/client/nothing.js",
        "/static/client/../signin.css",
        "/static/client/%2e%2e/manifest.json",
        "/static/client/patchbay.js.br",
        "/static/client//patchbay.js",
        "/static/client/patchbay.js/",
        "/static/CLIENT/patchbay.js",
        "/static/built/client/patchbay.js",
        "/static/built/manifest.json",
        "/static/patchbay.js",
    ],
)
def test_nothing_beside_the_client_is_public(stranger: Client, path: str):
    response = stranger.open(path, headers={"Origin": "http://evil.com"})
    assert response.status_code == 401
    assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("path", ["/static/icons/si/github.svg", "/static/icons/lucide/cloud-sun.svg"])
def test_icons_are_public_as_the_client_is(stranger: Client, path: str):
    response = stranger.open(path, headers={"Origin": "http://evil.com"})
    assert (response.status_code, response.mimetype) == (200, "image/svg+xml")
    assert response.headers.getlist("Access-Control-Allow-Origin") == ["*"]
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/static/icons/",
        "/static/icons/si/",
        "/static/icons/si.json",
        "/static/built/icons/si.svgs",
        "/static/icons/si/../../../signin.css",
        "/static/icons/si/%2e%2e%2fsi.svg",
        "/static/icons/si/github.svg/",
        "/static/icons/si/github.svg%0a",
        "/static/icons/si//github.svg",
        "/static/icons/SI/github.svg",
        "/static/icons/../notebook",
    ],
)
def test_nothing_beside_icons_is_public(stranger: Client, path: str):
    assert stranger.open(path, headers={"Origin": "http://evil.com"}).status_code == 401


def test_the_client_is_served_to_our_hosts_only(stranger: Client):
    assert stranger.open("/static/client/patchbay.js", headers={"Host": "evil.com"}).status_code == 400


def test_a_token_in_the_query_opens_nothing(gated: Flask):
    assert call(gated, f"/api/v1/thing?token={TOKEN}", token=None).status_code == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.com"},
        {"Origin": "null"},
        {"Origin": "http://localhost:5174"},
        {"Origin": "http://localhost:5173.evil.com", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_change_from_a_foreign_page_is_refused_even_with_the_token(
    gated: Flask, method: str, headers: dict[str, str]
):
    response = call(gated, method=method, headers=headers)
    assert (response.status_code, response.get_json()["code"]) == (403, "foreign_origin")
    assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("headers", [{}, {"Origin": OWN}, {"Origin": FRIEND, "Sec-Fetch-Site": "cross-site"}])
def test_a_change_from_a_program_or_a_page_of_ours_passes(gated: Flask, headers: dict[str, str]):
    assert call(gated, method="POST", headers=headers, json={}).status_code == 200


def test_an_allowed_origin_is_granted_by_name(gated: Flask):
    response = call(gated, headers={"Origin": FRIEND})
    assert response.headers["Access-Control-Allow-Origin"] == FRIEND
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert set(response.headers["Access-Control-Expose-Headers"].split(", ")) == {
        "Age", "ETag", "Retry-After", "X-Cache", "X-Pagination", "X-Request-Id"
    }  # fmt: skip


@pytest.mark.parametrize("origin", ["null", "http://evil.com", f"{FRIEND}.evil.com", "https://localhost:5173",
                                    "http://localhost:51730", "http://localhost", f"{FRIEND}/", "*", ""])  # fmt: skip
def test_a_look_alike_origin_gets_no_grant(gated: Flask, origin: str):
    for response in (
        call(gated, headers={"Origin": origin}),
        call(gated, "/nowhere", headers={"Origin": origin}),
        call(gated, method="OPTIONS", headers={"Origin": origin, "Access-Control-Request-Method": "POST"}),
    ):
        assert not [name for name, _ in response.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize("origin", [None, "http://evil.com", FRIEND])
@pytest.mark.parametrize("path", ["/api/v1/thing", "/api/v1/nowhere"])
def test_api_answers_vary_by_origin_for_every_asker(gated: Flask, origin: str | None, path: str):
    response = call(gated, path, headers={"Origin": origin} if origin else {})
    assert "Origin" in response.vary


def test_refusals_are_readable_to_an_allowed_origin(gated: Flask):
    response = call(gated, token=None, headers={"Origin": FRIEND})
    assert (response.status_code, response.headers["Access-Control-Allow-Origin"]) == (401, FRIEND)


def test_a_preflight_of_an_allowed_origin_needs_no_token(gated: Flask):
    headers = {
        "Origin": FRIEND,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    response = call(gated, method="OPTIONS", token=None, headers=headers)
    assert (response.status_code, response.headers.get("Content-Type")) == (204, None)
    assert response.headers["Access-Control-Allow-Origin"] == FRIEND
    assert "PUT" in response.headers["Access-Control-Allow-Methods"]
    allowed = response.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"authorization", "if-match", "last-event-id"} <= set(allowed)


def test_an_answer_without_content_has_no_type_of_it(client: Client):
    made = client.post("/workspaces", {"name": "W"}).json
    gone = client.delete(f"/workspaces/{made['id']}")
    assert (gone.status_code, gone.data, gone.headers.get("Content-Type")) == (204, b"", None)


def test_a_preflight_of_a_stranger_is_refused(gated: Flask):
    headers = {"Origin": "http://evil.com", "Access-Control-Request-Method": "GET"}
    assert call(gated, method="OPTIONS", headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("content_type", "is_json"),
    [
        ("application/json", True),
        ("Application/JSON; charset=UTF-8", True),
        ('application/json; charset="utf-8"', True),
        ("application/merge-patch+json", True),
        (None, False),
        ("", False),
        ("text/plain", False),
        ("application/x-www-form-urlencoded", False),
        ("multipart/form-data; boundary=x", False),
        ("text/json", False),
        ("text/plain; application/json", False),
        ("text/plain, application/json", False),
        ("application/json, text/plain", False),
        ("application/jsonp", False),
        ("application/json; charset=utf-16", False),
        ("application/json; charset=latin-1", False),
    ],
)
def test_json_is_told_by_its_content_type(content_type: str | None, is_json: bool):
    assert is_json_type(content_type) is is_json


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_a_body_that_is_not_sent_as_json_is_refused(gated: Flask, content_type: str | None):
    response = call(gated, method="POST", data=b'{"a": 1}', content_type=content_type)
    assert (response.status_code, response.get_json()["code"]) == (415, "not_json")


def test_a_change_without_a_body_needs_no_content_type(gated: Flask):
    assert call(gated, method="DELETE").status_code == 200
    assert call(gated, method="POST").status_code == 200


def test_a_body_beyond_the_limit_is_refused(gated: Flask):
    response = call(gated, method="POST", data=b"1" * 1001, content_type="application/json")
    assert (response.status_code, response.get_json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("path", ["/api/v1/thing", "/page", "/nowhere", "/healthz", "/fail"])
def test_every_answer_is_closed_to_other_pages(gated: Flask, path: str):
    headers = call(gated, path).headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
