"""A gate over a real store, for small apps behind it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from flask import Flask

from plugin_store.engine.database import Database
from plugin_store.engine.opening import init_database
from settings import Settings
from tests.databases import seed_database
from web.gate.access_tokens import AccessTokens
from web.gate.attempts import Attempts
from web.gate.connect_requests import ConnectRequests
from web.gate.gate import Gate
from web.gate.sessions import Sessions
from web.gate.tokens import HeldToken

MakeGate = Callable[[Settings], Gate]


@dataclass
class Clock:
    """A clock that a test moves."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def open_sessions(
    database: Database, held: HeldToken, settings: Settings, clock: Callable[[], float] = time.time
) -> Sessions:
    return Sessions(
        database,
        held,
        clock,
        idle_days=settings.session_idle_days,
        lifetime_days=settings.session_lifetime_days,
    )


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    seed_database(settings.instance)
    settings.instance.mkdir(parents=True, exist_ok=True)
    database = init_database(Flask("store"), settings.instance)
    yield database
    database.close()


@pytest.fixture
def make_gate(settings: Settings, database: Database) -> MakeGate:
    """Makes gates over the store of the test; `given` differs from `settings` in what the test is about."""

    def make(given: Settings) -> Gate:
        held = HeldToken(replace(given, instance=settings.instance))
        tokens = AccessTokens(database, time.time)
        connects = ConnectRequests(database, tokens, time.time)
        return Gate.of(
            given, held, open_sessions(database, held, given), tokens, connects, Attempts(time.time)
        )

    return make
