"""Access control, tested on the real server over real sockets."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from werkzeug.routing import Rule

from settings import Settings
from tests.conftest import TOKEN, Client, RunningServer
from tests.security.wire import exchange

OPEN_RULES = {
    "/healthz",
    "/readyz",
    "/signin",
    "/oauth/callback",
    "/api/v1/connect",
    "/api/v1/connect/token",
}
PLACEHOLDERS = {"int64": "1", "default": "x", "string": "x", "path": "x"}


def paths_of(rule: Rule) -> list[str]:
    """A path that the rule takes, and others that only look like it."""
    path = re.sub(
        r"<(?:(\w+)(?:\([^)]*\))?:)?\w+>", lambda found: PLACEHOLDERS[found[1] or "default"], rule.rule
    )
    return [path, f"/{path}", path.replace("/", "//"), f"{path}/", f"{path}%2f", f"/.{path}", f"{path};a=b"]


def test_every_route_but_health_and_signing_in_needs_the_token(client: Client, stranger: Client, app):
    guarded = 0
    for rule in app.url_map.iter_rules():
        for path in paths_of(rule):
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"):
                if path in OPEN_RULES:
                    continue
                response = stranger.open(path, method)
                assert response.status_code == 401, (method, path)
                guarded += 1
    assert guarded > 500


FOREIGN_HOSTS = [
    "evil.com",
    "evil.com:{port}",
    "localhost.evil.com",
    "localhost.evil.com:{port}",
    "127.0.0.1.nip.io:{port}",
    "localhost",
    "localhost:1",
    "localhost.:{port}",
    "127.0.0.1",
    "0.0.0.0:{port}",
    "0:{port}",
    "[::]:{port}",
    "[]:{port}",
    "::1:{port}",
    "evil.com@localhost:{port}",
    "localhost:{port}@evil.com",
    "localhost:{port}/",
    "localhost:{port}?",
    "localhost:{port} evil.com",
    "localhost:{port},evil.com",
    "localhost\t:{port}",
    "\xff:{port}",
    "",
    "a" * 4000,
]
PATHS = [
    "/",
    "/healthz",
    "/readyz",
    "/signin",
    "/static/signin.css",
    "/api/v1/plugins",
    "/nowhere",
    "//",
    "/notebook",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_foreign_host_is_refused_on_every_route(server: RunningServer, path: str):
    for host in FOREIGN_HOSTS:
        line = f"Host: {host.format(port=server.settings.port)}"
        answer = exchange(
            server.settings.port, f"GET {path} HTTP/1.1", line, f"Authorization: Bearer {TOKEN}"
        )
        assert answer.status == 400, host
        assert answer.problem["code"] == "malformed"
        assert "set-cookie" not in answer.headers


def test_a_request_without_a_host_or_with_two_is_refused(server: RunningServer):
    port = server.settings.port
    ours = f"Host: localhost:{port}"
    assert exchange(port, "GET /healthz HTTP/1.0", "A: b").status == 400
    assert exchange(port, "GET /healthz HTTP/1.1", "A: b").status == 400
    assert exchange(port, "GET /healthz HTTP/1.1", ours, "Host: evil.com").status == 400
    assert exchange(port, "GET /healthz HTTP/1.1", "Host: evil.com", ours).status == 400
    assert exchange(port, "GET /healthz HTTP/1.1", ours, "X-Forwarded-Host: evil.com").status == 200
    assert (
        exchange(
            port, "GET /healthz HTTP/1.1", "Host: evil.com", f"X-Forwarded-Host: localhost:{port}"
        ).status
        == 400
    )


def test_names_of_ours_are_let_in(settings: Settings, start_server: Callable[[Settings], RunningServer]):
    server = start_server(replace(settings, allowed_hosts=("patchbay.lan", "nas:9000")))
    port = server.settings.port
    for host in (
        f"127.0.0.1:{port}",
        f"LocalHost:{port}",
        f"[::1]:{port}",
        "patchbay.lan",
        f"patchbay.lan:{port}",
        "nas:9000",
    ):
        assert exchange(port, "GET /healthz HTTP/1.1", f"Host: {host}").status == 200, host


@pytest.mark.parametrize(
    "credentials",
    [
        b"",
        b"Authorization:",
        b"Authorization: Bearer",
        b"Authorization: Bearer wrong",
        b"Authorization: Basic " + TOKEN.encode(),
        b"Authorization: Bearer \xff\xfe\x80",
        "Authorization: Bearer tökén".encode(),
        b"Authorization: Bearer " + TOKEN.encode() + b"x",
        b"Authorization: Bearer " + TOKEN.encode()[:-1],
        b"Cookie: token=" + TOKEN.encode(),
        b"X-Token: " + TOKEN.encode(),
    ],
)
def test_a_wrong_token_is_a_401_and_never_a_500(server: RunningServer, credentials: bytes):
    port = server.settings.port
    lines = [
        b"GET /api/v1/plugins HTTP/1.1",
        f"Host: localhost:{port}",
        *([credentials] if credentials else []),
    ]
    answer = exchange(port, *lines)
    assert (answer.status, answer.problem["code"]) == (401, "unauthorized")
    assert TOKEN.encode() not in answer.body


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/api/v1/plugins", "/static/signin.css", "/notebook", "/nowhere"]
)
def test_a_token_in_the_query_works_on_the_sign_in_page_only(server: RunningServer, path: str):
    port = server.settings.port
    answer = exchange(port, f"GET {path}?token={TOKEN} HTTP/1.1", f"Host: localhost:{port}")
    assert "set-cookie" not in answer.headers
    assert answer.status == (200 if path in {"/healthz", "/static/signin.css"} else 401)


def test_the_sign_in_link_leaves_no_trace_of_the_token(server: RunningServer):
    port = server.settings.port
    answer = exchange(port, f"GET /signin?token={TOKEN}&next=/notebook HTTP/1.1", f"Host: localhost:{port}")
    assert (answer.status, answer.headers["location"]) == (303, "/notebook")
    cookie = answer.headers["set-cookie"]
    assert {"httponly", "samesite=strict", "path=/"} <= {part.strip() for part in cookie.split(";")}
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert TOKEN not in str(answer)


@pytest.mark.parametrize(
    "next_path",
    [
        "//evil.com",
        "/%5Cevil.com",
        "/%09/evil.com",
        "http://evil.com",
        "%2F%2Fevil.com",
        "/%0d%0aSet-Cookie:%20a=b",
    ],
)
def test_signing_in_never_leads_to_another_origin(server: RunningServer, next_path: str):
    port = server.settings.port
    answer = exchange(port, f"GET /signin?token={TOKEN}&next={next_path} HTTP/1.1", f"Host: localhost:{port}")
    assert (answer.status, answer.headers["location"]) == (303, "/notebook")


STATE_CHANGES = [
    ("POST", "/api/v1/plugins/register"),
    ("POST", "/api/v1/workspaces"),
    ("PUT", "/api/v1/integrations/x/enable"),
    ("DELETE", "/api/v1/plugins/x"),
    ("PATCH", "/api/v1/workspaces/1"),
    ("POST", "/signin"),
    ("POST", "/signout"),
    ("POST", "/nowhere"),
]


@pytest.mark.parametrize(("method", "path"), STATE_CHANGES)
def test_no_foreign_page_changes_anything(server: RunningServer, method: str, path: str):
    port = server.settings.port
    for header in (
        "Origin: http://evil.com",
        "Origin: null",
        f"Origin: http://localhost:{port + 1}",
        f"Origin: https://localhost:{port}",
        f"Origin: http://localhost.evil.com:{port}",
        f"Origin: http://evil.com:{port}",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
    ):
        answer = exchange(
            port,
            f"{method} {path} HTTP/1.1",
            f"Host: localhost:{port}",
            f"Authorization: Bearer {TOKEN}",
            "Content-Type: application/json",
            "Content-Length: 2",
            header,
            body=b"{}",
        )
        assert (answer.status, answer.problem["code"]) == (403, "foreign_origin"), header
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a"]
)
def test_a_body_that_a_form_could_send_is_refused(server: RunningServer, content_type: str):
    response = server.request(
        "POST", "/api/v1/workspaces", data=b'{"name": "x"}', headers={"Content-Type": content_type}
    )
    assert (response.status_code, response.json()["code"]) == (415, "not_json")


def test_a_configured_frontend_is_granted_by_name_and_no_other(
    settings: Settings, start_server: Callable[[Settings], RunningServer]
):
    friend = "http://localhost:5173"
    server = start_server(replace(settings, allowed_origins=(friend,)))
    granted = server.request("GET", "/api/v1/plugins", headers={"Origin": friend})
    assert granted.headers["Access-Control-Allow-Origin"] == friend
    for origin in (
        "http://localhost:5174",
        "https://localhost:5173",
        f"{friend}.evil.com",
        "http://evil.com",
        "null",
        f"{friend}/",
    ):
        response = server.request("GET", "/api/v1/plugins", headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in response.headers, origin
        assert "Origin" in response.headers["Vary"]


BROKEN_BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"0",
    b'"text"',
    b'{"name": NaN}',
    b'{"name": Infinity}',
    b'{"name": 1e999}',
    b'{"name": "\\ud800"}',
    b'{"name": "\xff"}',
    b'{"name": "a", "name": "b"}',
    b'{"name": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    b"[" * 1_000_000,
    b'{"name": ' + b"9" * 5000 + b"}",
    b'{"name": "' + b"x" * 2_000_000 + b'"}',
    '{"name": "x"}'.encode("utf-16"),
]


@pytest.mark.parametrize(
    "path", ["/api/v1/plugins/register", "/api/v1/plugins/register-batch", "/api/v1/workspaces"]
)
def test_a_broken_body_is_a_problem_of_the_sender(server: RunningServer, path: str):
    for body in BROKEN_BODIES:
        response = server.request("POST", path, data=body, headers={"Content-Type": "application/json"})
        assert 400 <= response.status_code < 500, body[:40]
        assert response.headers["Content-Type"] == "application/problem+json"


def test_a_body_beyond_the_limit_is_refused_whether_or_not_its_length_is_told(
    settings: Settings, start_server: Callable[[Settings], RunningServer]
):
    server = start_server(replace(settings, max_body_size_bytes=10_000))
    headers = {"Content-Type": "application/json"}
    body = b'{"name": "' + b"x" * 20_000 + b'"}'
    told = server.request("POST", "/api/v1/workspaces", data=body, headers=headers)
    untold = server.request("POST", "/api/v1/workspaces", data=iter([body]), headers=headers)
    assert (told.status_code, untold.status_code) == (413, 411)
    assert (told.json()["code"], untold.json()["code"]) == ("too_large", "length_required")


@pytest.mark.parametrize(
    "path", ["/notebook", "/signin", "/api/docs", "/docs/problems", "/static/signin.css", "/api/v1/plugins"]
)
def test_pages_take_no_inline_script_and_no_frame(server: RunningServer, path: str):
    response = server.request("GET", path)
    assert response.status_code == 200
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Server"] == "granian"
