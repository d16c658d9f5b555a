"""`response_type: status`: an address that is down is an answer, and what says nothing about it a problem."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import time_machine

from tests.certificates import Authority
from tests.conftest import Client
from tests.raw_upstreams import Peer, RawUpstream, answering, redirecting, respond, saying

NO_ANSWER = {"status": None, "milliseconds": None}


class Link:
    """An integration whose block `status` checks one address."""

    def __init__(
        self,
        client: Client,
        url: str,
        *,
        block: dict[str, Any] | None = None,
        section: Any = None,
        **endpoint: Any,
    ) -> None:
        self.client = client
        self.manifest = {
            "integration": {"base_url": url, "timeout": 2, **(section or {})},
            "endpoints": [{"id": "ask", "path": "/", "response_type": "status", **endpoint}],
            "blocks": [{"id": "status", "endpoint": "ask", "cache_ttl": 60, **(block or {})}],
        }
        declared = {
            "id": "link",
            "name": "L",
            "version": "1.0.0",
            "type": "integration",
            "manifest": self.manifest,
        }
        answered = client.post("/plugins/register", declared)
        assert answered.status_code in (200, 201), answered.json

    def render(self, **more: Any) -> Any:
        return self.client.post("/integrations/link/render", {"block_type": "status", **more})

    def data(self) -> dict[str, Any]:
        answered = self.render(use_cache=False)
        assert answered.status_code == 200, answered.json
        return answered.json["data"]


def refusing() -> int:
    """A port of loopback at which nothing listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("status", "is_up"),
    [
        ("200 OK", True),
        ("204 No Content", True),
        ("304 Not Modified", True),
        ("401 Unauthorized", True),
        ("403 Forbidden", True),
        ("400 Bad Request", False),
        ("404 Not Found", False),
        ("429 Too Many Requests", False),
        ("500 Internal Server Error", False),
        ("503 Service Unavailable", False),
    ],
)
def test_what_the_server_answers_says_whether_it_is_up(client, method, status, is_up):
    with RawUpstream(answering(respond(b"", status=status, headers=("Retry-After: 3600",)))) as upstream:
        link = Link(client, upstream.url("").rstrip("/"), method=method)
        for _ in range(7):
            found = link.data()
            milliseconds = found.pop("milliseconds")
            assert isinstance(milliseconds, float) and 0 < milliseconds < 2000
            assert found == {
                "up": is_up,
                "status": int(status[:3]),
                "reason": None if is_up else "status",
            }
        assert {request.partition(b" ")[0] for request in upstream.requests} == {method.encode()}


def test_a_host_that_refuses_is_down_and_never_paused(client, app):
    link = Link(client, f"http://127.0.0.1:{refusing()}")
    for _ in range(7):
        assert link.data() == {"up": False, **NO_ANSWER, "reason": "refused"}
    usage = client.get("/integrations/link/usage").json
    assert (usage["calls"], usage["errors"], usage["rests"]) == (7, 7, [])


def test_an_open_breaker_of_other_calls_does_not_stop_a_check(client):
    port = refusing()
    link = Link(client, f"http://127.0.0.1:{port}")
    link.manifest["endpoints"].append({"id": "data", "path": "/data"})
    client.post(
        "/plugins/register",
        {"id": "link", "name": "L", "version": "1.0.1", "type": "integration", "manifest": link.manifest},
    )
    codes = [
        client.post("/integrations/link/execute", {"endpoint_id": "data"}).json["code"] for _ in range(6)
    ]
    assert codes[-1] == "breaker_open"
    assert link.data()["reason"] == "refused"
    with RawUpstream(answering(respond()), port=port):
        assert link.data()["up"] is True
        assert (
            client.post("/integrations/link/execute", {"endpoint_id": "data"}).json["code"] == "breaker_open"
        )


def test_a_host_that_does_not_answer_in_time_is_down(client):
    with RawUpstream(Peer.wait_until_closed) as upstream:
        link = Link(client, upstream.url("").rstrip("/"), timeout=0.2)
        assert link.data() == {"up": False, **NO_ANSWER, "reason": "timeout"}


def test_a_slow_answer_is_up_and_says_how_slow(client):
    def slowly(peer: Peer) -> None:
        peer.read_request()
        peer.pause(0.3)
        peer.send(respond())

    with RawUpstream(slowly) as upstream:
        found = Link(client, upstream.url("").rstrip("/")).data()
    assert found["up"] is True
    assert found["milliseconds"] >= 300


def hanging_up(peer: Peer) -> None:
    peer.read_request()
    peer.reset()


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        (saying(b""), "reset"),
        (hanging_up, "reset"),
        (saying(b"220 mail.example.com ESMTP\r\n"), "invalid"),
        (redirecting("/"), "redirects"),
    ],
)
def test_what_is_no_answer_has_a_word(client, handler, reason):
    with RawUpstream(handler) as upstream:
        found = Link(client, upstream.url("").rstrip("/")).data()
    assert found == {"up": False, **NO_ANSWER, "reason": reason}


