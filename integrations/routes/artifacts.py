"""The routes of stored answers: listed, shown, purged."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson
from flask.views import MethodView

from errors import NotFound, PatchbayError
from integrations.caching.artifact_rows import ArtifactRow, find_artifact_row
from plugin_store.engine.paging import Page
from plugin_store.workspaces import Scope, get_workspace
from schemas.api.artifacts import (
    ArtifactSchema,
    ArtifactsQuerySchema,
    ArtifactWithDataSchema,
    PurgedSchema,
    WorkspaceArtifactsQuerySchema,
)
from schemas.api.state import PageSchema, ScopeSchema
from web.api.blueprint import Blueprint
from web.api.context import services
from web.api.scopes import scope_of
from web.gate.callers import calling_permission

blueprint = Blueprint("artifacts", __name__, description="Stored answers.")

Listed = tuple[list[dict[str, Any]], int, dict[str, str]]


@blueprint.route("/plugins/<string:plugin_id>/artifacts")
class PluginArtifacts(MethodView):
    @blueprint.arguments(ScopeSchema, location="query")
    @blueprint.arguments(PageSchema, location="query")
    @blueprint.arguments(ArtifactsQuerySchema, location="query")
    @blueprint.response(200, ArtifactSchema(many=True))
    def get(
        self, query: dict[str, Any], paging: dict[str, Any], asked: dict[str, Any], plugin_id: str
    ) -> Listed:
        """The stored answers of a plugin in the workspace, newest first; `include=data` adds their data."""
        services().store.registry.get(plugin_id)
        return _list(query, paging, {**asked, "integration_id": plugin_id})

    @blueprint.arguments(ScopeSchema, location="query")
    @blueprint.arguments(ArtifactsQuerySchema(only=["block_type"]), location="query")
    @blueprint.response(200, PurgedSchema)
    def delete(self, query: dict[str, Any], asked: dict[str, Any], plugin_id: str) -> dict[str, int]:
        """Purge a plugin's stored answers in the workspace. Fetches in progress are not stored either."""
        services().store.registry.get(plugin_id)
        scope, block_id = scope_of(query), asked.get("block_type")
        steps = _steps_of(scope, plugin_id, block_id) if block_id is not None else ()
        purged = services().caching.artifacts.purge(plugin_id, scope.workspace_id, block_id, steps)
        return {"purged": purged}


@blueprint.route("/workspaces/<int64:workspace_id>/artifacts", methods=["DELETE"])
@blueprint.response(200, PurgedSchema)
def purge_workspace(workspace_id: int) -> dict[str, int]:
    """Purge all stored answers of a workspace. Fetches in progress are not stored either."""
    get_workspace(services().database, workspace_id)
    return {"purged": services().caching.artifacts.purge(workspace_id=workspace_id)}


@blueprint.route("/artifacts")
class Artifacts(MethodView):
    @blueprint.arguments(ScopeSchema, location="query")
    @blueprint.arguments(PageSchema, location="query")
    @blueprint.arguments(WorkspaceArtifactsQuerySchema, location="query")
    @blueprint.response(200, ArtifactSchema(many=True))
    def get(self, query: dict[str, Any], paging: dict[str, Any], asked: dict[str, Any]) -> Listed:
        """The stored answers of a workspace, newest first, of all plugins or one."""
        return _list(query, paging, asked)

    @blueprint.response(200, PurgedSchema)
    def delete(self) -> dict[str, int]:
        """Purge all stored answers of every workspace. Fetches in progress are not stored either."""
        return {"purged": services().caching.artifacts.purge()}


@blueprint.route("/artifacts/<string:parameters_hash>")
class OneArtifact(MethodView):
    @blueprint.arguments(ScopeSchema, location="query")
    @blueprint.response(200, ArtifactWithDataSchema)
    def get(self, query: dict[str, Any], parameters_hash: str) -> dict[str, Any]:
        """One stored answer of a workspace with its data."""
        return _dump(_find(scope_of(query), parameters_hash), with_data=True)

    @blueprint.arguments(ScopeSchema, location="query")
    @blueprint.response(200, PurgedSchema)
    def delete(self, query: dict[str, Any], parameters_hash: str) -> dict[str, int]:
        """Purge one stored answer, with those of its block's steps. Fetches in progress are not stored either."""
        scope = scope_of(query)
        row = _find(scope, parameters_hash)
        steps = _steps_of(scope, row.plugin_id, row.block_id) if row.block_id is not None else ()
        artifacts = services().caching.artifacts
        purged = artifacts.purge(row.plugin_id, scope.workspace_id, row.block_id, steps, parameters_hash)
        return {"purged": purged}


def _find(scope: Scope, parameters_hash: str) -> ArtifactRow:
    """The row of a usable artifact of the workspace. Raises NotFound."""
    held = services()
    row = find_artifact_row(held.database, parameters_hash, scope.workspace_id, held.clock())
    if row is None or not calling_permission().reaches_plugin(row.plugin_id):
        raise NotFound(f"There is no stored answer `{parameters_hash[:64]}` in this workspace.")
    return row


def _list(query: dict[str, Any], paging: dict[str, Any], asked: dict[str, Any]) -> Listed:
    page = Page(paging["page"], paging["page_size"])
    rows, total = services().caching.artifacts.list_artifacts(
        scope_of(query).workspace_id,
        page.offset,
        page.size,
        plugin_id=asked.get("integration_id"),
        block_id=asked.get("block_type"),
        among=calling_permission().integrations,
    )
    with_data = asked.get("include") == "data"
    return [_dump(row, with_data=with_data) for row in rows], 200, page.headers(total)


def _dump(row: ArtifactRow, *, with_data: bool) -> dict[str, Any]:
    listed = asdict(row)
    if with_data:
        kept = services().caching.artifacts.get(row.parameters_hash)
        listed["data"] = orjson.loads(kept.data) if kept is not None else None
    return listed


def _steps_of(scope: Scope, plugin_id: str, block_id: str) -> list[str]:
    """The endpoints of steps whose answers have artifacts of their own; none for an unknown block."""
    try:
        return services().catalog.find(scope, plugin_id).block(block_id).endpoints_of_steps
    except PatchbayError:
        return []
