"""Text from an answer as a value of a declared type. Pure."""

from __future__ import annotations

import math
import re
from typing import Any, Literal

TextType = Literal["text", "number", "integer", "boolean"]

_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,3})?")
_TRUE = frozenset({"true", "yes", "on", "1", "enabled", "active"})
_FALSE = frozenset({"false", "no", "off", "0", "disabled", "inactive"})


def typed_text(text: str, type_name: TextType) -> Any:
    """The value of the text, without white space around it; None for what is no value of that type."""
    trimmed = text.strip()
    if type_name == "text":
        return trimmed
    if type_name == "boolean":
        word = trimmed.lower()
        return True if word in _TRUE else False if word in _FALSE else None
    return _number(trimmed, is_whole=type_name == "integer")


def _number(text: str, *, is_whole: bool) -> int | float | None:
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    if not math.isfinite(number):
        return None
    if number.is_integer() and abs(number) < 2**53:
        return int(number)
    return None if is_whole else number
