"""Signing a browser in by the printed link or by a form, and out again."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from errors import ForeignOrigin, NotFound, TooManySignIns, Unauthorized
from web.gate import SIGNIN_PATH, Gate
from web.json import parse_json
from web.problems import retry_after_seconds

FIRST_PAGE = "/notebook"
MAX_NEXT_LENGTH = 2000
# Sec-Fetch-Mode and Sec-Fetch-Dest of a browser that opens a page of its own.
NAVIGATIONS = frozenset({("navigate", "document"), ("navigate", None)})

blueprint = Blueprint("signin", __name__)


def safe_next(path: str | None) -> str:
    """Where to go after signing in: a path on our own origin, else the first page.

    Browsers read `//host`, `/\\host` and a slash, a tab, a slash as another host.
    """
    if not path or len(path) > MAX_NEXT_LENGTH or not path.startswith("/") or path.startswith("//"):
        return FIRST_PAGE
    if "\\" in path or not path.isprintable() or any(part for part in urlsplit(path)[:2]):
        return FIRST_PAGE
    return path


@blueprint.get(SIGNIN_PATH)
def show_signin() -> BaseResponse:
    """The sign-in page; with a right `token`, a signed-in browser on its way to `next`."""
    next_path = safe_next(request.args.get("next"))
    if "token" not in request.args:
        return _page(next_path)
    _refuse_embedded()
    return _try_on_page(request.args["token"], next_path)


@blueprint.post(SIGNIN_PATH)
def submit_signin() -> BaseResponse:
    """A signed-in browser: the form leads on to `next`, JSON answers `{success: true}`."""
    if not request.is_json:
        return _try_on_page(request.form.get("token", "").strip(), safe_next(request.form.get("next")))
    body = parse_json(request.get_data())
    token = body.get("token") if isinstance(body, dict) else None
    if not _is_right(token if isinstance(token, str) else ""):
        raise Unauthorized("That is not the token of this server.")
    return _sign_in(jsonify(success=True))


@blueprint.post("/signout")
def sign_out() -> BaseResponse:
    """A browser without its cookie, whose session has ended, back on the sign-in page."""
    gate, response = _gate(), redirect(SIGNIN_PATH, 303)
    _end_session(gate)
    response.delete_cookie(gate.cookie_name, secure=gate.is_https, httponly=True, samesite="Strict")
    return response


def _try_on_page(token: str, next_path: str) -> BaseResponse:
    try:
        if not _is_right(token):
            return _page(next_path, 401)
    except TooManySignIns as error:
        return _page(next_path, 429, retry_after_seconds(error))
    return _sign_in(redirect(next_path, 303))


def _is_right(token: str) -> bool:
    """Whether that is the token. Raises TooManySignIns where too many were wrong, whatever this one is."""
    gate, address = _gate(), request.remote_addr or ""
    gate.attempts.begin(address)
    is_right = gate.knows_token(token)
    gate.attempts.end(address, is_right=is_right)
    return is_right


def _refuse_embedded() -> None:
    """Raises ForeignOrigin for a link that another page does not lead to, but loads as an image or in a frame.

    Else such a page could use up the attempts of who sits at this machine.
    """
    is_page = (request.headers.get("Sec-Fetch-Mode"), request.headers.get("Sec-Fetch-Dest")) in NAVIGATIONS
    if not is_page and not _gate().comes_from_us(request.environ):
        raise ForeignOrigin("Only a page of its own may be signed in by a link.")


def _page(next_path: str, status: int = 200, wait_seconds: int | None = None) -> BaseResponse:
    signed_in = _gate().admit(None, request.headers.get("Cookie")) is not None
    html = render_template(
        "signin.html", next_path=next_path, status=status, wait_seconds=wait_seconds, signed_in=signed_in
    )
    response = Response(html, status, {"Cache-Control": "no-store"})
    if wait_seconds is not None:
        response.headers["Retry-After"] = str(wait_seconds)
    return response


def _sign_in(response: BaseResponse) -> BaseResponse:
    gate = _gate()
    _end_session(gate)
    response.set_cookie(
        gate.cookie_name,
        gate.sessions.begin(request.headers.get("User-Agent")),
        max_age=gate.sessions.lifetime_seconds,
        secure=gate.is_https,
        httponly=True,
        samesite="Strict",
    )
    response.headers["Cache-Control"] = "no-store"
    # The address asked for held the token.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _end_session(gate: Gate) -> None:
    """Ends the session that the browser has, so that none is left behind which nobody can use."""
    caller = gate.admit(None, request.headers.get("Cookie"))
    if caller is not None and caller.session is not None:
        with suppress(NotFound):
            gate.sessions.end(caller.session.id)


def _gate() -> Gate:
    return current_app.extensions["patchbay_gate"]