def test_an_unknown_name_has_a_word(client):
    assert Link(client, "http://nowhere.invalid").data() == {"up": False, **NO_ANSWER, "reason": "dns"}


def test_a_certificate_that_nobody_trusts_has_a_word(client, tmp_path: Path):
    authority = Authority(tmp_path)
    context = authority.server_context(authority.issue("127.0.0.1"))
    with RawUpstream(answering(respond()), tls=context) as upstream:
        url = upstream.url("").rstrip("/")
        assert Link(client, url).data() == {"up": False, **NO_ANSWER, "reason": "tls"}
        tls = {"tls": {"ca_file": authority.ca_file}}
        assert Link(client, url, section=tls).data()["up"] is True


def test_a_redirect_is_followed_on_its_own_origin(client):
    def move(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            moved = respond(b"", status="301 Moved", headers=("Location: /new",))
            peer.send(respond(b"here") if b" /new " in request else moved)

    with RawUpstream(move) as upstream:
        found = Link(client, upstream.url("").rstrip("/")).data()
        assert (found["up"], found["status"]) == (True, 200)
        assert len(upstream.requests) == 2


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("redirects", ["none", "same_origin"])
def test_a_redirect_that_is_not_followed_is_the_answer(client, redirects, method):
    handler = redirecting("https://elsewhere.example.com/", status="301 Moved Permanently")
    with RawUpstream(handler) as upstream:
        link = Link(client, upstream.url("").rstrip("/"), redirects=redirects, method=method)
        for _ in range(2):
            found = link.data()
            assert (found["up"], found["status"], found["reason"]) == (True, 301, None)


def by_method(refusal: str) -> Callable[[Peer], None]:
    """A server that does not implement HEAD."""

    def handle(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            peer.send(respond(b"", status=refusal) if request.startswith(b"HEAD") else respond(b"page"))

    return handle


@pytest.mark.parametrize("refusal", ["405 Method Not Allowed", "501 Not Implemented"])
def test_a_server_without_head_is_asked_by_get(client, refusal):
    with RawUpstream(by_method(refusal)) as upstream:
        found = Link(client, upstream.url("").rstrip("/"), method="HEAD").data()
        assert (found["up"], found["status"]) == (True, 200)
        assert [request.partition(b" ")[0] for request in upstream.requests] == [b"HEAD", b"GET"]


def test_a_get_that_is_refused_is_not_repeated(client):
    with RawUpstream(answering(respond(b"", status="405 Method Not Allowed"))) as upstream:
        assert Link(client, upstream.url("").rstrip("/"), method="HEAD").data()["status"] == 405
        assert len(upstream.requests) == 2


def test_a_body_is_never_waited_for(client):
    def endless(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n")
        peer.wait_until_closed()

    with RawUpstream(endless) as upstream:
        found = Link(client, upstream.url("").rstrip("/")).data()
    assert (found["up"], found["status"]) == (True, 200)


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(1_800_000_000, tick=False) as travelling:
        yield travelling


def test_it_is_cached_as_any_block_whatever_the_server_says(client, clock):
    headers = ("Cache-Control: no-store", 'ETag: "a"')
    with RawUpstream(answering(respond(b"", status="500 Oops", headers=headers))) as upstream:
        link = Link(client, upstream.url("").rstrip("/"))
        assert [link.render().headers["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]
        clock.shift(61)
        assert link.render().headers["X-Cache"] == "MISS"
        assert all(b"If-None-Match" not in request for request in upstream.requests)
        assert len(upstream.requests) == 2


def test_a_host_that_is_down_is_asked_again_when_its_answer_has_expired(client, clock):
    port = refusing()
    link = Link(client, f"http://127.0.0.1:{port}", block={"stale_if_error": 3600})
    assert [link.render().headers["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]
    clock.shift(61)
    with RawUpstream(answering(respond()), port=port):
        answered = link.render()
    assert (answered.headers["X-Cache"], answered.json["data"]["up"]) == ("MISS", True)


def test_a_history_of_it_has_gaps_where_there_is_no_time(client, clock):
    port = refusing()
    display = {"kind": "status", "value": "up", "history": {"keep": "1d", "fields": ["up", "milliseconds"]}}
    link = Link(client, f"http://127.0.0.1:{port}", block={"display": display})
    link.render()
    clock.shift(61)
    with RawUpstream(answering(respond()), port=port):
        link.render()
    up, milliseconds = client.get("/integrations/link/history?block_type=status").json["series"]
    assert [value for _, value in up["points"]] == [0.0, 1.0]
    assert len(milliseconds["points"]) == 1


def test_an_expression_may_shape_it(client):
    with RawUpstream(answering(respond())) as upstream:
        link = Link(client, upstream.url("").rstrip("/"), block={"select": "{code: status}"})
        assert link.data() == {"code": 200}


def test_what_is_not_allowed_stays_a_problem(client):
    refused = Link(client, "http://192.168.77.1:8080").render()
    assert (refused.status_code, refused.json["code"]) == (403, "egress_refused")
    assert "PATCHBAY_EGRESS_ALLOW" in refused.json["detail"]


def test_a_redirect_to_a_private_address_stays_a_problem(client):
    with RawUpstream(redirecting("http://192.168.77.1/")) as upstream:
        refused = Link(client, upstream.url("").rstrip("/"), redirects="any").render()
    assert (refused.status_code, refused.json["code"]) == (403, "egress_refused")


def test_a_spent_budget_stays_a_problem(client):
    limit = {"rate_limit": {"requests_per_hour": 1}}
    with RawUpstream(answering(respond())) as upstream:
        link = Link(client, upstream.url("").rstrip("/"), section=limit)
        assert link.data()["up"] is True
        refused = client.post("/integrations/link/execute", {"endpoint_id": "ask"})
    assert (refused.status_code, refused.json["code"]) == (429, "budget_spent")


def test_a_missing_setting_stays_a_problem(client):
    link = Link(client, "http://127.0.0.1:1")
    link.manifest |= {"properties": [{"name": "server", "required": True}]}
    link.manifest["integration"]["base_url"] = "{server}"
    declared = {
        "id": "link",
        "name": "L",
        "version": "2.0.0",
        "type": "integration",
        "manifest": link.manifest,
    }
    assert client.post("/plugins/register", declared).status_code == 200
    assert (link.render().status_code, link.render().json["code"]) == (409, "settings_incomplete")


def test_a_failed_login_is_a_failure_and_not_the_address(client):
    login = {
        "auth_method": "session_token",
        "login": {"method": "POST", "path": "/login", "token_path": "token"},
        "auth": {"type": "bearer", "token": "{session_token}"},
    }
    with RawUpstream(answering(respond(b"", status="500 Oops"))) as upstream:
        failed = Link(client, upstream.url("").rstrip("/"), section=login).render()
    assert failed.status_code == 502


@contextmanager
def whole_url(client: Client, method: str) -> Iterator[tuple[Link, RawUpstream]]:
    with RawUpstream(by_method("405 Method Not Allowed")) as upstream:
        link = Link(client, "https://unused.example.com", path="", method=method,
                    parameters=[{"name": "url", "in": "url"}])  # fmt: skip
        yield link, upstream


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_whole_url_can_be_checked(client, method):
    with whole_url(client, method) as (link, upstream):
        answered = link.render(parameters={"url": upstream.url("/some?where")})
        assert (answered.status_code, answered.json["data"]["up"]) == (200, True)
        assert upstream.requests[0].startswith(f"{method} /some?where ".encode())


def test_the_test_of_the_connection_says_what_is_wrong(client):
    Link(client, f"http://127.0.0.1:{refusing()}", select="up")
    verdict = client.post("/integrations/link/test", {}).json
    assert verdict["success"] is False
    assert "Nothing listens" in verdict["message"]
    assert verdict["details"]["reason"] == "refused"
    with RawUpstream(answering(respond(b"", status="500 Oops"))) as upstream:
        Link(client, upstream.url("").rstrip("/"))
        verdict = client.post("/integrations/link/test", {}).json
        assert (verdict["success"], verdict["message"]) == (False, "The address answers with status 500.")
    with RawUpstream(answering(respond())) as upstream:
        Link(client, upstream.url("").rstrip("/"))
        assert client.post("/integrations/link/test", {}).json["success"] is True


@pytest.mark.parametrize(
    ("endpoint", "field"),
    [
        ({"method": "POST"}, "manifest.endpoints[0].method"),
        ({"method": "DELETE"}, "manifest.endpoints[0].method"),
        ({"safe": False}, "manifest.endpoints[0].safe"),
        ({"extract": {"a": "b"}}, "manifest.endpoints[0].extract"),
        ({"paginate": {"type": "page"}}, "manifest.endpoints[0].paginate.type"),
        (
            {
                "method": "HEAD",
                "response_type": "text",
                "path": "",
                "parameters": [{"name": "url", "in": "url"}],
            },
            "manifest.endpoints[0].method",
        ),
        (
            {
                "method": "HEAD",
                "response_type": "json",
                "path": "",
                "parameters": [{"name": "url", "in": "url"}],
            },
            "manifest.endpoints[0].method",
        ),
    ],
)
def test_what_cannot_be_checked_is_refused(client, endpoint, field):
    manifest = {
        "integration": {"base_url": "https://api.example.com"},
        "endpoints": [{"id": "ask", "path": "/", "response_type": "status", **endpoint}],
    }
    declared = {"id": "link", "name": "L", "version": "1.0.0", "type": "integration", "manifest": manifest}
    answered = client.post("/plugins/register", declared)
    assert answered.status_code == 422
    assert field in answered.json["errors"]


def test_graphql_has_no_status(client):
    manifest = {
        "integration": {"base_url": "https://api.example.com", "api_type": "graphql"},
        "endpoints": [{"id": "ask", "path": "/", "response_type": "status", "body": {"query": "{a}"}}],
    }
    declared = {"id": "link", "name": "L", "version": "1.0.0", "type": "integration", "manifest": manifest}
    answered = client.post("/plugins/register", declared)
    assert "manifest.endpoints[0].response_type" in answered.json["errors"]
