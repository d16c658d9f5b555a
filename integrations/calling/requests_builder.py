"""Builds one request from an endpoint, settings, secrets and parameters. Pure.

Each value goes only to the places that the manifest declares. It is encoded for its place; a value that cannot be
encoded is refused by name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from errors import Invalid, SettingsIncomplete
from integrations.calling.auth import AppliedCredentials, place_credentials
from integrations.calling.body_formats import FIXED_TYPES, NOT_IN_XML, encode_body, escape_xml, form_values
from integrations.calling.parameters import Values
from integrations.calling.signatures import Function, compute_values, request_parts, shown_values
from integrations.calling.whole_urls import normalise_public_url
from integrations.egress.messages import DigestLogin, PreparedCall
from integrations.json.members import set_member
from integrations.manifests.base_url import (
    PATH_SAFE,
    BadBaseUrl,
    BadSetting,
    BaseUrl,
    encode_path_literal,
    encode_segment,
)
from integrations.manifests.model import Endpoint, Integration, Location, Parameter, Signature
from integrations.manifests.namespace import NOT_TEXT, Namespace
from integrations.manifests.positions import MEMBERS_WITHIN
from integrations.manifests.templating import NotText, Template, UnresolvedName
from integrations.manifests.tls_settings import fill_tls

_QUERY_SAFE = PATH_SAFE + "?[]"
_QUERY_NAME_SAFE = "[]$:@,"
ACCEPT = {
    "json": "application/json",
    "text": "text/plain, */*;q=0.5",
    "html": "text/html, application/xhtml+xml, */*;q=0.5",
    "xml": "application/xml, text/xml, */*;q=0.5",
    "feed": "application/rss+xml, application/atom+xml, application/feed+json, application/xml, */*;q=0.5",
    "opengraph": "text/html, application/xhtml+xml, */*;q=0.5",
    "ical": "text/calendar, */*;q=0.5",
    "image": "image/*",
    "csv": "text/csv, */*;q=0.5",
    "ndjson": "application/x-ndjson, application/json;q=0.9, */*;q=0.5",
    "status": "*/*",
    "prometheus": "text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0;q=0.9, */*;q=0.1",
}


MAX_BYTES_SETTING = "PATCHBAY_MAX_ANSWER_SIZE"


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits that the app sets for every call."""

    timeout_seconds: float = 10.0
    max_bytes: int = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Page:
    """The position of a paged call: the next page's whole URL, or the query values that change."""

    url: str | None = None
    query: tuple[tuple[str, str], ...] = ()


FIRST_PAGE = Page()


@dataclass(frozen=True, slots=True)
class Substitutes:
    """Replacement values and functions for a request that is built only to find where its secrets would go.

    `starts` are the values for the start of the URL, `functions` those of signatures.
    """

    starts: Mapping[str, Any]
    functions: Mapping[str, Function]


@dataclass(frozen=True, slots=True)
class _Filling:
    """The values that fill one call: `own` for the endpoint's declaration, `settings` for the integration's."""

    endpoint: Endpoint
    bound: Mapping[str, Any]
    settings: Namespace
    own: Namespace
    placed: AppliedCredentials
    substitutes: Substitutes | None

    def at(self, location: Location) -> list[tuple[str, Any]]:
        """The parameters of a place that have a value, with the value."""
        names = self.endpoint.names_at.get(location, ())
        return [(name, self.bound[name]) for name in names if name in self.bound]


def build_call(
    integration: Integration,
    endpoint: Endpoint,
    bound: Mapping[str, Any],
    values: Values,
    limits: Limits,
    now: float,
    page: Page = FIRST_PAGE,
    substitutes: Substitutes | None = None,
) -> PreparedCall:
    """The complete request. `bound` comes from `bind_parameters`; `now` (epoch seconds) is for signatures.

    Raises Invalid for a parameter that does not fit its place, SettingsIncomplete for a setting.
    """
    if endpoint.url_parameter is not None:
        return _build_whole_url_call(endpoint, endpoint.url_parameter, bound, values, limits)
    settings = _with_computed(endpoint, values.merged(), now, substitutes)
    filling = _filling(endpoint, bound, settings, values, substitutes)
    placed = filling.placed
    url = _url(integration, filling, page)
    content_type, body = _body(filling)
    url = _sign(filling, url, body, now, values.tokens)
    shown = (
        shown_values(endpoint.computed, {*endpoint.secret_names, *values.tokens}) if endpoint.computed else ()
    )
    secrets = {
        settings[name] for name in (*endpoint.secret_names, *shown) if isinstance(settings.get(name), str)
    }
    return PreparedCall(
        method=endpoint.method,
        url=url,
        headers=_headers(filling, content_type),
        body=body,
        timeout_seconds=endpoint.timeout_seconds or integration.timeout_seconds or limits.timeout_seconds,
        max_bytes=limits.max_bytes,
        max_bytes_setting=MAX_BYTES_SETTING,
        redirects=endpoint.redirects,
        secrets=frozenset(secrets | placed.secrets | set(values.tokens.values())),
        digest=DigestLogin(*placed.digest) if placed.digest else None,
        tls=fill_tls(integration, settings, url),
        is_repeatable=endpoint.is_safe,
        is_check=endpoint.is_check,
    )


