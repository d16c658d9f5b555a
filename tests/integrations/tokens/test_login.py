"""Logging in: the requests that go out, where the token is found, how long it is used."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from errors import UpstreamFailed, UpstreamInvalid
from tests.conftest import Client
from tests.integrations.tokens.conftest import NOW, Asker, all_at_once, declare, json_answer

PASSWORD = 'p&ss "w=rd'
PROPERTIES = [{"name": "user"}, {"name": "server"}, {"name": "password", "secure": True}]
JSON_LOGIN = {
    "path": "/login",
    "body": {"user": "{user}", "password": "{password}"},
    "token_path": "data.token",
    "expires_in_path": "data.ttl",
}


def declare_login(client: Client, home: str, login: Any, **section: Any) -> None:
    section = {"base_url": "{server}/api", "auth_method": "session_token", "login": login, **section}
    declare(client, section, PROPERTIES, user="anna", password=PASSWORD, server=home)


def give(upstream: HTTPServer, answer: Response, path: str = "/api/login") -> None:
    upstream.expect_request(path).respond_with_handler(lambda _request: answer)


def sent(upstream: HTTPServer) -> list[Request]:
    return [request for request, _ in upstream.log]


class TestRequest:
    def test_a_json_login(self, client: Client, home: str, upstream: HTTPServer, asker: Asker):
        give(upstream, json_answer({"data": {"token": "S-0123456789", "ttl": 600}}))
        declare_login(client, home, JSON_LOGIN)
        assert asker.get() == {"session_token": "S-0123456789"}
        [request] = sent(upstream)
        assert (request.method, request.path) == ("POST", "/api/login")
        assert json.loads(request.data) == {"user": "anna", "password": PASSWORD}
        assert request.headers["Accept"] == "application/json"

    def test_a_form_login_with_headers_and_a_query_at_an_address_of_its_own(
        self, client: Client, home: str, upstream: HTTPServer, asker: Asker
    ):
        give(upstream, json_answer({"sid": 12345}), "/auth/")
        login = {
            "url": f"{home}/auth/",
            "headers": {"Referer": "{server}", "Accept": "text/plain"},
            "query": {"api": "v2", "u": "{user}"},
            "body_format": "form",
            "body": {"p": "{password}"},
            "token_path": "sid",
        }
        declare_login(client, home, login)
        assert asker.get() == {"session_token": "12345"}
        [request] = sent(upstream)
        assert (request.path, request.query_string) == ("/auth/", b"api=v2&u=anna")
        assert request.data == b"" or request.form["p"] == PASSWORD
        assert (request.headers["Referer"], request.headers["Accept"]) == (home, "text/plain")

    @pytest.mark.parametrize("own", [{}, {"user-agent": "own/1"}])
    def test_it_says_who_asks_as_every_call_does(
        self, client: Client, home: str, upstream: HTTPServer, asker: Asker, own: dict[str, str]
    ):
        give(upstream, json_answer({"data": {"token": "S-0123456789"}}))
        section = {"headers": {"User-Agent": "frame/2 ({user})", "X-Other": "x"}}
        declare_login(client, home, {**JSON_LOGIN, "headers": own}, **section)
        asker.get()
        [request] = sent(upstream)
        assert request.headers["User-Agent"] == own.get("user-agent", "frame/2 (anna)")
        assert "X-Other" not in request.headers

    def test_a_cookie_and_a_header_of_the_login_are_outputs(
        self, client: Client, home: str, upstream: HTTPServer, asker: Asker
    ):
        login = Response("{}", headers=[("X-CSRF-Token", " C-0123456789 ")])
        login.headers.add("Set-Cookie", "TOKEN=T-0123456789; Path=/; HttpOnly")
        login.headers.add("Set-Cookie", "seen=gone; Max-Age=0")
        login.headers.add("Set-Cookie", "seen=yes-0123456789")
        give(upstream, login)
        outputs = {"csrf": {"header": "x-csrf-token"}, "seen": {"cookie": "seen"}}
        step = {"path": "/login", "body": {"user": "{user}"}, "token_cookie": "TOKEN", "outputs": outputs}
        auth = [
            {"type": "api_key", "in": "cookie", "name": "TOKEN", "value": "{session_token}"},
            {"type": "api_key", "in": "header", "name": "X-CSRF-Token", "value": "{login.csrf}"},
        ]
        declare_login(client, home, step, auth=auth)
        assert asker.get() == {
            "session_token": "T-0123456789",
            "login.csrf": "C-0123456789",
            "login.seen": "yes-0123456789",
        }

    def test_later_requests_read_earlier_ones_and_keep_their_types(
        self, client: Client, home: str, upstream: HTTPServer, asker: Asker
    ):
        give(upstream, json_answer({"path": "a b/c", "version": 7, "nonce": "N-0123456789"}), "/api/info")
        give(upstream, json_answer({"sid": "S-0123456789"}), "/api/a b/c")
        login = [
            {
                "method": "GET",
                "path": "/info",
                "outputs": {"path": "path", "version": "version", "nonce": "nonce"},
            },
            {
                "path": "/{login.path}",
                "headers": {"X-Nonce": "{login.nonce}"},
                "body": {"version": "{login.version}", "password": "{password}"},
                "token_path": "sid",
            },
        ]
        declare_login(client, home, login)
        assert asker.get() == {
            "session_token": "S-0123456789",
            "login.path": "a b/c",
            "login.version": "7",
            "login.nonce": "N-0123456789",
        }
        second = sent(upstream)[1]
        # What an answer gave is one segment of a path, whatever it holds.
        assert second.environ["REQUEST_URI"] == "/api/a%20b%2Fc"
        assert json.loads(second.data) == {"version": 7, "password": PASSWORD}
        assert second.headers["X-Nonce"] == "N-0123456789"

    def test_many_who_come_together_log_in_once(
        self, client: Client, home: str, upstream: HTTPServer, asker: Asker
    ):
        give(upstream, json_answer({"data": {"token": "S-0123456789"}}))
        declare_login(client, home, JSON_LOGIN)
        assert all_at_once(30, asker.get) == [{"session_token": "S-0123456789"}] * 30
        assert len(upstream.log) == 1


class TestToken:
    @pytest.mark.parametrize(
        ("login", "answer", "token"),
        [
            ({"token_path": "@"}, Response('"S-1"', mimetype="application/json"), "S-1"),
            ({"token_path": "@"}, Response(" S-1\n", mimetype="text/plain"), "S-1"),
            ({"token_path": "@"}, Response("Uy0x=\n", mimetype="text/plain"), "Uy0x="),
            ({"token_path": "Auth"}, Response("SID=me/1\nLSID=null\nAuth=me/S=1\n", mimetype="text/plain"), "me/S=1"),
            ({"token_path": "SessionInfo.SID"}, Response("<SessionInfo><SID>S-1</SID></SessionInfo>", mimetype="text/xml"), "S-1"),
            ({"token_header": "X-Auth-Token"}, Response("", 201, {"x-auth-token": "S-1"}), "S-1"),
            ({"token_header": "X-Session-Id"}, Response("<h1>409", 409, {"X-Session-Id": "S-1"}), "S-1"),
            ({"token_cookie": "SID"}, Response("Ok.", 200, {"Set-Cookie": "SID=S-1; HttpOnly; path=/"}), "S-1"),
            ({"token_cookie": "SID"}, Response("", 302, [("Set-Cookie", "SIDE=x"), ("Set-Cookie", "SID=S=1=;Path=/"), ("Location", "/")]), "S=1="),
            ({"token_cookie": "SID"}, Response("", 200, [("Set-Cookie", "SID=deleted; Max-Age=0"), ("Set-Cookie", "SID=S-1")]), "S-1"),
        ],
        ids=["JSON string", "text", "text with padding", "lines", "XML", "header", "header of a refusal", "cookie", "cookie of a redirect", "last cookie"],
    )  # fmt: skip
    def test_it_is_found_where_the_manifest_says(
        self,
        client: Client,
        home: str,
        upstream: HTTPServer,
        asker: Asker,
        login: Any,
        answer: Response,
        token: str,
    ):
        give(upstream, answer)
        declare_login(client, home, {"path": "/login", **login})
        assert asker.get() == {"session_token": token}

    @pytest.mark.parametrize(
        ("login", "answer", "kind", "words"),
        [
            ({"token_path": "t"}, json_answer({"error": PASSWORD}, 401), UpstreamFailed, "Check the user name and the password"),
            ({"token_path": "t"}, json_answer({}, 500), UpstreamFailed, "answered 500"),
            ({"token_path": "t"}, json_answer({"message": PASSWORD}), UpstreamInvalid, "no token"),
            ({"token_path": "t"}, json_answer({"t": ["S"]}), UpstreamInvalid, "no token"),
            ({"token_path": "t"}, json_answer({"t": False}), UpstreamInvalid, "no token"),
            ({"token_path": "t"}, Response(""), UpstreamInvalid, "no token"),
            ({"token_header": "X-Token"}, Response("", 200), UpstreamInvalid, "no token"),
            ({"token_header": "X-Token"}, Response("", 409), UpstreamFailed, "answered 409"),
            ({"token_cookie": "SID"}, Response("Fails."), UpstreamInvalid, "no token"),
            ({"token_cookie": "SID"}, Response("", 200, {"Set-Cookie": "SID=; Path=/"}), UpstreamInvalid, "no token"),
            ({"token_cookie": "SID"}, Response("", 200, {"Set-Cookie": "SID=x; Max-Age=0"}), UpstreamInvalid, "no token"),
            ({"token_cookie": "SID"}, Response("", 200, {"Set-Cookie": "SID=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT"}), UpstreamInvalid, "no token"),
            ({"token_cookie": "SID"}, Response("", 301, {"Location": "https://else.test/"}), UpstreamFailed, "redirects"),
            ({"token_path": "t", "outputs": {"id": "missing"}}, json_answer({"t": "S"}), UpstreamInvalid, "`id`"),
            ({"token_path": "t", "outputs": {"c": {"header": "X-C"}}}, json_answer({"t": "S"}), UpstreamInvalid, "`c`"),
            ({"token_path": "t", "outputs": {"c": {"cookie": "C"}}}, json_answer({"t": "S"}), UpstreamInvalid, "`c`"),
        ],
    )  # fmt: skip
    def test_a_refusal_is_told_in_words_of_ours(
        self, client: Client, home: str, upstream: HTTPServer, asker: Asker, login: Any, answer: Response, kind: Any, words: str
    ):  # fmt: skip
        give(upstream, answer)
        declare_login(client, home, {"path": "/login", **login})
        with pytest.raises(kind) as failed:
            asker.get()
        assert words in str(failed.value)
        assert PASSWORD not in str(vars(failed.value))


class TestLife:
    @pytest.mark.parametrize(
        ("login", "answer", "life"),
        [
            ({"token_path": "t", "expires_in_path": "ttl"}, json_answer({"t": "S", "ttl": "500"}), 500),
            ({"token_path": "t", "expires_at_path": "at"}, json_answer({"t": "S", "at": NOW + 500}), 500),
            ({"token_path": "t", "expires_at_path": "at"}, json_answer({"t": "S", "at": (NOW + 500) * 1000}), 500),
            ({"token_path": "t", "expires_at_path": "at"}, json_answer({"t": "S", "at": "2027-01-15T08:08:20Z"}), 500),
            ({"token_path": "t", "expiration_duration": 500}, json_answer({"t": "S"}), 500),
            ({"token_header": "X-T", "expires_in_path": "ttl"}, Response('{"ttl": 500}', 200, {"X-T": "S"}), 500),
            ({"token_cookie": "SID"}, Response("", 200, {"Set-Cookie": "SID=S; Max-Age=500; Expires=Fri, 15 Jan 2027 08:00:01 GMT"}), 500),
            ({"token_cookie": "SID"}, Response("", 200, {"Set-Cookie": "SID=S; expires=Fri, 15-Jan-2027 08:08:20 GMT"}), 500),
            ({"token_path": "t"}, json_answer({"t": "S"}), None),
            ({"token_path": "t", "expires_in_path": "ttl"}, json_answer({"t": "S"}), None),
        ],
        ids=["in", "epoch", "milliseconds", "ISO", "duration", "header", "max-age", "expires", "none", "not said"],
    )  # fmt: skip
    def test_it_is_used_for_as_long_as_the_provider_says(
        self, clock: Any, client: Client, home: str, upstream: HTTPServer, asker: Asker, login: Any, answer: Response, life: float | None
    ):  # fmt: skip
        give(upstream, answer)
        declare_login(client, home, {"path": "/login", **login})
        asker.get()
        clock.shift((life or 10**8) * 0.9 - 1)
        asker.get()
        assert len(upstream.log) == 1
        clock.shift(2)
        asker.get()
        assert len(upstream.log) == (1 if life is None else 2)


@pytest.mark.parametrize("by", ["setting", "manifest"])
def test_a_change_of_the_address_in_base_url_logs_in_anew(
    client: Client, home: str, upstream: HTTPServer, asker: Asker, by: str
):
    """The login's own templates do not name the setting; its path hangs on base_url all the same."""
    give(upstream, json_answer({"t": "S1"}))
    give(upstream, json_answer({"t": "S2"}), "/other/api/login")
    login = {"path": "/login", "token_path": "t"}
    declare_login(client, home, login)
    assert asker.get() == {"session_token": "S1"}
    if by == "setting":
        client.put("/integrations/svc/config", {"config": {"user": "anna", "server": f"{home}/other"}})
    else:
        section = {"base_url": "{server}/other/api", "auth_method": "session_token", "login": login}
        declare(client, section, PROPERTIES)
    assert asker.get() == {"session_token": "S2"}
