"""One endpoint, settings, secrets and parameters made one request. Pure.

Values go to the places that the manifest gave them and to no other: each is encoded for its place, and what cannot
be encoded is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from errors import Invalid, SettingsIncomplete
from integrations.auth import Placed, place_credentials
from integrations.base_url import BadBaseUrl, BadSetting, BaseUrl, encode_segment
from integrations.body_formats import encode_body, form_values
from integrations.calls import DigestLogin, PreparedCall, Tls
from integrations.manifest import Endpoint, Integration, Location, Parameter, TlsTemplates
from integrations.parameters import Values
from integrations.signatures import compute_values, request_parts
from integrations.templating import Template, Tree, UnresolvedName, as_text
from integrations.whole_urls import normalise_public_url

_QUERY_NAME_SAFE = "[]$:@,"
_BAD_IN_HEADER = re.compile(r"[^\t\x20-\x7e]")
ACCEPT = {
    "json": "application/json",
    "text": "text/plain, */*;q=0.5",
    "html": "text/html, application/xhtml+xml, */*;q=0.5",
    "xml": "application/xml, text/xml, */*;q=0.5",
    "feed": "application/rss+xml, application/atom+xml, application/feed+json, application/xml, */*;q=0.5",
    "opengraph": "text/html, application/xhtml+xml, */*;q=0.5",
    "image": "image/*",
    "csv": "text/csv, */*;q=0.5",
    "ndjson": "application/x-ndjson, application/json;q=0.9, */*;q=0.5",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that the app sets for every call."""

    timeout_seconds: float = 10.0
    max_bytes: int = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Page:
    """Where a call of several pages stands: the next page's whole URL, or what moves in the query."""

    url: str | None = None
    query: tuple[tuple[str, str], ...] = ()


FIRST_PAGE = Page()


def build_call(
    integration: Integration,
    endpoint: Endpoint,
    bound: Mapping[str, Any],
    values: Values,
    limits: Limits,
    now: float,
    page: Page = FIRST_PAGE,
) -> PreparedCall:
    """The request, whole. `bound` is what `bind_parameters` gave; `now` (epoch seconds) is for signatures.

    Raises Invalid for a parameter that cannot stand in its place, SettingsIncomplete for a setting.
    """
    if endpoint.url_parameter is not None:
        return _build_whole_url_call(endpoint, bound, limits)
    settings = values.merged()
    scope = {**settings, **bound}
    placed = place_credentials(endpoint.credentials, settings, values.required)
    url = _url(integration, endpoint, bound, scope, settings, placed, page)
    content_type, body = _body(endpoint, bound, scope, placed)
    url = _sign(endpoint, settings, placed, url, body, now)
    secrets = {settings[name] for name in endpoint.secret_names if isinstance(settings.get(name), str)}
    return PreparedCall(
        method=endpoint.method,
        url=url,
        headers=_headers(endpoint, bound, scope, placed, content_type),
        body=body,
        timeout_seconds=endpoint.timeout_seconds or integration.timeout_seconds or limits.timeout_seconds,
        max_bytes=limits.max_bytes,
        redirects=endpoint.redirects,
        secrets=frozenset(secrets | placed.secrets | set(values.tokens.values())),
        digest=DigestLogin(*placed.digest) if placed.digest else None,
        tls=fill_tls(integration.tls, settings),
    )


def _sign(
    endpoint: Endpoint,
    settings: Mapping[str, Any],
    placed: Placed,
    url: str,
    body: bytes | None,
    now: float,
) -> str:
    """The URL with what signatures add to its query; what they add to the headers is in `placed` then."""
    for signature in placed.signatures:
        try:
            scope = compute_values(signature, {**settings, **request_parts(endpoint.method, url, body)}, now)
            placed.headers += [(name, template.text(scope)) for name, template in signature.headers]
            pairs = [(name, template.text(scope)) for name, template in signature.query]
        except UnresolvedName as missing:
            raise _unset_setting(missing.name) from None
        url = _with_query(url, pairs)
    return url


