"""Placeholders that the clock fills: `{today}`, `{now-7d:epoch}`, `{month_end}`. Pure: times are epoch seconds.

The syntax is that of date math as in Elasticsearch and Grafana: a base, offsets, and `/unit` to round down, here with a
format after a colon.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Literal

Unit = Literal["s", "m", "h", "d", "w", "M", "y"]

BASES = ("now", "today", "month_start", "month_end", "year", "month")
_UNITS = "smhdwMy"
_NAME = re.compile(
    rf"(?P<base>{'|'.join(BASES)})(?P<offsets>(?:[+-][0-9]{{1,5}}[A-Za-z]+)*)"
    r"(?:/(?P<count>[0-9]{1,4})?(?P<unit>[A-Za-z]+))?(?::(?P<format>\w+))?"
)
_OFFSET = re.compile(r"([+-])([0-9]+)([A-Za-z]+)")
_FIXED_SECONDS = {"s": 1, "m": 60, "h": 3600}
_SPAN_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "M": 2_592_000, "y": 31_536_000}
_OWN_FORMATS = {"year": ("number",), "month": ("number",)}
_FORMATS = ("iso", "iso_utc", "date", "epoch", "epoch_ms")
_BASE_ROUNDING: dict[str, Unit] = {
    "today": "d",
    "month_start": "M",
    "month_end": "M",
    "month": "M",
    "year": "y",
}
MAX_OFFSET_SECONDS = 100 * 31_536_000

EXAMPLES = "`{now}`, `{now-7d/d:epoch}`, `{today}`, `{today+1M}`, `{month_start}`, `{month_end}`, `{year}`, `{month}`"


@dataclass(frozen=True, slots=True)
class Offset:
    """A count of units, negative for the past."""

    count: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Rounding:
    """The value is rounded down to `count` of this unit; only seconds, minutes and hours are counted."""

    count: int
    unit: Unit


# Of `now`: without it each second would have an artifact of its own.
_DEFAULT_ROUNDING = Rounding(1, "m")


@dataclass(frozen=True, slots=True)
class TimePlaceholder:
    """A parsed placeholder. Its value stays the same until `changes_at`."""

    name: str
    base: str
    offsets: tuple[Offset, ...]
    rounding: Rounding | None
    """After the offsets; None where only the base is rounded, to its own unit."""
    format: str

    @property
    def step_seconds(self) -> int:
        """How long a value lasts, in seconds; about that for days and longer."""
        own = _BASE_ROUNDING.get(self.base)
        steps = [_SPAN_SECONDS[own]] if own is not None else []
        steps += [self.rounding.count * _SPAN_SECONDS[self.rounding.unit]] if self.rounding else []
        return max(steps)

    def value_at(self, now: float, zone: tzinfo) -> str | int:
        """The value for a moment, in this time zone."""
        return _WRITERS[self.format](self._moment(datetime.fromtimestamp(now, zone)))

    def changes_at(self, now: float, zone: tzinfo) -> float:
        """A moment until which the value stays the same: the next at which it may differ."""
        moment = datetime.fromtimestamp(now, zone)
        own = _BASE_ROUNDING.get(self.base)
        if own is not None or self.rounding is None:
            return _next_step(moment, Rounding(1, own or "d")).timestamp()
        moved = _moved_by(moment, self.offsets)
        # When clocks change, six hours of the face are not six hours.
        rounding = Rounding(1, "h") if self.rounding.unit == "h" else self.rounding
        until = now + _next_step(moved, rounding).timestamp() - moved.timestamp()
        if self.rounding.unit in _FIXED_SECONDS:
            return until
        # A day of the past may be longer than today.
        return min(until, _next_step(moment, Rounding(1, "d")).timestamp())

    def _moment(self, now: datetime) -> datetime:
        """The moment that is written: base, offsets, rounding, in this order."""
        own = _BASE_ROUNDING.get(self.base)
        moment = _rounded(now, Rounding(1, own)) if own is not None else now
        offsets = self.offsets
        if self.base == "month_end":
            # Its months are counted from the first day, for the last one differs.
            months = tuple(offset for offset in offsets if offset.unit in ("M", "y"))
            offsets = tuple(offset for offset in offsets if offset not in months)
            moment = _end_of_month(_moved_by(moment, months))
        moment = _moved_by(moment, offsets)
        return _rounded(moment, self.rounding) if self.rounding is not None else moment


@lru_cache(maxsize=512)
def parse_time_placeholder(name: str) -> TimePlaceholder | None:
    """The placeholder of this name without its braces; None for a name that is no time.

    Raises ValueError for one that looks like a time and has an unknown unit or format.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    base = match["base"]
    offsets = tuple(
        Offset(int(sign + count), _unit(unit)) for sign, count, unit in _OFFSET.findall(match["offsets"])
    )
    if sum(abs(offset.count) * _SPAN_SECONDS[offset.unit] for offset in offsets) > MAX_OFFSET_SECONDS:
        raise ValueError("More than a hundred years away.")
    rounding = _rounding(base, match["count"], match["unit"])
    return TimePlaceholder(name, base, offsets, rounding, _format(base, match["format"], offsets, rounding))


