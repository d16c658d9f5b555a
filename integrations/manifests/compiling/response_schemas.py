"""Compiles `response_schema`, and checks what its limits ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.answers.schema_limits import AskedLimit, LimitedSchema, compile_limited_schema
from integrations.manifests.compiling.problems import Problems
from integrations.manifests.model import Property


def compile_schema(
    schema: Any, problems: Problems, properties: Mapping[str, Property], inputs: Mapping[str, str | None]
) -> LimitedSchema | None:
    """The schema; None after a problem was noted. Its limits may ask for plain properties and for `inputs`."""
    compiled = problems.attempt("response_schema", lambda: compile_limited_schema(schema))
    for item in compiled.asked if compiled is not None else ():
        known = inputs if item.source == "inputs" else {name: it.type for name, it in properties.items()}
        if item.source == "config" and item.name in properties and properties[item.name].secure:
            _note(item, "a secret takes no part in what is checked.", problems)
        elif item.name not in known:
            where = "among the properties" if item.source == "config" else "an input"
            _note(item, f"`{item.name}` is not {where}.", problems)
        elif known[item.name] not in (("integer",) if item.is_whole else ("integer", "number")):
            kind = "integer" if item.is_whole else "number or integer"
            _note(item, f"`{item.name}` is not of type {kind}, as a limit is.", problems)
    return compiled


def _note(item: AskedLimit, message: str, problems: Problems) -> None:
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in item.place)
    problems.add(f"response_schema{place}", f"`{item.source}('{item.name}')`: {message}")
