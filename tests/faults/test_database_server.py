"""A database server that is away, read-only, full or crowded: told clearly, nothing is lost, and nobody has to act."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from flask import Flask

from errors import StorageFailed
from plugin_store.engine.opening import open_location
from plugin_store.engine.postgresql import failures
from plugin_store.engine.postgresql.location import PostgresqlServer
from settings import Settings
from tests.conftest import TOKEN, Client
from tests.databases import SERVER, TestDatabases
from web.cli.doctor import examine

pytestmark = pytest.mark.postgresql

OTHER_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
END_OTHERS = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
REFUSE = (
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'no space for sesame' USING ERRCODE = '53100'; END $$"
)


class Server:
    """The server of the app's database, for who administers it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = url.rpartition("/")[2]
        assert SERVER is not None
        self._admin = psycopg.connect(SERVER.replace("+psycopg", ""), autocommit=True)

    def alter(self, change: str) -> None:
        self._admin.execute(f"ALTER DATABASE {self.name} {change}".encode())

    def end_connections(self) -> None:
        self._admin.execute(END_OTHERS.encode(), (self.name,))

    def run(self, *statements: str) -> None:
        with psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def administer(self, statement: str) -> None:
        self._admin.execute(statement.encode())

    def close(self) -> None:
        self._admin.close()


@pytest.fixture
def settings(settings: Settings, server_databases: TestDatabases) -> Settings:
    """As they are where the URL is a setting."""
    return replace(settings, database_url=server_databases.url_of(settings.instance))


@pytest.fixture
def server(app: Flask, settings: Settings) -> Iterator[Server]:
    made = Server(str(settings.database_url))
    yield made
    made.close()


def write(client: Client, name: str) -> tuple[int, str | None, str | None]:
    answer: Any = client.post("/workspaces", {"name": name})
    return answer.status_code, answer.json.get("code"), answer.json.get("detail")


def names(client: Client) -> list[str]:
    listed: Any = client.get("/workspaces").json
    return [workspace["name"] for workspace in listed]


def examined(settings: Settings, url: str, key: str | None = None) -> str:
    """What `flask doctor` says."""
    environ = {"PATCHBAY_INSTANCE": str(settings.instance), "PATCHBAY_TOKEN": TOKEN, "PATCHBAY_PORT": "1"}
    given = environ | {"PATCHBAY_DATABASE_URL": url, "PATCHBAY_SECRET_KEY": key}
    return CliRunner().invoke(examine, env=given).output


def ready(client: Client) -> tuple[int, str]:
    answer: Any = client.open("/readyz")
    return answer.status_code, answer.json["checks"]["database"]


def test_a_full_disk_stops_writes_and_no_reads(client: Client, server: Server) -> None:
    assert write(client, "before")[0] == 201
    server.run(REFUSE, "CREATE TRIGGER refuse BEFORE INSERT ON workspaces EXECUTE FUNCTION refuse()")
    assert write(client, "meanwhile") == (503, "storage_failed", failures.FULL)
    assert (names(client), ready(client)) == (["Default", "before"], (200, "ok"))
    server.run("DROP FUNCTION refuse CASCADE")
    assert write(client, "after")[0] == 201
    assert names(client) == ["Default", "before", "after"]


def test_a_server_that_turns_read_only_is_told_and_used_again(
    client: Client, server: Server, settings: Settings
) -> None:
    assert write(client, "before")[0] == 201
    server.alter("SET default_transaction_read_only = on")
    server.end_connections()
    assert write(client, "meanwhile") == (503, "storage_failed", failures.READ_ONLY)
    assert ready(client) == (503, "failed")
    assert failures.READ_ONLY in examined(settings, server.url)
    assert failures.READ_ONLY in client.get("/doctor").text
    server.alter("RESET default_transaction_read_only")
    assert write(client, "after")[0] == 201
    assert (names(client), ready(client)) == (["Default", "before", "after"], (200, "ok"))


def test_a_transaction_that_may_not_write_is_told_as_read_only(
    client: Client, server: Server, app: Flask
) -> None:
    database = app.extensions["patchbay"].database
    with pytest.raises(StorageFailed, match="read-only"), database.raw_write() as connection:
        connection.execute("SET TRANSACTION READ ONLY")
        connection.execute("UPDATE workspaces SET name = 'never'")
    assert write(client, "after")[0] == 201


def test_a_server_that_is_away_is_told_and_used_again(
    client: Client, server: Server, settings: Settings
) -> None:
    assert write(client, "before")[0] == 201
    server.alter("ALLOW_CONNECTIONS false")
    server.end_connections()
    for _ in range(2):
        assert write(client, "meanwhile") == (503, "storage_failed", failures.UNREACHABLE)
    answer: Any = client.get("/workspaces")
    assert (answer.status_code, answer.json["title"]) == (503, "The store cannot be read or written")
    assert ready(client) == (503, "failed")
    assert client.open("/healthz").status_code == 200
    assert failures.UNREACHABLE in examined(settings, server.url)
    server.alter("ALLOW_CONNECTIONS true")
    assert write(client, "after")[0] == 201
    assert (names(client), ready(client)) == (["Default", "before", "after"], (200, "ok"))


def test_a_database_that_is_gone_is_told(client: Client, server: Server, settings: Settings) -> None:
    server.administer(f"DROP DATABASE {server.name} WITH (FORCE)")
    assert write(client, "meanwhile") == (503, "storage_failed", failures.REFUSED)
    assert failures.REFUSED in examined(settings, server.url)


@pytest.mark.parametrize(
    ("key", "level", "words"),
    [
        (None, "ok", "Every stored secret can be decrypted."),
        (OTHER_KEY, "error", "This server has another key than the one that seals the secrets of the store"),
    ],
    ids=["its key", "another key"],
)
def test_the_doctor_says_whether_a_server_has_the_key_of_the_store(
    server: Server, settings: Settings, key: str | None, level: str, words: str
) -> None:
    lines = examined(settings, server.url, key).splitlines()
    assert any(line.startswith(level) and words in line for line in lines)
    assert any("The database server answers" in line for line in lines)


@pytest.mark.parametrize(
    ("role", "reason"),
    [("CREATE ROLE {name} LOGIN CONNECTION LIMIT 0", failures.CROWDED), ("SELECT 1", failures.REFUSED)],
    ids=["too many connections", "no such user"],
)
def test_a_user_who_gets_no_connection_is_told_why(server: Server, role: str, reason: str) -> None:
    name = f"role_{server.name}"
    server.administer(role.format(name=name))
    try:
        database = open_location(PostgresqlServer(server.url.replace("//patchbay@", f"//{name}@")))
        for use in (database.revision, lambda: database.query("SELECT 1", ())):
            with pytest.raises(StorageFailed) as caught:
                use()
            assert caught.value.detail == reason
        with pytest.raises(StorageFailed) as caught, database.writing():
            pass
        assert caught.value.detail == reason
        database.close()
    finally:
        server.administer(f"DROP ROLE IF EXISTS {name}")
