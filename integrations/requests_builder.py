"""One endpoint, settings, secrets and parameters made one request. Pure.

Values go to the places that the manifest gave them and to no other: each is encoded for its place, and what cannot
be encoded is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import orjson

from errors import Invalid, SettingsIncomplete
from integrations.auth import Placed, place_credentials
from integrations.base_url import BadBaseUrl, BadSetting, BaseUrl, encode_segment
from integrations.calls import PreparedCall
from integrations.manifest import MISSING, Endpoint, Location, Parameter
from integrations.templating import Template, Tree, UnresolvedName, as_text

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
class Values:
    """The settings as a call sees them: plain ones, opened secrets, and which properties are required."""

    config: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    required: frozenset[str] = frozenset()

    def merged(self) -> dict[str, Any]:
        return {**self.config, **self.secrets}


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that the app sets for every call."""

    timeout_seconds: float = 10.0
    max_bytes: int = 10 * 1024 * 1024


def bind_parameters(endpoint: Endpoint, given: Mapping[str, Any], values: Values) -> dict[str, Any]:
    """Every parameter's value by name: given, else the setting's, else the default; what has none is left out.

    Raises Invalid by field (`parameters.units`) and SettingsIncomplete.
    """
    errors: dict[str, list[str]] = {}
    settings = values.merged()
    known = {parameter.name for parameter in endpoint.parameters}
    for name in given.keys() - known:
        errors[f"parameters.{name}"] = ["Unknown; this endpoint has no such parameter."]
    bound: dict[str, Any] = {}
    for parameter in endpoint.parameters:
        value = _parameter_value(parameter, given, settings)
        if value is None:
            if parameter.value.required:
                errors[f"parameters.{parameter.name}"] = ["Required."]
            continue
        # A secret was checked when it was entered; whoever only names the call does not open it.
        is_secret = parameter.value.from_config in endpoint.secret_names and parameter.name not in given
        if not is_secret and (problems := parameter.value.check(value)):
            errors[f"parameters.{parameter.name}"] = problems
            continue
        bound[parameter.name] = value
    if errors:
        _raise_for_unset_settings(endpoint, errors)
        raise Invalid("Some parameters are not right.", errors=errors)
    return bound


def build_call(
    endpoint: Endpoint, base_url: BaseUrl | None, bound: Mapping[str, Any], values: Values, limits: Limits
) -> PreparedCall:
    """The request, whole. `bound` is what `bind_parameters` gave.

    Raises Invalid for a parameter that cannot stand in its place, SettingsIncomplete for a setting.
    """
    if endpoint.url_parameter is not None:
        return _build_whole_url_call(endpoint, bound, limits)
    settings = values.merged()
    scope = {**settings, **bound}
    placed = place_credentials(endpoint.credentials, settings, values.required)
    url = _url(endpoint, base_url, bound, scope, settings, placed)
    content_type, body = _body(endpoint, bound, scope, placed)
    headers = _headers(endpoint, bound, scope, placed, content_type)
    secrets = {settings[name] for name in endpoint.secret_names if isinstance(settings.get(name), str)}
    return PreparedCall(
        method=endpoint.method,
        url=url,
        headers=headers,
        body=body,
        timeout_seconds=endpoint.timeout_seconds or limits.timeout_seconds,
        max_bytes=limits.max_bytes,
        redirects=endpoint.redirects,
        secrets=frozenset(secrets | placed.secrets),
    )


def _parameter_value(parameter: Parameter, given: Mapping[str, Any], settings: Mapping[str, Any]) -> Any:
    value = given.get(parameter.name)
    if value is None and parameter.value.from_config is not None:
        value = settings.get(parameter.value.from_config)
    if value is None and parameter.value.default is not MISSING:
        value = parameter.value.default
    return value


def _raise_for_unset_settings(endpoint: Endpoint, errors: Mapping[str, list[str]]) -> None:
    """A required parameter that only a setting can fill is the settings' fault, not the caller's."""
    for parameter in endpoint.parameters:
        if parameter.value.from_config and errors.get(f"parameters.{parameter.name}") == ["Required."]:
            name = parameter.value.from_config
            raise SettingsIncomplete(
                f"The setting `{name}` is not set.", errors={f"config.{name}": ["Not set."]}
            )


# -- URL -----------------------------------------------------------------------------------------------------------


