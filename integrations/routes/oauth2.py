"""The routes for signing in at a provider: connect, callback, status, disconnect."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlencode

import flask
from flask import Response, render_template, request
from flask.views import MethodView

from errors import PatchbayError, SettingsIncomplete
from integrations.tokens.callback_address import BrowserRequest, callback_address
from integrations.tokens.sign_ins import AuthorizationResponse, SignInRefused
from schemas.api.oauth2 import AuthorizationSchema, ConnectionSchema, ConnectionScopeSchema
from web.api.blueprint import Blueprint
from web.api.context import services
from web.api.scopes import scope_of
from web.gate.gate import OAUTH_CALLBACK_PATH
from web.gate.hosts import origin_addressed
from web.gate.mount import mount_prefix, mounted
from web.pages.signin import FIRST_PAGE

log = logging.getLogger("patchbay.events")

blueprint = Blueprint("oauth2", __name__, description="Signing in at providers.")
callback_blueprint = flask.Blueprint("oauth2-callback", __name__)


@blueprint.route("/integrations/<string:plugin_id>/oauth2")
class OAuth2Connection(MethodView):
    @blueprint.arguments(ConnectionScopeSchema, location="query")
    @blueprint.response(200, ConnectionSchema)
    def get(self, query: dict[str, Any], plugin_id: str) -> dict[str, Any]:
        """Whether the workspace is signed in at the provider, since when and with which scopes. Never shows a token."""
        connection = services().tokens.sign_ins.status(_workspace_id(query), plugin_id)
        redirect_uri, obstacle = _look_at_redirect_uri()
        return {
            "connected": connection.connected,
            "status": connection.status,
            "scopes": connection.scopes,
            "connected_at": connection.connected_at,
            "expires_at": connection.expires_at,
            "redirect_uri": redirect_uri,
            "obstacle": obstacle,
        }

    @blueprint.arguments(ConnectionScopeSchema, location="query")
    @blueprint.response(204)
    def delete(self, query: dict[str, Any], plugin_id: str) -> Response:
        """Disconnect: delete the account's grant and its tokens."""
        services().tokens.sign_ins.end(_workspace_id(query), plugin_id)
        return Response(status=204)


@blueprint.route("/integrations/<string:plugin_id>/oauth2/connect", methods=["POST"])
@blueprint.arguments(ConnectionScopeSchema, location="query")
@blueprint.response(200, AuthorizationSchema)
def connect(query: dict[str, Any], plugin_id: str) -> dict[str, Any]:
    """The URL at the provider where a user signs in. The provider sends the browser back to Patchbay afterwards.

    409 if the provider would be given an http URL while the page uses https: PATCHBAY_PUBLIC_URL must be set.
    """
    redirect_uri = _redirect_uri()
    url = services().tokens.sign_ins.start(_workspace_id(query), plugin_id, redirect_uri)
    return {"authorization_url": url, "redirect_uri": redirect_uri}


@callback_blueprint.get(OAUTH_CALLBACK_PATH)
def come_back() -> tuple[str, int, dict[str, str]]:
    """The page that a provider sends the browser to. No cookie comes along; the state authorizes the request."""
    try:
        installed = services().tokens.sign_ins.finish(_returned())
    except PatchbayError as error:
        said = error.said if isinstance(error, SignInRefused) else None
        log.info("A sign-in at a provider failed: %s", error.code)
        return _page(error.status, name=None, detail=error.detail, said=said, next_path=mounted(FIRST_PAGE))
    log.info("%s: account connected", installed.plugin_id)
    shown = urlencode({"workspace_id": installed.scope.workspace_id, "settings": installed.plugin_id})
    next_path = f"{mounted(FIRST_PAGE)}?{shown}"
    return _page(200, name=installed.plugin_state.name, detail=None, said=None, next_path=next_path)


def _returned() -> AuthorizationResponse:
    given = request.args
    if any(len(given.getlist(name)) > 1 for name in ("state", "code", "error", "iss")):
        # RFC 6749 section 3.1: no parameter may be repeated.
        raise SettingsIncomplete("The provider's answer cannot be read. Start the sign-in again.")
    return AuthorizationResponse(
        state=given.get("state", ""),
        code=given.get("code"),
        error=given.get("error"),
        error_description=given.get("error_description"),
        issuer=given.get("iss"),
    )


def _page(status: int, **shown: str | None) -> tuple[str, int, dict[str, str]]:
    # The URL contains a code: it must not be cached or sent to the next page.
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return render_template("oauth2.html", **shown), status, headers


def _workspace_id(query: dict[str, Any]) -> int:
    return scope_of({"workspace_id": query.get("workspace_id")}).workspace_id


def _redirect_uri() -> str:
    approach = BrowserRequest(
        own_origin=origin_addressed(request.environ),
        prefix=mount_prefix(),
        origin=request.headers.get("Origin"),
        referer=request.headers.get("Referer"),
        fetch_site=request.headers.get("Sec-Fetch-Site"),
        forwarded_proto=request.headers.get("X-Forwarded-Proto"),
    )
    return callback_address(services().settings.public_url, approach)


def _look_at_redirect_uri() -> tuple[str | None, str | None]:
    """The redirect URI, or the reason why there is none."""
    try:
        return _redirect_uri(), None
    except SettingsIncomplete as error:
        return None, error.detail
