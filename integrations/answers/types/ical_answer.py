"""`response_type: ical`: the events of a calendar (RFC 5545) in a window of days."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from importlib import import_module
from typing import Any

from integrations.answers.types.calendar_events import Span, list_events, read_entry
from integrations.answers.types.calendar_source import CalendarParts, CalendarRefusedError, read_parts
from integrations.answers.types.calendar_window import CalendarWindow
from integrations.answers.types.calendar_zones import named_zone, observed_zone
from integrations.answers.types.charset import decode_text
from integrations.answers.types.received import JSON_TYPE, Parsed, Received, unparsable, wrong_type
from schemas.manifests.words import DEFAULT_DAYS

MAX_EVENTS = 1_000
# Days and times that are looked at to expand recurrences.
MAX_STEPS = 300_000
# More than are shown may be found, because they are found series by series.
_MAX_FOUND = 20_000
_DEFAULT = CalendarWindow(DEFAULT_DAYS, 0)


def parse_ical(received: Received) -> Parsed:
    """The events from now on as a list, in order of their start, at most 1,000.

    Each is `{uid, title, start, end, all_day, location, description, url, status, categories, recurring}`.
    Recurrences are expanded, cancelled events left out. Times are ISO 8601, in UTC or in the declared time zone; those
    of all-day events are dates, the end excluded.
    """
    if received.is_html or received.is_json or received.is_media:
        raise wrong_type("a calendar", received)
    text = decode_text(received.body, received.charset)
    window = received.reading.calendar or _DEFAULT
    try:
        return Parsed(_events(text, window, received), JSON_TYPE, "json")
    except CalendarRefusedError as error:
        raise unparsable("a calendar", f"it has {error}", received) from None


def _events(text: str, window: CalendarWindow, received: Received) -> list[dict[str, Any]]:
    first, last = window.bounds(received.now)
    parts = read_parts(text, first.date(), last.date())
    allowance = _Allowance(MAX_STEPS)
    default = window.zone or named_zone(parts.zone_name) or received.zone
    span = Span(
        first,
        last,
        _zones(parts, first.replace(tzinfo=None), last.replace(tzinfo=None), allowance),
        default,
        window.zone or UTC,
    )
    event_type = import_module("icalendar").Event
    entries = (read_entry(_parsed(event_type, source), span) for source in parts.events)
    found = []
    for moment_and_event in list_events((entry for entry in entries if entry is not None), span, allowance):
        found.append(moment_and_event)
        if len(found) > _MAX_FOUND:
            raise CalendarRefusedError("too many events in the window")
    found.sort(key=lambda item: item[0])
    return [event for _, event in found[:MAX_EVENTS]]


def _zones(parts: CalendarParts, first: datetime, last: datetime, allowance: _Allowance) -> dict[str, tzinfo]:
    """The zones that the calendar defines itself, by their names."""
    if not parts.zones:
        return {}
    zone_type = import_module("icalendar").Timezone
    components = [_parsed(zone_type, source) for source in parts.zones]
    zones = ((str(item.get("TZID", "")), observed_zone(item, first, last, allowance)) for item in components)
    return {name: zone for name, zone in zones if zone is not None}


def _parsed(component_type: Any, source: str) -> Any:
    """One component. Lines that cannot be read are left out by the library, or else the whole component is."""
    try:
        return component_type.from_ical(source)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError):
        return component_type()


class _Allowance:
    """The steps that are left for one calendar."""

    def __init__(self, steps: int) -> None:
        self._steps = steps

    def __call__(self, cost: int) -> None:
        self._steps -= cost
        if self._steps < 0:
            raise CalendarRefusedError("recurrences that take too long")
