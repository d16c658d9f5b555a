"""The routes by which a frontend asks for a token, and a user answers."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from marshmallow import ValidationError

from errors import ForeignOrigin, PersonNeeded
from plugin_store.access_models import ConnectRequest
from schemas.api.connect import (
    AcceptSchema,
    ConnectRequestSchema,
    ConnectSchema,
    DeviceCodeSchema,
    PollSchema,
)
from schemas.api.tokens import IssuedTokenSchema
from schemas.api.tokens import check_origin as check_origin_text
from web.api.admission import require_still_admitted
from web.api.blueprint import Blueprint
from web.api.context import services
from web.gate.access_tokens import TokenTerms
from web.gate.callers import calling_party, calling_session, gate
from web.gate.connect_requests import LIFETIME_SECONDS, Wish
from web.gate.cross_origin import CONNECT_PATH, CONNECT_TOKEN_PATH
from web.gate.hosts import origin_addressed
from web.gate.mount import mounted
from web.gate.permissions import Permission
from web.gate.token_terms import complete_terms
from web.gate.user_session import is_own_page
from web.routes.tokens import NO_STORE, dump_token, values_of

API_PREFIX = "/api/v1"
PAGE = "/console/connect"

blueprint = Blueprint("connect", __name__, description="Frontends ask for a token, as devices do in RFC 8628")


@blueprint.route(CONNECT_PATH.removeprefix(API_PREFIX), methods=["POST"])
@blueprint.arguments(ConnectSchema)
@blueprint.response(200, DeviceCodeSchema)
def ask_for_token(asked: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Ask for a token, without one, from a page of any origin. The user compares the code and accepts it.

    The token will be for the origin of the page that asks; that of a program is for programs.
    """
    permission = Permission(
        frozenset(asked["scopes"]), _set(asked.get("workspaces")), None, _set(asked.get("integrations"))
    )
    wish = Wish(asked["name"], permission, _origin(), request.remote_addr or "")
    row, device_code = gate().connects.begin(wish)
    page = (gate().public_origin or origin_addressed(request.environ)) + mounted(PAGE)
    answer = {
        "device_code": device_code,
        "user_code": row.user_code,
        "verification_uri": page,
        "verification_uri_complete": f"{page}?user_code={row.user_code}",
        "expires_in": int(LIFETIME_SECONDS),
        "interval": row.interval_seconds,
    }
    return answer, 200, NO_STORE


@blueprint.route(CONNECT_TOKEN_PATH.removeprefix(API_PREFIX), methods=["POST"])
@blueprint.arguments(PollSchema)
@blueprint.response(200, IssuedTokenSchema)
def fetch_token(asked: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """The token, once, after the user accepted. Until then a 400, `authorization_pending`: ask again after `interval`.

    `slow_down`, `access_denied` and `expired_token` mean what RFC 8628 section 3.5 says.
    """
    row, value = gate().connects.poll(asked["device_code"], _origin())
    return {**dump_token(row), "token": value}, 200, NO_STORE


@blueprint.route("/connect/requests", methods=["GET"])
@blueprint.response(200, ConnectRequestSchema(many=True))
def list_requests() -> Any:
    """List the requests that wait for an answer, oldest first."""
    return gate().connects.list()


@blueprint.route("/connect/requests/<string:user_code>/accept", methods=["POST"])
@blueprint.arguments(AcceptSchema)
@blueprint.response(204)
def accept_request(allowed: dict[str, Any], user_code: str) -> Response:
    """Accept a request, or a part of what it asks for. The frontend then fetches its token."""
    _require_owner()
    row = gate().connects.get(user_code)
    terms = complete_terms(services().database, _narrowed(row, values_of(allowed)))
    gate().connects.accept(
        row.user_code, terms.permission, terms.expires_at, _party(), require_still_admitted
    )
    return Response(status=204)


@blueprint.route("/connect/requests/<string:user_code>/deny", methods=["POST"])
@blueprint.response(204)
def deny_request(user_code: str) -> Response:
    """Deny a request, also one that was accepted, as long as the frontend has not fetched its token."""
    _require_owner()
    gate().connects.deny(user_code, _party())
    return Response(status=204)


def _require_owner() -> None:
    """Raises PersonNeeded for a session that a page of another origin uses, an allowed one included."""
    if calling_session() is not None and not is_own_page(request.environ):
        raise PersonNeeded(f"Only a user can answer this request: open {PAGE} of this server.", page=PAGE)


def _narrowed(row: ConnectRequest, allowed: dict[str, Any]) -> TokenTerms:
    permission = Permission(
        allowed.get("scopes", frozenset(row.scopes)),
        allowed.get("workspaces", _set(row.workspaces)),
        allowed.get("notebooks"),
        allowed.get("integrations", _set(row.integrations)),
    )
    return TokenTerms(row.name, permission, frozenset(), allowed.get("expires_at"))


def _origin() -> str | None:
    """The origin of the page that asks; None for a program. Raises ForeignOrigin for one that no token can be for."""
    origin = request.headers.get("Origin")
    if origin is None and request.headers.get("Sec-Fetch-Site") in {None, "same-origin", "none"}:
        return None
    try:
        check_origin_text(origin or "")
    except ValidationError:
        raise ForeignOrigin("A token needs a page with an origin of its own, by https or http.") from None
    return origin


def _set(ids: list[Any] | None) -> frozenset[Any] | None:
    return None if ids is None else frozenset(ids)


def _party() -> dict[str, Any]:
    party = calling_party()
    return party.dump() if party is not None else {}
