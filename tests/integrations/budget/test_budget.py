"""Rate limits and pauses: the pure decisions as tables, and what callers see of them as stories."""

from __future__ import annotations

import random
from typing import Any

import pytest
import time_machine

from integrations.budget.origin_pauses import (
    NOT_PAUSED,
    OriginPause,
    cooldown_seconds_left,
    requested_pause_seconds,
)
from integrations.budget.windows import charge, grants_scheduled, is_late, windows_of
from integrations.egress.messages import Answer, Headers
from integrations.manifests.model import RateLimit, Retry
from tests.integrations.stories import Service

NOW = 1_800_000_000.0
MINUTE, HOUR = 60, 3600
# What writes is called each time, and nothing kept stands in for it.
ONE = [{"id": "it", "path": "/it"}, {"id": "act", "path": "/it", "method": "POST"}]


def spend_all(limit: RateLimit, times: list[float], *, is_scheduled: bool = False) -> list[float]:
    """Those of the times at which a call may go."""
    spent: Any = {}
    gone = []
    for now in times:
        spent, refused_by = charge(spent, limit, now, is_scheduled=is_scheduled)
        if refused_by is None:
            gone.append(now)
    return gone


class TestWindows:
    def test_the_limit_is_granted_and_no_call_more(self):
        assert len(spend_all(RateLimit(((MINUTE, 60),)), [NOW] * 100)) == 60

    @pytest.mark.parametrize("seconds", [1, MINUTE, HOUR, 86400])
    def test_no_span_of_the_window_holds_more_wherever_it_begins(self, seconds: int):
        jitter = random.Random(seconds)
        times = sorted(NOW + jitter.random() * 5 * seconds for _ in range(2000))
        gone = spend_all(RateLimit(((seconds, 20),)), times)
        for index, first in enumerate(gone):
            assert sum(first <= at < first + seconds for at in gone[index:]) <= 20
        assert len(gone) >= 80

    @pytest.mark.parametrize("seconds", [1, MINUTE])
    def test_nor_where_calls_leave_a_little_after_they_were_charged(self, seconds: int):
        jitter, limit = random.Random(seconds), RateLimit(((seconds, 20),))
        times = sorted(NOW + jitter.random() * 5 * seconds for _ in range(2000))
        late = seconds / 120
        gone = sorted(at + jitter.random() * late for at in spend_all(limit, times))
        for index, first in enumerate(gone):
            assert sum(at < first + seconds for at in gone[index:]) <= 20
        assert not is_late(limit, NOW, NOW + late * 0.99)
        assert is_late(limit, NOW, NOW + late * 1.01)
        assert is_late(limit, NOW, NOW - 1)

    def test_a_call_that_is_charged_anew_counts_once(self):
        limit = RateLimit(((1, 2), (MINUTE, 2)))
        spent, _ = charge({}, limit, NOW, is_scheduled=False)
        spent, refused_by = charge(spent, limit, NOW + 0.5, is_scheduled=False, instead_of=NOW)
        assert refused_by is None
        assert [window.used for window in windows_of(spent, limit, NOW + 1.2)] == [1, 1]
        assert [window.used for window in windows_of(spent, limit, NOW + 1.6)] == [0, 1]

    def test_a_refusal_says_when_one_more_may_go_and_then_it_may(self):
        limit = RateLimit(((MINUTE, 2),))
        spent, _ = charge({}, limit, NOW, is_scheduled=False)
        spent, _ = charge(spent, limit, NOW + 30, is_scheduled=False)
        _, refused_by = charge(spent, limit, NOW + 40, is_scheduled=False)
        assert refused_by is not None
        assert (refused_by.name, refused_by.left) == ("minute", 0)
        assert NOW + 60 <= refused_by.next_at <= NOW + 62
        assert charge(spent, limit, refused_by.next_at - 0.1, is_scheduled=False)[1] is not None
        assert charge(spent, limit, refused_by.next_at, is_scheduled=False)[1] is None

    def test_of_several_full_windows_the_longest_wait_is_told(self):
        limit = RateLimit(((1, 1), (HOUR, 1)))
        spent, _ = charge({}, limit, NOW, is_scheduled=False)
        _, refused_by = charge(spent, limit, NOW, is_scheduled=False)
        assert refused_by is not None and refused_by.name == "hour"

    @pytest.mark.parametrize(("limit", "granted"), [(1, 1), (2, 1), (5, 4), (10, 8), (60, 48), (1000, 800)])
    def test_schedules_leave_a_reserve(self, limit: int, granted: int):
        assert grants_scheduled(limit) == granted
        assert len(spend_all(RateLimit(((MINUTE, limit),)), [NOW] * 1100, is_scheduled=True)) == granted

    def test_what_people_used_counts_against_schedules(self):
        limit = RateLimit(((MINUTE, 10),))
        spent: Any = {}
        for _ in range(8):
            spent, _ = charge(spent, limit, NOW, is_scheduled=False)
        assert charge(spent, limit, NOW, is_scheduled=True)[1] is not None
        assert charge(spent, limit, NOW, is_scheduled=False)[1] is None

    def test_a_clock_that_is_set_back_locks_nobody_out_for_longer_than_the_window(self):
        limit = RateLimit(((MINUTE, 1),))
        spent, _ = charge({}, limit, NOW, is_scheduled=False)
        yesterday = NOW - 86400
        spent, refused_by = charge(spent, limit, yesterday, is_scheduled=False)
        assert refused_by is not None and refused_by.next_at <= yesterday + 63
        assert charge(spent, limit, yesterday + 63, is_scheduled=False)[1] is None

    def test_what_is_kept_is_small_whatever_the_limit(self):
        limit = RateLimit(((86400, 10**6),))
        spent: Any = {}
        for number in range(5000):
            spent, _ = charge(spent, limit, NOW + number * 100, is_scheduled=False)
        assert len(spent[86400]) <= 62
        assert windows_of(spent, limit, NOW + 500_000)[0].used <= 894


