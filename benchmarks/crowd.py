"""A data folder with much data: plugins, scheduled blocks, and artifacts stored without calling a provider."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import orjson

from app import close_app, create_app
from benchmarks.loopback import declaration, manifest
from integrations.caching.artifacts import ArtifactSource, make_artifact
from integrations.caching.freshness import Freshness
from integrations.rendering.artifact_keys import block_key
from plugin_store.workspaces import resolve_scope
from schemas.api.plugins import DeclarationSchema
from settings import load_settings

HOUR_SECONDS = 3600.0
CHUNK = 250


def fill(folder: Path, url: str, *, artifacts: int, plugins: int, scheduled: int) -> None:
    """Fills the folder: `artifacts` of the block `item` of `plugin-0`, for `n` from 0; `scheduled` blocks in all."""
    settings = load_settings(
        {"PATCHBAY_INSTANCE": str(folder), "PATCHBAY_TOKEN": "bench", "PATCHBAY_PREFETCH": "off"}
    )
    app = create_app(settings)
    services = app.extensions["patchbay"]
    try:
        declared = [
            DeclarationSchema().load(declaration(f"plugin-{number}", _manifest(url, scheduled // plugins)))
            for number in range(plugins)
        ]
        for start in range(0, plugins, CHUNK):
            services.store.registry.register_batch(declared[start : start + CHUNK])
        _keep(services, artifacts)
    finally:
        close_app(app)


def _manifest(url: str, scheduled: int) -> dict[str, Any]:
    blocks = [
        {"id": "item", "endpoint": "item", "cache_ttl": 3600, "config_schema": {"n": {"type": "integer"}}}
    ]
    blocks += [
        {"id": f"ahead-{number}", "endpoint": "item", "pre_fetch": True, "refresh_interval": 86400}
        for number in range(scheduled)
    ]
    return manifest(url, blocks)


def _keep(services: Any, artifacts: int) -> None:
    scope = resolve_scope(services.database)
    installed = services.catalog.find(scope, "plugin-0")
    block = installed.block("item")
    data = orjson.dumps({"data": "x" * 1900})
    now = time.time()
    freshness = Freshness(now + HOUR_SECONDS, now + HOUR_SECONDS, now + HOUR_SECONDS)
    for number in range(artifacts):
        key = block_key(installed, block, {"n": number}).key
        source = ArtifactSource(
            workspace_id=scope.workspace_id,
            plugin_id="plugin-0",
            epoch=installed.plugin_state.artifacts_epoch,
            manifest_digest=installed.plugin_state.digest,
            block_id="item",
            endpoint_id=None,
            parameters={"n": number},
        )
        services.caching.artifacts.put(make_artifact(key, "application/json", data, now, freshness), source)
