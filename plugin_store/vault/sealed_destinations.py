"""Stored destinations: records, and the texts that versions before 2 sealed. Pure.

Such a text is `placement:name@origin`, with `@unresolved:template` for an unknown origin. A text whose name contains
one of the separators is ambiguous and read as no destination: its secret is locked until a user reviews it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from plugin_store.vault.destinations import Destination, read_destination, sort_destinations

_TEXT = re.compile(r"([^@]+)@(?:(https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\]):\d{1,5})|unresolved:([^@]+))")
_PLACE = re.compile(r"(?:(oauth2|login):)?([a-z0-9_]+)(?::([^:@]+))?(?::(user))?")
_REQUESTS = {"oauth2": "token", "login": "login"}
_WHOLE = frozenset({"path", "base_url", "url", "tls", "body"})

Place = tuple[str, str | None]
"""Placement and name."""


def destinations_of(stored: Iterable[Any]) -> tuple[Destination, ...]:
    """The destinations of a stored list. Ambiguous ones are left out."""
    found: list[Destination] = []
    for item in stored:
        if isinstance(item, str):
            found += _read_text(item)
        elif isinstance(item, dict) and (destination := read_destination(item)) is not None:
            found.append(destination)
    return tuple(sort_destinations(found))


def _read_text(text: str) -> Iterator[Destination]:
    whole = _TEXT.fullmatch(text)
    place = _PLACE.fullmatch(whole[1]) if whole else None
    if whole is None or place is None:
        return
    stage, kind, name, half = place.groups()
    request = _REQUESTS.get(stage or "", "call")
    if stage is None and kind in ("oauth2", "login"):
        # `oauth2:client_id`: the pattern matched the stage as the placement.
        request, kind, name = _REQUESTS[kind], name or "", None
    places = _token_places(kind) if request == "token" and name is None else _places(kind, name, half)
    # A client certificate was sent with every kind of request: an endpoint's call, a token request, a login.
    requests = ("call", "token", "login") if kind == "tls" else (request,)
    for request in requests:
        for placement, where in places:
            is_either_half = request == "login" and placement in ("basic", "digest")
            yield Destination(request, placement, None if is_either_half else where, whole[2], whole[3])


def _places(kind: str, name: str | None, half: str | None) -> list[Place]:
    """The places that an older placement meant. It did not distinguish places in paths and bodies."""
    if kind in ("basic", "digest") and name == "Authorization":
        return [(kind, "username" if half else "password")]
    if half is not None:
        return []
    if kind in _WHOLE and name is None:
        placement = "path" if kind in ("base_url", "url") else kind
        return [(placement, None), *([("body_text", None)] if kind == "body" else [])]
    if name is None:
        return []
    if kind == "body":
        return [(kind, path) for path in _member_paths(name)]
    known: dict[str, list[Place]] = {
        "header": [("header", name.lower())],
        "query": [("query", name)],
        "cookie": [("cookie", name)],
        "signature": [("signature", name)],
    }
    return known.get(kind, [])


def _member_paths(name: str) -> list[str]:
    """The paths at which a member of this name was put: its name, its dotted path, or within a protocol's member."""
    if not re.fullmatch(r"[\w.$-]+", name):
        return []
    dotted = "$" + "".join(f"['{part}']" for part in name.split("."))
    return [dotted, f"$['{name}']", f"$['variables']['{name}']", f"$['params']['{name}']"]


def _token_places(kind: str) -> list[Place]:
    known: dict[str, list[Place]] = {
        "url": [("path", None)],
        "client_id": [("basic", "username"), ("body", "$['client_id']")],
        "client_secret_basic": [("basic", "password")],
        "client_secret_post": [("body", "$['client_secret']")],
        "grant": [("body", f"$['{name}']") for name in ("refresh_token", "code", "code_verifier")],
    }
    return known.get(kind) or [("body", f"$['{kind}']")]
