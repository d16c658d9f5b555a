"""The vault: what moved, was tampered with or lost its key is unreadable, and no plaintext shows anywhere."""

from __future__ import annotations

import base64
import logging
import traceback
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.fernet import Fernet

from errors import NotFound, SecretUnreadable, StorageFailed
from plugin_store.engine.files import replace_private_file
from plugin_store.models import Base
from plugin_store.vault.vault import OpenedSecret, Rotation, has_secrets
from plugin_store.workspaces import create_workspace
from settings import ConfigurationError
from tests.databases import SERVER, contents_of
from tests.plugin_store.conftest import WORKSPACE, Store
from tests.plugin_store.engine.processes import finish, start_python
from tests.plugin_store.manifests import WEATHER_PROPERTIES, destination, weather

SECRET = "K-7f2a/Zq+é\u0000\U0001f511"

TWO_SECRETS = [*WEATHER_PROPERTIES, {"name": "token", "type": "string", "secure": True}]


@pytest.fixture
def sealed(store: Store) -> Store:
    """Two plugins in two workspaces, each with two secrets."""
    manifest = {"integration": {"base_url": "https://api.example.com"}, "properties": TWO_SECRETS}
    create_workspace(store.database, "Second", 1.0)
    for plugin_id in ("weather", "other"):
        store.registry.register(weather(id=plugin_id, manifest=manifest))
        for workspace_id in (1, 2):
            for key in ("api_key", "token"):
                scope = WORKSPACE._replace(workspace_id=workspace_id)
                value = SECRET if (plugin_id, workspace_id, key) == ("weather", 1, "api_key") else "another"
                store.configs.enter_secret(plugin_id, scope, key, value)
    return store


def status(store: Store, key: str = "api_key") -> str | None:
    return store.configs.get_secret("weather", WORKSPACE, key).status


def test_a_secret_opens_to_what_was_sealed(sealed: Store) -> None:
    opened = sealed.vault.open_secret(1, "weather", "api_key")
    assert (opened.value, opened.bound_to) == (SECRET, (destination(),))
    with pytest.raises(NotFound):
        sealed.vault.open_secret(1, "weather", "city")


@pytest.mark.parametrize(
    "source",
    [
        "workspace_id = 1 AND plugin_id = 'weather' AND key = 'token'",
        "workspace_id = 2 AND plugin_id = 'weather' AND key = 'api_key'",
        "workspace_id = 1 AND plugin_id = 'other' AND key = 'api_key'",
    ],
)
def test_a_ciphertext_moved_to_another_row_is_unreadable(sealed: Store, source: str) -> None:
    sealed.execute(
        f"UPDATE plugin_secrets SET ciphertext = (SELECT ciphertext FROM plugin_secrets WHERE {source})"
        " WHERE workspace_id = 1 AND plugin_id = 'weather' AND key = 'api_key'"
    )
    assert status(sealed) == "unreadable"
    with pytest.raises(SecretUnreadable):
        sealed.vault.open_secret(1, "weather", "api_key")


@pytest.mark.parametrize(
    "change",
    [
        "bound_to = '[\"header:api_key@https://evil.example:443\"]'",
        "bound_to = replace(bound_to, 'api.example.com', 'evil.example')",
        "bound_to = replace(bound_to, '\"header\"', '\"query\"')",
        "bound_to = '[]'",
        "ciphertext = substr(ciphertext, 1, 60) || substr(ciphertext, 65)",
        "ciphertext = ''",
        "ciphertext = 'plain'",
        "plugin_id = 'gone'",
    ],
)
def test_a_row_that_was_tampered_with_is_unreadable(sealed: Store, change: str) -> None:
    sealed.registry.register(weather(id="gone", manifest=weather()["manifest"]))
    sealed.execute(
        f"UPDATE plugin_secrets SET {change}"
        " WHERE workspace_id = 1 AND plugin_id = 'weather' AND key = 'api_key'"
    )
    plugin_id = "gone" if "gone" in change else "weather"
    with pytest.raises(SecretUnreadable):
        sealed.vault.open_secret(1, plugin_id, "api_key")


@pytest.mark.parametrize("plaintext", [b"", b"[]", b"{}", b"null", b"\xff", b'{"value":"x"}'])
def test_a_seal_around_something_else_is_unreadable(sealed: Store, plaintext: bytes) -> None:
    key = (sealed.folder / "secret.key").read_bytes().strip()
    sealed.execute("UPDATE plugin_secrets SET ciphertext = :c", c=Fernet(key).encrypt(plaintext).decode())
    with pytest.raises(SecretUnreadable):
        sealed.vault.open_secret(1, "weather", "api_key")


