"""Answers that are built to be expensive: reading them costs no more than others, or they are a failure.

Everything here ends within the time of a test; without the limits it would take minutes, or gigabytes.
"""

from __future__ import annotations

from typing import Any

import pytest

from errors import UpstreamInvalid
from integrations.answers.parse import parse_answer
from integrations.answers.types.text_extract import MAX_LINES, MAX_MATCHES, TextLines, TooMuchTextError
from tests.integrations.building import integration_of

MEGABYTE = 1024 * 1024


def read(response_type: str, body: bytes, media_type: str, **words: Any) -> Any:
    """The value, or None where the answer is refused as too expensive."""
    endpoint = integration_of([{"id": "it", "path": "/it", "response_type": response_type, **words}])
    reading = endpoint.endpoints["it"].reading
    try:
        return parse_answer(response_type, media_type, body, reading=reading).value
    except UpstreamInvalid as error:
        assert error.extensions["reason"] in ("unparsable", "wrong_type", "empty")
        return None


# -- texts -----------------------------------------------------------------------------------------------------------

# Most are linear by RE2's own automata; the others make it fall back to a slow simulation.
PATTERNS = [
    "(?:(?:a|b|ab){1,9}c?){1,9}z", "(.*)(.*)(.*)(.*)x", "(a|b)*c|(a|ab)*z", "(?:[ab]{0,30}a[ab]{30}){2}(c)", "(?s).*z",
    "(?:a?){50}a{50}", "(a.*b)|a", "(x+x+)+y", "()",
]  # fmt: skip
TEXTS = {
    "one line": b"ab" * 5 * MEGABYTE,
    "short lines": b"ab\n" * 3 * MEGABYTE,
    "one letter": b"a" * 10 * MEGABYTE,
    "three bytes each": "€".encode() * 3 * MEGABYTE,
    "line ends": b"\n" * 10 * MEGABYTE,
}