def answer(status: int, **headers: str) -> Answer:
    items = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(status, Headers(items), b"", "https://api.test:443", 0.0, 0)


@pytest.mark.parametrize(
    ("outcome", "seconds"),
    [
        (answer(429, Retry_After="7"), 7),
        (answer(503, Retry_After="7"), 7),
        (answer(429, Retry_After="Fri, 15 Jan 2027 08:00:05 GMT"), 5),
        (answer(429, Retry_After="999999999"), 3600),
        (answer(429, Retry_After="soon"), 0),
        (answer(429, Retry_After="-5"), 0),
        (answer(429), 0),
        (answer(200, Retry_After="7"), 0),
        (answer(500, Retry_After="7"), 0),
        (OSError(), 0),
    ],
)
def test_the_pause_that_is_asked_for(outcome: Answer | Exception, seconds: float):
    assert requested_pause_seconds(outcome, None, NOW) == seconds


def test_the_pause_in_declared_headers():
    retry = Retry(0, frozenset(), "X-Wait", "X-Reset")
    assert requested_pause_seconds(answer(429, X_Wait="3"), retry, NOW) == 3
    assert requested_pause_seconds(answer(429, X_Reset=str(int(NOW) + 9)), retry, NOW) == 9


def test_a_cooldown_further_off_than_it_can_be_is_over():
    assert cooldown_seconds_left(NOT_PAUSED, NOW) == 0
    assert cooldown_seconds_left(OriginPause(cooldown_until=NOW + 5), NOW) == 5
    assert cooldown_seconds_left(OriginPause(cooldown_until=NOW + 86400), NOW) == 0


