"""The route that runs an action at a provider."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask.views import MethodView

from integrations.actions.keys import MAX_KEY_CHARACTERS, read_key
from integrations.actions.runs import ActionResult
from integrations.caching.artifacts import make_artifact
from integrations.caching.freshness import Freshness
from integrations.rendering.envelope import write_envelope
from integrations.rendering.read_through import Rendered
from schemas.api.integrations import ActionEnvelopeSchema, ActionRunSchema
from schemas.api.state import ScopeSchema
from web.api.blueprint import Blueprint
from web.api.context import services
from web.api.problems import problem_of
from web.api.ready_response import ReadyResponse
from web.api.scopes import scope_of

IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_CHARACTERS},
    "description": "One for each run, kept for 24 hours: the same key with the same request is answered as the first.",
}

blueprint = Blueprint("actions", __name__, description="Actions: blocks that change something at a provider.")


@blueprint.route("/integrations/<string:plugin_id>/actions/<string:block_type>")
class RunAction(MethodView):
    @blueprint.header(IDEMPOTENCY_KEY)
    @blueprint.arguments(ScopeSchema, location="query")
    @blueprint.arguments(ActionRunSchema)
    @blueprint.response(200, ActionEnvelopeSchema)
    def post(self, query: dict[str, Any], asked: dict[str, Any], plugin_id: str, block_type: str) -> Response:
        """Run an action that a user asked for. Its calls are made once for each `Idempotency-Key`."""
        key = read_key(request.headers.get("Idempotency-Key"))
        scope = scope_of(query)
        return answer_performed(
            *services().actions.run_block(scope, plugin_id, block_type, asked["parameters"], key)
        )


def answer_performed(performed: ActionResult, is_repeated: bool) -> Response:
    """The envelope of the action's answer, with `renewed`, and `repeated` if an earlier request stored it."""
    at = performed.fetched_at
    artifact = make_artifact("", performed.content_type, performed.data, at, Freshness(at, at, at))
    problem = problem_of(performed.error) if performed.error is not None else None
    more = {"renewed": performed.renewed, "repeated": is_repeated}
    rendered = Rendered(artifact, "BYPASS", is_kept=False, is_sample=services().settings.samples is not None)
    data = write_envelope(rendered, problem, more)
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(data))),
        ("X-Cache", "BYPASS"),
        ("Cache-Control", "no-store"),
    ]
    return ReadyResponse([data], headers=headers)
