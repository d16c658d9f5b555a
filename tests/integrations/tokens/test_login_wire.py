"""The bytes of a login and of the call after it, as providers of each kind expect them, over a raw socket."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from settings import version
from tests.conftest import Client
from tests.integrations.tokens.conftest import declare
from tests.raw_upstreams import Peer, RawUpstream, respond

PROPERTIES = [
    {"name": "user"},
    {"name": "server"},
    *({"name": name, "secure": True} for name in ("password", "api_key", "gate")),
]
SECRETS = {"password": "pa/ss:+w=rd", "api_key": "k-0123456789/+=", "gate": "g-0123456789"}
JSON = "Content-Type: application/json"
LOGIN = {"path": "/login", "body": {"u": "{user}"}, "token_path": "t"}
SESSION = b'{"t": "S-0123456789"}'

Answer = Callable[[bytes], bytes]


class Provider:
    """A raw upstream of which `answer` is chosen by a test, and a plugin `svc` that logs in there."""

    def __init__(self, client: Client) -> None:
        self.answer: Answer = lambda request: json_respond(
            SESSION if b" /login" in request[:40] else b'{"ok": true}'
        )
        self.client = client
        self.agent = f"Patchbay/{version()}"
        self.upstream = RawUpstream(self._serve)

    def _serve(self, peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            peer.send(self.answer(request))

    @property
    def requests(self) -> list[bytes]:
        return self.upstream.requests

    def declare(
        self,
        login: Any,
        config: dict[str, Any] | None = None,
        endpoint: dict[str, Any] | None = None,
        **section: Any,
    ) -> None:
        """Registers it with every setting, but for those that `config` says otherwise; None leaves one out."""
        given = {"base_url": "{server}", "auth_method": "session_token", "login": login, **section}
        settings = {"user": "anna", "server": self.upstream.url(""), **SECRETS, **(config or {})}
        entered = {name: value for name, value in settings.items() if value is not None}
        declare(self.client, given, PROPERTIES, endpoint, **entered)

    def render(self) -> TestResponse:
        return self.client.post("/integrations/svc/render", {"block_type": "me", "use_cache": False})

    def expected(self, line: str, *headers: str, body: str | None = None) -> bytes:
        lines = [f"{line} HTTP/1.1", f"Host: {self.upstream.authority}"]
        lines += [f"Content-Length: {len(body.encode())}"] if body is not None else []
        lines += [f"User-Agent: {self.agent}", "Accept-Encoding: gzip, deflate, br, zstd"]
        return "\r\n".join([*lines, "Accept: application/json", *headers, "", ""]).encode() + (
            (body or "").encode()
        )


def json_respond(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    return respond(body, status=status, headers=("Content-Type: application/json", *headers))


@pytest.fixture
def provider(client: Client) -> Iterator[Provider]:
    made = Provider(client)
    with made.upstream:
        yield made


def basic(user: str, password: str) -> str:
    return f"Authorization: Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


class TestCredentialsOfALogin:
    @pytest.mark.parametrize(
        ("auth", "line", "headers", "body"),
        [
            (
                {"type": "basic", "username": "{user}", "password": "{password}"},
                "POST /login",
                [JSON, basic("anna", "pa/ss:+w=rd")],
                '{"u":"anna"}',
            ),
            (
                {"type": "api_key", "name": "X-Gate", "prefix": "Key ", "value": "{gate}"},
                "POST /login",
                [JSON, "X-Gate: Key g-0123456789"],
                '{"u":"anna"}',
            ),
            (
                {"type": "api_key", "name": "k", "in": "query"},
                "POST /login?k=k-0123456789%2F%2B%3D",
                [JSON],
                '{"u":"anna"}',
            ),
            (
                {"type": "api_key", "name": "auth.key", "in": "body"},
                "POST /login",
                [JSON],
                '{"u":"anna","auth":{"key":"k-0123456789/+="}}',
            ),
            (
                {"type": "api_key", "name": "gate", "in": "cookie", "value": "{gate}"},
                "POST /login",
                [JSON, "Cookie: gate=g-0123456789"],
                '{"u":"anna"}',
            ),
            (
                {"type": "bearer", "token": "{gate}"},
                "POST /login",
                [JSON, "Authorization: Bearer g-0123456789"],
                '{"u":"anna"}',
            ),
            (
                [
                    {"type": "bearer", "token": "{gate}"},
                    {"type": "api_key", "name": "X-Key", "when": "user"},
                    {"type": "api_key", "name": "X-Not", "when": "server", "value": "{gate}"},
                ],
                "POST /login",
                [JSON, "Authorization: Bearer g-0123456789", "X-Key: k-0123456789/+=", "X-Not: g-0123456789"],
                '{"u":"anna"}',
            ),
            (
                {
                    "type": "signature",
                    "values": [
                        {
                            "name": "sign",
                            "function": "hmac_sha256_hex",
                            "key": "{gate}",
                            "input": "{request.method}{request.target}{request.body}",
                        }
                    ],
                    "headers": {"X-Sign": "{sign}"},
                },
                "POST /login",
                [
                    JSON,
                    "X-Sign: "
                    + hmac.new(b"g-0123456789", b'POST/login{"u":"anna"}', hashlib.sha256).hexdigest(),
                ],
                '{"u":"anna"}',
            ),
        ],
        ids=["basic", "key", "query", "body", "cookie", "bearer", "several", "signature"],
    )
    def test_they_are_sent_with_the_login_alone(
        self, provider: Provider, auth: Any, line: str, headers: list[str], body: str
    ):
        provider.declare({**LOGIN, "auth": auth})
        assert provider.render().status_code == 200
        assert provider.requests == [
            provider.expected(line, *headers, body=body),
            provider.expected("GET /me", "Authorization: Bearer S-0123456789"),
        ]

    def test_digest(self, provider: Provider):
        challenge = 'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"'

        def answer(request: bytes) -> bytes:
            if b"POST" in request[:5] and b"Authorization: Digest" not in request:
                return respond(b"", status="401 Unauthorized", headers=(challenge,))
            return json_respond(SESSION)

        provider.answer = answer
        provider.declare(
            {**LOGIN, "auth": {"type": "digest", "username": "{user}", "password": "{password}"}}
        )
        assert provider.render().status_code == 200
        first, second, call = provider.requests
        assert first == provider.expected("POST /login", JSON, body='{"u":"anna"}')
        assert b'Authorization: Digest username="anna", realm="r"' in second
        assert call == provider.expected("GET /me", "Authorization: Bearer S-0123456789")

    def test_at_the_base_url_those_of_every_call_follow_and_its_own_come_first(self, provider: Provider):
        auth = [
            {"type": "api_key", "name": "X-Key"},
            {"type": "bearer", "token": "{gate}"},
            {"type": "api_key", "name": "X-Session", "value": "{session_token}"},
        ]
        own = {"type": "basic", "username": "{user}", "password": "{password}"}
        provider.declare({**LOGIN, "auth": own}, auth=auth)
        assert provider.render().status_code == 200
        assert provider.requests == [
            provider.expected(
                "POST /login",
                JSON,
                basic("anna", "pa/ss:+w=rd"),
                "X-Key: k-0123456789/+=",
                body='{"u":"anna"}',
            ),
            provider.expected(
                "GET /me",
                "X-Key: k-0123456789/+=",
                "Authorization: Bearer g-0123456789",
                "X-Session: S-0123456789",
            ),
        ]

    def test_at_a_url_of_its_own_only_its_own_are_sent(self, provider: Provider):
        url = provider.upstream.url("/login")
        own = {"type": "basic", "username": "{user}", "password": "{password}"}
        login = {"url": url, "body": {"u": "{user}"}, "token_path": "t", "auth": own}
        auth = [{"type": "api_key", "name": "X-Key"}, {"type": "bearer", "token": "{session_token}"}]
        provider.declare(login, auth=auth)
        assert provider.render().status_code == 200
        assert provider.requests == [
            provider.expected("POST /login", JSON, basic("anna", "pa/ss:+w=rd"), body='{"u":"anna"}'),
            provider.expected("GET /me", "X-Key: k-0123456789/+=", "Authorization: Bearer S-0123456789"),
        ]

    def test_a_later_request_carries_what_an_earlier_one_gave(self, provider: Provider):
        login = [
            {"method": "GET", "path": "/login/nonce", "outputs": {"csrf": {"header": "X-CSRF"}}},
            {**LOGIN, "auth": {"type": "api_key", "name": "X-CSRF", "value": "{login.csrf}"}},
        ]
        provider.answer = lambda _request: json_respond(SESSION, "X-CSRF: C-0123456789")
        provider.declare(login)
        assert provider.render().status_code == 200
        assert provider.requests == [
            provider.expected("GET /login/nonce"),
            provider.expected("POST /login", JSON, "X-CSRF: C-0123456789", body='{"u":"anna"}'),
            provider.expected("GET /me", "Authorization: Bearer S-0123456789"),
        ]


class TestOptionalLogins:
    KEY = {"type": "bearer", "token": "{api_key}", "when": "api_key"}  # noqa: RUF012
    SESSION = {"type": "bearer", "token": "{session_token}"}  # noqa: RUF012

    @pytest.mark.parametrize(
        ("config", "headers"),
        [
            ({"api_key": SECRETS["api_key"], "user": "anna"}, ["Authorization: Bearer k-0123456789/+="]),
            ({"api_key": SECRETS["api_key"], "user": None}, ["Authorization: Bearer k-0123456789/+="]),
            ({"api_key": None, "user": None}, []),
            ({"api_key": None, "user": ""}, []),
        ],
        ids=["a key, and a user", "a key", "nothing", "an empty user"],
    )
    def test_nobody_logs_in_where_a_key_is_set_or_no_user_is(
        self, provider: Provider, config: dict[str, Any], headers: list[str]
    ):
        provider.declare({"when": "user", **LOGIN}, auth=[self.KEY, self.SESSION], config=config)
        assert provider.render().status_code == 200
        assert provider.requests == [provider.expected("GET /me", *headers)]

    @pytest.mark.parametrize("is_set", [True, False])
    def test_a_key_elsewhere_in_the_request_and_else_a_login(self, provider: Provider, is_set: bool):
        key = {"type": "api_key", "name": "X-Key", "when": "api_key"}
        config = {"api_key": SECRETS["api_key"], "user": None} if is_set else {"api_key": None}
        provider.declare({"when": "user", **LOGIN}, auth=[key, self.SESSION], config=config)
        assert provider.render().status_code == 200
        if is_set:
            assert provider.requests == [provider.expected("GET /me", "X-Key: k-0123456789/+=")]
        else:
            assert provider.requests[1:] == [
                provider.expected("GET /me", "Authorization: Bearer S-0123456789")
            ]

    def test_a_credential_that_mixes_a_setting_and_the_token_stays_away_too(self, provider: Provider):
        mixed = {"type": "api_key", "name": "X-Auth", "value": "{server}|{session_token}"}
        provider.declare({"when": "user", **LOGIN}, auth=mixed, config={"user": None})
        assert provider.render().status_code == 200
        assert provider.requests == [provider.expected("GET /me")]

    def test_entering_the_user_later_logs_in_and_the_old_answer_is_not_served(self, provider: Provider):
        provider.declare({"when": "user", **LOGIN}, auth=self.SESSION, config={"user": None})
        body = {"block_type": "me"}
        assert provider.client.post("/integrations/svc/render", body).headers["X-Cache"] == "MISS"
        provider.client.put(
            "/integrations/svc/config", {"config": {"user": "anna", "server": provider.upstream.url("")}}
        )
        assert provider.client.post("/integrations/svc/render", body).headers["X-Cache"] == "MISS"
        assert len(provider.requests) == 3

    def test_without_a_login_a_refusal_is_told_and_renews_nothing(self, provider: Provider):
        provider.declare({"when": "user", **LOGIN}, auth=self.SESSION, config={"user": None})
        provider.answer = lambda _request: json_respond(b"{}", status="401 Unauthorized")
        answer = provider.render()
        assert (answer.status_code, answer.json["upstream_status"]) == (502, 401)
        assert len(provider.requests) == 1

    def test_without_when_an_unset_user_is_named(self, provider: Provider):
        provider.declare(LOGIN, auth=self.SESSION, config={"user": None})
        answer = provider.render()
        assert (answer.status_code, list(answer.json["errors"])) == (409, ["config.user"])

    def test_a_token_of_oauth_is_optional_too(self, provider: Provider):
        section = {
            "auth_method": "oauth2_client_credentials",
            "login": None,
            "oauth2": {
                "token_url": provider.upstream.url("/login"),
                "when": "user",
                "client_id": "{user}",
                "client_secret": "{password}",
            },
        }
        given = {"base_url": "{server}", **{name: value for name, value in section.items() if value}}
        declare(provider.client, given, PROPERTIES, server=provider.upstream.url(""))
        assert provider.render().status_code == 200
        assert provider.requests == [provider.expected("GET /me")]

    @pytest.mark.parametrize("user", ["anna", None])
    def test_explain_shows_a_login_only_where_there_is_one(self, provider: Provider, user: str | None):
        provider.declare(
            {"when": "user", **LOGIN}, auth=[self.KEY, self.SESSION], config={"user": user, "api_key": None}
        )
        shown = provider.client.post("/integrations/svc/explain", {"block_type": "me"}).json
        assert len(shown["token_requests"]) == (1 if user else 0)
        [step] = shown["steps"]
        names = [header["name"] for header in step["request"]["headers"]]
        assert ("Authorization" in names) == bool(user)
        assert provider.requests == []


class TestEndedSessions:
    """The provider gives S1, S2, … and says of the older ones in its own way that they have ended."""

    @pytest.fixture
    def ending(self, provider: Provider) -> Callable[..., None]:
        """Declares a login with `expired_when`, at a provider that answers so to an ended session."""

        def declare(
            ended: bytes, end: Any, *, good: bytes = json_respond(b'{"ok": true}'), **more: Any
        ) -> None:
            logins = 0
            self.is_over = True

            def answer(request: bytes) -> bytes:
                nonlocal logins
                if request.startswith(b"POST /login"):
                    logins += 1
                    return json_respond(b'{"t": "S%d-0123456789"}' % logins)
                if request.startswith(b"GET /app/login"):
                    return respond(b"<html>Log in", headers=("Content-Type: text/html",))
                return ended if self.is_over and b"S1-" in request else good

            provider.answer = answer
            provider.declare({**LOGIN, "expired_when": end}, **more)

        return declare

    @pytest.mark.parametrize(
        ("ended", "end"),
        [
            (json_respond(b'{"success": false, "error": {"code": 119}}'), "error.code == `119`"),
            (json_respond(b'{"success": false, "error": {"code": 119}}'), {"body": "error.code"}),
            (json_respond(b"[]"), "@ == `[]`"),
            (json_respond(b'[{"code": 7}]'), "[?code == `7`]"),
            (json_respond(b'{"items": []}'), "length(items) == `0`"),
            (json_respond(b'{"why": "session"}', status="500 Oh"), "why == 'session'"),
            (json_respond(b"{}", status="419 Ended"), {"status_codes": [419, 440]}),
            (json_respond(b"{}", "X-Ended: any"), {"header": "x-ended"}),
            (respond(b"<html>", headers=("Content-Type: text/html; a=b",)), {"header": "Content-Type", "pattern": "text/html.*"}),
            (respond(b"", status="302 Found", headers=("Location: /app/login?next=%2Fme",)), {"redirect": "/login"}),
            (respond(b"", status="302 Found", headers=("Location: app/login/",)), {"redirect": "/app/login"}),
        ],
        ids=["code", "truth", "list", "list of errors", "length", "status 500", "status", "header", "pattern", "redirect", "relative redirect"],
    )  # fmt: skip
    def test_it_is_renewed_once_and_the_call_is_sent_again(
        self, provider: Provider, ending: Any, ended: bytes, end: Any
    ):
        ending(ended, end)
        answer = provider.render()
        assert (answer.status_code, answer.json["data"]) == (200, {"ok": True})
        sent = [request.partition(b"\r\n")[0] for request in provider.requests]
        followed = [b"GET /app/login" in line for line in sent]
        assert [line for line, is_page in zip(sent, followed, strict=True) if not is_page] == [
            b"POST /login HTTP/1.1",
            b"GET /me HTTP/1.1",
            b"POST /login HTTP/1.1",
            b"GET /me HTTP/1.1",
        ]
        assert b"S2-0123456789" in provider.requests[-1]

    @pytest.mark.parametrize(
        ("good", "end"),
        [
            (json_respond(b'{"items": 5, "error": ""}'), "length(items) == `0`"),
            (json_respond(b'[{"error": null}]'), "error"),
            (json_respond(b"{}"), "error.code == `1` || contains(@, 'x')"),
            (json_respond(b"{}", "X-Ended: no"), {"header": "X-Ended", "pattern": "yes"}),
            (json_respond(b"{}"), {"redirect": "/me"}),
            (json_respond(b"{}", status="201 Created"), {"status_codes": [200]}),
        ],
        ids=["another type", "a list", "a function that does not fit", "pattern", "no redirect", "status"],
    )  # fmt: skip
    def test_what_does_not_meet_the_condition_is_an_answer(
        self, provider: Provider, ending: Any, good: bytes, end: Any
    ):
        ending(b"", end, good=good)
        self.is_over = False
        assert provider.render().status_code == 200
        assert len(provider.requests) == 2

    def test_an_answer_that_still_means_it_is_an_error_and_no_loop_and_is_not_kept(
        self, provider: Provider, ending: Any
    ):
        empty = json_respond(b'{"items": []}')
        ending(empty, "items == `[]`", good=empty)
        answer = provider.render()
        assert (answer.status_code, answer.json["code"]) == (502, "upstream_failed")
        assert (answer.json["reason"], answer.json["upstream_status"]) == ("session_ended", 200)
        assert "session has ended" in answer.json["detail"]
        assert len(provider.requests) == 4
        assert provider.client.get("/plugins/svc/artifacts").json == []
        # The next render does not log in again at once.
        assert provider.render().status_code == 502
        logins = [request for request in provider.requests if request.startswith(b"POST /login")]
        assert len(logins) == 2
        tested = provider.client.post("/integrations/svc/test", {}).json
        assert (tested["success"], len(logins)) == (False, 2)

    def test_the_last_good_answer_is_served_while_it_lasts(self, provider: Provider, ending: Any):
        ending(json_respond(b'{"items": []}'), "items == `[]`")
        self.is_over = False
        body = {"block_type": "me"}
        assert provider.client.post("/integrations/svc/render", body).json["data"] == {"ok": True}
        self.is_over = True
        assert provider.render().json["data"] == {"ok": True}

    def test_without_a_session_the_condition_means_nothing(self, provider: Provider):
        provider.answer = lambda _request: json_respond(b'{"items": []}')
        provider.declare({**LOGIN, "when": "user", "expired_when": "items == `[]`"}, config={"user": None})
        assert provider.render().json["data"] == {"items": []}
        assert len(provider.requests) == 1

    def test_a_token_of_oauth_may_end_so_too(self, provider: Provider):
        given = 0

        def answer(request: bytes) -> bytes:
            nonlocal given
            if request.startswith(b"POST /token"):
                given += 1
                return json_respond(b'{"access_token": "A%d-0123456789"}' % given)
            return json_respond(
                b'{"ok": false, "error": "token_expired"}' if b"A1-" in request else b'{"ok": true}'
            )

        provider.answer = answer
        oauth2 = {
            "token_url": provider.upstream.url("/token"),
            "client_id": "{user}",
            "client_secret": "{password}",
            "expired_when": "error == 'token_expired'",
        }
        section = {"base_url": "{server}", "auth_method": "oauth2_client_credentials", "oauth2": oauth2}
        config = {"user": "anna", "password": "plain", "server": provider.upstream.url("")}
        declare(provider.client, section, PROPERTIES, **config)
        assert provider.render().json["data"] == {"ok": True}
        assert given == 2


# -- A token in the body of a call ------------------------------------------------------------------------------------


RPC_LOGIN = {
    "path": "/ubus",
    "body": {"jsonrpc": "2.0", "id": 1, "method": "call", "params": ["0" * 32, "session", "login", {"username": "{user}", "password": "{password}"}]},
    "token_path": "result[1].ubus_rpc_session",
}  # fmt: skip
RPC_CALL = {
    "id": "me",
    "method": "POST",
    "path": "/ubus",
    "safe": True,
    "headers": {"X-Session": "s={session_token}"},
    "body": {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "call",
        "params": ["{session_token}", "system", "info", {}],
    },
}
RPC_SESSION = (
    b'{"jsonrpc": "2.0", "id": 1, "result": [0, {"ubus_rpc_session": "c1ed6c7b025d0caca723a816fa61b668"}]}'
)


def test_a_token_among_the_parameters_of_a_call(provider: Provider):
    provider.answer = lambda request: json_respond(
        RPC_SESSION if b'"login"' in request else b'{"result": [0, {}]}'
    )
    provider.declare(RPC_LOGIN, endpoint=RPC_CALL, auth=[])
    assert provider.render().status_code == 200
    body = '{"jsonrpc":"2.0","id":1,"method":"call","params":["c1ed6c7b025d0caca723a816fa61b668","system","info",{}]}'
    assert provider.requests[1] == provider.expected(
        "POST /ubus", JSON, "X-Session: s=c1ed6c7b025d0caca723a816fa61b668", body=body
    )


def test_a_token_in_a_body_is_sealed_for_its_place_like_any_other(provider: Provider):
    provider.answer = lambda request: json_respond(
        RPC_SESSION if b'"login"' in request else b'{"result": [0, {}]}'
    )
    provider.declare(RPC_LOGIN, endpoint=RPC_CALL, auth=[])
    assert provider.render().status_code == 200
    section = {"base_url": "{server}", "auth_method": "session_token", "login": RPC_LOGIN, "auth": []}
    declare(provider.client, section, PROPERTIES, {**RPC_CALL, "body": {"note": "{session_token}"}})
    assert provider.render().json["code"] == "review_due"


# -- Computed values ---------------------------------------------------------------------------------------------------

ENCODED = {
    "path": "/login",
    "values": [
        {"name": "pw", "function": "base64", "input": "{password}"},
        {"name": "proof", "function": "sha256_hex", "input": "{user}:{pw}"},
    ],
    "body": {"u": "{user}", "p": "{pw}", "proof": "{proof}"},
    "token_path": "t",
}


def test_a_login_sends_a_password_as_base64_and_a_digest_of_it(provider: Provider):
    provider.declare(ENCODED)
    assert provider.render().status_code == 200
    encoded = base64.b64encode(SECRETS["password"].encode()).decode()
    proof = hashlib.sha256(f"anna:{encoded}".encode()).hexdigest()
    body = f'{{"u":"anna","p":"{encoded}","proof":"{proof}"}}'
    assert provider.requests[0] == provider.expected("POST /login", JSON, body=body)


def test_a_password_that_comes_back_encoded_is_masked(provider: Provider):
    encoded = base64.b64encode(SECRETS["password"].encode())
    provider.answer = lambda request: json_respond(
        SESSION if b" /login" in request[:40] else b'{"echo": "' + encoded + b'"}'
    )
    provider.declare(ENCODED)
    assert encoded.decode() not in provider.render().get_data(as_text=True)


@pytest.mark.parametrize(
    "moved", [{"body": {"u": "{pw}"}}, {"headers": {"X-P": "{pw}"}}, {"query": {"p": "{pw}"}}]
)
def test_an_encoded_password_goes_only_where_it_was_entered_for(provider: Provider, moved: dict[str, Any]):
    provider.declare(ENCODED)
    assert provider.render().status_code == 200
    section = {"base_url": "{server}", "auth_method": "session_token", "login": {**ENCODED, **moved}}
    declare(provider.client, section, PROPERTIES)
    answer = provider.render()
    assert answer.json["code"] == "review_due"
    assert len(provider.requests) == 2


@pytest.mark.parametrize(
    ("values", "field", "why"),
    [
        ([{"name": "user", "function": "base64", "input": "x"}], "values[0].name", "is a property"),
        ([{"name": "a", "function": "base64", "input": "{request.body}"}], "values", "not known yet"),
        ([{"name": "a", "function": "base64", "input": "{b}"}, {"name": "b", "function": "base64", "input": "x"}], "values[0].input", "not computed before"),
        ([{"name": "a", "function": "rot13", "input": "x"}], "values[0].function", "one of"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_computed_is_refused(provider: Provider, values: Any, field: str, why: str):
    section = {
        "base_url": "http://x",
        "auth_method": "session_token",
        "login": {**ENCODED, "values": values, "body": {}},
    }
    plugin = {"id": "svc", "name": "S", "version": "1.0.0", "type": "integration"}
    manifest = {"integration": section, "properties": PROPERTIES, "endpoints": [{"id": "me", "path": "/me"}]}
    answer = provider.client.post("/plugins/register", {**plugin, "manifest": manifest})
    assert answer.status_code == 422
    found = {path: messages for path, messages in answer.json["errors"].items() if path.endswith(field)}
    assert any(why.lower() in message.lower() for messages in found.values() for message in messages), (
        answer.json["errors"]
    )
