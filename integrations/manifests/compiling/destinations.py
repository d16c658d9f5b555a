"""Every way in which a secret is sent, so that a change of any of them can be reviewed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import unquote

from integrations.json.members import member_path
from integrations.manifests.base_url import BaseUrl, encode_path_literal
from integrations.manifests.compiling.endpoints import IntegrationContext
from integrations.manifests.compiling.paths import NamedTemplates
from integrations.manifests.compiling.shown_names import names_behind, names_behind_values
from integrations.manifests.model import (
    GRANT,
    Credential,
    Endpoint,
    Login,
    LoginStep,
    OAuth2,
    Parameter,
    SecretUse,
    Signature,
)
from integrations.manifests.positions import (
    MEMBERS_WITHIN,
    TEXT_FORMATS,
    double_braces,
    holes,
    member_name,
    named,
    shortened,
)
from integrations.manifests.templating import Name, Template, Tree


class Place(NamedTuple):
    """One place of a request, and the names of the settings and tokens that are sent there."""

    request: str
    placement: str
    name: str
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Sent:
    """The parts of a request, as far as a manifest declares them."""

    request: str
    base_url: BaseUrl
    path: Template
    path_query: NamedTemplates = ()
    query: NamedTemplates = ()
    headers: NamedTemplates = ()
    parameters: tuple[Parameter, ...] = ()
    credentials: tuple[Credential, ...] = ()
    body: Tree | None = None
    body_format: str = "json"
    protocol: str = "plain"
    computed: Signature | None = None
    settings: NamedTemplates = field(default=())
    """Headers and query parameters of the integration, which no parameter of an endpoint fills."""


def secret_uses(endpoints: Iterable[Endpoint], around: IntegrationContext) -> Iterator[SecretUse]:
    """Each secret's places, with the base URL of their destination. A use may occur more than once."""
    for base_url, place in (*_calls(endpoints, around), *_token_requests(around)):
        for name in sorted(_with_token(place.names, around)):
            if around.is_secure(name):
                yield SecretUse(name, place.request, place.placement, place.name, base_url)


def _with_token(names: frozenset[str], around: IntegrationContext) -> frozenset[str]:
    """A token goes where its credential goes. The secrets that obtained it are treated as going there too."""
    if around.token is None or not names & around.token.provides:
        return names
    return names | around.token_names()


def _calls(endpoints: Iterable[Endpoint], around: IntegrationContext) -> Iterator[tuple[BaseUrl, Place]]:
    for endpoint in endpoints:
        base_url = endpoint.base_url or around.base_url
        if base_url is not None and endpoint.url_parameter is None:
            for place in (*_places(_sent_by(endpoint, base_url)), *_tls_places("call", around)):
                yield base_url, place


def _token_requests(around: IntegrationContext) -> Iterator[tuple[BaseUrl, Place]]:
    """The places and URLs of the token requests."""
    token = around.token
    if isinstance(token, OAuth2):
        for place in (*_oauth2_places(token), *_tls_places("token", around)):
            yield token.token_url, place
    if isinstance(token, Login):
        for step in token.steps:
            url = step.url or around.base_url
            if url is not None:
                for place in (*_places(_sent_at_login(step, url)), *_tls_places("login", around)):
                    yield url, place


def _sent_by(endpoint: Endpoint, base_url: BaseUrl) -> _Sent:
    return _Sent(
        request="call",
        base_url=base_url,
        path=endpoint.path,
        path_query=endpoint.path_query,
        query=endpoint.query,
        headers=endpoint.headers,
        parameters=endpoint.parameters,
        credentials=endpoint.credentials,
        body=endpoint.body,
        body_format=endpoint.body_format,
        protocol=endpoint.protocol,
        settings=endpoint.common_headers,
    )


def _sent_at_login(step: LoginStep, url: BaseUrl) -> _Sent:
    return _Sent(
        request="login",
        base_url=url,
        path=step.path or Template("", ("",)),
        query=step.query,
        headers=step.headers,
        credentials=step.credentials,
        body=step.body,
        body_format=step.body_format,
        computed=step.computed,
    )


