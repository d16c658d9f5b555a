"""Events of a calendar as JSON: recurrences expanded, changed and cancelled ones in their place. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from integrations.answers.types.recurrence import BadRuleError, Spend, find_occurrences, read_rule

MAX_TEXT_CHARACTERS = 10_000
_DAY = timedelta(days=1)
_MAX_DURATION = timedelta(days=3660)
_MARGIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """The window, and the zones of the calendar: `default` for times without one, `shown` to write times in."""

    first: datetime
    last: datetime
    zones: Mapping[str, tzinfo]
    default: tzinfo
    shown: tzinfo


@dataclass(frozen=True, slots=True)
class Moment:
    """A time of a calendar: local, with its zone, or a whole day."""

    local: datetime
    zone: tzinfo
    is_day: bool

    @property
    def instant(self) -> datetime:
        return self.local.replace(tzinfo=self.zone).astimezone(UTC)

    def at(self, local: datetime) -> Moment:
        return Moment(local, self.zone, self.is_day)

    def shown(self, zone: tzinfo) -> str:
        if self.is_day:
            return self.local.date().isoformat()
        text = self.instant.astimezone(zone).isoformat(timespec="seconds")
        return text.replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Entry:
    """A VEVENT whose start can be read. `replaces` is the occurrence that it stands for."""

    component: Any
    start: Moment
    duration: timedelta
    replaces: Moment | None
    is_from_then_on: bool
    is_cancelled: bool

    @property
    def uid(self) -> str:
        return str(self.component.get("UID", id(self.component)))


def read_entry(component: Any, span: Span) -> Entry | None:
    """The event; None without a start that can be read."""
    start = _moment(component.get("DTSTART"), span)
    if start is None:
        return None
    replaced = component.get("RECURRENCE-ID")
    params = read_value(replaced, "params") or {}
    return Entry(
        component,
        start,
        _duration(component, start, span),
        _moment(replaced, span),
        str(params.get("RANGE", "")).upper() == "THISANDFUTURE",
        str(component.get("STATUS", "")).upper() == "CANCELLED",
    )


def list_events(
    entries: Iterable[Entry], span: Span, spend: Spend
) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Every event in the window with its instant, in no order. `spend` pays for what is looked at."""
    masters: list[Entry] = []
    changes: dict[str, dict[datetime, Entry]] = {}
    for entry in entries:
        if entry.replaces is None:
            masters.append(entry)
        else:
            changes.setdefault(entry.uid, {})[entry.replaces.instant] = entry
    for master in masters:
        yield from _of_series(master, changes.get(master.uid, {}), span, spend)
    for by_instant in changes.values():
        for entry in by_instant.values():
            yield from _shown(entry, entry.start, entry.duration, span, is_recurring=True)


def _of_series(
    master: Entry, changes: Mapping[datetime, Entry], span: Span, spend: Spend
) -> Iterator[tuple[datetime, dict[str, Any]]]:
    if master.is_cancelled:
        return
    later = sorted((instant, entry) for instant, entry in changes.items() if entry.is_from_then_on)
    is_recurring = bool(master.component.keys() & {"RRULE", "RDATE"})
    for local in _starts(master, span, spend):
        moment = master.start.at(local)
        instant = moment.instant
        if instant in changes:
            continue
        valid = next((entry for since, entry in reversed(later) if since <= instant), None)
        if valid is None or valid.replaces is None:
            yield from _shown(master, moment, master.duration, span, is_recurring=is_recurring)
        else:
            moved = valid.start.at(local + (valid.start.local - valid.replaces.local))
            yield from _shown(valid, moved, valid.duration, span, is_recurring=True)


def _starts(master: Entry, span: Span, spend: Spend) -> list[datetime]:
    """The local starts of a series that may be in the window, without the excluded ones."""
    first = _local(span.first) - _MARGIN - max(master.duration, _DAY)
    last = _local(span.last) + _MARGIN
    component, start = master.component, master.start
    found = {start.local} if not isinstance(component.get("RRULE"), Mapping) else set[datetime]()
    for rule in _many(component.get("RRULE")):
        found.update(_of_rule(rule, master, first, last, spend))
    found.update(
        moment.local for moment in _dates(component.get("RDATE"), span) if first <= moment.local <= last
    )
    excluded = _dates(component.get("EXDATE"), span)
    spend(len(excluded))
    days = {moment.local.date() for moment in excluded if moment.is_day}
    instants = {moment.instant for moment in excluded if not moment.is_day}
    return sorted(
        local for local in found if local.date() not in days and start.at(local).instant not in instants
    )


