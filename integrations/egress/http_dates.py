"""The dates of HTTP's headers: the three forms of RFC 9110 section 5.6.7 and nothing else. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

MAX_DATE_CHARACTERS = 40

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY = "(?:mon|tue|wed|thu|fri|sat|sun)"
_LONG_DAY = "(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
_MONTH = f"(?P<month>{'|'.join(_MONTHS)})"
_TIME = "(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9]|60)"
# A cache compares them without regard to case (RFC 9111 section 4.2).
_FORMS = tuple(
    re.compile(form, re.IGNORECASE | re.ASCII)
    for form in (
        rf"{_DAY}, (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT",
        rf"{_LONG_DAY}, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT",
        rf"{_DAY} {_MONTH} (?P<day>[0-9]{{2}}| [0-9]) {_TIME} (?P<year>[0-9]{{4}})",
    )
)
_FARTHEST_YEARS = 50


def parse_http_date(text: str | None, now: float) -> float | None:
    """The moment in epoch seconds; None for what is no HTTP-date. The day's name is not compared with the date.

    `now` says which century a year of two digits means: the latest that is not more than 50 years ahead.
    """
    if text is None or len(text) > MAX_DATE_CHARACTERS:
        return None
    stripped = text.strip(" \t")
    match = next(filter(None, (form.fullmatch(stripped) for form in _FORMS)), None)
    return _moment(match, now) if match else None


def is_http_date(text: str) -> bool:
    """Whether the text is an HTTP-date, whatever century its year may be of."""
    return parse_http_date(text, _IN_2000) is not None


def _moment(match: re.Match[str], now: float) -> float | None:
    parts = {name: match[name] for name in ("year", "day", "hour", "minute", "second")}
    numbers = {name: int(part) for name, part in parts.items()}
    if len(parts["year"]) == 2:
        numbers["year"] = _full_year(numbers["year"], datetime.fromtimestamp(now, UTC).year)
    # A leap second is the first one of the next minute.
    leap_seconds = max(0, numbers["second"] - 59)
    numbers["second"] -= leap_seconds
    try:
        moment = datetime(month=_MONTHS.index(match["month"].lower()) + 1, tzinfo=UTC, **numbers)
        return (moment + timedelta(seconds=leap_seconds)).timestamp()
    except (ValueError, OverflowError):
        return None


def _full_year(two_digits: int, this_year: int) -> int:
    latest = this_year + _FARTHEST_YEARS
    return latest - (latest - two_digits) % 100


_IN_2000 = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
