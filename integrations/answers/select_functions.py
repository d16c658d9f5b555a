"""Functions of `select` beyond JMESPath's own: arithmetic, text, times, settings and inputs. Pure."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any
from urllib.parse import urljoin, urlsplit

from jmespath.functions import Functions, signature

from integrations.answers.moments import Number, epoch_of, sound_number

# Functions whose result depends on the time of the fetch.
TIMED_FUNCTIONS = frozenset({"age_seconds"})
# Functions whose last arguments may be left out, with the most that they take.
MAX_ARGUMENTS = {"round": 2, "percent": 3, "split": 3}
# Written in place of the operators that other languages have.
OPERATORS = {
    "+": "add(a, b)",
    "-": "subtract(a, b)",
    "*": "multiply(a, b)",
    "/": "divide(a, b)",
    # Elsewhere it is the remainder.
    "%": "subtract(a, floor_to(a, b))",
}

_MAX_DIGITS = 15
# Room for every digit of the largest float.
_PRECISE = Context(prec=400)

_NUMBERS: Any = {"types": ["number", "null"]}
_MORE_NUMBERS: Any = {"types": ["number", "null"], "variadic": True}
_TEXT: Any = {"types": ["string", "null"]}
_TIME: Any = {"types": ["string", "number", "null"]}


@dataclass(frozen=True, slots=True)
class SelectContext:
    """What an expression may ask beside the answer. `now` is the time of the fetch in epoch seconds."""

    now: float = 0.0
    config: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)


class SelectFunctions(Functions):
    """The functions that an expression may call. What is missing (null) makes the result null."""

    def __init__(self, context: SelectContext, spend: Callable[[int], None]) -> None:
        """`spend` pays for so many characters that a function makes."""
        self._context = context
        self._spend_characters = spend

    @signature({"types": ["string"]})
    def _func_config(self, name: str) -> Any:
        """The setting's effective value; null where it has none."""
        return self._context.config.get(name)

    @signature({"types": ["string"]})
    def _func_inputs(self, name: str) -> Any:
        """The block's input; null where it has none."""
        return self._context.inputs.get(name)

    @signature({"types": ["array", "null"]}, {"types": ["array", "null"]}, {"types": ["string"]})
    def _func_join_by(self, left: list[Any] | None, right: list[Any] | None, key: str) -> list[Any] | None:
        """The objects of `left`, each with the members of the object of `right` that has the same value of `key`.

        Members of `left` come first. What has no match stays as it is.
        """
        if left is None:
            return None
        matches = {_join_key(item.get(key)): item for item in reversed(right or []) if isinstance(item, dict)}
        matches.pop(None, None)
        joined = [_joined(item, matches, key) for item in left]
        self._spend_characters(sum(len(item) for item in joined if isinstance(item, dict)) * 16)
        return joined

    # -- numbers -------------------------------------------------------------------------------------------------

    @signature(_NUMBERS, _MORE_NUMBERS)
    def _func_add(self, *numbers: Number | None) -> Number | None:
        return _fold(operator.add, numbers)

    @signature(_NUMBERS, _NUMBERS)
    def _func_subtract(self, left: Number | None, right: Number | None) -> Number | None:
        return _fold(operator.sub, (left, right))

    @signature(_NUMBERS, _MORE_NUMBERS)
    def _func_multiply(self, *numbers: Number | None) -> Number | None:
        return _fold(operator.mul, numbers)

    @signature(_NUMBERS, _NUMBERS)
    def _func_divide(self, left: Number | None, right: Number | None) -> Number | None:
        return _fold(_divided, (left, right))

    @signature(_NUMBERS, _MORE_NUMBERS)
    def _func_percent(
        self, part: Number | None, whole: Number | None, digits: Number | None = 1
    ) -> Number | None:
        share = _fold(_divided, (part, whole))
        return _rounded(_fold(operator.mul, (share, 100)), digits)

    @signature(_MORE_NUMBERS)
    def _func_round(self, number: Number | None, digits: Number | None = 0) -> Number | None:
        return _rounded(number, digits)

    @signature(_NUMBERS, _NUMBERS)
    def _func_floor_to(self, number: Number | None, step: Number | None) -> Number | None:
        """The largest multiple of `step` that is not above the number."""
        return _fold(_floored, (number, step))

    # -- text ----------------------------------------------------------------------------------------------------

    @signature(_TEXT)
    def _func_lower(self, text: str | None) -> str | None:
        return None if text is None else text.lower()

    @signature(_TEXT)
    def _func_upper(self, text: str | None) -> str | None:
        return None if text is None else text.upper()

    @signature(_TEXT, {"types": ["string", "number"], "variadic": True})
    def _func_split(self, text: str | None, separator: str, limit: Number = -1) -> list[str] | None:
        """The parts of the text; with `limit` that many cuts at most. Without a separator its characters."""
        cuts = None if isinstance(limit, str) else sound_number(limit)
        if text is None or not isinstance(separator, str) or cuts is None:
            return None
        self._spend_characters(len(text) * 16)
        return text.split(separator, int(max(-1, min(cuts, len(text))))) if separator else list(text)

    @signature(_TEXT, {"types": ["string"]}, {"types": ["string"]})
    def _func_replace(self, text: str | None, old: str, new: str) -> str | None:
        if text is None or not old:
            return text
        self._spend_characters(len(text) + text.count(old) * len(new))
        return text.replace(old, new)

    @signature(_TEXT, _TEXT)
    def _func_join_url(self, base: str | None, reference: str | None) -> str | None:
        """The reference resolved against the base (RFC 3986 section 5); null for what is no http(s) URL."""
        if base is None or reference is None:
            return None
        self._spend_characters(len(base) + len(reference))
        try:
            joined = urljoin(base, reference)
            return joined if urlsplit(joined).scheme in ("http", "https") else None
        except ValueError:
            return None

    # -- times ---------------------------------------------------------------------------------------------------

    @signature(_TIME)
    def _func_to_epoch(self, time: str | Number | None) -> Number | None:
        """Epoch seconds of ISO 8601, an HTTP-date, or an epoch in seconds to nanoseconds; null for anything else."""
        return epoch_of(time)

    @signature(_TIME)
    def _func_to_iso(self, time: str | Number | None) -> str | None:
        """The time in UTC as ISO 8601, to the second."""
        epoch = epoch_of(time)
        if epoch is None:
            return None
        try:
            return datetime.fromtimestamp(math.floor(epoch), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        except (OverflowError, ValueError, OSError):
            return None

    @signature(_TIME)
    def _func_age_seconds(self, time: str | Number | None) -> Number | None:
        """How long ago the time was when the answer was fetched; below zero for a time to come."""
        epoch = epoch_of(time)
        return None if epoch is None else sound_number(math.floor(self._context.now - epoch))


def _join_key(value: Any) -> tuple[bool, str | float] | None:
    """The value as a key that tells true from 1; None for what is neither text nor number."""
    return (isinstance(value, bool), value) if isinstance(value, str | int | float) else None


def _joined(item: Any, matches: Mapping[Any, Mapping[str, Any]], key: str) -> Any:
    if not isinstance(item, dict):
        return item
    return {**matches.get(_join_key(item.get(key)), {}), **item}


def _fold(operation: Callable[[Number, Number], Number | None], numbers: Any) -> Number | None:
    result, *others = (sound_number(number) for number in numbers)
    for number in others:
        if result is None or number is None:
            return None
        try:
            result = sound_number(operation(result, number))
        except OverflowError:
            return None
    return result


def _divided(left: Number, right: Number) -> Number | None:
    return None if right == 0 else left / right


def _floored(number: Number, step: Number) -> Number | None:
    return None if step <= 0 or not math.isfinite(number / step) else math.floor(number / step) * step


def _rounded(number: Number | None, digits: Number | None) -> Number | None:
    """Half away from zero, as people round."""
    sound = sound_number(number)
    if sound is None:
        return None
    places = int(max(-_MAX_DIGITS, min(_MAX_DIGITS, digits or 0)))
    rounded = Decimal(repr(sound)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _PRECISE)
    return sound_number(int(rounded) if places <= 0 else float(rounded))
