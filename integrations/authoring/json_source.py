"""JSON (RFC 8259) with positions. A repeated name in an object is refused."""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from typing import Any, NoReturn

from integrations.authoring.source_map import MAX_DEPTH, Path, Position, Source, SourceError
from integrations.json.json_limits import SizeLimits, ValueTooBigError, measure_value

_BLANK = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_SCALAR = re.compile(r"[^\s,\]}]+")


class _RepeatedNameError(ValueError):
    """An object has a repeated name. The reader for positions finds its place."""


def read_json(text: str) -> Source:
    """The value of a JSON text. Raises SourceError with the position of the error."""
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_float=_finite, parse_constant=_refuse_constant
        )
        measure_value(value, SizeLimits(depth=MAX_DEPTH + 1))
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise SourceError(f"Not JSON: {error.msg}.", Position(error.lineno, error.colno)) from None
    except _RepeatedNameError:
        _Positions(text).find()
        raise
    except UnicodeEncodeError:
        raise SourceError("A string contains half of a surrogate pair.") from None
    except (RecursionError, ValueTooBigError):
        raise SourceError("Nested too deeply.") from None
    except ValueError as error:
        raise SourceError(str(error)) from None
    return Source(value, lambda: _Positions(text).find())


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _RepeatedNameError
    return value


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large for a number.")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value.")


class _Positions:
    """A walk over a text that is valid JSON, except for repeated names."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._found: dict[Path, Position] = {}

    def find(self) -> dict[Path, Position]:
        start = self._skip(0)
        self._found[()] = self._position(start)
        self._value(start, ())
        return self._found

    def _value(self, at: int, path: Path) -> int:
        """Records the positions inside the value that begins here. Returns its end."""
        if len(path) > MAX_DEPTH:
            raise SourceError("Nested too deeply.", self._position(at))
        character = self._text[at]
        if character == "{":
            return self._members(at, path)
        if character == "[":
            return self._elements(at, path)
        match = (_STRING if character == '"' else _SCALAR).match(self._text, at)
        return match.end() if match else at + 1

    def _members(self, at: int, path: Path) -> int:
        at = self._skip(at + 1)
        while self._text[at] != "}":
            match = _STRING.match(self._text, at)
            written = match[0] if match else '""'
            name = json.loads(written)
            inside = (*path, name)
            if inside in self._found:
                raise SourceError(f"`{name[:80]}` occurs twice in one object.", self._position(at))
            self._found[inside] = self._position(at)
            colon = self._skip(at + len(written))
            at = self._after_item(self._value(self._skip(colon + 1), inside))
        return at + 1

    def _elements(self, at: int, path: Path) -> int:
        at, index = self._skip(at + 1), 0
        while self._text[at] != "]":
            inside = (*path, index)
            self._found[inside] = self._position(at)
            at, index = self._after_item(self._value(at, inside)), index + 1
        return at + 1

    def _after_item(self, at: int) -> int:
        at = self._skip(at)
        return self._skip(at + 1) if self._text[at] == "," else at

    def _skip(self, at: int) -> int:
        match = _BLANK.match(self._text, at)
        return match.end() if match else at

    def _position(self, at: int) -> Position:
        line = bisect_right(self._line_starts, at)
        return Position(line, at - self._line_starts[line - 1] + 1)
