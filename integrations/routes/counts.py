"""The route for how many there are of what long lists hold."""

from __future__ import annotations

from typing import Any

from integrations.catalog.choosing import count_states
from schemas.api.counts import CountsSchema
from schemas.api.state import ScopeSchema
from web.api.blueprint import Blueprint
from web.api.context import services
from web.api.scopes import scope_of
from web.gate.callers import calling_permission

blueprint = Blueprint("counts", __name__, description="How many integrations and prefetch jobs there are.")


@blueprint.route("/counts", methods=["GET"])
@blueprint.arguments(ScopeSchema, location="query")
@blueprint.response(200, CountsSchema)
def get_counts(query: dict[str, Any]) -> dict[str, Any]:
    """How many integrations and prefetch jobs the workspace (or notebook) has, by state: for an overview."""
    held, scope, permission = services(), scope_of(query), calling_permission()
    listed = (one for one in held.catalog.list(scope) if permission.reaches_plugin(one.plugin_id))
    jobs = held.prefetch.jobs.count_states(scope, held.clock(), permission.integrations)
    return {"integrations": count_states(listed), "prefetch": jobs}
