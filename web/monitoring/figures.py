"""The metrics of this process for the Prometheus library, loaded at the first request for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from integrations.budget import account_of
from plugin_store.workspaces import Scope
from web.api.context import Services
from web.monitoring.families import counts, spread
from web.monitoring.server_figures import ServerFigures

PLACE = ("workspace_id", "integration_id")


def write_figures(held: Services, server: ServerFigures) -> bytes:
    """All metrics in Prometheus' text format, with those of the process. Raises StorageFailed."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Figures(held, server))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class Figures(Collector):
    """All metrics, read anew for each scrape."""

    def __init__(self, held: Services, server: ServerFigures) -> None:
        self._held = held
        self._server = server

    # The registry asks for names when a collector is registered. With one collector, nothing can clash.
    def describe(self) -> Iterator[GaugeMetricFamily]:
        return iter(())

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily]:
        yield from self._server.collect()
        yield counts(
            "patchbay_renders",
            "Answered renders, by X-Cache status.",
            (*PLACE, "outcome"),
            self._held.usage.counter.since_start(),
        )
        yield counts(
            "patchbay_upstream_calls",
            "Calls to providers; outcome is ok or a problem's code.",
            (*PLACE, "cause", "outcome"),
            self._held.usage.call_log.outcomes.read(),
        )
        yield spread(
            "patchbay_upstream_call_duration_seconds",
            "How long calls to providers took.",
            (*PLACE, "cause"),
            self._held.usage.call_log.durations,
        )
        yield from self._budgets()
        yield counts(
            "patchbay_prefetch_runs",
            "Prefetch runs, by outcome.",
            (*PLACE, "outcome"),
            self._held.prefetch.runner.outcomes.read(),
        )
        yield spread(
            "patchbay_prefetch_lateness_seconds",
            "Delay between the scheduled and the actual start of a run.",
            PLACE,
            self._held.prefetch.runner.lateness,
        )

    def _budgets(self) -> Iterator[GaugeMetricFamily]:
        labels = (*PLACE, "window")
        left = GaugeMetricFamily(
            "patchbay_budget_left", "Calls that the rate limit still allows.", labels=labels
        )
        limit = GaugeMetricFamily(
            "patchbay_budget_limit", "Calls that the rate limit allows in its window.", labels=labels
        )
        paused_origins = GaugeMetricFamily(
            "patchbay_resting_origins",
            "Origins that are not called for now: cooldown if the provider asked for a pause, breaker if it failed.",
            labels=(*PLACE, "reason"),
        )
        reviews = GaugeMetricFamily(
            "patchbay_reviews_due", "Integrations that wait for a review.", labels=("workspace_id",)
        )
        for workspace_id in self._held.prefetch.jobs.workspace_ids():
            installed = self._held.catalog.list(Scope(workspace_id, None))
            reviews.add_metric((str(workspace_id),), sum(one.review is not None for one in installed))
            accounts = [account_of(one) for one in installed]
            statuses = self._held.budget.statuses(workspace_id, accounts)
            for plugin_id, status in sorted(statuses.items()):
                place = (str(workspace_id), plugin_id)
                for window in status.windows:
                    left.add_metric((*place, window.name), window.left)
                    limit.add_metric((*place, window.name), window.limit)
                for reason, count in sorted(Counter(pause.reason for pause in status.paused_origins).items()):
                    paused_origins.add_metric((*place, reason), count)
        yield from (left, limit, paused_origins, reviews)