def _filling(
    endpoint: Endpoint,
    bound: Mapping[str, Any],
    settings: Mapping[str, Any],
    values: Values,
    substitutes: Substitutes | None,
) -> _Filling:
    # A parameter hides the setting of the same name even without a value: the setting must not replace it.
    names = endpoint.parameter_names
    own = {name: value for name, value in settings.items() if name not in names} if names else settings
    of_settings = Namespace(settings)
    return _Filling(
        endpoint=endpoint,
        bound=bound,
        settings=of_settings,
        own=Namespace({**own, **bound}, names),
        placed=place_credentials(endpoint.credentials, of_settings, values.required),
        substitutes=substitutes,
    )


def _with_computed(
    endpoint: Endpoint, settings: Mapping[str, Any], now: float, substitutes: Substitutes | None
) -> Mapping[str, Any]:
    """The settings, with the values that the endpoint's own templates need computed of them."""
    if endpoint.computed is None:
        return settings
    functions = substitutes.functions if substitutes is not None else None
    return _computed(endpoint.computed, settings, settings, now, functions)


def _computed(
    signature: Signature,
    known: Mapping[str, Any],
    settings: Mapping[str, Any],
    now: float,
    functions: Mapping[str, Function] | None,
) -> dict[str, Any]:
    try:
        return compute_values(signature, known, now, functions)
    except UnresolvedName as missing:
        raise Namespace(settings).unset(missing.name) from None
    except NotText as wrong:
        raise Namespace(settings).unfit(wrong.name, NOT_TEXT) from None


def _sign(filling: _Filling, url: str, body: bytes | None, now: float, tokens: Collection[str]) -> str:
    """The URL with the signature's query values. The signature's headers are stored in `placed`."""
    endpoint, settings, placed = filling.endpoint, filling.settings.values, filling.placed
    functions = filling.substitutes.functions if filling.substitutes is not None else None
    for signature in placed.signatures:
        parts = request_parts(endpoint.method, url, body)
        names = Namespace(_computed(signature, {**settings, **parts}, settings, now, functions))
        placed.secrets |= {
            names.text(name) for name in shown_values(signature, {*endpoint.secret_names, *tokens})
        }
        placed.headers += [(name, names.fill_header(template)) for name, template in signature.headers]
        url = with_query(url, [query_pair(name, names.fill(template)) for name, template in signature.query])
    return url


# -- URL -----------------------------------------------------------------------------------------------------------


def _url(integration: Integration, filling: _Filling, page: Page) -> str:
    placed = filling.placed.query
    if page.url is not None:
        # The provider's own link to the next page. Only a key in the query may have to be added again.
        present = {name for name, _ in parse_qsl(urlsplit(page.url).query, keep_blank_values=True)}
        return with_query(page.url, [query_pair(*pair) for pair in placed if pair[0] not in present])
    base = filling.endpoint.base_url or integration.base_url
    assert base is not None  # noqa: S101 - the compiler refuses an endpoint without one
    starts = filling.substitutes.starts if filling.substitutes is not None else None
    url = fill_whole_url(base, filling.settings.values, starts).rstrip("/") + _path(filling)
    return with_query(url, _query(filling, page))


def fill_whole_url(url: BaseUrl, settings: Mapping[str, Any], starts: Mapping[str, Any] | None = None) -> str:
    """The URL of one call with these settings; its final slash is kept. `starts` is passed to `BaseUrl.fill_whole`.

    Raises SettingsIncomplete by field.
    """
    names = Namespace(settings)
    try:
        return url.fill_whole(settings, starts)
    except UnresolvedName as missing:
        raise names.unset(missing.name) from None
    except NotText as wrong:
        raise names.unfit(wrong.name, NOT_TEXT) from None
    except BadSetting as bad:
        raise SettingsIncomplete(
            f"The setting `{bad.name}` does not result in a valid URL.",
            errors={f"config.{bad.name}": [str(bad)]},
        ) from None
    except BadBaseUrl as bad:
        raise SettingsIncomplete(str(bad)) from None


def _path(filling: _Filling) -> str:
    pieces: list[str] = []
    for part in filling.endpoint.path.parts:
        if isinstance(part, str):
            pieces.append(encode_path_literal(part))
            continue
        try:
            pieces.append(encode_segment(filling.own.text(part.value), part.value))
        except BadSetting as bad:
            raise filling.own.unfit(part.value, str(bad)) from None
    return "".join(pieces)


def _query(filling: _Filling, page: Page) -> list[str]:
    """The encoded query pairs, in the order: path as written, integration, endpoint, keys.

    The pair that is more specific to the call wins, as with headers. Paging values and credentials win over all; the
    compiler ensures that no parameter has their name.
    """
    own, endpoint, given = filling.own, filling.endpoint, filling.at("query")
    last = (*page.query, *filling.placed.query)
    moved = {name for name, _ in last}
    nearer = moved.union(name for name, _ in given) if endpoint.query else moved
    pairs = [_written(template, own) for name, template in endpoint.path_query if name not in moved]
    pairs += [
        query_pair(name, filling.settings.fill(template))
        for name, template in endpoint.query
        if name not in nearer
    ]
    for name, value in given:
        pairs += [query_pair(name, text) for text in form_values(value)]
    return pairs + [query_pair(*pair) for pair in last]


