"""Signing in at a provider: there and back, what is kept of it, and refreshing it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from errors import ReviewDue, SettingsIncomplete, UpstreamFailed
from integrations.manifest import GRANT
from integrations.parameters import Values
from plugin_store.models import PluginSecret
from settings import Settings
from tests.conftest import Client
from tests.integrations.tokens.conftest import (
    CLIENT_SECRET,
    Asker,
    TokenServer,
    all_at_once,
    declare,
    json_answer,
)

PROPERTIES = [
    {"name": "client_id", "required": True},
    {"name": "client_secret", "secure": True, "required": True},
    {"name": "server", "default": "https://login.example.test"},
]


def declare_sign_in(client: Client, home: str, *, is_set: bool = True, **oauth2: Any) -> None:
    section = {
        "base_url": home,
        "auth_method": "oauth2_authorization_code",
        "oauth2": {
            "token_url": f"{home}/token",
            "authorization_url": "{server}/authorize",
            "scopes": ["read", "write"],
            "authorization_params": {"access_type": "offline"},
            **oauth2,
        },
    }
    config = {"client_id": "me", "client_secret": CLIENT_SECRET} if is_set else {}
    declare(client, section, PROPERTIES, **config)


class RotatingServer:
    """Gives an access token with each code and refresh token, and takes every refresh token once."""

    def __init__(self, token_server: TokenServer, life_seconds: int = 3600) -> None:
        self.token_server = token_server
        self.life_seconds = life_seconds
        self.good = {"CODE-0123456789"}
        token_server.answer = self._answer

    def _answer(self, number: int) -> Any:
        form = self.token_server.forms[number - 1]
        given = form.get("code") or form.get("refresh_token")
        if given not in self.good:
            return json_answer({"error": "invalid_grant", "error_description": "TOLD"}, 400)
        self.good = {f"R{number}-0123456789"}
        return json_answer(
            {
                "access_token": f"T{number}-0123456789",
                "refresh_token": f"R{number}-0123456789",
                "expires_in": self.life_seconds,
                "scope": "read",
            }
        )


@pytest.fixture
def provider(client: Client, home: str, token_server: TokenServer) -> RotatingServer:
    declare_sign_in(client, home)
    return RotatingServer(token_server)


def begin(client: Client) -> dict[str, str]:
    """What the browser is sent to the provider with."""
    answer = client.post("/integrations/svc/oauth2/connect")
    assert answer.status_code == 200, answer.json
    return dict(parse_qsl(urlsplit(answer.json["authorization_url"]).query))


def come_back(stranger: Client, **query: str) -> TestResponse:
    """The browser's way back: from another site, so without any cookie."""
    return stranger.open("/oauth/callback", query_string=query, headers={"Sec-Fetch-Site": "cross-site"})


def sign_in(client: Client, stranger: Client, code: str = "CODE-0123456789") -> None:
    answer = come_back(stranger, state=begin(client)["state"], code=code)
    assert answer.status_code == 200, answer.text


