"""Limits of a response schema that settings and inputs set: `"maximum": "config('highest')"`. Pure."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from integrations.answers.response_schema import SchemaCheck, compile_response_schema
from integrations.answers.schema_graph import check_schema

Number = int | float

WHOLE_LIMITS = frozenset({"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"})
LIMITS = WHOLE_LIMITS | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
# Their values are data, not schemas.
_DATA = frozenset({"const", "enum", "default", "examples"})
_ASKED = re.compile(r"\s*(config|inputs)\(\s*'([^']{1,128})'\s*\)\s*")
_CHECKS = 16


@dataclass(frozen=True, slots=True)
class AskedLimit:
    """A limit that is asked for, and its place in the schema."""

    place: tuple[str | int, ...]
    source: Literal["config", "inputs"]
    name: str

    @property
    def keyword(self) -> str:
        return str(self.place[-1])

    @property
    def is_whole(self) -> bool:
        return self.keyword in WHOLE_LIMITS


@dataclass(frozen=True, slots=True)
class LimitedSchema:
    """A response schema whose limits may depend on settings and inputs, shared by all threads."""

    asked: tuple[AskedLimit, ...]
    config_names: frozenset[str]
    input_names: frozenset[str]
    _checks: Any = field(repr=False)

    def bound(self, config: Mapping[str, Any], inputs: Mapping[str, Any]) -> SchemaCheck:
        """The check with these limits. A limit without a value does not apply."""
        sources = {"config": config, "inputs": inputs}
        return self._checks(tuple(_limit(item, sources[item.source].get(item.name)) for item in self.asked))


def compile_limited_schema(schema: Any) -> LimitedSchema:
    """The schema. `ValueError` names the place of what is wrong, as `compile_response_schema` does."""
    # Its size comes first: everything below walks through it.
    check_schema(schema)
    asked = tuple(_find_asked(schema)) if isinstance(schema, Mapping) else ()

    @lru_cache(maxsize=_CHECKS)
    def checks(limits: tuple[Number | None, ...]) -> SchemaCheck:
        return compile_response_schema(_filled(schema, asked, limits))

    checks((1,) * len(asked))
    names = {
        source: frozenset(item.name for item in asked if item.source == source)
        for source in ("config", "inputs")
    }
    return LimitedSchema(asked, names["config"], names["inputs"], checks)


def _limit(asked: AskedLimit, value: Any) -> Number | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return max(0, int(value)) if asked.is_whole else value


def _find_asked(schema: Mapping[str, Any]) -> Iterator[AskedLimit]:
    pending: list[tuple[tuple[str | int, ...], Any]] = [((), schema)]
    while pending:
        place, node = pending.pop()
        for key, value in node.items() if isinstance(node, Mapping) else enumerate(node):
            if isinstance(value, Mapping | list):
                if key not in _DATA:
                    pending.append(((*place, key), value))
            elif key in LIMITS and isinstance(value, str) and (match := _ASKED.fullmatch(value)):
                yield AskedLimit((*place, key), "config" if match[1] == "config" else "inputs", match[2])


def _filled(schema: Any, asked: tuple[AskedLimit, ...], limits: tuple[Number | None, ...]) -> Any:
    """The schema with the limits in their places; without those that have no value."""
    if not asked:
        return schema
    filled = copy.deepcopy(schema)
    for item, limit in zip(asked, limits, strict=True):
        *way, keyword = item.place
        node: Any = filled
        for step in way:
            node = node[step]
        if limit is None:
            del node[keyword]
        else:
            node[keyword] = limit
    return filled
