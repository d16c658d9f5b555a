"""Usage by hour and by day: it adds up to what was written, whenever and by whom, and old days go whole."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import pytest
import time_machine
from sqlalchemy import text

from app import close_app
from integrations.usage.call_log import CallLog, CallRecord
from integrations.usage.counter import UsageCounter
from integrations.usage.durations import round_duration
from integrations.usage.periods import ALL, COUNTED, DAY_SECONDS, HOUR_SECONDS, Figures
from integrations.usage.report import (
    COUNTS_QUERY,
    PERIODS_QUERY,
    TOTALS_QUERY,
    Span,
    order_usage,
    read_total,
    read_usage,
    sum_usage,
)
from tests.integrations.usage.test_usage import record

# A Friday, 09:00 UTC.
NOW = 1_800_003_600
RENDERS = {"HIT": "hits", "STALE": "stale", "MISS": None}


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def services(app):
    return app.extensions["patchbay"]


@dataclass
class Model:
    """What was used, one by one, and what a report of it should say."""

    calls: list[CallRecord] = field(default_factory=list)
    renders: list[tuple[float, str, str]] = field(default_factory=list)

    def figures(self, start: float, end: float, plugin_id: str = ALL) -> dict[str, Any]:
        def is_in(at: float, name: str) -> bool:
            return start <= at < end and plugin_id in (ALL, name)

        calls = [call for call in self.calls if is_in(call.at, call.plugin_id)]
        renders = [status for at, name, status in self.renders if is_in(at, name)]
        durations = sorted(call.duration_ms for call in calls)
        return {
            "renders": len(renders),
            "hits": renders.count("HIT"),
            "stale": renders.count("STALE"),
            "calls": len(calls),
            "token_calls": sum(call.endpoint_id.startswith("token:") for call in calls),
            "errors": sum(call.error_code is not None for call in calls),
            "bytes": sum(call.response_bytes for call in calls),
            "p50_ms": self._percentile(durations, 50),
            "p95_ms": self._percentile(durations, 95),
        }

    @staticmethod
    def _percentile(durations: list[float], percent: int) -> float | None:
        if not durations:
            return None
        return int(round_duration(durations[-(-len(durations) * percent // 100) - 1])) / 10


def use(services, clock, rnd: random.Random, count: int) -> Model:
    """Uses integrations in the three days before now, through two logs and counters, as two processes would."""
    model = Model()
    logs = [CallLog(services.database, services.clock, 30 * DAY_SECONDS) for _ in range(2)]
    counters = [UsageCounter(services.database, services.clock, 30 * DAY_SECONDS) for _ in range(2)]
    for _ in range(count):
        at = NOW - rnd.random() * 3 * DAY_SECONDS
        name = rnd.choice("abcd")
        clock.move_to(at)
        if rnd.random() < 0.5:
            status = rnd.choice([*RENDERS])
            rnd.choice(counters).count(1, name, status)
            model.renders.append((at, name, status))
        else:
            call = record(
                at=at,
                plugin_id=name,
                endpoint_id=rnd.choice(["it", "token:oauth2", "tokens"]),
                duration_ms=rnd.lognormvariate(4, 2),
                response_bytes=rnd.randrange(5000),
                error_code=rnd.choice([None, None, "upstream_failed"]),
            )
            rnd.choice(logs).record(call)
            model.calls.append(call)
        if rnd.random() < 0.1:
            rnd.choice([*logs, *counters]).flush()
    clock.move_to(NOW)
    for one in (*logs, *counters):
        one.close()
    return model


SPANS = [
    Span(NOW - DAY_SECONDS, NOW, HOUR_SECONDS),
    Span(NOW - 2 * HOUR_SECONDS, NOW + HOUR_SECONDS, HOUR_SECONDS),
    Span(NOW - 60 * HOUR_SECONDS, NOW - HOUR_SECONDS, HOUR_SECONDS),
    Span.of(NOW - 3 * DAY_SECONDS, NOW, "day", NOW),
    Span.of(NOW - 40 * DAY_SECONDS, NOW - 30 * DAY_SECONDS, "day", NOW),
]


@pytest.mark.parametrize("seed", range(3))
def test_periods_and_totals_are_those_of_what_was_used(services, clock, seed):
    model = use(services, clock, random.Random(seed), 300)
    for span in SPANS:
        periods = range(span.start, span.end, span.period_seconds)
        for by_period in (True, False):
            found = read_usage(
                services.database, 1, span, ["a", "b", "c", "d", "e", ALL], by_period=by_period
            )
            for name in ("a", "b", "c", "d", ALL):
                expected = model.figures(span.start, span.end, name)
                if name in found:
                    assert found[name].total.dump() == expected
                else:
                    assert not expected["renders"] + expected["calls"]
            assert "e" not in found
        assert {
            start: figures.dump() for start, figures in read_total(services.database, 1, span).periods.items()
        } == {
            start: model.figures(start, start + span.period_seconds)
            for start in periods
            if model.figures(start, start + span.period_seconds) != model.figures(0, 0)
        }


@pytest.mark.parametrize("order_by", ["renders", "errors", "bytes", "p50_ms", "p95_ms"])
def test_the_largest_come_first_and_the_unused_last_by_id(services, clock, order_by):
    model = use(services, clock, random.Random(7), 200)
    span = SPANS[2]
    expected = sorted(
        ["a", "b", "c", "d", "x", "y"],
        key=lambda name: model.figures(span.start, span.end, name)[order_by] or 0,
        reverse=True,
    )
    used = sum_usage(services.database, services.usage.memo, 1, span)
    assert order_usage(services.database, 1, span, used, ["y", "x", "a"], order_by) == expected
    by_id = order_usage(services.database, 1, span, used, ["y"], "integration_id")
    assert by_id == ["a", "b", "c", "d", "y"]


@pytest.mark.parametrize("seed", range(3))
def test_counts_are_those_of_what_was_used_also_after_more_was_added(services, clock, seed):
    rnd = random.Random(seed)
    models = []
    for _ in range(3):
        models.append(use(services, clock, rnd, 60))
        for span in SPANS:
            used = sum_usage(services.database, services.usage.memo, 1, span)
            for name in ("a", "b", "c", "d"):
                figures = [model.figures(span.start, span.end, name) for model in models]
                for count in COUNTED:
                    expected = sum(one[count] for one in figures)
                    assert getattr(used.get(name, Figures()), count) == expected
            assert ALL not in used


def starts(services) -> set[tuple[int, int]]:
    with services.database.reading() as session:
        return {
            tuple(row) for row in session.execute(text("SELECT period_seconds, starts_at FROM usage_periods"))
        }


@pytest.mark.parametrize("writer", [CallLog, UsageCounter])
def test_old_days_go_with_all_their_hours(services, clock, writer):
    use(services, clock, random.Random(1), 300)
    days = {start for seconds, start in starts(services) if seconds == DAY_SECONDS}
    assert len(days) == 4
    clock.move_to(min(days) + 31 * DAY_SECONDS + HOUR_SECONDS)
    writer(services.database, services.clock, 30 * DAY_SECONDS).sweep()
    left = starts(services)
    assert {start for seconds, start in left if seconds == DAY_SECONDS} == days - {min(days)}
    assert min(start for seconds, start in left if seconds == HOUR_SECONDS) >= min(days) + DAY_SECONDS


def test_after_a_sweep_the_hours_left_still_add_up_to_the_days(services, clock):
    model = use(services, clock, random.Random(2), 300)
    clock.move_to(NOW + 29 * DAY_SECONDS)
    CallLog(services.database, services.clock, 30 * DAY_SECONDS).sweep()
    first = (NOW - DAY_SECONDS) // DAY_SECONDS * DAY_SECONDS
    for seconds in (HOUR_SECONDS, DAY_SECONDS):
        span = Span(first - 3 * DAY_SECONDS, first + 2 * DAY_SECONDS, seconds)
        assert read_total(services.database, 1, span).total.dump() == model.figures(first, NOW + 1)


def test_a_restart_adds_to_what_was_written(settings, make_app):
    for _ in range(3):
        app = make_app(settings)
        services = app.extensions["patchbay"]
        services.usage.call_log.record(record(at=NOW))
        services.usage.counter._waiting[1, "svc", NOW // HOUR_SECONDS] = (2, 1, 0)
        close_app(app)
    services = make_app(settings).extensions["patchbay"]
    total = read_total(services.database, 1, Span(NOW, NOW + HOUR_SECONDS, HOUR_SECONDS)).total
    assert (total.renders, total.hits, total.calls) == (6, 3, 3)


def test_a_deleted_workspace_takes_its_usage_along(services, client, clock):
    other = client.post("/workspaces", {"name": "Other"}).json["id"]
    services.usage.call_log.record(record(workspace_id=other))
    assert client.get(f"/usage/total?workspace_id={other}").json["calls"] == 1
    client.delete(f"/workspaces/{other}")
    assert starts(services) == set()


ROWS_ASKED = (1, 3600, "[0]", '[""]')
ROW = "workspace_id=? AND period_seconds=? AND starts_at=? AND plugin_id=?"


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("query", "asked", "expected"),
    [
        (
            COUNTS_QUERY,
            (1, 3600, 0, 1),
            "workspace_id=? AND period_seconds=? AND starts_at>? AND starts_at<?",
        ),
        (PERIODS_QUERY, ROWS_ASKED, ROW),
        (TOTALS_QUERY, ROWS_ASKED, ROW),
    ],
)
def test_a_report_reads_only_its_own_rows(services, query, asked, expected):
    query = services.database.dialect.spell(query)
    plan = [row[3] for row in services.database.query(f"EXPLAIN QUERY PLAN {query}", asked)]
    assert f"SEARCH usage_periods USING PRIMARY KEY ({expected})" in plan
