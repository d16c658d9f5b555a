"""The kinds of rules between members of a section."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from marshmallow import validate

from schemas.rules.rules import Json, Path, Words, Wrong, is_there, items_of

_NOTHING = ("", {}, [], 0, False, None)
_TYPES: Mapping[str, type] = {"object": dict, "string": str}


@dataclass(frozen=True, slots=True)
class Needs:
    """A required member."""

    word: str
    message: str

    def wrong(self, words: Words) -> Wrong:
        if not is_there(words, self.word):
            yield (self.word,), self.message

    def shape(self) -> Json:
        return {"required": [self.word]}


@dataclass(frozen=True, slots=True)
class Requires:
    """A member that requires another one."""

    word: str
    needed: str
    message: str

    def wrong(self, words: Words) -> Wrong:
        if is_there(words, self.word) and not is_there(words, self.needed):
            yield (self.needed,), self.message

    def shape(self) -> Json:
        return {"dependentRequired": {self.word: [self.needed]}}


@dataclass(frozen=True, slots=True)
class RequiredTogether:
    """Two members that must be used together or not at all; reported at the second."""

    first: str
    second: str
    message: str

    def wrong(self, words: Words) -> Wrong:
        if is_there(words, self.first) != is_there(words, self.second):
            yield (self.second,), self.message

    def shape(self) -> Json:
        return {"dependentRequired": {self.first: [self.second], self.second: [self.first]}}


@dataclass(frozen=True, slots=True)
class ExactlyOne:
    """Members of which exactly one must be present; reported at `at`, else at the first."""

    words: tuple[str, ...]
    message: str
    at: str | None = None

    def wrong(self, words: Words) -> Wrong:
        if sum(is_there(words, word) for word in self.words) != 1:
            yield (self.at or self.words[0],), self.message

    def shape(self) -> Json:
        return {"oneOf": [{"required": [word]} for word in self.words]}


@dataclass(frozen=True, slots=True)
class AtMostOne:
    """Members of which at most one may be present; reported at `at`, else at the first."""

    words: tuple[str, ...]
    message: str
    at: str | None = None

    def wrong(self, words: Words) -> Wrong:
        if sum(is_there(words, word) for word in self.words) > 1:
            yield (self.at or self.words[0],), self.message

    def shape(self) -> Json:
        return {"not": {"anyOf": [{"required": list(pair)} for pair in combinations(self.words, 2)]}}


@dataclass(frozen=True, slots=True)
class OneFilled:
    """Members of which at least one must have content; reported at the first."""

    words: tuple[str, ...]
    message: str

    def wrong(self, words: Words) -> Wrong:
        if not any(words.get(word) for word in self.words):
            yield (self.words[0],), self.message

    def shape(self) -> Json:
        return {
            "anyOf": [
                {"required": [word], "properties": {word: {"not": {"enum": list(_NOTHING)}}}}
                for word in self.words
            ]
        }


@dataclass(frozen=True, slots=True)
class OneItemHas:
    """A list, or a single section in its place, of which exactly one item has one of these members."""

    word: str
    words: tuple[str, ...]
    message: str

    def wrong(self, words: Words) -> Wrong:
        items = items_of(words, self.word)
        if items and sum(any(is_there(item, word) for word in self.words) for item in items) != 1:
            yield (self.word,), self.message

    def shape(self) -> Json:
        has: Json = {"anyOf": [{"required": [word]} for word in self.words]}
        many: Json = {"contains": has, "maxContains": 1}
        return {"properties": {self.word: {"if": {"type": "array"}, "then": many, "else": has}}}


@dataclass(frozen=True, slots=True)
class Without:
    """Members that must not be present."""

    words: tuple[str, ...]
    message: str

    def wrong(self, words: Words) -> Wrong:
        for word in self.words:
            if is_there(words, word):
                yield (word,), self.message

    def shape(self) -> Json:
        return {"properties": dict.fromkeys(self.words, False)}


@dataclass(frozen=True, slots=True)
class Empty:
    """Members that must be empty if present."""

    words: tuple[str, ...]
    message: str

    def wrong(self, words: Words) -> Wrong:
        for word in self.words:
            if words.get(word):
                yield (word,), self.message

    def shape(self) -> Json:
        return {"properties": {word: {"enum": list(_NOTHING)} for word in self.words}}


@dataclass(frozen=True, slots=True)
class MaxItems:
    """A list with a maximum number of items."""

    word: str
    limit: int
    message: str

    def wrong(self, words: Words) -> Wrong:
        if len(words.get(self.word) or ()) > self.limit:
            yield (self.word,), self.message

    def shape(self) -> Json:
        return {"properties": {self.word: {"maxItems": self.limit}}}


@dataclass(frozen=True, slots=True)
class Among:
    """A member that must have one of these values if present; reported at `at`, else at itself."""

    word: str
    values: tuple[Any, ...]
    message: str
    at: Path = ()

    def wrong(self, words: Words) -> Wrong:
        if self.word in words and words[self.word] not in self.values:
            yield self.at or (self.word,), self.message

    def shape(self) -> Json:
        return {"properties": {self.word: {"enum": list(self.values)}}}


@dataclass(frozen=True, slots=True)
class Typed:
    """A member that must have this type if present, and whose members must have theirs."""

    word: str
    type: str
    message: str
    members: tuple[tuple[str, str | None], ...] = ()

    def wrong(self, words: Words) -> Wrong:
        if self.word in words and not self._fits(words[self.word]):
            yield (self.word,), self.message

    def _fits(self, value: Any) -> bool:
        return isinstance(value, _TYPES[self.type]) and all(
            name in value and (kind is None or isinstance(value[name], _TYPES[kind]))
            for name, kind in self.members
        )

    def shape(self) -> Json:
        found: Json = {"type": self.type}
        if self.members:
            found["required"] = [name for name, _ in self.members]
            found["properties"] = {name: {"type": kind} for name, kind in self.members if kind}
        return {"properties": {self.word: found}}


@dataclass(frozen=True, slots=True)
class OptionList:
    """A list of options if present: each a scalar, or `{value, label}`."""

    word: str
    limit: int
    message: str

    def wrong(self, words: Words) -> Wrong:
        if is_there(words, self.word) and not self._fits(words[self.word]):
            yield (self.word,), self.message

    def _fits(self, value: Any) -> bool:
        return isinstance(value, list) and 0 < len(value) <= self.limit and all(map(_is_option, value))

    def shape(self) -> Json:
        scalar = {"type": ["string", "number", "boolean"]}
        named = {"type": "object", "required": ["value"], "properties": {"value": scalar}}
        found = {"type": "array", "minItems": 1, "maxItems": self.limit, "items": {"anyOf": [scalar, named]}}
        return {"properties": {self.word: found}}


def _is_option(option: Any) -> bool:
    chosen = option.get("value") if isinstance(option, Mapping) else option
    return isinstance(chosen, str | int | float)


@dataclass(frozen=True, slots=True)
class Matches:
    """A member whose text must match a pattern if present."""

    word: str
    pattern: validate.Regexp

    def wrong(self, words: Words) -> Wrong:
        if is_there(words, self.word) and not matches(self.pattern, words[self.word]):
            yield (self.word,), self.message

    @property
    def message(self) -> str:
        return str(self.pattern.error)

    def shape(self) -> Json:
        return {"properties": {self.word: {"pattern": pattern_of(self.pattern)}}}


@dataclass(frozen=True, slots=True)
class NoMemberLike:
    """An object without members whose names match this pattern; reported at `at`, else at the member."""

    word: str
    names: validate.Regexp
    message: str
    at: Path = ()

    def wrong(self, words: Words) -> Wrong:
        for name in words.get(self.word) or ():
            if matches(self.names, name):
                yield self.at or (self.word, name), self.message

    def shape(self) -> Json:
        names = {"not": {"pattern": pattern_of(self.names)}}
        return {"properties": {self.word: {"propertyNames": names}}}


@dataclass(frozen=True, slots=True)
class Unlike:
    """A member whose text must not match this pattern."""

    word: str
    names: validate.Regexp
    message: str

    def wrong(self, words: Words) -> Wrong:
        if is_there(words, self.word) and matches(self.names, words[self.word]):
            yield (self.word,), self.message

    def shape(self) -> Json:
        return {"properties": {self.word: {"not": {"pattern": pattern_of(self.names)}}}}


def any_case(*names: str) -> validate.Regexp:
    """A pattern of these names in both cases: JSON Schema patterns have no flags."""
    spelled = [
        "".join(f"[{char}{char.upper()}]" if char.isalpha() else char for char in name) for name in names
    ]
    return validate.Regexp(rf"(?:{'|'.join(spelled)})\Z")


def matches(pattern: validate.Regexp, text: Any) -> bool:
    """Whether the pattern, anchored at the end of the text, matches it."""
    return pattern.regex.match(text) is not None


def pattern_of(rule: validate.Regexp) -> str:
    """The same pattern for a search, as in JSON Schema; Python matches from the start."""
    return "^" + str(rule.regex.pattern).removesuffix(r"\Z") + "$"
