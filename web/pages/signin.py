"""Signs a browser in by the printed link or by a form, and out again."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, current_app, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from errors import ForeignOrigin, NotFound, TooManySignIns
from installation import command_line
from web.api.audit_trail import note_failed_sign_in
from web.api.json import parse_json
from web.api.problems import retry_after_seconds
from web.gate.gate import SIGNIN_PATH, Gate
from web.gate.mount import mount_prefix, mounted
from web.gate.sessions import Session
from web.gate.unauthenticated import wrong_token

FIRST_PAGE = "/notebook"
MAX_NEXT_LENGTH = 2000
# Sec-Fetch-Mode and Sec-Fetch-Dest of a browser that opens a page as a top-level navigation.
NAVIGATIONS = frozenset({("navigate", "document"), ("navigate", None)})

# Marks the second attempt of the same request, so that there is no third.
AGAIN = "again"

blueprint = Blueprint("signin", __name__)


class Arrival(NamedTuple):
    """How a browser without a session came to the sign-in page, as far as its request shows."""

    fetch_site: str | None
    is_second_look: bool
    has_cookie: bool

    @property
    def may_have_unsent_cookie(self) -> bool:
        """Whether the browser may have a session cookie that it did not send.

        It never sends a SameSite=Strict cookie with a request that another site started, including our redirects of it,
        and always with one that our own page started. Without `Sec-Fetch-Site`, as over plain http to another machine,
        this is unknown.
        """
        is_from_elsewhere = self.fetch_site not in {"same-origin", "none"}
        return is_from_elsewhere and not self.is_second_look and not self.has_cookie


def safe_next(path: str | None, prefix: str = "") -> str:
    """The redirect target after signing in: a path of this server, below `prefix`; else the first page."""
    below = path if path and _is_safe(path) else FIRST_PAGE
    return below if below == prefix or below.startswith(f"{prefix}/") else prefix + below


def _is_safe(path: str) -> bool:
    """Whether a browser reads it as a path on our own origin that does not leave the prefix.

    Browsers read `//host`, `/\\host` and a slash, a tab, a slash as another host, and `%2e` as a dot.
    """
    if len(path) > MAX_NEXT_LENGTH or not path.startswith("/") or path.startswith("//"):
        return False
    if "\\" in path or not path.isprintable() or any(part for part in urlsplit(path)[:2]):
        return False
    segments = urlsplit(path).path.lower().replace("%2e", ".").split("/")
    return not {".", ".."} & set(segments)


@blueprint.get(SIGNIN_PATH)
def show_signin() -> BaseResponse:
    """The sign-in page. With the right `token`, signs the browser in and redirects to `next`."""
    next_path = _next_path(request.args)
    if "token" not in request.args:
        return _show_way_on(next_path)
    _refuse_embedded()
    return _try_on_page(request.args["token"], next_path)


def _show_way_on(next_path: str) -> BaseResponse:
    """The form; for a signed-in browser a redirect to `next`, if necessary through one of our pages."""
    if "next" in request.args and _is_signed_in():
        return _uncached(redirect(next_path, 303))
    came_by = Arrival(
        fetch_site=request.headers.get("Sec-Fetch-Site"),
        is_second_look=AGAIN in request.args,
        has_cookie=_gate().cookie_name in request.cookies,
    )
    if "next" in request.args and came_by.may_have_unsent_cookie:
        address = f"{mounted(SIGNIN_PATH)}?{urlencode({'next': next_path, AGAIN: 1})}"
        return _uncached(Response(render_template("going-on.html", address=address)))
    return _page(next_path)


@blueprint.post(SIGNIN_PATH)
def submit_signin() -> BaseResponse:
    """Signs the browser in. The form redirects to `next`, JSON answers `{success: true}`."""
    if not request.is_json:
        return _try_on_page(request.form.get("token", "").strip(), _next_path(request.form))
    body = parse_json(request.get_data())
    token = body.get("token") if isinstance(body, dict) else None
    if not _is_right(token if isinstance(token, str) else ""):
        raise wrong_token()
    return _sign_in(jsonify(success=True))


@blueprint.post("/signout")
def sign_out() -> BaseResponse:
    """Ends the session, deletes the cookie, and redirects to the sign-in page."""
    gate, response = _gate(), redirect(mounted(SIGNIN_PATH), 303)
    _end_session(gate)
    response.delete_cookie(gate.cookie_name, **_cookie_attributes(gate))
    return response


def _try_on_page(token: str, next_path: str) -> BaseResponse:
    try:
        if not _is_right(token):
            return _page(next_path, 401)
    except TooManySignIns as error:
        return _page(next_path, 429, retry_after_seconds(error))
    return _sign_in(redirect(next_path, 303))


def _is_right(token: str) -> bool:
    """Whether the token is right. Raises TooManySignIns after too many wrong ones, whatever this one is."""
    gate, address = _gate(), request.remote_addr or ""
    gate.attempts.begin(address)
    is_right = gate.knows_token(token)
    gate.attempts.end(address, is_right=is_right)
    if not is_right:
        note_failed_sign_in()
    return is_right


def _refuse_embedded() -> None:
    """Raises ForeignOrigin for a link that another page loads as an image or in a frame, instead of linking to it.

    Otherwise such a page could use up the attempts of the user at this machine.
    """
    is_page = (request.headers.get("Sec-Fetch-Mode"), request.headers.get("Sec-Fetch-Dest")) in NAVIGATIONS
    if not is_page and not _gate().is_trusted_origin(request.environ):
        raise ForeignOrigin("A link may only sign in a page of its own.")


def _page(next_path: str, status: int = 200, wait_seconds: int | None = None) -> BaseResponse:
    html = render_template(
        "signin.html",
        next_path=next_path,
        status=status,
        wait_seconds=wait_seconds,
        signed_in=_is_signed_in(),
        show_token_command=command_line("token show"),
    )
    response = _uncached(Response(html, status))
    if wait_seconds is not None:
        response.headers["Retry-After"] = str(wait_seconds)
    return response


def _is_signed_in() -> bool:
    return _gate().admit(None, request.headers.get("Cookie")) is not None


def _uncached(response: BaseResponse) -> BaseResponse:
    response.headers["Cache-Control"] = "no-store"
    return response


def _sign_in(response: BaseResponse) -> BaseResponse:
    gate = _gate()
    cookie = gate.sessions.begin(request.headers.get("User-Agent"))
    _end_session(gate)
    response.set_cookie(
        gate.cookie_name,
        cookie,
        max_age=gate.sessions.lifetime_seconds,
        **_cookie_attributes(gate),
    )
    response.headers["Cache-Control"] = "no-store"
    # The requested URL contained the token.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _cookie_attributes(gate: Gate) -> dict[str, Any]:
    """Other applications of the same host do not get the cookie, where a prefix tells this one apart."""
    return {
        "path": mount_prefix() or "/",
        "secure": gate.is_https or request.is_secure,
        "httponly": True,
        "samesite": "Strict",
    }


def _next_path(given: Mapping[str, str]) -> str:
    return safe_next(given.get("next"), mount_prefix())


def _end_session(gate: Gate) -> None:
    """Ends the browser's existing session, so that no unused session is left."""
    caller = gate.admit(None, request.headers.get("Cookie"))
    if isinstance(caller, Session):
        with suppress(NotFound):
            gate.sessions.end(caller.id)


def _gate() -> Gate:
    return current_app.extensions["patchbay_gate"]
