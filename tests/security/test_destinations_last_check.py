"""The last check of a built request works alone: here every earlier check is disabled."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from integrations.calling import pagination
from integrations.catalog.catalog import Installed
from integrations.manifests.compiling import templates, tokens
from integrations.manifests.model import GRANT, Integration
from integrations.rendering import connection_test
from integrations.tokens import authorization_code, sign_ins
from integrations.tokens.token_request import TokenRequest
from plugin_store.settings import secret_destinations as bindings
from plugin_store.settings import secret_settings as secret_book
from tests.raw_upstreams import respond
from tests.security.ground import API_KEY, BY_HEADER, STATUS, Ground, Service, json_answer
from tests.security.test_secret_placements import PLACEMENTS, filled

SESSION = "session-of-the-person-0123456789"
TOKEN = "access-token-of-the-person-0123456789"
GRANTED = json.dumps(
    {
        "token": SESSION,
        "c": SESSION,
        "access_token": TOKEN,
        "refresh_token": f"refresh-{TOKEN}",
        "expires_in": 3600,
    }
).encode()
PURCHASES = (b"/login", b"/l ", b"/a ", b"/b ", b"/token")


def is_purchase(request: bytes) -> bool:
    return any(path in request.partition(b"\r\n")[0] for path in PURCHASES)


def granting(request: bytes) -> bytes:
    return json_answer(GRANTED if is_purchase(request) else b'{"ok": true, "data": {}}')


@pytest.fixture
def unguarded(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """From here on nothing before the door knows where secrets go."""

    def nowhere(integration: Integration, _config: Any) -> dict[str, list[Any]]:
        return {GRANT: [], **{name: [] for name, item in integration.properties.items() if item.secure}}

    for module in (bindings, secret_book, authorization_code, sign_ins):
        monkeypatch.setattr(module, "is_locked", lambda *_: False)
    monkeypatch.setattr(Integration, "destinations", nowhere)
    monkeypatch.setattr(Installed, "require_ready", lambda _self: None)
    monkeypatch.setattr(Installed, "require_set_up", lambda _self: None)
    monkeypatch.setattr(connection_test, "_require_same_destinations", lambda *_: None)
    return monkeypatch


def assert_refused(service: Service) -> None:
    """Nothing but what buys a token where it always was bought has been asked for."""
    service.ground.provider.requests.clear()
    for answer in (service.render(), service.execute()):
        assert (answer.status_code, answer.json()["code"]) == (409, "review_due"), answer.text
        assert answer.json()["review"]["new"]
    assert service.test().json()["details"]["code"] == "review_due"
    assert [request for request in service.ground.provider.requests if not is_purchase(request)] == []
    assert service.ground.stranger.requests == []
    service.ground.assert_no_leak()
    service.ground.assert_no_leak(SESSION)


@pytest.mark.parametrize(("first", "then"), PLACEMENTS.values(), ids=PLACEMENTS.keys())
def test_no_placement_gets_past_it(
    ground: Ground, request: pytest.FixtureRequest, first: dict[str, Any], then: dict[str, Any]
) -> None:
    ground.reply = granting
    service = ground.service([API_KEY, {"name": "q", "default": "x"}])
    service.declare(test_endpoint="status", **filled(first, ground))
    service.enter()
    request.getfixturevalue("unguarded")
    assert service.declare(test_endpoint="status", **filled(then, ground)).json()["review"] is None
    assert_refused(service)


@pytest.mark.parametrize("first", {str(first): first for first, _ in PLACEMENTS.values()}.values(), ids=str)
def test_what_goes_where_it_was_entered_for_gets_past_it(ground: Ground, first: dict[str, Any]) -> None:
    ground.reply = granting
    service = ground.service([API_KEY, {"name": "q", "default": "x"}])
    service.declare(test_endpoint="status", **filled(first, ground))
    service.enter()
    if "client_certificate" in str(first) or "authorization_code" in str(first):
        return
    assert [answer.status_code for answer in service.ask_in_every_way()] == [200] * 3
    ground.assert_nobody_else_was_called()


@pytest.mark.parametrize("first", {str(first): first for first, _ in PLACEMENTS.values()}.values(), ids=str)
def test_no_placement_goes_to_another_origin(
    ground: Ground, request: pytest.FixtureRequest, first: dict[str, Any]
) -> None:
    ground.reply = granting
    service = ground.service([API_KEY, {"name": "q", "default": "x"}])
    section = filled(first, ground)
    service.declare(test_endpoint="status", **section)
    service.enter()
    request.getfixturevalue("unguarded")
    service.declare(test_endpoint="status", **filled(moved(first), ground))
    assert_refused(service)


def moved(section: Any) -> Any:
    """The section with the stranger everywhere in the place of the provider."""
    if isinstance(section, str):
        return section.replace("{provider}", "{stranger}")
    if isinstance(section, list):
        return [moved(item) for item in section]
    if not isinstance(section, dict):
        return section
    found = {name: moved(item) for name, item in section.items()}
    is_whole = "endpoints" in section or ("auth" in section and "token_path" not in section)
    return {"base_url": "{stranger}", **found} if is_whole else found


def test_a_secret_server_takes_no_other_key_along(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (templates, tokens):
        monkeypatch.setattr(module, "secure_names", lambda *_: [])
    service = ground.service([API_KEY, {"name": "server", "secure": True}])
    service.declare(base_url="{server}/v1")
    service.enter()
    service.enter("server", ground.provider_url)
    service.enter("server", ground.stranger_url)
    for answer in (*service.ask_in_every_way(), service.test({"server": ground.stranger_url})):
        assert answer.status_code == 409 or answer.json()["success"] is False
    assert ground.provider.requests == []
    ground.assert_nobody_else_was_called()


def test_a_stored_key_does_not_go_where_a_test_points(ground: Ground, unguarded: Any) -> None:
    unguarded.undo()
    service = ground.service([API_KEY, {"name": "server", "default": ground.provider_url}])
    service.declare(base_url="{server}")
    service.enter()
    unguarded.setattr(connection_test, "_require_same_destinations", lambda *_: None)
    assert service.test({"server": f"{ground.provider_url}/deeper"}).json()["success"] is True
    refused = service.test({"server": ground.stranger_url}).json()
    assert (refused["success"], refused["details"]["code"]) == (False, "review_due")
    ground.assert_nobody_else_was_called()
    own = service.test({"server": ground.stranger_url, "api_key": "key-of-the-caller-0123456789"}).json()
    assert own["success"] is True
    ground.assert_no_leak()


def test_a_next_page_elsewhere_is_not_asked_for(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "origin_of", lambda _url: "the same")
    link = f'Link: <{ground.stranger_url}/status?page=2>; rel="next"'
    ground.reply = lambda _request: json_answer(b"[1]", link)
    service = ground.service()
    service.declare(endpoints=[{**STATUS, "paginate": {"type": "link", "max_pages": 3}}])
    service.enter()
    answer = service.execute()
    assert (answer.status_code, answer.json()["code"]) == (409, "review_due")
    ground.assert_nobody_else_was_called()


def test_a_next_page_that_repeats_the_key_is_asked_for(ground: Ground) -> None:
    def reply(request: bytes) -> bytes:
        target = request.split()[1].decode()
        more = () if "page=2" in target else (f'Link: <{target}&page=2>; rel="next"',)
        return json_answer(b"[1]", *more)

    ground.reply = reply
    service = ground.service()
    service.declare(
        auth={**BY_HEADER, "in": "query"},
        endpoints=[{**STATUS, "paginate": {"type": "link", "max_pages": 3}}],
    )
    service.enter()
    assert service.execute().status_code == 200
    assert len(ground.provider.requests) == 2
    ground.assert_nobody_else_was_called()


def test_a_digest_is_not_answered_elsewhere(ground: Ground, unguarded: Any) -> None:
    unguarded.undo()
    challenge = 'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"'
    ground.reply = lambda request: (
        json_answer() if b"Authorization" in request else respond(b"", status="401 U", headers=(challenge,))
    )
    service = ground.service()
    service.declare(auth={"type": "digest", "username": "u", "password": "{api_key}"})
    service.enter()
    assert service.render().status_code == 200
    unguarded.setattr(Integration, "destinations", lambda *_: {"api_key": []})
    unguarded.setattr(Installed, "require_ready", lambda _self: None)
    service.declare(
        base_url=ground.stranger_url, auth={"type": "digest", "username": "u", "password": "{api_key}"}
    )
    assert service.render().status_code == 409
    ground.assert_nobody_else_was_called()


@pytest.mark.parametrize("password", ["admin", "php", "a", "status", "1", "/", "http", "127.0.0.1"])
def test_a_password_that_stands_in_the_address_by_itself_is_no_false_alarm(
    ground: Ground, password: str
) -> None:
    service = ground.service()
    endpoint = {**STATUS, "path": "/admin/api.php?admin=1", "headers": {"X-Note": "admin a 1"}}
    service.declare(
        auth={"type": "basic", "username": "admin", "password": "{api_key}"}, endpoints=[endpoint]
    )
    service.enter(value=password)
    assert [answer.status_code for answer in service.ask_in_every_way()] == [200] * 3


class TestSignIns:
    """What a person granted."""

    @pytest.fixture
    def service(self, ground: Ground, monkeypatch: pytest.MonkeyPatch) -> Service:
        # That the provider is another one is told before as well.
        for module in (authorization_code, sign_ins):
            monkeypatch.setattr(module, "client_digest", lambda *_: "the same")
        monkeypatch.setattr(TokenRequest, "fingerprint", "the same")
        ground.reply = granting
        service = ground.service()
        self.declare(service, ground.provider_url, ground.provider_url)
        service.enter()
        return service

    def declare(self, service: Service, base_url: str, server: str) -> None:
        service.declare(
            base_url=base_url,
            auth=None,
            auth_method="oauth2_authorization_code",
            oauth2={
                "authorization_url": f"{service.ground.provider_url}/authorize",
                "token_url": f"{server}/token",
                "client_id": "me",
                "client_secret": "{api_key}",
            },
        )

    def begin(self, service: Service) -> str:
        answer = service.ground.call("POST", f"/integrations/{service.id}/oauth2/connect")
        return dict(parse_qsl(urlsplit(answer.json()["authorization_url"]).query))["state"]

    def come_back(self, service: Service, state: str) -> int:
        return service.ground.open("GET", f"/oauth/callback?state={state}&code=code-0123456789").status_code

    def test_a_code_goes_to_no_other_server(self, ground: Ground, service: Service, unguarded: Any) -> None:
        state = self.begin(service)
        self.declare(service, ground.provider_url, ground.stranger_url)
        assert self.come_back(service, state) == 409
        ground.assert_nobody_else_was_called()

    def test_a_token_goes_to_no_other_server(
        self, ground: Ground, service: Service, request: pytest.FixtureRequest
    ) -> None:
        assert self.come_back(service, self.begin(service)) == 200
        assert service.render().status_code == 200
        request.getfixturevalue("unguarded")
        self.declare(service, ground.stranger_url, ground.provider_url)
        assert service.render().status_code == 409
        ground.assert_nobody_else_was_called()
        ground.assert_no_leak(TOKEN)

    def test_a_refresh_token_goes_to_no_other_server(
        self, ground: Ground, service: Service, request: pytest.FixtureRequest
    ) -> None:
        ground.reply = lambda asked: (
            json_answer(GRANTED.replace(b"3600", b"1")) if is_purchase(asked) else granting(asked)
        )
        assert self.come_back(service, self.begin(service)) == 200
        request.getfixturevalue("unguarded")
        self.declare(service, ground.provider_url, ground.stranger_url)
        services = ground.server.app.extensions["patchbay"]
        request.getfixturevalue("monkeypatch").setattr(
            services.tokens.cache._granted, "read", lambda _token_request: None
        )
        assert service.render().status_code == 409
        ground.assert_nobody_else_was_called()
        ground.assert_no_leak(TOKEN)
