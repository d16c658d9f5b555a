"""Bodies in the store: what one host keeps all have, and a host's copy is used only while it is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from errors import StorageFailed, UpstreamFailed
from integrations.caching.artifacts import Artifacts, ArtifactSource, make_artifact
from integrations.caching.bodies import Bodies
from integrations.caching.eviction import Eviction
from integrations.caching.freshness import Freshness
from integrations.caching.negative_cache import NegativeCache, name_of
from integrations.caching.shared_bodies import LARGE_BYTES, SharedBodies
from plugin_store.engine.database import Database
from plugin_store.engine.opening import init_database

START = 1_800_000_000.0
SMALL, LARGE = b"small", b"l" * LARGE_BYTES
LIMIT = 2_000_000


@dataclass
class Clock:
    now: float = START

    def __call__(self) -> float:
        return self.now


@dataclass
class Host:
    """One process on a host of its own."""

    database: Database
    copies: Bodies
    bodies: SharedBodies
    eviction: Eviction
    artifacts: Artifacts

    def put(self, number: int, body: bytes = LARGE, epoch: str = "e") -> bool:
        now = self.eviction._clock()
        artifact = make_artifact(f"{number:064d}", "text/plain", body, now, Freshness(now + 3600, 0, 0))
        return self.artifacts.put(artifact, ArtifactSource(1, "svc", epoch, "b", None, {}, "d"))

    def data(self, number: int) -> bytes | None:
        artifact = self.artifacts.get(f"{number:064d}")
        return artifact.data if artifact is not None else None


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(init_database(Flask("shared"), tmp_path)) as database:
        with database.writing() as session:
            session.execute(
                text(
                    "INSERT INTO plugins (id, name, version, type, manifest, digest, artifacts_epoch, registered_at,"
                    " updated_at, last_seen_at) VALUES ('svc', 'S', '1', 'integration', '{}', 'd', 'e', 0, 0, 0)"
                )
            )
        yield database


@pytest.fixture
def start(database: Database, clock: Clock, tmp_path: Path) -> Iterator[Callable[[str], Host]]:
    with ExitStack() as opened:

        def open_host(name: str) -> Host:
            copies = opened.enter_context(closing(Bodies(tmp_path / name)))
            bodies = SharedBodies(database, copies, clock)
            eviction = Eviction(bodies, database, clock, LIMIT)
            return Host(database, copies, bodies, eviction, Artifacts(bodies, database, clock, eviction))

        yield open_host


@pytest.fixture
def one(start: Callable[[str], Host]) -> Host:
    return start("one")


@pytest.fixture
def other(start: Callable[[str], Host]) -> Host:
    return start("other")


@pytest.mark.parametrize("body", [SMALL, LARGE, b"", bytes(range(256)) * 4000])
def test_what_one_host_keeps_another_has(one: Host, other: Host, body: bytes) -> None:
    assert one.put(1, body)
    assert [other.data(1), other.data(1), one.data(1)] == [body] * 3


def test_a_large_body_is_sent_once_to_each_host(
    one: Host, other: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.put(1)
    assert other.data(1) == LARGE
    sent: list[int] = []
    query = other.database.query

    def count(statement: str, parameters: tuple[object, ...]) -> list[tuple[object, ...]]:
        rows = query(statement, parameters)
        sent.extend(len(value) for row in rows for value in row if isinstance(value, bytes))
        return rows

    monkeypatch.setattr(other.database, "query", count)
    assert other.data(1) == LARGE
    assert sent == []


def test_a_copy_of_another_body_is_not_used(one: Host, other: Host) -> None:
    one.put(1)
    assert other.data(1) == LARGE
    # Even if it was fetched in the same moment.
    one.put(1, b"n" * LARGE_BYTES)
    assert other.data(1) == b"n" * LARGE_BYTES


def test_a_damaged_copy_is_replaced(one: Host, other: Host) -> None:
    one.put(1)
    other.data(1)
    other.copies.set(f"{1:064d}", b"garbage", 3600)
    assert other.data(1) == LARGE
    copy = other.copies.get(f"{1:064d}")
    assert copy is not None
    assert copy.endswith(LARGE)


def test_copies_may_be_lost(one: Host, other: Host, tmp_path: Path) -> None:
    one.put(1)
    other.data(1)
    for path in sorted((tmp_path / "other").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    assert [other.data(1), other.data(1)] == [LARGE, LARGE]


def test_what_is_purged_on_one_host_is_gone_on_all(one: Host, other: Host) -> None:
    one.put(1)
    one.put(2, SMALL)
    assert other.data(1) == LARGE
    assert one.artifacts.purge("svc") == 2
    assert [host.data(number) for host in (one, other) for number in (1, 2)] == [None] * 4
    assert list(other.bodies.list_keys()) == []
    other.bodies.drop_copies(lambda _seconds: False)
    assert list(other.copies.list_keys()) == []


def test_what_was_purged_during_the_fetch_is_not_kept(one: Host, other: Host) -> None:
    other.artifacts.purge("svc")
    assert not one.put(1)
    assert list(one.bodies.list_keys()) == []


def test_a_transaction_that_fails_leaves_neither_body_nor_row(
    one: Host, other: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.caching.artifacts.KEEP_ROW", "INSERT INTO nothing VALUES (:plugin_id)")
    with pytest.raises(Exception, match="nothing"):
        one.put(1)
    assert other.data(1) is None
    assert list(other.bodies.list_keys()) == []


def test_the_failure_of_one_host_is_remembered_on_all(one: Host, other: Host, clock: Clock) -> None:
    NegativeCache(one.bodies, clock).note("k", "g", UpstreamFailed("no", upstream_status=500), None)
    remembered = NegativeCache(other.bodies, clock)
    failure = remembered.recall("k", "g")
    assert failure is not None
    assert (failure.error.detail, failure.count) == ("no", 1)
    assert other.artifacts.get_with("x", name_of("k"))[1] is not None
    clock.now += 5000
    assert remembered.recall("k", "g") is None
    other.bodies.drop_expired()
    assert list(one.bodies.list_keys()) == []


def test_the_body_that_no_host_used_for_longest_goes_first(one: Host, other: Host, clock: Clock) -> None:
    body = b"x" * 300_000
    for number in range(7):
        clock.now += 1
        one.put(number, body)
    clock.now += 1
    one.artifacts.record_use(f"{0:064d}")
    other.artifacts.record_use(f"{2:064d}")
    one.eviction.write_uses()
    other.eviction.write_uses()
    assert other.eviction.make_room() == 2
    assert one.eviction.make_room() == 0
    assert [number for number in range(7) if one.data(number) is None] == [1, 3]


def test_copies_stay_within_the_limit(one: Host, other: Host) -> None:
    for number in range(30):
        one.put(number, bytes([number]) * 100_000)
        other.data(number)
    assert other.copies.volume_bytes() > LIMIT
    other.bodies.trim_copies(LIMIT)
    assert other.copies.volume_bytes() <= LIMIT
    assert other.copies.lacking([f"{0:064d}", f"{29:064d}"]) == [f"{0:064d}"]
    assert other.data(0) == bytes(100_000)


def test_a_store_that_cannot_be_read_has_nothing_and_loses_nothing(
    one: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.put(1)

    def refuse(*_arguments: object) -> None:
        raise StorageFailed("away")

    with monkeypatch.context() as broken:
        for name in ("query", "raw_write", "writing"):
            broken.setattr(one.database, name, refuse)
        assert one.data(1) is None
        assert not one.bodies.set("k", b"v", 60)
        assert not one.bodies.delete("k")
        with pytest.raises(StorageFailed):
            one.eviction.reconcile()
    assert one.data(1) == LARGE


@pytest.mark.postgresql
def test_large_bodies_are_compressed_quickly(database: Database) -> None:
    ((compression, is_known),) = database.query(
        "SELECT (SELECT attcompression FROM pg_attribute WHERE attrelid = 'cached_bodies'::regclass"
        " AND attname = 'value'), (SELECT 'lz4' = ANY (enumvals) FROM pg_settings"
        " WHERE name = 'default_toast_compression')",
        (),
    )
    assert (compression == "l") is is_known
