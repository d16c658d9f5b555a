"""The route of live events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, g, request

from errors import NotFound, StorageFailed
from plugin_store.workspaces import Scope
from schemas.api.state import ScopeSchema
from web.api.blueprint import Blueprint
from web.api.context import Services, services
from web.api.scopes import permitted_scope, scope_of
from web.events.audience import Audience
from web.events.messages import MEDIA_TYPE, parse_last_event_id
from web.gate.callers import gate
from web.gate.gate import Caller, Gate
from web.server.dispatcher import STREAM_ENVIRON_KEY

LAST_EVENT_ID = {
    "name": "Last-Event-ID",
    "required": False,
    "schema": {"type": "string"},
    "description": "The id of the last event that arrived, as a browser sends it when it connects again.",
}

blueprint = Blueprint("events", __name__, description="What changes, as it happens.")


@blueprint.route("/events", methods=["GET"])
@blueprint.header(LAST_EVENT_ID)
@blueprint.arguments(ScopeSchema, location="query")
@blueprint.response(
    200,
    {"type": "string"},
    content_type=MEDIA_TYPE,
    description="Server-Sent Events: `id`, `event` (the kind) and `data` (a JSON object). It does not end by itself.",
)
def watch_events(query: dict[str, Any]) -> Response:
    """What changes in a workspace (and notebook), as Server-Sent Events, from now on or after `Last-Event-ID`."""
    found = services()
    scope = scope_of(query)
    # A proxy that buffers the response would hold events back.
    response = Response(mimetype=MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})
    if request.method == "GET":
        last_event_id = parse_last_event_id(request.headers.get("Last-Event-ID"))
        stream = found.events.open(
            Audience.of(scope, g.caller.permission),
            last_event_id,
            _permission(found, gate(), g.caller, scope),
        )
        response.response = stream
        response.call_on_close(stream.close)
        request.environ[STREAM_ENVIRON_KEY] = True
    return response


def _permission(found: Services, gate: Gate, caller: Caller, scope: Scope) -> Callable[[], bool]:
    """Tells whether the caller of this request may still read the scope."""
    admitted = gate.still_admits(caller, found.database.commits)

    def may_continue() -> bool:
        try:
            permitted_scope(found.database, caller.permission, scope._asdict())
            return admitted()
        except (NotFound, StorageFailed):
            return False

    return may_continue