def fill_tls(templates: TlsTemplates | None, settings: Mapping[str, Any]) -> Tls | None:
    """Whom to trust and what to show, with these settings; None where nothing is declared or set."""
    if templates is None:
        return None

    def fill(template: Template | None) -> str | None:
        if template is None or all(settings.get(name) is None for name in template.names):
            return None
        return _template_text(template, settings)

    tls = Tls(fill(templates.ca_file), fill(templates.client_certificate), fill(templates.client_key))
    return tls if tls != Tls() else None


# -- URL -----------------------------------------------------------------------------------------------------------


def _url(
    integration: Integration,
    endpoint: Endpoint,
    bound: Mapping[str, Any],
    scope: Mapping[str, Any],
    settings: Mapping[str, Any],
    placed: Placed,
    page: Page,
) -> str:
    if page.url is not None:
        # The provider's own link to the next page; only a key in the query may have to be put back.
        present = {name for name, _ in parse_qsl(urlsplit(page.url).query, keep_blank_values=True)}
        return _with_query(page.url, [pair for pair in placed.query if pair[0] not in present])
    base = endpoint.base_url or integration.base_url
    assert base is not None  # noqa: S101 - the compiler refuses an endpoint without one
    pairs = [*_query_pairs(endpoint, bound, scope), *page.query, *placed.query]
    return _with_query(fill_base_url(base, settings) + _path(endpoint.path, bound, scope), pairs)


def fill_base_url(base: BaseUrl, settings: Mapping[str, Any]) -> str:
    """The base URL with these settings. Raises SettingsIncomplete by field."""
    return fill_whole_url(base, settings).rstrip("/")


def fill_whole_url(url: BaseUrl, settings: Mapping[str, Any]) -> str:
    """The URL of one call with these settings, the slash at its end kept. Raises SettingsIncomplete by field."""
    try:
        return url.fill_whole(settings)
    except UnresolvedName as missing:
        raise _unset_setting(missing.name) from None
    except BadSetting as bad:
        raise SettingsIncomplete(
            f"The setting `{bad.name}` does not make a URL.", errors={f"config.{bad.name}": [str(bad)]}
        ) from None
    except BadBaseUrl as bad:
        raise SettingsIncomplete(str(bad)) from None


def _path(template: Template, bound: Mapping[str, Any], scope: Mapping[str, Any]) -> str:
    def fill(name: str) -> str:
        try:
            return encode_segment(_text(name, scope), name)
        except BadSetting as bad:
            raise _refused(name, bound, str(bad)) from None

    return "".join(
        quote(part, safe="/%!$&'()*+,;=:@~-._") if isinstance(part, str) else fill(part.value)
        for part in template.parts
    )


def _query_pairs(
    endpoint: Endpoint, bound: Mapping[str, Any], scope: Mapping[str, Any]
) -> list[tuple[str, str]]:
    pairs = [
        (name, _template_text(template, scope)) for name, template in (*endpoint.path_query, *endpoint.query)
    ]
    for parameter in _at(endpoint, "query"):
        if parameter.name in bound:
            pairs += [(parameter.name, text) for text in form_values(bound[parameter.name])]
    return pairs


def _with_query(url: str, pairs: Sequence[tuple[str, str]]) -> str:
    query = "&".join(f"{quote(name, safe=_QUERY_NAME_SAFE)}={quote(text, safe='')}" for name, text in pairs)
    if not query:
        return url
    return f"{url}{'&' if '?' in url else '?'}{query}"


# -- Headers -------------------------------------------------------------------------------------------------------


def _headers(
    endpoint: Endpoint,
    bound: Mapping[str, Any],
    scope: Mapping[str, Any],
    placed: Placed,
    content_type: str | None,
) -> tuple[tuple[str, str], ...]:
    headers: dict[str, tuple[str, str]] = {"accept": ("Accept", ACCEPT.get(endpoint.response_type, "*/*"))}

    def put(name: str, value: str, source: str) -> None:
        if _BAD_IN_HEADER.search(value) or value != value.strip():
            raise _refused(
                source,
                bound,
                "A header cannot carry this value: control characters, blanks at an end or "
                "characters beyond ASCII.",
            )
        headers[name.lower()] = (name, value)

    if content_type:
        put("Content-Type", content_type, "Content-Type")
    for name, template in endpoint.headers:
        put(name, _template_text(template, scope), min(template.names, default=name))
    for parameter in _at(endpoint, "header"):
        if parameter.name in bound:
            put(parameter.name, _text(parameter.name, bound), parameter.name)
    for name, value in placed.headers:
        source = next((min(c.names, default=name) for c in endpoint.credentials if c.name == name), name)
        put(name, value, source)
    if placed.cookies:
        put("Cookie", "; ".join(f"{name}={value}" for name, value in placed.cookies), "Cookie")
    return tuple(headers.values())


