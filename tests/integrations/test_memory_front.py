"""The memory before the cache: bounded in bytes, and what was used longest ago goes first."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.memory_front import MemoryFront


@dataclass(frozen=True)
class Thing:
    size_bytes: int


def test_what_was_used_longest_ago_makes_room():
    front: MemoryFront[Thing] = MemoryFront(100)
    for name in "abcd":
        front.put(name, Thing(25))
    front.get("a")
    front.put("e", Thing(25))
    assert [name for name in "abcde" if front.get(name)] == ["a", "c", "d", "e"]
    assert front.size_bytes == 100


def test_a_thing_in_the_place_of_another_is_counted_once():
    front: MemoryFront[Thing] = MemoryFront(100)
    front.put("a", Thing(20))
    front.put("a", Thing(10))
    assert front.size_bytes == 10
    front.drop("a")
    front.drop("a")
    assert (front.size_bytes, front.get("a")) == (0, None)


def test_one_thing_never_takes_all_the_room():
    front: MemoryFront[Thing] = MemoryFront(100)
    front.put("small", Thing(20))
    front.put("large", Thing(26))
    assert (front.get("large"), front.get("small")) == (None, Thing(20))


def test_what_became_too_large_is_not_answered_by_what_it_was():
    front: MemoryFront[Thing] = MemoryFront(100)
    front.put("a", Thing(20))
    front.put("a", Thing(90))
    assert (front.get("a"), front.size_bytes) == (None, 0)
