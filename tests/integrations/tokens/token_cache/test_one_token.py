"""One token for all callers: fetched once, before the old one expires, and again after a rejection."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from errors import StorageFailed, UpstreamFailed
from plugin_store.models import PluginSecret
from settings import Settings
from tests.integrations.tokens.conftest import (
    Asker,
    TokenServer,
    all_at_once,
    json_answer,
)
from tests.integrations.tokens.token_cache.conftest import FIRST, SECOND, failing, slow


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
