"""What a workspace or a notebook itself sets for plugins of any type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, request

from plugin_store.engine.paging import Page
from plugin_store.routes.shared import PAGINATION, check_plugin_id
from plugin_store.settings.configs import StateView
from plugin_store.settings.entity_tags import IfMatch, parse_if_match
from plugin_store.workspaces import Scope
from schemas.api.state import PageSchema, PluginStateSchema, PluginStateUpdateSchema
from web.api.blueprint import Blueprint
from web.api.context import services
from web.api.scopes import scope_of
from web.gate.access import may_configure
from web.gate.callers import calling_permission, gate

blueprint = Blueprint(
    "plugin_states", __name__, description="Settings of a workspace or a notebook for its plugins"
)

ETAG = {"ETag": {"description": "Names this state (RFC 9110): see `If-Match`.", "schema": {"type": "string"}}}
IF_MATCH = {
    "name": "If-Match",
    "required": False,
    "schema": {"type": "string"},
    "description": "The ETag of the state that was read: if it was changed since, the answer is a 412. `*` is any.",
}

Listed = tuple[list[StateView], int, dict[str, str]]
Tagged = tuple[StateView, int, dict[str, str]]


@blueprint.route("/workspaces/<int64:workspace_id>/plugins", methods=["GET"])
@blueprint.arguments(PageSchema, location="query")
@blueprint.response(200, PluginStateSchema(many=True), headers=PAGINATION)
def list_workspace_plugins(query: dict[str, Any], workspace_id: int) -> Listed:
    """List every plugin with a workspace's settings."""
    return _list_states(scope_of({"workspace_id": workspace_id}), query)


@blueprint.route("/workspaces/<int64:workspace_id>/plugins/<string:plugin_id>", methods=["GET"])
@blueprint.response(200, PluginStateSchema, headers=ETAG)
@blueprint.alt_response(304, "NOT_MODIFIED")
def get_workspace_plugin(workspace_id: int, plugin_id: str) -> Tagged | Response:
    """Show what a workspace sets for a plugin."""
    return _show(plugin_id, scope_of({"workspace_id": workspace_id}))


@blueprint.route("/workspaces/<int64:workspace_id>/plugins/<string:plugin_id>", methods=["PUT"])
@blueprint.header(IF_MATCH)
@blueprint.arguments(PluginStateUpdateSchema)
@blueprint.response(200, PluginStateSchema, headers=ETAG)
@blueprint.alt_response(412, "PRECONDITION_FAILED")
def change_workspace_plugin(body: dict[str, Any], workspace_id: int, plugin_id: str) -> Tagged:
    """Change what a workspace sets for a plugin; members missing in the body stay unchanged."""
    check_plugin_id(plugin_id, body)
    return _change(plugin_id, scope_of({"workspace_id": workspace_id}), body)


@blueprint.route("/workspaces/<int64:workspace_id>/plugins/<string:plugin_id>", methods=["DELETE"])
@blueprint.header(IF_MATCH)
@blueprint.response(204)
@blueprint.alt_response(412, "PRECONDITION_FAILED")
def reset_workspace_plugin(workspace_id: int, plugin_id: str) -> Response:
    """Reset a workspace to inherited values; secrets stay."""
    services().store.configs.reset_state(plugin_id, scope_of({"workspace_id": workspace_id}), _if_match())
    return Response(status=204)


@blueprint.route("/notebooks/<int64:notebook_id>/plugins", methods=["GET"])
@blueprint.arguments(PageSchema, location="query")
@blueprint.response(200, PluginStateSchema(many=True), headers=PAGINATION)
def list_notebook_plugins(query: dict[str, Any], notebook_id: int) -> Listed:
    """List every plugin with a notebook's settings."""
    return _list_states(scope_of({"notebook_id": notebook_id}), query)


@blueprint.route("/notebooks/<int64:notebook_id>/plugins/<string:plugin_id>", methods=["GET"])
@blueprint.response(200, PluginStateSchema, headers=ETAG)
@blueprint.alt_response(304, "NOT_MODIFIED")
def get_notebook_plugin(notebook_id: int, plugin_id: str) -> Tagged | Response:
    """Show what a notebook sets for a plugin."""
    return _show(plugin_id, scope_of({"notebook_id": notebook_id}))


@blueprint.route("/notebooks/<int64:notebook_id>/plugins/<string:plugin_id>", methods=["PUT"])
@blueprint.header(IF_MATCH)
@blueprint.arguments(PluginStateUpdateSchema)
@blueprint.response(200, PluginStateSchema, headers=ETAG)
@blueprint.alt_response(412, "PRECONDITION_FAILED")
def change_notebook_plugin(body: dict[str, Any], notebook_id: int, plugin_id: str) -> Tagged:
    """Change what a notebook sets for a plugin; members missing in the body stay unchanged."""
    check_plugin_id(plugin_id, body)
    return _change(plugin_id, scope_of({"notebook_id": notebook_id}), body)


@blueprint.route("/notebooks/<int64:notebook_id>/plugins/<string:plugin_id>", methods=["DELETE"])
@blueprint.header(IF_MATCH)
@blueprint.response(204)
@blueprint.alt_response(412, "PRECONDITION_FAILED")
def reset_notebook_plugin(notebook_id: int, plugin_id: str) -> Response:
    """Reset a notebook to inherited values."""
    services().store.configs.reset_state(plugin_id, scope_of({"notebook_id": notebook_id}), _if_match())
    return Response(status=204)


def _list_states(scope: Scope, query: dict[str, Any]) -> Listed:
    page = Page(query["page"], query["page_size"])
    states, total = services().store.configs.list_states(scope, page, _is_shown())
    return states, 200, page.headers(total)


def _is_shown() -> Callable[[str], bool]:
    """Tells of which plugins the caller may see settings."""
    permission = calling_permission()
    if permission.is_owner:
        return lambda _plugin_id: True
    declarers = gate().tokens.declarers()
    return lambda plugin_id: (
        permission.reaches_plugin(plugin_id) and may_configure(permission, plugin_id, declarers)
    )


def _show(plugin_id: str, scope: Scope) -> Tagged | Response:
    state = services().store.configs.get_state(plugin_id, scope)
    if request.if_none_match.contains_weak(state.etag.strip('"')):
        return Response(status=304, headers={"ETag": state.etag})
    return _tagged(state)


def _change(plugin_id: str, scope: Scope, changes: dict[str, Any]) -> Tagged:
    return _tagged(services().store.configs.change_state(plugin_id, scope, changes, _if_match()))


def _tagged(state: StateView) -> Tagged:
    return state, 200, {"ETag": state.etag}


def _if_match() -> IfMatch:
    return parse_if_match(request.headers.get("If-Match"))