class TestTheWayThere:
    def test_the_address_asks_for_a_code_with_pkce(self, client: Client, provider: RotatingServer):
        answer = client.post("/integrations/svc/oauth2/connect")
        url = urlsplit(answer.json["authorization_url"])
        asked = dict(parse_qsl(url.query))
        assert f"{url.scheme}://{url.netloc}{url.path}" == "https://login.example.test/authorize"
        redirect_uri = "http://127.0.0.1:8765/oauth/callback"
        assert answer.json["redirect_uri"] == redirect_uri
        assert len(asked.pop("state")) == len(asked.pop("code_challenge")) == 43
        assert asked == {
            "access_type": "offline",
            "response_type": "code",
            "client_id": "me",
            "redirect_uri": redirect_uri,
            "scope": "read write",
            "code_challenge_method": "S256",
        }
        assert CLIENT_SECRET not in answer.text

    def test_an_account_can_be_connected_before_the_plugin_is_switched_on(
        self, client: Client, stranger: Client, provider: RotatingServer
    ):
        client.put("/integrations/svc/enable", {"enabled": False})
        sign_in(client, stranger)
        assert client.get("/integrations/svc/oauth2").json["connected"] is True
        asked = {"endpoint_id": "me", "parameters": {}}
        assert client.post("/integrations/svc/execute", asked).status_code == 403

    def test_every_sign_in_has_a_state_of_its_own(self, client: Client, provider: RotatingServer):
        assert begin(client)["state"] != begin(client)["state"]

    def test_behind_a_proxy_the_address_to_come_back_to_is_the_browsers(
        self, settings: Settings, make_app: Callable[[Settings], Flask], home: str
    ):
        origin = "https://patchbay.lan"
        client = Client(
            make_app(replace(settings, allowed_hosts=("patchbay.lan",), allowed_origins=(origin,)))
        )
        declare_sign_in(client, home)
        headers = {"Host": "patchbay.lan", "Origin": origin}
        answer = client.post("/integrations/svc/oauth2/connect", headers=headers)
        assert answer.json["redirect_uri"] == "https://patchbay.lan/oauth/callback"

    def test_a_frontend_elsewhere_does_not_move_the_way_back(
        self, settings: Settings, make_app: Callable[[Settings], Flask], home: str
    ):
        origin = "http://localhost:5173"
        client = Client(make_app(replace(settings, allowed_origins=(origin,))))
        declare_sign_in(client, home)
        answer = client.post("/integrations/svc/oauth2/connect", headers={"Origin": origin})
        assert answer.json["redirect_uri"] == "http://127.0.0.1:8765/oauth/callback"

    @pytest.mark.parametrize(
        ("change", "status", "code"),
        [
            (
                lambda client: client.delete("/integrations/svc/secrets/client_secret"),
                409,
                "settings_incomplete",
            ),
            (
                lambda client: declare_sign_in(client, "http://127.0.0.2:1", is_set=False),
                409,
                "review_due",
            ),
        ],
    )
    def test_what_stands_between_is_told(
        self, client: Client, provider: RotatingServer, change: Any, status: int, code: str
    ):
        change(client)
        answer = client.post("/integrations/svc/oauth2/connect")
        assert (answer.status_code, answer.json["code"]) == (status, code)

    @pytest.mark.parametrize("path", ["/integrations/nope/oauth2", "/integrations/plain/oauth2"])
    def test_where_nobody_signs_in_there_is_nothing(self, client: Client, home: str, path: str):
        manifest = {"integration": {"base_url": home}, "endpoints": [{"id": "me", "path": "/me"}]}
        client.post(
            "/plugins/register",
            {"id": "plain", "name": "P", "version": "1.0.0", "type": "integration", "manifest": manifest},
        )
        assert client.get(path).status_code == 404
        assert client.delete(path).status_code == 404
        assert client.post(f"{path}/connect").status_code == 404


