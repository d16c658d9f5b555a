"""The hub: what streams are told, in which order, how much waits for a slow client, and when they end."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from errors import TooManyStreams
from plugin_store.engine.database import Database
from plugin_store.engine.opening import init_database
from plugin_store.events import write_event
from plugin_store.workspaces import Scope
from tests.databases import seed_database
from web.events.audience import Audience
from web.events.event_hub import MAX_REPLAYED, EventHub
from web.events.event_stream import MAX_QUEUED, EventStream

HERE, ELSEWHERE = Scope(1), Scope(2)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    seed_database(tmp_path)
    opened = init_database(Flask("events"), tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def make_hub(database: Database) -> Iterator[Callable[..., EventHub]]:
    made: list[EventHub] = []

    def make(limit: int = 10, heartbeat_seconds: float = 3600.0) -> EventHub:
        made.append(EventHub(database, limit, heartbeat_seconds=heartbeat_seconds))
        return made[-1]

    yield make
    for hub in made:
        hub.close()


@pytest.fixture
def hub(make_hub: Callable[..., EventHub]) -> EventHub:
    return make_hub()


def tell(database: Database, count: int = 1, scope: Scope = HERE, kind: str = "told") -> None:
    with database.writing() as session:
        for number in range(count):
            write_event(session, kind, scope, f"plugin-{number}")


def may() -> bool:
    return True


def read_ids(stream: EventStream, count: int) -> list[int]:
    """The ids of the next `count` events."""
    found: list[int] = []
    while len(found) < count:
        found += [int(number) for number in re.findall(rb"id: (\d+)\nevent", next(stream))]
    return found


def test_a_stream_is_told_what_happens_from_now_on(database: Database, hub: EventHub):
    tell(database)
    stream = hub.open(Audience.of(HERE), None, may)
    assert next(stream) == b"retry: 3000\nid: 1\n\n"
    tell(database, 2)
    assert read_ids(stream, 2) == [2, 3]


def test_another_scope_s_events_are_not_told_and_need_not_be_resumed(database: Database, hub: EventHub):
    stream, other = hub.open(Audience.of(HERE), None, may), hub.open(Audience.of(ELSEWHERE), None, may)
    next(stream), next(other)
    tell(database, 3, ELSEWHERE)
    assert read_ids(other, 3) == [1, 2, 3]
    tell(database)
    assert read_ids(stream, 1) == [4]
    assert other.last_id == 4


def test_a_client_that_comes_back_is_told_what_it_missed_and_nothing_twice(database: Database, hub: EventHub):
    tell(database, 5)
    stream = hub.open(Audience.of(HERE), 2, may)
    assert read_ids(stream, 3) == [3, 4, 5]
    tell(database)
    assert read_ids(stream, 1) == [6]


def test_streams_that_join_at_any_moment_lose_nothing_and_get_nothing_twice(
    database: Database, hub: EventHub
):
    first = hub.open(Audience.of(HERE), None, may)
    done = threading.Event()

    def keep_telling() -> None:
        for _ in range(150):
            tell(database)
        done.set()

    teller = threading.Thread(target=keep_telling)
    teller.start()
    streams = [first]
    while not done.is_set():
        streams.append(hub.open(Audience.of(HERE), 0, may)) if hub.count() < 10 else done.wait(0.01)
    teller.join()
    assert all(read_ids(stream, 150) == list(range(1, 151)) for stream in streams)


@pytest.mark.parametrize("last_event_id", [-1, 2, 99])
def test_what_cannot_be_resumed_is_told_as_such(database: Database, hub: EventHub, last_event_id: int):
    tell(database, 5)
    with database.raw_write() as connection:
        connection.execute("DELETE FROM events WHERE id <= 3")
    stream = hub.open(Audience.of(HERE), last_event_id, may)
    assert next(stream) == b'retry: 3000\nid: 5\n\nid: 5\nevent: resync\ndata: {"reason":"expired"}\n\n'
    tell(database)
    assert read_ids(stream, 1) == [6]


def test_nothing_is_missing_after_the_last_event_of_a_log_without_others(database: Database, hub: EventHub):
    tell(database, 5)
    with database.raw_write() as connection:
        connection.execute("DELETE FROM events WHERE id < 5")
    assert next(hub.open(Audience.of(HERE), 5, may)) == b"retry: 3000\nid: 5\n\n"


def test_a_client_that_missed_too_much_reads_everything_again(database: Database, hub: EventHub):
    tell(database, MAX_REPLAYED + 1)
    assert b'{"reason":"overflow"}' in next(hub.open(Audience.of(HERE), 0, may))
    assert len(read_ids(hub.open(Audience.of(HERE), 1, may), MAX_REPLAYED)) == MAX_REPLAYED


def test_a_client_that_falls_behind_is_told_to_read_again_and_takes_no_more_memory(
    database: Database, hub: EventHub
):
    slow, quick = hub.open(Audience.of(HERE), None, may), hub.open(Audience.of(HERE), None, may)
    next(slow), next(quick)
    for _ in range(MAX_QUEUED // 250 + 1):
        tell(database, 250)
        read_ids(quick, 250)
    last = MAX_QUEUED + 250
    assert next(slow).startswith(b'id: %d\nevent: resync\ndata: {"reason":"overflow"}\n\n' % last)
    tell(database)
    assert read_ids(slow, 1) == [last + 1]


def test_a_quiet_stream_has_heartbeats_with_the_id_to_resume_after(
    database: Database, make_hub: Callable[..., EventHub]
):
    stream = make_hub(heartbeat_seconds=0.01).open(Audience.of(HERE), None, may)
    assert next(stream) == b"retry: 3000\nid: 0\n\n"
    assert next(stream) == b":\nid: 0\n\n"
    tell(database, scope=ELSEWHERE)
    while (heartbeat := next(stream)) == b":\nid: 0\n\n":
        pass
    assert heartbeat == b":\nid: 1\n\n"


def test_a_limit_bounds_them_and_a_closed_one_makes_room(make_hub: Callable[..., EventHub]):
    hub = make_hub(limit=2)
    stream, _ = hub.open(Audience.of(HERE), None, may), hub.open(Audience.of(HERE), None, may)
    with pytest.raises(TooManyStreams) as refused:
        hub.open(Audience.of(HERE), None, may)
    assert refused.value.retry_after_seconds
    stream.close()
    stream.close()
    hub.open(Audience.of(HERE), None, may)
    assert hub.count() == 2


def test_a_stream_whose_client_may_not_read_any_more_ends_before_the_next_event(
    database: Database, hub: EventHub
):
    allowed = threading.Event()
    allowed.set()
    stream = hub.open(Audience.of(HERE), None, allowed.is_set)
    next(stream)
    allowed.clear()
    with database.writing() as session:
        write_event(session, "told", HERE, "plugin")
        session.execute(text("UPDATE store_revision SET revision = revision + 1"))
    assert list(stream) == []
    assert hub.count() == 0


def test_time_ends_one_too(make_hub: Callable[..., EventHub]):
    hub = make_hub(heartbeat_seconds=0.01)
    answers = iter([True, True, False])
    stream = hub.open(Audience.of(HERE), None, lambda: next(answers, False))
    assert len(list(stream)) <= 3
    assert hub.count() == 0


def test_closing_ends_all_at_once_and_opens_no_more(make_hub: Callable[..., EventHub]):
    hub = make_hub()
    streams = [hub.open(Audience.of(HERE), None, may) for _ in range(3)]
    for stream in streams:
        next(stream)
    readers = [threading.Thread(target=list, args=(stream,)) for stream in streams]
    for reader in readers:
        reader.start()
    hub.close()
    for reader in readers:
        reader.join(10)
        assert not reader.is_alive()
    with pytest.raises(TooManyStreams):
        hub.open(Audience.of(HERE), None, may)


def test_no_thread_reads_the_log_while_nobody_watches(hub: EventHub, database: Database):
    def tailers() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "events"]

    before = set(tailers())
    assert set(tailers()) == before
    stream = hub.open(Audience.of(HERE), None, may)
    (tailer,) = set(tailers()) - before
    stream.close()
    tailer.join(10)
    assert not tailer.is_alive()
    stream = hub.open(Audience.of(HERE), None, may)
    next(stream)
    tell(database)
    assert read_ids(stream, 1) == [1]