def split_times(names: Iterable[str], known: Collection[str] = ()) -> tuple[frozenset[str], frozenset[str]]:
    """The names that the clock fills, and the others. A property or a parameter of the same name comes first.

    A name that looks like a time and is none is among the others.
    """
    times = frozenset(name for name in names if name not in known and is_time(name))
    return times, frozenset(names) - times


def is_time(name: str) -> bool:
    """Whether the clock fills this name."""
    try:
        return parse_time_placeholder(name) is not None
    except ValueError:
        return False


def _unit(text: str) -> Unit:
    if len(text) != 1 or text not in _UNITS:
        raise ValueError(f"`{text}` is no unit of time; units are {', '.join(_UNITS)}, where M is a month.")
    return text  # type: ignore[return-value]


def _rounding(base: str, count: str | None, unit: str | None) -> Rounding | None:
    if unit is None:
        return _DEFAULT_ROUNDING if base == "now" else None
    rounded, number = _unit(unit), int(count or 1)
    if base not in ("now", "today"):
        raise ValueError(f"`{{{base}}}` is rounded already.")
    if number < 1 or (number > 1 and rounded not in _FIXED_SECONDS):
        raise ValueError("Only seconds, minutes and hours are rounded to several, like `/15m`.")
    if rounded in _FIXED_SECONDS and 86_400 % (number * _FIXED_SECONDS[rounded]):
        raise ValueError(f"A day is no whole number of `{number}{rounded}`.")
    return Rounding(number, rounded)


def _format(base: str, given: str | None, offsets: tuple[Offset, ...], rounding: Rounding | None) -> str:
    if given is not None:
        known = _OWN_FORMATS.get(base, _FORMATS)
        if given not in known:
            raise ValueError(f"`{given}` is no format of `{{{base}}}`; formats are {', '.join(known)}.")
        return f"{base}_{given}" if base in _OWN_FORMATS else given
    if base in _OWN_FORMATS:
        return base
    units = [offset.unit for offset in offsets] + ([rounding.unit] if rounding else [])
    # `{today-1h}` is an hour before midnight, which a date would not tell.
    return "iso" if base == "now" or _FIXED_SECONDS.keys() & set(units) else "date"


def _rounded(moment: datetime, rounding: Rounding) -> datetime:
    seconds = _fixed_seconds(rounding)
    if seconds is not None:
        # In real time, so that a clock that is set back does not repeat a step; the face is what is rounded.
        face = int(moment.timestamp() + (moment.utcoffset() or timedelta()).total_seconds())
        return _moved(moment.replace(microsecond=0), Offset(-(face % seconds), "s"))
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    match rounding.unit:
        case "w":
            return day - timedelta(days=day.weekday())
        case "M":
            return day.replace(day=1)
        case "y":
            return day.replace(month=1, day=1)
    return day


def _next_step(moment: datetime, rounding: Rounding) -> datetime:
    start = _rounded(moment, rounding)
    seconds = _fixed_seconds(rounding)
    return _moved(start, Offset(1, rounding.unit) if seconds is None else Offset(seconds, "s"))


def _fixed_seconds(rounding: Rounding) -> int | None:
    unit = _FIXED_SECONDS.get(rounding.unit)
    return rounding.count * unit if unit is not None else None


def _moved_by(moment: datetime, offsets: Iterable[Offset]) -> datetime:
    for offset in offsets:
        moment = _moved(moment, offset)
    return moment


def _moved(moment: datetime, offset: Offset) -> datetime:
    """Hours and shorter are real time; days and longer keep the time of day, and a month its last day."""
    if offset.unit in _FIXED_SECONDS:
        moved = moment.astimezone(UTC) + timedelta(seconds=offset.count * _FIXED_SECONDS[offset.unit])
        return moved.astimezone(moment.tzinfo)
    if offset.unit in ("d", "w"):
        return moment + timedelta(days=offset.count * (7 if offset.unit == "w" else 1))
    months = moment.year * 12 + moment.month - 1 + offset.count * (12 if offset.unit == "y" else 1)
    year, month = divmod(months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def _end_of_month(moment: datetime) -> datetime:
    """The last second of the month that the moment begins."""
    return _moved(moment.replace(day=1), Offset(1, "M")) - timedelta(seconds=1)


_WRITERS: dict[str, Callable[[datetime], str | int]] = {
    "iso": lambda moment: moment.isoformat(timespec="seconds"),
    "iso_utc": lambda moment: moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "date": lambda moment: moment.date().isoformat(),
    "epoch": lambda moment: int(moment.timestamp()),
    "epoch_ms": lambda moment: int(moment.timestamp()) * 1000,
    "year": lambda moment: moment.year,
    "year_number": lambda moment: moment.year,
    "month": lambda moment: f"{moment.month:02}",
    "month_number": lambda moment: moment.month,
}
