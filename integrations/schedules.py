"""Cron lines: read once, then asked for the moment that comes next. Pure but for the machine's own time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

LAST_FIELD = 4
DAY_OF_MONTH_FIELD = 2
DAY_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
DAYS = re.compile(r"(?:\*|(?P<first>[0-7]|[a-z]{3})(?:-(?P<last>[0-7]|[a-z]{3}))?)(?:/(?P<step>[1-7]))?")
# A leap year, so that the 29th of February counts as a day that comes.
LEAP_YEAR = 2028


@dataclass(frozen=True, slots=True)
class Schedule:
    """A cron line in a time zone; None is the machine's own."""

    line: str
    timezone: str | None
    triggers: tuple[CronTrigger, ...] = field(repr=False, compare=False)

    def next_after(self, moment: float) -> float:
        """The first moment of the schedule that lies after `moment`; both are epoch seconds."""
        after = datetime.fromtimestamp(moment, UTC) + timedelta(microseconds=1)
        found = (trigger.get_next_fire_time(None, after) for trigger in self.triggers)
        return min(next_time.timestamp() for next_time in found if next_time is not None)


def check_timezone(name: str | None) -> str | None:
    """The name of a time zone that this machine knows. Raises ValueError for any other."""
    if name is None:
        return None
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            "This machine knows no such time zone; use a name like Europe/Oslo or UTC."
        ) from None
    return name


def compile_schedule(line: str, timezone: str | None) -> Schedule:
    """The schedule that a cron line of five fields means. Raises ValueError with what is wrong.

    As cron has it, days of the week count from Sunday (0 and 7), and where day of month and day of week are
    both given, either will do.
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
    triggers = tuple(_trigger(fields, timezone) for fields in lines)
    if not any(_comes(trigger) for trigger in triggers):
        raise ValueError("No month has such a day.")
    return Schedule(line, timezone, tuple(trigger for trigger in triggers if _comes(trigger)))


def _trigger(fields: list[str], timezone: str | None) -> CronTrigger:
    try:
        return CronTrigger.from_crontab(" ".join(fields), timezone)
    except (ValueError, OverflowError):
        raise ValueError("This cannot be read as a line of cron, like `0 7 * * 1-5`.") from None


def _named_days(text: str) -> str:
    """The days of the week by name, since APScheduler counts them from Monday."""
    if text == "*":
        return text
    days: set[int] = set()
    for part in text.split(","):
        match = DAYS.fullmatch(part)
        if match is None:
            raise ValueError("The day of the week is 0 to 7, where 0 and 7 are Sunday, or sun to sat.")
        first = _day(match["first"]) if match["first"] else 0
        last = _day(match["last"]) if match["last"] else first
        if match["first"] is None or (match["step"] and not match["last"]):
            last = 6
        # `fri-sun` and `5-7` go over the end of the week.
        span = range(first, (last if last >= first else last + 7) + 1, int(match["step"] or 1))
        days |= {day % 7 for day in span}
    return ",".join(DAY_NAMES[day] for day in sorted(days))


def _day(text: str) -> int:
    if text.isdigit():
        return int(text)
    if text not in DAY_NAMES:
        raise ValueError("The days of the week are sun, mon, tue, wed, thu, fri, sat.")
    return DAY_NAMES.index(text)


def _comes(trigger: CronTrigger) -> bool:
    """Whether a day like that exists: APScheduler would look for a 30th of February through 8,000 years."""
    fields = {item.name: item for item in trigger.fields}
    firsts = [datetime(LEAP_YEAR, month, 1, tzinfo=UTC) for month in range(1, 13)]
    return any(
        fields["month"].get_next_value(first) == first.month
        and fields["day"].get_next_value(first) is not None
        for first in firsts
    )