class TestTheWayBack:
    def test_the_code_becomes_a_grant(
        self, clock: Any, client: Client, stranger: Client, provider: RotatingServer, asker: Asker
    ):
        asked = begin(client)
        page = come_back(stranger, state=asked["state"], code="CODE-0123456789")
        assert page.status_code == 200 and "Service is connected" in page.text
        [form] = provider.token_server.forms
        verifier = form.pop("code_verifier")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        assert challenge == asked["code_challenge"]
        assert form == {
            "grant_type": "authorization_code",
            "code": "CODE-0123456789",
            "redirect_uri": asked["redirect_uri"],
        }
        assert provider.token_server.asked[0].authorization.username == "me"
        assert client.get("/integrations/svc/oauth2").json == {
            "connected": True,
            "status": "ok",
            "scopes": ["read"],
            "connected_at": "2027-01-15T08:00:00.000Z",
            "expires_at": None,
            "redirect_uri": "http://127.0.0.1:8765/oauth/callback",
        }
        assert asker.get() == {"access_token": "T1-0123456789"}

    def test_the_page_holds_no_script_and_is_not_kept(
        self, client: Client, stranger: Client, provider: RotatingServer
    ):
        page = come_back(stranger, state=begin(client)["state"], code="CODE-0123456789")
        assert "<script" not in page.text and "CODE-0123456789" not in page.text
        assert (page.headers["Cache-Control"], page.headers["Referrer-Policy"]) == ("no-store", "no-referrer")

    def test_a_state_is_good_once(self, client: Client, stranger: Client, provider: RotatingServer):
        state = begin(client)["state"]
        assert come_back(stranger, state=state, code="CODE-0123456789").status_code == 200
        assert come_back(stranger, state=state, code="CODE-0123456789").status_code == 409
        assert provider.token_server.count == 1

    def test_of_many_who_bring_the_same_state_one_gets_through(
        self, client: Client, stranger: Client, provider: RotatingServer
    ):
        state = begin(client)["state"]
        pages = all_at_once(10, lambda: come_back(stranger, state=state, code="CODE-0123456789").status_code)
        assert sorted(pages) == [200] + [409] * 9
        assert provider.token_server.count == 1

    def test_another_process_may_take_the_way_back(
        self,
        client: Client,
        provider: RotatingServer,
        make_app: Callable[[Settings], Flask],
        settings: Settings,
    ):
        state = begin(client)["state"]
        other = Client(make_app(settings), token=None)
        assert come_back(other, state=state, code="CODE-0123456789").status_code == 200

    def test_it_takes_ten_minutes_at_most(
        self, clock: Any, client: Client, stranger: Client, provider: RotatingServer
    ):
        state = begin(client)["state"]
        clock.shift(601)
        page = come_back(stranger, state=state, code="CODE-0123456789")
        assert page.status_code == 409 and "ten minutes" in page.text
        assert provider.token_server.count == 0

    @pytest.mark.parametrize("state", ["", "x", "\x00", "é" * 5000, "%", "a" * 43])
    def test_a_state_that_is_not_ours_opens_nothing(
        self, client: Client, stranger: Client, provider: RotatingServer, state: str
    ):
        begin(client)
        assert come_back(stranger, state=state, code="CODE-0123456789").status_code == 409
        assert provider.token_server.count == 0

    def test_no_parameter_may_come_twice(self, client: Client, stranger: Client, provider: RotatingServer):
        state = begin(client)["state"]
        page = stranger.open(f"/oauth/callback?state={state}&state={state}&code=CODE-0123456789")
        assert page.status_code == 409
        assert provider.token_server.count == 0

    def test_changed_settings_end_it(
        self, client: Client, stranger: Client, home: str, provider: RotatingServer
    ):
        state = begin(client)["state"]
        declare_sign_in(client, home, is_set=False, scopes=["admin"])
        page = come_back(stranger, state=state, code="CODE-0123456789")
        assert page.status_code == 409 and "changed" in page.text
        assert provider.token_server.count == 0

    @pytest.mark.parametrize(
        ("issuer", "status"),
        [
            ("https://login.example.test", 200),
            ("https://login.example.test:443/tenant", 200),
            ("https://evil.example.test", 502),
            ("https://login.example.test.evil.test", 502),
            ("http://login.example.test", 502),
            ("https://login.example.test:x", 502),
            ("", 502),
        ],
    )
    def test_who_answers_must_be_who_was_asked(
        self, client: Client, stranger: Client, provider: RotatingServer, issuer: str, status: int
    ):
        page = come_back(stranger, state=begin(client)["state"], code="CODE-0123456789", iss=issuer)
        assert page.status_code == status
        assert provider.token_server.count == (1 if status == 200 else 0)

    def test_the_providers_words_stay_inert(self, client: Client, stranger: Client, provider: RotatingServer):
        said = '<script>alert(1)</script><a href="javascript:alert(2)">\u202e\x00' + "x" * 1000
        page = come_back(
            stranger, state=begin(client)["state"], error="access_denied", error_description=said
        )
        assert page.status_code == 502
        assert "The sign-in was declined." in page.text
        assert "&lt;script&gt;" in page.text and "<script" not in page.text and 'href="java' not in page.text
        assert "\u202e" not in page.text and "x" * 301 not in page.text
        assert provider.token_server.count == 0

    def test_without_a_state_of_ours_the_providers_words_are_not_shown(self, stranger: Client):
        page = come_back(stranger, state="x", error="access_denied", error_description="call this number")
        assert "call this number" not in page.text

    def test_a_code_that_is_refused_connects_nobody(
        self, client: Client, stranger: Client, provider: RotatingServer
    ):
        page = come_back(stranger, state=begin(client)["state"], code="WRONG-0123456789")
        assert page.status_code == 502 and "TOLD" not in page.text
        assert client.get("/integrations/svc/oauth2").json["connected"] is False

    def test_a_new_sign_in_is_another_account(
        self, client: Client, stranger: Client, provider: RotatingServer, asker: Asker
    ):
        sign_in(client, stranger)
        first = asker.installed.secrets[GRANT].revision
        assert asker.get() == {"access_token": "T1-0123456789"}
        provider.good = {"CODE-2-0123456789"}
        sign_in(client, stranger, "CODE-2-0123456789")
        assert asker.installed.secrets[GRANT].revision != first
        assert asker.get() == {"access_token": "T2-0123456789"}


