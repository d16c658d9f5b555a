"""YAML 1.2 (core schema) with positions: `on`, `yes` and dates are strings, keys are text and unique."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import yaml

from integrations.authoring.source_map import MAX_DEPTH, START, Path, Position, Source, SourceError

try:
    from yaml import CSafeLoader as _SafeLoader
except ImportError:  # PyYAML was built without libyaml; the same, but slower.
    from yaml import SafeLoader as _SafeLoader

# How many values aliases may add to those that are written, so that a few lines cannot take minutes.
_MAX_REPEATED_VALUES = 10_000
_TAG = "tag:yaml.org,2002:"
# YAML 1.2.2 section 10.3.2; PyYAML's own table is that of YAML 1.1.
CORE_SCHEMA = (
    ("null", re.compile(r"(?:null|Null|NULL|~|)\Z"), ["n", "N", "~", ""]),
    ("bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), list("tTfF")),
    ("int", re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z"), list("-+0123456789")),
    (
        "float",
        re.compile(
            r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
        ),
        list("-+.0123456789"),
    ),
)


class _Loader(_SafeLoader):  # type: ignore[misc] - one of two
    """A loader for YAML 1.2 scalars."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own class attribute


class _Dumper(yaml.SafeDumper):
    """Quotes what either version of YAML would read as something other than text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


# Line breaks in YAML 1.1 but not in 1.2, and a byte order mark that editors remove: written as escapes.
_ESCAPED = re.compile("[\x85\u2028\u2029\ufeff]")


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar(_TAG + "str", text, style='"' if _ESCAPED.search(text) else None)


_Dumper.add_representer(str, _represent_text)
for _kind, _pattern, _first in CORE_SCHEMA:
    _Loader.add_implicit_resolver(_TAG + _kind, _pattern, _first)
    _Dumper.add_implicit_resolver(_TAG + _kind, _pattern, _first)


def read_yaml(text: str) -> Source:
    """The value of a YAML text. Raises SourceError with the position of the error."""
    try:
        written = _count_nodes(text)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise SourceError(
            f"Not YAML: {error.problem or error.context}.", _position(mark) if mark else START
        ) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise SourceError(f"Not YAML: {str(error)[:200]}.") from None
    if node is None:
        return Source(None, lambda: {})
    value = _Constructor(node, written + _MAX_REPEATED_VALUES).value
    return Source(value, lambda: dict(_positions(node, ())))


def _count_nodes(text: str) -> int:
    """The number of nodes that are written. Raises SourceError for too many levels."""
    # libyaml's composer recurses for each level in C, where too many levels crash the process.
    depth = count = 0
    for event in yaml.parse(text, Loader=_Loader):
        count += isinstance(event, yaml.NodeEvent)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise SourceError("Nested too deeply.", _position(event.start_mark))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return count


def dump_yaml(value: Any) -> str:
    """The value as YAML that 1.1 and 1.2 read alike, in its own order."""
    return yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100)


class _Constructor:
    """Builds the value of a node tree. Nodes behind several aliases are built once."""

    def __init__(self, root: yaml.Node, max_values: int) -> None:
        self._max_values = max_values
        self._made: dict[int, tuple[Any, int]] = {}
        self._open: set[int] = set()
        self.value, _ = self._make(root, 0)

    def _make(self, node: yaml.Node, depth: int) -> tuple[Any, int]:
        """The node's value, and the number of values it expands to."""
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node), 1
        known = self._made.get(id(node))
        if known is None:
            if id(node) in self._open:
                raise SourceError("An alias is inside the node that it names.", _position(node.start_mark))
            if depth > MAX_DEPTH:  # through aliases
                raise SourceError("Nested too deeply.", _position(node.start_mark))
            self._open.add(id(node))
            known = self._made[id(node)] = self._collection(node, depth + 1)
            self._open.discard(id(node))
        if known[1] > self._max_values:
            raise SourceError("Aliases make this too large.", _position(node.start_mark))
        return known

    def _collection(self, node: yaml.Node, depth: int) -> tuple[Any, int]:
        if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
            made = [self._make(item, depth) for item in node.value]
            return [value for value, _ in made], 1 + sum(size for _, size in made)
        if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
            return self._mapping(node, depth)
        raise _unknown_tag(node)

    def _mapping(self, node: yaml.MappingNode, depth: int) -> tuple[Any, int]:
        value: dict[str, Any] = {}
        total = 1
        for key_node, item in node.value:
            key = _key(key_node)
            if key in value:
                raise SourceError(
                    f"`{key[:80]}` occurs twice in one mapping.", _position(key_node.start_mark)
                )
            value[key], size = self._make(item, depth)
            total += size
        return value, total


def _key(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise SourceError("A key must be a string.", _position(node.start_mark))
    if node.value == "<<" and not node.style:
        raise SourceError("YAML 1.2 has no merge keys. Write the members out.", _position(node.start_mark))
    # `200:` and `on:` are keys as written, because JSON keys are text.
    return node.value


def _scalar(node: yaml.ScalarNode) -> Any:
    text = node.value
    kind = node.tag.removeprefix(_TAG)
    try:
        if kind == "str":
            text.encode()
            return text
        if kind == "null":
            return None
        if kind == "bool":
            return {"true": True, "false": False}[text.lower()]
        if kind == "int":
            return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        if kind == "float":
            return _number(text)
    except UnicodeEncodeError:
        raise SourceError("A string contains half of a surrogate pair.", _position(node.start_mark)) from None
    except (ValueError, KeyError):
        raise SourceError(f"`{text[:40]}` is not a JSON {kind}.", _position(node.start_mark)) from None
    raise _unknown_tag(node)


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _unknown_tag(node: yaml.Node) -> SourceError:
    tag = str(node.tag).replace(_TAG, "!!")
    return SourceError(f"The tag `{tag[:80]}` has no meaning here.", _position(node.start_mark))


def _positions(node: yaml.Node, path: Path) -> Iterator[tuple[Path, Position]]:
    if not path:
        yield path, _position(node.start_mark)
    if isinstance(node, yaml.MappingNode):
        for key, item in node.value:
            inside = (*path, key.value)
            yield inside, _position(key.start_mark)
            yield from _positions(item, inside)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            inside = (*path, index)
            yield inside, _position(item.start_mark)
            yield from _positions(item, inside)


def _position(mark: Any) -> Position:
    return Position(mark.line + 1, mark.column + 1)
