"""When blocks are prefetched: cron lines, intervals, spread and retries."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from errors import Invalid
from integrations.manifests.schedules import compile_schedule
from integrations.prefetch.schedule import RefreshSchedule, refresh_schedule_of
from tests.integrations.building import integration_of

# A Friday.
NOW = datetime(2027, 1, 15, 8, 0, tzinfo=UTC).timestamp()


def moments(line: str, count: int = 3, timezone: str = "UTC", after: float = NOW) -> list[str]:
    schedule, found = compile_schedule(line, timezone), []
    for _ in range(count):
        after = schedule.next_after(after)
        found.append(datetime.fromtimestamp(after, UTC).strftime("%a %d %b %H:%M"))
    return found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("0 7 * * *", ["Sat 16 Jan 07:00", "Sun 17 Jan 07:00", "Mon 18 Jan 07:00"]),
        ("*/15 * * * *", ["Fri 15 Jan 08:15", "Fri 15 Jan 08:30", "Fri 15 Jan 08:45"]),
        # Sunday is 0 and 7, as cron has it.
        ("0 0 * * 0", ["Sun 17 Jan 00:00", "Sun 24 Jan 00:00", "Sun 31 Jan 00:00"]),
        ("0 0 * * 7", ["Sun 17 Jan 00:00", "Sun 24 Jan 00:00", "Sun 31 Jan 00:00"]),
        ("0 0 * * 1-5", ["Mon 18 Jan 00:00", "Tue 19 Jan 00:00", "Wed 20 Jan 00:00"]),
        ("0 0 * * 6-7", ["Sat 16 Jan 00:00", "Sun 17 Jan 00:00", "Sat 23 Jan 00:00"]),
        ("0 0 * * FRI-mon", ["Sat 16 Jan 00:00", "Sun 17 Jan 00:00", "Mon 18 Jan 00:00"]),
        ("0 0 * * */3", ["Sat 16 Jan 00:00", "Sun 17 Jan 00:00", "Wed 20 Jan 00:00"]),
        ("0 0 * * mon,3", ["Mon 18 Jan 00:00", "Wed 20 Jan 00:00", "Mon 25 Jan 00:00"]),
        # Day of month or day of week, where both are given.
        ("0 0 20 * 1", ["Mon 18 Jan 00:00", "Wed 20 Jan 00:00", "Mon 25 Jan 00:00"]),
        ("0 0 29 2 *", ["Tue 29 Feb 00:00", "Sun 29 Feb 00:00", "Fri 29 Feb 00:00"]),
    ],
)
def test_a_line_means_what_cron_makes_of_it(line: str, expected: list[str]):
    assert moments(line) == expected


def test_a_schedule_keeps_to_its_own_clock_over_daylight_saving():
    before = datetime(2027, 3, 27, 12, 0, tzinfo=UTC).timestamp()
    assert moments("0 7 * * *", 2, "Europe/Oslo", before) == ["Sun 28 Mar 05:00", "Mon 29 Mar 05:00"]
    winter = datetime(2027, 3, 26, 12, 0, tzinfo=UTC).timestamp()
    assert moments("0 7 * * *", 1, "Europe/Oslo", winter) == ["Sat 27 Mar 06:00"]


@pytest.mark.parametrize(
    ("line", "timezone", "after", "expected"),
    [
        # The day after a change is no less a day: midnight comes each night.
        ("0 0 * * *", "Europe/Oslo", (3, 27, 12), ["Sat 27 Mar 23:00", "Sun 28 Mar 22:00", "Mon 29 Mar 22:00"]),
        ("0 0 * * *", "America/New_York", (3, 13, 12), ["Sun 14 Mar 05:00", "Mon 15 Mar 04:00", "Tue 16 Mar 04:00"]),
        # Half past two does not come that night: it counts when the clock jumps.
        ("30 2 * * *", "Europe/Oslo", (3, 27, 12), ["Sun 28 Mar 01:00", "Mon 29 Mar 00:30", "Tue 30 Mar 00:30"]),
        ("15,45 2 * * *", "Europe/Oslo", (3, 27, 12), ["Sun 28 Mar 01:00", "Mon 29 Mar 00:15", "Mon 29 Mar 00:45"]),
        ("0 0 * * *", "America/Santiago", (9, 4, 12), ["Sun 05 Sep 04:00", "Mon 06 Sep 03:00", "Tue 07 Sep 03:00"]),
        # It comes twice: it counts once.
        ("30 2 * * *", "Europe/Oslo", (10, 30, 12), ["Sun 31 Oct 00:30", "Mon 01 Nov 01:30", "Tue 02 Nov 01:30"]),
        ("30 2 * * *", "Europe/Oslo", (10, 31, 1), ["Mon 01 Nov 01:30", "Tue 02 Nov 01:30", "Wed 03 Nov 01:30"]),
        # Every hour is every hour.
        ("30 * * * *", "Europe/Oslo", (3, 28, 0), ["Sun 28 Mar 00:30", "Sun 28 Mar 01:30", "Sun 28 Mar 02:30"]),
        ("30 * * * *", "Europe/Oslo", (10, 31, 0), ["Sun 31 Oct 00:30", "Sun 31 Oct 01:30", "Sun 31 Oct 02:30"]),
        ("0 * * * *", "Europe/Oslo", (3, 28, 0), ["Sun 28 Mar 01:00", "Sun 28 Mar 02:00", "Sun 28 Mar 03:00"]),
        # Half an hour of summer.
        ("*/20 * * * *", "Australia/Lord_Howe", (10, 2, 15), ["Sat 02 Oct 15:10", "Sat 02 Oct 15:40", "Sat 02 Oct 16:00"]),
    ],
)  # fmt: skip
def test_a_schedule_survives_the_nights_on_which_clocks_change(
    line: str, timezone: str, after: tuple[int, int, int], expected: list[str]
):
    start = datetime(2027, *after, tzinfo=UTC).timestamp()
    assert moments(line, 3, timezone, start) == expected


@pytest.mark.parametrize(
    "line", ["0 0 * * *", "30 2 * * *", "15,45 1-3 * * *", "*/20 * * * *", "30 */2 * * *"]
)
@pytest.mark.parametrize(
    "timezone", ["Europe/Oslo", "America/Santiago", "Australia/Lord_Howe", "Antarctica/Troll"]
)
def test_the_next_moment_is_the_same_from_wherever_one_looks(line: str, timezone: str):
    schedule, luck = compile_schedule(line, timezone), random.Random(line)
    for month in (3, 4, 9, 10):
        start = datetime(2027, month, 1, tzinfo=UTC).timestamp()
        end = datetime(2027, month + 1, 1, tzinfo=UTC).timestamp()
        for _ in range(50):
            moment = luck.uniform(start, end)
            coming = schedule.next_after(moment)
            assert coming > moment
            assert schedule.next_after(luck.uniform(moment, coming - 0.01)) == coming


@pytest.mark.parametrize(
    ("block", "field"),
    [
        ({"schedule": "every day"}, "schedule"),
        ({"schedule": ""}, "schedule"),
        ({"schedule": "* * * * * *"}, "schedule"),
        ({"schedule": "61 * * * *"}, "schedule"),
        ({"schedule": "0 0 * * 8"}, "schedule"),
        ({"schedule": "0 0 * * day"}, "schedule"),
        ({"schedule": "*/0 * * * *"}, "schedule"),
        ({"schedule": "0 0 30 2 *"}, "schedule"),
        ({"schedule": "0 7 * * *", "timezone": "Mars/Olympus"}, "timezone"),
        ({"schedule": "0 7 * * *", "timezone": "../../etc/passwd"}, "timezone"),
        ({"schedule": "0 7 * * *", "timezone": ""}, "timezone"),
        ({"refresh_interval": 0}, "refresh_interval"),
    ],
)
def test_what_cannot_be_read_is_refused_by_field(block: dict[str, str], field: str):
    with pytest.raises(Invalid) as refused:
        integration_of([{"id": "e"}], [{"id": "b", "endpoint": "e", "pre_fetch": True, **block}])
    assert set(refused.value.errors or {}) == {f"manifest.blocks[0].{field}"}


def test_an_interval_is_spread_by_a_tenth_to_both_sides():
    refresh_schedule = RefreshSchedule(100, None)
    assert [refresh_schedule.next_run(NOW, chance) - NOW for chance in (0, 0.5, 1)] == pytest.approx(
        [90, 100, 110]
    )


def test_a_scheduled_moment_is_spread_to_later_only():
    daily = RefreshSchedule(None, compile_schedule("0 9 * * *", "UTC"))
    assert [daily.next_run(NOW, chance) - NOW for chance in (0, 1)] == [3600, 3630]
    minutely = RefreshSchedule(None, compile_schedule("* * * * *", "UTC"))
    assert minutely.next_run(NOW, 1) - NOW == 66


def test_of_interval_and_schedule_the_earlier_counts():
    both = RefreshSchedule(7200, compile_schedule("0 9 * * *", "UTC"))
    assert both.next_run(NOW, 0) - NOW == 3600
    assert both.next_run(NOW + 3600, 0) - NOW == 3600 + 6480


@pytest.mark.parametrize(
    ("age", "due"), [(0, False), (89, False), (90, True), (1000, True), (-1, True), (-86_400, True)]
)
def test_what_is_old_or_comes_from_the_future_is_due(age: float, due: bool):
    assert RefreshSchedule(100, None).is_due(NOW - age, NOW) is due


def test_what_is_new_runs_soon_and_what_is_there_when_it_grows_old():
    refresh_schedule = RefreshSchedule(3600, None)
    assert [refresh_schedule.first_run(None, NOW, chance) - NOW for chance in (0, 1)] == [0, 5]
    assert refresh_schedule.first_run(NOW - 600, NOW, 0.5) == NOW + 3000
    assert refresh_schedule.first_run(NOW - 9000, NOW, 0) == NOW


def test_patience_grows_up_to_the_rhythm_and_no_earlier_than_it_may():
    def waits(refresh_schedule: RefreshSchedule, retry_after: float | None = None) -> list[float]:
        return [refresh_schedule.retry(NOW, failures, retry_after, 0.5) - NOW for failures in (1, 2, 3, 99)]

    assert waits(RefreshSchedule(None, compile_schedule("0 7 * * *", "UTC"))) == [60, 120, 240, 3600]
    assert waits(RefreshSchedule(100, None)) == [60, 100, 100, 100]
    assert waits(RefreshSchedule(100, None), 500) == [515, 515, 515, 515]
    assert RefreshSchedule(100, None).retry(NOW, 1, 500, 0) == NOW + 500


def test_intervals_are_counted_from_a_moment():
    assert RefreshSchedule(100, None).after_intervals(NOW, 3) == NOW + 300
    hourly = compile_schedule("0 * * * *", "UTC")
    assert RefreshSchedule(None, hourly).after_intervals(NOW, 3) == NOW + 3 * 3600
    assert RefreshSchedule(2000, hourly).after_intervals(NOW, 3) == NOW + 3600 + 2000


@pytest.mark.parametrize(
    ("block", "endpoint", "interval"),
    [
        ({"refresh_interval": 7, "cache_ttl": 50}, {"cache_ttl": 60}, 7),
        ({"cache_ttl": 50}, {"cache_ttl": 60}, 50),
        ({}, {"cache_ttl": 60}, 60),
        ({"cache_ttl": 0}, {}, 300),
        ({}, {}, 300),
        ({"schedule": "0 7 * * *", "cache_ttl": 50}, {}, None),
    ],
)
def test_the_rhythm_of_a_block(block: dict[str, object], endpoint: dict[str, object], interval: float | None):
    integration = integration_of([{"id": "e", **endpoint}], [{"id": "b", "endpoint": "e", **block}])
    assert refresh_schedule_of(integration.blocks["b"], 300, UTC).interval_seconds == interval