class TestRefreshing:
    @pytest.fixture(autouse=True)
    def connected(self, clock: Any, client: Client, stranger: Client, provider: RotatingServer) -> None:
        sign_in(client, stranger)

    def test_refresh_tokens_rotate_and_the_account_stays(
        self, clock: Any, provider: RotatingServer, asker: Asker
    ):
        revision = asker.installed.secrets[GRANT].revision
        for number in (1, 2, 3, 4):
            assert asker.get() == {"access_token": f"T{number}-0123456789"}
            clock.shift(3601)
        forms = provider.token_server.forms
        assert [form.get("refresh_token") for form in forms] == [
            None,
            *(f"R{n}-0123456789" for n in (1, 2, 3)),
        ]
        assert {form["grant_type"] for form in forms[1:]} == {"refresh_token"}
        assert asker.installed.secrets[GRANT].revision == revision

    def test_two_processes_use_a_refresh_token_once(
        self,
        clock: Any,
        provider: RotatingServer,
        asker: Asker,
        make_app: Callable[[Settings], Flask],
        settings: Settings,
    ):
        turns = iter([asker, Asker(make_app(settings))] * 10)
        clock.shift(3601)
        assert all_at_once(20, lambda: next(turns).get()) == [{"access_token": "T2-0123456789"}] * 20
        assert provider.token_server.count == 2

    def test_a_restart_keeps_it(
        self, provider: RotatingServer, make_app: Callable[[Settings], Flask], settings: Settings
    ):
        assert Asker(make_app(settings)).get() == {"access_token": "T1-0123456789"}

    def test_a_refused_token_is_refreshed(self, provider: RotatingServer, asker: Asker):
        assert asker.renew(asker.get()) == {"access_token": "T2-0123456789"}

    def test_a_grant_that_ended_asks_for_a_person_and_nothing_more_is_sent(
        self, clock: Any, client: Client, provider: RotatingServer, asker: Asker
    ):
        provider.good = set()
        clock.shift(3601)
        for _ in range(3):
            with pytest.raises(SettingsIncomplete) as ended:
                asker.get()
            assert "connect again" in (ended.value.errors or {})["oauth2"][0]
        assert provider.token_server.count == 2
        assert client.get("/integrations/svc/oauth2").json["connected"] is False

    def test_a_provider_that_fails_for_now_ends_nothing(
        self, clock: Any, client: Client, provider: RotatingServer, asker: Asker
    ):
        provider.token_server.answer = lambda _number: json_answer({}, 503)
        clock.shift(3601)
        with pytest.raises(UpstreamFailed):
            asker.get()
        assert client.get("/integrations/svc/oauth2").json["connected"] is True

    def test_without_a_refresh_token_the_access_token_is_all_there_is(
        self, client: Client, stranger: Client, provider: RotatingServer, asker: Asker
    ):
        provider.token_server.answer = lambda _number: json_answer({"access_token": "ONLY-0123456789"})
        sign_in(client, stranger)
        only = asker.get()
        assert only == {"access_token": "ONLY-0123456789"}
        with pytest.raises(SettingsIncomplete, match="connect again"):
            asker.renew(only)
        # One call that was refused says nothing about the others.
        assert asker.get() == only

    def test_another_secret_of_the_client_refreshes_and_another_client_asks_for_a_person(
        self, client: Client, provider: RotatingServer, asker: Asker
    ):
        client.put("/integrations/svc/secrets/client_secret", {"value": "new"})
        assert asker.get() == {"access_token": "T2-0123456789"}
        client.put("/integrations/svc/config", {"config": {"client_id": "you"}})
        with pytest.raises(SettingsIncomplete, match="another client"):
            asker.get()

    def test_unsaved_settings_spend_no_refresh_token(self, provider: RotatingServer, asker: Asker):
        unsaved = Values(asker.values.config, {"client_secret": "tried"})
        with pytest.raises(SettingsIncomplete, match="Save"):
            asker.get(unsaved)
        assert provider.token_server.count == 1

    def test_disconnecting_forgets_it_in_every_process(
        self,
        client: Client,
        provider: RotatingServer,
        asker: Asker,
        make_app: Callable[[Settings], Flask],
        settings: Settings,
    ):
        other = Asker(make_app(settings))
        assert asker.get() == other.get()
        assert client.delete("/integrations/svc/oauth2").status_code == 204
        for each in (asker, other):
            with pytest.raises(SettingsIncomplete, match="connect first"):
                each.get()
        assert client.get("/integrations/svc/oauth2").json["connected"] is False
        with asker.services.database.reading() as session:
            assert session.scalars(select(PluginSecret.key)).all() == ["client_secret"]

    def test_a_disconnect_during_a_refresh_wins(
        self, clock: Any, client: Client, provider: RotatingServer, asker: Asker
    ):
        quick = provider.token_server.answer

        def disconnect_then_answer(number: int) -> Any:
            client.delete("/integrations/svc/oauth2")
            return quick(number)

        provider.token_server.answer = disconnect_then_answer
        clock.shift(3601)
        asker.get()
        assert client.get("/integrations/svc/oauth2").json["connected"] is False


