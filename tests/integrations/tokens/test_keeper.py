"""One token for all who ask: fetched once, ahead of its end, again after a refusal, and never in a storm."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any, get_args

import pytest
from flask import Flask
from sqlalchemy import delete, select
from werkzeug import Response

from errors import BudgetSpent, SettingsIncomplete, StorageFailed, UpstreamFailed
from integrations.call_log import Cause
from integrations.parameters import Values
from plugin_store.models import PluginApiLog, PluginSecret
from plugin_store.workspaces import Scope
from settings import Settings
from tests.conftest import Client
from tests.integrations.tokens.conftest import (
    CLIENT_PROPERTIES,
    CLIENT_SECRET,
    Asker,
    TokenServer,
    all_at_once,
    declare,
    declare_client,
    json_answer,
)

FIRST = {"access_token": "T1-0123456789"}
SECOND = {"access_token": "T2-0123456789"}


@pytest.fixture
def svc(client: Client, home: str, token_server: TokenServer) -> TokenServer:
    """`svc` declared and set, and its provider."""
    declare_client(client, home)
    return token_server


def slow(token_server: TokenServer) -> threading.Event:
    """From now on the provider answers when the event is set."""
    go, quick = threading.Event(), token_server.answer

    def answer(number: int) -> Response:
        assert go.wait(20)
        return quick(number)

    token_server.answer = answer
    return go


def keys_of(asker: Asker) -> list[str]:
    """The keys under which the vault holds anything."""
    with asker.services.database.reading() as session:
        return list(session.scalars(select(PluginSecret.key).order_by(PluginSecret.key)))


def failing(token_server: TokenServer, *args: Any, **options: Any) -> None:
    token_server.answer = lambda _number: json_answer(*args, **options)


class TestFetching:
    def test_fifty_who_come_together_get_one_token(self, svc: TokenServer, asker: Asker):
        assert all_at_once(50, asker.get) == [FIRST] * 50
        assert svc.count == 1

    def test_a_kept_token_is_used_again(self, svc: TokenServer, asker: Asker):
        assert asker.get() == asker.get() == FIRST
        assert svc.count == 1

    def test_a_restart_keeps_the_token(
        self, svc: TokenServer, asker: Asker, make_app: Callable[[Settings], Flask], settings: Settings
    ):
        asker.get()
        assert Asker(make_app(settings)).get() == FIRST
        assert svc.count == 1

    def test_two_processes_that_come_together_log_in_once(
        self, svc: TokenServer, asker: Asker, make_app: Callable[[Settings], Flask], settings: Settings
    ):
        askers = [asker, Asker(make_app(settings))]
        turns = iter(askers * 10)
        assert all_at_once(20, lambda: next(turns).get()) == [FIRST] * 20
        assert svc.count == 1

    def test_what_cannot_be_kept_is_given_all_the_same(
        self, svc: TokenServer, asker: Asker, monkeypatch: pytest.MonkeyPatch
    ):
        def refuse() -> Any:
            raise StorageFailed("The disk is full.")

        monkeypatch.setattr(asker.services.database, "writing", refuse)
        assert asker.get() == asker.get() == FIRST
        assert svc.count == 1

    def test_a_kept_token_that_cannot_be_read_is_fetched_anew(
        self, svc: TokenServer, asker: Asker, make_app: Callable[[Settings], Flask], settings: Settings
    ):
        asker.get()
        with asker.services.database.writing() as session:
            row = session.scalar(select(PluginSecret).where(PluginSecret.key.startswith("token:")))
            row.ciphertext = "damaged"
        assert Asker(make_app(settings)).get() == SECOND

    def test_a_token_moved_to_another_row_is_not_used(
        self, svc: TokenServer, asker: Asker, make_app: Callable[[Settings], Flask], settings: Settings
    ):
        asker.get()
        with asker.services.database.writing() as session:
            row = session.scalar(select(PluginSecret).where(PluginSecret.key.startswith("token:")))
            row.bound_to = [*row.bound_to, "header:Authorization@http://elsewhere.test:80"]
        assert Asker(make_app(settings)).get() == SECOND


class TestExpiry:
    def test_it_is_refreshed_ahead_of_its_end(self, clock: Any, svc: TokenServer, asker: Asker):
        asker.get()
        clock.shift(3600 - 61)
        assert asker.get() == FIRST
        clock.shift(2)
        assert asker.get() == SECOND
        assert asker.get() == SECOND

    def test_a_short_life_has_a_short_margin(self, clock: Any, svc: TokenServer, asker: Asker):
        svc.answer = lambda number: json_answer(
            {"access_token": f"T{number}-0123456789", "expires_in": "100"}
        )
        asker.get()
        clock.shift(89)
        assert asker.get() == FIRST
        clock.shift(2)
        assert asker.get() == SECOND

    def test_one_refreshes_ahead_while_the_others_go_on(self, clock: Any, svc: TokenServer, asker: Asker):
        asker.get()
        clock.shift(3600 - 30)
        go = slow(svc)
        first: list[Any] = []
        refresher = threading.Thread(target=lambda: first.append(asker.get()))
        refresher.start()
        while svc.count < 2:
            threading.Event().wait(0.01)
        assert all_at_once(10, asker.get) == [FIRST] * 10
        go.set()
        refresher.join(20)
        assert first == [SECOND]
        assert svc.count == 2

    def test_once_it_has_ended_all_wait_for_the_next(self, clock: Any, svc: TokenServer, asker: Asker):
        asker.get()
        clock.shift(3601)
        assert all_at_once(20, asker.get) == [SECOND] * 20
        assert svc.count == 2

    def test_a_refresh_that_fails_leaves_the_valid_token(self, clock: Any, svc: TokenServer, asker: Asker):
        asker.get()
        clock.shift(3600 - 30)
        failing(svc, {}, 503)
        assert [asker.get() for _ in range(5)] == [FIRST] * 5
        assert svc.count == 2

    def test_without_an_end_it_is_good_until_it_is_refused(self, clock: Any, svc: TokenServer, asker: Asker):
        svc.answer = lambda number: json_answer({"access_token": f"T{number}-0123456789"})
        asker.get()
        clock.shift(10 * 365 * 86400)
        assert asker.get() == FIRST


class TestRenewal:
    def test_a_refused_token_is_replaced_once_for_all(self, svc: TokenServer, asker: Asker):
        asker.get()
        assert all_at_once(20, lambda: asker.renew(FIRST)) == [SECOND] * 20
        assert asker.get() == SECOND
        assert svc.count == 2

    def test_what_another_process_renewed_is_taken(
        self, svc: TokenServer, asker: Asker, make_app: Callable[[Settings], Flask], settings: Settings
    ):
        other = Asker(make_app(settings))
        assert asker.get() == other.get() == FIRST
        assert other.renew(FIRST) == SECOND
        assert asker.renew(FIRST) == SECOND
        assert svc.count == 2

    def test_a_token_that_is_refused_as_soon_as_it_is_given_is_no_reason_for_a_storm(
        self, clock: Any, svc: TokenServer, asker: Asker
    ):
        asker.get()
        asker.renew(FIRST)
        for _ in range(5):
            with pytest.raises(UpstreamFailed, match="refuses the token") as refused:
                asker.renew(SECOND)
            assert refused.value.upstream_status == 401
        assert svc.count == 2
        clock.shift(31)
        assert asker.renew(SECOND) == {"access_token": "T3-0123456789"}

    def test_a_provider_that_gives_the_same_token_again_is_believed(self, svc: TokenServer, asker: Asker):
        svc.answer = lambda _number: json_answer({"access_token": "SAME-0123456789"})
        same = asker.get()
        assert asker.renew(same) == same
        assert svc.count == 2

    def test_a_refused_token_is_not_given_out_while_the_next_one_cannot_be_had(
        self, clock: Any, svc: TokenServer, asker: Asker
    ):
        asker.get()
        failing(svc, {}, 503)
        with pytest.raises(UpstreamFailed):
            asker.renew(FIRST)
        with pytest.raises(UpstreamFailed):
            asker.get()


class TestBudget:
    """A purchase is charged, and told, like the call that needs it."""

    @pytest.fixture
    def limited(self, client: Client, home: str, token_server: TokenServer) -> TokenServer:
        """`svc` with two calls an hour, of which schedules may make the first."""
        section = {
            "base_url": home,
            "auth_method": "oauth2_client_credentials",
            "oauth2": {"token_url": f"{home}/token"},
            "rate_limit": {"requests_per_hour": 2},
        }
        declare(client, section, CLIENT_PROPERTIES, client_id="me", client_secret=CLIENT_SECRET)
        return token_server

    def spend_one(self, asker: Asker) -> None:
        asker.get(Values({"client_id": "you"}, {"client_secret": CLIENT_SECRET}))

    @pytest.mark.parametrize("cause", get_args(Cause))
    def test_the_log_tells_for_what_it_was(
        self, limited: TokenServer, asker: Asker, client: Client, cause: Cause
    ):
        asker.get(cause=cause)
        asker.services.call_log.flush()
        with asker.services.database.reading() as session:
            [row] = session.scalars(select(PluginApiLog))
        assert (row.endpoint_id, row.block_id, row.cause, row.status) == ("token:oauth2", None, cause, 200)
        usage = client.get("/integrations/svc/usage").json
        assert (usage["calls"], usage["token_calls"], usage["budget"][0]["used"]) == (1, 1, 1)

    @pytest.mark.parametrize("cause", ["prefetch", "revalidate"])
    def test_a_schedule_leaves_the_reserve_to_those_who_wait(
        self, limited: TokenServer, asker: Asker, cause: Cause
    ):
        self.spend_one(asker)
        with pytest.raises(BudgetSpent) as refused:
            asker.get(cause=cause)
        assert refused.value.extensions["reason"] == "reserved"
        assert limited.count == 1
        assert asker.get() == SECOND

    @pytest.mark.parametrize("cause", ["prefetch", "revalidate"])
    def test_nor_does_it_take_the_reserve_to_renew_or_to_refresh_ahead(
        self, clock: Any, limited: TokenServer, asker: Asker, cause: Cause
    ):
        asker.get()
        with pytest.raises(BudgetSpent):
            asker.renew(FIRST, cause)
        assert asker.renew(FIRST) == SECOND
        clock.shift(3600 - 30)
        assert asker.get(cause=cause) == SECOND
        assert limited.count == 2

    def test_who_joins_the_purchase_of_a_schedule_has_the_reserve(self, limited: TokenServer, asker: Asker):
        self.spend_one(asker)
        tokens = asker.services.tokens
        # Another process buys at the moment, and comes to nothing.
        assert tokens._claims.claim("token:1:svc")
        with ThreadPoolExecutor(4) as pool:
            scheduled = pool.submit(asker.get, cause="prefetch")
            while not tokens._flights._flights:
                assert not scheduled.done()
            [key] = tokens._flights._flights
            joined = [pool.submit(asker.get, cause=cause) for cause in ("live", "batch", "revalidate")]
            while tokens._flights.waiting(key) < 3:
                assert not wait(joined, 0.005).done
            tokens._claims.release("token:1:svc")
            assert [future.result(20) for future in joined[:2]] == [SECOND, SECOND]
            for future in (scheduled, joined[2]):
                assert isinstance(future.exception(20), BudgetSpent)
        assert limited.count == 2


class TestFailures:
    def test_a_failure_is_remembered_for_a_growing_time(self, clock: Any, svc: TokenServer, asker: Asker):
        failing(svc, {"error": "invalid_client", "error_description": CLIENT_SECRET}, 401)
        waits = []
        for _ in range(9):
            asked, waited = svc.count, 0
            while svc.count == asked:
                with pytest.raises(UpstreamFailed) as failed:
                    asker.get()
                assert failed.value.detail == "The provider refused the client id or secret."
                if svc.count == asked:
                    clock.shift(1)
                    waited += 1
            waits.append(waited)
        assert waits == [0, 1, 2, 4, 8, 16, 32, 60, 60]

    def test_what_the_provider_asks_to_wait_is_waited(self, clock: Any, svc: TokenServer, asker: Asker):
        failing(svc, {}, 429, {"Retry-After": "120"})
        for _ in range(2):
            with pytest.raises(UpstreamFailed) as failed:
                asker.get()
            assert failed.value.retry_after_seconds == 120
            clock.shift(100)
        assert svc.count == 1
        clock.shift(21)
        with pytest.raises(UpstreamFailed):
            asker.get()
        assert svc.count == 2

    def test_changed_settings_are_tried_at_once(
        self, clock: Any, svc: TokenServer, asker: Asker, client: Client
    ):
        quick = svc.answer
        failing(svc, {"error": "invalid_client"}, 401)
        with pytest.raises(UpstreamFailed):
            asker.get()
        svc.answer = quick
        client.put("/integrations/svc/secrets/client_secret", {"value": "the-right-one"})
        assert asker.get() == SECOND

    def test_all_who_wait_get_the_same_failure(self, svc: TokenServer, asker: Asker):
        failing(svc, {"error": "invalid_scope"}, 400)
        answers = all_at_once(20, asker.get)
        assert {type(answer) for answer in answers} == {UpstreamFailed}
        assert svc.count == 1

    def test_a_missing_setting_is_told_by_name_and_nothing_is_sent(
        self, svc: TokenServer, asker: Asker, client: Client
    ):
        client.delete("/integrations/svc/secrets/client_secret")
        with pytest.raises(SettingsIncomplete) as missing:
            asker.get()
        assert missing.value.errors == {"config.client_secret": ["Not set."]}
        assert svc.count == 0


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
        unsaved = Values({"client_id": "you"}, {"client_secret": CLIENT_SECRET})
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
        assert services.tokens.get(installed, asker.values, "live") == FIRST

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
