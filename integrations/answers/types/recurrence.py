"""Recurrence rules (RFC 5545 section 3.3.10): their occurrences in a window, at a bounded cost. Pure.

Times are local, without a zone. Periods are counted by arithmetic, so that a rule that began long ago, or one that
never matches, costs no more than its periods in the window; only a COUNT is counted from the beginning.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, time, timedelta
from typing import Any

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_PERIOD_SECONDS = {"HOURLY": 3600, "MINUTELY": 60, "SECONDLY": 1}
FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", *_PERIOD_SECONDS)
_MAX_INTERVAL = 10_000
_DAY = timedelta(days=1)

Spend = Callable[[int], None]


class BadRuleError(ValueError):
    """The rule cannot be read."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule's parts. `days` are weekdays from Monday (0), each with its ordinal in the period, 0 for every one."""

    frequency: str
    interval: int = 1
    count: int | None = None
    months: frozenset[int] = frozenset()
    week_numbers: frozenset[int] = frozenset()
    year_days: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    days: frozenset[tuple[int, int]] = frozenset()
    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    seconds: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    week_start: int = 0


def read_rule(parts: Mapping[str, Any]) -> Rule:
    """The rule of RRULE's parts, each a list of values, without UNTIL. Raises BadRuleError."""
    frequency = str(_first(parts, "FREQ", "")).upper()
    if frequency not in FREQUENCIES:
        raise BadRuleError("no FREQ")
    count = _first(parts, "COUNT", None)
    return Rule(
        frequency=frequency,
        interval=_within(_first(parts, "INTERVAL", 1), 1, _MAX_INTERVAL),
        count=None if count is None else _within(count, 1, 10**9),
        months=frozenset(_numbers(parts, "BYMONTH", 1, 12)),
        week_numbers=frozenset(_numbers(parts, "BYWEEKNO", -53, 53)),
        year_days=frozenset(_numbers(parts, "BYYEARDAY", -366, 366)),
        month_days=frozenset(_numbers(parts, "BYMONTHDAY", -31, 31)),
        days=frozenset(map(_day, parts.get("BYDAY", ()))),
        hours=_sorted(parts, "BYHOUR", 23),
        minutes=_sorted(parts, "BYMINUTE", 59),
        seconds=_sorted(parts, "BYSECOND", 59),
        positions=tuple(_numbers(parts, "BYSETPOS", -366, 366)),
        week_start=_day(_first(parts, "WKST", "MO"))[1],
    )


def _first(parts: Mapping[str, Any], name: str, default: Any) -> Any:
    values = parts.get(name)
    return values[0] if values else default


def _numbers(parts: Mapping[str, Any], name: str, lowest: int, highest: int) -> list[int]:
    return [_within(value, lowest, highest) for value in parts.get(name, ())]


def _sorted(parts: Mapping[str, Any], name: str, highest: int) -> tuple[int, ...]:
    # A leap second (60) is taken as the second before it.
    return tuple(sorted({min(number, highest) for number in _numbers(parts, name, 0, 60)}))


def _within(value: Any, lowest: int, highest: int) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise BadRuleError("not a number") from None
    if not lowest <= number <= highest:
        raise BadRuleError("a number out of range")
    return number


def _day(value: Any) -> tuple[int, int]:
    """The ordinal and the weekday of `MO`, `2TU` or `-1FR`."""
    text = str(value).upper()
    if text[-2:] not in WEEKDAYS:
        raise BadRuleError("not a weekday")
    ordinal = _within(text[:-2], -53, 53) if text[:-2] else 0
    return ordinal, WEEKDAYS.index(text[-2:])


def find_occurrences(
    rule: Rule, start: datetime, first: datetime, last: datetime, spend: Spend
) -> Iterator[datetime]:
    """The occurrences from `first` to `last`, both included, in order. `spend` pays for each day and time looked at.

    `start` (DTSTART) is where the rule begins, and gives what the rule does not say.
    """
    counted = 0
    for moments in _periods(rule, start, first, last, spend):
        for moment in _chosen(rule, moments):
            if moment < start:
                continue
            counted += 1
            if moment > last or (rule.count is not None and counted > rule.count):
                return
            if moment >= first:
                yield moment


