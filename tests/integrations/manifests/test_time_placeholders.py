"""Placeholders that the clock fills: what each means, how long it stays the same, and which names are none."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.manifests.time_placeholders import TimePlaceholder, parse_time_placeholder

OSLO = ZoneInfo("Europe/Oslo")
# A Sunday evening, and an hour after Oslo changed its clocks.
NOW = datetime(2026, 10, 25, 2, 17, 42, tzinfo=UTC).timestamp()

ZONES = [
    ZoneInfo(name) for name in ("UTC", "Europe/Oslo", "America/Havana", "Australia/Lord_Howe", "Asia/Kolkata")
]
CLOCK_CHANGES = [1_774_746_000, 1_793_494_800, 1_775_926_800, 1_791_131_400, 1_710_054_000]


def parsed(name: str) -> TimePlaceholder:
    placeholder = parse_time_placeholder(name)
    assert placeholder is not None
    return placeholder


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("now", "2026-10-25T03:17:00+01:00"),
        ("now/s", "2026-10-25T03:17:42+01:00"),
        ("now/15m", "2026-10-25T03:15:00+01:00"),
        ("now/h:iso_utc", "2026-10-25T02:00:00Z"),
        ("now:date", "2026-10-25"),
        ("now/s:epoch", 1_792_894_662),
        ("now/s:epoch_ms", 1_792_894_662_000),
        ("now+7d", "2026-11-01T03:17:00+01:00"),
        # A day keeps the time of day, hours are real time.
        ("now-1d", "2026-10-24T03:17:00+02:00"),
        ("now-24h", "2026-10-24T04:17:00+02:00"),
        ("now-2d+3h/h", "2026-10-23T06:00:00+02:00"),
        ("today", "2026-10-25"),
        ("today-1d", "2026-10-24"),
        ("today+2w", "2026-11-08"),
        ("today/w", "2026-10-19"),
        ("today/y", "2026-01-01"),
        ("today-1h", "2026-10-24T23:00:00+02:00"),
        ("today:epoch", 1_792_879_200),
        ("today:iso", "2026-10-25T00:00:00+02:00"),
        ("month_start", "2026-10-01"),
        ("month_start-1M", "2026-09-01"),
        ("month_end", "2026-10-31"),
        ("month_end+4M", "2027-02-28"),
        ("month_end-1d", "2026-10-30"),
        ("month_end:iso", "2026-10-31T23:59:59+01:00"),
        ("year", 2026),
        ("year-1y", 2025),
        ("month", "10"),
        ("month-1M", "09"),
        ("month-1M:number", 9),
        ("now-100y:date", "1926-10-25"),
    ],
)
def test_a_time_is_what_date_math_says(name: str, value: str | int):
    assert parsed(name).value_at(NOW, OSLO) == value


def test_the_last_day_of_a_longer_month_becomes_that_of_a_shorter_one():
    end_of_january = datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()
    assert parsed("today+1M").value_at(end_of_january, OSLO) == "2026-02-28"


@pytest.mark.parametrize(
    "name", ["nowhere", "Today", "today.x", "inputs.today", "now 7d", "tomorrow", "", "days+1d"]
)
def test_other_names_are_no_times(name: str):
    assert parse_time_placeholder(name) is None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("now+7x", "`x` is no unit of time"),
        ("now+7days", "`days` is no unit of time"),
        ("now:unix", "`unix` is no format of `{now}`"),
        ("year:epoch", "`epoch` is no format of `{year}`"),
        ("now/7m", "A day is no whole number"),
        ("now/2d", "Only seconds, minutes and hours"),
        ("now/0m", "Only seconds, minutes and hours"),
        ("month_end/d", "is rounded already"),
        ("now+101y", "More than a hundred years"),
        ("now+99999d-99999d", "More than a hundred years"),
    ],
)
def test_a_time_that_means_nothing_says_why(name: str, why: str):
    with pytest.raises(ValueError, match=why):
        parse_time_placeholder(name)


NAMES = st.sampled_from(
    [
        "now",
        "now/s",
        "now/15m",
        "now/h",
        "now/6h",
        "now/d",
        "now/w",
        "now/M",
        "now-7d/d",
        "now-1M/M",
        "now+90m/h",
        "now+5h/d",
        "now-1y/d",
        "today",
        "today-1h",
        "today/w",
        "month_start",
        "month_end-1M",
        "year",
        "month",
    ]
)
MOMENTS = st.floats(946_684_800, 2_000_000_000) | st.builds(
    float.__add__, st.sampled_from(CLOCK_CHANGES).map(float), st.floats(-90_000, 90_000)
)


@given(NAMES, MOMENTS, st.sampled_from(ZONES), st.floats(0, 1, exclude_max=True))
def test_a_value_stays_the_same_until_it_changes(name: str, moment: float, zone: ZoneInfo, part: float):
    placeholder = parsed(name)
    until = placeholder.changes_at(moment, zone)
    assert until > moment
    between = moment + (until - moment) * part * 0.999_999
    assert placeholder.value_at(between, zone) == placeholder.value_at(moment, zone)
    assert until - moment <= placeholder.step_seconds * 1.1 + 3600
