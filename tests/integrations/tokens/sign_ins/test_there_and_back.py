"""Signing in at a provider: redirect, callback, and what is stored."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest
from flask import Flask

from integrations.manifests.model import GRANT
from settings import Settings
from tests.conftest import Client
from tests.integrations.tokens.conftest import (
    CLIENT_SECRET,
    Asker,
    all_at_once,
)
from tests.integrations.tokens.sign_ins.conftest import (
    RotatingServer,
    begin,
    come_back,
    declare_sign_in,
    sign_in,
)


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
            "obstacle": None,
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

    @pytest.mark.parametrize(
        ("returned", "event"),
        [
            (
                {"error": "access_denied", "error_description": "call this number"},
                {"code": "upstream_failed", "detail": "The sign-in was declined."},
            ),
            ({"code": "WRONG-0123456789"}, {"code": "upstream_failed"}),
        ],
    )
    def test_the_page_that_waits_elsewhere_is_told_of_a_failure(
        self,
        app: Flask,
        client: Client,
        stranger: Client,
        provider: RotatingServer,
        returned: Any,
        event: Any,
    ):
        come_back(stranger, state=begin(client)["state"], **returned)
        come_back(stranger, state="unknown", **returned)
        database = app.extensions["patchbay"].database
        query = "SELECT workspace_id, plugin_id, data FROM events WHERE kind = 'account.failed'"
        [(workspace_id, plugin_id, data)] = database.query(query, ())
        assert (workspace_id, plugin_id) == (1, "svc")
        assert orjson.loads(data).items() >= event.items()
        assert "call this number" not in data and "0123456789" not in data

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


@pytest.mark.parametrize("name", ["state", "redirect_uri", "client_id", "response_type", "code_challenge"])
def test_a_manifest_cannot_say_what_every_sign_in_has_of_its_own(client: Client, home: str, name: str):
    with pytest.raises(AssertionError, match="authorization_params"):
        declare_sign_in(client, home, authorization_params={name: "x"})
