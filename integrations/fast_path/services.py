"""The service that holds cached responses."""

from __future__ import annotations

from integrations.caching.access_log import AccessLog
from integrations.fast_path.response_cache import ResponseCache
from integrations.usage.services import UsageServices
from plugin_store.engine.runtime import Runtime


def build_response_cache(runtime: Runtime, usage: UsageServices, access_log: AccessLog) -> ResponseCache:
    """Builds the response cache of this process, with the memory limit from the settings."""
    return ResponseCache(
        runtime.database.hot_reads,
        usage.counter,
        access_log,
        runtime.clock,
        runtime.settings.memory_cache_bytes,
        record_use=usage.recent_renders.note if runtime.settings.prefetch else None,
    )
