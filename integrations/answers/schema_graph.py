"""A JSON Schema as a graph: which schema applies which others, endless recursion, and the cost of validation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from integrations.json.json_limits import SizeLimits, ValueTooBigError, measure_value

MAX_SCHEMA = SizeLimits(nodes=20_000, characters=500_000, depth=64)
MAX_SUBSCHEMAS = 5_000
MAX_CHAIN = 150
# The maximum number of schemas that apply to one value.
MAX_APPLICATIONS = 10_000
_ENOUGH = 10_000_000
_DEEPEST_VALUE = 200

_DRAFTS = (
    "draft-04/schema",
    "draft-06/schema",
    "draft-07/schema",
    "draft/2019-09/schema",
    "draft/2020-12/schema",
)
_REFUSED = ("$dynamicRef", "$recursiveRef", "$dynamicAnchor", "$recursiveAnchor", "$anchor", "$vocabulary")
_SAME_VALUE = (
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentSchemas",
    "dependencies",
    "$ref",
)
_EACH_CHILD = (
    "additionalProperties",
    "unevaluatedProperties",
    "patternProperties",
    "propertyNames",
    "additionalItems",
    "unevaluatedItems",
    "contains",
)
# Here each child value is validated by one of the schemas only.
_ONE_CHILD = ("properties", "prefixItems", "items")
_DEFINITIONS = ("$defs", "definitions")
_ALTERNATIVES = ("anyOf", "oneOf")


@dataclass(slots=True)
class _Node:
    place: str
    same_value: list[_Node] = field(default_factory=list)
    each_child: list[_Node] = field(default_factory=list)
    one_child: list[_Node] = field(default_factory=list)

    def work(self, at_value: Callable[[_Node], int], at_child: Callable[[_Node], int]) -> int:
        """The number of schemas applied on the most expensive path from here into a value."""
        here = 1 + sum(map(at_value, self.same_value))
        below = sum(map(at_child, self.each_child)) + max(map(at_child, self.one_child), default=0)
        return min(here + below, _ENOUGH)


@dataclass(frozen=True, slots=True)
class SchemaCost:
    """`applications`: the schemas that may apply to one value, each counted once in a recursive schema."""

    applications: int
    has_alternatives: bool
    _root: _Node = field(repr=False)
    _is_recursive: bool = field(repr=False)

    def applications_at_depth(self, depth: int) -> int:
        """The same for a value of this depth, without memoising applications."""
        if not self._is_recursive:
            return self.applications
        below: dict[int, int] = {}
        reached = 0
        for _level in range(min(depth, _DEEPEST_VALUE)):
            below = _level_work(self._root, below)
            reached = below[id(self._root)]
            if reached >= _ENOUGH:
                break
        return reached


def check_schema(schema: Any) -> SchemaCost:
    """The cost of a schema with internal references only; `ValueError` names the place that is refused."""
    if not isinstance(schema, Mapping | bool):
        raise ValueError("schema: must be an object or a boolean")
    try:
        measure_value(schema, MAX_SCHEMA)
    except ValueTooBigError:
        raise ValueError("schema: too large or nested too deeply") from None
    graph = _Graph(schema)
    closed: dict[int, bool] = {}
    for node in graph.nodes.values():
        _refuse_endless(node, closed)
    applications, is_recursive = _count_applications(graph.root)
    if applications > MAX_APPLICATIONS:
        raise ValueError(f"schema: applies more than {MAX_APPLICATIONS} schemas to one value")
    return SchemaCost(applications, graph.has_alternatives, graph.root, is_recursive)


class _Graph:
    def __init__(self, schema: Any) -> None:
        self.nodes: dict[int, _Node] = {}
        self.has_alternatives = False
        self._schema = schema
        self._waiting: list[tuple[Any, _Node]] = []
        self.root = self._node(schema, "schema")
        while self._waiting:
            self._connect(*self._waiting.pop())

    def _node(self, schema: Any, place: str) -> _Node:
        # `true` and `false` are shared objects and free to apply, so each gets its own node.
        if not isinstance(schema, Mapping):
            return _Node(place)
        node = self.nodes.get(id(schema))
        if node is None:
            if len(self.nodes) >= MAX_SUBSCHEMAS:
                raise ValueError(f"schema: more than {MAX_SUBSCHEMAS} schemas")
            node = self.nodes[id(schema)] = _Node(place)
            self._waiting.append((schema, node))
        return node

    def _connect(self, schema: Mapping[str, Any], node: _Node) -> None:
        _refuse_keywords(schema, node.place, is_root=schema is self._schema)
        self.has_alternatives |= any(keyword in schema for keyword in _ALTERNATIVES)
        for keywords, edges in (
            (_SAME_VALUE, node.same_value),
            (_EACH_CHILD, node.each_child),
            (_ONE_CHILD, node.one_child),
            (_DEFINITIONS, []),
        ):
            for keyword in keywords:
                if keyword in schema:
                    place = f"{node.place}.{keyword}"
                    edges.extend(
                        self._node(child, at) for child, at in self._children(keyword, schema, place)
                    )

    def _children(self, keyword: str, schema: Mapping[str, Any], place: str) -> Iterator[tuple[Any, str]]:
        value = schema[keyword]
        if keyword == "$ref":
            yield self._resolve(value, place), place
        elif isinstance(value, list):
            yield from ((child, f"{place}[{index}]") for index, child in enumerate(value))
        elif isinstance(value, Mapping) and keyword in _MAPS:
            yield from ((child, f"{place}.{name}") for name, child in value.items())
        else:
            yield value, place

    def _resolve(self, reference: Any, place: str) -> Any:
        if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
            raise ValueError(f"{place}: only references into the schema itself (`#/…`) are followed")
        found = self._schema
        for step in unquote(reference[1:]).split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping) and name in found:
                found = found[name]
            elif isinstance(found, list) and name.isascii() and name.isdigit() and int(name[:6]) < len(found):
                found = found[int(name[:6])]
            else:
                raise ValueError(f"{place}: there is nothing at `{reference[:100]}`")
        if not isinstance(found, Mapping | bool):
            raise ValueError(f"{place}: what stands at `{reference[:100]}` is no schema")
        return found


_MAPS = frozenset({"properties", "patternProperties", "dependentSchemas", "dependencies", *_DEFINITIONS})


def _refuse_keywords(schema: Mapping[str, Any], place: str, *, is_root: bool) -> None:
    for keyword in _REFUSED:
        if keyword in schema:
            raise ValueError(f"{place}.{keyword}: is not supported")
    if not is_root and any(isinstance(schema.get(keyword), str) for keyword in ("$id", "id", "$schema")):
        raise ValueError(f"{place}: a schema inside a schema cannot have an address of its own")
    draft = schema.get("$schema")
    if draft is not None and not (isinstance(draft, str) and draft.rstrip("#").endswith(_DRAFTS)):
        raise ValueError(f"{place}.$schema: draft 4, 6, 7, 2019-09 and 2020-12 are known")


def _refuse_endless(node: _Node, above: dict[int, bool], length: int = 0) -> None:
    """Refuses a schema that applies itself to the same value. `above` says for each node whether it is open."""
    if above.get(id(node)):
        raise ValueError(f"{node.place}: refers to itself without going deeper into the value")
    if id(node) in above:
        return
    if length > MAX_CHAIN:
        raise ValueError(f"{node.place}: more than {MAX_CHAIN} schemas in a row")
    above[id(node)] = True
    for child in node.same_value:
        _refuse_endless(child, above, length + 1)
    above[id(node)] = False


def _count_applications(root: _Node) -> tuple[int, bool]:
    known: dict[int, int] = {}
    is_recursive = False

    def count(node: _Node, above: tuple[int, ...] = ()) -> int:
        nonlocal is_recursive
        if id(node) in above:
            is_recursive = True
            return 0
        if len(above) > MAX_CHAIN:
            raise ValueError(f"{node.place}: more than {MAX_CHAIN} schemas in a row")
        if id(node) not in known:
            inside = (*above, id(node))

            def count_child(child: _Node) -> int:
                return count(child, inside)

            known[id(node)] = node.work(count_child, count_child)
        return known[id(node)]

    return count(root), is_recursive


def _level_work(root: _Node, below: Mapping[int, int]) -> dict[int, int]:
    """The cost of every node for a value one level deeper than that of `below`."""
    level: dict[int, int] = {}

    def at_value(node: _Node) -> int:
        if id(node) not in level:
            level[id(node)] = node.work(at_value, lambda child: below.get(id(child), 1))
        return level[id(node)]

    pending, seen = [root], {id(root)}
    while pending:
        node = pending.pop()
        at_value(node)
        for child in (*node.same_value, *node.each_child, *node.one_child):
            if id(child) not in seen:
                seen.add(id(child))
                pending.append(child)
    return level
