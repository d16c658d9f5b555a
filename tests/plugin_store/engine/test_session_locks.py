"""Locks on PostgreSQL have one holder among processes of all hosts, and are lost with the connection or the holder."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from plugin_store.engine.opening import open_database
from plugin_store.engine.postgresql import locks as session_locks
from plugin_store.engine.postgresql.locks import SessionLocks
from settings import ROOT
from tests.databases import TestDatabases

needs_server = pytest.mark.postgresql

# Answers each lock that it is told with whether it has it; a lock after a minus is released, one after a plus is led.
OTHER = """
import sys
from pathlib import Path
from plugin_store.engine.opening import open_database
locks = open_database(Path(), sys.argv[1]).locks
for line in sys.stdin:
    said, name = {"-": locks.release, "+": lambda name: locks.leader(name).take()}, line.strip()
    print(said[name[0]](name[1:]) if name[0] in said else locks.acquire(name), flush=True)
"""


class Other:
    """Another process."""

    def __init__(self, url: str) -> None:
        self._popen = subprocess.Popen(
            [sys.executable, "-c", OTHER, url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def say(self, line: str) -> str:
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        self._popen.stdin.write(f"{line}\n")
        self._popen.stdin.flush()
        return self._popen.stdout.readline().strip()

    def acquire(self, name: str) -> bool:
        return self.say(name) == "True"

    def kill(self) -> None:
        self._popen.kill()
        self._popen.communicate()


@pytest.fixture
def url(server_databases: TestDatabases, tmp_path: Path) -> str:
    return server_databases.url_of(tmp_path)


@pytest.fixture
def locks(url: str) -> Iterator[SessionLocks]:
    database = open_database(Path(), url)
    assert isinstance(database.locks, SessionLocks)
    yield database.locks
    database.close()


@pytest.fixture
def start(url: str) -> Iterator[Callable[[], Other]]:
    with ExitStack() as started:

        def start_one() -> Other:
            other = Other(url)
            started.callback(other.kill)
            return other

        yield start_one


@pytest.fixture
def server(url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


def end_sessions(server: psycopg.Connection[Any]) -> None:
    """Breaks the connections of all others, and returns when their locks are free."""
    mine = "datname = current_database() AND pid <> pg_backend_pid()"
    server.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {mine}".encode())


@needs_server
def test_one_of_all_has_a_lock_until_it_lets_go(locks: SessionLocks, start: Callable[[], Other]) -> None:
    other = start()
    assert locks.acquire("k")
    assert not locks.acquire("k")
    assert not other.acquire("k")
    assert other.acquire("k2")
    assert not locks.acquire("k2")
    other.say("-k")
    assert not other.acquire("k")
    locks.release("k")
    assert other.acquire("k")


@needs_server
def test_of_a_crowd_of_threads_and_processes_one_has_it(
    locks: SessionLocks, start: Callable[[], Other]
) -> None:
    askers = [*(start().acquire for _ in range(2)), *[locks.acquire] * 5]
    with ThreadPoolExecutor(len(askers)) as pool:
        for name in map(str, range(20)):
            assert sum(pool.map(lambda acquire, name=name: acquire(name), askers)) == 1


@needs_server
def test_the_locks_of_a_killed_process_pass_on(locks: SessionLocks, start: Callable[[], Other]) -> None:
    first, leader, freed = start(), locks.leader("sweep"), threading.Event()
    assert first.acquire("k")
    assert first.say("+sweep") == "True"
    assert not locks.acquire("k")
    assert not leader.take()
    first.kill()
    while not leader.take():
        freed.wait(0.005)
    assert locks.acquire("k")


@needs_server
def test_what_a_broken_connection_held_is_lost(
    locks: SessionLocks, start: Callable[[], Other], server: psycopg.Connection[Any]
) -> None:
    other, leader = start(), locks.leader("sweep")
    assert (locks.acquire("k"), leader.take(), leader.take()) == (True, True, True)
    end_sessions(server)
    assert (other.acquire("k"), other.say("+sweep")) == (True, "True")
    assert [leader.take(), leader.take()] == [False, False]
    # Another thread of the same process waits for the one that works, which has not ended.
    assert not locks.acquire("k")
    # The lock is another one's by now, and stays so.
    locks.release("k")
    assert not locks.acquire("k")
    assert locks.acquire("k2")


@needs_server
def test_a_leader_leads_again_after_a_round_if_nobody_else_does(
    locks: SessionLocks, server: psycopg.Connection[Any]
) -> None:
    leader = locks.leader("sweep")
    assert leader.take()
    end_sessions(server)
    assert [leader.take(), leader.take(), leader.take()] == [False, True, True]


@needs_server
def test_a_connection_that_breaks_between_two_locks_is_replaced(
    locks: SessionLocks, start: Callable[[], Other], server: psycopg.Connection[Any]
) -> None:
    assert locks.acquire("one")
    locks.release("one")
    end_sessions(server)
    assert locks.acquire("two")
    assert not start().acquire("two")


@needs_server
def test_the_server_looks_whether_the_host_is_alive(
    locks: SessionLocks, server: psycopg.Connection[Any]
) -> None:
    assert locks.acquire("k")
    assert locks._driver is not None
    shown = locks._driver.execute("SHOW tcp_keepalives_idle").fetchone()
    assert shown == (str(session_locks.SILENCE_SECONDS // 2),)


def unreachable() -> Any:
    raise psycopg.OperationalError


def test_without_a_server_everybody_gets_a_lock_once_and_nobody_leads() -> None:
    attempts: list[None] = []

    def connect() -> Any:
        attempts.append(None)
        return unreachable()

    locks = SessionLocks(connect)
    assert locks.acquire("k")
    assert not locks.acquire("k")
    locks.release("k")
    assert locks.acquire("k")
    assert not locks.leader("sweep").take()
    # Who asks in the same moment does not wait for the server as well.
    assert len(attempts) == 1


class Fragile:
    """A connection that breaks when it is told to."""

    is_broken = is_closed = False

    def execute(self, _statement: bytes, _values: Any = ()) -> Any:
        if self.is_broken:
            raise psycopg.OperationalError
        return self

    def fetchone(self) -> tuple[bool]:
        return (True,)

    def close(self) -> None:
        self.is_closed = True


def test_a_leader_whose_connection_breaks_lets_go_of_it_and_stops_leading() -> None:
    drivers: Any = [Fragile(), Fragile()]
    locks = SessionLocks(iter(drivers).__next__)
    leader = locks.leader("sweep")
    assert leader.take()
    drivers[0].is_broken = True
    assert [leader.take(), leader.take()] == [False, True]
    assert [driver.is_closed for driver in drivers] == [True, False]
    locks.close()
    assert drivers[1].is_closed
