"""The service that runs actions."""

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
    """Builds the actions service, which runs each action once per key."""
    runs = Runs(runtime.database, runtime.database.locks, runtime.clock)
    return Actions(catalog, executor, caching.artifacts, runs, counter, runtime.clock)
