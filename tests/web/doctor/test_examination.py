"""The doctor on real data folders: of a server that runs, and of none."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result
from cryptography.fernet import Fernet
from flask import Flask

from app import close_app, create_app
from plugin_store.engine.sqlite.file import DATABASE_NAME
from settings import Settings
from tests.conftest import TOKEN, Client
from tests.databases import seed_database
from tests.integrations.routes.test_integrations import KEY, declare, render
from tests.upstreams import Upstream
from web.cli.doctor import examine
from web.doctor.probes import unresolved_hosts

Examine = Callable[..., Result]


@pytest.fixture
def doctor(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Examine:
    """Runs `flask doctor` on the test's data folder; no server listens at its port."""
    for name in ("HTTPS_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)

    def run(*options: str, **environ: str) -> Result:
        given = {"PATCHBAY_INSTANCE": str(settings.instance), "PATCHBAY_TOKEN": TOKEN, "PATCHBAY_PORT": "1"}
        return CliRunner().invoke(examine, list(options), env=given | environ)

    return run


def bad_checks(result: Result) -> list[tuple[str, str]]:
    found = orjson.loads(result.output)["findings"]
    return [(one["level"], one["check"]) for one in found if one["level"] != "ok"]


def digests(folder: Path) -> dict[str, str]:
    """What each file holds, but for the files beside a database that every reader makes."""
    files = [
        path for path in folder.rglob("*") if path.is_file() and path.suffix not in {".db-wal", ".db-shm"}
    ]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_nothing_is_made_where_nothing_is(settings: Settings, doctor: Examine):
    result = doctor("--json")
    assert (result.exit_code, bad_checks(result)) == (1, [("warning", "database")])
    assert not settings.instance.exists()


@pytest.mark.sqlite
def test_a_stopped_server_s_folder_is_well_and_stays_as_it_is(
    settings: Settings, doctor: Examine, httpserver: Upstream
):
    seed_database(settings.instance)
    app = create_app(settings)
    declare(Client(app), httpserver)
    httpserver.expect_request("/status").respond_with_json({"ok": True})
    render(Client(app))
    close_app(app)
    before = digests(settings.instance)
    result = doctor()
    assert result.exit_code == 0, result.output
    assert KEY not in result.output
    assert TOKEN not in result.output
    unchanged = {path: digest for path, digest in before.items() if "/cache/" not in path}
    assert {
        path: digest for path, digest in digests(settings.instance).items() if path in unchanged
    } == unchanged


@pytest.mark.sqlite
def test_secrets_of_another_key_are_found_by_both(
    settings: Settings, make_app: Callable[[Settings], Flask], doctor: Examine, httpserver: Upstream
):
    declare(Client(make_app(settings)), httpserver)
    other = Fernet.generate_key().decode()
    result = doctor("--json", PATCHBAY_SECRET_KEY=other)
    assert result.exit_code == 2
    assert ("error", "key") in bad_checks(result)
    told = Client(make_app(replace(settings, secret_keys=(other,)))).get("/doctor").json
    assert told["level"] == "error"
    assert [one["integration_id"] for one in told["findings"] if one["check"] == "key"] == [None, "svc"]


@pytest.mark.sqlite
def test_a_running_server_tells_what_is_wrong_with_it(
    client: Client, app: Flask, httpserver: Upstream, settings: Settings
):
    declare(client, httpserver)
    (settings.instance / DATABASE_NAME).chmod(0o644)
    told = client.get("/doctor").json
    assert told["level"] == "error"
    assert told["findings"][0]["check"] == "permissions"
    assert "chmod go=" in told["findings"][0]["remedy"]
    assert {"database", "migrations", "cache", "disk", "clock", "key", "prefetch"} <= {
        one["check"] for one in told["findings"]
    }


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("harm", "check"),
    [
        (lambda path: path.write_bytes(b"not a database" * 1000), "database"),
        (lambda path: path.write_bytes(path.read_bytes()[:8192] + b"\xff" * 65536 + path.read_bytes()[73728:]), "database"),
        (lambda path: _set_revision(path, "0009"), "migrations"),
        (lambda path: _set_revision(path, "9999"), "migrations"),
    ],
)  # fmt: skip
def test_a_store_that_cannot_be_used_is_told_and_left_alone(
    settings: Settings, doctor: Examine, harm: Callable[[Path], object], check: str
):
    seed_database(settings.instance)
    harm(settings.instance / DATABASE_NAME)
    before = digests(settings.instance)
    result = doctor("--json")
    assert check in [found for _, found in bad_checks(result)], result.output
    assert digests(settings.instance) == before


def _set_revision(path: Path, revision: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    connection.commit()
    connection.close()


@pytest.mark.sqlite
def test_a_damaged_cache_is_told_and_left_alone(settings: Settings, doctor: Examine):
    seed_database(settings.instance)
    cache = settings.instance / "cache"
    cache.mkdir(mode=0o700)
    (cache / "cache.db").write_bytes(b"not a database" * 1000)
    before = digests(settings.instance)
    result = doctor("--json")
    assert ("error", "cache") in bad_checks(result)
    assert digests(settings.instance) == before


def test_variables_that_a_user_expects_to_work_are_told(settings: Settings, doctor: Examine):
    seed_database(settings.instance)
    result = doctor(HTTPS_PROXY="http://user:password@proxy.test:3128")
    assert "HTTPS_PROXY is set and ignored" in result.output
    assert "password" not in result.output


def test_names_that_resolve_are_not_told():
    assert unresolved_hosts({"localhost", "127.0.0.1", "no..name"}) == {"no..name"}