# -- Body ----------------------------------------------------------------------------------------------------------


def _body(
    endpoint: Endpoint, bound: Mapping[str, Any], scope: Mapping[str, Any], placed: Placed
) -> tuple[str | None, bytes | None]:
    parameters = _at(endpoint, "body")
    members = {item.name: bound[item.name] for item in parameters if item.name in bound}
    # Where a body is declared, an empty one is sent: a JSON API wants `{}` rather than nothing.
    if endpoint.body is None and not parameters and not placed.body:
        return None, None
    value = _fill_tree(endpoint.body, endpoint, scope) if endpoint.body is not None else {}
    if isinstance(value, dict):
        value = {**value, **members}
        for dotted, text in placed.body:
            _set_member(value, dotted.split("."), text)
    try:
        return encode_body(endpoint.body_format, value)
    except TypeError as error:
        raise Invalid(f"The body cannot be built: {error}.") from None


def _fill_tree(tree: Tree, endpoint: Endpoint, scope: Mapping[str, Any]) -> Any:
    optional = frozenset(item.name for item in endpoint.parameters if not item.value.required)
    try:
        return tree.value(scope, optional)
    except UnresolvedName as missing:
        raise _unset_setting(missing.name) from None
    except TypeError as error:
        raise Invalid(f"The body cannot be built: {error}.") from None


def _set_member(target: dict[str, Any], path: list[str], value: str) -> None:
    for name in path[:-1]:
        inner = target.get(name)
        target[name] = inner = dict(inner) if isinstance(inner, dict) else {}
        target = inner
    target[path[-1]] = value


# -- A whole URL from an input --------------------------------------------------------------------------------------


def _build_whole_url_call(endpoint: Endpoint, bound: Mapping[str, Any], limits: Limits) -> PreparedCall:
    """A GET of the given URL with nothing of the integration's attached: no credential, header or query."""
    assert endpoint.url_parameter is not None  # noqa: S101 - the caller asked
    name = endpoint.url_parameter.name
    return PreparedCall(
        method="GET",
        url=normalise_public_url(name, _text(name, bound)),
        headers=(("Accept", ACCEPT.get(endpoint.response_type, "*/*")),),
        timeout_seconds=endpoint.timeout_seconds or limits.timeout_seconds,
        max_bytes=limits.max_bytes,
        redirects="any",
        public_only=True,
    )


# -- Small helpers --------------------------------------------------------------------------------------------------


def _at(endpoint: Endpoint, location: Location) -> list[Parameter]:
    return [parameter for parameter in endpoint.parameters if parameter.location == location]


def _text(name: str, scope: Mapping[str, Any]) -> str:
    value = scope.get(name)
    if value is None:
        raise _unset_setting(name)
    try:
        return as_text(value)
    except TypeError:
        raise Invalid(
            f"`{name}` cannot be a list or an object here.",
            errors={f"parameters.{name}": ["Must be a string, a number or a boolean."]},
        ) from None


def _template_text(template: Template, scope: Mapping[str, Any]) -> str:
    return template.text({name: _text(name, scope) for name in template.names})


def _unset_setting(name: str) -> SettingsIncomplete:
    return SettingsIncomplete(f"The setting `{name}` is not set.", errors={f"config.{name}": ["Not set."]})


def _refused(name: str, bound: Mapping[str, Any], why: str) -> Invalid | SettingsIncomplete:
    if name in bound:
        return Invalid(f"The parameter `{name}` is refused.", errors={f"parameters.{name}": [why]})
    return SettingsIncomplete(f"The setting `{name}` is refused.", errors={f"config.{name}": [why]})
