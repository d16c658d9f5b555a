"""The `select` and `display` that suit a sample answer. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAX_FIELDS = 8
MAX_WRAPPERS = 4
MAX_DEPTH = 3
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TITLES = ("title", "name", "headline", "label", "subject", "summary")
_LINKS = ("url", "html_url", "link", "href", "permalink")
_MOMENTS = re.compile(r"(^|_)(time|date|datetime|timestamp|at|day|published|updated|created)($|_)")
_MOMENT_TEXT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?")


@dataclass(frozen=True, slots=True)
class Shape:
    """`select` is None where the whole answer is the data, `display` empty where nothing is guessed."""

    select: str | None
    display: dict[str, Any]


def shape_of(sample: Any) -> Shape:
    """What to take of answers like the sample, and how to draw it."""
    path, value = _main_part(sample)
    if isinstance(value, list):
        return _of_list(path, value)
    if isinstance(value, Mapping):
        return _of_object(path, value)
    name = path[-1] if path else "value"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return Shape(_written(path) or None, {"kind": "figure"} if is_number and name else {})


def _main_part(value: Any) -> tuple[tuple[str, ...], Any]:
    """The list that the answer is about, or what its only member holds, with the way there."""
    path: tuple[str, ...] = ()
    for _ in range(MAX_WRAPPERS):
        if not isinstance(value, Mapping):
            break
        lists = [name for name, item in value.items() if _is_rows(item)]
        inner = [name for name, item in value.items() if isinstance(item, Mapping)]
        only = lists if len(lists) == 1 else inner if len(value) == 1 else []
        if not only:
            break
        path, value = (*path, only[0]), value[only[0]]
    return path, value


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _of_list(path: tuple[str, ...], items: list[Any]) -> Shape:
    whole = _written(path) or None
    if not _is_rows(items):
        return Shape(whole, {"kind": "list"} if items else {})
    fields = dict(_fields(items[0]))
    if not fields:
        return Shape(whole, {"kind": "table"})
    pairs = ", ".join(f"{name}: {_written(way)}" for name, (way, _) in fields.items())
    return Shape(
        f"{_written(path)}[].{{{pairs}}}",
        _display_of_rows({name: item for name, (_, item) in fields.items()}),
    )


def _of_object(path: tuple[str, ...], members: Mapping[str, Any]) -> Shape:
    fields = dict(_fields(members))
    if not fields:
        return Shape(_written(path) or None, {})
    pairs = ", ".join(f"{name}: {_written((*path, *way))}" for name, (way, _) in fields.items())
    numbers = [name for name, (_, item) in fields.items() if _is_number(item) and not _is_moment(name, item)]
    display = {"kind": "figure", "value": numbers[0]} if len(numbers) == 1 else {"kind": "facts"}
    return Shape(f"{{{pairs}}}", display)


def _display_of_rows(first: Mapping[str, Any]) -> dict[str, Any]:
    moments = [name for name, item in first.items() if _is_moment(name, item)]
    numbers = [name for name, item in first.items() if _is_number(item) and name not in moments]
    title = next((name for name in first if name.lower() in _TITLES), None)
    link = next((name for name in first if name.lower() in _LINKS), None)
    if moments and numbers and title is None:
        return {"kind": "line", "x": moments[0]}
    display: dict[str, Any] = {"kind": "table"}
    if title is not None and link is not None:
        display["links"] = {title: link}
        display["fields"] = [name for name in first if name != link]
    return display


def _fields(members: Mapping[str, Any]) -> Iterator[tuple[str, tuple[tuple[str, ...], Any]]]:
    """The first simple values, each by a name of its own, with the way to it."""
    taken: set[str] = set()
    for way, value in _simple(members, (), MAX_DEPTH):
        name = _field_name(way, taken)
        taken.add(name)
        yield name, (way, value)
        if len(taken) == MAX_FIELDS:
            return


def _simple(
    members: Mapping[str, Any], path: tuple[str, ...], depth: int
) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in members.items():
        way = (*path, name)
        if isinstance(value, str | int | float):
            yield way, value
        elif isinstance(value, Mapping) and depth > 1:
            yield from _simple(value, way, depth - 1)


def _field_name(way: tuple[str, ...], taken: set[str]) -> str:
    words = [re.sub(r"\W+", "_", part, flags=re.ASCII).strip("_") or "field" for part in way]
    words = [word if _PLAIN.fullmatch(word) else f"_{word}" for word in words]
    for count in range(1, len(words) + 1):
        name = "_".join(words[-count:])
        if name not in taken:
            return name
    number = 2
    while f"{words[-1]}_{number}" in taken:
        number += 1
    return f"{words[-1]}_{number}"


def _written(way: tuple[str, ...]) -> str:
    """The way as JMESPath; names that are no identifiers are quoted."""
    return ".".join(name if _PLAIN.fullmatch(name) else _quoted(name) for name in way)


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " else f"\\u{ord(c):04x}" for c in escaped) + '"'


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_moment(name: str, value: Any) -> bool:
    if isinstance(value, str):
        return _MOMENT_TEXT.fullmatch(value) is not None
    return _is_number(value) and _MOMENTS.search(name.lower()) is not None
