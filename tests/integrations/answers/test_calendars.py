"""Calendars as events: windows, recurrences, time zones, changes and cancellations."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from errors import Invalid, UpstreamInvalid
from integrations.answers.parse import parse_answer
from integrations.answers.types.recurrence import find_occurrences, read_rule
from tests.integrations.building import integration_of

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
OSLO = {"timezone": "Europe/Oslo"}


def calendar(*events: str, head: str = "") -> bytes:
    written = "".join(f"BEGIN:VEVENT\r\n{event.strip()}\r\nEND:VEVENT\r\n" for event in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{head}{written}END:VCALENDAR\r\n".replace(
        "\n\n", "\n"
    ).encode()


def read(body: bytes, content_type: str = "text/calendar", now: datetime = NOW, **window: Any) -> Any:
    declared = {"id": "it", "path": "/it", "response_type": "ical", "ical": {"timezone": "UTC", **window}}
    reading = integration_of([declared]).endpoints["it"].reading
    return parse_answer("ical", content_type, body, reading=reading, now=now.timestamp()).value


def starts(*events: str, head: str = "", **window: Any) -> list[str]:
    return [event["start"] for event in read(calendar(*events, head=head), **window)]


def test_an_event_has_its_texts_and_times():
    body = calendar(
        "UID:1@x\r\nSUMMARY:Lunch\\, long\r\nDTSTART;TZID=Europe/Oslo:20260321T120000\r\n"
        "DTEND;TZID=Europe/Oslo:20260321T133000\r\nLOCATION:Canteen\r\nDESCRIPTION:One\\nTwo\r\n  three\r\n"
        "URL:https://x.test/1\r\nSTATUS:TENTATIVE\r\nCATEGORIES:Food,Work\r\n"
        "BEGIN:VALARM\r\nDESCRIPTION:no\r\nEND:VALARM"
    )
    assert read(body, **OSLO) == [
        {
            "uid": "1@x",
            "title": "Lunch, long",
            "start": "2026-03-21T12:00:00+01:00",
            "end": "2026-03-21T13:30:00+01:00",
            "all_day": False,
            "location": "Canteen",
            "description": "One\nTwo three",
            "url": "https://x.test/1",
            "status": "tentative",
            "categories": ["Food", "Work"],
            "recurring": False,
        }
    ]


@pytest.mark.parametrize(
    ("event", "window", "found"),
    [
        ("DTSTART:20260320T110000Z\r\nDTEND:20260320T115900Z", {}, []),
        ("DTSTART:20260320T110000Z\r\nDTEND:20260320T120100Z", {}, ["2026-03-20T11:00:00Z"]),
        ("DTSTART:20260320T120000Z", {}, ["2026-03-20T12:00:00Z"]),
        ("DTSTART:20260320T115959Z", {}, []),
        ("DTSTART:20260319T115959Z", {"past_days": 2}, ["2026-03-19T11:59:59Z"]),
        ("DTSTART:20260419T115959Z", {}, ["2026-04-19T11:59:59Z"]),
        ("DTSTART:20260419T120000Z", {}, []),
        ("DTSTART:20260419T120000Z", {"days": 31}, ["2026-04-19T12:00:00Z"]),
        ("DTSTART;VALUE=DATE:20260320", {}, ["2026-03-20"]),
        ("DTSTART;VALUE=DATE:20260319", {}, []),
        ("DTSTART;VALUE=DATE:20260310\r\nDTEND;VALUE=DATE:20260321", {}, ["2026-03-10"]),
        ("DTSTART:20260101T000000Z\r\nDURATION:P100D", {}, ["2026-01-01T00:00:00Z"]),
        ("DTSTART:20260321T100000", {}, ["2026-03-21T10:00:00Z"]),
        ("DTSTART:20260321T100000", OSLO, ["2026-03-21T10:00:00+01:00"]),
        ("DTSTART;TZID=America/New_York:20260321T100000", {}, ["2026-03-21T14:00:00Z"]),
        ("DTSTART;TZID=W. Europe Standard Time:20260321T100000", {}, ["2026-03-21T09:00:00Z"]),
        ("DTSTART;TZID=Nowhere:20260321T100000", {}, ["2026-03-21T10:00:00Z"]),
        ("DTSTART:20260321T100000Z\r\nSTATUS:CANCELLED", {}, []),
        ("DTSTART:garbage", {}, []),
        ("SUMMARY:no start", {}, []),
        ("DTSTART:20260321T100000Z\r\nDTEND:20260320T100000Z", {}, ["2026-03-21T10:00:00Z"]),
    ],
)
def test_events_of_the_window_are_listed(event: str, window: dict[str, Any], found: list[str]):
    assert starts(f"UID:1\r\n{event}", **window) == found


@pytest.mark.parametrize(
    ("event", "window", "found"),
    [
        # The local time stays where clocks change.
        ("DTSTART;TZID=Europe/Oslo:20200103T090000\r\nRRULE:FREQ=WEEKLY;BYDAY=FR", {"days": 15}, ["2026-03-27T08:00:00Z", "2026-04-03T07:00:00Z"]),
        ("DTSTART;VALUE=DATE:19800325\r\nRRULE:FREQ=YEARLY", {}, ["2026-03-25"]),
        ("DTSTART:20260316T100000Z\r\nRRULE:FREQ=DAILY;COUNT=7", {}, ["2026-03-21T10:00:00Z", "2026-03-22T10:00:00Z"]),
        ("DTSTART:20260301T100000Z\r\nRRULE:FREQ=DAILY;UNTIL=20260321T100000Z", {}, ["2026-03-21T10:00:00Z"]),
        ("DTSTART:20260301T100000Z\r\nRRULE:FREQ=DAILY;UNTIL=20260321T095959Z", {}, []),
        ("DTSTART;TZID=America/New_York:20260301T210000\r\nRRULE:FREQ=DAILY;UNTIL=20260322T010000Z", {}, ["2026-03-21T01:00:00Z", "2026-03-22T01:00:00Z"]),
        ("DTSTART;VALUE=DATE:20260301\r\nRRULE:FREQ=DAILY;UNTIL=20260321", {}, ["2026-03-20", "2026-03-21"]),
        ("DTSTART:20260301T100000Z\r\nRRULE:FREQ=DAILY\r\nEXDATE:20260321T100000Z,20260322T100000Z", {"days": 3}, ["2026-03-23T10:00:00Z"]),
        ("DTSTART;TZID=Europe/Oslo:20260301T110000\r\nRRULE:FREQ=DAILY\r\nEXDATE:20260321T100000Z", {"days": 2}, ["2026-03-22T10:00:00Z"]),
        ("DTSTART:20260301T100000Z\r\nRRULE:FREQ=DAILY\r\nEXDATE;VALUE=DATE:20260321", {"days": 2}, ["2026-03-22T10:00:00Z"]),
        ("DTSTART:20260321T100000Z\r\nRDATE:20260325T100000Z,20260321T100000Z", {}, ["2026-03-21T10:00:00Z", "2026-03-25T10:00:00Z"]),
        ("DTSTART:20251231T100000Z\r\nRRULE:FREQ=MONTHLY;BYDAY=-1TU", {"days": 40}, ["2026-03-31T10:00:00Z", "2026-04-28T10:00:00Z"]),
        ("DTSTART:20260131T100000Z\r\nRRULE:FREQ=MONTHLY", {"days": 80}, ["2026-03-31T10:00:00Z", "2026-05-31T10:00:00Z"]),
        ("DTSTART:20260301T100000Z\r\nRRULE:FREQ=NEVER", {}, []),
        ("DTSTART:20260301T100000Z\r\nRRULE:FREQ=MONTHLY;UNTIL=99991231T235959Z", {}, ["2026-04-01T10:00:00Z"]),
        ("DTSTART;VALUE=DATE:20260301\r\nRRULE:FREQ=MONTHLY;UNTIL=99991231", {}, ["2026-04-01"]),
        ("DTSTART:20260320T110000Z\r\nDTEND:20260321T110000Z\r\nRRULE:FREQ=WEEKLY", {"days": 1}, ["2026-03-20T11:00:00Z"]),
        ("DTSTART:20260320T110000Z\r\nRRULE:FREQ=HOURLY;INTERVAL=6", {"days": 1}, ["2026-03-20T17:00:00Z", "2026-03-20T23:00:00Z", "2026-03-21T05:00:00Z", "2026-03-21T11:00:00Z"]),
    ],
)  # fmt: skip
def test_recurrences_are_expanded(event: str, window: dict[str, Any], found: list[str]):
    assert starts(f"UID:1\r\n{event}", **window) == found


SERIES = "UID:s\r\nSUMMARY:old\r\nDTSTART:20260301T100000Z\r\nRRULE:FREQ=WEEKLY"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("SUMMARY:new\r\nRECURRENCE-ID:20260322T100000Z\r\nDTSTART:20260322T150000Z", [("2026-03-22T15:00:00Z", "new"), ("2026-03-29T10:00:00Z", "old")]),
        ("SUMMARY:new\r\nRECURRENCE-ID:20260322T100000Z\r\nDTSTART:20260322T150000Z\r\nSTATUS:CANCELLED", [("2026-03-29T10:00:00Z", "old")]),
        ("SUMMARY:new\r\nRECURRENCE-ID:20260322T100000Z\r\nDTSTART:20270322T150000Z", [("2026-03-29T10:00:00Z", "old")]),
        ("SUMMARY:new\r\nRECURRENCE-ID:20250322T100000Z\r\nDTSTART:20260323T150000Z", [("2026-03-22T10:00:00Z", "old"), ("2026-03-23T15:00:00Z", "new"), ("2026-03-29T10:00:00Z", "old")]),
        ("SUMMARY:new\r\nRECURRENCE-ID;TZID=Europe/Oslo:20260322T110000\r\nDTSTART:20260322T150000Z", [("2026-03-22T15:00:00Z", "new"), ("2026-03-29T10:00:00Z", "old")]),
        ("SUMMARY:new\r\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260322T100000Z\r\nDTSTART:20260322T150000Z", [("2026-03-22T15:00:00Z", "new"), ("2026-03-29T15:00:00Z", "new")]),
        ("SUMMARY:new\r\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260308T100000Z\r\nDTSTART:20260308T150000Z", [("2026-03-22T15:00:00Z", "new"), ("2026-03-29T15:00:00Z", "new")]),
    ],
)  # fmt: skip
def test_a_changed_occurrence_replaces_the_one_that_it_names(change: str, found: list[tuple[str, str]]):
    events = read(calendar(SERIES, f"UID:s\r\n{change}"), days=12)
    assert [(event["start"], event["title"]) for event in events] == found


ZONE = """BEGIN:VTIMEZONE
TZID:Office
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
""".replace("\n", "\r\n")


def test_a_zone_that_the_calendar_defines_is_used_on_both_sides_of_a_change():
    event = 'UID:1\r\nDTSTART;TZID="Office":20260101T100000\r\nRRULE:FREQ=WEEKLY;BYDAY=SA,SU\r\nEXDATE;TZID=Office:20260321T100000'
    assert starts(event, head=ZONE, days=9) == [
        "2026-03-22T09:00:00Z",
        "2026-03-28T09:00:00Z",
        "2026-03-29T08:00:00Z",
    ]


def test_times_without_a_zone_are_in_the_calendar_s_own():
    body = calendar("UID:1\r\nDTSTART:20260321T100000", head="X-WR-TIMEZONE:Asia/Tokyo\r\n")
    declared = {"id": "it", "path": "/it", "response_type": "ical"}
    reading = integration_of([declared]).endpoints["it"].reading
    value = parse_answer("ical", "text/calendar", body, reading=reading, now=NOW.timestamp()).value
    assert value[0]["start"] == "2026-03-21T01:00:00Z"


def test_events_are_in_order_and_at_most_a_thousand():
    many = [f"UID:{n}\r\nDTSTART:20260321T{n % 24:02d}{n % 60:02d}00Z" for n in range(1_500)]
    found = starts(*many)
    assert len(found) == 1_000
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"<html>", "text/html", "wrong_type"),
        (b"{}", "application/json", "wrong_type"),
        (b"hello", "text/plain", "unparsable"),
        (b"", "text/calendar", "empty"),
    ],
)
def test_what_is_no_calendar_is_a_failure(body: bytes, content_type: str, reason: str):
    with pytest.raises(UpstreamInvalid) as failed:
        read(body, content_type)
    assert failed.value.extensions["reason"] == reason


@pytest.mark.parametrize(
    ("word", "value"),
    [("timezone", "Mars/Base"), ("days", 0), ("days", 367), ("past_days", -1), ("until", 5)],
)
def test_a_wrong_window_is_refused_by_field(word: str, value: Any):
    with pytest.raises(Invalid) as refused:
        integration_of([{"id": "it", "path": "/it", "response_type": "ical", "ical": {word: value}}])
    assert f"manifest.endpoints[0].ical.{word}" in (refused.value.errors or {})


# -- rules, compared with another implementation ---------------------------------------------------------------------


def part(name: str, values: list[Any]) -> st.SearchStrategy[dict[str, list[Any]]]:
    return st.just({}) | st.lists(st.sampled_from(values), min_size=1, max_size=3).map(
        lambda found: {name: found}
    )


COMMON = [
    part("BYMONTH", [1, 2, 6, 12]),
    part("BYMONTHDAY", [1, 15, 29, 31, -1, -3]),
    part("BYHOUR", [0, 9, 23]),
    part("BYMINUTE", [0, 30]),
    st.sampled_from([{}, {"INTERVAL": [2]}, {"INTERVAL": [5]}]),
    st.sampled_from([{}, {"COUNT": [1]}, {"COUNT": [40]}]),
    st.sampled_from([{}, {"WKST": ["SU"]}]),
]
PLAIN_DAYS, NUMBERED_DAYS = part("BYDAY", ["MO", "TU", "SU"]), part("BYDAY", ["1MO", "2TU", "-1FR", "5SA"])
RULES = st.one_of(
    *(
        st.tuples(st.just({"FREQ": [frequency]}), days, *COMMON, *more)
        for frequency, days, more in (
            ("YEARLY", PLAIN_DAYS | NUMBERED_DAYS, [part("BYYEARDAY", [1, 100, 366, -1])]),
            ("YEARLY", PLAIN_DAYS, [part("BYWEEKNO", [2, 20, 40])]),
            ("MONTHLY", PLAIN_DAYS | NUMBERED_DAYS, [st.sampled_from([{}, {"BYSETPOS": [-1]}])]),
            ("WEEKLY", PLAIN_DAYS, []),
            ("DAILY", PLAIN_DAYS, []),
        )
    )
).map(lambda parts: {name: values for each in parts for name, values in each.items()})


@given(
    rule=RULES,
    start=st.integers(1_546_300_800, 1_735_300_000).map(
        lambda seconds: datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    ),
    ahead=st.integers(0, 900),
)
def test_a_rule_gives_what_dateutil_gives(rule: dict[str, list[Any]], start: datetime, ahead: int):
    if "BYSETPOS" in rule and not rule.keys() & {"BYDAY", "BYMONTHDAY", "BYMONTH", "BYHOUR", "BYMINUTE"}:
        return
    first, last = start + timedelta(days=ahead), start + timedelta(days=ahead + 400)
    text = ";".join(f"{name}={','.join(map(str, values))}" for name, values in rule.items())
    expected = itertools.takewhile(lambda at: at <= last, rrulestr(f"RRULE:{text}", dtstart=start))
    found = list(find_occurrences(read_rule(rule), start, first, last, lambda _cost: None))
    assert found == [at for at in expected if at >= first]


@given(st.text("BEGIN:VCALDRTZ;=,\r\n 0123456789", max_size=300))
def test_no_text_makes_it_fail_otherwise(text: str):
    for body in (text.encode(), calendar(f"UID:1\r\nDTSTART:20260321T100000Z\r\n{text}")):
        try:
            read(body)
        except UpstreamInvalid as error:
            assert error.extensions["reason"] in ("unparsable", "empty", "wrong_type")
