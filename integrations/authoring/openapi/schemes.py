"""Security schemes of a document: which a manifest supports, and where each puts its credential."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

from integrations.authoring.openapi.document import Document, NotConvertible
from integrations.authoring.openapi.names import fits
from integrations.authoring.openapi.parameters import Place
from integrations.manifests.base_url import parse_base_url
from integrations.manifests.compiling.templates import forbidden_header
from schemas.manifests.declared import HEADER_NAME, WIRE_NAME

Kind = Literal["api_key", "bearer", "basic", "digest", "oauth2", "tls"]
_AUTHORIZATION: Place = ("header", "authorization")
_FLOWS = {
    "clientCredentials": "oauth2_client_credentials",
    "authorizationCode": "oauth2_authorization_code",
}


@dataclass(frozen=True, slots=True)
class Flow:
    """An OAuth 2.0 flow that a manifest supports."""

    auth_method: str
    token_url: str
    authorization_url: str | None


@dataclass(frozen=True, slots=True)
class Scheme:
    """One scheme. `place` is where its credential is sent; None for a certificate, which is not part of a request."""

    name: str
    kind: Kind
    place: Place | None
    wire_name: str = ""
    location: str = ""
    flow: Flow | None = None
    note: str | None = None


def read_scheme(document: Document, name: str, base_url: str) -> Scheme:
    """The scheme with this name. Raises Unfit with the reason if a manifest does not support it."""
    declared = document.section("components", "securitySchemes")
    if name not in declared:
        raise NotConvertible("it is not declared")
    spec = document.object(declared[name])
    kind = spec.get("type")
    if kind == "apiKey":
        return _api_key(name, spec)
    if kind == "http":
        return _http(name, str(spec.get("scheme", "")).lower())
    if kind == "oauth2":
        return _oauth2(name, spec, base_url)
    if kind == "mutualTLS":
        return Scheme(name, "tls", None)
    if kind == "openIdConnect":
        raise NotConvertible(
            "OpenID Connect is not followed; where the provider gives a token, declare it as http bearer"
        )
    raise NotConvertible(f"the type {kind} is not known")


def _api_key(name: str, spec: Mapping[str, Any]) -> Scheme:
    wire_name, location = str(spec.get("name", "")), str(spec.get("in", ""))
    if location not in ("header", "query", "cookie"):
        raise NotConvertible(f"a key `in: {location}` is not known")
    rule = HEADER_NAME if location == "header" else WIRE_NAME
    if not fits(rule, wire_name):
        raise NotConvertible(f"`{wire_name}` cannot be its name")
    if location == "header" and forbidden_header(wire_name):
        raise NotConvertible(f"a manifest cannot set the header {wire_name}")
    place = (location, wire_name.lower() if location == "header" else wire_name)
    return Scheme(name, "api_key", place, wire_name, location)


def _http(name: str, scheme: str) -> Scheme:
    if scheme not in ("basic", "bearer", "digest"):
        raise NotConvertible(f"the http scheme {scheme or 'without a name'} is not followed")
    return Scheme(name, scheme, _AUTHORIZATION)  # type: ignore[arg-type] - one of the three


def _oauth2(name: str, spec: Mapping[str, Any], base_url: str) -> Scheme:
    flows = spec.get("flows")
    flows = flows if isinstance(flows, Mapping) else {}
    for word, auth_method in _FLOWS.items():
        flow = flows.get(word)
        if isinstance(flow, Mapping):
            others = [other for other in flows if other != word and not str(other).startswith("x-")]
            note = f"of its flows {word} is taken, not {', '.join(others)}" if others else None
            return Scheme(name, "oauth2", _AUTHORIZATION, flow=_flow(auth_method, flow, base_url), note=note)
    raise NotConvertible(
        f"of OAuth 2.0 only {' and '.join(_FLOWS)} are followed, not {', '.join(map(str, flows)) or 'this'}"
    )


def _flow(auth_method: str, flow: Mapping[str, Any], base_url: str) -> Flow:
    token_url = _absolute(flow.get("tokenUrl"), base_url, "tokenUrl")
    if auth_method == "oauth2_client_credentials":
        return Flow(auth_method, token_url, None)
    return Flow(auth_method, token_url, _absolute(flow.get("authorizationUrl"), base_url, "authorizationUrl"))


def _absolute(url: Any, base_url: str, word: str) -> str:
    """The absolute URL, relative to the server. Raises Unfit."""
    found = str(url or "")
    if not urlsplit(found).scheme:
        found = _beside(found, base_url, word)
    try:
        return parse_base_url(found).source
    except ValueError as error:
        raise NotConvertible(f"its {word} `{url}` cannot be used: {error}") from None


def _beside(path: str, base_url: str, word: str) -> str:
    if not path:
        raise NotConvertible(f"it has no {word}")
    if base_url.startswith("{"):
        # The setting is the whole start of the URL, so a path from the root cannot be appended to it.
        raise NotConvertible(f"its {word} `{path}` is relative, and the server is a setting")
    return urljoin(base_url + "/", path)