class TestStories:
    def service(self, client, upstream, limit: int = 2, **section: Any) -> Service:
        upstream.expect_request("/it").respond_with_json({"n": 1})
        blocks = [{"id": "b", "endpoint": "it", "cache_ttl": 1, "stale_if_error": 3600}]
        return Service(client, upstream, ONE, blocks, rate_limit={"requests_per_minute": limit}, **section)

    def test_a_spent_budget_is_a_429_with_the_time(self, client, upstream):
        with time_machine.travel(NOW, tick=False):
            service = self.service(client, upstream)
            assert [service.execute("act").status_code for _ in range(3)] == [200, 200, 429]
            refused = service.execute("act")
        assert (refused.json["code"], refused.json["window"], refused.json["limit"]) == (
            "budget_spent",
            "minute",
            2,
        )
        assert refused.json["detail"] == (
            "`svc` has used up its limit of 2 calls per minute in this workspace. "
            "The next call is allowed at 2027-01-15 08:01:02 UTC."
        )
        assert refused.headers["Retry-After"] == "62"
        assert len(upstream.log) == 2

    def test_the_window_slides_open_again(self, client, upstream):
        with time_machine.travel(NOW, tick=False) as clock:
            service = self.service(client, upstream, limit=1)
            assert service.execute("act").status_code == 200
            clock.shift(60)
            assert service.execute("act").status_code == 429
            clock.shift(2)
            assert service.execute("act").status_code == 200

    def test_stale_stands_in_when_it_is_spent(self, client, upstream):
        with time_machine.travel(NOW, tick=False) as clock:
            service = self.service(client, upstream, limit=1)
            assert service.render("b").headers["X-Cache"] == "MISS"
            clock.shift(30)
            stale = service.render("b")
        assert (stale.status_code, stale.headers["X-Cache"], stale.json["stale"]) == (200, "STALE", True)
        assert (stale.json["data"], stale.json["error"]["code"]) == ({"n": 1}, "budget_spent")

    def test_a_hit_costs_nothing_of_it(self, client, upstream):
        with time_machine.travel(NOW, tick=False):
            service = self.service(client, upstream, limit=1)
            assert [service.render("b").headers["X-Cache"] for _ in range(5)] == ["MISS"] + ["HIT"] * 4

    def test_a_test_of_the_connection_counts_and_is_counted(self, client, upstream):
        with time_machine.travel(NOW, tick=False):
            service = self.service(client, upstream)
            assert client.post("/integrations/svc/test").json["success"] is True
            assert service.execute("act").status_code == 200
            refused = client.post("/integrations/svc/test").json
        assert (refused["success"], refused["details"]["code"]) == (False, "budget_spent")

    def test_token_calls_count(self, client, upstream):
        upstream.expect_request("/token").respond_with_json({"access_token": "T-0123456789"})
        oauth2 = {"token_url": upstream.url_for("/token")}
        with time_machine.travel(NOW, tick=False):
            service = self.service(client, upstream, auth_method="oauth2_client_credentials", oauth2=oauth2)
            service.configure(client_id="me", client_secret="c1ient-s3cret")
            assert [service.execute("act").status_code for _ in range(2)] == [200, 429]
        assert [request.path for request, _ in upstream.log] == ["/token", "/it"]

    def test_workspaces_have_budgets_of_their_own(self, client, upstream):
        with time_machine.travel(NOW, tick=False):
            service = self.service(client, upstream, limit=1)
            assert [service.execute("act").status_code for _ in range(2)] == [200, 429]
            other = client.post("/workspaces", {"name": "Other"}).json["id"]
            path = f"/integrations/svc/execute?workspace_id={other}"
            assert client.post(path, {"endpoint_id": "act"}).status_code == 200

    def test_forgetting_the_plugin_is_no_way_round(self, client, upstream):
        with time_machine.travel(NOW, tick=False):
            service = self.service(client, upstream, limit=1)
            assert service.execute("act").status_code == 200
            assert client.delete("/plugins/svc").status_code == 204
            service.register()
            assert service.execute("act").status_code == 429

    def test_a_refused_call_is_not_in_the_log(self, app, client, upstream):
        with time_machine.travel(NOW, tick=False):
            service = self.service(client, upstream, limit=1)
            for _ in range(3):
                service.execute("act")
            assert client.get("/integrations/svc/usage").json["calls"] == 1

    def test_a_chain_waits_for_the_next_second(self, client, upstream):
        upstream.expect_request("/a").respond_with_json({"id": "x"})
        upstream.expect_request("/b").respond_with_json({"ok": 1})
        endpoints = [
            {"id": "a", "path": "/a"},
            {"id": "b", "path": "/b", "parameters": [{"name": "id"}]},
        ]
        steps = [
            {"id": "first", "endpoint": "a", "outputs": {"id": "id"}},
            {"id": "then", "endpoint": "b", "parameters": {"id": "{steps.first.id}"}},
        ]
        service = Service(
            client, upstream, endpoints, [{"id": "c", "steps": steps}], rate_limit={"requests_per_second": 1}
        )
        assert service.render("c").json["data"] == {"ok": 1}

    def test_a_login_waits_for_the_next_second_too(self, client, upstream):
        for path in ("/first", "/second"):
            upstream.expect_request(path, "POST").respond_with_json({"token": "T-0123456789"})
        service = self.service(
            client,
            upstream,
            auth_method="session_token",
            login=[
                {"path": "/first", "outputs": {"challenge": "token"}},
                {"path": "/second", "body": {"c": "{login.challenge}"}, "token_path": "token"},
            ],
        )
        service.manifest["integration"]["rate_limit"] = {"requests_per_second": 1}
        service.register()
        assert service.execute("act").json["data"] == {"n": 1}
        assert [request.path for request, _ in upstream.log] == ["/first", "/second", "/it"]

    def test_nobody_waits_for_a_minute(self, client, upstream):
        upstream.expect_request("/first", "POST").respond_with_json({"token": "T-0123456789"})
        login = [{"path": "/first", "outputs": {"c": "token"}}, {"path": "/first", "token_path": "token"}]
        service = self.service(client, upstream, limit=1, auth_method="session_token", login=login)
        assert service.execute("act").json["window"] == "minute"
        assert len(upstream.log) == 1


