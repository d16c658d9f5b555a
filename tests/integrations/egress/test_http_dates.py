"""The three forms of an HTTP-date, and how much that looks like one is none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from integrations.budget.retries import asked_wait_seconds
from integrations.caching.conditional_requests import validators_of
from integrations.caching.freshness import read_upstream
from integrations.egress.http_dates import parse_http_date
from integrations.egress.messages import Headers

NOW = datetime(2027, 1, 15, 8, tzinfo=UTC).timestamp()

DATES = {
    "Sun, 06 Nov 1994 08:49:37 GMT": datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC),
    "Sunday, 06-Nov-94 08:49:37 GMT": datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC),
    "Sun Nov  6 08:49:37 1994": datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC),
    "Sun Nov 16 08:49:37 1994": datetime(1994, 11, 16, 8, 49, 37, tzinfo=UTC),
    "Thu, 18 Aug 2050 02:01:18 GMT": datetime(2050, 8, 18, 2, 1, 18, tzinfo=UTC),
    "\tThu, 18 Aug 2050 02:01:18 GMT ": datetime(2050, 8, 18, 2, 1, 18, tzinfo=UTC),
    "THU, 18 aUG 2050 02:01:18 gmt": datetime(2050, 8, 18, 2, 1, 18, tzinfo=UTC),
    "Mon, 18 Aug 2050 02:01:18 GMT": datetime(2050, 8, 18, 2, 1, 18, tzinfo=UTC),
    "Fri, 29 Feb 2008 00:00:00 GMT": datetime(2008, 2, 29, tzinfo=UTC),
    "Sat, 31 Dec 2016 23:59:60 GMT": datetime(2017, 1, 1, tzinfo=UTC),
    "Thursday, 18-Aug-77 02:01:18 GMT": datetime(2077, 8, 18, 2, 1, 18, tzinfo=UTC),
    "Thursday, 18-Aug-78 02:01:18 GMT": datetime(1978, 8, 18, 2, 1, 18, tzinfo=UTC),
    "Thursday, 18-Aug-00 02:01:18 GMT": datetime(2000, 8, 18, 2, 1, 18, tzinfo=UTC),
}

NO_DATES = [
    "",
    "0",
    "-1",
    "now",
    "Thu, 18 Aug 2050 02:01:18 UTC",
    "Thu, 18 Aug 2050 02:01:18 AEST",
    "Thu, 18 Aug 2050 02:01:18 +0000",
    "Thu, 18 Aug 2050 02:01:18 Z",
    "Thu, 18 Aug 2050 02:01:18",
    "Thu, 18 Aug 50 02:01:18 GMT",
    "Thu, 18-Aug-2050 02:01:18 GMT",
    "Thursday, 18-Aug-2050 02:01:18 GMT",
    "Thu, 18-Aug-50 02:01:18 GMT",
    "Thursday, 18 Aug 2050 02:01:18 GMT",
    "Thu 18 Aug 2050 02:01:18 GMT",
    "18 Aug 2050 02:01:18 GMT",
    "Thu, 18  Aug  2050  02:01:18  GMT",
    "Thu, 18 Aug 2050 2:01:18 GMT",
    "Thu, 18 Aug 2050 02.01.18 GMT",
    "Thu, 18 Aug 2050 02:01 GMT",
    "Thu, 8 Aug 2050 02:01:18 GMT",
    "Thu, 18 August 2050 02:01:18 GMT",
    "Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:18 GMT",
    "Thu, 18 Aug 2050 24:00:00 GMT",
    "Thu, 18 Aug 2050 02:60:00 GMT",
    "Thu, 18 Aug 2050 02:01:61 GMT",
    "Thu, 31 Nov 2050 02:01:18 GMT",
    "Thu, 29 Feb 2050 02:01:18 GMT",
    "Thu, 00 Aug 2050 02:01:18 GMT",
    "Thu, 18 Aug 0000 02:01:18 GMT",
    "Xxx, 18 Aug 2050 02:01:18 GMT",
    "Thu, 18 Xxx 2050 02:01:18 GMT",
    "Thu Aug 18 02:01:18 2050 GMT",
    "Thu Aug 018 02:01:18 2050",
    "Thu Aug 8 02:01:18 2050",
    "2050-08-18T02:01:18Z",
    "2050-08-18 02:01:18",
    "Thu, １８ Aug 2050 02:01:18 GMT",
    "Thu, 18 Aug 2050 02:01:18 GMT\x0b",
    "Thu, 18 Aug 2050 02:01:18 GMT; x",
    "x" * 100_000,
]


@pytest.mark.parametrize("text", DATES)
def test_a_date_of_the_three_forms_is_read(text: str) -> None:
    assert parse_http_date(text, NOW) == DATES[text].timestamp()


@pytest.mark.parametrize("text", NO_DATES)
def test_what_is_no_date_is_none_in_any_header(text: str) -> None:
    expires = read_upstream(Headers((("Expires", text),)), NOW)
    dated = read_upstream(Headers((("Expires", "Fri, 15 Jan 2027 08:01:00 GMT"), ("Date", text))), NOW)

    assert parse_http_date(text, NOW) is None
    assert expires.ttl_seconds == 0
    assert dated.ttl_seconds == 60
    assert validators_of(Headers((("Last-Modified", text),)), ()) is None
    if not text.lstrip("-").isdigit():
        assert asked_wait_seconds(None, Headers((("Retry-After", text),)), NOW) is None


@pytest.mark.parametrize("text", ["Friday, 15-Jan-27 08:01:00 GMT", "Fri Jan 15 08:01:00 2027"])
def test_the_older_forms_count_in_every_header(text: str) -> None:
    headers = Headers((("Expires", text), ("Last-Modified", text), ("Retry-After", text)))

    assert read_upstream(headers, NOW).ttl_seconds == 60
    assert validators_of(headers, ()) is not None
    assert asked_wait_seconds(None, headers, NOW) == 60
