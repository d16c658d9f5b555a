"""Every way in which a secret leaves, so that a change of any of them can be reviewed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from integrations.base_url import BaseUrl
from integrations.compiling.endpoints import Surroundings
from integrations.manifest import Endpoint, Login, OAuth2, SecretUse

Place = tuple[str, frozenset[str], BaseUrl]


def secret_uses(endpoints: Iterable[Endpoint], around: Surroundings) -> Iterator[SecretUse]:
    """Each secret's placements, with the base URL whose origin it goes to; a use may come more than once."""
    places = [*_token_places(around)]
    for endpoint in endpoints:
        base_url = endpoint.base_url or around.base_url
        if base_url is not None and endpoint.url_parameter is None:
            places += _call_places(endpoint, base_url, around)
    for placement, names, base_url in places:
        for name in sorted(names):
            if around.is_secure(name):
                yield SecretUse(name, placement, base_url)


def _call_places(endpoint: Endpoint, base_url: BaseUrl, around: Surroundings) -> Iterator[Place]:
    own = {item.name for item in endpoint.parameters}
    yield "base_url", base_url.names, base_url
    yield "path", endpoint.path.names - own, base_url
    for name, template in (*endpoint.path_query, *endpoint.query):
        yield f"query:{name}", template.names - own, base_url
    for name, template in endpoint.headers:
        yield f"header:{name}", template.names - own, base_url
    for credential in endpoint.credentials:
        yield credential.placement, _behind_token(credential.names, around), base_url
    for parameter in endpoint.parameters:
        if parameter.value.from_config:
            place = f"{parameter.location}:{parameter.name}"
            yield place, frozenset({parameter.value.from_config}), base_url
    if endpoint.body is not None:
        yield "body", endpoint.body.names - own, base_url


def _behind_token(names: frozenset[str], around: Surroundings) -> frozenset[str]:
    """A token goes where its credential goes, and what bought it answers for that."""
    if around.token is None or not names & around.token.provides:
        return names
    return names | around.token_names()


def _token_places(around: Surroundings) -> Iterator[Place]:
    token = around.token
    if isinstance(token, OAuth2):
        yield "oauth2", around.token_names(), token.token_url
    if isinstance(token, Login):
        for step in token.steps:
            url = step.url or around.base_url
            if url is not None:
                yield "login", step.names, url
