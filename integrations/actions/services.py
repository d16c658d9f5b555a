"""The services that change something at providers."""

from __future__ import annotations

from integrations.actions.actions import Actions
from integrations.actions.runs import Runs
from integrations.caching.services import CachingServices
from integrations.calling.executor import Executor
from integrations.catalog.catalog import Catalog
from integrations.usage.counter import UsageCounter
from plugin_store.engine.runtime import Runtime


def build_actions(
    runtime: Runtime, catalog: Catalog, executor: Executor, caching: CachingServices, counter: UsageCounter
) -> Actions:
    """What runs actions, each once for its key."""
    runs = Runs(runtime.database, caching.locks, runtime.clock)
    return Actions(catalog, executor, caching.artifacts, runs, counter)
