"""The cache keeps bytes, knows no pickle, and outlives its own damage."""

import pickle
import sqlite3

import pytest

from integrations.bodies import Bodies


class Boom:
    """Unpickling it leaves a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.fixture
def bodies(tmp_path):
    made = Bodies(tmp_path / "cache")
    yield made
    made.close()


def databases(tmp_path):
    return [tmp_path / "cache" / "cache.db"]


@pytest.mark.parametrize("size", [0, 10, 200_000])
def test_bytes_come_back_as_they_went(bodies, size):
    assert bodies.set("k", b"x" * size, 60)
    assert bodies.get("k") == b"x" * size
    assert bodies.get("other") is None


def test_the_folder_is_the_owner_s_alone(bodies, tmp_path):
    bodies.set("k", b"x", 60)
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700


def test_another_process_s_view_is_the_same(bodies, tmp_path):
    other = Bodies(tmp_path / "cache")
    bodies.set("k", b"x", 60)
    assert other.get("k") == b"x"
    other.delete("k")
    assert bodies.get("k") is None
    other.close()


def test_a_planted_pickle_is_never_opened(bodies, tmp_path):
    bodies.set("k", b"x", 60)
    planted = pickle.dumps(Boom(tmp_path / "boom"))
    for path in databases(tmp_path):
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE Cache SET value = ?, mode = 4, filename = NULL", (planted,))
    assert bodies.get("k") is None
    assert not (tmp_path / "boom").exists()


def test_a_planted_pickled_key_is_never_opened(bodies, tmp_path):
    bodies.set("k", b"x", 60)
    planted = pickle.dumps(Boom(tmp_path / "boom"))
    for path in databases(tmp_path):
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE Cache SET key = ?, raw = 0", (planted,))
    assert bodies.get("k") is None
    assert bodies.set("k2", b"y", 60)
    assert not (tmp_path / "boom").exists()


@pytest.mark.parametrize("damage", [b"", b"garbage" * 1000])
def test_a_damaged_cache_starts_anew(tmp_path, damage):
    first = Bodies(tmp_path / "cache")
    for number in range(50):
        first.set(f"k{number}", b"x", 60)
    first.close()
    for path in databases(tmp_path):
        for part in path.parent.glob("cache.db-*"):
            part.unlink()
        path.write_bytes(damage)
    second = Bodies(tmp_path / "cache")
    assert second.get("k1") is None
    assert second.set("k1", b"y", 60)
    assert second.get("k1") == b"y"
    second.close()


def test_a_deleted_file_is_a_miss(bodies, tmp_path):
    bodies.set("k", b"x" * 200_000, 60)
    for path in (tmp_path / "cache").rglob("*.val"):
        path.unlink()
    assert bodies.get("k") is None
    assert bodies.set("k", b"y", 60)


def test_a_folder_that_vanishes_is_made_again(bodies, tmp_path):
    import shutil

    bodies.set("k", b"x", 60)
    shutil.rmtree(tmp_path / "cache")
    assert bodies.get("k") in (None, b"x")
    assert bodies.set("k2", b"y" * 200_000, 60)
    assert bodies.get("k2") == b"y" * 200_000


def test_several_are_found_in_one_look(bodies):
    bodies.set("small", b"x", 60)
    bodies.set("large", b"y" * 200_000, 60)
    bodies.set("not asked for", b"z", 60)
    assert bodies.get_all(["small", "large", "missing"]) == {"small": b"x", "large": b"y" * 200_000}


def test_of_several_those_that_expired_or_lost_their_file_are_not_there(bodies, tmp_path):
    bodies.set("small", b"x", 60)
    bodies.set("large", b"y" * 200_000, 60)
    bodies.set("expired", b"z", 0)
    for path in (tmp_path / "cache").rglob("*.val"):
        path.unlink()
    with sqlite3.connect(databases(tmp_path)[0]) as connection:
        connection.execute("UPDATE Cache SET expire_time = 1 WHERE key = 'expired'")
    assert bodies.get_all(["small", "large", "expired"]) == {"small": b"x"}


def test_of_several_one_that_cannot_be_read_hides_no_other(bodies, tmp_path):
    for key in ("good", "planted"):
        bodies.set(key, b"x", 60)
    planted = pickle.dumps(Boom(tmp_path / "boom"))
    with sqlite3.connect(databases(tmp_path)[0]) as connection:
        connection.execute("UPDATE Cache SET value = ?, mode = 4 WHERE key = 'planted'", (planted,))
    assert bodies.get_all(["good", "planted"]) == {"good": b"x"}
    assert not (tmp_path / "boom").exists()


def test_several_are_not_there_in_a_damaged_cache_which_starts_anew(bodies, tmp_path):
    bodies.set("k", b"x", 60)
    bodies.close()
    databases(tmp_path)[0].write_bytes(b"garbage" * 1000)
    assert bodies.get_all(["k", "other"]) == {}
    assert bodies.set("k", b"y", 60)
    assert bodies.get_all(["k"]) == {"k": b"y"}
