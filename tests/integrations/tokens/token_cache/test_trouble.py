"""Token requests count against the budget, and a failing provider is not called in a storm."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any, get_args

import pytest
from sqlalchemy import select

from errors import BudgetSpent, SettingsIncomplete, UpstreamFailed
from integrations.usage.call_log import Cause
from plugin_store.models import PluginApiLog
from tests.conftest import Client
from tests.integrations.tokens.conftest import (
    CLIENT_PROPERTIES,
    CLIENT_SECRET,
    Asker,
    TokenServer,
    all_at_once,
    declare,
)
from tests.integrations.tokens.token_cache.conftest import FIRST, SECOND, failing


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
        asker.get(replace(asker.values, config={"client_id": "you"}))

    @pytest.mark.parametrize("cause", get_args(Cause))
    def test_the_log_tells_for_what_it_was(
        self, limited: TokenServer, asker: Asker, client: Client, cause: Cause
    ):
        asker.get(cause=cause)
        asker.services.usage.call_log.flush()
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
        tokens = asker.services.tokens.cache
        # Another process buys at the moment, and comes to nothing.
        assert tokens._locks.acquire("token:1:svc")
        with ThreadPoolExecutor(4) as pool:
            scheduled = pool.submit(asker.get, cause="prefetch")
            while not tokens._flights._flights:
                assert not scheduled.done()
            [key] = tokens._flights._flights
            joined = [pool.submit(asker.get, cause=cause) for cause in ("live", "batch", "revalidate")]
            while tokens._flights.waiting(key) < 3:
                assert not wait(joined, 0.005).done
            tokens._locks.release("token:1:svc")
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
        # The wrong secret went out in both encodings.
        assert svc.count == 2
        svc.answer = quick
        client.put("/integrations/svc/secrets/client_secret", {"value": "the-right-one"})
        assert asker.get() == {"access_token": "T3-0123456789"}

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
