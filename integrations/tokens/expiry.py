"""When a token expires, as providers report it. Pure; times are epoch seconds, None without a usable value."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

MAX_LIFE_SECONDS = 10 * 366 * 86400.0
CLOCK_DIFFERENCE_SECONDS = 86400.0
_MILLISECONDS_FROM = 1e11


def expires_after(seconds: Any, now: float) -> float | None:
    """The expiry from a lifetime in seconds, a number or a numeric string. Zero and less are ignored."""
    number = _number(seconds)
    return now + min(number, MAX_LIFE_SECONDS) if number is not None and number > 0 else None


def expires_at(moment: Any, now: float) -> float | None:
    """The expiry at a moment, as `moment_of` reads it. A past moment only shows that the clocks differ: None."""
    at = moment_of(moment)
    return min(at, now + MAX_LIFE_SECONDS) if at is not None and at > now else None


def moment_of(moment: Any) -> float | None:
    """A moment given in epoch seconds, epoch milliseconds, ISO 8601 (UTC without an offset) or as an HTTP date."""
    number = _number(moment)
    if number is not None:
        return number / 1000 if number >= _MILLISECONDS_FROM else number
    return _parse_moment(moment.strip()) if isinstance(moment, str) else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _parse_moment(text: str) -> float | None:
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None
