"""The routes of signed-in browsers: list them, end one session, end all others."""

from __future__ import annotations

from typing import Any

from flask import Response

from schemas.api.sessions import EndedSessionsSchema, SessionSchema
from web.api.blueprint import Blueprint
from web.gate.callers import calling_session, gate

blueprint = Blueprint("sessions", __name__, description="The browsers that are signed in")


@blueprint.route("/sessions", methods=["GET"])
@blueprint.response(200, SessionSchema(many=True))
def list_sessions() -> list[dict[str, Any]]:
    """List the browsers that are signed in, last used first."""
    current = calling_session()
    return [
        {
            "id": row.id,
            "created_at": row.created_at,
            "last_used_at": row.last_used_at,
            "user_agent": row.user_agent,
            "current": current is not None and row.id == current.id,
        }
        for row in gate().sessions.list()
    ]


@blueprint.route("/sessions/<int64:session_id>", methods=["DELETE"])
@blueprint.response(204)
def end_session(session_id: int) -> Response:
    """Sign one browser out."""
    gate().sessions.end(session_id)
    return Response(status=204)


@blueprint.route("/sessions", methods=["DELETE"])
@blueprint.response(200, EndedSessionsSchema)
def end_other_sessions() -> dict[str, int]:
    """Sign out all browsers except the calling one; a program with the token signs out all."""
    current = calling_session()
    return {"ended": gate().sessions.end_all(but=current.id if current is not None else None)}
