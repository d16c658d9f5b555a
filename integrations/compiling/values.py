"""What a parameter or an input accepts, compiled from its declaration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.compiling.problems import Problems
from integrations.manifest import MISSING, Value
from plugin_store.properties import compile_check


def compile_value(name: str, declared: Mapping[str, Any], problems: Problems, *, required: bool) -> Value:
    """The value's rules; notes a default that its own rules refuse."""
    problems.check_value_declaration(declared)
    check = problems.attempt("pattern", lambda: compile_check(declared)) or (lambda _value: [])
    default = declared.get("default")
    if default is not None:
        for message in check(default):
            problems.add("default", message)
    return Value(
        name=name,
        type=declared.get("type"),
        required=required,
        default=default if default is not None else MISSING,
        from_config=declared.get("from_config"),
        check=check,
    )
