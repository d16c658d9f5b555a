"""The services that store answers."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.caching.artifacts import Artifacts
from integrations.caching.bodies import Bodies
from integrations.caching.body_store import BodyStore
from integrations.caching.eviction import Eviction
from integrations.caching.housekeeping import Housekeeping
from integrations.caching.negative_cache import NegativeCache
from integrations.caching.shared_bodies import SharedBodies
from integrations.history.retention import HistoryRetention
from plugin_store.engine.runtime import Runtime
from plugin_store.events import EventLog


@dataclass(frozen=True, slots=True)
class CachingServices:
    """Artifacts, eviction, and negative cache."""

    artifacts: Artifacts
    eviction: Eviction
    negative_cache: NegativeCache


def build_caching(runtime: Runtime) -> CachingServices:
    """Builds the cache and starts its housekeeping."""
    clock, database = runtime.clock, runtime.database
    bodies = runtime.close_at_end(open_bodies(runtime))
    eviction = Eviction(bodies, database, clock, runtime.settings.cache_size_limit_bytes)
    history = HistoryRetention(database, runtime.settings.history_size_limit_bytes)
    sweeps = (EventLog(database).trim, history.sweep_now_and_then)
    runtime.close_at_end(Housekeeping(eviction, clock, sweeps)).start()
    return CachingServices(
        artifacts=Artifacts(bodies, database, clock, eviction),
        eviction=eviction,
        negative_cache=NegativeCache(bodies, clock),
    )


def open_bodies(runtime: Runtime) -> BodyStore:
    """Where bodies are kept: in the data folder, or in a store that several hosts share."""
    in_folder = Bodies(runtime.settings.instance / "cache")
    if not runtime.database.spans_hosts:
        return in_folder
    return SharedBodies(runtime.database, in_folder, runtime.clock)
