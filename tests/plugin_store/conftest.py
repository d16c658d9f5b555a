"""A store in a folder of its own, and a small app that serves its routes and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from integrations.caching.artifacts import Artifacts
from integrations.caching.bodies import Bodies
from integrations.caching.eviction import Eviction
from plugin_store.audit_log import AuditLog
from plugin_store.engine.database import Database
from plugin_store.engine.opening import init_database
from plugin_store.registry import Registry
from plugin_store.routes import plugin_states, plugins, settings, workspaces
from plugin_store.services import StoreServices
from plugin_store.settings.configs import Configs
from plugin_store.settings.review_events import ReviewEvents
from plugin_store.settings.reviews import Reviews
from plugin_store.vault.keyring import load_keyring
from plugin_store.vault.vault import Vault
from plugin_store.workspaces import Scope
from tests.databases import seed_database
from tests.plugin_store.manifests import check_plugin, destinations
from web.api.json import Int64Converter, OrjsonProvider
from web.api.problems import init_problems
from web.gate.sessions import Session

WORKSPACE = Scope(1)
NOTEBOOK = Scope(1, 1)


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1_767_323_045.678

    def __call__(self) -> float:
        return self.now


@dataclass
class Store:
    """Everything of one store, as an app would put it together."""

    folder: Path
    database: Database
    clock: Clock
    vault: Vault
    configs: Configs
    reviews: Reviews
    registry: Registry

    def rows(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """What lies in the tables, byte for byte."""
        with self.database.reading() as session:
            return [tuple(row) for row in session.execute(text(query), parameters)]

    def execute(self, statement: str, **parameters: Any) -> None:
        """A change behind the store's back."""
        with self.database.writing() as session:
            session.execute(text(statement), parameters)


def open_store(
    folder: Path, clock: Clock, *, may_create_key: bool = True, keys: tuple[str, ...] = ()
) -> Store:
    seed_database(folder)
    database = init_database(Flask("store"), folder)
    keyring = load_keyring(keys, folder / "secret.key", may_create=may_create_key)
    vault = Vault(database, keyring, clock)
    reviews = Reviews(database, vault, destinations)
    return Store(
        folder=folder,
        database=database,
        clock=clock,
        vault=vault,
        configs=Configs(database, vault, destinations, clock),
        reviews=reviews,
        registry=Registry(
            database, check_plugin, clock, reviews.review_of, ReviewEvents(vault, destinations).recorded
        ),
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def reopen(tmp_path: Path, clock: Clock) -> Iterator[Callable[..., Store]]:
    """Opens the test's store, again and again, as processes that start one after another would."""
    opened: list[Store] = []

    def open_again(**options: Any) -> Store:
        opened.append(open_store(tmp_path, clock, **options))
        return opened[-1]

    yield open_again
    for store in opened:
        store.database.close()


@pytest.fixture
def store(reopen: Callable[..., Store]) -> Store:
    return reopen()


class Client:
    """Calls the API as a page of the server's own does."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def __getattr__(self, method: str) -> Callable[..., TestResponse]:
        return lambda path, body=None, headers=None, **query: self._client.open(
            f"/api/v1{path}",
            method=method.upper(),
            json=body,
            query_string=query or None,
            headers={"Sec-Fetch-Site": "same-origin", **(headers or {})},
        )


@pytest.fixture
def client(store: Store) -> Client:
    bodies = Bodies(store.folder / "cache")
    eviction = Eviction(bodies, store.database, store.clock, 1 << 30)
    app = Flask("routes")
    app.json = OrjsonProvider(app)
    app.url_map.converters["int64"] = Int64Converter
    init_problems(app)
    app.extensions["patchbay"] = SimpleNamespace(
        database=store.database,
        clock=store.clock,
        store=StoreServices(
            store.vault,
            store.registry,
            store.configs,
            store.reviews,
            AuditLog(store.database, store.clock, 86400.0),
        ),
        caching=SimpleNamespace(artifacts=Artifacts(bodies, store.database, store.clock, eviction)),
    )

    @app.before_request
    def let_a_person_in() -> None:
        g.caller = Session(1, "", store.clock(), store.clock(), store.database.revision(), "")

    for module in (plugins, workspaces, plugin_states, settings):
        app.register_blueprint(module.blueprint, url_prefix="/api/v1")
    return Client(app.test_client())
