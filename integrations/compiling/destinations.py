"""Every way in which a secret leaves, so that a change of any of them can be reviewed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from integrations.base_url import BaseUrl
from integrations.compiling.endpoints import Surroundings
from integrations.manifest import (
    GRANT,
    Credential,
    Endpoint,
    Login,
    LoginStep,
    OAuth2,
    SecretUse,
    Signature,
)
from integrations.templating import Template

Place = tuple[str, frozenset[str]]
"""A placement, and the names of what travels there."""


def secret_uses(endpoints: Iterable[Endpoint], around: Surroundings) -> Iterator[SecretUse]:
    """Each secret's placements, with the base URL whose origin it goes to; a use may come more than once."""
    for base_url, place in (*_calls(endpoints, around), *_purchases(around)):
        placement, names = place
        for name in sorted(_with_token(names, around)):
            if around.is_secure(name):
                yield SecretUse(name, placement, base_url)


def _calls(endpoints: Iterable[Endpoint], around: Surroundings) -> Iterator[tuple[BaseUrl, Place]]:
    for endpoint in endpoints:
        base_url = endpoint.base_url or around.base_url
        if base_url is not None and endpoint.url_parameter is None:
            for place in (*_call_places(endpoint, base_url), *_tls_places(around)):
                yield base_url, place


def _purchases(around: Surroundings) -> Iterator[tuple[BaseUrl, Place]]:
    """What buying a token sends, and to where."""
    token = around.token
    if isinstance(token, OAuth2):
        for place in (*_oauth2_places(token), *_tls_places(around)):
            yield token.token_url, place
        if token.authorization_url is not None:
            for place in _authorization_places(token, token.authorization_url):
                yield token.authorization_url, place
    if isinstance(token, Login):
        for step in token.steps:
            url = step.url or around.base_url
            if url is not None:
                for place in (*_login_places(step, url), *_tls_places(around)):
                    yield url, place


def _with_token(names: frozenset[str], around: Surroundings) -> frozenset[str]:
    """A token goes where its credential goes, and what bought it answers for that."""
    if around.token is None or not names & around.token.provides:
        return names
    return names | around.token_names()


def _call_places(endpoint: Endpoint, base_url: BaseUrl) -> Iterator[Place]:
    # In a template a parameter's name stands for the parameter, so for the setting that fills it.
    filled_by = {item.name: item.value.from_config for item in endpoint.parameters}
    yield "base_url", base_url.names
    yield "path", _settings(endpoint.path.names, filled_by)
    for location, templates in (("query", endpoint.path_query), ("header", endpoint.headers)):
        for name, template in templates:
            yield f"{location}:{name}", _settings(template.names, filled_by)
    for location, templates in (("query", endpoint.query), ("header", endpoint.common_headers)):
        for name, template in templates:
            yield f"{location}:{name}", template.names
    for parameter in endpoint.parameters:
        if parameter.location not in ("path", "template"):
            yield f"{parameter.location}:{parameter.name}", _settings([parameter.name], filled_by)
    if endpoint.body is not None:
        yield "body", _settings(endpoint.body.names, filled_by)
    for credential in endpoint.credentials:
        yield from _credential_places(credential)


def _settings(names: Iterable[str], filled_by: Mapping[str, str | None]) -> frozenset[str]:
    return frozenset(setting for name in names if (setting := filled_by.get(name, name)) is not None)


def _credential_places(credential: Credential) -> Iterator[Place]:
    if credential.signature is not None:
        yield from _signature_places(credential.signature)
        return
    if credential.password is None:
        yield credential.placement, credential.value.names
        return
    # A user name may be shown where a password is not.
    yield f"{credential.placement}:user", credential.value.names
    yield credential.placement, credential.password.names


def _signature_places(signature: Signature) -> Iterator[Place]:
    """A digest does not give away what went into it; base64 does, and so does a name in a header itself."""
    shown: dict[str, frozenset[str]] = {}

    def behind(template: Template | None) -> frozenset[str]:
        names = template.names if template else frozenset[str]()
        return frozenset().union(*(shown.get(name, {name}) for name in names))

    for item in signature.values:
        if item.function == "base64":
            shown[item.name] = behind(item.input)
        else:
            shown[item.name] = frozenset()
            yield f"signature:{item.function}", behind(item.input) | behind(item.key)
    for location, templates in (("header", signature.headers), ("query", signature.query)):
        for name, template in templates:
            yield f"{location}:{name}", behind(template)


def _tls_places(around: Surroundings) -> Iterator[Place]:
    """A client certificate says who calls: that too was meant for one server."""
    if around.tls is not None:
        yield "tls", around.tls.names


def _oauth2_places(token: OAuth2) -> Iterator[Place]:
    yield "oauth2:url", token.token_url.names
    yield "oauth2:client_id", token.client_id.names
    if token.client_secret is not None:
        yield f"oauth2:{token.endpoint_auth_method}", token.client_secret.names
    for scope in token.scopes:
        yield "oauth2:scope", scope.names
    for name, template in token.token_params:
        yield f"oauth2:{name}", template.names
    for name, template in token.headers:
        yield f"oauth2:header:{name}", template.names
    if token.grant_type == "authorization_code":
        yield "oauth2:grant", frozenset({GRANT})


def _authorization_places(token: OAuth2, url: BaseUrl) -> Iterator[Place]:
    """What a person's browser carries to where they sign in."""
    yield "authorization:url", url.names
    yield "authorization:client_id", token.client_id.names
    for scope in token.scopes:
        yield "authorization:scope", scope.names
    for name, template in token.authorization_params:
        yield f"authorization:{name}", template.names


def _login_places(step: LoginStep, url: BaseUrl) -> Iterator[Place]:
    yield "login:url", url.names
    if step.path is not None:
        yield "login:path", step.path.names
    for location, templates in (("query", step.query), ("header", step.headers)):
        for name, template in templates:
            yield f"login:{location}:{name}", template.names
    for credential in step.credentials:
        yield f"login:{credential.placement}", credential.names
    if step.body is not None:
        yield "login:body", step.body.names
