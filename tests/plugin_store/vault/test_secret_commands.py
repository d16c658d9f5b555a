"""`flask secrets …`, as a person at the command line meets it."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskCliRunner

from plugin_store.audit_log import AuditLog
from plugin_store.vault import wrapped_keys
from tests.plugin_store.conftest import WORKSPACE, Store
from tests.plugin_store.manifests import weather
from web.cli.secret_commands import secrets_commands


@pytest.fixture
def runner(store: Store) -> FlaskCliRunner:
    return runner_of(store)


def runner_of(store: Store) -> FlaskCliRunner:
    app = Flask("commands")
    app.extensions["patchbay"] = SimpleNamespace(
        clock=store.clock,
        database=store.database,
        store=SimpleNamespace(vault=store.vault, audit_log=AuditLog(store.database, store.clock, 86400.0)),
    )
    app.cli.add_command(secrets_commands)
    return app.test_cli_runner()


def test_keys_are_rotated_step_by_step(store: Store, runner: FlaskCliRunner) -> None:
    store.registry.register(weather())
    store.configs.enter_secret("weather", WORKSPACE, "api_key", "k-3v9Qs7w1Zp5")
    assert runner.invoke(args=["secrets", "new-key"]).exit_code == 0
    early = runner.invoke(args=["secrets", "drop-old-keys"])
    assert (early.exit_code, "secrets rotate" in early.output) == (2, True)
    rotated = runner.invoke(args=["secrets", "rotate"])
    assert rotated.output == "Encrypted again: 1. Already current: 0.\n"
    assert runner.invoke(args=["secrets", "drop-old-keys"]).exit_code == 0
    assert store.vault.open_secret(1, "weather", "api_key").value == "k-3v9Qs7w1Zp5"


def test_what_no_key_opens_is_told(store: Store, runner: FlaskCliRunner) -> None:
    store.registry.register(weather())
    store.configs.enter_secret("weather", WORKSPACE, "api_key", "k-3v9Qs7w1Zp5")
    store.execute("UPDATE plugin_secrets SET ciphertext = 'lost'")
    assert "Not readable with any key: 1." in runner.invoke(args=["secrets", "rotate"]).output


def test_a_key_is_accepted_in_place_of_a_lost_one_where_hosts_share_a_store(
    store: Store, reopen: Callable[..., Store]
) -> None:
    store.database.spans_hosts = True
    store.registry.register(weather())
    store.configs.enter_secret("weather", WORKSPACE, "api_key", "k-3v9Qs7w1Zp5")
    other = reopen(keys=(Fernet.generate_key().decode(),))
    other.database.spans_hosts = True
    accepted = runner_of(other).invoke(args=["secrets", "accept-key"])
    assert (accepted.exit_code, "set it on every host" in accepted.output) == (0, True)
    assert [one.vault.has_store_key() for one in (store, other)] == [False, True]
    ((what, actor),) = store.rows("SELECT what, actor_kind FROM audit_log WHERE what LIKE 'key.%'")
    assert (what, actor) == ("key.accepted", "command")


def test_no_key_is_accepted_where_there_is_one_data_folder(store: Store, runner: FlaskCliRunner) -> None:
    store.database.spans_hosts = False
    refused = runner.invoke(args=["secrets", "accept-key"])
    assert (refused.exit_code, "on this machine only" in refused.output) == (1, True)


PASSPHRASE = "correct horse battery"


@pytest.fixture
def phrase(tmp_path: Path) -> str:
    path = tmp_path / "passphrase"
    path.write_text(f"{PASSPHRASE}\n")
    return str(path)


def test_an_exported_key_reads_the_secrets_elsewhere(
    store: Store,
    reopen: Callable[..., Store],
    runner: FlaskCliRunner,
    tmp_path: Path,
    phrase: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wrapped_keys, "SCRYPT_N", 2**10)
    store.registry.register(weather())
    store.configs.enter_secret("weather", WORKSPACE, "api_key", "k-3v9Qs7w1Zp5")
    exported = tmp_path / "key.json"
    typed = runner.invoke(
        args=["secrets", "export-key", str(exported)], input=f"{PASSPHRASE}\n{PASSPHRASE}\n"
    )
    assert (typed.exit_code, PASSPHRASE in typed.output) == (0, False), typed.output
    key_file = store.folder / "secret.key"
    (key,) = key_file.read_text().split()
    assert key not in exported.read_text()
    assert stat.S_IMODE(exported.stat().st_mode) == 0o600
    assert (
        runner.invoke(args=["secrets", "export-key", str(exported), "--passphrase-file", phrase]).exit_code
        == 1
    )

    # Another machine has another key, which stays the first one.
    other = Fernet.generate_key().decode()
    key_file.write_text(f"{other}\n")
    store = reopen()
    runner = runner_of(store)
    assert store.vault.list_unreadable() == [("weather", "api_key")]
    wrong = runner.invoke(args=["secrets", "import-key", str(exported)], input="wrong horse battery\n")
    assert (wrong.exit_code, "passphrase is wrong" in wrong.output) == (1, True)
    read = runner.invoke(args=["secrets", "import-key", str(exported), "--passphrase-file", phrase])
    assert read.output == "1 of 1 keys added; the others were there already.\nAll secrets can be read.\n"
    assert key_file.read_text().split() == [other, key]
    again = runner.invoke(args=["secrets", "import-key", str(exported), "--passphrase-file", phrase])
    assert again.output.startswith("0 of 1 keys added")
    assert key_file.read_text().split() == [other, key]
    assert store.vault.open_secret(1, "weather", "api_key").value == "k-3v9Qs7w1Zp5"


def test_what_still_cannot_be_read_is_listed(
    store: Store, runner: FlaskCliRunner, tmp_path: Path, phrase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wrapped_keys, "SCRYPT_N", 2**10)
    store.registry.register(weather())
    store.configs.enter_secret("weather", WORKSPACE, "api_key", "k-3v9Qs7w1Zp5")
    store.execute("UPDATE plugin_secrets SET ciphertext = 'lost'")
    exported = tmp_path / "key.json"
    exported.write_text(wrapped_keys.wrap_keys([Fernet.generate_key().decode()], PASSPHRASE))
    told = runner.invoke(args=["secrets", "import-key", str(exported), "--passphrase-file", phrase]).output
    assert told.splitlines() == [
        "1 of 1 keys added; the others were there already.",
        "1 secrets can still not be read:",
        "  weather: api_key",
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"format": "zip"},
        {"version": 2},
        {"kdf": {"name": "scrypt", "n": 2**40, "r": 8, "p": 1, "salt": "00"}},
        {"kdf": {"name": "scrypt", "n": 2**17, "r": 8, "p": 1, "salt": "zz"}},
        {"kdf": None},
        {"keys": 1},
        {"keys": "æ"},
    ],
)
def test_a_file_that_is_no_exported_key_is_refused_before_anything_is_computed(
    change: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    kdf = {"name": "scrypt", "n": 2**17, "r": 8, "p": 1, "salt": "00"}
    text = json.dumps({"format": "patchbay-key", "version": 1, "kdf": kdf, "keys": "x", **change})
    monkeypatch.setattr(wrapped_keys, "_fernet", lambda *_: pytest.fail("computed"))
    with pytest.raises(wrapped_keys.UnusableKeyFile):
        wrapped_keys.unwrap_keys(text, PASSPHRASE)
    for noise in ("", "{", "[]", "[" * 100_000):
        with pytest.raises(wrapped_keys.UnusableKeyFile):
            wrapped_keys.unwrap_keys(noise, PASSPHRASE)


def test_a_short_passphrase_is_refused(runner: FlaskCliRunner, tmp_path: Path) -> None:
    refused = runner.invoke(args=["secrets", "export-key", str(tmp_path / "k")], input="short\nshort\n")
    assert (refused.exit_code, "at least 12 characters" in refused.output) == (1, True)
    assert not (tmp_path / "k").exists()


def test_the_real_cost_is_that_of_the_documentation() -> None:
    keys = [Fernet.generate_key().decode() for _ in range(2)]
    text = wrapped_keys.wrap_keys(keys, PASSPHRASE)
    assert json.loads(text)["kdf"]["n"] == 2**17
    assert wrapped_keys.unwrap_keys(text, PASSPHRASE) == keys