# -- one request -----------------------------------------------------------------------------------------------------


def _places(sent: _Sent) -> Iterator[Place]:
    own = list(_own_places(sent))
    if sent.computed is not None:
        shown, hidden = names_behind_values(sent.computed)
        own = [
            (*place, frozenset[str]().union(*(shown.get(name, {name}) for name in names)))
            for *place, names in own
        ]
        own += hidden
    # In a template a parameter's name means the parameter, and so the setting that fills it.
    filled_by = {item.name: item.value.from_config for item in sent.parameters}
    placed = [
        Place(sent.request, placement, name, _settings(names, filled_by)) for placement, name, names in own
    ]
    placed += [
        Place(sent.request, placement, name, frozenset(names))
        for placement, name, names in (*_base_url_places(sent), *_setting_places(sent))
    ]
    yield from placed
    # Signatures are computed over everything else, and over earlier signatures.
    for credential in sorted(sent.credentials, key=lambda item: item.signature is not None):
        found = [
            Place(sent.request, placement, name, frozenset(names))
            for placement, name, names in _credential_places(credential, sent, placed)
        ]
        yield from found
        placed += found


_Found = tuple[str, str, Iterable[str]]


def _own_places(sent: _Sent) -> Iterator[_Found]:
    """The places that the endpoint itself declares."""
    for name, position in holes([named_base(sent.base_url), *_path_parts(sent.path)]):
        yield "path", position, [name.value]
    for _, template in sent.path_query:
        yield from _pair_places(template)
    for name, template in sent.headers:
        yield "header", name.lower(), template.names
    within = MEMBERS_WITHIN.get(sent.protocol)
    for item in sent.parameters:
        if item.location in ("query", "header"):
            name = item.name.lower() if item.location == "header" else double_braces(item.name)
            yield item.location, name, [item.name]
        elif item.location == "body":
            path = [item.name] if within is None else [within, item.name]
            yield "body", member_name(sent.body_format, path), [item.name]
    if sent.body is not None:
        yield from _body_places(sent.body, sent.body_format)


def _settings(names: Iterable[str], filled_by: Mapping[str, str | None]) -> frozenset[str]:
    return frozenset(setting for name in names if (setting := filled_by.get(name, name)) is not None)


def named_base(base_url: BaseUrl) -> str:
    """The base URL's path as it precedes an endpoint's path."""
    return "".join(part if isinstance(part, str) else "{}" for part in base_url.path_parts).rstrip("/")


def _path_parts(path: Template) -> list[str | Name]:
    return [encode_path_literal(part) if isinstance(part, str) else part for part in path.parts]


def _base_url_places(sent: _Sent) -> Iterator[_Found]:
    for name, position in holes(sent.base_url.path_parts):
        yield "path", position, [name.value]


def _setting_places(sent: _Sent) -> Iterator[_Found]:
    for name, template in sent.query:
        yield "query", double_braces(name), template.names
    for name, template in sent.settings:
        yield "header", name.lower(), template.names


def _pair_places(template: Template) -> Iterator[_Found]:
    """A pair of a path's own query. A placeholder may be in its name too."""
    name_parts: list[Any] = []
    for index, part in enumerate(template.parts):
        if isinstance(part, str) and "=" in part:
            values = [item.value for item in template.parts[index + 1 :] if isinstance(item, Name)]
            name_parts.append(unquote(part.partition("=")[0]))
            yield "query", named(name_parts), values
            break
        name_parts.append(unquote(part) if isinstance(part, str) else part)
    in_name = [item.value for item in name_parts if isinstance(item, Name)]
    if in_name:
        yield "query_name", named(name_parts), in_name


