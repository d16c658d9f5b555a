"""The route that explains a render instead of making it."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from schemas.api.explain import ExplainSchema, ExplanationSchema
from schemas.api.state import ScopeSchema
from web.api.blueprint import Blueprint
from web.api.context import services
from web.api.problems import problem_of
from web.api.scopes import scope_of

blueprint = Blueprint("explain", __name__, description="Explains a render without making it.")


@blueprint.route("/integrations/<string:plugin_id>/explain", methods=["POST"])
@blueprint.arguments(ScopeSchema, location="query")
@blueprint.arguments(ExplainSchema)
@blueprint.response(200, ExplanationSchema)
def explain(query: dict[str, Any], asked: dict[str, Any], plugin_id: str) -> dict[str, Any]:
    """What a render would send and why, what is cached, and what prevents it. Nothing is sent."""
    found = services()
    scope = scope_of(query)
    explainer = found.rendering.explainer
    if "block_type" in asked:
        explained = explainer.explain_block(scope, plugin_id, asked["block_type"], asked["parameters"])
    else:
        explained = explainer.explain_endpoint(scope, plugin_id, asked["endpoint_id"], asked["parameters"])
    members = {item.name: getattr(explained, item.name) for item in fields(explained)}
    return members | {"problems": [problem_of(problem) for problem in explained.problems]}