def _chosen(rule: Rule, moments: list[datetime]) -> list[datetime]:
    """The moments of one period at the positions of BYSETPOS."""
    if not rule.positions:
        return moments
    size = len(moments)
    indexes = {position - 1 if position > 0 else size + position for position in rule.positions}
    return [moments[index] for index in sorted(indexes) if 0 <= index < size]


def _periods(
    rule: Rule, start: datetime, first: datetime, last: datetime, spend: Spend
) -> Iterator[list[datetime]]:
    """The moments of each period of the rule, from the one around `first` on; with a COUNT, from the beginning."""
    since = start if rule.count is not None else max(start, first)
    if rule.frequency in _PERIOD_SECONDS:
        yield from _short_periods(rule, start, since, last, spend)
        return
    times = _times(rule, start)
    for days in _DAYS_OF[rule.frequency](rule, start.date(), since.date(), last.date()):
        found = []
        for day in days:
            spend(1)
            if _is_on(rule, day, start.date()):
                spend(len(times))
                found += [datetime.combine(day, moment) for moment in times]
        yield found


# -- periods of days -------------------------------------------------------------------------------------------------


def _times(rule: Rule, start: datetime) -> list[time]:
    return [
        time(hour, minute, second)
        for hour in rule.hours or (start.hour,)
        for minute in rule.minutes or (start.minute,)
        for second in rule.seconds or (start.second,)
    ]


def _years(rule: Rule, start: date, since: date, last: date) -> Iterator[Iterable[date]]:
    begin = start.year + (since.year - start.year) // rule.interval * rule.interval
    for year in range(begin, min(last.year, MAXYEAR) + 1, rule.interval):
        yield _days_of_year(rule, year, start)


def _days_of_year(rule: Rule, year: int, start: date) -> Iterator[date]:
    """The days that can match: of the rule's months, the day of the start, or all."""
    whole = rule.week_numbers or rule.year_days
    months = rule.months or (range(1, 13) if whole or rule.days or rule.month_days else (start.month,))
    for month in sorted(months):
        yield from _days_of_month(year, month)


