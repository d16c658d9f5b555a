"""When a call is made again, and after how long."""

import time

import pytest

from errors import (
    BudgetSpent,
    DeadlineExceeded,
    EgressRefused,
    UpstreamFailed,
    UpstreamInvalid,
    UpstreamUnreachable,
)
from integrations.budget.retries import MAX_WAIT_SECONDS, asked_wait_seconds, is_temporary, wait_seconds
from integrations.egress.messages import Answer, Headers
from integrations.manifests.model import Retry

RETRY = Retry(3, frozenset({429, 503}), "Retry-After", None)
NOW = 1_445_412_480.0  # Wed, 21 Oct 2015 07:28:00 GMT


def answer(status: int, **headers: str) -> Answer:
    items = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(status, Headers(items), b"", "https://api.test:443", 0.1, 0)


@pytest.mark.parametrize(
    ("outcome", "passing"),
    [
        (answer(429), True),
        (answer(503), True),
        (answer(500), False),
        (answer(200), False),
        (UpstreamUnreachable("", reason="dns"), True),
        (UpstreamUnreachable("", reason="refused"), True),
        (UpstreamUnreachable("", reason="reset"), True),
        (UpstreamUnreachable("", reason="connect_timeout"), True),
        (UpstreamUnreachable("", reason="tls"), False),
        (UpstreamInvalid("", reason="truncated"), True),
        (UpstreamInvalid("", reason="schema"), False),
        (UpstreamInvalid("", reason="too_large"), False),
        (UpstreamFailed("", upstream_status=503), False),
        (DeadlineExceeded(""), False),
        (EgressRefused("", reason="refused"), False),
        (BudgetSpent(""), False),
    ],
)
def test_only_what_may_pass_is_tried_again(outcome, passing):
    assert is_temporary(RETRY, outcome) is passing


@pytest.mark.parametrize(
    ("attempt", "jitter", "seconds"),
    [(1, 0.0, 0.0), (1, 1.0, 0.5), (2, 1.0, 1.0), (3, 0.5, 1.0), (4, 1.0, 4.0), (20, 1.0, MAX_WAIT_SECONDS)],
)
def test_waits_grow_and_are_spread_up_to_a_bound(attempt, jitter, seconds):
    assert wait_seconds(RETRY, attempt, answer(503), NOW, jitter) == seconds
    assert wait_seconds(RETRY, attempt, UpstreamUnreachable("", reason="dns"), NOW, jitter) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("1.5", 1.5),
        ("Wed, 21 Oct 2015 07:28:30 GMT", 30),
        ("Wed, 21 Oct 2015 07:27:00 GMT", 0),
        ("Wed, 21 Oct 2015 09:28:30 +0200", None),
        ("Wednesday, 21-Oct-15 07:28:30 GMT", 30),
        ("Wed Oct 21 07:28:30 2015", 30),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1e3", None),
        ("٣", None),
        ("nan", None),
        ("9" * 400, None),
        ("Wed, 99 Oct 99999 07:28:30 GMT", None),
        ("Wed, 21 Oct 2015 99:99:99 GMT", None),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_the_provider_s_wait_is_read_as_rfc_9110_writes_it(monkeypatch, zone, text, seconds):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert asked_wait_seconds(RETRY, Headers((("retry-after", text),)), NOW) == seconds
        assert asked_wait_seconds(None, Headers((("Retry-After", text),)), NOW) == seconds
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"X_Reset": f"{NOW + 90:.0f}"}, 90),
        ({"X_Reset": f"{(NOW + 90) * 1000:.0f}"}, 90),
        ({"X_Reset": f"{NOW - 90:.0f}"}, 0),
        ({"X_Reset": "never"}, None),
        ({"X_Wait": "5", "X_Reset": f"{NOW + 90:.0f}"}, 5),
        ({"Retry_After": "5"}, None),
        ({}, None),
    ],
)
def test_headers_that_the_manifest_names_say_how_long(headers, seconds):
    retry = Retry(3, frozenset({429}), "X-Wait", "X-Reset")
    assert asked_wait_seconds(retry, answer(429, **headers).headers, NOW) == seconds


def test_what_the_provider_asks_goes_before_what_chance_says():
    assert wait_seconds(RETRY, 1, answer(503, Retry_After="12"), NOW, 0.0) == 12
