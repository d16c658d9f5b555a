"""Usage: what is counted, when it is written, what is reported."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from sqlalchemy import text

from errors import Invalid, StorageFailed
from integrations.usage import counter as counter_module
from integrations.usage.call_log import CallLog, CallRecord
from integrations.usage.counter import UsageCounter
from integrations.usage.report import Span
from tests.integrations.stories import Service

NOW = 1_800_003_600.0
HOUR, DAY = 3600, 86400
ENDPOINTS = [{"id": "it", "path": "/it"}, {"id": "act", "path": "/it", "method": "POST"}]
BLOCKS = [{"id": "b", "endpoint": "it", "cache_ttl": 60, "stale_if_error": 3600}]


def record(**changed: Any) -> CallRecord:
    values = {
        "at": NOW, "workspace_id": 1, "plugin_id": "svc", "endpoint_id": "it", "block_id": None,
        "cause": "live", "status": 200, "duration_ms": 1.0, "response_bytes": 10, "error_code": None,
    }  # fmt: skip
    return CallRecord(**{**values, **changed})


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def services(app):
    return app.extensions["patchbay"]


def rows(services, query: str) -> list[tuple[Any, ...]]:
    with services.database.reading() as session:
        return [tuple(row) for row in session.execute(text(query))]


class TestSpan:
    @pytest.mark.parametrize(
        ("start", "end", "by", "expected"),
        [
            (NOW - 5000, NOW - 10, "hour", (NOW - 2 * HOUR, NOW)),
            (NOW - HOUR, NOW, "hour", (NOW - HOUR, NOW)),
            (None, None, "hour", (NOW - DAY, NOW + HOUR)),
            (None, NOW, "hour", (NOW - DAY, NOW)),
        ],
    )
    def test_it_is_widened_to_whole_periods(self, start, end, by, expected):
        span = Span.of(start, end, by, NOW)
        assert (span.start, span.end) == expected

    def test_days_are_those_of_utc(self):
        span = Span.of(NOW - 10, NOW, "day", NOW)
        assert span.start % DAY == span.end % DAY == 0

    @pytest.mark.parametrize(
        ("start", "end", "by"),
        [
            (NOW, NOW, "hour"),
            (NOW, NOW - 1, "hour"),
            (-1.0, NOW, "day"),
            (NOW - 33 * DAY, NOW, "hour"),
            (NOW - 400 * DAY, NOW, "day"),
            (NOW, 2e11, "day"),
        ],
    )
    def test_what_cannot_be_is_refused(self, start, end, by):
        with pytest.raises(Invalid):
            Span.of(start, end, by, NOW)


class TestStory:
    def service(self, client, upstream, **section: Any) -> Service:
        upstream.expect_request("/it").respond_with_data('{"n": 1}', content_type="application/json")
        return Service(client, upstream, ENDPOINTS, BLOCKS, **section)

    def test_what_was_asked_and_called_is_told(self, client, upstream, clock):
        service = self.service(client, upstream, rate_limit={"requests_per_hour": 10})
        for _ in range(4):
            service.render("b")
        usage = client.get("/integrations/svc/usage").json
        assert (usage["renders"], usage["hits"], usage["stale"]) == (4, 3, 0)
        assert (usage["calls"], usage["errors"]) == (1, 0)
        assert usage["bytes"] > len('{"n": 1}')
        assert usage["p50_ms"] == usage["p95_ms"] >= 0
        [window] = usage["budget"]
        assert (window["window"], window["limit"], window["used"], window["left"]) == ("hour", 10, 1, 9)
        [period] = usage["periods"]
        assert (period["from"], period["renders"], period["calls"]) == ("2027-01-15T09:00:00.000Z", 4, 1)
        assert (usage["from"], usage["to"]) == ("2027-01-14T09:00:00.000Z", "2027-01-15T10:00:00.000Z")

    def test_stale_answers_and_failed_calls(self, client, upstream, clock):
        upstream.expect_oneshot_request("/it").respond_with_json({})
        upstream.expect_request("/it").respond_with_data("", 500)
        service = Service(client, upstream, ENDPOINTS, BLOCKS)
        service.render("b")
        clock.shift(100)
        assert service.render("b").json["stale"] is True
        usage = client.get("/integrations/svc/usage").json
        assert (usage["renders"], usage["hits"], usage["stale"]) == (2, 0, 1)
        assert (usage["calls"], usage["errors"]) == (2, 1)

    def test_hours_and_days(self, client, upstream, clock):
        service = self.service(client, upstream)
        service.render("b")
        clock.shift(2 * HOUR)
        service.render("b")
        hours = client.get("/usage?by=hour").json["integrations"][0]["periods"]
        assert [(period["from"][11:16], period["calls"]) for period in hours] == [("09:00", 1), ("11:00", 1)]
        [day] = client.get("/usage?by=day").json["integrations"][0]["periods"]
        assert (day["from"], day["calls"], day["renders"]) == ("2027-01-15T00:00:00.000Z", 2, 2)
        early = client.get("/usage?to=2027-01-15T10:00:00Z").json["integrations"][0]
        assert (early["calls"], early["renders"]) == (1, 1)

    def test_an_unused_integration_is_told_with_its_budget(self, client, upstream, clock):
        self.service(client, upstream, rate_limit={"requests_per_day": 5})
        [usage] = client.get("/usage").json["integrations"]
        assert (usage["integration_id"], usage["renders"], usage["p50_ms"], usage["periods"]) == (
            "svc",
            0,
            None,
            [],
        )
        assert usage["budget"][0]["left"] == 5

    def test_a_forgotten_plugin_is_still_counted(self, client, upstream, clock):
        self.service(client, upstream).render("b")
        client.delete("/plugins/svc")
        [usage] = client.get("/usage").json["integrations"]
        assert (usage["integration_id"], usage["calls"], usage["budget"]) == ("svc", 1, [])
        assert client.get("/integrations/svc/usage").status_code == 404

    def test_workspaces_are_told_apart(self, client, upstream, clock):
        self.service(client, upstream).render("b")
        other = client.post("/workspaces", {"name": "Other"}).json["id"]
        [usage] = client.get(f"/usage?workspace_id={other}").json["integrations"]
        assert (usage["renders"], usage["calls"]) == (0, 0)

    @pytest.mark.parametrize(
        "query",
        [
            "by=week",
            "from=yesterday",
            "from=2027-01-15&to=2027-01-01",
            "from=1900-01-01T00:00:00",
            "to=9999-12-31T23:59:59",
        ],
    )
    def test_nonsense_is_a_422(self, client, query):
        assert client.get(f"/usage?{query}").status_code == 422

    @pytest.mark.sqlite
    def test_a_hit_writes_nothing(self, client, upstream, services, clock):
        service = self.service(client, upstream)
        service.render("b")
        services.usage.counter.flush()
        services.usage.call_log.flush()
        before = services.database.commits()
        for _ in range(20):
            assert service.render("b").headers["X-Cache"] == "HIT"
        assert services.database.commits() == before


class TestCounter:
    @pytest.fixture
    def counter(self, services, monkeypatch) -> Any:
        monkeypatch.setattr(counter_module, "FLUSH_EVERY_SECONDS", 3600.0)
        counter = UsageCounter(services.database, services.clock, 30 * DAY)
        yield counter
        counter.close()

    def counts(self, services) -> list[tuple[Any, ...]]:
        return rows(
            services,
            "SELECT plugin_id, starts_at / 3600, renders, hits, stale FROM usage_periods "
            "WHERE period_seconds = 3600 AND plugin_id != '' ORDER BY starts_at",
        )

    def test_flushes_add_up(self, services, counter, clock):
        for cache_status in ("HIT", "MISS", "STALE", "BYPASS"):
            counter.count(1, "svc", cache_status)
            counter.flush()
        assert self.counts(services) == [("svc", NOW // HOUR, 4, 1, 1)]

    def test_an_answer_belongs_to_its_own_hour(self, services, counter, clock):
        counter.count(1, "svc", "HIT")
        clock.shift(HOUR)
        counter.count(1, "svc", "HIT")
        counter.flush()
        assert [hour for _, hour, *_ in self.counts(services)] == [NOW // HOUR, NOW // HOUR + 1]

    def test_what_cannot_be_written_now_waits(self, services, counter, clock, monkeypatch):
        def refuse(_counted):
            raise StorageFailed("full")

        counter.count(1, "svc", "HIT")
        with monkeypatch.context() as patch:
            patch.setattr(counter, "_write", refuse)
            counter.flush()
        counter.count(1, "svc", "HIT")
        counter.flush()
        assert self.counts(services) == [("svc", NOW // HOUR, 2, 2, 0)]

    def test_closing_writes_what_waits(self, services, counter, clock):
        counter.count(1, "svc", "HIT")
        counter.close()
        assert len(self.counts(services)) == 1

    def test_a_workspace_that_is_gone_costs_nothing_of_the_others(self, services, counter, clock):
        counter.count(99, "svc", "HIT")
        counter.count(1, "svc", "HIT")
        counter.flush()
        assert len(self.counts(services)) == 1

    def test_old_counts_go(self, services, counter, clock):
        counter.count(1, "svc", "HIT")
        counter.flush()
        clock.shift(31 * DAY)
        counter.count(1, "svc", "HIT")
        counter.flush()
        assert [hour for _, hour, *_ in self.counts(services)] == [(NOW + 31 * DAY) // HOUR]


class TestLog:
    @pytest.fixture
    def log(self, services) -> Any:
        log = CallLog(services.database, services.clock, 30 * DAY)
        yield log
        log.close()

    def logged(self, services) -> list[float]:
        return [at for (at,) in rows(services, "SELECT at FROM plugin_api_logs ORDER BY at")]

    def test_old_calls_go_more_than_one_batch_of_them(self, services, log, clock, monkeypatch):
        monkeypatch.setattr("integrations.usage.call_log.SWEPT_AT_ONCE", 3)
        for days in range(40, 27, -1):
            log.record(record(at=NOW - days * DAY))
        log.flush()
        assert self.logged(services) == [NOW - days * DAY for days in (30, 29, 28)]

    def test_a_call_of_a_workspace_that_is_gone_costs_nothing_of_the_others(self, services, log, clock):
        log.record(record(workspace_id=99))
        log.record(record())
        log.flush()
        assert self.logged(services) == [NOW]

    def test_half_and_ninety_five_of_a_hundred(self, services, client, log, clock):
        for number in range(1, 101):
            log.record(record(plugin_id="many", duration_ms=float(number)))
        log.record(record(plugin_id="one", duration_ms=6.9678, error_code="upstream_failed"))
        log.flush()
        many, one = client.get("/usage").json["integrations"]
        assert (many["p50_ms"], many["p95_ms"], many["bytes"]) == (50.0, 95.0, 1000)
        assert (one["p50_ms"], one["p95_ms"], one["errors"]) == (7.0, 7.0, 1)
