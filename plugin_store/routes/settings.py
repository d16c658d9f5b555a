"""The routes of an integration's enabled state, config, secrets and review."""

from __future__ import annotations

from typing import Any

from flask import Response

from plugin_store.routes.shared import check_plugin_id
from plugin_store.settings.configs import ConfigView
from plugin_store.settings.secret_settings import SecretView
from plugin_store.vault.destinations import Destination, read_destination
from plugin_store.workspaces import Scope
from schemas.api.state import (
    ConfigSchema,
    ConfigUpdateSchema,
    EnabledSchema,
    EnableSchema,
    ReviewDecisionSchema,
    ReviewStateSchema,
    ScopeSchema,
    SecretSchema,
    SecretValueSchema,
)
from web.api.blueprint import Blueprint
from web.api.context import services
from web.api.scopes import scope_of
from web.gate.user_session import require_user_session, review_page

blueprint = Blueprint("settings", __name__, description="An integration's switch, config, secrets and review")


@blueprint.route("/integrations/<string:plugin_id>/enable", methods=["PUT"])
@blueprint.arguments(ScopeSchema, location="query")
@blueprint.arguments(EnableSchema)
@blueprint.response(200, EnabledSchema)
def enable_integration(scope: dict[str, Any], body: dict[str, Any], plugin_id: str) -> dict[str, Any]:
    """Enable or disable an integration, for the workspace or one notebook."""
    enabled = services().store.configs.set_enabled(plugin_id, scope_of(scope), body["enabled"])
    return {"plugin_id": plugin_id, "enabled": enabled}


@blueprint.route("/integrations/<string:plugin_id>/config", methods=["GET"])
@blueprint.arguments(ScopeSchema, location="query")
@blueprint.response(200, ConfigSchema)
def get_config(scope: dict[str, Any], plugin_id: str) -> ConfigView:
    """Show the effective settings."""
    return services().store.configs.get_config(plugin_id, scope_of(scope))


@blueprint.route("/integrations/<string:plugin_id>/config", methods=["PUT"])
@blueprint.arguments(ScopeSchema, location="query")
@blueprint.arguments(ConfigUpdateSchema)
@blueprint.response(200, ConfigSchema)
def replace_config(scope: dict[str, Any], body: dict[str, Any], plugin_id: str) -> ConfigView:
    """Replace the settings; secrets that are left out are kept."""
    check_plugin_id(plugin_id, body)
    return services().store.configs.replace_config(plugin_id, scope_of(scope), body["config"])


@blueprint.route("/integrations/<string:plugin_id>/secrets/<string:key>", methods=["GET"])
@blueprint.arguments(ScopeSchema, location="query")
@blueprint.response(200, SecretSchema)
def get_secret(scope: dict[str, Any], plugin_id: str, key: str) -> SecretView:
    """Show whether a secret is set and usable; never its value."""
    return services().store.configs.get_secret(plugin_id, scope_of(scope), key)


@blueprint.route("/integrations/<string:plugin_id>/secrets/<string:key>", methods=["PUT"])
@blueprint.arguments(ScopeSchema, location="query")
@blueprint.arguments(SecretValueSchema)
@blueprint.response(200, SecretSchema)
def enter_secret(scope: dict[str, Any], body: dict[str, Any], plugin_id: str, key: str) -> SecretView:
    """Store a secret, bound to the integration's current destinations."""
    return services().store.configs.enter_secret(plugin_id, scope_of(scope), key, body["value"])


@blueprint.route("/integrations/<string:plugin_id>/secrets/<string:key>", methods=["DELETE"])
@blueprint.arguments(ScopeSchema, location="query")
@blueprint.response(204)
def forget_secret(scope: dict[str, Any], plugin_id: str, key: str) -> Response:
    """Delete a secret."""
    services().store.configs.enter_secret(plugin_id, scope_of(scope), key, None)
    return Response(status=204)


@blueprint.route("/integrations/<string:plugin_id>/review", methods=["POST"])
@blueprint.arguments(ScopeSchema, location="query")
@blueprint.arguments(ReviewDecisionSchema)
@blueprint.response(200, ReviewStateSchema)
def decide_review(scope: dict[str, Any], body: dict[str, Any], plugin_id: str) -> dict[str, Any]:
    """Accept the current destinations of locked secrets, or leave the secrets locked.

    Only a user can accept: in a signed-in browser, from a page of this server; the page /review/{plugin_id} shows the
    change. Otherwise the answer is a 403, `person_needed`, that names the page.
    """
    if body["accept"]:
        require_user_session(review_page(plugin_id, scope))
    return {"plugin_id": plugin_id, "review": carry_out_decision(plugin_id, scope_of(scope), body)}


def carry_out_decision(plugin_id: str, scope: Scope, decision: dict[str, Any]) -> dict[str, Any] | None:
    """Carries out a user's decision, and returns the review that is still due. Raises NotFound, Conflict."""
    return services().store.reviews.decide(plugin_id, scope, accept=decision["accept"], seen=_seen(decision))


def _seen(decision: dict[str, Any]) -> list[Destination] | None:
    """The destinations that the user saw; None if the decision contains none."""
    if "new" not in decision:
        return None
    return [found for item in decision["new"] if (found := read_destination(item)) is not None]
