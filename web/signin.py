"""Signing a browser in by the printed link or by a form, and out again."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, current_app, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from web.gate import SIGNIN_PATH, Gate
from web.json import parse_json
from web.strangers import wrong_token

FIRST_PAGE = "/notebook"
YEAR_SECONDS = 365 * 86400
MAX_NEXT_LENGTH = 2000

# Marks the second look at the same request, so that there is no third.
AGAIN = "again"

blueprint = Blueprint("signin", __name__)


class Arrival(NamedTuple):
    """How a browser came to the sign-in page without being signed in, as far as its request tells."""

    fetch_site: str | None
    is_second_look: bool
    has_cookie: bool

    @property
    def may_hide_a_sign_in(self) -> bool:
        """Whether the browser may hold a cookie that it did not show.

        It shows a strict one to no request that another site began, redirects of ours included, and always to one
        that a page of ours began. Without `Sec-Fetch-Site`, as over plain http to another machine, nobody can tell.
        """
        is_from_elsewhere = self.fetch_site not in {"same-origin", "none"}
        return is_from_elsewhere and not self.is_second_look and not self.has_cookie


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
        return _show_way_on(next_path)
    if not _gate().knows_token(request.args["token"]):
        return _page(next_path, wrong=True)
    return _sign_in(redirect(next_path, 303))


def _show_way_on(next_path: str) -> BaseResponse:
    """The form; for a signed-in browser on its way to `next` the way there, if need be by a page of ours."""
    if "next" in request.args and _gate().admits(None, request.cookies):
        return _uncached(redirect(next_path, 303))
    came_by = Arrival(
        fetch_site=request.headers.get("Sec-Fetch-Site"),
        is_second_look=AGAIN in request.args,
        has_cookie=_gate().cookie_name in request.cookies,
    )
    if "next" in request.args and came_by.may_hide_a_sign_in:
        address = f"{SIGNIN_PATH}?{urlencode({'next': next_path, AGAIN: 1})}"
        return _uncached(Response(render_template("going-on.html", address=address)))
    return _page(next_path)


@blueprint.post(SIGNIN_PATH)
def submit_signin() -> BaseResponse:
    """A signed-in browser: the form leads on to `next`, JSON answers `{success: true}`."""
    if request.is_json:
        body = parse_json(request.get_data())
        token = body.get("token") if isinstance(body, dict) else None
        if not isinstance(token, str) or not _gate().knows_token(token):
            raise wrong_token()
        return _sign_in(jsonify(success=True))
    next_path = safe_next(request.form.get("next"))
    if not _gate().knows_token(request.form.get("token", "").strip()):
        return _page(next_path, wrong=True)
    return _sign_in(redirect(next_path, 303))


@blueprint.post("/signout")
def sign_out() -> BaseResponse:
    """A browser without its cookie, back on the sign-in page."""
    response = redirect(SIGNIN_PATH, 303)
    response.delete_cookie(_gate().cookie_name, httponly=True, samesite="Strict")
    return response


def _page(next_path: str, *, wrong: bool = False) -> BaseResponse:
    signed_in = _gate().admits(None, request.cookies)
    html = render_template("signin.html", next_path=next_path, wrong=wrong, signed_in=signed_in)
    return _uncached(Response(html, 401 if wrong else 200))


def _uncached(response: BaseResponse) -> BaseResponse:
    response.headers["Cache-Control"] = "no-store"
    return response


def _sign_in(response: BaseResponse) -> BaseResponse:
    gate = _gate()
    response.set_cookie(
        gate.cookie_name,
        gate.cookie,
        max_age=YEAR_SECONDS,
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
    )
    response.headers["Cache-Control"] = "no-store"
    # The address asked for held the token.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _gate() -> Gate:
    return current_app.extensions["patchbay_gate"]
