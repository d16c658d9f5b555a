"""Metrics of the server itself: its version, requests, sign-ins, storage, streams and schedule."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from integrations.usage.instruments import LabelledHistogram
from settings import version
from web.api.context import Services
from web.gate.attempts import Attempts
from web.monitoring.families import spread

Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily

ARTIFACTS = "SELECT count(*), coalesce(sum(size_bytes), 0) FROM integration_artifacts"
JOBS = (
    "SELECT count(*), count(CASE WHEN next_run_at < ? THEN 1 END), min(next_run_at) FROM prefetch_jobs "
    "WHERE next_run_at IS NOT NULL"
)


@dataclass(frozen=True, slots=True)
class ServerFigures:
    """The metrics of one server, read anew for each scrape."""

    held: Services
    durations: LabelledHistogram
    attempts: Attempts

    def collect(self) -> Iterator[Family]:
        """The families. Raises StorageFailed."""
        yield self._build()
        yield spread(
            "patchbay_http_request_duration_seconds",
            "Time until the first byte, without the hits that are answered from memory.",
            ("method", "code"),
            self.durations,
        )
        yield _counter("patchbay_signin_failures", "Wrong tokens at sign-in.", self.attempts.failures)
        yield from self._storage()
        yield from self._streams()
        yield from self._schedule()

    def _build(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "patchbay_build_info", "Always 1; the labels are the versions.", labels=("version", "python")
        )
        family.add_metric((version(), platform.python_version()), 1)
        return family

    def _storage(self) -> Iterator[Family]:
        settings, ((count, size),) = self.held.settings, self.held.database.query(ARTIFACTS, ())
        yield _gauge("patchbay_database_size_bytes", "Size of the database.", self.held.database.size_bytes())
        yield _gauge("patchbay_artifacts", "Stored answers.", count)
        yield _gauge("patchbay_artifacts_size_bytes", "Size of the stored answers.", size)
        yield _gauge(
            "patchbay_artifacts_size_limit_bytes",
            "Size above which the least recently used answers are evicted.",
            settings.cache_size_limit_bytes,
        )
        yield _counter(
            "patchbay_artifact_evictions",
            "Stored answers that were deleted for room.",
            self.held.caching.eviction.evicted,
        )
        yield _gauge(
            "patchbay_memory_cache_size_bytes",
            "Estimated memory of the answers that are ready to be repeated.",
            self.held.response_cache.size_bytes,
        )

    def _streams(self) -> Iterator[Family]:
        yield _gauge("patchbay_event_streams", "Open streams of live events.", self.held.events.count())
        yield _gauge(
            "patchbay_event_streams_limit", "Streams that may be open.", self.held.settings.event_streams
        )

    def _schedule(self) -> Iterator[Family]:
        now = self.held.clock()
        ((scheduled, late, oldest),) = self.held.database.query(JOBS, (now,))
        yield _gauge("patchbay_prefetch_jobs", "Blocks that are scheduled.", scheduled)
        yield _gauge("patchbay_prefetch_jobs_due", "Scheduled blocks whose time has come.", late)
        lag = 0.0 if oldest is None else max(0.0, now - oldest)
        yield _gauge("patchbay_prefetch_lag_seconds", "How long the longest waiting of them waits.", lag)


def _gauge(name: str, help: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help, value=value)


def _counter(name: str, help: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(name, help, value=value)
