"""What only a person may do: in a signed-in browser, on a page of this server."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from flask import request

from errors import PersonNeeded
from web.gate.callers import calling_session, gate
from web.gate.gate import REVIEW_PREFIX, origin_addressed
from web.gate.sessions import Session

FORM_PURPOSE = b"patchbay form"


def review_page(plugin_id: str, query: Mapping[str, Any]) -> str:
    """The path of the page on which a person decides on a plugin's review in the scope that `query` names."""
    ids = {name: query[name] for name in ("workspace_id", "notebook_id") if query.get(name) is not None}
    return REVIEW_PREFIX + quote(plugin_id, safe="") + (f"?{urlencode(ids)}" if ids else "")


def require_person(page: str) -> Session:
    """The session of the person who asks.

    Raises PersonNeeded for a request with the token, or one that no page of this server sends: a frontend may hold
    the token and an allowed origin, and neither makes it the person whose secrets these are.
    """
    session = calling_session()
    if session is None or not is_own_page(request.environ):
        raise PersonNeeded(
            f"Only a person can accept that: open {page} of this server in a signed-in browser.", page=page
        )
    return session


def is_own_page(environ: Mapping[str, Any]) -> bool:
    """Whether a page of this very server sends a request; one of an allowed origin is not."""
    fetch_site = environ.get("HTTP_SEC_FETCH_SITE")
    if fetch_site is not None:
        return fetch_site == "same-origin"
    # Over plain HTTP beyond loopback browsers send Origin only.
    origin = environ.get("HTTP_ORIGIN")
    return origin is not None and origin in {origin_addressed(environ), gate().public_origin}


def form_token(session: Session) -> str:
    """What a form of ours carries, so that a form of another page, or of another session, is known."""
    return hmac.new(session.digest.encode(), FORM_PURPOSE, hashlib.sha256).hexdigest()


def is_own_form(session: Session, given: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), form_token(session).encode())