def _of_rule(rule: Any, master: Entry, first: datetime, last: datetime, spend: Spend) -> Iterator[datetime]:
    if not isinstance(rule, Mapping):
        return
    until = (rule.get("UNTIL") or [None])[0]
    end = last
    if isinstance(until, date):
        end = min(end, last_local(until))
    try:
        for local in find_occurrences(read_rule(rule), master.start.local, first, end, spend):
            if not _is_after(master.start.at(local), until):
                yield local
    except BadRuleError:
        return


def last_local(until: date) -> datetime:
    """A local time that is not before UNTIL in any zone."""
    if not isinstance(until, datetime):
        return datetime.combine(until, time(23, 59, 59))
    last = until.replace(tzinfo=None)
    # Some calendars write the last day that there is.
    return last + _MARGIN if last.year < MAXYEAR else last


def _is_after(moment: Moment, until: Any) -> bool:
    if not isinstance(until, datetime):
        return False
    if until.tzinfo is None:
        return moment.local > until
    return (moment.local > until.replace(tzinfo=None)) if moment.is_day else moment.instant > until


def _shown(
    entry: Entry, start: Moment, duration: timedelta, span: Span, *, is_recurring: bool
) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """The event, unless it is cancelled or not in the window."""
    end = start.at(start.local + duration)
    is_over = end.instant <= span.first and start.instant < span.first
    if entry.is_cancelled or is_over or start.instant >= span.last:
        return
    component = entry.component
    yield (
        start.instant,
        {
            "uid": _text(component.get("UID")),
            "title": _text(component.get("SUMMARY")),
            "start": start.shown(span.shown),
            "end": end.shown(span.shown),
            "all_day": start.is_day,
            "location": _text(component.get("LOCATION")),
            "description": _text(component.get("DESCRIPTION")),
            "url": _text(component.get("URL")),
            "status": (_text(component.get("STATUS")) or "CONFIRMED").lower(),
            "categories": _categories(component.get("CATEGORIES")),
            "recurring": is_recurring,
        },
    )


# -- values ----------------------------------------------------------------------------------------------------------


def read_value(prop: Any, name: str) -> Any:
    """A property's value; None for a missing property, and for one that the library could not read."""
    try:
        return getattr(prop, name, None)
    except ValueError:
        return None


def _moment(value: Any, span: Span) -> Moment | None:
    found = read_value(value, "dt")
    return _as_moment(found, read_value(value, "params") or {}, span)


def _as_moment(found: Any, params: Mapping[str, Any], span: Span) -> Moment | None:
    if isinstance(found, tuple):
        found = found[0]
    if not isinstance(found, date) or not 2 <= found.year <= 9990:
        return None
    if not isinstance(found, datetime):
        return Moment(datetime.combine(found, time()), span.default, is_day=True)
    zone = found.tzinfo or span.zones.get(str(params.get("TZID", ""))) or span.default
    return Moment(found.replace(tzinfo=None), zone, is_day=False)


def _dates(value: Any, span: Span) -> list[Moment]:
    found = []
    for dates in _many(value):
        params = read_value(dates, "params") or {}
        moments = (_as_moment(item.dt, params, span) for item in read_value(dates, "dts") or ())
        found += [moment for moment in moments if moment is not None]
    return found


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _duration(component: Any, start: Moment, span: Span) -> timedelta:
    end = _moment(component.get("DTEND"), span)
    given = read_value(component.get("DURATION"), "dt")
    found = _DAY if start.is_day else timedelta(0)
    if isinstance(given, timedelta):
        found = given
    elif end is not None and end.is_day == start.is_day:
        same_zone = end.is_day or end.zone == start.zone
        found = end.local - start.local if same_zone else end.instant - start.instant
    return min(max(found, _DAY if start.is_day else timedelta(0)), _MAX_DURATION)


def _local(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def _text(value: Any) -> str | None:
    if isinstance(value, list):
        value = value[0]
    text = str(value)[:MAX_TEXT_CHARACTERS].strip() if value is not None else ""
    return text or None


def _categories(value: Any) -> list[str]:
    names = [str(name) for item in _many(value) for name in read_value(item, "cats") or ()]
    return list(dict.fromkeys(name.strip() for name in names if name.strip()))[:20]