@pytest.mark.parametrize("body", TEXTS.values(), ids=TEXTS.keys())
@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_pattern_takes_long_on_any_text(pattern: str, body: bytes) -> None:
    for item in (pattern, {"pattern": pattern, "all": True}):
        for size in (len(body), MEGABYTE // 2, 4096):
            value = read("text", body[:size], "text/plain", extract={"a": item})
            assert value is None or len(value["a"] or "") <= max(MAX_MATCHES, size)


def test_fifty_patterns_cost_as_much_as_their_sizes_together() -> None:
    patterns = {f"p{n}": "(?:(?:a|b|ab){1,9}c?){1,9}z" for n in range(50)}
    assert read("text", b"ab" * MEGABYTE, "text/plain", extract=patterns) is None
    assert read("text", b"ab" * 512, "text/plain", extract=patterns) == dict.fromkeys(patterns)


@pytest.mark.parametrize("body", TEXTS.values(), ids=TEXTS.keys())
def test_no_text_makes_lines_take_long(body: bytes) -> None:
    value = read("text", body, "text/plain", lines={})
    assert value is None or value == {}


def test_as_many_lines_as_there_may_be_are_read() -> None:
    lines = [f"{n}: {n}" for n in range(MAX_LINES)]
    assert len(TextLines().read("\n".join(lines))) == MAX_LINES
    with pytest.raises(TooMuchTextError):
        TextLines().read("\n".join([*lines, "more: 1"]))


# -- pages -----------------------------------------------------------------------------------------------------------

SELECTORS = ["* ~ * ~ *", "* * * *", "p:nth-child(2n+1) ~ p", "div div div b", "td:not(.a):not(.b)", "*"]
PAGES = {
    "formatting opened again": lambda size: "".join(f"<font size={n}><p>" for n in range(size // 16)),
    "nesting": lambda size: "<div>" * (size // 5),
    "siblings": lambda size: "<p>" * (size // 3),
    "cells": lambda size: "<table>" + "<tr><td>" * (size // 8),
    "bold, then ends": lambda size: "<b>" * (size // 7) + "</p>" * (size // 7),
    "attributes": lambda size: "<p " + " ".join(f"a{n}=1" for n in range(size // 8)) + ">",
    "classes": lambda size: f"<p class='{'a ' * (size // 2)}'>" * 2,
    "text in many elements": lambda size: ("<div>" * 200 + "text " * 40 + "</div>" * 200) * (size // 2500),
    "character references": lambda size: "&amp;" * (size // 5),
    "an open comment": lambda size: "<!-- " + "-" * size,
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
@pytest.mark.parametrize("size", [MEGABYTE // 4, 8 * MEGABYTE])
def test_no_page_takes_long_with_any_selector(page: Any, size: int) -> None:
    extract = {f"n{n}": {"selector": text, "all": True} for n, text in enumerate(SELECTORS)}
    inner = {"first": "b", "again": {"each": "p", "extract": {"own": ":scope"}}}
    extract["each"] = {"each": "div, p, td", "extract": inner}
    value = read("html", page(size).encode(), "text/html", extract=extract)
    assert value is None or set(value) == set(extract)


def test_fifty_selectors_over_a_large_page_are_refused_before_they_cost_much() -> None:
    extract = {f"n{n}": {"selector": ", ".join(SELECTORS)} for n in range(50)}
    assert read("html", b"<p>" * 100_000, "text/html", extract=extract) is None


def test_links_of_a_page_that_a_browser_would_run_are_null() -> None:
    page = (
        b"<a href='javascript:alert(1)'>1</a><a href='data:text/html,x'>2</a><a href=' java\tscript:x'>3</a>"
    )
    extract = {"links": {"selector": "a", "attribute": "href", "all": True}}
    assert read("html", page, "text/html", extract=extract) == {"links": [None, None, None]}


# -- calendars -------------------------------------------------------------------------------------------------------

NOW = 1_774_000_000.0
LONG_AGO = "DTSTART:00020101T000000Z"
RULES = [
    "FREQ=SECONDLY", "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=SECONDLY;INTERVAL=10000", "FREQ=MINUTELY;BYHOUR=3",
    "FREQ=SECONDLY;COUNT=999999999", "FREQ=DAILY;COUNT=999999999", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=YEARLY;BYMONTHDAY=31;BYMONTH=2", "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;INTERVAL=9999", "FREQ=HOURLY;BYSETPOS=366",
    "FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE=" + ",".join(map(str, range(60))) + ";BYSECOND=" + ",".join(map(str, range(60))),
    "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=-1", "FREQ=DAILY;INTERVAL=99999999999999999999", "FREQ=YEARLY;COUNT=10000",
    "FREQ=WEEKLY;UNTIL=99991231T235959Z;WKST=SU", "FREQ=DAILY;UNTIL=00000000", "FREQ=DAILY;" + "BYDAY=MO;" * 2000,
]  # fmt: skip


def calendar(*lines: str) -> bytes:
    return "\r\n".join(("BEGIN:VCALENDAR", *lines, "END:VCALENDAR")).encode()


def read_calendar(body: bytes, **window: Any) -> Any:
    declared = {"id": "it", "path": "/it", "response_type": "ical", "ical": window}
    reading = integration_of([declared]).endpoints["it"].reading
    try:
        return parse_answer("ical", "text/calendar", body, reading=reading, now=NOW).value
    except UpstreamInvalid as error:
        assert error.extensions["reason"] in ("unparsable", "empty")
        return None


@pytest.mark.parametrize("start", [LONG_AGO, "DTSTART:20260301T000000Z", "DTSTART;VALUE=DATE:00020101"])
@pytest.mark.parametrize("rule", RULES)
def test_no_recurrence_takes_long(rule: str, start: str) -> None:
    event = ("BEGIN:VEVENT", "UID:1", start, f"RRULE:{rule}", "END:VEVENT")
    for count in (1, 500):
        value = read_calendar(calendar(*event * count), days=366, past_days=366)
        assert value is None or len(value) <= 1_000


def test_a_zone_that_changes_every_second_is_not_expanded() -> None:
    part = (
        "BEGIN:STANDARD",
        LONG_AGO[:-1],
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0200",
        "RRULE:FREQ=SECONDLY",
        "END:STANDARD",
    )
    zone = ("BEGIN:VTIMEZONE", "TZID:Z", *part * 30, "END:VTIMEZONE")
    event = ("BEGIN:VEVENT", "DTSTART;TZID=Z:20260321T100000", "END:VEVENT")
    assert read_calendar(calendar(*zone * 30, *event)) is None


FILES = {
    "events begun and not ended": calendar(*["BEGIN:VEVENT"] * 500_000),
    "components within each other": calendar("BEGIN:VEVENT", *["BEGIN:X"] * 500_000),
    "one long line": calendar("BEGIN:VEVENT", "SUMMARY:" + "a" * 8 * MEGABYTE, "DTSTART:20260321T100000Z", "END:VEVENT"),
    "folds": calendar("BEGIN:VEVENT", "SUMMARY:a" + "\r\n b" * MEGABYTE, "DTSTART:20260321T100000Z", "END:VEVENT"),
    "a million blank lines": calendar(*[""] * MEGABYTE),
    "excluded dates": calendar("BEGIN:VEVENT", "DTSTART:20260321T100000Z", "EXDATE:" + ",".join(["20260321T100000Z"] * 400_000), "END:VEVENT"),
    "many lines of them": calendar("BEGIN:VEVENT", "DTSTART:20260321T100000Z", *["EXDATE:" + ",".join(["20260321T100000Z"] * 900)] * 300, "END:VEVENT"),
    "parameters": calendar("BEGIN:VEVENT", "DTSTART" + ";A=b" * 500_000 + ":20260321T100000Z", "END:VEVENT"),
    "events of the window": calendar(*["BEGIN:VEVENT", "DTSTART:20260321T100000Z", "END:VEVENT"] * 100_000),
    "events of other years": calendar(*["BEGIN:VEVENT", "DTSTART:20160321T100000Z", "END:VEVENT"] * 150_000),
    "changes of one series": calendar(*["BEGIN:VEVENT", "UID:1", "DTSTART:20260321T100000Z", "RECURRENCE-ID;RANGE=THISANDFUTURE:20260321T100000Z", "END:VEVENT"] * 2_000),
}  # fmt: skip


@pytest.mark.parametrize("body", FILES.values(), ids=FILES.keys())
def test_no_calendar_takes_long(body: bytes) -> None:
    value = read_calendar(body)
    assert value is None or len(value) <= 1_000
