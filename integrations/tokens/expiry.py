"""When a token expires, as providers report it. Pure; times are epoch seconds, None without a usable value."""

from __future__ import annotations

import math
from typing import Any

from integrations.answers.moments import epoch_of

MAX_LIFE_SECONDS = 10 * 366 * 86400.0
CLOCK_DIFFERENCE_SECONDS = 86400.0


def expires_after(seconds: Any, now: float) -> float | None:
    """The expiry from a lifetime in seconds, a number or a numeric string. Zero and less are ignored."""
    number = _number(seconds)
    return now + min(number, MAX_LIFE_SECONDS) if number is not None and number > 0 else None


def expires_at(moment: Any, now: float) -> float | None:
    """The expiry at a moment, as `epoch_of` reads it. A past moment only shows that the clocks differ: None."""
    at = epoch_of(moment)
    return min(at, now + MAX_LIFE_SECONDS) if at is not None and at > now else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
