"""Random markers in place of values, found again in the built request. Pure except for random numbers."""

from __future__ import annotations

import secrets
from typing import NamedTuple

_PREFIX_BYTES = 12
_INDEX_DIGITS = 4


class Marker(NamedTuple):
    """A marker for a value. `answers` are the secrets that it stands for; none for other values."""

    answers: tuple[str, ...]


class Markers:
    """The markers of one request. Only lower-case letters and digits, so that every encoder leaves them unchanged."""

    def __init__(self) -> None:
        # Callers cannot know it, so they cannot forge a marker.
        self.prefix = "pb" + secrets.token_hex(_PREFIX_BYTES)
        self._markers: list[Marker] = []
        self.other = self.of()

    def of(self, *answers: str) -> str:
        """A marker text for a value that stands for these secrets."""
        self._markers.append(Marker(answers))
        return f"{self.prefix}{len(self._markers) - 1:0{_INDEX_DIGITS}x}"

    def parts(self, text: str) -> list[str | Marker]:
        """The text in order, split into markers and other text."""
        first, *rest = text.split(self.prefix)
        found: list[str | Marker] = [first]
        for piece in rest:
            found += [self._markers[int(piece[:_INDEX_DIGITS], 16)], piece[_INDEX_DIGITS:]]
        return found

    def within(self, text: str) -> list[Marker]:
        """The markers in the text."""
        return [part for part in self.parts(text) if isinstance(part, Marker)] if self.prefix in text else []

    def alone(self, text: str) -> str:
        """Only the text's markers."""
        return "".join(self.prefix + piece[:_INDEX_DIGITS] for piece in text.split(self.prefix)[1:])