class TestCooldown:
    @pytest.fixture
    def clock(self):
        with time_machine.travel(NOW, tick=False) as clock:
            yield clock

    def service(self, client, upstream, status: int = 429, **headers: str) -> Service:
        upstream.expect_oneshot_request("/it").respond_with_data("", status, headers)
        upstream.expect_request("/it").respond_with_json({})
        return Service(client, upstream, ONE, [{"id": "b", "endpoint": "it"}])

    @pytest.mark.parametrize("status", [429, 503])
    def test_every_caller_obeys_it(self, client, upstream, clock, status):
        service = self.service(client, upstream, status, **{"Retry-After": "20"})
        first = service.execute("it")
        assert (first.json["upstream_status"], first.headers["Retry-After"]) == (status, "20")
        clock.shift(5)
        refused = service.render("b")
        assert (refused.status_code, refused.json["reason"]) == (429, "cooldown")
        assert refused.headers["Retry-After"] == "15"
        assert "08:00:20 UTC" in refused.json["detail"]
        assert client.post("/integrations/svc/test").json["details"]["code"] == "budget_spent"
        assert len(upstream.log) == 1
        clock.shift(15)
        assert service.render("b").status_code == 200

    def test_it_is_capped(self, client, upstream, clock):
        service = self.service(client, upstream, **{"Retry-After": "999999"})
        service.execute("it")
        assert service.execute("it").headers["Retry-After"] == "3600"

    def test_another_origin_is_not_held_up(self, client, upstream, clock):
        service = self.service(client, upstream, **{"Retry-After": "60"})
        service.execute("it")
        service.manifest["integration"]["base_url"] = service.url.replace("127.0.0.1", "localhost")
        service.register()
        assert service.execute("it").status_code == 200

    def test_the_retry_that_waited_as_it_was_told_may_go(self, app, client, upstream, clock):
        app.extensions["patchbay"].calling.sender._sleep = lambda _seconds: None
        upstream.expect_oneshot_request("/it").respond_with_data("", 429, {"Retry-After": "3"})
        upstream.expect_request("/it").respond_with_json({})
        service = Service(client, upstream, ONE, [{"id": "b", "endpoint": "it"}], retry={"max_retries": 1})
        assert service.render("b").status_code == 200
