"""Elements that are always lists, whether they occur once, several times or not at all. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

ListPath = tuple[str, ...]
"""The names of elements from the root to the one that is a list."""

_SEGMENT = re.compile(r'"((?:[^"\\]|\\.)+)"|([^".\s@#\[\]*?|(),{}`&!]+)')


def parse_list_path(text: str) -> ListPath:
    """The path of `MediaContainer.Video`. A name with a dot is quoted. `ValueError` says what is wrong."""
    names: list[str] = []
    position = 0
    while True:
        match = _SEGMENT.match(text, position)
        if match is None:
            raise ValueError("Write the names of elements from the root on, with dots between: `feed.entry`.")
        names.append(re.sub(r"\\(.)", r"\1", match[1]) if match[1] else match[2])
        position = match.end()
        if position == len(text):
            break
        if text[position] != ".":
            raise ValueError("Write the names of elements from the root on, with dots between: `feed.entry`.")
        position += 1
    if len(names) == 1:
        raise ValueError("A document has one root, so the root is no list; name an element below it.")
    return tuple(names)


def make_lists(document: Any, paths: Iterable[ListPath]) -> Any:
    """The document of xmltodict with a list at each path, also for one element and for none.

    It is changed in place. If a parent element is missing, nothing is added.
    """
    # Shorter paths first: the lists they create are walked by longer ones.
    for path in sorted(paths, key=len):
        _make_list(document, path)
    return document


def _make_list(element: Any, path: ListPath) -> None:
    if isinstance(element, list):
        for item in element:
            _make_list(item, path)
        return
    if not isinstance(element, dict):
        return
    name, *rest = path
    if not rest:
        found = element.get(name, [])
        element[name] = found if isinstance(found, list) else [found]
    elif name in element:
        if len(rest) == 1:
            element[name] = _with_room(element[name])
        _make_list(element[name], tuple(rest))


def _with_room(element: Any) -> Any:
    """An element without content is null, and null has no room for an empty list."""
    if isinstance(element, list):
        return [{} if item is None else item for item in element]
    return {} if element is None else element
