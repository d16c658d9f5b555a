"""Encodes a filled body as bytes, by the endpoint's `body_format`. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import orjson
from urllib3.filepost import encode_multipart_formdata

from integrations.manifests.templating import as_text

Encoded = tuple[str, bytes]
"""The media type and the bytes."""

FIXED_TYPES = frozenset({"form", "multipart"})
"""Formats with one media type, which no header of the integration replaces."""

NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What XML 1.0 (section 2.2) has no way to write."""

_XML_ESCAPES = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "'": "&#39;",
        # XML readers turn these into a blank or a line feed (sections 2.11 and 3.3.3).
        "\t": "&#9;",
        "\n": "&#10;",
        "\r": "&#13;",
    }
)


def encode_body(body_format: str, value: Any) -> Encoded:
    """The encoded body. Raises TypeError for a list or an object in the place of a text."""
    return _FORMATS[body_format](value)


def escape_xml(text: str) -> str:
    """The text as XML content or attribute value. A reader returns it unchanged."""
    return text.translate(_XML_ESCAPES)


def form_values(value: Any) -> list[str]:
    """A value's texts in a query or a form: a list repeats its name (OpenAPI's `form` style), an object is JSON."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for item in value for text in form_values(item)]
    if isinstance(value, dict):
        return [orjson.dumps(value).decode()]
    return [] if value is None else [as_text(value)]


def _json(value: Any) -> Encoded:
    return "application/json", orjson.dumps(value)


def _jsonrpc(value: Mapping[str, Any]) -> Encoded:
    """A JSON-RPC 2.0 request. Each HTTP request holds one call, so its id can be constant."""
    return _json({"jsonrpc": "2.0", "id": 1, **value})


def _form(value: Mapping[str, Any]) -> Encoded:
    return "application/x-www-form-urlencoded", urlencode(_pairs(value)).encode()


def _multipart(value: Mapping[str, Any]) -> Encoded:
    """RFC 7578, fields only. The boundary is derived from the content, so the same request has the same bytes."""
    pairs = _pairs(value)
    boundary = hashlib.sha256(orjson.dumps(pairs)).hexdigest()[:32]
    body, content_type = encode_multipart_formdata([(name, text.encode()) for name, text in pairs], boundary)
    return content_type, body


def _text(value: Any) -> Encoded:
    return "text/plain; charset=utf-8", as_text(value).encode()


def _xml(value: Any) -> Encoded:
    return "application/xml; charset=utf-8", as_text(value).encode()


def _pairs(value: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, text) for name, item in value.items() for text in form_values(item)]


_FORMATS: dict[str, Callable[[Any], Encoded]] = {
    "json": _json,
    "jsonrpc": _jsonrpc,
    "form": _form,
    "multipart": _multipart,
    "text": _text,
    "xml": _xml,
}
