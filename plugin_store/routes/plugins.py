"""The routes of plugins: declare, list, show, delete."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import Response

from plugin_store.declarers import Declarer
from plugin_store.engine.paging import Page
from plugin_store.models import Plugin
from plugin_store.registrations import Registration
from plugin_store.routes.shared import PAGINATION
from schemas.api.plugins import (
    BatchResultsSchema,
    BatchSchema,
    DeclarationSchema,
    DeclareQuerySchema,
    HandOverSchema,
    PluginSchema,
    PluginsQuerySchema,
    PluginSummarySchema,
    RegistrationSchema,
)
from web.api.blueprint import Blueprint
from web.api.context import services
from web.gate.callers import calling_permission, gate

SUMMARY = (
    "id",
    "name",
    "version",
    "type",
    "icon",
    "enabled",
    "registered_at",
    "updated_at",
    "last_seen_at",
    "managed_by",
)

blueprint = Blueprint("plugins", __name__, description="What frontends declare")


@blueprint.route("/plugins/register", methods=["POST"])
@blueprint.arguments(DeclareQuerySchema, location="query")
@blueprint.arguments(DeclarationSchema)
@blueprint.response(200, RegistrationSchema, description="Already registered: updated or unchanged")
@blueprint.alt_response(201, schema=RegistrationSchema, description="New", success=True)
def register_plugin(query: dict[str, Any], declaration: dict[str, Any]) -> tuple[Registration, int]:
    """Declare a plugin, or declare it again. A named token changes only what it declared."""
    registration = services().store.registry.register(declaration, _declarer(query))
    return registration, 201 if registration.status == "registered" else 200


@blueprint.route("/plugins/register-batch", methods=["POST"])
@blueprint.arguments(DeclareQuerySchema, location="query")
@blueprint.arguments(BatchSchema)
@blueprint.response(200, BatchResultsSchema)
def register_plugins(query: dict[str, Any], batch: dict[str, Any]) -> dict[str, Any]:
    """Declare many plugins at once; an invalid one never blocks the others."""
    results = services().store.registry.register_batch(batch["plugins"], _declarer(query))
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
    return [_shown(plugin) for plugin in plugins], 200, page.headers(total)


@blueprint.route("/plugins/<string:plugin_id>", methods=["GET"])
@blueprint.response(200, PluginSchema)
def get_plugin(plugin_id: str) -> dict[str, Any]:
    """Show a plugin with its manifest."""
    return _described(services().store.registry.get(plugin_id))


@blueprint.route("/plugins/<string:plugin_id>", methods=["PATCH"])
@blueprint.arguments(HandOverSchema)
@blueprint.response(200, PluginSchema)
def hand_over_plugin(body: dict[str, Any], plugin_id: str) -> dict[str, Any]:
    """Let another token, or with null only the owner, change a plugin from now on."""
    return _described(services().store.registry.hand_over(plugin_id, body["declared_by"]))


@blueprint.route("/plugins/<string:plugin_id>", methods=["DELETE"])
@blueprint.response(204)
def forget_plugin(plugin_id: str) -> Response:
    """Delete a plugin with its settings, secrets and artifacts."""
    kept = services().caching.artifacts.keys_of(plugin_id=plugin_id)
    services().store.registry.forget(plugin_id, _declarer({}))
    services().caching.artifacts.delete_bodies(kept)
    return Response(status=204)


def _declarer(query: dict[str, Any]) -> Declarer:
    permission = calling_permission()
    return Declarer(permission.token_id, permission.integrations, query.get("downgrade", False))


def _described(plugin: Plugin) -> dict[str, Any]:
    return _shown(plugin) | {"manifest": plugin.manifest}


def _shown(plugin: Plugin) -> dict[str, Any]:
    shown = {name: getattr(plugin, name) for name in SUMMARY}
    return shown | {"declared_by": _declarer_shown(plugin)}


def _declarer_shown(plugin: Plugin) -> dict[str, Any] | None:
    """The token that declared a plugin. A token is told only of itself."""
    permission = calling_permission()
    if plugin.declared_by is None or permission.token_id not in {None, plugin.declared_by}:
        return None
    token_id, name = gate().tokens.declarers().get(plugin.id, (None, None))
    # It may have been revoked since the plugin was read.
    return None if token_id is None else {"id": token_id, "name": name}