def _months(rule: Rule, start: date, since: date, last: date) -> Iterator[Iterable[date]]:
    begin, now = start.year * 12 + start.month - 1, since.year * 12 + since.month - 1
    begin += (now - begin) // rule.interval * rule.interval
    for number in range(begin, last.year * 12 + last.month, rule.interval):
        yield _days_of_month(number // 12, number % 12 + 1)


def _days_of_month(year: int, month: int) -> list[date]:
    return [date(year, month, day) for day in range(1, calendar.monthrange(year, month)[1] + 1)]


def _weeks(rule: Rule, start: date, since: date, last: date) -> Iterator[Iterable[date]]:
    begin = start.toordinal() - (start.weekday() - rule.week_start) % 7
    begin += (since.toordinal() - begin) // (7 * rule.interval) * 7 * rule.interval
    for number in range(begin, last.toordinal() + 1, 7 * rule.interval):
        yield [
            date.fromordinal(day) for day in range(max(number, 1), min(number + 7, date.max.toordinal() + 1))
        ]


def _days(rule: Rule, start: date, since: date, last: date) -> Iterator[Iterable[date]]:
    begin = start.toordinal()
    begin += (since.toordinal() - begin) // rule.interval * rule.interval
    for number in range(begin, last.toordinal() + 1, rule.interval):
        yield (date.fromordinal(number),)


_DAYS_OF = {"YEARLY": _years, "MONTHLY": _months, "WEEKLY": _weeks, "DAILY": _days}


def _is_on(rule: Rule, day: date, start: date) -> bool:
    """Whether every part of the rule that speaks of days allows the day."""
    if rule.months and day.month not in rule.months:
        return False
    if not (rule.week_numbers or rule.year_days or rule.month_days or rule.days):
        return _is_like_start(rule.frequency, day, start)
    return (
        (not rule.month_days or _is_month_day(rule, day))
        and (not rule.days or any(_is_weekday(rule, day, *item) for item in rule.days))
        and (not rule.year_days or _is_year_day(rule, day))
        and (not rule.week_numbers or _is_in_week(rule, day))
    )


def _is_like_start(frequency: str, day: date, start: date) -> bool:
    if frequency == "WEEKLY":
        return day.weekday() == start.weekday()
    # The months of a year are those of the start, unless the rule names others.
    return frequency not in ("YEARLY", "MONTHLY") or day.day == start.day


def _is_month_day(rule: Rule, day: date) -> bool:
    length = calendar.monthrange(day.year, day.month)[1]
    return day.day in rule.month_days or day.day - length - 1 in rule.month_days


def _is_year_day(rule: Rule, day: date) -> bool:
    number, length = day.timetuple().tm_yday, 366 if calendar.isleap(day.year) else 365
    return number in rule.year_days or number - length - 1 in rule.year_days


def _is_weekday(rule: Rule, day: date, ordinal: int, weekday: int) -> bool:
    if day.weekday() != weekday:
        return False
    if ordinal == 0 or rule.frequency not in ("YEARLY", "MONTHLY"):
        return True
    if rule.frequency == "MONTHLY" or rule.months:
        number, length = day.day, calendar.monthrange(day.year, day.month)[1]
    else:
        number, length = day.timetuple().tm_yday, 366 if calendar.isleap(day.year) else 365
    return ordinal in ((number - 1) // 7 + 1, -((length - number) // 7 + 1))


def _is_in_week(rule: Rule, day: date) -> bool:
    """Whether the day's week has one of the numbers. Week 1 is the first with four days in the year."""
    year = _week_year(day, rule.week_start)
    number = (day.toordinal() - _first_week(year, rule.week_start)) // 7 + 1
    length = (_first_week(year + 1, rule.week_start) - _first_week(year, rule.week_start)) // 7
    return number in rule.week_numbers or number - length - 1 in rule.week_numbers


def _week_year(day: date, week_start: int) -> int:
    for year in (day.year + 1, day.year):
        if day.toordinal() >= _first_week(year, week_start):
            return year
    return day.year - 1


def _first_week(year: int, week_start: int) -> int:
    """The ordinal of the first day of the year's first week."""
    fourth = date(max(1, min(year, MAXYEAR)), 1, 4)
    return fourth.toordinal() - (fourth.weekday() - week_start) % 7


# -- periods within a day --------------------------------------------------------------------------------------------


def _short_periods(
    rule: Rule, start: datetime, since: datetime, last: datetime, spend: Spend
) -> Iterator[list[datetime]]:
    step = rule.interval * _PERIOD_SECONDS[rule.frequency]
    begin = _beginning(rule.frequency, start)
    skipped = int((since - begin).total_seconds()) // step
    moment = begin + timedelta(seconds=skipped * step)
    while moment <= last:
        spend(1)
        day = moment.date()
        if _is_day_allowed(rule, day) and (not rule.hours or moment.hour in rule.hours):
            yield _moments_within(rule, moment, start, spend)
        moment += timedelta(seconds=step)


def _beginning(frequency: str, start: datetime) -> datetime:
    if frequency == "SECONDLY":
        return start
    return start.replace(second=0) if frequency == "MINUTELY" else start.replace(minute=0, second=0)


def _is_day_allowed(rule: Rule, day: date) -> bool:
    has_days = rule.week_numbers or rule.year_days or rule.month_days or rule.days
    return _is_on(rule, day, day) if has_days or rule.months else True


def _moments_within(rule: Rule, moment: datetime, start: datetime, spend: Spend) -> list[datetime]:
    minutes = rule.minutes or (start.minute,)
    seconds = rule.seconds or (start.second,)
    if rule.frequency != "HOURLY":
        minutes = (moment.minute,) if not rule.minutes or moment.minute in rule.minutes else ()
    if rule.frequency == "SECONDLY":
        seconds = (moment.second,) if not rule.seconds or moment.second in rule.seconds else ()
    spend(len(minutes) * len(seconds))
    return [moment.replace(minute=minute, second=second) for minute in minutes for second in seconds]
