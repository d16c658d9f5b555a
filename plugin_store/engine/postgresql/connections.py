"""Plain connections to the server: how each is configured, and how statements are sent on one."""

from __future__ import annotations

from typing import Any, cast

import psycopg
from psycopg.adapt import Buffer, Loader
from sqlalchemy import URL, Engine

from plugin_store.engine.database import Parameters
from plugin_store.engine.postgresql.dialect import to_driver_sql
from plugin_store.engine.postgresql.texts import register_texts
from plugin_store.engine.write_lock import BUSY_TIMEOUT_SECONDS

CONNECT_TIMEOUT_SECONDS = 5
# A server that is gone without a word is noticed after this time.
SILENCE_SECONDS = 10

Driver = psycopg.Connection[tuple[Any, ...]]


class NumberLoader(Loader):
    """Reads `numeric`, the type of PostgreSQL's sums and means of whole numbers, as a number that JSON has."""

    def load(self, data: Buffer) -> int | float:
        text = bytes(data)
        return int(text) if text.lstrip(b"-").isdigit() else float(text)


def connect_arguments(url: URL) -> dict[str, Any]:
    """The arguments of libpq that the URL does not set itself."""
    ours = {
        "application_name": "patchbay",
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "keepalives_idle": SILENCE_SECONDS // 2,
        "keepalives_interval": 1,
        "keepalives_count": SILENCE_SECONDS // 2,
        "tcp_user_timeout": SILENCE_SECONDS * 1000,
        # Of several hosts, the one that can be written.
        "target_session_attrs": "read-write",
    }
    given = {name: value for name, value in ours.items() if name not in url.query}
    options = [url.query.get("options", ""), f"-c lock_timeout={int(BUSY_TIMEOUT_SECONDS * 1000)}"]
    return given | {"options": " ".join(str(option) for option in options).strip()}


def configure(connection: Driver, _record: object = None) -> None:
    """Configures a new connection."""
    connection.adapters.register_loader("numeric", NumberLoader)
    register_texts(connection)


def connect(engine: Engine) -> Driver:
    """A connection beside the engine's pool, that begins no transaction by itself. Raises psycopg.Error."""
    positional, named = engine.dialect.create_connect_args(engine.url)
    named = {**named, **connect_arguments(engine.url)}
    connection = cast(Driver, engine.dialect.connect(*positional, **named))
    connection.autocommit = True
    configure(connection)
    return connection


class PlainConnection:
    """Sends plain statements, whose values are named `?` or `:name`."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def execute(self, sql: str, parameters: Parameters = (), /) -> psycopg.Cursor[tuple[Any, ...]]:
        return self._driver.execute(cast(Any, to_driver_sql(sql)), parameters)

    def executemany(self, sql: str, parameters: Any, /) -> psycopg.Cursor[tuple[Any, ...]]:
        cursor = self._driver.cursor()
        cursor.executemany(cast(Any, to_driver_sql(sql)), parameters)
        return cursor
