"""Times and numbers as providers write them. Pure."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

Number = int | float

_MAX_INTEGER = 2**63 - 1
_MAX_FLOAT = 10**300
_MAX_TIME_CHARACTERS = 64
# Epochs in milliseconds, microseconds and nanoseconds lie beyond the year 5138 when they are read as seconds.
_EPOCH_UNITS = (1e11, 1e14, 1e17)
_NUMBER = re.compile(r"[+-]?[0-9]{1,19}(?:\.[0-9]{1,9})?(?:[eE][+-]?[0-9]{1,2})?")
# What fromisoformat does not take: fractions of a second beyond microseconds.
_LONG_FRACTION = re.compile(r"(\.[0-9]{6})[0-9]+")


def epoch_of(time: Any) -> Number | None:
    """Epoch seconds of a time as providers write it; None for what is none. Without an offset it is taken as UTC."""
    if isinstance(time, str):
        text = time.strip()
        if len(text) > _MAX_TIME_CHARACTERS:
            return None
        if not _NUMBER.fullmatch(text):
            return _epoch_of_text(text)
        time = int(text) if text.lstrip("+-").isdigit() else float(text)
    if not isinstance(time, int | float) or isinstance(time, bool):
        return None
    sound = sound_number(time)
    if sound is None:
        return None
    units = sum(abs(sound) >= bound for bound in _EPOCH_UNITS)
    return sound_number(sound / 1000**units if units else sound)


def _epoch_of_text(text: str) -> Number | None:
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(_LONG_FRACTION.sub(r"\1", text))
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return sound_number(moment.timestamp())
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def sound_number(number: Number | None) -> Number | None:
    """The number as JSON can hold it: whole ones without a fraction, none beyond what a reader can take."""
    if number is None or (isinstance(number, float) and not math.isfinite(number)):
        return None
    if isinstance(number, float) and number.is_integer() and abs(number) < 2**53:
        return int(number)
    if isinstance(number, int) and abs(number) > _MAX_INTEGER:
        return float(number) if abs(number) < _MAX_FLOAT else None
    return number