class TestReview:
    def test_a_grant_is_locked_where_it_was_not_given_for(
        self, client: Client, stranger: Client, home: str, provider: RotatingServer, asker: Asker
    ):
        sign_in(client, stranger)
        elsewhere = home.replace("127.0.0.1", "127.0.0.2")
        declare_sign_in(client, home, is_set=False, token_url=f"{elsewhere}/token")
        review = client.get("/integrations/svc").json["review"]
        assert "the sign-in" in review["reason"] and GRANT not in review["reason"]
        assert client.get("/integrations/svc/oauth2").json["status"] == "locked"
        with pytest.raises((ReviewDue, SettingsIncomplete)):
            asker.get()

    def test_a_person_may_let_it_go(
        self, client: Client, stranger: Client, home: str, provider: RotatingServer, asker: Asker
    ):
        sign_in(client, stranger)
        section = {"auth": {"type": "api_key", "in": "header", "name": "X-Token", "value": "{access_token}"}}
        declare(client, asker.installed.standing.manifest["integration"] | section, PROPERTIES)
        with pytest.raises(ReviewDue):
            asker.get()
        client.post("/integrations/svc/review", {"accept": True})
        assert client.get("/integrations/svc/oauth2").json["status"] == "ok"
        assert asker.get() == {"access_token": "T2-0123456789"}

    def test_a_locked_grant_may_be_replaced_by_signing_in_again(
        self, client: Client, stranger: Client, home: str, provider: RotatingServer, asker: Asker
    ):
        sign_in(client, stranger)
        section = {"auth": {"type": "api_key", "in": "header", "name": "X-Token", "value": "{access_token}"}}
        declare(client, asker.installed.standing.manifest["integration"] | section, PROPERTIES)
        client.put("/integrations/svc/secrets/client_secret", {"value": CLIENT_SECRET})
        provider.good = {"CODE-0123456789"}
        sign_in(client, stranger)
        assert client.get("/integrations/svc").json["review"] is None


def test_a_lost_key_makes_it_unreadable_and_signing_in_again_helps(
    client: Client,
    stranger: Client,
    provider: RotatingServer,
    settings: Settings,
    make_app: Callable[[Settings], Flask],
):
    sign_in(client, stranger)
    for path in settings.instance.glob("*.key"):
        path.unlink()
    restarted = make_app(settings)
    client, stranger = Client(restarted), Client(restarted, token=None)
    looked = client.get("/integrations/svc/oauth2").json
    assert (looked["connected"], looked["status"]) == (False, "unreadable")
    client.put("/integrations/svc/secrets/client_secret", {"value": CLIENT_SECRET})
    provider.good = {"CODE-0123456789"}
    sign_in(client, stranger)
    assert client.get("/integrations/svc/oauth2").json["status"] == "ok"


@pytest.mark.parametrize("name", ["state", "redirect_uri", "client_id", "response_type", "code_challenge"])
def test_a_manifest_cannot_say_what_every_sign_in_has_of_its_own(client: Client, home: str, name: str):
    with pytest.raises(AssertionError, match="authorization_params"):
        declare_sign_in(client, home, authorization_params={name: "x"})
