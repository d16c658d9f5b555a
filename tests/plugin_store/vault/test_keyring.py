"""Keys: who may read the file, who makes it, and what happens when it changes under a running server."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from plugin_store.engine.files import create_private_file, exclusive_lock, replace_private_file
from plugin_store.vault import keyring as keys
from plugin_store.vault.keyring import Keyring, load_keyring
from settings import ConfigurationError
from tests.plugin_store.engine.processes import finish, start_python


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "secret.key"


def new_key() -> str:
    return Fernet.generate_key().decode()


def test_the_first_start_makes_a_private_file(key_file: Path) -> None:
    previous = os.umask(0)
    try:
        keyring = load_keyring((), key_file, may_create=True)
    finally:
        os.umask(previous)
    assert key_file.stat().st_mode & 0o7777 == 0o600
    assert keyring.open(keyring.seal(b"plain")) == b"plain"
    assert [path.name for path in key_file.parent.iterdir()] == ["secret.key"]


def test_a_file_that_is_there_is_never_written_over(key_file: Path) -> None:
    load_keyring((), key_file, may_create=True)
    content = key_file.read_bytes()
    load_keyring((), key_file, may_create=True)
    with pytest.raises(FileExistsError):
        create_private_file(key_file, b"other")
    assert key_file.read_bytes() == content


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o610, 0o601, 0o644, 0o777])
def test_a_file_that_others_reach_is_refused(key_file: Path, mode: int) -> None:
    load_keyring((), key_file, may_create=True)
    key_file.chmod(mode)
    with pytest.raises(ConfigurationError, match="can be reached by others"):
        load_keyring((), key_file, may_create=True)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_private_file_is_taken(key_file: Path, mode: int) -> None:
    load_keyring((), key_file, may_create=True)
    key_file.chmod(mode)
    load_keyring((), key_file, may_create=False)


def test_another_owners_file_is_refused(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_keyring((), key_file, may_create=True)
    monkeypatch.setattr(keys.os, "geteuid", lambda: 4242)
    with pytest.raises(ConfigurationError, match="another user"):
        load_keyring((), key_file, may_create=True)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"hunter2\n", b"\xff\xfe\n", b"a" * 44])
def test_a_file_without_keys_is_refused_and_not_quoted(key_file: Path, content: bytes) -> None:
    create_private_file(key_file, content)
    with pytest.raises(ConfigurationError) as refusal:
        load_keyring((), key_file, may_create=True)
    assert "hunter2" not in refusal.value.message
    assert key_file.read_bytes() == content


@pytest.mark.parametrize("kind", ["folder", "fifo", "dangling link"])
def test_what_is_no_file_is_refused(key_file: Path, kind: str) -> None:
    if kind == "folder":
        key_file.mkdir(mode=0o700)
    elif kind == "fifo":
        os.mkfifo(key_file, 0o600)
    else:
        key_file.symlink_to(key_file.with_name("nowhere"))
    with pytest.raises(ConfigurationError):
        load_keyring((), key_file, may_create=True).seal(b"plain")


START = """
import sys
from pathlib import Path
from plugin_store.vault.keyring import load_keyring
sys.stdin.readline()
keyring = load_keyring((), Path(sys.argv[1]), may_create=True)
print(keyring.seal(b"plain"))
"""


def test_processes_that_start_together_share_one_key(key_file: Path) -> None:
    processes = [start_python(START, key_file) for _ in range(4)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    sealed = [finish(process).strip() for process in processes]
    keyring = load_keyring((), key_file, may_create=False)
    assert [keyring.open(ciphertext) for ciphertext in sealed] == [b"plain"] * 4
    assert len(key_file.read_text().splitlines()) == 1


def test_threads_that_need_the_first_key_share_one(key_file: Path) -> None:
    keyrings = [load_keyring((), key_file, may_create=False) for _ in range(8)]
    assert not key_file.exists()
    barrier = threading.Barrier(8)
    sealed: list[str] = []

    def seal(keyring: Keyring) -> None:
        barrier.wait(10)
        sealed.append(keyring.seal(b"plain"))

    threads = [threading.Thread(target=seal, args=(keyring,)) for keyring in keyrings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [keyrings[0].open(ciphertext) for ciphertext in sealed] == [b"plain"] * 8


def test_a_file_that_appears_between_two_looks_is_the_key(
    key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = load_keyring((), key_file, may_create=False)
    look = keys._state_of

    def look_before_another_makes_it(path: Path | None) -> keys.FileState | None:
        seen = look(path)
        if not key_file.exists():
            load_keyring((), key_file, may_create=True)
        return seen

    monkeypatch.setattr(keys, "_state_of", look_before_another_makes_it)
    sealed = late.seal(b"plain")
    monkeypatch.undo()
    assert load_keyring((), key_file, may_create=False).open(sealed) == b"plain"


def test_the_settings_keys_win_and_the_first_one_seals(key_file: Path) -> None:
    old, new = new_key(), new_key()
    sealed = Keyring([old]).seal(b"plain")
    keyring = load_keyring((new, old), key_file, may_create=True)
    assert keyring.open(sealed) == b"plain"
    assert (keyring.is_current(sealed), keyring.is_current(keyring.seal(b"plain"))) == (False, True)
    assert not key_file.exists()
    with pytest.raises(ConfigurationError, match="PATCHBAY_SECRET_KEY"):
        keyring.add_key()


def test_a_key_that_another_process_adds_is_found(key_file: Path) -> None:
    server = load_keyring((), key_file, may_create=True)
    sealed = server.seal(b"old")
    command = load_keyring((), key_file, may_create=True)
    command.add_key()
    assert server.open(command.seal(b"new")) == b"new"
    assert command.is_current(server.seal(b"later"))
    assert command.open(sealed) == server.open(sealed) == b"old"
    command.drop_old_keys()
    assert command.open(sealed) is None
    assert server.open(server.seal(b"still")) == b"still"


def test_keys_added_at_once_are_all_kept(key_file: Path) -> None:
    load_keyring((), key_file, may_create=True)
    keyrings = [load_keyring((), key_file, may_create=True) for _ in range(8)]
    threads = [threading.Thread(target=keyring.add_key) for keyring in keyrings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(key_file.read_text().split())) == 9
    assert key_file.stat().st_mode & 0o7777 == 0o600


def test_a_file_deleted_under_a_server_comes_back_with_its_keys(key_file: Path) -> None:
    keyring = load_keyring((), key_file, may_create=True)
    before = key_file.read_bytes()
    sealed = keyring.seal(b"plain")
    key_file.unlink()
    assert keyring.open(sealed) == b"plain"
    keyring.seal(b"more")
    assert key_file.read_bytes() == before


def test_a_file_spoilt_under_a_server_still_opens_what_it_sealed(key_file: Path) -> None:
    keyring = load_keyring((), key_file, may_create=True)
    sealed = keyring.seal(b"plain")
    replace_private_file(key_file, b"garbage\n")
    assert keyring.open(sealed) == b"plain"
    assert keyring.open(Keyring([new_key()]).seal(b"foreign")) is None
    with pytest.raises(ConfigurationError):
        keyring.seal(b"more")


@pytest.mark.parametrize("ciphertext", ["", "gAAAA", "é" * 100, "\ud800", "\x00", "a" * 10_000])
def test_what_is_no_ciphertext_opens_to_nothing(key_file: Path, ciphertext: str) -> None:
    assert load_keyring((), key_file, may_create=True).open(ciphertext) is None


def test_a_keyring_shows_no_key(key_file: Path) -> None:
    key = new_key()
    assert key not in repr(Keyring([key]))


def test_a_crash_while_replacing_leaves_the_old_file(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = load_keyring((), key_file, may_create=True)
    before = key_file.read_bytes()

    def fail(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(ConfigurationError, match="cannot be written"):
        keyring.add_key()
    assert key_file.read_bytes() == before


def test_a_lock_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    order: list[str] = []
    waits = threading.Thread(target=lambda: _locked(path, order))
    with exclusive_lock(path):
        waits.start()
        order.append("first")
        waits.join(0.05)
        order.append("still first")
    waits.join()
    assert order == ["first", "still first", "second"]


def _locked(path: Path, order: list[str]) -> None:
    with exclusive_lock(path):
        order.append("second")
