"""A lock has one holder among threads and processes, and passes on when the holder ends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from plugin_store.engine.sqlite.process_locks import ProcessLocks
from settings import ROOT

# Answers each key that it is told with whether it has it; a key after a minus is released.
OTHER = """
import sys
from pathlib import Path
from plugin_store.engine.sqlite.process_locks import ProcessLocks
locks = ProcessLocks(Path(sys.argv[1]))
for line in sys.stdin:
    key = line.strip()
    said = locks.release(key[1:]) if key.startswith("-") else locks.acquire(key)
    print(said, flush=True)
"""


class Other:
    """Another process."""

    def __init__(self, path: Path) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, "-c", OTHER, str(path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def acquire(self, key: str) -> bool:
        return self._say(key) == "True"

    def release(self, key: str) -> None:
        self._say(f"-{key}")

    def _say(self, line: str) -> str:
        assert self.popen.stdin is not None
        assert self.popen.stdout is not None
        self.popen.stdin.write(f"{line}\n")
        self.popen.stdin.flush()
        return self.popen.stdout.readline().strip()

    def kill(self) -> None:
        self.popen.kill()
        self.popen.communicate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".claims.lock"


@pytest.fixture
def mine(path: Path) -> Iterator[ProcessLocks]:
    locks = ProcessLocks(path)
    yield locks
    locks.close()


@pytest.fixture
def start(path: Path) -> Iterator[Callable[[], Other]]:
    started: list[Other] = []

    def start_one() -> Other:
        started.append(Other(path))
        return started[-1]

    yield start_one
    for other in started:
        other.kill()


def test_one_of_all_has_the_claim_until_it_lets_go(mine: ProcessLocks, start: Callable[[], Other]):
    other = start()
    assert mine.acquire("k")
    assert not mine.acquire("k")
    assert not other.acquire("k")
    assert other.acquire("k2")
    assert not mine.acquire("k2")
    other.release("k")
    assert not other.acquire("k")
    mine.release("k")
    assert other.acquire("k")


def test_of_a_crowd_of_threads_and_processes_one_has_it(mine: ProcessLocks, start: Callable[[], Other]):
    others = [start() for _ in range(3)]
    askers = [*(other.acquire for other in others), *[mine.acquire] * 5]
    with ThreadPoolExecutor(len(askers)) as pool:
        for key in map(str, range(20)):
            assert sum(pool.map(lambda acquire, key=key: acquire(key), askers)) == 1


def test_who_closes_lets_go(mine: ProcessLocks, start: Callable[[], Other]):
    assert mine.acquire("k")
    mine.close()
    assert start().acquire("k")


def test_a_killed_process_s_claim_passes_to_one_of_those_who_wait(
    mine: ProcessLocks, start: Callable[[], Other]
):
    first, others = start(), [start(), start()]
    assert first.acquire("k")
    assert not mine.acquire("k")
    first.kill()
    assert [mine.acquire("k"), *(other.acquire("k") for other in others)] == [True, False, False]


def test_the_file_is_its_owner_s_alone_and_stays_empty(mine: ProcessLocks, path: Path):
    assert mine.acquire("k")
    assert (path.stat().st_mode & 0o777, path.stat().st_size) == (0o600, 0)


def test_where_nothing_can_be_locked_every_process_has_it(
    mine: ProcessLocks, start: Callable[[], Other], path: Path
):
    path.mkdir()
    assert mine.acquire("k")
    assert start().acquire("k")
    assert not mine.acquire("k")
    mine.release("k")
    assert mine.acquire("k")


def test_two_houses_in_one_process_do_not_let_go_for_each_other(
    mine: ProcessLocks, path: Path, start: Callable[[], Other]
):
    theirs = ProcessLocks(path)
    assert mine.acquire("k")
    assert not theirs.acquire("k")
    theirs.release("k")
    theirs.close()
    assert not start().acquire("k")