def _body_places(body: Tree, body_format: str) -> Iterator[_Found]:
    if body_format not in TEXT_FORMATS:
        yield from _member_places(body.node, body_format, ())
    elif isinstance(body.node, Template):
        parts = [double_braces(part) if isinstance(part, str) else part for part in body.node.parts]
        for name, position in holes(parts):
            yield "body_text", shortened(position), [name.value]


def _member_places(node: Any, body_format: str, path: tuple[str | None, ...]) -> Iterator[_Found]:
    if isinstance(node, Template):
        yield "body", member_name(body_format, path), node.names
    elif isinstance(node, dict):
        for name, item in node.items():
            yield from _member_places(item, body_format, (*path, name))
    elif isinstance(node, tuple):
        for item in node:
            yield from _member_places(item, body_format, (*path, None))


# -- credentials -----------------------------------------------------------------------------------------------------


def _credential_places(credential: Credential, sent: _Sent, placed: Sequence[Place]) -> Iterator[_Found]:
    if credential.signature is not None:
        shown = {
            "request.query": [item for item in placed if item.placement in ("query", "query_name")],
            "request.path": [item for item in placed if item.placement == "path"],
            "request.body": [item for item in placed if item.placement in ("body", "body_text")],
        }
        yield from names_behind(
            credential.signature, {part: _names_of(places) for part, places in shown.items()}
        )
    elif credential.password is not None:
        # A user name may be visible where a password is not.
        yield credential.location, "username", credential.value.names
        yield credential.location, "password", credential.password.names
    elif credential.location == "body":
        path = member_path(sent.body.node if sent.body is not None else None, credential.name.split("."))
        yield "body", member_name(sent.body_format, path), credential.value.names
    elif credential.location == "header":
        yield "header", credential.name.lower(), credential.value.names
    else:
        name = double_braces(credential.name) if credential.location == "query" else credential.name
        yield credential.location, name, credential.value.names


def _names_of(places: Iterable[Place]) -> frozenset[str]:
    return frozenset().union(*(place.names for place in places))


def _tls_places(request: str, around: IntegrationContext) -> Iterator[Place]:
    """A client certificate is a credential too, and was meant for one server."""
    if around.tls is None:
        return
    for word in ("ca_file", "client_certificate", "client_key"):
        template: Template | None = getattr(around.tls, word)
        if template is not None:
            yield Place(request, "tls", word, template.names)


# -- OAuth 2.0 -------------------------------------------------------------------------------------------------------


def _oauth2_places(token: OAuth2) -> Iterator[Place]:
    for placement, name, names in _token_request(token):
        yield Place("token", placement, name, frozenset(names))


def _token_request(token: OAuth2) -> Iterator[_Found]:
    for name, position in holes(token.token_url.path_parts):
        yield "path", position, [name.value]
    for name, template in token.query:
        yield "query", double_braces(name), template.names
    in_query = {name for name, _ in token.query}
    for name, names in _token_fields(token):
        if name not in in_query:
            yield _field(token, name, names)
    secret = token.client_secret.names if token.client_secret is not None else frozenset[str]()
    if token.endpoint_auth_method == "client_secret_basic":
        yield "basic", "username", token.client_id.names
        yield "basic", "password", secret
    for name, template in token.headers:
        yield "header", name.lower(), template.names


def _token_fields(token: OAuth2) -> Iterator[tuple[str, Iterable[str]]]:
    """The fields of a token request's body, and the names in them."""
    if token.endpoint_auth_method != "client_secret_basic":
        yield "client_id", token.client_id.names
        yield "client_secret", token.client_secret.names if token.client_secret is not None else ()
    if token.grant_type == "client_credentials":
        yield "scope", frozenset[str]().union(*(scope.names for scope in token.scopes))
    else:
        for name in ("refresh_token", "code", "code_verifier"):
            yield name, [GRANT]
    for name, template in token.token_params:
        yield name, template.names


def _field(token: OAuth2, name: str, names: Iterable[str]) -> _Found:
    if token.body_format == "none":
        return "query", double_braces(name), names
    return "body", member_name("form", [name]), names
