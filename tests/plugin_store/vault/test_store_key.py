"""Hosts that share a store: who has another key than the one that seals says so, and seals nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.fernet import Fernet

from errors import StorageFailed
from plugin_store.vault.store_key import fingerprint_of, has_store_key
from settings import ConfigurationError
from tests.plugin_store.conftest import WORKSPACE, Store
from tests.plugin_store.manifests import weather

OLD, NEW, OTHER = (Fernet.generate_key().decode() for _ in range(3))

Host = Callable[..., Store]


@pytest.fixture
def host(reopen: Callable[..., Store]) -> Host:
    """Opens the store as a host with these keys would."""

    def open_host(*keys: str) -> Store:
        store = reopen(keys=keys, may_create_key=False)
        store.database.spans_hosts = True
        return store

    return open_host


@pytest.fixture
def first(host: Host) -> Store:
    """A host that has sealed a secret with the old key."""
    store = host(OLD)
    store.registry.register(weather())
    enter(store, "one")
    return store


def enter(store: Store, value: str) -> None:
    store.configs.enter_secret("weather", WORKSPACE, "api_key", value)


def value_of(store: Store) -> str:
    return store.vault.open_secret(1, "weather", "api_key").value


def test_a_fingerprint_tells_keys_apart_and_nothing_of_them(first: Store) -> None:
    stored = first.rows("SELECT fingerprint FROM key_fingerprint")
    assert stored == [(fingerprint_of(OLD),)]
    assert fingerprint_of(OLD) != fingerprint_of(NEW)
    for part in (OLD, OLD.rstrip("="), OLD[:16]):
        assert part not in stored[0][0]


def test_a_host_with_another_key_seals_nothing(first: Store, host: Host) -> None:
    other = host(OTHER)
    sealed = first.rows("SELECT * FROM plugin_secrets")
    with pytest.raises(StorageFailed, match="another key"):
        enter(other, "two")
    with pytest.raises(StorageFailed, match="another key"):
        other.vault.drop_old_keys()
    assert other.vault.rotate().unreadable == 1
    assert first.rows("SELECT * FROM plugin_secrets") == sealed
    assert (first.vault.has_store_key(), other.vault.has_store_key()) == (True, False)
    enter(first, "three")
    assert value_of(first) == "three"


def test_a_host_without_a_key_makes_none(first: Store, host: Host) -> None:
    keyless = host()
    assert has_store_key(keyless.database)
    assert not keyless.vault.has_store_key()
    with pytest.raises(StorageFailed, match="another key"):
        enter(keyless, "two")
    assert not (keyless.folder / "secret.key").exists()


def test_the_first_host_that_starts_decides(host: Host) -> None:
    one, other = host(OLD), host(OTHER)
    assert one.vault.has_store_key() and other.vault.has_store_key()
    one.vault.note_first_key()
    other.vault.note_first_key()
    assert (one.vault.has_store_key(), other.vault.has_store_key()) == (True, False)


def test_a_key_that_reads_none_of_the_secrets_is_not_noted_at_a_start(first: Store, host: Host) -> None:
    first.execute("DELETE FROM key_fingerprint")
    other = host(OTHER)
    other.vault.note_first_key()
    assert first.rows("SELECT * FROM key_fingerprint") == []
    host(NEW, OLD).vault.note_first_key()
    assert not other.vault.has_store_key()


def test_a_key_is_changed_on_one_host_after_the_other(first: Store, host: Host) -> None:
    prepared, changed = host(OLD, NEW), host(NEW, OLD)
    assert prepared.vault.has_store_key() and changed.vault.has_store_key()
    enter(changed, "two")
    # It could not read what is sealed from now on.
    assert not first.vault.has_store_key()
    with pytest.raises(StorageFailed, match="another key"):
        enter(first, "three")
    assert prepared.vault.has_store_key()
    assert value_of(prepared) == "two"
    assert changed.vault.rotate().unreadable == 0
    done = host(NEW)
    assert done.vault.has_store_key()
    assert value_of(done) == "two"


def test_a_key_is_changed_where_nothing_is_stored_yet(host: Host) -> None:
    host(OLD).vault.note_first_key()
    host(NEW, OLD).vault.rotate()
    assert host(NEW).vault.has_store_key()


def test_a_key_is_accepted_in_place_of_a_lost_one(first: Store, host: Host) -> None:
    with pytest.raises(ConfigurationError, match="new-key"):
        host().vault.accept_key()
    other = host(OTHER)
    other.vault.accept_key()
    assert (other.vault.has_store_key(), first.vault.has_store_key()) == (True, False)
    enter(other, "two")
    assert value_of(other) == "two"
