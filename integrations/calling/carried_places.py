"""Finds marked values in a built request by reading the request itself. Pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import unquote, unquote_plus, urlsplit

import orjson

from integrations.egress.messages import PreparedCall
from integrations.manifests.markers import Marker, Markers
from integrations.manifests.positions import double_braces, holes, member_name, named, shortened

_FIELD_NAME = re.compile(r'name="([^"]*)"')

Found = tuple[Marker, str, str]
"""A marker, with the placement and the name of the place where it stands."""


def carried_places(call: PreparedCall, body_format: str, markers: Markers) -> Iterator[Found]:
    """Each place of the request that contains a marker. `body_format` is how the body was encoded."""
    yield from _in_url(call.url, markers)
    for name, value in call.headers:
        yield from _in_header(name.lower(), value, markers)
    if call.body is not None and markers.prefix.encode() in call.body:
        yield from _BODIES[body_format](call, markers)
    yield from _beside(call, markers)


def _in_url(url: str, markers: Markers) -> Iterator[Found]:
    parts = urlsplit(url)
    yield from ((marker, "host", "") for marker in markers.within(parts.netloc + parts.scheme))
    for marker, before in holes(markers.parts(parts.path)):
        yield marker, "path", before
    for pair in parts.query.split("&") if markers.prefix in parts.query else ():
        name, _, value = pair.partition("=")
        name_parts = markers.parts(unquote(name))
        shown = named(name_parts)
        yield from ((part, "query_name", shown) for part in name_parts if isinstance(part, Marker))
        yield from ((marker, "query", shown) for marker in markers.within(value))


def _in_header(name: str, value: str, markers: Markers) -> Iterator[Found]:
    if name == "cookie":
        yield from _in_cookies(value, markers)
        return
    yield from ((marker, "header", name) for marker in markers.within(value))
    scheme, _, encoded = value.partition(" ")
    if scheme.lower() == "basic":
        user, _, password = _decoded(encoded).partition(":")
        yield from ((marker, "basic", "username") for marker in markers.within(user))
        yield from ((marker, "basic", "password") for marker in markers.within(password))


def _in_cookies(value: str, markers: Markers) -> Iterator[Found]:
    for pair in value.split("; "):
        name, _, text = pair.partition("=")
        yield from ((marker, "cookie", name) for marker in markers.within(text))


def _decoded(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8", "replace")
    except ValueError:
        return ""


def _beside(call: PreparedCall, markers: Markers) -> Iterator[Found]:
    """What is sent outside of the request: in the TLS handshake, and in answer to a challenge."""
    tls, digest = call.tls, call.digest
    shown = [("tls", "ca_file", tls.ca_file)] if tls else []
    shown += [("tls", "client_certificate", tls.client_cert_pem)] if tls else []
    shown += [("tls", "client_key", tls.client_key_pem)] if tls else []
    shown += [("digest", "username", digest.username)] if digest else []
    shown += [("digest", "password", digest.password)] if digest else []
    for placement, name, text in shown:
        yield from ((marker, placement, name) for marker in markers.within(text or ""))


# -- bodies ----------------------------------------------------------------------------------------------------------


def _in_json(call: PreparedCall, markers: Markers) -> Iterator[Found]:
    yield from _in_value(orjson.loads(call.body or b""), (), markers)


def _in_value(value: Any, path: tuple[str | None, ...], markers: Markers) -> Iterator[Found]:
    if isinstance(value, str):
        yield from ((marker, "body", member_name("json", path)) for marker in markers.within(value))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _in_value(item, (*path, name), markers)
    elif isinstance(value, list):
        for item in value:
            yield from _in_value(item, (*path, None), markers)


def _in_form(call: PreparedCall, markers: Markers) -> Iterator[Found]:
    for pair in _text_of(call).split("&"):
        name, _, value = pair.partition("=")
        yield from _in_field(unquote_plus(name), value, markers)


def _in_multipart(call: PreparedCall, markers: Markers) -> Iterator[Found]:
    text = _text_of(call)
    for part in text.split(text.partition("\r\n")[0]):
        head, _, value = part.partition("\r\n\r\n")
        name = _FIELD_NAME.search(head)
        # urllib3 escapes a quote in a field's name like this (RFC 7578 section 2, WHATWG's form encoding).
        yield from _in_field(name[1].replace("%22", '"') if name else "", value, markers)


def _in_field(name: str, value: str, markers: Markers) -> Iterator[Found]:
    return ((marker, "body", member_name("form", [name])) for marker in markers.within(value))


def _in_text(call: PreparedCall, markers: Markers) -> Iterator[Found]:
    parts: Sequence[str | Marker] = markers.parts(_text_of(call))
    for marker, before in holes(double_braces(part) if isinstance(part, str) else part for part in parts):
        yield marker, "body_text", shortened(before)


def _text_of(call: PreparedCall) -> str:
    return (call.body or b"").decode("utf-8", "replace")


_BODIES: dict[str, Callable[[PreparedCall, Markers], Iterator[Found]]] = {
    "json": _in_json,
    "jsonrpc": _in_json,
    "form": _in_form,
    "multipart": _in_multipart,
    "text": _in_text,
    "xml": _in_text,
}
