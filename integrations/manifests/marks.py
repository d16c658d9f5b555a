"""Random texts in the place of values, found again in whatever was made of them. Pure but for the random numbers."""

from __future__ import annotations

import secrets
from typing import NamedTuple

_PREFIX_BYTES = 12
_INDEX_DIGITS = 4


class Mark(NamedTuple):
    """Where a marked value stood. `answers` are the secrets that answer for its going there: none for other values."""

    answers: tuple[str, ...]


class Marks:
    """The marks of one request. Lower-case letters and digits, so that every encoder leaves them as they are."""

    def __init__(self) -> None:
        # Nobody who gives a value to the request can know it, so nobody can make a mark look like another.
        self.prefix = "pb" + secrets.token_hex(_PREFIX_BYTES)
        self._marks: list[Mark] = []
        self.other = self.of()

    def of(self, *answers: str) -> str:
        """A text in the place of a value for which these secrets answer."""
        self._marks.append(Mark(answers))
        return f"{self.prefix}{len(self._marks) - 1:0{_INDEX_DIGITS}x}"

    def parts(self, text: str) -> list[str | Mark]:
        """The text in its order, marks between what is none."""
        first, *rest = text.split(self.prefix)
        found: list[str | Mark] = [first]
        for piece in rest:
            found += [self._marks[int(piece[:_INDEX_DIGITS], 16)], piece[_INDEX_DIGITS:]]
        return found

    def within(self, text: str) -> list[Mark]:
        """The marks in the text."""
        return [part for part in self.parts(text) if isinstance(part, Mark)] if self.prefix in text else []

    def alone(self, text: str) -> str:
        """The text's marks without anything else of it."""
        return "".join(self.prefix + piece[:_INDEX_DIGITS] for piece in text.split(self.prefix)[1:])
