"""The parts of an iCalendar file that can matter in a window, found without parsing the rest. Pure.

A calendar has thousands of events, of which a window shows some, and a full parse takes a millisecond for each. So this
reads lines only: it drops events that end before the window or begin after it, and lines that nobody asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

MAX_LINES = 1_000_000
MAX_EVENTS = 2_000
MAX_ZONES = 50
MAX_COMPONENT_LINES = 200
MAX_LINE_CHARACTERS = 16_384
MAX_CHARACTERS = 2 * 1024 * 1024

_FOLD = re.compile(r"\r?\n[ \t]")
_NAME = re.compile(r"([A-Za-z-]{1,40})[;:]")
_DATE = re.compile(r"[0-9]{8}")
_UNTIL = re.compile(r"UNTIL=([0-9]{8})", re.IGNORECASE)
_EVENT_LINES = frozenset(
    {"UID", "SUMMARY", "DESCRIPTION", "LOCATION", "URL", "STATUS", "CATEGORIES"}
    | {"DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID"}
)
_ZONE_LINES = frozenset({"TZID", "DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "RRULE", "RDATE"})
_TEXT_LINES = frozenset({"SUMMARY", "DESCRIPTION", "LOCATION"})
# The local dates of an instant differ by a day at most; one more for events without an end.
_MARGIN = timedelta(days=2)


class CalendarRefusedError(ValueError):
    """The file is no calendar, or has too much in the window."""


@dataclass(frozen=True, slots=True)
class CalendarParts:
    """The components that may matter, each as text to parse, and the calendar's own time zone."""

    events: tuple[str, ...]
    zones: tuple[str, ...]
    zone_name: str | None


def read_parts(text: str, first: date, last: date) -> CalendarParts:
    """The parts that may matter from `first` to `last`. Raises CalendarRefusedError."""
    if text.count("\n") > MAX_LINES:
        raise CalendarRefusedError("too many lines")
    lines = _FOLD.sub("", text).splitlines()
    if "BEGIN:VCALENDAR" not in (line.strip().upper() for line in lines[:20]):
        raise CalendarRefusedError("no VCALENDAR")
    events, zones, zone_name = [], [], None
    size = 0
    for kind, component in _components(lines):
        if kind == "X-WR-TIMEZONE":
            zone_name = zone_name or component[0]
            continue
        if kind == "VEVENT" and not _may_matter(component, first, last):
            continue
        (events if kind == "VEVENT" else zones).append("\r\n".join(component) + "\r\n")
        size += sum(map(len, component))
        if len(events) > MAX_EVENTS or len(zones) > MAX_ZONES or size > MAX_CHARACTERS:
            raise CalendarRefusedError("too many events in the window")
    return CalendarParts(tuple(events), tuple(zones), zone_name)


def _components(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """The events and time zones with the lines that matter, without what is nested in an event."""
    kind, found, depth = "", list[str](), 0
    for line in lines:
        upper = line[:40].strip().upper()
        if not kind:
            if upper in ("BEGIN:VEVENT", "BEGIN:VTIMEZONE"):
                kind, found, depth = upper.removeprefix("BEGIN:"), [upper], 0
            elif upper.startswith("X-WR-TIMEZONE:"):
                yield "X-WR-TIMEZONE", [line.partition(":")[2].strip()]
        elif upper == f"END:{kind}":
            yield kind, [*found, upper]
            kind = ""
        elif upper.startswith(("BEGIN:", "END:")):
            depth += 1 if upper.startswith("BEGIN:") else -1
            if kind == "VTIMEZONE":
                found.append(upper)
        elif kind == "VTIMEZONE" or depth == 0:
            _keep(kind, line, found)


def _keep(kind: str, line: str, found: list[str]) -> None:
    match = _NAME.match(line)
    name = match[1].upper() if match else ""
    if name not in (_EVENT_LINES if kind == "VEVENT" else _ZONE_LINES):
        return
    if len(line) > MAX_LINE_CHARACTERS:
        if name not in _TEXT_LINES:
            raise CalendarRefusedError("a line that is too long")
        line = line[:MAX_LINE_CHARACTERS].rstrip("\\")
    found.append(line)
    if len(found) > MAX_COMPONENT_LINES:
        raise CalendarRefusedError("a component with too many lines")


def _may_matter(component: list[str], first: date, last: date) -> bool:
    """Whether the event may have a part in the window, or changes one that has."""
    values: dict[str, str] = {}
    for line in component:
        match = _NAME.match(line)
        if match:
            values.setdefault(match[1].upper(), line)
    start = _date_of(values.get("DTSTART"))
    if start is None:
        return False
    if "RECURRENCE-ID" in values and "RANGE=" not in values["RECURRENCE-ID"].upper():
        changed = _date_of(values["RECURRENCE-ID"])
        return _is_between(start, start, first, last) or (
            changed is not None and _is_between(changed, changed, first, last)
        )
    if values.keys() & {"RRULE", "RDATE", "RECURRENCE-ID", "DURATION"}:
        until = _UNTIL.search(values.get("RRULE", "")) if "RDATE" not in values else None
        # An occurrence may last longer than the rule.
        lasting = (_date_of(values.get("DTEND")) or start) - start
        is_over = until is not None and "DURATION" not in values and _is_before(until[1], lasting, first)
        return start <= last + _MARGIN and not is_over
    return _is_between(start, _date_of(values.get("DTEND")) or start, first, last)


def _is_before(until: str, lasting: timedelta, first: date) -> bool:
    end = _parsed(until)
    return end is not None and lasting.days < 3660 and end + max(lasting, timedelta(0)) + _MARGIN < first


def _is_between(start: date, end: date, first: date, last: date) -> bool:
    return start <= last + _MARGIN and end >= first - _MARGIN


def _date_of(line: str | None) -> date | None:
    match = _DATE.search(line.rpartition(":")[2]) if line else None
    return _parsed(match[0]) if match else None


def _parsed(digits: str) -> date | None:
    try:
        found = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
    # Room to add and subtract.
    return found if 2 <= found.year <= 9990 else None
