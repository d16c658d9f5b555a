"""The routes of plugins: declare, list, show, delete."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import Response

from plugin_store.engine.paging import Page
from plugin_store.models import Plugin
from plugin_store.registry import Registration
from plugin_store.routes.shared import PAGINATION
from schemas.api.plugins import (
    BatchResultsSchema,
    BatchSchema,
    DeclarationSchema,
    PluginSchema,
    PluginsQuerySchema,
    PluginSummarySchema,
    RegistrationSchema,
)
from web.api.blueprint import Blueprint
from web.api.context import services
from web.gate.callers import calling_permission

blueprint = Blueprint("plugins", __name__, description="What frontends declare")


@blueprint.route("/plugins/register", methods=["POST"])
@blueprint.arguments(DeclarationSchema)
@blueprint.response(200, RegistrationSchema, description="Already registered: updated or unchanged")
@blueprint.alt_response(201, schema=RegistrationSchema, description="New", success=True)
def register_plugin(declaration: dict[str, Any]) -> tuple[Registration, int]:
    """Declare a plugin, or declare it again."""
    registration = services().store.registry.register(declaration)
    return registration, 201 if registration.status == "registered" else 200


@blueprint.route("/plugins/register-batch", methods=["POST"])
@blueprint.arguments(BatchSchema)
@blueprint.response(200, BatchResultsSchema)
def register_plugins(batch: dict[str, Any]) -> dict[str, Any]:
    """Declare many plugins at once; an invalid one never blocks the others."""
    results = services().store.registry.register_batch(batch["plugins"])
    counts = Counter(result.status or "failed" for result in results)
    return {
        **{status: counts[status] for status in ("registered", "updated", "unchanged", "failed")},
        "results": results,
    }


@blueprint.route("/plugins", methods=["GET"])
@blueprint.arguments(PluginsQuerySchema, location="query")
@blueprint.response(200, PluginSummarySchema(many=True), headers=PAGINATION)
def list_plugins(query: dict[str, Any]) -> tuple[Any, int, dict[str, str]]:
    """List the registered plugins, of one type or all."""
    page = Page(query["page"], query["page_size"])
    plugins, total = services().store.registry.list(
        query.get("type"), page, calling_permission().integrations
    )
    return plugins, 200, page.headers(total)


@blueprint.route("/plugins/<string:plugin_id>", methods=["GET"])
@blueprint.response(200, PluginSchema)
def get_plugin(plugin_id: str) -> Plugin:
    """Show a plugin with its manifest."""
    return services().store.registry.get(plugin_id)


@blueprint.route("/plugins/<string:plugin_id>", methods=["DELETE"])
@blueprint.response(204)
def forget_plugin(plugin_id: str) -> Response:
    """Delete a plugin with its settings, secrets and artifacts."""
    kept = services().caching.artifacts.keys_of(plugin_id=plugin_id)
    services().store.registry.forget(plugin_id)
    services().caching.artifacts.delete_bodies(kept)
    return Response(status=204)
