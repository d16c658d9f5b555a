"""Compiles `paginate`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from integrations.answers.selection import compile_select
from integrations.manifests.compiling.problems import Problems
from integrations.manifests.model import Paginator, Parameter

_MOVING = {"cursor": "cursor_param", "page": "page_param", "offset": "offset_param", "link": None}
_DEFAULT_NAMES = {"page": "page", "offset": "offset"}


def compile_paginator(
    endpoint: Mapping[str, Any],
    method: str,
    path_query: Sequence[tuple[str, Any]],
    parameters: Sequence[Parameter],
    problems: Problems,
) -> Paginator | None:
    """The endpoint's paginator; None without paging."""
    declared = endpoint.get("paginate")
    if declared is None:
        return None
    with problems.under("paginate"):
        kind = declared["type"]
        word = _MOVING[kind]
        param = declared.get(word, _DEFAULT_NAMES.get(kind)) if word else None
        moving = [(word or "", param), ("limit_param", declared.get("limit_param"))]
        in_path = {name for name, _ in path_query}
        for field, name in moving:
            if name is not None:
                _check_room(field, name, method, in_path, parameters, problems)
        if param is not None and param == declared.get("limit_param"):
            problems.add("limit_param", f"`{param}` already changes from page to page.")

        def select(field: str) -> Any:
            return (
                problems.attempt(field, lambda: compile_select(declared[field]))
                if field in declared
                else None
            )

        return Paginator(
            type=kind,
            items=select("response_path"),
            cursor=select("cursor_path"),
            cursor_header=declared.get("cursor_header"),
            param=param,
            limit_param=declared.get("limit_param"),
            limit=declared.get("limit"),
            first=declared.get("first", 1 if kind == "page" else 0),
            max_pages=declared["max_pages"],
        )


def _check_room(
    field: str,
    name: str,
    method: str,
    in_path: Collection[str],
    parameters: Sequence[Parameter],
    problems: Problems,
) -> None:
    """Adds a problem for a parameter that cannot change from page to page, or that would be sent twice."""
    taken = next((item for item in parameters if item.name == name), None)
    if taken is None and method not in ("GET", "HEAD", "DELETE"):
        problems.add(field, f"Declare `{name}` as a parameter, to say where it is sent.")
    if taken is not None and taken.location in ("path", "header"):
        problems.add(field, f"`{name}` is `in: {taken.location}`, which cannot change from page to page.")
    if name in in_path:
        problems.add(field, f"`{name}` is already in the query of the path, where it cannot change.")
