"""The cache stores bytes, refuses pickles, and survives its own damage."""

import pickle
import sqlite3
from contextlib import closing

import diskcache
import pytest

from integrations.caching.bodies import Bodies


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


def files(tmp_path):
    return list((tmp_path / "cache").rglob("*.val"))


def test_several_are_kept_at_once_and_the_last_word_on_a_key_counts(bodies, tmp_path):
    assert bodies.set_all([("a", b"x" * 200_000, 60), ("b", b"y" * 200_000, 60), ("a", b"2", 60)])
    assert bodies.get_all(["a", "b"]) == {"a": b"2", "b": b"y" * 200_000}
    assert len(files(tmp_path)) == 1


def test_what_replaces_a_large_one_leaves_no_file_behind(bodies, tmp_path):
    bodies.set("k", b"x" * 200_000, 60)
    (first,) = files(tmp_path)
    assert bodies.set("k", b"y" * 200_000, 60)
    assert [path != first for path in files(tmp_path)] == [True]
    assert bodies.set("k", b"small", 60)
    assert files(tmp_path) == []
    assert bodies.get("k") == b"small"


def test_a_replaced_one_lives_as_long_as_the_new_one_says(bodies, tmp_path):
    bodies.set("k", b"x", 0)
    bodies.set("k", b"y", 60)
    with sqlite3.connect(databases(tmp_path)[0]) as connection:
        ((left,),) = connection.execute("SELECT expire_time - store_time FROM Cache").fetchall()
    assert left == pytest.approx(60)


def test_the_volume_follows_what_is_kept_replaced_and_dropped(bodies):
    empty = bodies.volume_bytes()
    bodies.set_all([("a", b"x" * 200_000, 60), ("b", b"y" * 300_000, 60)])
    assert bodies.volume_bytes() - empty >= 500_000
    bodies.set_all([("a", b"small", 60), ("b", b"y" * 100_000, 60)])
    assert 100_000 <= bodies.volume_bytes() - empty < 200_000
    assert bodies.delete("b")
    assert bodies.volume_bytes() - empty < 100_000


def test_of_several_that_cannot_all_be_kept_none_is_and_no_file_stays(bodies, tmp_path):
    bodies.set("a", b"before", 60)
    bodies.close()
    with sqlite3.connect(databases(tmp_path)[0]) as connection:
        connection.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON Cache WHEN NEW.key = 'b' BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    connection.close()
    assert not bodies.set_all([("a", b"x" * 200_000, 60), ("b", b"y", 60)])
    assert files(tmp_path) == []
    assert bodies.get("a") == b"before"


def test_of_several_those_that_expired_or_were_never_kept_are_lacking(bodies, tmp_path):
    bodies.set_all([("kept", b"1", 60), ("large", b"2" * 100_000, 60), ("short", b"3", 60)])
    for path in databases(tmp_path):
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE Cache SET expire_time = 1 WHERE key = 'short'")
    assert bodies.lacking(["short", "kept", "never", "large"]) == ["short", "never"]
    assert bodies.lacking([]) == []


def test_all_are_lacking_in_a_damaged_cache(tmp_path):
    with closing(Bodies(tmp_path / "cache")) as first:
        first.set("k", b"x", 60)
    for path in databases(tmp_path):
        path.write_bytes(b"garbage" * 1000)
    with closing(Bodies(tmp_path / "cache")) as later:
        assert later.lacking(["k", "l"]) == ["k", "l"]


def test_none_is_lacking_while_nobody_can_tell(bodies, monkeypatch):
    bodies.set("k", b"x", 60)

    def refuse(*_args):
        raise diskcache.Timeout

    monkeypatch.setattr("integrations.caching.bytes_cache.BytesCache.find_expiries", refuse)
    assert bodies.lacking(["k", "l"]) == []


def test_every_key_is_listed_but_for_one_that_is_no_text(bodies, tmp_path):
    keys = {f"k{number:04}" for number in range(2500)} | {"failure:\u00e9"}
    bodies.set_all([(key, b"x", 60) for key in keys] + [("short", b"x", 0)])
    for path in databases(tmp_path):
        with sqlite3.connect(path) as connection:
            connection.execute("INSERT INTO Cache (key, raw) VALUES (7, 1), (x'80', 1), ('pickled', 0)")
    listed = list(bodies.list_keys())
    assert sorted(listed) == sorted({*keys, "short"})
