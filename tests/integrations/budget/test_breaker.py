"""The breaker: when it opens, that one probe goes, how it closes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, as_completed

import pytest
import time_machine
from werkzeug import Response

from errors import BreakerOpen, DeadlineExceeded, EgressRefused, UpstreamInvalid, UpstreamUnreachable
from integrations.budget import Account
from integrations.budget.origin_pauses import (
    FAILURES_TO_OPEN,
    NOT_PAUSED,
    OriginPause,
    OutcomeSignal,
    after,
    breaker_seconds_left,
    is_over,
    pause_seconds,
    signal_of,
    with_probe,
)
from integrations.egress.messages import Answer, Headers, PreparedCall
from tests.conftest import Client
from tests.integrations.stories import Service

NOW = 1_800_000_000.0
ONE = [{"id": "it", "path": "/it"}]


def failed(pause: OriginPause, now: float = NOW, *, is_probe: bool = False) -> OriginPause:
    return after(pause, OutcomeSignal.FAILING, 0, now, is_probe=is_probe)


def opened() -> OriginPause:
    pause = NOT_PAUSED
    for _ in range(FAILURES_TO_OPEN):
        pause = failed(pause)
    return pause


class TestDecisions:
    def test_it_opens_after_failures_in_a_row(self):
        pause = NOT_PAUSED
        for _ in range(FAILURES_TO_OPEN - 1):
            pause = failed(pause)
            assert breaker_seconds_left(pause, NOW) == 0
        pause = failed(pause)
        assert (pause.is_open, breaker_seconds_left(pause, NOW)) == (True, 5)

    def test_an_answer_between_starts_the_count_anew(self):
        pause = NOT_PAUSED
        for _ in range(FAILURES_TO_OPEN - 1):
            pause = failed(pause)
        pause = after(pause, OutcomeSignal.ALIVE, 0, NOW, is_probe=False)
        assert is_over(pause, NOW)
        assert not failed(pause).is_open

    def test_what_says_nothing_changes_nothing(self):
        pause = failed(NOT_PAUSED)
        assert after(pause, OutcomeSignal.NONE, 0, NOW, is_probe=False) == pause

    def test_calls_that_left_before_it_opened_do_not_lengthen_the_pause(self):
        assert failed(opened(), NOW + 1) == opened()
        assert failed(opened(), NOW + 60) == opened()

    def test_a_probe_holds_the_others_back_until_its_time_is_over(self):
        probing = with_probe(opened(), NOW + 5, 15)
        assert breaker_seconds_left(probing, NOW + 10) == 10
        assert breaker_seconds_left(probing, NOW + 20) == 0

    def test_a_failed_probe_opens_it_for_longer(self):
        pause = failed(with_probe(opened(), NOW + 5, 15), NOW + 6, is_probe=True)
        assert breaker_seconds_left(pause, NOW + 6) == 10

    def test_a_good_probe_closes_it(self):
        pause = after(with_probe(opened(), NOW, 15), OutcomeSignal.ALIVE, 0, NOW, is_probe=True)
        assert is_over(pause, NOW)

    def test_a_probe_that_says_nothing_makes_room_for_the_next(self):
        pause = after(with_probe(opened(), NOW + 5, 15), OutcomeSignal.NONE, 0, NOW + 6, is_probe=True)
        assert (pause.is_open, breaker_seconds_left(pause, NOW + 6)) == (True, 0)

    def test_the_pauses_grow_to_a_limit(self):
        assert [pause_seconds(n) for n in (1, 2, 3, 6, 7, 8, 1000)] == [5, 10, 20, 160, 300, 300, 300]

    def test_a_clock_that_is_set_back_does_not_keep_it_open(self):
        assert breaker_seconds_left(opened(), NOW - 86400) == 0

    def test_a_pause_outlives_the_answers_of_others(self):
        pause = after(NOT_PAUSED, OutcomeSignal.FAILING, 60, NOW, is_probe=False)
        assert after(pause, OutcomeSignal.ALIVE, 0, NOW, is_probe=False).cooldown_until == NOW + 60
        assert after(pause, OutcomeSignal.FAILING, 5, NOW, is_probe=False).cooldown_until == NOW + 60


def answer(status: int) -> Answer:
    return Answer(status, Headers(), b"", "https://api.test:443", 0.0, 0)


@pytest.mark.parametrize(
    ("outcome", "signal"),
    [
        (answer(200), OutcomeSignal.ALIVE),
        (answer(404), OutcomeSignal.ALIVE),
        (answer(429), OutcomeSignal.FAILING),
        (answer(500), OutcomeSignal.FAILING),
        (answer(503), OutcomeSignal.FAILING),
        (UpstreamUnreachable("", reason="dns"), OutcomeSignal.FAILING),
        (DeadlineExceeded(""), OutcomeSignal.FAILING),
        (UpstreamInvalid("", reason="truncated"), OutcomeSignal.ALIVE),
        (EgressRefused(""), OutcomeSignal.NONE),
        (KeyboardInterrupt(), OutcomeSignal.NONE),
    ],
)
def test_what_an_end_says_of_the_origin(outcome: Answer | BaseException, signal: OutcomeSignal):
    assert signal_of(outcome) is signal


class TestStories:
    @pytest.fixture
    def clock(self):
        with time_machine.travel(NOW, tick=False) as clock:
            yield clock

    @pytest.fixture
    def is_up(self) -> threading.Event:
        return threading.Event()

    @pytest.fixture
    def service(self, client, upstream, clock, is_up) -> Service:
        upstream.expect_request("/it").respond_with_handler(
            lambda _request: Response('{"ok": 1}' if is_up.is_set() else "", 200 if is_up.is_set() else 500)
        )
        blocks = [{"id": "b", "cache_ttl": 1, "stale_if_error": 3600}]
        return Service(client, upstream, ONE, blocks)

    def fail(self, service: Service) -> None:
        for _ in range(FAILURES_TO_OPEN):
            assert service.execute("it").status_code == 502

    def test_a_failing_provider_is_left_alone_tried_and_taken_back(self, service, upstream, clock, is_up):
        self.fail(service)
        refused = service.execute("it")
        assert (refused.status_code, refused.json["code"]) == (503, "breaker_open")
        assert refused.headers["Retry-After"] == "5"
        assert len(upstream.log) == FAILURES_TO_OPEN
        clock.shift(5)
        assert service.execute("it").status_code == 502
        assert service.execute("it").headers["Retry-After"] == "10"
        is_up.set()
        clock.shift(10)
        assert [service.execute("it").status_code for _ in range(3)] == [200] * 3
        assert service.execute("it").status_code == 200

    def test_stale_stands_in_while_it_is_open(self, service, clock, is_up):
        is_up.set()
        assert service.render("b").status_code == 200
        is_up.clear()
        self.fail(service)
        clock.shift(2)
        stale = service.render("b")
        assert (stale.headers["X-Cache"], stale.json["error"]["code"]) == ("STALE", "breaker_open")

    def test_other_answers_of_the_provider_do_not_open_it(self, client, upstream, clock):
        upstream.expect_request("/it").respond_with_data("", 404)
        service = Service(client, upstream, ONE)
        for _ in range(FAILURES_TO_OPEN + 2):
            assert service.execute("it").json["upstream_status"] == 404

    def test_a_restart_keeps_it_open(self, service, settings, make_app):
        self.fail(service)
        again = Client(make_app(settings)).post("/integrations/svc/execute", {"endpoint_id": "it"})
        assert (again.status_code, again.headers["Retry-After"]) == (503, "5")

    def test_usage_tells_of_it(self, service, client):
        self.fail(service)
        [pause] = client.get("/integrations/svc/usage").json["rests"]
        assert (pause["origin"], pause["reason"]) == (service.url, "breaker")
        assert pause["until"] == "2027-01-15T08:00:05.000Z"


def test_of_many_callers_one_probes(app):
    """However many come when the pause is over."""
    budget = app.extensions["patchbay"].budget
    account, call = Account(1, "svc"), PreparedCall("GET", "https://api.test/it")
    began, may_end = threading.Event(), threading.Event()

    def fail() -> Answer:
        return answer(500)

    def probe() -> Answer:
        began.set()
        assert may_end.wait(30)
        return answer(200)

    with time_machine.travel(NOW, tick=False) as clock:
        for _ in range(FAILURES_TO_OPEN):
            budget.spend(account, call, "live", fail)
        clock.shift(5)
        with ThreadPoolExecutor(12) as pool:
            futures = [pool.submit(budget.spend, account, call, "live", probe) for _ in range(12)]
            assert began.wait(30)
            for _, _ in zip(range(11), as_completed(futures, timeout=30), strict=False):
                pass
            may_end.set()
            outcomes = [future.exception(timeout=30) for future in futures]
    assert [isinstance(error, BreakerOpen) for error in outcomes].count(True) == 11
    assert outcomes.count(None) == 1
    assert budget.status(account).pauses == {}
