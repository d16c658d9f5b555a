"""The request engine: retries, protocols, credentials that need a challenge."""

import hashlib
import hmac
import json
from base64 import b64encode

import pytest
import time_machine
from werkzeug import Request, Response

from tests.integrations.stories import Service

ONE = [{"id": "it", "path": "/it"}]


class TestRetry:
    @pytest.fixture(autouse=True)
    def no_waiting(self, app):
        """Waits are noted, not waited."""
        self.waited = []
        app.extensions["patchbay"].calling.sender._sleep = self.waited.append

    def service(self, client, upstream, **retry):
        return Service(client, upstream, ONE, [{"id": "b"}], retry={"max_retries": 2, **retry})

    def test_a_passing_failure_is_tried_again(self, client, upstream):
        upstream.expect_oneshot_request("/it").respond_with_data("", status=503)
        upstream.expect_request("/it").respond_with_json({"ok": 1})
        assert self.service(client, upstream).render("b").json["data"] == {"ok": 1}
        assert (len(upstream.log), len(self.waited)) == (2, 1)
        assert 0 <= self.waited[0] <= 0.5

    def test_it_ends_after_the_declared_number(self, client, upstream):
        upstream.expect_request("/it").respond_with_data("", status=503)
        answered = self.service(client, upstream).render("b")
        assert (answered.status_code, answered.json["upstream_status"]) == (502, 503)
        assert len(upstream.log) == 3

    @pytest.mark.parametrize("status", [400, 401, 404, 500])
    def test_what_will_not_pass_is_not_tried_again(self, client, upstream, status):
        upstream.expect_request("/it").respond_with_data("", status=status)
        assert self.service(client, upstream).render("b").status_code == 502
        assert len(upstream.log) == 1

    def test_the_provider_says_how_long(self, client, upstream):
        upstream.expect_oneshot_request("/it").respond_with_data("", status=429, headers={"Retry-After": "3"})
        upstream.expect_request("/it").respond_with_json({})
        assert self.service(client, upstream).render("b").status_code == 200
        assert self.waited == [3.0]

    def test_or_until_when(self, client, upstream):
        with time_machine.travel(1_800_000_000, tick=False):
            upstream.expect_oneshot_request("/it").respond_with_data(
                "", status=429, headers={"X-Reset": "1800000004"}
            )
            upstream.expect_request("/it").respond_with_json({})
            service = self.service(client, upstream, wait_until_time_from_header="X-Reset")
            assert service.render("b").status_code == 200
        assert self.waited == [4.0]

    def test_never_past_the_deadline(self, client, upstream):
        upstream.expect_request("/it").respond_with_data("", status=429, headers={"Retry-After": "60"})
        answered = self.service(client, upstream).render("b")
        assert (answered.json["upstream_status"], answered.headers["Retry-After"]) == (429, "60")
        assert (len(upstream.log), self.waited) == (1, [])

    def test_what_writes_is_never_sent_twice(self, client, upstream):
        upstream.expect_request("/it").respond_with_data("", status=503)
        service = Service(
            client, upstream, [{"id": "it", "path": "/it", "method": "POST"}], retry={"max_retries": 3}
        )
        assert service.execute("it").status_code == 502
        assert len(upstream.log) == 1


class TestGraphql:
    QUERY = 'query Issue($n: Int!) { issue(number: $n, label: "mutation {x}") { title } }'

    def service(self, client, upstream, query=QUERY, **block):
        endpoint = {
            "id": "it",
            "path": "/graphql",
            "parameters": [{"name": "n", "type": "integer"}, {"name": "more"}],
            "body": {"query": query, "variables": {"n": "{n}", "more": "{more}"}},
        }
        return Service(
            client, upstream, [endpoint], [{"id": "b", **(block or {"cache_ttl": 60})}], api_type="graphql"
        )

    def test_the_query_leaves_as_it_is_and_the_variables_keep_their_types(self, client, upstream):
        upstream.expect_request("/graphql", method="POST").respond_with_json(
            {"data": {"issue": {"title": "T"}}}
        )
        service = self.service(client, upstream)
        assert service.render("b", {"n": 7}).json["data"] == {"issue": {"title": "T"}}
        assert json.loads(upstream.log[0][0].data) == {"query": self.QUERY, "variables": {"n": 7}}
        assert service.render("b", {"n": 7}).headers["X-Cache"] == "HIT"

    def test_errors_without_data_are_a_failure(self, client, upstream):
        body = {"data": None, "errors": [{"message": "No such issue"}]}
        upstream.expect_request("/graphql").respond_with_json(body)
        answered = self.service(client, upstream).render("b", {"n": 7})
        assert (answered.status_code, answered.json["messages"]) == (502, ["No such issue"])

    def test_partial_data_is_told_and_not_kept(self, client, upstream):
        upstream.expect_request("/graphql").respond_with_json(
            {"data": {"a": 1, "b": None}, "errors": [{"message": "b"}]}
        )
        service = self.service(client, upstream)
        answered = service.render("b", {"n": 7})
        assert (answered.json["data"], answered.json["error"]["messages"]) == ({"a": 1, "b": None}, ["b"])
        assert service.render("b", {"n": 7}).headers["X-Cache"] == "MISS"

    def test_a_mutation_is_never_kept(self, client, upstream):
        upstream.expect_request("/graphql").respond_with_json({"data": {}})
        query = "mutation Close($n: Int!) { close(number: $n) { id } }"
        service = self.service(client, upstream, query, action={"label": "Close"})
        for _ in range(2):
            assert service.execute("it", {"n": 7}).headers["X-Cache"] == "BYPASS"
        assert len(upstream.log) == 2


