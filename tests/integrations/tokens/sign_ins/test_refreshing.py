"""The grant of a sign-in: refreshed, reviewed when its destination changes, and lost with the key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from errors import ReviewDue, SettingsIncomplete, UpstreamFailed
from integrations.calling.parameters import Values
from integrations.manifests.model import GRANT
from plugin_store.models import PluginSecret
from settings import Settings
from tests.conftest import Client, Person
from tests.integrations.tokens.conftest import (
    CLIENT_SECRET,
    Asker,
    all_at_once,
    declare,
    json_answer,
)
from tests.integrations.tokens.sign_ins.conftest import (
    PROPERTIES,
    RotatingServer,
    declare_sign_in,
    sign_in,
)


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
            assert "Connect again" in (ended.value.errors or {})["oauth2"][0]
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
        with pytest.raises(SettingsIncomplete, match="Connect again"):
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
            with pytest.raises(SettingsIncomplete, match="Connect first"):
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
        self,
        client: Client,
        person: Person,
        stranger: Client,
        home: str,
        provider: RotatingServer,
        asker: Asker,
    ):
        sign_in(client, stranger)
        section = {"auth": {"type": "api_key", "in": "header", "name": "X-Token", "value": "{access_token}"}}
        declare(client, asker.installed.plugin_state.manifest["integration"] | section, PROPERTIES)
        with pytest.raises(ReviewDue):
            asker.get()
        assert person.post("/integrations/svc/review", {"accept": True}).status_code == 200
        assert client.get("/integrations/svc/oauth2").json["status"] == "ok"
        assert asker.get() == {"access_token": "T2-0123456789"}

    def test_a_locked_grant_may_be_replaced_by_signing_in_again(
        self, client: Client, stranger: Client, home: str, provider: RotatingServer, asker: Asker
    ):
        sign_in(client, stranger)
        section = {"auth": {"type": "api_key", "in": "header", "name": "X-Token", "value": "{access_token}"}}
        declare(client, asker.installed.plugin_state.manifest["integration"] | section, PROPERTIES)
        client.put("/integrations/svc/secrets/client_secret", {"value": CLIENT_SECRET})
        provider.good = {"CODE-0123456789"}
        sign_in(client, stranger)
        assert client.get("/integrations/svc").json["review"] is None


@pytest.mark.sqlite
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
