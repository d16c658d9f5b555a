"""Rules between the members of a section, as data, for one validator and for the JSON Schema for editors.

A rule returns what is wrong with a section's declared members (`wrong`), and the same rule as JSON Schema (`shape`). A
null member counts as missing, because only members that may be null pass their own validation with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from marshmallow import Schema, ValidationError, validates_schema

Json = dict[str, Any]
Words = Mapping[str, Any]
Path = tuple[str | int, ...]
Wrong = Iterator[tuple[Path, str]]


class Condition(Protocol):
    """Whether a rule applies."""

    def holds(self, words: Words) -> bool: ...

    def shape(self) -> Json: ...


class Rule(Protocol):
    """One rule between the members of a section."""

    def wrong(self, words: Words) -> Wrong:
        """The violation: the field to report it at, and the message."""
        ...

    def shape(self) -> Json: ...


class Ruled(Schema):
    """A section that is checked against its `rules` after each of its members is valid."""

    rules: ClassVar[tuple[Rule, ...]] = ()

    @validates_schema(pass_original=True)
    def check_rules(self, _data: Any, original: Any, **_: Any) -> None:
        errors: dict[Any, Any] = {}
        for path, message in broken(self.rules, original) if isinstance(original, Mapping) else ():
            _note(errors, path, message)
        if errors:
            raise ValidationError(errors)


def broken(rules: Sequence[Rule], words: Words) -> Wrong:
    """The first violation of the rules: the field to report it at, and the message."""
    for rule in rules:
        yield from rule.wrong(words)


def _note(errors: dict[Any, Any], path: Path, message: str) -> None:
    """Adds a message as marshmallow nests them. Messages about a section itself are under `_schema`."""
    *way, last = path
    for step in way:
        inner = errors.setdefault(step, {})
        if isinstance(inner, list):
            inner = errors[step] = {"_schema": inner}
        errors = inner
    messages = errors.setdefault(last, [])
    if isinstance(messages, dict):
        messages = messages.setdefault("_schema", [])
    if message not in messages:
        messages.append(message)


def is_there(words: Words, word: str) -> bool:
    return words.get(word) is not None


# -- conditions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Is:
    """A member has one of these values; `or_absent` if its default is one of them."""

    word: str
    values: tuple[Any, ...]
    or_absent: bool = False

    def holds(self, words: Words) -> bool:
        return words[self.word] in self.values if self.word in words else self.or_absent

    def shape(self) -> Json:
        found: Json = {"properties": {self.word: {"enum": list(self.values)}}}
        return found if self.or_absent else {**found, "required": [self.word]}


@dataclass(frozen=True, slots=True)
class Has:
    """A member is present."""

    word: str

    def holds(self, words: Words) -> bool:
        return is_there(words, self.word)

    def shape(self) -> Json:
        return {"required": [self.word]}


@dataclass(frozen=True, slots=True)
class Lacks:
    """A member is missing."""

    word: str

    def holds(self, words: Words) -> bool:
        return not is_there(words, self.word)

    def shape(self) -> Json:
        return {"not": {"required": [self.word]}}


@dataclass(frozen=True, slots=True)
class Within:
    """A condition of the section in a member."""

    word: str
    condition: Condition

    def holds(self, words: Words) -> bool:
        inner = words.get(self.word)
        return isinstance(inner, Mapping) and self.condition.holds(inner)

    def shape(self) -> Json:
        return {"required": [self.word], "properties": {self.word: self.condition.shape()}}


@dataclass(frozen=True, slots=True)
class AnyItem:
    """A condition of at least one item of the list in a member."""

    word: str
    condition: Condition

    def holds(self, words: Words) -> bool:
        return any(self.condition.holds(item) for item in items_of(words, self.word))

    def shape(self) -> Json:
        return {"required": [self.word], "properties": {self.word: {"contains": self.condition.shape()}}}


# -- where rules count -----------------------------------------------------------------------------------------------


class If:
    """Rules that only apply under a condition."""

    def __init__(self, condition: Condition, *rules: Rule) -> None:
        self.condition, self.rules = condition, rules

    def wrong(self, words: Words) -> Wrong:
        if self.condition.holds(words):
            yield from broken(self.rules, words)

    def shape(self) -> Json:
        return {"if": self.condition.shape(), "then": all_of(self.rules)}


class Inside:
    """Rules of the section in a member."""

    def __init__(self, word: str, *rules: Rule) -> None:
        self.word, self.rules = word, rules

    def wrong(self, words: Words) -> Wrong:
        inner = words.get(self.word)
        for path, message in broken(self.rules, inner) if isinstance(inner, Mapping) else ():
            yield (self.word, *path), message

    def shape(self) -> Json:
        return {"properties": {self.word: all_of(self.rules)}}


class Each:
    """Rules of each section in the list in a member; a single one counts as a list of one."""

    def __init__(self, word: str, *rules: Rule) -> None:
        self.word, self.rules = word, rules

    def wrong(self, words: Words) -> Wrong:
        for index, item in enumerate(items_of(words, self.word)):
            for path, message in broken(self.rules, item):
                yield (self.word, index, *path), message

    def shape(self) -> Json:
        one = all_of(self.rules)
        return {"properties": {self.word: {"if": {"type": "array"}, "then": {"items": one}, "else": one}}}


class EachFurther(Each):
    """Rules of each section in the list in a member, but the first."""

    def wrong(self, words: Words) -> Wrong:
        for path, message in super().wrong(words):
            if path[1] != 0:
                yield path, message

    def shape(self) -> Json:
        further = {"prefixItems": [True], "items": all_of(self.rules)}
        return {"properties": {self.word: {"if": {"type": "array"}, "then": further}}}


class EachMember:
    """Rules of each section among the members of the object in a member."""

    def __init__(self, word: str, *rules: Rule) -> None:
        self.word, self.rules = word, rules

    def wrong(self, words: Words) -> Wrong:
        members = words.get(self.word)
        for name, item in members.items() if isinstance(members, Mapping) else ():
            for path, message in broken(self.rules, item) if isinstance(item, Mapping) else ():
                yield (self.word, name, *path), message

    def shape(self) -> Json:
        one = {"if": {"type": "object"}, "then": all_of(self.rules)}
        return {"properties": {self.word: {"additionalProperties": one}}}


def items_of(words: Words, word: str) -> list[Words]:
    value = words.get(word)
    if isinstance(value, Mapping):
        return [value]
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def all_of(rules: Sequence[Rule]) -> Json:
    """The JSON Schema of all the rules together."""
    shapes = [rule.shape() for rule in rules]
    return shapes[0] if len(shapes) == 1 else {"allOf": shapes}
