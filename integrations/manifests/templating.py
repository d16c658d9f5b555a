"""One-pass `{placeholder}` templates. Pure.

Inserted text is never scanned again, `{{` and `}}` are braces, a single placeholder keeps its value's type, and a name
without a value is an error: never an empty string, never `None` in a URL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

_NAME = r"[A-Za-z_$][\w$-]*(?:\.[\w$-]+)*"
# Date math, like `now-7d/d:epoch`: what it means is read in time_placeholders.py.
_TIME = r"[a-z_]+(?:[+-][0-9]+[A-Za-z]+)*(?:/[0-9]*[A-Za-z]+)?(?::\w+)?"
_TOKEN = re.compile(rf"\{{\{{|\}}\}}|\{{({_NAME}|{_TIME})\}}|[{{}}]")
MAX_TEMPLATE_LENGTH = 20_000


class TemplateError(ValueError):
    """An invalid template, with the position of the error."""


class UnresolvedName(LookupError):
    """A placeholder without a value. `name` is the placeholder's."""

    def __init__(self, name: str) -> None:
        super().__init__(f"nothing fills {{{name}}}")
        self.name = name


class NotText(TypeError):
    """A list or an object where a text is needed. `name` is the placeholder's."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{{{name}}} cannot be written as text")
        self.name = name


@dataclass(frozen=True, slots=True)
class Name:
    """A placeholder's name inside a template."""

    value: str


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template: literal text and names, in order."""

    source: str
    parts: tuple[str | Name, ...]
    names: frozenset[str] = field(init=False, compare=False, repr=False)
    lone: str | None = field(init=False, compare=False, repr=False)
    """The placeholder's name when the template is nothing but one placeholder."""

    def __post_init__(self) -> None:
        names = [part.value for part in self.parts if isinstance(part, Name)]
        object.__setattr__(self, "names", frozenset(names))
        object.__setattr__(self, "lone", names[0] if names and len(self.parts) == 1 else None)

    @property
    def literal(self) -> str | None:
        """The text if the template has no placeholder."""
        if any(isinstance(part, Name) for part in self.parts):
            return None
        return "".join(part for part in self.parts if isinstance(part, str))

    def text(self, values: Mapping[str, Any], encode: Callable[[str], str] | None = None) -> str:
        """The text with every placeholder filled; `encode` is applied to inserted values, never to literals.

        Raises UnresolvedName, and NotText if a list or an object would become text.
        """
        pieces: list[str] = []
        for part in self.parts:
            if isinstance(part, str):
                pieces.append(part)
            else:
                value = resolve_text(part.value, values)
                pieces.append(encode(value) if encode else value)
        return "".join(pieces)

    def value(self, values: Mapping[str, Any]) -> Any:
        """The value: a lone placeholder's with its type, otherwise the text."""
        if self.lone is not None:
            return resolve(self.lone, values)
        return self.text(values)


def parse_template(source: str) -> Template:
    """The template of a text. Raises TemplateError for a brace that is neither doubled nor part of a placeholder."""
    if len(source) > MAX_TEMPLATE_LENGTH:
        raise TemplateError(f"longer than {MAX_TEMPLATE_LENGTH} characters")
    parts: list[str | Name] = []
    literal: list[str] = []
    position = 0
    for match in _TOKEN.finditer(source):
        literal.append(source[position : match.start()])
        position = match.end()
        token = match.group(0)
        if token in ("{{", "}}"):
            literal.append(token[0])
        elif match.group(1):
            if text := "".join(literal):
                parts.append(text)
            literal = []
            parts.append(Name(match.group(1)))
        else:
            raise TemplateError(
                f"character {match.start() + 1}: a lone `{token}`; write `{token * 2}` for a brace, "
                "or a name in braces for a placeholder"
            )
    literal.append(source[position:])
    if (text := "".join(literal)) or not parts:
        parts.append(text)
    return Template(source, tuple(parts))


def placeholder_names(value: Any) -> frozenset[str]:
    """The names in braces anywhere in a JSON value, whether or not its strings are templates."""
    if isinstance(value, str):
        return frozenset(match.group(1) for match in _TOKEN.finditer(value) if match.group(1))
    if isinstance(value, Mapping):
        return frozenset[str]().union(*map(placeholder_names, value.values()))
    if isinstance(value, list):
        return frozenset[str]().union(*map(placeholder_names, value))
    return frozenset()


def resolve(name: str, values: Mapping[str, Any]) -> Any:
    """The value of a name; raises UnresolvedName when it is absent or null."""
    value = values.get(name)
    if value is None:
        raise UnresolvedName(name)
    return value


def resolve_text(name: str, values: Mapping[str, Any]) -> str:
    """The value of a name as text; raises UnresolvedName, and NotText for a list or an object."""
    value = resolve(name, values)
    try:
        return as_text(value)
    except TypeError:
        raise NotText(name) from None


def as_text(value: Any) -> str:
    """A scalar as written in a URL or header: `true`, `5`, `52.52`. Raises TypeError for other values."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return orjson.dumps(value).decode() if -(2**63) <= value < 2**63 else str(value)
    raise TypeError(
        f"a {'list' if isinstance(value, list) else type(value).__name__} cannot be written as text"
    )


@dataclass(frozen=True, slots=True)
class Tree:
    """A JSON value whose strings are templates: a body, or a step's parameters."""

    node: Any

    @property
    def names(self) -> frozenset[str]:
        return frozenset(_names(self.node))

    @property
    def text_names(self) -> frozenset[str]:
        """The names that become part of a text. They cannot be left out, because the text needs them."""
        return frozenset(_names(self.node, inside_text=True))

    def value(self, values: Mapping[str, Any], optional: frozenset[str] = frozenset()) -> Any:
        """The JSON value with every placeholder filled.

        A member or element that is a single placeholder named in `optional` is left out without a value. If the whole
        tree is such a placeholder, the value is None.
        """
        filled = _fill(self.node, values, optional)
        return None if filled is _ABSENT else filled


_ABSENT: Any = object()


def parse_tree(value: Any, path: str = "") -> Tree:
    """The tree of a JSON value. Raises TemplateError that starts with the path inside the value."""
    return Tree(_parse(value, path))


def _parse(value: Any, path: str) -> Any:
    if isinstance(value, str):
        try:
            return parse_template(value)
        except TemplateError as error:
            raise TemplateError(f"{path}: {error}" if path else str(error)) from None
    if isinstance(value, Mapping):
        return {key: _parse(item, f"{path}.{key}" if path else str(key)) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(_parse(item, f"{path}[{index}]") for index, item in enumerate(value))
    return value


def _fill(node: Any, values: Mapping[str, Any], optional: frozenset[str]) -> Any:
    if isinstance(node, Template):
        if node.lone in optional and values.get(node.lone or "") is None:
            return _ABSENT
        return node.value(values)
    if isinstance(node, dict):
        filled = {key: _fill(item, values, optional) for key, item in node.items()}
        return {key: item for key, item in filled.items() if item is not _ABSENT}
    if isinstance(node, tuple):
        return [item for item in (_fill(child, values, optional) for child in node) if item is not _ABSENT]
    return node


def _names(node: Any, *, inside_text: bool = False) -> list[str]:
    if isinstance(node, Template):
        return [] if inside_text and node.lone is not None else list(node.names)
    if isinstance(node, dict):
        return [name for item in node.values() for name in _names(item, inside_text=inside_text)]
    if isinstance(node, tuple):
        return [name for item in node for name in _names(item, inside_text=inside_text)]
    return []
