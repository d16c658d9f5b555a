"""The routes of named tokens: list, make, change, revoke, and what the calling one may do."""

from __future__ import annotations

from typing import Any

from flask import Response

from errors import InsufficientScope, NotFound
from plugin_store.access_models import AccessToken
from schemas.api.tokens import (
    CurrentTokenSchema,
    IssuedTokenSchema,
    NewTokenSchema,
    TokenChangeSchema,
    TokenSchema,
)
from web.api.admission import require_still_admitted
from web.api.blueprint import Blueprint
from web.api.context import services
from web.gate.access_tokens import Grant, TokenTerms, columns_of, permission_of, terms_of
from web.gate.callers import calling_grant, calling_party, calling_permission, gate
from web.gate.permissions import Permission
from web.gate.token_terms import complete_terms

blueprint = Blueprint("tokens", __name__, description="Tokens beside the owner's, each for what it needs")

NO_STORE = {"Cache-Control": "no-store"}


@blueprint.route("/tokens/current", methods=["GET"])
@blueprint.response(200, CurrentTokenSchema)
def show_current_token() -> dict[str, Any]:
    """Show who the caller is, and what it may do: for a frontend's own display."""
    party, grant = calling_party(), calling_grant()
    terms = TokenTerms(
        name="",
        permission=calling_permission(),
        origins=grant.origins if grant is not None else frozenset(),
        expires_at=grant.expires_at if grant is not None else None,
    )
    return columns_of(terms) | (party.dump() if party is not None else {})


@blueprint.route("/tokens", methods=["GET"])
@blueprint.response(200, TokenSchema(many=True))
def list_tokens() -> list[dict[str, Any]]:
    """List the named tokens, expired ones too; never their values. A limited token sees those that it could make."""
    return [dump_token(row) for row in gate().tokens.list() if _is_shown(row)]


@blueprint.route("/tokens", methods=["POST"])
@blueprint.arguments(NewTokenSchema)
@blueprint.response(201, IssuedTokenSchema)
def make_token(body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Make a token. The answer has its value, which is never shown again."""
    party = calling_party()
    terms = complete_terms(services().database, _terms(body))
    require_covered(terms)
    row, value = gate().tokens.issue(terms, party.dump() if party is not None else {}, require_still_admitted)
    return {**dump_token(row), "token": value}, 201, NO_STORE


@blueprint.route("/tokens/<int64:token_id>", methods=["GET"])
@blueprint.response(200, TokenSchema)
def show_token(token_id: int) -> dict[str, Any]:
    """Show a token, without its value."""
    row = gate().tokens.get(token_id)
    if not _is_shown(row):
        raise NotFound(f"There is no token {token_id}.")
    return dump_token(row)


@blueprint.route("/tokens/<int64:token_id>", methods=["PATCH"])
@blueprint.arguments(TokenChangeSchema)
@blueprint.response(200, TokenSchema)
def change_token(body: dict[str, Any], token_id: int) -> dict[str, Any]:
    """Change what a token may do; members missing in the body stay unchanged. It takes effect at once."""

    def changed(row: AccessToken) -> TokenTerms:
        require_still_admitted()
        require_covered(terms_of(row))
        terms = terms_of(row, **values_of(body))
        # What is not changed may name a workspace that was deleted meanwhile.
        terms = (
            complete_terms(services().database, terms) if {"workspaces", "notebooks"} & body.keys() else terms
        )
        require_covered(terms)
        return terms

    return dump_token(gate().tokens.change(token_id, changed))


@blueprint.route("/tokens/<int64:token_id>", methods=["DELETE"])
@blueprint.response(204)
def revoke_token(token_id: int) -> Response:
    """Revoke a token, at once. What it declared stays, and belongs to the owner then."""
    gate().tokens.revoke(token_id, lambda row: require_covered(terms_of(row)))
    return Response(status=204)


def _is_shown(row: AccessToken) -> bool:
    """Whether the caller may know of a token: what it may reach tells what else exists."""
    permission = calling_permission()
    return not permission.is_limited or permission.covers(permission_of(row))


def require_covered(terms: TokenTerms) -> None:
    """Raises InsufficientScope for terms that allow more than the caller's own token does."""
    grant = calling_grant()
    if calling_permission().is_owner:
        return
    if grant is None or not (calling_permission().covers(terms.permission) and _lasts(grant, terms)):
        raise InsufficientScope("A token can only manage tokens that allow nothing more than it does itself.")


def _lasts(grant: Grant, terms: TokenTerms) -> bool:
    """Whether the terms end with the caller's token at the latest, and are for no other pages."""
    ends_in_time = grant.expires_at is None or (
        terms.expires_at is not None and terms.expires_at <= grant.expires_at
    )
    return ends_in_time and terms.origins <= grant.origins


def values_of(body: dict[str, Any]) -> dict[str, Any]:
    """The members of a body as parts of the terms of a token."""
    values = {name: frozenset(value) if isinstance(value, list) else value for name, value in body.items()}
    if (expires_at := body.get("expires_at")) is not None:
        values["expires_at"] = expires_at.timestamp()
    return values


def _terms(body: dict[str, Any]) -> TokenTerms:
    values = values_of(body)
    permission = Permission(
        values["scopes"], values.get("workspaces"), values.get("notebooks"), values.get("integrations")
    )
    return TokenTerms(
        values["name"], permission, values.get("origins", frozenset()), values.get("expires_at")
    )


def dump_token(row: AccessToken) -> dict[str, Any]:
    """A token as it is shown: never its value."""
    is_expired = row.expires_at is not None and services().clock() >= row.expires_at
    return columns_of(TokenTerms(row.name, permission_of(row), frozenset(row.origins), row.expires_at)) | {
        "id": row.id,
        "created_at": row.created_at,
        "last_used_at": row.last_used_at,
        "created_by": row.created_by,
        "expired": is_expired,
    }
