"""Cache files that are deleted, truncated or overwritten: their content is lost and fetched again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from pytest_httpserver import HTTPServer

from app import close_app
from integrations.caching.bodies import Bodies
from settings import Settings
from tests.conftest import Client, RunningServer
from tests.faults.keeping import Keeping, through_client, through_server

Damage = Callable[[Path], None]


def delete(paths: list[Path]) -> None:
    for path in paths:
        path.unlink()


def cut(paths: list[Path], size: int = 700) -> None:
    for path in paths:
        os.truncate(path, min(size, path.stat().st_size))


def overwrite(paths: list[Path], start: int = 0) -> None:
    for path in paths:
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.seek(min(start, size // 2))
            file.write(os.urandom(size - file.tell()))


def databases(cache: Path) -> list[Path]:
    return sorted(cache.glob("cache.db"))


def logs(cache: Path) -> list[Path]:
    return sorted(cache.glob("cache.db-wal"))


def bodies(cache: Path) -> list[Path]:
    found = sorted(cache.rglob("*.val"))
    assert found
    return found


DAMAGE: dict[str, Damage] = {
    "the folder deleted": shutil.rmtree,
    "the databases deleted": lambda cache: delete(databases(cache)),
    "the databases and logs deleted": lambda cache: delete(sorted(cache.glob("cache.db*"))),
    "the databases emptied": lambda cache: cut(databases(cache), 0),
    "the databases cut": lambda cache: cut(databases(cache), 5000),
    "the logs emptied": lambda cache: cut(logs(cache), 0),
    "the logs cut": lambda cache: cut(logs(cache), 5000),
    "garbage in the databases": lambda cache: overwrite(databases(cache)),
    "garbage in the databases' middle": lambda cache: overwrite(databases(cache), 4096),
    "the bodies deleted": lambda cache: delete(bodies(cache)),
    "the bodies emptied": lambda cache: cut(bodies(cache), 0),
    "the bodies cut": lambda cache: cut(bodies(cache)),
    "garbage in the bodies": lambda cache: overwrite(bodies(cache)),
    "garbage at the bodies' end": lambda cache: overwrite(bodies(cache), 50_000),
}


def set_note(keeping: Keeping) -> None:
    assert keeping.ask("PUT", "/integrations/svc/config", {"config": {"note": "kept"}})[0] == 200


def assert_note(keeping: Keeping) -> None:
    """What is no cache is untouched."""
    assert keeping.ask("GET", "/integrations/svc/config", None)[1]["config"] == {"note": "kept"}
    assert keeping.ask("GET", "/plugins/svc/artifacts?include=data", None)[0] == 200


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_while_it_runs_costs_what_was_kept_and_nothing_else(
    settings: Settings,
    start_server: Callable[[Settings], RunningServer],
    upstream: HTTPServer,
    damage: Damage,
) -> None:
    server = start_server(replace(settings, threads=3))
    keeping = Keeping(upstream, through_server(server))
    keeping.declare()
    set_note(keeping)
    keeping.wait_for_hits()
    damage(server.settings.instance / "cache")
    keeping.wait_for_hits()
    assert_note(keeping)


@pytest.mark.parametrize("size", [0, 5000])
def test_a_long_log_that_ends_too_soon_is_got_over(tmp_path: Path, size: int) -> None:
    kept = Bodies(tmp_path / "cache")
    for number in range(300):
        assert kept.set(f"k{number}", os.urandom(2000), 60)
    cut(logs(tmp_path / "cache"), size)
    # A thread of its own has read nothing yet, so it reads what is not there.
    with ThreadPoolExecutor(1) as pool:
        missing = [pool.submit(kept.get, f"k{number}").result() is None for number in range(300)]
        again = [pool.submit(kept.set, f"k{number}", b"new", 60).result() for number in range(300)]
        found = {pool.submit(kept.get, f"k{number}").result() for number in range(300)}
    kept.close()
    assert any(missing)
    assert all(again)
    assert found == {b"new"}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_while_it_is_down_costs_what_was_kept_and_nothing_else(
    settings: Settings, make_app: Callable[[Settings], Flask], upstream: HTTPServer, damage: Damage
) -> None:
    app = make_app(settings)
    keeping = Keeping(upstream, through_client(Client(app)))
    keeping.declare()
    set_note(keeping)
    assert keeping.render_all() == {"MISS"}
    close_app(app)
    damage(settings.instance / "cache")
    keeping.ask = through_client(Client(make_app(settings)))
    assert keeping.render_all() <= {"HIT", "MISS"}
    assert keeping.render_all() == {"HIT"}
    assert_note(keeping)
