"""The prefetch services."""

from __future__ import annotations

import random
from dataclasses import dataclass

from integrations.caching.artifacts import Artifacts
from integrations.catalog.catalog import Catalog
from integrations.concurrency.fair_thread_pool import FairThreadPool
from integrations.prefetch.jobs import Jobs
from integrations.prefetch.planner import Planner
from integrations.prefetch.prefetcher import Prefetcher
from integrations.prefetch.reconciler import Reconciler
from integrations.prefetch.runner import JobRunner
from integrations.prefetch.targets import PrefetchTargets
from integrations.rendering.render import Renderer
from integrations.usage.recent_renders import RecentRenders
from plugin_store.engine.runtime import Runtime


@dataclass(frozen=True, slots=True)
class PrefetchServices:
    """The jobs, their planner, the runner, and the prefetcher."""

    jobs: Jobs
    planner: Planner
    runner: JobRunner
    prefetcher: Prefetcher


def build_prefetch(
    runtime: Runtime,
    jobs: Jobs,
    catalog: Catalog,
    artifacts: Artifacts,
    renderer: Renderer,
    uses: RecentRenders,
) -> PrefetchServices:
    """Builds the prefetch services; `prefetcher` is started later. Prefetching may use half of the call slots."""
    settings, clock, chance = runtime.settings, runtime.clock, random.random
    targets = PrefetchTargets(catalog, artifacts, settings.default_ttl_seconds, chance)
    planner = Planner(targets, jobs, uses, clock, chance, settings.prefetch_idle_intervals)
    runner = JobRunner(renderer, targets, jobs, clock, chance)
    prefetcher = Prefetcher(
        planner,
        Reconciler(catalog, targets, jobs, runtime.database.revision),
        runner,
        FairThreadPool(max(1, settings.upstream_calls // 2), "prefetch"),
        runtime.database.locks.leader("prefetch"),
        clock,
    )
    return PrefetchServices(jobs, planner, runner, runtime.close_at_end(prefetcher))
