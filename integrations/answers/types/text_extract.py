"""`extract` and `lines` of `response_type: text`: an object made of a text, in bounded time. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from integrations.answers.re2_patterns import compile_re2
from integrations.answers.types.typed_text import TextType, typed_text

MAX_MATCHES = 10_000
MAX_LINES = 50_000
# RE2 is linear in the length of the text times the size of the program: 11 ns each at worst.
MAX_PROGRAM_SIZE = 500
MAX_WORK = 200_000_000
_SEARCH_WORK = 5_000
_SEPARATORS = (":", "=")


class TooMuchTextError(ValueError):
    """The text is too long for these patterns, or yields too many values."""


@dataclass(frozen=True, slots=True)
class TextPattern:
    """A compiled RE2 pattern. What it finds is its first group, or the whole match without one."""

    text: str
    program_size: int
    _regexp: Any = field(repr=False, compare=False)

    def find(self, data: bytes) -> str | None:
        """The first finding in UTF-8 text; None if nothing matches, or the group takes no part."""
        match = self._regexp.search(data)
        return None if match is None else _finding(match)

    def find_all(self, line: bytes, spend: Callable[[int], None]) -> list[str]:
        """All findings in one line. `spend` pays for each search, which may read to the end of the line."""
        found = []
        cost = _SEARCH_WORK + len(line) * self.program_size
        spend(cost)
        for match in self._regexp.finditer(line):
            spend(cost)
            if (text := _finding(match)) is not None:
                found.append(text)
        return found


def compile_text_pattern(text: str) -> TextPattern:
    """The pattern. `ValueError` says why it is invalid."""
    regexp = compile_re2(text)
    if regexp.programsize > MAX_PROGRAM_SIZE:
        raise ValueError("too large when compiled: shorten its repetitions, such as `{1,100}`")
    return TextPattern(text, regexp.programsize, regexp)


@dataclass(frozen=True, slots=True)
class TextField:
    """One value of `extract`."""

    name: str
    pattern: TextPattern
    type: TextType = "text"
    takes_all: bool = False


@dataclass(frozen=True, slots=True)
class TextExtract:
    """The declared values of a text."""

    fields: tuple[TextField, ...]

    def read(self, text: str) -> dict[str, Any]:
        """The object of all values: null for a pattern that does not match, a list for one that takes all matches.

        Raises TooMuchTextError.
        """
        data = text.encode(errors="replace")
        budget = _Budget(MAX_WORK, MAX_MATCHES)
        return {item.name: _value(item, data, budget) for item in self.fields}


@dataclass(frozen=True, slots=True)
class TextLines:
    """Lines of `key separator value`. Without a separator, the first `:` or `=` of a line separates."""

    separator: str | None = None

    def read(self, text: str) -> dict[str, str]:
        """The values by key, both without white space around them. Of a repeated key the last one counts.

        Lines without a separator or a key are ignored. Raises TooMuchTextError.
        """
        lines = text.splitlines()
        if len(lines) > MAX_LINES:
            raise TooMuchTextError
        pairs = (self._split(line) for line in lines)
        return {key.strip(): value.strip() for key, value in pairs if key.strip()}

    def _split(self, line: str) -> tuple[str, str]:
        separator = self.separator or _first_separator(line)
        key, found, value = line.partition(separator)
        return (key, value) if found else ("", "")


def _first_separator(line: str) -> str:
    places = [(place, mark) for mark in _SEPARATORS if (place := line.find(mark)) >= 0]
    return min(places)[1] if places else _SEPARATORS[0]


class _Budget:
    """The work that is left for one text."""

    def __init__(self, work: int, matches: int) -> None:
        self._work = work
        self._matches = matches

    def spend(self, work: int) -> None:
        self._work -= work
        if self._work < 0:
            raise TooMuchTextError

    def count(self, matches: int) -> None:
        self._matches -= matches
        if self._matches < 0:
            raise TooMuchTextError


def _value(item: TextField, data: bytes, budget: _Budget) -> Any:
    if item.takes_all:
        return [typed_text(text, item.type) for text in _all_findings(item.pattern, data, budget)]
    budget.spend(len(data) * item.pattern.program_size)
    found = item.pattern.find(data)
    return None if found is None else typed_text(found, item.type)


def _all_findings(pattern: TextPattern, data: bytes, budget: _Budget) -> list[str]:
    # Line by line: over a whole text, each of many matches may read to its end.
    found: list[str] = []
    for line in data.splitlines():
        texts = pattern.find_all(line, budget.spend)
        budget.count(len(texts))
        found += texts
    return found


def _finding(match: Any) -> str | None:
    found = match.group(1 if match.re.groups else 0)
    return None if found is None else found.decode("utf-8", "replace")
