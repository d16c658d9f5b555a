"""Finds the next page. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urljoin

from errors import UpstreamInvalid
from integrations.calling.requests_builder import Page
from integrations.egress.messages import Headers, origin_of
from integrations.manifests.model import Endpoint, Paginator
from integrations.manifests.templating import as_text

_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[\w!#$&+\-.^`|~*]+\s*=\s*(?:\"(?:\\.|[^\"\\])*\"|[^\s\";,]+))*)")
# The characters of a URL (RFC 3986 section 2), and the percent sign of encoded ones.
_URL_SAFE = "!#$%&'()*+,/:;=?@[]~-._|^`{}"
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s\";,]+))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Position:
    """The position of a paged call: parameters and query values that change, or a whole URL."""

    number: int = 1
    parameters: Mapping[str, Any] = field(default_factory=dict)
    page: Page = field(default_factory=Page)


def first_position(endpoint: Endpoint) -> Position:
    """The position of the first page."""
    paginator = endpoint.paginator
    if paginator is None:
        return Position()
    moving: dict[str, Any] = {}
    if paginator.limit_param is not None:
        moving[paginator.limit_param] = paginator.limit
    if paginator.type in ("page", "offset") and paginator.param is not None:
        moving[paginator.param] = paginator.first
    return _at(endpoint, 1, moving)


def page_items(paginator: Paginator, value: Any) -> list[Any]:
    """The items of one page. Raises UpstreamInvalid if there is no list where one is expected."""
    items = paginator.items.apply(value) if paginator.items is not None else value
    if items is None:
        return []
    if not isinstance(items, list):
        raise UpstreamInvalid(
            "The provider's page contains no list of items. Check `response_path`.", reason="page"
        )
    return items


def next_position(
    endpoint: Endpoint, position: Position, url: str, headers: Headers, value: Any, items: list[Any]
) -> Position | None:
    """The position of the next page; None after the last.

    Raises UpstreamInvalid for a link to another origin and for a cursor that does not change.
    """
    paginator = endpoint.paginator
    if paginator is None or position.number >= paginator.max_pages:
        return None
    number = position.number + 1
    if paginator.type == "link":
        return _next_by_link(paginator, position, url, headers, value, number)
    if paginator.type == "cursor":
        return _next_by_cursor(endpoint, paginator, position, headers, value, number)
    if not items or (paginator.limit is not None and len(items) < paginator.limit):
        return None
    step = 1 if paginator.type == "page" else paginator.limit or len(items)
    moving = _moved(position) | {str(paginator.param): paginator.first + step * position.number}
    return _at(endpoint, number, moving)


def next_link(headers: Headers, url: str) -> str | None:
    """The absolute target of the `next` link (RFC 8288); None without one. Raises UpstreamInvalid."""
    for value in headers.get_all("Link"):
        for match in _LINK.finditer(value):
            rel = _REL.search(match.group(2))
            if rel and "next" in (rel.group(1) or rel.group(2) or "").lower().split():
                return _absolute(url, match.group(1))
    return None


def _next_by_link(
    paginator: Paginator, position: Position, url: str, headers: Headers, value: Any, number: int
) -> Position | None:
    target = next_link(headers, url) if paginator.cursor is None else _link_within(paginator, url, value)
    if target is None:
        return None
    if origin_of(target) != origin_of(url):
        raise UpstreamInvalid("The provider's next page is at another origin.", reason="page")
    if target == url:
        raise UpstreamInvalid("The provider's next page is the same page again.", reason="page")
    return replace(position, number=number, page=Page(url=target))


def _link_within(paginator: Paginator, url: str, value: Any) -> str | None:
    """The next page's URL from the answer's body, absolute or relative to this page."""
    link = paginator.cursor.apply(value) if paginator.cursor is not None else None
    if link is None or link in ("", False):
        return None
    if not isinstance(link, str):
        raise UpstreamInvalid("The provider's link to the next page is not a string.", reason="page")
    return _absolute(url, link)


def _absolute(url: str, link: str) -> str:
    try:
        target = urljoin(url, link.strip()).partition("#")[0]
        origin_of(target)
    except ValueError:
        raise UpstreamInvalid("The provider's link to the next page cannot be read.", reason="page") from None
    return quote(target, safe=_URL_SAFE, errors="replace")


def _next_by_cursor(
    endpoint: Endpoint, paginator: Paginator, position: Position, headers: Headers, value: Any, number: int
) -> Position | None:
    if paginator.cursor_header is not None:
        cursor: Any = headers.get(paginator.cursor_header)
    else:
        cursor = paginator.cursor.apply(value) if paginator.cursor is not None else None
    if cursor is None or cursor in ("", False):
        return None
    if isinstance(cursor, bool) or not isinstance(cursor, str | int | float):
        raise UpstreamInvalid("The provider's cursor is neither a string nor a number.", reason="page")
    moving = _moved(position)
    name = str(paginator.param)
    if name in moving and as_text(moving[name]) == as_text(cursor):
        raise UpstreamInvalid("The provider's next cursor is the same again.", reason="page")
    return _at(endpoint, number, moving | {name: cursor})


def _moved(position: Position) -> dict[str, Any]:
    return {**position.parameters, **dict(position.page.query)}


def _at(endpoint: Endpoint, number: int, moving: Mapping[str, Any]) -> Position:
    """A value that is a parameter of the endpoint is sent in its place, the others in the query."""
    declared = {parameter.name: parameter.value.type for parameter in endpoint.parameters}
    parameters = {name: _typed(value, declared[name]) for name, value in moving.items() if name in declared}
    query = tuple((name, as_text(value)) for name, value in moving.items() if name not in declared)
    return Position(number, parameters, Page(query=query))


def _typed(value: Any, wanted: str | None) -> Any:
    if wanted == "string" and not isinstance(value, str):
        return as_text(value)
    if wanted == "integer" and isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return value
