"""Cron lines: parsed once, then asked for the next time. Pure except for the machine's own time zone."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from plugin_store.time_zones import machine_zone
from schemas.rules.time_zones import UNKNOWN_ZONE, is_time_zone

LAST_FIELD = 4
HOUR_FIELD = 1
DAY_OF_MONTH_FIELD = 2
DAY_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
DAYS = re.compile(r"(?:\*|(?P<first>[0-7]|[a-z]{3})(?:-(?P<last>[0-7]|[a-z]{3}))?)(?:/(?P<step>[1-7]))?")
# A leap year, so that the 29th of February is a valid day.
LEAP_YEAR = 2028
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A cron line in a time zone; None is the machine's own.

    Clock changes are handled as in cron: a skipped time of day runs when the clock jumps over it, a repeated one runs
    once, and a line for every hour continues with real time.
    """

    line: str
    timezone: str | None
    zone: tzinfo = field(repr=False, compare=False)
    triggers: tuple[CronTrigger, ...] = field(repr=False, compare=False)
    """Over the faces of clocks, which are handed in as if they were UTC: APScheduler loses days where clocks change."""

    def next_after(self, moment: float) -> float:
        """The first time of the schedule after `moment`; both are epoch seconds."""
        find = (
            self._next_as_time_passes if self.line.split()[HOUR_FIELD].startswith("*") else self._next_of_day
        )
        return min(find(trigger, moment) for trigger in self.triggers)

    def _next_of_day(self, trigger: CronTrigger, moment: float) -> float:
        face = _face(moment, self.zone)
        while True:
            face = _next_face(trigger, face)
            # While a repeated hour runs the second time, the first match is in the past.
            if (found := _moment_of(face, self.zone)) > moment:
                return found

    def _next_as_time_passes(self, trigger: CronTrigger, moment: float) -> float:
        face = _face(moment, self.zone)
        while True:
            passing = _next_face(trigger, face) - face
            # Cron has whole minutes, and time zones differ by whole seconds.
            found = float(round(moment + passing.total_seconds()))
            if _face(found, self.zone) == face + passing:
                return found
            # The clock changes before that: continue from the change, including its moment.
            moment = _change_between(moment, found, self.zone)
            face = _face(moment, self.zone) - MICROSECOND
            moment -= MICROSECOND.total_seconds()


def check_timezone(name: str | None) -> str | None:
    """The name of a time zone that this machine knows. Raises ValueError for any other."""
    if name is None:
        return None
    if not is_time_zone(name):
        raise ValueError(UNKNOWN_ZONE)
    return name


def compile_schedule(line: str, timezone: str | None) -> Schedule:
    """The schedule of a cron line with five fields. Raises ValueError with the error.

    As in cron, days of the week count from Sunday (0 and 7), and if day of month and day of week are both given, either
    one matches.
    """
    parts = line.lower().split()
    if len(parts) != LAST_FIELD + 1:
        raise ValueError("Write five fields: minute, hour, day of month, month, day of week.")
    days_of_week = parts[LAST_FIELD]
    either = not days_of_week.startswith("*") and not parts[DAY_OF_MONTH_FIELD].startswith("*")
    parts[LAST_FIELD] = _named_days(days_of_week)
    lines = [parts]
    if either:
        lines = [
            [*parts[:LAST_FIELD], "*"],
            [*parts[:DAY_OF_MONTH_FIELD], "*", *parts[DAY_OF_MONTH_FIELD + 1 :]],
        ]
    triggers = tuple(_trigger(fields) for fields in lines)
    if not any(_comes(trigger) for trigger in triggers):
        raise ValueError("No month has this day.")
    zone = ZoneInfo(timezone) if timezone is not None else machine_zone()
    return Schedule(line, timezone, zone, tuple(trigger for trigger in triggers if _comes(trigger)))


def _trigger(fields: list[str]) -> CronTrigger:
    try:
        return CronTrigger.from_crontab(" ".join(fields), UTC)
    except (ValueError, OverflowError):
        raise ValueError("This is not a valid cron expression, such as `0 7 * * 1-5`.") from None


def _named_days(text: str) -> str:
    """The days of the week by name, because APScheduler counts them from Monday."""
    if text == "*":
        return text
    days: set[int] = set()
    for part in text.split(","):
        match = DAYS.fullmatch(part)
        if match is None:
            raise ValueError("The day of the week must be 0 to 7 (0 and 7 are Sunday) or sun to sat.")
        first = _day(match["first"]) if match["first"] else 0
        last = _day(match["last"]) if match["last"] else first
        if match["first"] is None or (match["step"] and not match["last"]):
            last = 6
        # `fri-sun` and `5-7` wrap around the end of the week.
        span = range(first, (last if last >= first else last + 7) + 1, int(match["step"] or 1))
        days |= {day % 7 for day in span}
    return ",".join(DAY_NAMES[day] for day in sorted(days))


def _day(text: str) -> int:
    if text.isdigit():
        return int(text)
    if text not in DAY_NAMES:
        raise ValueError("The day of the week must be one of sun, mon, tue, wed, thu, fri, sat.")
    return DAY_NAMES.index(text)


def _comes(trigger: CronTrigger) -> bool:
    """Whether such a day exists: APScheduler would search for a 30th of February through 8,000 years."""
    fields = {item.name: item for item in trigger.fields}
    firsts = [datetime(LEAP_YEAR, month, 1, tzinfo=UTC) for month in range(1, 13)]
    return any(
        fields["month"].get_next_value(first) == first.month
        and fields["day"].get_next_value(first) is not None
        for first in firsts
    )


def _face(moment: float, zone: tzinfo) -> datetime:
    """The local time at the moment, written as if it were UTC."""
    return datetime.fromtimestamp(moment, zone).replace(tzinfo=UTC, fold=0)


def _next_face(trigger: CronTrigger, face: datetime) -> datetime:
    found = trigger.get_next_fire_time(None, face + MICROSECOND)
    assert found is not None  # noqa: S101 - the line has a day that comes
    return found


def _moment_of(face: datetime, zone: tzinfo) -> float:
    """When the clock shows this: the first time if repeated, the jump if skipped."""
    early, late = sorted(face.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    if _face(early, zone) == face:
        return early
    return late if _face(late, zone) == face else _change_between(early, late, zone)


def _change_between(start: float, end: float, zone: tzinfo) -> float:
    """The second at which the clock changes."""
    first, last = math.floor(start), math.ceil(end)
    while last - first > 1:
        middle = (first + last) // 2
        if _face(middle, zone) - _face(first, zone) == timedelta(seconds=middle - first):
            first = middle
        else:
            last = middle
    return float(last)
