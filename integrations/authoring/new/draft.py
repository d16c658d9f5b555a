"""A new manifest from the address of one call. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from integrations.authoring.new.answer_shape import Shape

KeyPlace = Literal["none", "bearer", "header", "query"]
_KEY_NAME = re.compile(
    r"(api|access|auth|app|client|subscription)?[_.-]?(key|token|secret)|app_?id", re.IGNORECASE
)
_COMMON_HOST_WORDS = frozenset(
    {"api", "www", "rest", "data", "com", "org", "net", "io", "dev", "app", "v1", "v2"}
)
_MAX_NAME = 60


@dataclass(frozen=True, slots=True)
class Key:
    """Where the provider wants its key: a header or a query parameter of this name, or as a bearer token."""

    place: KeyPlace
    name: str | None = None


NO_KEY = Key("none")


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of a call's address. `key` is the parameter in its query that looks like a key, without its value."""

    origin: str
    path: str
    query: tuple[tuple[str, str], ...]
    key: str | None


def read_address(url: str) -> Address:
    """The parts of an absolute http or https URL. Raises ValueError."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError("Write a whole address, like https://api.example.com/v1/now?city=Oslo.")
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    key = next((name for name, _ in pairs if _KEY_NAME.fullmatch(name)), None)
    # A second key is left to the author, also without its value.
    query = {name: "" if _KEY_NAME.fullmatch(name) else value for name, value in pairs if name != key}
    return Address(f"{parts.scheme}://{parts.netloc}", parts.path or "/", tuple(query.items()), key)


def guess_name(address: Address) -> str:
    """A name for people, of the host: `Open Meteo` for api.open-meteo.com."""
    host = urlsplit(address.origin).hostname or ""
    words = [word for word in host.split(".") if word not in _COMMON_HOST_WORDS and not word.isdecimal()]
    chosen = max(words, key=len, default="My service")
    return " ".join(word.capitalize() for word in re.split(r"[-_]+", chosen) if word) or "My service"


def id_of(name: str) -> str:
    """An id in lowercase letters, digits and hyphens."""
    return _slug(name) or "my-service"


def draft(
    name: str, plugin_id: str, address: Address, key: Key, shape: Shape | None, kind: str
) -> dict[str, Any]:
    """A registration body with one endpoint and one block.

    The parameters have the address's values as defaults. `shape` is None without a sample; `kind` is the
    `response_type`.
    """
    word = _call_id(address.path)
    endpoint: dict[str, Any] = {"id": word, "path": _template_text(address.path), "cache_ttl": 300}
    if kind != "json":
        endpoint["response_type"] = kind
    if parameters := [_parameter(*pair) for pair in address.query]:
        endpoint["parameters"] = parameters
    block: dict[str, Any] = {"id": word, "name": _heading(word), "endpoint": word}
    if shape is not None and shape.select is not None:
        block["select"] = shape.select
    if shape is not None and shape.display:
        block["display"] = shape.display
    manifest = {
        "integration": {"base_url": address.origin, **_auth(key)},
        "properties": [] if key.place == "none" else [_KEY_PROPERTY],
        "endpoints": [endpoint],
        "blocks": [block],
    }
    return {"id": plugin_id, "name": name, "version": "1.0.0", "type": "integration", "manifest": manifest}


_KEY_PROPERTY = {"name": "api_key", "label": "API key", "secure": True, "required": True}


def _auth(key: Key) -> dict[str, Any]:
    if key.place == "none":
        return {}
    if key.place == "bearer":
        return {"auth": {"type": "bearer", "token": "{api_key}"}}
    return {"auth": {"type": "api_key", "in": key.place, "name": key.name, "value": "{api_key}"}}


def _parameter(name: str, value: str) -> dict[str, Any]:
    typed = _typed(value)
    kind = {int: "integer", float: "number"}.get(type(typed), "string")
    found: dict[str, Any] = {"name": name, "in": "query", "type": kind}
    return {**found, "default": typed} if value else found


def _typed(value: str) -> str | int | float:
    if re.fullmatch(r"-?(0|[1-9]\d{0,14})", value) and value != "-0":
        return int(value)
    if re.fullmatch(r"-?(0|[1-9]\d{0,9})\.\d{1,10}", value) and str(float(value)) == value:
        return float(value)
    return value


def _template_text(path: str) -> str:
    # A brace would begin a placeholder.
    return path.replace("{", "%7B").replace("}", "%7D")


def _call_id(path: str) -> str:
    segments = [unquote(segment) for segment in path.split("/")]
    named = [text for text in segments if not re.fullmatch(r"v?\d+|[0-9a-f-]{16,}", text)]
    words = [_slug(text.rpartition(".")[0] or text) for text in named]
    return next((word for word in reversed(words) if word), "main")


def _heading(word: str) -> str:
    return word.replace("-", " ").capitalize()


def _slug(text: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", text.lower())[:_MAX_NAME].strip("-")
    return words if not words or words[0].isalpha() else f"n{words}"
