"""Operations that only a user may perform: in a signed-in browser, on a page of this server."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from flask import request

from errors import PersonNeeded
from web.gate.callers import calling_session, gate
from web.gate.gate import REVIEW_PREFIX
from web.gate.hosts import origin_addressed
from web.gate.mount import mounted
from web.gate.sessions import Session

FORM_PURPOSE = b"patchbay form"


def review_page(plugin_id: str, query: Mapping[str, Any]) -> str:
    """The path of the page on which a user reviews a plugin in the scope that `query` names."""
    ids = {name: query[name] for name in ("workspace_id", "notebook_id") if query.get(name) is not None}
    return mounted(REVIEW_PREFIX + quote(plugin_id, safe="")) + (f"?{urlencode(ids)}" if ids else "")


def require_user_session(page: str) -> Session:
    """The session of the user who asks.

    Raises PersonNeeded for a request with the token, or from a page of another server. A frontend may hold the token
    and have an allowed origin, but that does not make it the owner of the secrets.
    """
    session = calling_session()
    if session is None or not is_own_page(request.environ):
        raise PersonNeeded(
            f"Only a user can accept this change: open {page} of this server in a signed-in browser.",
            page=page,
        )
    return session


def is_own_page(environ: Mapping[str, Any]) -> bool:
    """Whether a page of this server sends the request. A page of an allowed origin does not count."""
    fetch_site = environ.get("HTTP_SEC_FETCH_SITE")
    if fetch_site is not None:
        return fetch_site == "same-origin"
    # Over plain HTTP to other machines, browsers send Origin only.
    origin = environ.get("HTTP_ORIGIN")
    return origin is not None and origin in {origin_addressed(environ), gate().public_origin}


def form_token(session: Session) -> str:
    """The CSRF token of our forms. It differs for each session, and pages of other origins do not know it."""
    return hmac.new(session.digest.encode(), FORM_PURPOSE, hashlib.sha256).hexdigest()


def is_own_form(session: Session, given: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), form_token(session).encode())
