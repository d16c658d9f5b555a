"""Eviction: the cache stays within its limit, least recently used first; rows and bodies go together."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from errors import StorageFailed
from integrations.caching.access_log import MAX_WAITING, AccessLog
from integrations.caching.artifacts import Artifacts, ArtifactSource, make_artifact
from integrations.caching.bodies import Bodies
from integrations.caching.body_store import BodyStore
from integrations.caching.eviction import Eviction
from integrations.caching.freshness import Freshness
from integrations.caching.housekeeping import Housekeeping
from integrations.caching.shared_bodies import SharedBodies
from plugin_store.engine.database import Database
from plugin_store.engine.opening import init_database

START = 1_800_000_000.0
LIMIT = 4_000_000
BODY = b"x" * 20_000


@dataclass
class Clock:
    now: float = START

    def __call__(self) -> float:
        return self.now


@dataclass
class Kept:
    """The artifacts of one process, and short ways to them."""

    database: Database
    bodies: BodyStore
    artifacts: Artifacts
    eviction: Eviction
    clock: Clock

    def put(
        self,
        number: int,
        seconds: float = 3600.0,
        body: bytes = BODY,
        plugin: str = "svc",
        workspace: int = 1,
    ) -> str:
        key = key_of(number)
        now = self.clock()
        artifact = make_artifact(key, "text/plain", b'"' + body + b'"', now, Freshness(now + seconds, 0, 0))
        assert self.artifacts.put(
            artifact, ArtifactSource(workspace, plugin, "e", f"b{number % 2}", None, {}, "digest")
        )
        return key

    def rows(self, columns: str = "parameters_hash") -> list[Any]:
        with self.database.reading() as session:
            return list(session.scalars(text(f"SELECT {columns} FROM integration_artifacts")))

    def kept(self) -> set[int]:
        """The numbers whose artifact is whole; the test fails over a half."""
        bodies = {key for key in self.bodies.list_keys() if len(key) == 64 and not self.bodies.lacking([key])}
        assert bodies == set(self.rows())
        return {int(key) for key in bodies}

    def run(self, statement: str, **values: Any) -> None:
        with self.database.writing() as session:
            session.execute(text(statement), values)


def key_of(number: int) -> str:
    return f"{number:064d}"


def refuse() -> Any:
    raise StorageFailed("full")


def in_files(_database: Database, files: Bodies, _clock: Clock) -> BodyStore:
    return files


@pytest.fixture(params=[in_files, SharedBodies])
def kept(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Kept]:
    clock = Clock()
    with (
        closing(init_database(Flask("care"), tmp_path)) as database,
        closing(Bodies(tmp_path / "cache")) as files,
    ):
        bodies = request.param(database, files, clock)
        eviction = Eviction(bodies, database, clock, LIMIT)
        made = Kept(database, bodies, Artifacts(bodies, database, clock, eviction), eviction, clock)
        for plugin in ("svc", "other"):
            made.run(
                "INSERT INTO plugins (id, name, version, type, manifest, digest, artifacts_epoch, registered_at, updated_at, last_seen_at)"
                " VALUES (:id, 'S', '1.0.0', 'integration', '{}', 'd', 'e', 0, 0, 0)",
                id=plugin,
            )
        yield made


def test_the_limit_holds_and_what_was_used_longest_ago_goes(kept: Kept):
    for number in range(300):
        kept.put(number)
        kept.clock.now += 1
    for number in range(0, 300, 10):
        kept.artifacts.record_use(key_of(number))
    kept.eviction.write_uses()
    assert kept.bodies.volume_bytes() > LIMIT
    gone = kept.eviction.make_room()
    assert kept.bodies.volume_bytes() <= 0.91 * LIMIT
    left = kept.kept()
    assert len(left) == 300 - gone
    assert left >= set(range(0, 300, 10))
    unused = sorted(left - set(range(0, 300, 10)))
    assert unused == [number for number in range(unused[0], 300) if number % 10]
    assert kept.eviction.make_room() == 0


def test_two_processes_do_not_make_the_same_room_twice(kept: Kept):
    for number in range(300):
        kept.put(number)
        kept.clock.now += 1
    other = Eviction(kept.bodies, kept.database, kept.clock, LIMIT)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda eviction: eviction.make_room(), (kept.eviction, other)))
    assert kept.bodies.volume_bytes() > 0.8 * LIMIT
    kept.kept()


def test_growth_calls_for_care_before_the_next_round(kept: Kept):
    kept.put(1)
    assert not kept.eviction.is_needed.is_set()
    kept.put(2, body=b"x" * 100_000)
    assert kept.eviction.is_needed.is_set()


def test_what_has_ended_goes_row_and_body(kept: Kept):
    kept.put(1, seconds=10)
    kept.put(2, seconds=100)
    kept.clock.now += 10
    assert kept.eviction.sweep() == 1
    assert kept.kept() == {2}


def test_halves_go_when_they_are_found(kept: Kept):
    for number in range(600):
        kept.put(number, body=b"x")
    for number in range(0, 600, 3):
        kept.run("DELETE FROM integration_artifacts WHERE parameters_hash = :key", key=key_of(number))
    for number in range(1, 600, 3):
        kept.bodies.delete(key_of(number))
    kept.bodies.set("failure:k", b"kept", 60)
    assert kept.eviction.reconcile() == (200, 200)
    assert kept.kept() == set(range(2, 600, 3))
    assert kept.bodies.get("failure:k") == b"kept"


def test_looking_for_halves_ends_when_it_is_told_to(kept: Kept):
    for number in range(600):
        kept.put(number, body=b"x")
        kept.bodies.delete(key_of(number))
    assert kept.eviction.reconcile(lambda _seconds: True) == (0, 250)


def test_the_list_shows_no_half(kept: Kept):
    for number in range(6):
        kept.put(number)
    kept.bodies.delete(key_of(1))
    listed, total = kept.artifacts.list_artifacts(1, 0, 4, plugin_id="svc")
    assert ([int(row.parameters_hash) for row in listed], total) == ([0, 2, 3, 4], 5)
    assert kept.kept() == {0, 2, 3, 4, 5}


def test_nor_where_nothing_can_be_written(kept: Kept, monkeypatch):
    for number in range(3):
        kept.put(number)
    kept.bodies.delete(key_of(1))
    monkeypatch.setattr(kept.database, "writing", refuse)
    listed, total = kept.artifacts.list_artifacts(1, 0, 4, plugin_id="svc")
    assert ([int(row.parameters_hash) for row in listed], total) == ([0, 2], 2)


@pytest.mark.parametrize(
    ("narrowed", "left"),
    [
        ({"plugin_id": "svc"}, {4, 5}),
        ({"workspace_id": 1}, {2, 3, 5}),
        ({"plugin_id": "svc", "workspace_id": 1}, {2, 3, 4, 5}),
        ({"plugin_id": "svc", "block_id": "b0"}, {1, 3, 4, 5}),
        ({}, set()),
    ],
)
def test_a_purge_takes_what_it_names_and_tells_every_process(
    kept: Kept, narrowed: dict[str, Any], left: set[int]
):
    kept.run("INSERT INTO workspaces (id, name, created_at) VALUES (2, 'W', 0)")
    for number, (plugin, workspace) in enumerate(
        [("svc", 1), ("svc", 1), ("svc", 2), ("svc", 2), ("other", 1), ("other", 2)]
    ):
        kept.put(number, plugin=plugin, workspace=workspace)
    before = kept.database.revision()
    assert kept.artifacts.purge(**narrowed) == 6 - len(left)
    assert kept.kept() == left
    assert kept.database.revision() > before


def test_what_is_kept_renewed_used_or_evicted_does_not_move_the_revision(kept: Kept):
    before = kept.database.revision()
    for number in range(300):
        kept.put(number)
    kept.artifacts.record_use(key_of(1))
    kept.eviction.write_uses()
    assert kept.eviction.make_room()
    kept.eviction.sweep()
    kept.eviction.reconcile()
    assert kept.database.revision() == before


@pytest.mark.parametrize("kept", [in_files], indirect=True)
def test_a_purge_that_cannot_delete_says_so_and_can_be_made_again(kept: Kept, monkeypatch):
    kept.put(1)
    with monkeypatch.context() as broken:
        broken.setattr("diskcache.Cache.delete", lambda *_args: False)
        with pytest.raises(StorageFailed):
            kept.artifacts.purge("svc")
    assert kept.kept() == {1}
    assert kept.artifacts.purge("svc") == 1


@pytest.mark.parametrize(
    "gone", ["DELETE FROM plugins WHERE id = 'svc'", "DELETE FROM workspaces WHERE id = 2"]
)
def test_what_was_forgotten_meanwhile_is_not_kept(kept: Kept, gone: str):
    kept.run("INSERT INTO workspaces (id, name, created_at) VALUES (2, 'W', 0)")
    kept.run(gone)
    artifact = make_artifact(key_of(1), "text/plain", b'"x"', START, Freshness(START + 60, 0, 0))
    assert not kept.artifacts.put(artifact, ArtifactSource(2, "svc", "e", None, "i", {}, "digest"))
    assert kept.kept() == set()


def test_uses_that_cannot_be_written_wait(kept: Kept, monkeypatch):
    kept.put(1)
    kept.clock.now += 50
    kept.artifacts.record_use(key_of(1))
    with monkeypatch.context() as broken:
        broken.setattr(kept.database, "writing", refuse)
        with pytest.raises(StorageFailed):
            kept.eviction.write_uses()
    kept.eviction.write_uses()
    assert kept.rows("last_used_at") == [START + 50]


def test_a_round_that_breaks_off_does_not_end_the_rounds(kept: Kept, monkeypatch, caplog):
    housekeeping = Housekeeping(kept.eviction, kept.clock)
    monkeypatch.setattr(kept.eviction, "make_room", lambda: 1 / 0)
    housekeeping.start()
    for _ in range(2):
        kept.eviction.is_needed.set()
        while kept.eviction.is_needed.is_set():
            pass
    kept.put(1)
    kept.artifacts.record_use(key_of(1))
    kept.clock.now += 9
    housekeeping.close()
    assert kept.rows("last_used_at") == [START + 9]
    assert "Cleaning up the cache failed" in caplog.text


def test_a_round_does_it_all(kept: Kept):
    housekeeping = Housekeeping(kept.eviction, kept.clock)
    kept.put(1, seconds=5)
    kept.put(2)
    kept.put(3)
    kept.bodies.delete(key_of(3))
    kept.clock.now += 6
    housekeeping.do_round()
    assert kept.kept() == {2}


class TestLastUses:
    def test_each_use_is_handed_over_once(self):
        uses = AccessLog()
        for key in ("a", "b", "a"):
            uses.note(key)
        assert uses.take() == ["a", "b"]
        assert uses.take() == []

    def test_more_than_can_wait_call_for_care(self):
        uses = AccessLog()
        for number in range(MAX_WAITING + 5):
            uses.note(str(number))
        assert uses._is_full.is_set()
        assert len(uses.take()) == MAX_WAITING

    def test_threads_may_note_while_notes_are_taken(self):
        uses = AccessLog()
        taken: set[str] = set()

        def note(worker: int) -> None:
            for number in range(20_000):
                uses.note(f"{worker}-{number % 100}")

        with ThreadPoolExecutor(4) as pool:
            noting = [pool.submit(note, worker) for worker in range(4)]
            while not all(future.done() for future in noting):
                taken.update(uses.take())
        taken.update(uses.take())
        assert len(taken) == 400