def _url(
    endpoint: Endpoint,
    base_url: BaseUrl | None,
    bound: Mapping[str, Any],
    scope: Mapping[str, Any],
    settings: Mapping[str, Any],
    placed: Placed,
) -> str:
    base = endpoint.base_url or base_url
    assert base is not None  # noqa: S101 - the compiler refuses an endpoint without one
    try:
        start = base.fill(settings)
    except UnresolvedName as missing:
        raise _unset_setting(missing.name) from None
    except BadSetting as bad:
        raise SettingsIncomplete(
            f"The setting `{bad.name}` does not make a URL.", errors={f"config.{bad.name}": [str(bad)]}
        ) from None
    except BadBaseUrl as bad:
        raise SettingsIncomplete(str(bad)) from None
    path = _path(endpoint.path, bound, scope)
    query = _query(endpoint, bound, scope, placed)
    return start + path + (f"?{query}" if query else "")


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


def _query(endpoint: Endpoint, bound: Mapping[str, Any], scope: Mapping[str, Any], placed: Placed) -> str:
    pairs = [
        (name, _template_text(template, scope)) for name, template in (*endpoint.path_query, *endpoint.query)
    ]
    for parameter in _at(endpoint, "query"):
        if parameter.name in bound:
            pairs += [(parameter.name, text) for text in _query_values(bound[parameter.name])]
    pairs += placed.query
    return "&".join(f"{quote(name, safe=_QUERY_NAME_SAFE)}={quote(text, safe='')}" for name, text in pairs)


def _query_values(value: Any) -> list[str]:
    """A list repeats the name, as OpenAPI's `form` style does; an object travels as JSON."""
    if isinstance(value, list):
        return [text for item in value for text in _query_values(item)]
    if isinstance(value, dict):
        return [orjson.dumps(value).decode()]
    return [as_text(value)]


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
    members = {item.name: bound[item.name] for item in _at(endpoint, "body") if item.name in bound}
    if endpoint.body is None and not members and not placed.body:
        return None, None
    value = _fill_tree(endpoint.body, endpoint, scope) if endpoint.body is not None else {}
    if isinstance(value, dict):
        value = {**value, **members}
        for dotted, text in placed.body:
            _set_member(value, dotted.split("."), text)
    return _BODY_FORMATS[endpoint.body_format](value)


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


def _json_body(value: Any) -> tuple[str, bytes]:
    return "application/json", orjson.dumps(value)


def _form_body(value: Any) -> tuple[str, bytes]:
    pairs = [(name, text) for name, item in value.items() for text in _query_values(item)]
    return "application/x-www-form-urlencoded", urlencode(pairs).encode()


def _text_body(value: Any) -> tuple[str, bytes]:
    return "text/plain; charset=utf-8", as_text(value).encode()


def _xml_body(value: Any) -> tuple[str, bytes]:
    return "application/xml; charset=utf-8", as_text(value).encode()


_BODY_FORMATS: dict[str, Callable[[Any], tuple[str, bytes]]] = {
    "json": _json_body,
    "form": _form_body,
    "text": _text_body,
    "xml": _xml_body,
}


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


def normalise_public_url(name: str, value: str) -> str:
    """An input's URL, encoded, without its fragment. Raises Invalid by field for what is not an http(s) URL."""

    def refuse(why: str) -> Invalid:
        return Invalid(
            f"`{name}` is not a URL that can be fetched: {why}.", errors={f"parameters.{name}": [why]}
        )

    text = value.strip()
    if re.search(r"[\x00-\x20\x7f\\]", text):
        raise refuse("it holds blanks, backslashes or control characters")
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise refuse("it cannot be read") from None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise refuse("it must start with http:// or https:// and name a host")
    if "@" in parts.netloc:
        raise refuse("it must not carry a user name or password")
    path = quote(parts.path, safe="/%!$&'()*+,;=:@~-._") or "/"
    query = quote(
        parts.query, safe="/?%!$&'()*+,;=:@~-._[]|^`{}\"<>".replace('"', "").replace("<", "").replace(">", "")
    )
    try:
        netloc = parts.netloc.encode("idna").decode() if not parts.netloc.isascii() else parts.netloc
    except UnicodeError:
        raise refuse("its host name cannot be read") from None
    return f"{parts.scheme.lower()}://{netloc}{path}" + (f"?{query}" if query else "")


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
