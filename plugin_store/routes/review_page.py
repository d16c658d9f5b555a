"""The page on which a user accepts new destinations of locked secrets, or leaves them locked."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, redirect, render_template, request
from marshmallow import EXCLUDE
from werkzeug.wrappers import Response as BaseResponse

from errors import Conflict
from plugin_store.routes.settings import carry_out_decision
from schemas.api.state import ReviewDecisionSchema, ScopeSchema
from web.api.context import services
from web.api.json import parse_json
from web.api.scopes import scope_of
from web.gate.callers import calling_session
from web.gate.gate import REVIEW_PREFIX
from web.gate.user_session import form_token, is_own_form, require_user_session, review_page

FOREIGN_FORM = "Nothing was accepted, because the form does not belong to this browser's session. Try again."
CHANGED_SINCE = (
    "Nothing was accepted, because the plugin has changed meanwhile. This is what it would do now."
)

blueprint = Blueprint("review_page", __name__)


@blueprint.get(f"{REVIEW_PREFIX}<string:plugin_id>")
def show_review(plugin_id: str) -> BaseResponse:
    """The old and new destinations of the plugin's secrets, with a form to accept them. Raises NotFound."""
    return _page(plugin_id)


@blueprint.post(f"{REVIEW_PREFIX}<string:plugin_id>")
def accept_review(plugin_id: str) -> BaseResponse:
    """The page again, with what still needs a review. Raises NotFound, Malformed, PersonNeeded."""
    scope = _scope()
    session = require_user_session(review_page(plugin_id, scope))
    if not is_own_form(session, request.form.get("token", "")):
        return _page(plugin_id, FOREIGN_FORM, 403)
    seen = parse_json(request.form.get("seen", "").encode("utf-8", "surrogatepass"))
    decision: Any = ReviewDecisionSchema().load({"accept": True, "new": seen})
    try:
        carry_out_decision(plugin_id, scope_of(scope), decision)
    except Conflict:
        return _page(plugin_id, CHANGED_SINCE, 409)
    return redirect(review_page(plugin_id, scope), 303)


def _page(plugin_id: str, complaint: str | None = None, status: int = 200) -> Response:
    query, session = _scope(), calling_session()
    plugin, scope = services().store.registry.get(plugin_id), scope_of(query)
    review = services().store.reviews.review_of(plugin_id, scope.workspace_id, scope.notebook_id)
    html = render_template(
        "review.html",
        plugin=plugin,
        review=review,
        seen=orjson.dumps(review["new"]).decode() if review else None,
        action=review_page(plugin_id, query),
        form_token=form_token(session) if session is not None else None,
        complaint=complaint,
    )
    return Response(html, status, {"Cache-Control": "no-store"})


def _scope() -> dict[str, Any]:
    found: Any = ScopeSchema(unknown=EXCLUDE).load(request.args.to_dict())
    return found
