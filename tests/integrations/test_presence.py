"""Who has a thing to himself, and how it is seen that he has ended."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from integrations.bodies import Bodies
from integrations.presence import Presence
from settings import ROOT

CLAIM_AND_DIE = """
import os, sys
from pathlib import Path
from integrations.bodies import Bodies
assert Bodies(Path(sys.argv[1])).claim("k", 600)
print("claimed", flush=True)
os._exit(9)
"""


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[], Bodies]]:
    """Makes what stands for one process each, on the same folder."""
    made: list[Bodies] = []

    def make_one() -> Bodies:
        made.append(Bodies(tmp_path / "cache"))
        return made[-1]

    yield make_one
    for bodies in made:
        bodies.close()


def claim_and_die(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", CLAIM_AND_DIE, str(tmp_path / "cache")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stdout == "claimed\n", ended.stderr


def test_one_of_all_has_the_claim_until_it_lets_go(make):
    one, other = make(), make()
    assert one.claim("k", 60)
    assert not one.claim("k", 60)
    assert not other.claim("k", 60)
    assert other.claim("k2", 60)
    other.release("k")
    assert not other.claim("k", 60)
    one.release("k")
    assert other.claim("k", 60)


def test_of_a_crowd_one_has_it(make):
    crowd = [make() for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for key in map(str, range(20)):
            assert sum(pool.map(lambda bodies, key=key: bodies.claim(key, 60), crowd)) == 1


def test_a_claim_ends_by_itself(make):
    one, other = make(), make()
    assert one.claim("k", 0.001)
    while not other.claim("k", 60):
        pass
    one.release("k")
    assert not one.claim("k", 60)


def test_who_closes_lets_go(make):
    one, other = make(), make()
    assert one.claim("k", 600)
    one.close()
    assert other.claim("k", 600)


def test_a_killed_process_s_claim_passes_to_one_of_those_who_wait(make, tmp_path):
    claim_and_die(tmp_path)
    crowd = [make() for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(lambda bodies: bodies.claim("k", 600), crowd)) == 1


def test_the_dead_leave_nothing_behind(make, tmp_path):
    claim_and_die(tmp_path)
    folder = tmp_path / ".cache-users"
    assert len(list(folder.iterdir())) == 1
    one = make()
    one.claim("other", 60)
    [mine] = folder.iterdir()
    assert mine.stat().st_mode & 0o777 == 0o600
    one.close()
    assert list(folder.iterdir()) == []


def test_nobody_else_s_name_says_anything(tmp_path):
    presence = Presence(tmp_path)
    presence.show()
    assert not presence.is_gone(presence.name)
    assert not presence.is_gone("../../etc/passwd")
    assert not presence.is_gone("1")
    assert presence.is_gone("0" * 16)
    presence.close()


def test_where_nothing_can_be_written_everybody_has_it(tmp_path, monkeypatch):
    bodies = Bodies(tmp_path / "cache")
    monkeypatch.setattr(bodies, "is_writable", lambda: False)
    monkeypatch.setattr("diskcache.FanoutCache.add", lambda *_args, **_more: False)
    assert bodies.claim("k", 60)
    bodies.close()
