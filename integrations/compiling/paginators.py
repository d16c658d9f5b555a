"""`paginate` made the way to the next page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.compiling.problems import Problems
from integrations.manifest import Paginator, Parameter
from integrations.selection import compile_select

_MOVING = {"cursor": "cursor_param", "page": "page_param", "offset": "offset_param", "link": None}
_DEFAULT_NAMES = {"page": "page", "offset": "offset"}


def compile_paginator(
    endpoint: Mapping[str, Any], method: str, parameters: Sequence[Parameter], problems: Problems
) -> Paginator | None:
    """The endpoint's paginator; None where one page is all."""
    declared = endpoint.get("paginate")
    if declared is None:
        return None
    with problems.under("paginate"):
        kind = declared["type"]
        if endpoint["response_type"] != "json":
            problems.add("type", "Only JSON comes in pages.")
        word = _MOVING[kind]
        param = declared.get(word, _DEFAULT_NAMES.get(kind)) if word else None
        for name in (param, declared.get("limit_param")):
            taken = next((item for item in parameters if item.name == name), None)
            if name is not None and taken is None and method not in ("GET", "HEAD", "DELETE"):
                problems.add(
                    word or "limit_param",
                    f"Declare `{name}` as a parameter, to say whether it moves in the body.",
                )
            if taken is not None and taken.location in ("path", "header"):
                problems.add(
                    word or "limit_param", f"`{name}` is `in: {taken.location}`, which does not page."
                )
        if "limit_param" in declared and "limit" not in declared:
            problems.add("limit", "Needed by `limit_param`.")

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