def test_nothing_shows_a_plaintext(sealed: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    opened = sealed.vault.open_secret(1, "weather", "api_key")
    sealed.vault.rotate()
    shown = [repr(opened), str(opened), f"{[opened]}", caplog.text]
    assert isinstance(opened, OpenedSecret)
    sealed.execute("UPDATE plugin_secrets SET bound_to = '[]'")
    try:
        sealed.vault.open_secret(1, "weather", "api_key")
    except SecretUnreadable:
        shown.append(traceback.format_exc())
    files = b"".join(contents_of(sealed.folder).values())
    for form in (SECRET, quote(SECRET), base64.b64encode(SECRET.encode()).decode()):
        assert form not in "".join(shown)
        assert form.encode() not in files


@pytest.mark.sqlite
def test_a_wrong_key_makes_secrets_unreadable_and_spares_the_rest(
    sealed: Store, reopen: Callable[..., Store]
) -> None:
    replace_private_file(sealed.folder / "secret.key", Fernet.generate_key())
    store = reopen()
    assert status(store) == "unreadable"
    assert store.configs.replace_config("weather", WORKSPACE, {"city": "Oslo"}).config["city"] == "Oslo"
    store.configs.enter_secret("weather", WORKSPACE, "api_key", "again")
    assert store.vault.open_secret(1, "weather", "api_key").value == "again"
    assert status(store, "token") == "unreadable"


@pytest.mark.sqlite
def test_a_lost_key_is_not_replaced_until_a_secret_is_entered(
    sealed: Store, reopen: Callable[..., Store]
) -> None:
    key_file = sealed.folder / "secret.key"
    lost = key_file.read_bytes()
    key_file.unlink()
    store = reopen(may_create_key=not has_secrets(sealed.database))
    assert not key_file.exists()
    assert status(store) == status(store, "token") == "unreadable"
    store.configs.enter_secret("weather", WORKSPACE, "api_key", "again")
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert (status(store), status(store, "token")) == ("ok", "unreadable")
    replace_private_file(key_file, key_file.read_bytes() + lost)
    assert (status(store), status(store, "token")) == ("ok", "ok")


@pytest.mark.sqlite
def test_a_key_file_that_cannot_be_made_is_a_clear_failure(
    sealed: Store, reopen: Callable[..., Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    (sealed.folder / "secret.key").unlink()
    store = reopen(may_create_key=False)

    def fail(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("plugin_store.vault.keyring.create_private_file", fail)
    with pytest.raises(StorageFailed, match="key file"):
        store.configs.enter_secret("weather", WORKSPACE, "api_key", "again")
    assert status(store) == "unreadable"


def test_rotation_seals_everything_anew_and_keeps_what_it_means(sealed: Store) -> None:
    before = sealed.rows(
        "SELECT workspace_id, plugin_id, key, bound_to, revision, updated_at FROM plugin_secrets"
    )
    ciphertexts = sealed.rows("SELECT ciphertext FROM plugin_secrets")
    sealed.vault.add_key()
    with pytest.raises(ConfigurationError, match="rotate"):
        sealed.vault.drop_old_keys()
    assert sealed.vault.rotate() == Rotation(resealed=8, current=0, unreadable=0)
    assert sealed.vault.rotate() == Rotation(resealed=0, current=8, unreadable=0)
    after = sealed.rows(
        "SELECT workspace_id, plugin_id, key, bound_to, revision, updated_at FROM plugin_secrets"
    )
    assert after == before
    assert not set(ciphertexts) & set(sealed.rows("SELECT ciphertext FROM plugin_secrets"))
    sealed.vault.drop_old_keys()
    assert len((sealed.folder / "secret.key").read_text().split()) == 1
    assert sealed.vault.open_secret(1, "weather", "api_key").value == SECRET


def test_rotation_leaves_what_no_key_opens(sealed: Store) -> None:
    sealed.execute("UPDATE plugin_secrets SET ciphertext = 'lost' WHERE plugin_id = 'other'")
    sealed.vault.add_key()
    assert sealed.vault.rotate() == Rotation(resealed=4, current=0, unreadable=4)
    assert sealed.rows("SELECT DISTINCT ciphertext FROM plugin_secrets WHERE plugin_id = 'other'") == [
        ("lost",)
    ]
    sealed.vault.drop_old_keys()


KILL_EVERYWHERE = """
import os, shutil, signal, sys, time
from pathlib import Path
from sqlalchemy import create_engine
from plugin_store.engine.sqlite.database import SqliteDatabase, prepare_engine
from plugin_store.engine.sqlite.file import DATABASE_NAME
from plugin_store.vault.keyring import load_keyring
from plugin_store.vault.vault import Vault

# What only reads is left out: to die in it is to die before the next write.
READING = ("read_key_file", "_check_privacy", "_state_of", "_follow_file", "_decrypt", "is_current", "_open",
           "_sealed", "_is_at", "_text", "_new_key", "<listcomp>", "<genexpr>", "<lambda>")
pristine, folder = Path(sys.argv[1]), Path(sys.argv[2])

def open_vault():
    engine = create_engine(f"sqlite:///{folder / DATABASE_NAME}", connect_args={"isolation_level": None})
    prepare_engine(engine)
    database = SqliteDatabase(engine)
    return Vault(database, load_keyring((), folder / "secret.key", may_create=False), time.time), database

def in_child(action, *arguments):
    child = os.fork()
    if child == 0:
        try:
            action(*arguments)
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
    return os.waitpid(child, 0)[1]

def is_watched(code):
    # A file may also be opened on one line of pathlib and written on the next.
    ours = code.co_filename.endswith(("/files.py", "/keyring.py", "/vault.py")) and code.co_name not in READING
    return ours or code.co_name in ("write_bytes", "write_text")

def rotate_and_die(at_line):
    vault, database = open_vault()
    lines = 0
    def trace(frame, event, _):
        nonlocal lines
        if not is_watched(frame.f_code):
            return None
        lines += event == "line"
        if lines == at_line:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace
    sys.settrace(trace)
    vault.add_key()
    vault.rotate()
    vault.drop_old_keys()
    sys.settrace(None)
    database.close()

def read_all():
    vault, database = open_vault()
    assert [vault.open_secret(1, "weather", key).value for key in ("api_key", "token")] == sys.argv[3:]
    database.close()

def bring_pristine():
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(pristine, folder)

# Once here, so that no child has to import and to compile what all of them need.
bring_pristine()
rotate_and_die(at_line=-1)
read_all()
at_line = 0
while True:
    at_line += 1
    bring_pristine()
    status = in_child(rotate_and_die, at_line)
    if in_child(read_all) != 0:
        sys.exit(f"killed at line {at_line}: secrets are lost")
    if not os.WIFSIGNALED(status):
        sys.exit(0 if status == 0 else "the rotation itself failed")
    print(at_line, flush=True)
"""


@pytest.mark.sqlite
def test_a_rotation_killed_at_any_line_leaves_every_secret_readable(
    sealed: Store, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sealed.execute("DELETE FROM plugin_secrets WHERE plugin_id = 'other' OR workspace_id = 2")
    sealed.configs.enter_secret("weather", WORKSPACE, "api_key", "one")
    sealed.database.close()
    victim = tmp_path_factory.mktemp("killed") / "instance"
    kills = finish(start_python(KILL_EVERYWHERE, sealed.folder, victim, "one", "another")).split()
    assert len(kills) > 50


def test_a_running_server_follows_a_rotation(sealed: Store, reopen: Callable[..., Store]) -> None:
    command = reopen()
    command.vault.add_key()
    command.vault.rotate()
    command.vault.drop_old_keys()
    assert sealed.vault.open_secret(1, "weather", "api_key").value == SECRET
    sealed.configs.enter_secret("weather", WORKSPACE, "token", "new")
    assert command.vault.open_secret(1, "weather", "token").value == "new"


def test_a_new_value_has_a_new_revision_and_a_new_place_has_not(sealed: Store) -> None:
    first = sealed.vault.open_secret(1, "weather", "api_key")
    with sealed.database.writing() as session:
        assert sealed.vault.rebind(
            session, 1, "weather", "api_key", [destination("x", "https://new.example:443")]
        )
    moved = sealed.vault.open_secret(1, "weather", "api_key")
    assert (moved.value, moved.revision) == (first.value, first.revision)
    assert moved.bound_to == (destination("x", "https://new.example:443"),)
    sealed.configs.enter_secret("weather", WORKSPACE, "api_key", SECRET)
    assert sealed.vault.open_secret(1, "weather", "api_key").revision != first.revision


def test_what_cannot_be_read_cannot_be_moved(sealed: Store) -> None:
    sealed.execute("UPDATE plugin_secrets SET ciphertext = 'lost'")
    before = sealed.rows("SELECT * FROM plugin_secrets")
    with sealed.database.writing() as session:
        assert not sealed.vault.rebind(
            session, 1, "weather", "api_key", [destination("x", "https://new.example:443")]
        )
        assert not sealed.vault.rebind(session, 1, "weather", "nothing", [])
    assert sealed.rows("SELECT * FROM plugin_secrets") == before


def test_a_backup_of_the_database_opens_nowhere_else(
    sealed: Store, reopen: Callable[..., Store], tmp_path: Path
) -> None:
    kept = str([sealed.rows(f"SELECT * FROM {table}") for table in Base.metadata.tables])
    assert (tmp_path / "secret.key").read_text().strip() not in kept
    if SERVER is None:
        assert (tmp_path / "secret.key").read_bytes().strip() not in (tmp_path / "patchbay.db").read_bytes()
    (tmp_path / "secret.key").unlink()
    elsewhere = reopen(may_create_key=False, keys=(Fernet.generate_key().decode(),))
    assert status(elsewhere) == "unreadable"


def test_forgetting_a_plugin_or_workspace_forgets_its_secrets(sealed: Store) -> None:
    sealed.registry.forget("weather")
    assert sealed.rows("SELECT DISTINCT plugin_id FROM plugin_secrets") == [("other",)]
    sealed.execute("DELETE FROM workspaces WHERE id = 2")
    assert sealed.rows("SELECT DISTINCT workspace_id FROM plugin_secrets") == [(1,)]
