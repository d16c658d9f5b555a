"""One ledger: each call and its token request are charged and logged once, whatever the cause."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from dataclasses import replace
from typing import Any, get_args
from uuid import uuid4

import pytest
import time_machine
from flask import Flask
from pytest_httpserver import HTTPServer
from sqlalchemy import select

from integrations.usage.call_log import Cause
from plugin_store.models import PluginApiLog
from settings import Settings
from tests.conftest import Client
from tests.integrations.stories import Service

NOW = 1_800_000_000
TOKEN_SECONDS = 50
# Of these, nine are for schedules.
LIMIT = 12
AUTHS: dict[str, tuple[dict[str, Any], str | None]] = {
    "none": ({}, None),
    "oauth2": (
        {"auth_method": "oauth2_client_credentials", "oauth2": {"token_url": "{home}/token"}},
        "token:oauth2",
    ),
    "login": (
        {
            "auth_method": "session_token",
            "login": {
                "path": "/token",
                "body": {"password": "{password}"},
                "token_path": "access_token",
                "expires_in_path": "expires_in",
            },
        },
        "token:login",
    ),
}


class House:
    """An app with one integration, and a way to make a call for each cause. Schedules run when they are told to."""

    def __init__(self, app: Flask, upstream: HTTPServer, clock: time_machine.Traveller, auth: str) -> None:
        section, self.token_request = AUTHS[auth]
        home = upstream.url_for("").rstrip("/")
        self.client = Client(app)
        self.upstream = upstream
        self.services = app.extensions["patchbay"]
        self.clock = clock
        self.service = Service(
            self.client,
            upstream,
            [{"id": "it", "path": "/it"}, {"id": "write", "path": "/it", "method": "POST"}],
            [
                {"id": "ahead", "endpoint": "it", "cache_ttl": 10, "pre_fetch": True, "refresh_interval": 5},
                {"id": "behind", "endpoint": "it", "cache_ttl": 10, "stale_while_revalidate": 3000},
                {"id": "plain", "endpoint": "it", "cache_ttl": 10},
                {"id": "press", "endpoint": "write", "action": {"label": "Press"}},
            ],
            rate_limit={"requests_per_hour": LIMIT},
            **json.loads(json.dumps(section).replace("{home}", home)),
        )
        self.service.configure(client_id="me", client_secret="c1ient-s3cret", password="h0rse-battery")
        self.causes: dict[str, tuple[Cause, str | None, Callable[[], str | None]]] = {
            "a render": ("live", "plain", lambda: _code(self.service.render("plain").json)),
            "an execution": ("live", None, lambda: _code(self.service.execute("it").json)),
            "a batch": ("batch", "plain", self.answer_batch),
            "a schedule": ("prefetch", "ahead", self.run_schedule),
            "a scheduled block, run by hand": ("prefetch", "ahead", self.run_by_hand),
            "a refresh behind": ("revalidate", "behind", self.refresh_behind),
            "a test of the connection": ("test", None, self.check_connection),
            "an action": ("action", "press", self.run_action),
        }

    def answer_batch(self) -> str | None:
        wanted = {"key": "a", "integration_id": "svc", "block_type": "plain"}
        answer = self.client.post("/render-batch", {"blocks": [wanted]})
        return _code(json.loads(answer.get_data()))

    def run_schedule(self) -> str | None:
        runs = self.services.prefetch.prefetcher.sweep(time.time())
        assert len(runs) == 1
        assert not wait(runs, 20).not_done
        return self._job["last_error"]

    def run_by_hand(self) -> str | None:
        ran: Any = self.client.post(f"/prefetch/{self._job['id']}/run").json
        return ran["last_error"]

    @property
    def _job(self) -> Any:
        jobs: Any = self.client.get("/prefetch").json
        [job] = jobs
        return job

    def refresh_behind(self) -> None:
        assert self.service.render("behind").headers["X-Cache"] == "STALE"
        self.services.rendering.renderer.wait_for_refreshes()

    def check_connection(self) -> str | None:
        verdict: Any = self.client.post("/integrations/svc/test").json
        return verdict["details"].get("code")

    def run_action(self) -> str | None:
        headers = {"Idempotency-Key": str(uuid4())}
        return _code(self.client.post("/integrations/svc/actions/press", {}, headers=headers).json)

    def keep_stale(self) -> None:
        """Keeps what a refresh behind needs, and lets it and the token go out of date."""
        assert self.service.render("behind").status_code == 200
        self.clock.shift(TOKEN_SECONDS + 1)

    def ledger(self) -> list[tuple[str, str, str | None, int | None]]:
        self.services.usage.call_log.flush()
        with self.services.database.reading() as session:
            rows = session.scalars(select(PluginApiLog).order_by(PluginApiLog.id))
            return [(row.cause, row.endpoint_id, row.block_id, row.status) for row in rows]

    def usage(self) -> tuple[int, int, int]:
        """Calls, those for tokens among them, and what they were charged."""
        usage: Any = self.client.get("/integrations/svc/usage").json
        [window] = usage["budget"]
        return usage["calls"], usage["token_calls"], window["used"]


def _code(told: Any) -> str | None:
    """Why there is no answer, or why it is an old one."""
    return told["code"] if "code" in told else told["error"] and told["error"]["code"]


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture(params=AUTHS)
def house(
    request: pytest.FixtureRequest,
    settings: Settings,
    make_app: Callable[[Settings], Flask],
    upstream: HTTPServer,
    clock: time_machine.Traveller,
    monkeypatch: pytest.MonkeyPatch,
) -> House:
    # The smallest chance: what is new is fetched ahead at once.
    monkeypatch.setattr("random.random", lambda: 0.0)
    upstream.expect_request("/token").respond_with_json(
        {"access_token": "T-0123456789", "expires_in": TOKEN_SECONDS}
    )
    upstream.expect_request("/it").respond_with_json({"n": 1})
    return House(make_app(replace(settings, prefetch=True)), upstream, clock, request.param)


def test_each_call_is_charged_and_logged_once_whatever_it_is_for(house: House):
    assert {cause for cause, _, _ in house.causes.values()} == set(get_args(Cause))
    house.service.manifest["integration"]["rate_limit"] = {"requests_per_hour": 100}
    house.service.register()
    house.keep_stale()
    expected = house.ledger()
    for cause, block, call in house.causes.values():
        assert call() is None
        bought = [(cause, house.token_request, None, 200)] if house.token_request else []
        expected += [*bought, (cause, "write" if cause == "action" else "it", block, 200)]
        assert house.ledger() == expected
        tokens = sum(endpoint == house.token_request for _, endpoint, _, _ in expected)
        assert house.usage() == (len(expected), tokens, len(house.upstream.log))
        house.clock.shift(TOKEN_SECONDS + 1)


def test_what_one_has_spent_is_spent_for_all(house: House):
    house.keep_stale()
    house.run_schedule()
    house.clock.shift(TOKEN_SECONDS + 1)
    while len(house.upstream.log) < LIMIT:
        house.service.execute("it")
        house.clock.shift(TOKEN_SECONDS + 1)
    ledger = house.ledger()
    assert len(ledger) == LIMIT
    for cause, _, call in house.causes.values():
        told = call()
        assert told == (None if cause == "revalidate" else "budget_spent")
    assert house.ledger() == ledger
    assert len(house.upstream.log) == house.usage()[2] == LIMIT
