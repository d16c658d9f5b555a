"""What a workspace or a notebook itself sets for plugins of any type."""

from __future__ import annotations

from typing import Any

from flask import Response

from plugin_store.engine.paging import Page
from plugin_store.routes.shared import PAGINATION, check_plugin_id, scope_of
from plugin_store.settings.configs import StateView
from plugin_store.workspaces import Scope
from schemas.api.state import PageSchema, PluginStateSchema, PluginStateUpdateSchema
from web.api.blueprint import Blueprint
from web.api.context import services

blueprint = Blueprint(
    "plugin_states", __name__, description="Settings of a workspace or a notebook for its plugins"
)

Listed = tuple[list[StateView], int, dict[str, str]]


@blueprint.route("/workspaces/<int64:workspace_id>/plugins", methods=["GET"])
@blueprint.arguments(PageSchema, location="query")
@blueprint.response(200, PluginStateSchema(many=True), headers=PAGINATION)
def list_workspace_plugins(query: dict[str, Any], workspace_id: int) -> Listed:
    """List every plugin with a workspace's settings."""
    return _list_states(scope_of({"workspace_id": workspace_id}), query)


@blueprint.route("/workspaces/<int64:workspace_id>/plugins/<string:plugin_id>", methods=["GET"])
@blueprint.response(200, PluginStateSchema)
def get_workspace_plugin(workspace_id: int, plugin_id: str) -> StateView:
    """Show what a workspace sets for a plugin."""
    return services().store.configs.get_state(plugin_id, scope_of({"workspace_id": workspace_id}))


@blueprint.route("/workspaces/<int64:workspace_id>/plugins/<string:plugin_id>", methods=["PUT"])
@blueprint.arguments(PluginStateUpdateSchema)
@blueprint.response(200, PluginStateSchema)
def change_workspace_plugin(body: dict[str, Any], workspace_id: int, plugin_id: str) -> StateView:
    """Change what a workspace sets for a plugin; members missing in the body stay unchanged."""
    check_plugin_id(plugin_id, body)
    return services().store.configs.change_state(plugin_id, scope_of({"workspace_id": workspace_id}), body)


@blueprint.route("/workspaces/<int64:workspace_id>/plugins/<string:plugin_id>", methods=["DELETE"])
@blueprint.response(204)
def reset_workspace_plugin(workspace_id: int, plugin_id: str) -> Response:
    """Reset a workspace to inherited values; secrets stay."""
    services().store.configs.reset_state(plugin_id, scope_of({"workspace_id": workspace_id}))
    return Response(status=204)


@blueprint.route("/notebooks/<int64:notebook_id>/plugins", methods=["GET"])
@blueprint.arguments(PageSchema, location="query")
@blueprint.response(200, PluginStateSchema(many=True), headers=PAGINATION)
def list_notebook_plugins(query: dict[str, Any], notebook_id: int) -> Listed:
    """List every plugin with a notebook's settings."""
    return _list_states(scope_of({"notebook_id": notebook_id}), query)


@blueprint.route("/notebooks/<int64:notebook_id>/plugins/<string:plugin_id>", methods=["GET"])
@blueprint.response(200, PluginStateSchema)
def get_notebook_plugin(notebook_id: int, plugin_id: str) -> StateView:
    """Show what a notebook sets for a plugin."""
    return services().store.configs.get_state(plugin_id, scope_of({"notebook_id": notebook_id}))


@blueprint.route("/notebooks/<int64:notebook_id>/plugins/<string:plugin_id>", methods=["PUT"])
@blueprint.arguments(PluginStateUpdateSchema)
@blueprint.response(200, PluginStateSchema)
def change_notebook_plugin(body: dict[str, Any], notebook_id: int, plugin_id: str) -> StateView:
    """Change what a notebook sets for a plugin; members missing in the body stay unchanged."""
    check_plugin_id(plugin_id, body)
    return services().store.configs.change_state(plugin_id, scope_of({"notebook_id": notebook_id}), body)


@blueprint.route("/notebooks/<int64:notebook_id>/plugins/<string:plugin_id>", methods=["DELETE"])
@blueprint.response(204)
def reset_notebook_plugin(notebook_id: int, plugin_id: str) -> Response:
    """Reset a notebook to inherited values."""
    services().store.configs.reset_state(plugin_id, scope_of({"notebook_id": notebook_id}))
    return Response(status=204)


def _list_states(scope: Scope, query: dict[str, Any]) -> Listed:
    page = Page(query["page"], query["page_size"])
    states, total = services().store.configs.list_states(scope, page)
    return states, 200, page.headers(total)
