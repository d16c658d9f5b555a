"""How long samples stay, and how many."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from flask import Flask

from integrations.history import retention as retention_module
from integrations.history.retention import (
    BYTES_PER_SAMPLE,
    BYTES_PER_SERIES,
    MAX_SAMPLES,
    SWEEP_EVERY_SECONDS,
    HistoryRetention,
)
from integrations.history.samples import Samples, SampleSource, write_samples
from plugin_store.engine.database import Database
from plugin_store.engine.opening import init_database

NOW = 1_800_000_000
DAY = 86400
UNLIMITED = 2**40


class Store:
    """Series in a database of their own."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def write(
        self, key: str, count: int, *, every: int = 60, keep: float = 30 * DAY, until: int = NOW
    ) -> None:
        """So many samples of a series, the last one at `until`."""
        source = SampleSource(key, 1, None, "svc", "now", {}, keep)
        with self.database.raw_write() as connection:
            write_samples(connection, [Samples(source, until, {"value": 0.0})])
            ((series_id,),) = connection.execute("SELECT id FROM history_series WHERE key = ?", (key,))
            rows = [(series_id, until - every * number, float(number)) for number in range(1, count)]
            connection.executemany("INSERT INTO history_samples VALUES (?, ?, ?)", rows)

    def times(self, key: str) -> list[int]:
        query = (
            "SELECT at FROM history_samples JOIN history_series ON id = series_id WHERE key = ? ORDER BY at"
        )
        return [at for (at,) in self.database.query(query, (key,))]

    def keys(self) -> set[str]:
        return {key for (key,) in self.database.query("SELECT key FROM history_series", ())}

    def volume_bytes(self) -> int:
        ((series, samples),) = self.database.query(
            "SELECT (SELECT count(*) FROM history_series), (SELECT count(*) FROM history_samples)", ()
        )
        return series * BYTES_PER_SERIES + samples * BYTES_PER_SAMPLE


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(init_database(Flask("history"), tmp_path)) as database:
        with database.raw_write() as connection:
            connection.execute(
                "INSERT INTO plugins (id, name, version, type, manifest, digest, artifacts_epoch, registered_at, updated_at, last_seen_at)"
                " VALUES ('svc', 'S', '1.0.0', 'integration', '{}', 'd', 'e', 0, 0, 0)"
            )
        yield Store(database)


def test_samples_go_when_they_are_too_old_and_then_their_series(store: Store) -> None:
    store.write("short", 5000, keep=DAY)
    store.write("long", 5000, keep=2 * DAY)
    sweep = HistoryRetention(store.database, UNLIMITED).sweep
    sweep(NOW)
    assert [store.times("short")[0], len(store.times("short"))] == [NOW - DAY, 1441]
    assert len(store.times("long")) == 2881
    sweep(NOW + DAY + 1)
    assert store.keys() == {"long"}
    sweep(NOW + 3 * DAY)
    assert store.keys() == set()


def test_a_longer_declaration_keeps_what_is_there_for_longer(store: Store) -> None:
    store.write("a", 100, keep=60, until=NOW - 1)
    with store.database.raw_write() as connection:
        write_samples(
            connection, [Samples(SampleSource("a", 1, None, "svc", "now", {}, DAY), NOW, {"value": 1})]
        )
    HistoryRetention(store.database, UNLIMITED).sweep(NOW)
    assert len(store.times("a")) == 101


def test_a_long_series_gets_sparser_the_older_it_is(store: Store) -> None:
    retention = HistoryRetention(store.database, UNLIMITED)
    store.write("a", MAX_SAMPLES + 10_000, every=60)
    retention.sweep(NOW)
    times = store.times("a")
    assert MAX_SAMPLES * 0.7 <= len(times) <= MAX_SAMPLES
    assert times[0] == NOW - 60 * (MAX_SAMPLES + 10_000 - 1)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert max(gaps[:100]) > 60
    assert set(gaps[-5000:]) == {60}
    retention.sweep(NOW)
    assert store.times("a") == times


def test_all_of_it_stays_within_the_limit(store: Store) -> None:
    for name in ("a", "b", "c"):
        store.write(name, 10_000)
    store.write("small", 20)
    limit = 20_000 * BYTES_PER_SAMPLE
    HistoryRetention(store.database, limit).sweep(NOW)
    assert 0.5 * limit <= store.volume_bytes() <= 0.92 * limit
    assert len(store.times("small")) == 20
    lengths = [len(store.times(name)) for name in ("a", "b", "c")]
    assert max(lengths) < 1.5 * min(lengths)


def test_where_thinning_is_not_enough_the_series_without_samples_for_longest_go(store: Store) -> None:
    for number in range(100):
        store.write(str(number), 2, until=NOW - number)
    HistoryRetention(store.database, 20 * BYTES_PER_SERIES).sweep(NOW)
    left = sorted(map(int, store.keys()))
    assert left == list(range(len(left)))
    assert 10 <= len(left) <= 20


def test_a_limit_of_nothing_ends(store: Store) -> None:
    store.write("a", 1000)
    HistoryRetention(store.database, 1).sweep(NOW)
    assert store.keys() == set()


def test_it_sweeps_now_and_then(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    swept: list[float] = []
    monkeypatch.setattr(retention_module.HistoryRetention, "sweep", lambda _self, now: swept.append(now))
    retention = HistoryRetention(store.database, UNLIMITED)
    times = [NOW, NOW + 60, NOW + SWEEP_EVERY_SECONDS, NOW + SWEEP_EVERY_SECONDS + 1, NOW - DAY]
    for now in times:
        retention.sweep_now_and_then(now)
    assert swept == [NOW, NOW + SWEEP_EVERY_SECONDS, NOW - DAY]
