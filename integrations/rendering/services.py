"""The services that render blocks."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.caching.services import CachingServices
from integrations.calling.executor import Executor
from integrations.calling.services import limits_of
from integrations.catalog.catalog import Catalog
from integrations.concurrency.fair_thread_pool import FairThreadPool
from integrations.rendering.batch import Batches
from integrations.rendering.connection_test import ConnectionTest
from integrations.rendering.explain.explainer import Explainer, Forecast
from integrations.rendering.histories import Histories
from integrations.rendering.read_through import ReadThroughCache
from integrations.rendering.render import Renderer
from integrations.usage.render_log import RenderLog
from plugin_store.engine.runtime import Runtime


@dataclass(frozen=True, slots=True)
class RenderingServices:
    """Services for one block, for batches, connection tests, explanations and histories."""

    renderer: Renderer
    batches: Batches
    connection_test: ConnectionTest
    explainer: Explainer
    histories: Histories


def build_rendering(
    runtime: Runtime,
    catalog: Catalog,
    caching: CachingServices,
    executor: Executor,
    render_log: RenderLog,
    forecast: Forecast,
) -> RenderingServices:
    """Builds the rendering services, with their own threads for refreshes and for batches."""
    settings, clock = runtime.settings, runtime.clock
    refreshes = runtime.close_at_end(FairThreadPool(settings.upstream_calls, "refresh"))
    read_through = ReadThroughCache(
        caching.artifacts,
        caching.negative_cache,
        runtime.database.locks,
        refreshes,
        clock,
        settings.default_ttl_seconds,
    )
    renderer = Renderer(catalog, caching.artifacts, executor, read_through, render_log, clock)
    batch_threads = runtime.close_at_end(FairThreadPool(settings.upstream_calls, "batch"))
    return RenderingServices(
        renderer=renderer,
        batches=Batches(renderer, batch_threads),
        connection_test=ConnectionTest(catalog, executor),
        explainer=Explainer(catalog, caching.artifacts, forecast, limits_of(runtime), clock),
        histories=Histories(catalog, runtime.database, clock),
    )
