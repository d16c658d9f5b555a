"""The route of the call log."""

from __future__ import annotations

from typing import Any

from integrations.usage.calls import CallFilter, read_calls
from schemas.api.calls import CallSchema, CallsQuerySchema
from schemas.api.state import ScopeSchema
from web.api.blueprint import Blueprint
from web.api.context import services
from web.api.scopes import scope_of
from web.gate.callers import calling_permission

blueprint = Blueprint("calls", __name__, description="The calls to providers, one by one.")


@blueprint.route("/calls", methods=["GET"])
@blueprint.arguments(ScopeSchema, location="query")
@blueprint.arguments(CallsQuerySchema, location="query")
@blueprint.response(200, CallSchema(many=True))
def list_calls(query: dict[str, Any], asked: dict[str, Any]) -> Any:
    """The calls to providers in the workspace, newest first. A page may be followed by another if it is full."""
    scope = scope_of(query)
    # Includes what was recorded a moment ago.
    services().usage.call_log.flush()
    wanted = CallFilter.of(asked, calling_permission().integrations)
    return read_calls(services().database, scope.workspace_id, wanted, asked["page_size"])