class TestJsonRpc:
    def service(self, client, upstream, **more):
        endpoint = {
            "id": "it", "method": "POST", "path": "/rpc", "body_format": "jsonrpc",
            "parameters": [{"name": "id"}],
            "body": {"method": "aria2.tellStatus", "params": ["token:{api_key}", "{id}"]}, **more,
        }  # fmt: skip
        service = Service(client, upstream, [endpoint], [{"id": "b", "cache_ttl": 60}])
        service.configure(api_key="K-0123456789")
        return service

    def test_a_call_and_its_result(self, client, upstream):
        upstream.expect_request("/rpc").respond_with_json(
            {"jsonrpc": "2.0", "id": 1, "result": {"status": "active"}}
        )
        service = self.service(client, upstream, safe=True)
        assert service.render("b", {"id": "x"}).json["data"] == {"status": "active"}
        assert json.loads(upstream.log[0][0].data) == {
            "jsonrpc": "2.0", "id": 1, "method": "aria2.tellStatus", "params": ["token:K-0123456789", "x"],
        }  # fmt: skip
        assert service.render("b", {"id": "x"}).headers["X-Cache"] == "HIT"

    def test_an_error_is_a_failure(self, client, upstream):
        upstream.expect_request("/rpc").respond_with_json(
            {"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "Unauthorized token:K-0123456789"}}
        )
        answered = self.service(client, upstream, safe=True).render("b", {"id": "x"})
        assert (answered.status_code, answered.json["messages"]) == (502, ["Unauthorized token:••••"])


def test_multipart_fields_arrive(client, upstream):
    upstream.expect_request("/it").respond_with_handler(
        lambda request: Response(json.dumps(dict(request.form)), mimetype="application/json")
    )
    endpoint = {
        "id": "it", "path": "/it", "method": "POST", "body_format": "multipart",
        "parameters": [{"name": "title"}, {"name": "count", "type": "integer"}],
    }  # fmt: skip
    answered = Service(client, upstream, [endpoint]).execute("it", {"title": 'ü "q"\r\nx', "count": 3})
    assert answered.json["data"] == {"title": 'ü "q"\r\nx', "count": "3"}


class TestDigest:
    def digest_server(self, request: Request):
        given = request.authorization
        if given is None or given.type != "digest":
            challenge = 'Digest realm="r", nonce="n0nce", qop="auth", algorithm=SHA-256'
            return Response("", 401, {"WWW-Authenticate": challenge})

        def sha(text):
            return hashlib.sha256(text.encode()).hexdigest()

        ha1, ha2 = sha("joe:r:s3cret-password"), sha(f"{request.method}:{given.get('uri')}")
        wanted = sha(f"{ha1}:n0nce:{given.get('nc')}:{given.get('cnonce')}:auth:{ha2}")
        return Response(
            '{"in": true}' if given.get("response") == wanted else "",
            200 if given.get("response") == wanted else 401,
        )

    def test_a_challenge_is_answered(self, client, upstream):
        upstream.expect_request("/it").respond_with_handler(self.digest_server)
        auth = {"type": "digest", "username": "{user}", "password": "{password}"}
        service = Service(client, upstream, ONE, [{"id": "b"}], auth=auth)
        service.configure(user="joe", password="s3cret-password")
        assert service.render("b").json["data"] == {"in": True}
        assert "s3cret-password" not in str([request.headers for request, _ in upstream.log])

    def test_a_wrong_password_is_a_failure(self, client, upstream):
        upstream.expect_request("/it").respond_with_handler(self.digest_server)
        service = Service(client, upstream, ONE, [{"id": "b"}], auth={"type": "digest", "username": "{user}"})
        service.configure(user="joe", password="wrong-password")
        assert service.render("b").json["upstream_status"] == 401
        assert len(upstream.log) == 2


def test_a_signature_is_computed_over_what_leaves(client, upstream):
    upstream.expect_request("/it").respond_with_json({})
    auth = {
        "type": "signature",
        "values": [
            {"name": "at", "function": "now_epoch"},
            {"name": "hash", "function": "sha256_hex", "input": "{request.body}"},
            {
                "name": "sign",
                "function": "hmac_sha256_base64",
                "key": "{api_key}",
                "input": "{at}\n{request.method}\n{request.target}\n{hash}",
            },
        ],
        "headers": {"X-At": "{at}", "X-Sign": "{user}:{sign}"},
    }
    endpoint = {
        "id": "it",
        "path": "/it",
        "method": "POST",
        "parameters": [{"name": "q", "in": "query"}, {"name": "t"}],
    }
    service = Service(client, upstream, [endpoint], auth=auth)
    service.configure(api_key="K-0123456789", user="u")
    with time_machine.travel(1_800_000_000, tick=False):
        assert service.execute("it", {"q": "a b", "t": "x"}).status_code == 200
    [(request, _)] = upstream.log
    message = f"1800000000\nPOST\n/it?q=a%20b\n{hashlib.sha256(request.data).hexdigest()}"
    expected = b64encode(hmac.new(b"K-0123456789", message.encode(), hashlib.sha256).digest()).decode()
    assert (request.headers["X-At"], request.headers["X-Sign"]) == ("1800000000", f"u:{expected}")


def test_key_or_basic_is_chosen_by_what_is_set(client, upstream):
    upstream.expect_request("/it").respond_with_json({})
    auth = [
        {"type": "api_key", "in": "header", "name": "X-Key", "when": "api_key"},
        {"type": "basic", "username": "{user}", "when": "user"},
    ]
    service = Service(client, upstream, ONE, [{"id": "b"}], auth=auth)
    for config, present in (
        ({"api_key": "K-0123456789"}, "X-Key"),
        ({"api_key": None, "user": "u", "password": "p-0123"}, "Authorization"),
    ):
        service.configure(**config)
        assert service.render("b").status_code == 200
        headers = upstream.log[-1][0].headers
        assert [name for name in ("X-Key", "Authorization") if name in headers] == [present]


def test_of_two_alternatives_that_are_both_set_the_first_counts(client, upstream):
    upstream.expect_request("/it").respond_with_json({})
    auth = [
        {"type": "bearer", "token": "{api_key}", "when": "api_key"},
        {"type": "basic", "username": "{user}", "when": "user"},
    ]
    service = Service(client, upstream, ONE, [{"id": "b"}], auth=auth)
    service.configure(api_key="K-0123456789", user="u", password="p-0123456")
    assert service.render("b").status_code == 200
    assert upstream.log[-1][0].headers.get_all("Authorization") == ["Bearer K-0123456789"]


def test_a_login_carries_the_credentials_that_need_no_token(client, upstream):
    def log_in(request: Request):
        has_basic = request.authorization is not None and request.authorization.username == "joe"
        return Response("", 409 if has_basic else 401, {"X-Session": "S-0123456789"} if has_basic else {})

    def answer(request: Request):
        ok = request.headers.get("X-Session") == "S-0123456789" and request.authorization is not None
        return Response('{"ok": 1}', 200 if ok else 401, mimetype="application/json")

    upstream.expect_request("/login").respond_with_handler(log_in)
    upstream.expect_request("/it").respond_with_handler(answer)
    service = Service(
        client,
        upstream,
        ONE,
        [{"id": "b"}],
        auth_method="session_token",
        login={"method": "GET", "path": "/login", "token_header": "X-Session"},
        auth=[
            {"type": "basic", "username": "{user}", "password": "{password}"},
            {"type": "api_key", "in": "header", "name": "X-Session", "value": "{session_token}"},
        ],
    )
    service.configure(user="joe", password="s3cret-password")
    assert service.render("b").json["data"] == {"ok": 1}
