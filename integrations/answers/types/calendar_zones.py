"""Time zones that a calendar defines itself (RFC 5545 section 3.6.5), around a window. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from integrations.answers.types.calendar_events import last_local, read_value
from integrations.answers.types.recurrence import BadRuleError, Spend, find_occurrences, read_rule

# Changes are found for this time before the window, so that each zone has one before it.
_BEFORE = timedelta(days=2 * 366)
_AFTER = timedelta(days=366)


class ObservedZone(tzinfo):
    """A zone by the local times at which its offset changes. It converts from local time to UTC only."""

    def __init__(self, name: str, changes: list[tuple[datetime, timedelta]]) -> None:
        self._name = name
        self._changes = sorted(changes)
        self._onsets = [onset for onset, _ in self._changes]

    def utcoffset(self, dt: datetime | None) -> timedelta:
        passed = len(self._onsets) if dt is None else bisect_right(self._onsets, dt.replace(tzinfo=None))
        return self._changes[max(0, passed - 1)][1]

    def dst(self, dt: datetime | None) -> timedelta | None:
        return None

    def tzname(self, dt: datetime | None) -> str:
        return self._name


def named_zone(name: str | None) -> tzinfo | None:
    """The zone of the IANA name; None if there is none."""
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, KeyError, OSError):
        return None


def observed_zone(component: Any, first: datetime, last: datetime, spend: Spend) -> ObservedZone | None:
    """The zone of a VTIMEZONE, right from `first` to `last` (local times); None if it defines no offset."""
    changes: list[tuple[datetime, timedelta]] = []
    for observance in component.subcomponents:
        offset = read_value(observance.get("TZOFFSETTO"), "td")
        start = read_value(observance.get("DTSTART"), "dt")
        if not isinstance(offset, timedelta) or not isinstance(start, datetime):
            continue
        onset = start.replace(tzinfo=None)
        changes.append((onset, offset))
        changes += [(moment, offset) for moment in _onsets(observance, onset, first, last, spend)]
    return ObservedZone(str(component.get("TZID", "")), changes) if changes else None


def _onsets(
    observance: Any, onset: datetime, first: datetime, last: datetime, spend: Spend
) -> Iterable[datetime]:
    rule = observance.get("RRULE")
    if not isinstance(rule, Mapping):
        return []
    until = (rule.get("UNTIL") or [None])[0]
    end = last + _AFTER
    if isinstance(until, date):
        end = min(end, last_local(until))
    try:
        return list(find_occurrences(read_rule(rule), onset, first - _BEFORE, end, spend))
    except BadRuleError:
        return []
