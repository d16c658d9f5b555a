"""A token belongs to the settings that obtained it, and is not a setting itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete
from werkzeug import Response

from plugin_store.models import PluginSecret
from plugin_store.workspaces import Scope
from settings import Settings
from tests.conftest import Client
from tests.integrations.tokens.conftest import (
    CLIENT_SECRET,
    Asker,
    TokenServer,
    declare_client,
    json_answer,
)
from tests.integrations.tokens.token_cache.conftest import FIRST, SECOND, keys_of


class TestSettings:
    @pytest.mark.parametrize(
        ("change", "token"),
        [
            (
                lambda client, home: client.put("/integrations/svc/secrets/client_secret", {"value": "new"}),
                SECOND,
            ),
            (
                lambda client, home: client.put(
                    "/integrations/svc/secrets/client_secret", {"value": CLIENT_SECRET}
                ),
                SECOND,
            ),
            (
                lambda client, home: client.put("/integrations/svc/config", {"config": {"client_id": "you"}}),
                SECOND,
            ),
            (lambda client, home: declare_client(client, home, is_set=False, scopes=["more"]), SECOND),
            (lambda client, home: declare_client(client, home, is_set=False), FIRST),
        ],
        ids=["another secret", "the secret entered again", "another client", "more scopes", "nothing"],
    )
    def test_it_is_bought_anew_when_what_bought_it_changes(
        self, svc: TokenServer, asker: Asker, client: Client, home: str, change: Any, token: Any
    ):
        asker.get()
        change(client, home)
        assert asker.get() == token

    def test_a_secret_that_has_nothing_to_do_with_it_leaves_it(
        self, svc: TokenServer, asker: Asker, client: Client
    ):
        asker.get()
        client.put("/workspaces/1/plugins/svc", {"enabled": True})
        assert asker.get() == FIRST

    def test_unsaved_settings_buy_a_token_that_is_not_kept(self, svc: TokenServer, asker: Asker):
        unsaved = replace(asker.values, config={"client_id": "you"})
        assert asker.get(unsaved) == FIRST
        assert asker.get(unsaved) == SECOND
        assert {request.authorization.username for request in svc.asked} == {"you"}
        assert keys_of(asker) == ["client_secret"]

    def test_a_kept_token_is_not_for_unsaved_settings(self, svc: TokenServer, asker: Asker):
        asker.get()
        values = asker.values
        assert asker.get(replace(values, secrets={"client_secret": "tried"})) == SECOND
        assert asker.get() == FIRST

    def test_notebooks_with_the_same_settings_share_it(self, svc: TokenServer, asker: Asker, client: Client):
        asker.get()
        [notebook] = client.get("/workspaces/1/notebooks").json
        services = asker.services
        installed = services.catalog.find(Scope(1, notebook["id"]), "svc")
        assert services.tokens.cache.get(installed, asker.values, "live") == FIRST

    def test_tokens_of_older_secrets_do_not_pile_up(
        self, clock: Any, svc: TokenServer, asker: Asker, client: Client
    ):
        for number in range(4):
            clock.shift(10)
            client.put("/integrations/svc/secrets/client_secret", {"value": f"secret-{number}"})
            clock.shift(10)
            asker.get()
        assert len([key for key in keys_of(asker) if key.startswith("token:")]) == 1

    @pytest.mark.parametrize("is_public", [False, True])
    def test_a_plugin_that_is_forgotten_meanwhile_keeps_nothing(
        self, svc: TokenServer, asker: Asker, client: Client, home: str, is_public: bool
    ):
        if is_public:
            declare_client(client, home, is_set=False, token_endpoint_auth_method="none")

        def forget_then_answer(_number: int) -> Response:
            client.delete("/plugins/svc")
            return json_answer({"access_token": "LATE-0123456789"})

        svc.answer = forget_then_answer
        assert asker.get() == {"access_token": "LATE-0123456789"}
        assert keys_of(asker) == []

    def test_a_secret_that_is_entered_meanwhile_leaves_nothing_of_the_old_one(
        self, svc: TokenServer, asker: Asker, client: Client
    ):
        quick = svc.answer

        def enter_then_answer(number: int) -> Response:
            client.put("/integrations/svc/secrets/client_secret", {"value": "new"})
            return quick(number)

        svc.answer = enter_then_answer
        assert asker.get() == FIRST
        assert keys_of(asker) == ["client_secret"]


class TestStore:
    def test_kept_tokens_are_nobodys_settings(self, svc: TokenServer, asker: Asker, client: Client):
        before = [client.get(path).json for path in SETTING_PATHS]
        asker.get()
        assert [client.get(path).json for path in SETTING_PATHS] == before
        key = next(key for key in asker.installed.secrets if key.startswith("token:"))
        assert client.get(f"/integrations/svc/secrets/{key}").status_code == 404
        assert client.put(f"/integrations/svc/secrets/{key}", {"value": "mine"}).status_code == 404

    def test_a_lost_row_is_fetched_anew(
        self, svc: TokenServer, asker: Asker, make_app: Callable[[Settings], Flask], settings: Settings
    ):
        asker.get()
        with asker.services.database.writing() as session:
            session.execute(delete(PluginSecret).where(PluginSecret.key.startswith("token:")))
        assert Asker(make_app(settings)).get() == SECOND


SETTING_PATHS = (
    "/integrations/svc",
    "/integrations/svc/config",
    "/integrations/svc/secrets/client_secret",
    "/workspaces/1/plugins",
    "/workspaces/1/plugins/svc",
    "/plugins/svc",
)