def _written(template: Template, names: Namespace) -> str:
    return "".join(
        quote(part, safe=_QUERY_SAFE) if isinstance(part, str) else quote(names.text(part.value), safe="")
        for part in template.parts
    )


def query_pair(name: str, text: str) -> str:
    return f"{_query_name(name)}={quote(text, safe='')}"


@lru_cache(maxsize=4096)
def _query_name(name: str) -> str:
    return quote(name, safe=_QUERY_NAME_SAFE)


def with_query(url: str, pairs: Sequence[str]) -> str:
    if not pairs:
        return url
    return f"{url}{'&' if '?' in url else '?'}{'&'.join(pairs)}"


# -- Headers -------------------------------------------------------------------------------------------------------


def _headers(filling: _Filling, content_type: str | None) -> tuple[tuple[str, str], ...]:
    """The headers, each name once. Later ones win, because they are more specific to the call."""
    endpoint, placed = filling.endpoint, filling.placed
    found = [("Accept", ACCEPT.get(endpoint.response_type, "*/*"))]
    common = [(name, filling.settings.fill_header(template)) for name, template in endpoint.common_headers]
    typed = [("Content-Type", content_type)] if content_type else []
    # JSON has many media types, so an integration may set its own; a form has only one.
    found += [*common, *typed] if endpoint.body_format in FIXED_TYPES else [*typed, *common]
    found += [(name, filling.own.fill_header(template)) for name, template in endpoint.headers]
    found += [(name, filling.own.header(name)) for name, _ in filling.at("header")]
    found += placed.headers
    if placed.cookies:
        found.append(("Cookie", "; ".join(f"{name}={value}" for name, value in placed.cookies)))
    return tuple({name.lower(): (name, value) for name, value in found}.values())


# -- Body ----------------------------------------------------------------------------------------------------------


def _body(filling: _Filling) -> tuple[str | None, bytes | None]:
    endpoint, credentials = filling.endpoint, filling.placed.body
    members = dict(filling.at("body"))
    if endpoint.body is None and "body" not in endpoint.names_at and not credentials:
        return None, None
    # If a body is declared, an empty one is sent: a JSON API expects `{}` rather than nothing.
    value = _declared_body(filling) if endpoint.body is not None else {}
    if value is None and not members and not credentials:
        return None, None
    if members or credentials:
        within = MEMBERS_WITHIN.get(endpoint.protocol)
        value = _with_members({} if value is None else value, members, credentials, within)
    try:
        return encode_body(endpoint.body_format, value)
    except TypeError as error:
        raise Invalid(f"The body cannot be built: {error}.") from None


def _declared_body(filling: _Filling) -> Any:
    """The filled body template; None if it is a single placeholder without a value."""
    endpoint, names = filling.endpoint, filling.own
    assert endpoint.body is not None  # noqa: S101 - the caller asked
    node = endpoint.body.node
    if endpoint.body_format == "xml" and isinstance(node, Template) and node.lone is None:
        for name in node.names:
            if NOT_IN_XML.search(names.text(name)):
                raise names.unfit(name, "XML cannot contain control characters.")
        return names.fill(node, escape_xml)
    optional = frozenset(item.name for item in endpoint.parameters if not item.value.required)
    return names.fill_tree(endpoint.body, optional)


def _with_members(
    value: Any, members: Mapping[str, Any], credentials: Sequence[tuple[str, str]], within: str | None
) -> Any:
    if not isinstance(value, dict):
        raise Invalid(
            "The body is not an object, so nothing can be added to it.",
            errors={
                f"parameters.{name}": ["The body already has another value at this place."]
                for name in members
            },
        )
    if within is not None and members:
        members = {within: {**(value.get(within) or {}), **members}}
    joined = {**value, **members}
    for dotted, text in credentials:
        joined = set_member(joined, dotted.split("."), text)
    return joined


# -- A whole URL from an input --------------------------------------------------------------------------------------


def _build_whole_url_call(
    endpoint: Endpoint, parameter: Parameter, bound: Mapping[str, Any], values: Values, limits: Limits
) -> PreparedCall:
    """A request of the given URL without any credential, header or query of the integration."""
    filled_by = values.secrets.get(parameter.value.from_config or "")
    return PreparedCall(
        method=endpoint.method,
        url=normalise_public_url(parameter.name, Namespace(bound, {parameter.name}).text(parameter.name)),
        headers=(("Accept", ACCEPT.get(endpoint.response_type, "*/*")),),
        timeout_seconds=endpoint.timeout_seconds or limits.timeout_seconds,
        max_bytes=limits.max_bytes,
        max_bytes_setting=MAX_BYTES_SETTING,
        redirects="any",
        public_only=True,
        is_repeatable=endpoint.is_safe,
        secrets=frozenset({filled_by} if filled_by is not None else ()),
        is_check=endpoint.is_check,
    )
