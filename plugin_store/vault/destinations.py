"""Where a secret may be sent: the place in a request and the request's origin, compared field by field. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

REQUEST_KINDS = {"call": "", "token": "the token request's ", "login": "the login's "}
"""Which request it is: an endpoint's, one that asks an OAuth 2.0 server for a token, or one of a login."""

_PLACEMENTS = {
    "header": "header {name}",
    "query": "query parameter {name}",
    "query_name": "name of the query parameter {name}",
    "cookie": "cookie {name}",
    "basic": "basic authentication, {name}",
    "digest": "digest authentication, {name}",
    "signature": "signature by {name}",
    "tls": "TLS, {name}",
    "path": "path after {name}",
    "body": "body at {name}",
    "body_text": "body after {name}",
    "host": "host name",
    "link": "link to the next page",
    "unknown": "unknown place",
}


@dataclass(frozen=True, slots=True)
class Destination:
    """One place in one kind of request to one origin.

    `name` is the name of the header, parameter or cookie; in a JSON or form body the member's normalized path (RFC 9535
    section 2.7); in a path or a text body, the text before the secret. None matches any name, as older versions sealed
    it. `origin` is `scheme://host:port`. It is None while it depends on a setting without a value; `template` is the
    URL's template then.
    """

    request: str
    placement: str
    name: str | None
    origin: str | None
    template: str | None = None

    @property
    def text(self) -> str:
        """For display, never for comparison."""
        place = _PLACEMENTS.get(self.placement, self.placement)
        place = place.format(name="anything" if self.name is None else self.name or "the start")
        where = self.origin or f"an address not set yet ({self.template})"
        return f"{REQUEST_KINDS.get(self.request, '')}{place} to {where}"

    def as_row(self) -> dict[str, Any]:
        """The record as it is sealed and stored."""
        return {
            "request": self.request,
            "placement": self.placement,
            "name": self.name,
            "origin": self.origin,
            "template": self.template,
        }

    def as_shown(self) -> dict[str, Any]:
        """The record for the API, with its text."""
        return {**self.as_row(), "text": self.text}


def read_destination(value: Mapping[str, Any]) -> Destination | None:
    """The record in a JSON object; None if it is none. Unknown members are ignored."""
    fields = {name: value.get(name) for name in ("request", "placement", "name", "origin", "template")}
    if not isinstance(fields["request"], str) or not isinstance(fields["placement"], str):
        return None
    if not all(item is None or isinstance(item, str) for item in fields.values()):
        return None
    return Destination(**fields)  # type: ignore[arg-type] - looked at above


def sort_destinations(destinations: Iterable[Destination]) -> list[Destination]:
    """The distinct destinations, in a fixed order."""
    return sorted(set(destinations), key=_sort_key)


def allows(bound_to: Collection[Destination], destination: Destination) -> bool:
    """Whether a secret that is bound to these destinations may be sent to this one."""
    return destination in bound_to or replace(destination, name=None) in bound_to


def allows_all(bound_to: Collection[Destination], destinations: Iterable[Destination]) -> bool:
    """Whether it may be sent to each of them."""
    return all(allows(bound_to, destination) for destination in destinations)


def _sort_key(destination: Destination) -> tuple[str, ...]:
    return tuple(
        item or "" for item in (destination.origin, destination.request, destination.placement,
                                destination.name, destination.template)
    )  # fmt: skip
