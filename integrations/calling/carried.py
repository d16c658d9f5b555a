"""Finds which secrets a request carries and where, by inspecting the built request, not the plan.

Each request with secrets is built twice: once as it is sent, and once with a random marker in place of each secret and
token. The place of a marker in the second is the place of its secret in the first. Pure except for random numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from errors import PatchbayError
from integrations.calling.carried_places import Found, carried_places
from integrations.calling.oauth2_requests import ClientEncoding, token_call
from integrations.calling.parameters import Values
from integrations.calling.requests_builder import FIRST_PAGE, Limits, Page, Substitutes, build_call
from integrations.calling.signatures import FUNCTIONS, Function
from integrations.egress.messages import CarriedSecret, PreparedCall
from integrations.manifests.markers import Marker, Markers
from integrations.manifests.model import GRANT, Endpoint, Integration, OAuth2
from integrations.manifests.positions import TEXT_FORMATS
from plugin_store.vault.destinations import Destination

Sealed = Mapping[str, Collection[Destination]]
"""What each secret is sealed for, by its name."""


def build_accounted_call(
    integration: Integration,
    endpoint: Endpoint,
    bound: Mapping[str, Any],
    values: Values,
    limits: Limits,
    now: float,
    page: Page = FIRST_PAGE,
    *,
    request: str = "call",
    derived: Collection[str] = (),
) -> PreparedCall:
    """The request of `build_call`, with a list of the secrets that it carries and their places.

    `derived` are settings that are handled like tokens because they come from the secrets: the outputs of a login.
    """
    call = build_call(integration, endpoint, bound, values, limits, now, page)
    if not values.secrets and not values.tokens and not derived:
        return call
    markers, traced = Markers(), list[Found]()
    marked = _marked_values(integration, values, derived, markers)
    others = _other_names(integration, endpoint)
    starts = {**values.merged(), **marked.secrets, **_marked_start(integration, endpoint, values, markers)}
    config = {**marked.config, **_marked_others(values.config, others - set(derived), endpoint, markers)}
    marked_bound = {**bound, **_marked_parameters(endpoint, bound, values, marked, others, markers)}

    def attempt() -> PreparedCall:
        substitutes = Substitutes(starts, _tracing(markers, traced))
        filled = replace(marked, config=config)
        return build_call(integration, endpoint, marked_bound, filled, limits, now, page, substitutes)

    found = _find(call, attempt, endpoint.body_format, markers, traced, values.secrets)
    carried = [*_carried(call, request, found, values.sealed), *_in_link(call, request, page, values)]
    return replace(call, carried=tuple(carried))


def build_accounted_token_call(
    integration: Integration,
    oauth2: OAuth2,
    values: Values,
    limits: Limits,
    grant: Mapping[str, str],
    sealed_grant: Collection[Destination] = (),
    encoding: ClientEncoding = "form",
) -> PreparedCall:
    """The request of `token_call`, with a list of the secrets that it carries and their places.

    `sealed_grant` are the allowed destinations of a user's grant: a refresh token, or a code with its verifier.
    """
    call = token_call(integration, oauth2, values, limits, grant, encoding=encoding)
    markers = Markers()
    marked = _marked_values(integration, values, (), markers)
    granted = {name: markers.of(GRANT) for name in grant.keys() & GRANT_PARAMETERS}
    config = {**marked.config, **_marked_others(values.config, oauth2.token_url.path_names, None, markers)}
    starts = {**values.merged(), **marked.secrets}
    if (whole := oauth2.token_url.whole_start) is not None and whole not in values.secrets:
        starts[whole] = f"{call.origin}/{markers.other}"

    def attempt() -> PreparedCall:
        filled = replace(marked, config=config)
        return token_call(integration, oauth2, filled, limits, {**grant, **granted}, starts, encoding)

    names = (*values.secrets, *([GRANT] if granted else []))
    found = _find(call, attempt, oauth2.body_format, markers, [], names)
    sealed = {**values.sealed, GRANT: tuple(sealed_grant)}
    return replace(call, carried=tuple(_carried(call, "token", found, sealed)))


GRANT_PARAMETERS = frozenset({"refresh_token", "code", "code_verifier"})


# -- marking ---------------------------------------------------------------------------------------------------------


def _marked_values(
    integration: Integration, values: Values, derived: Collection[str], markers: Markers
) -> Values:
    """The values with markers for each secret and token. A token's marker stands for the secrets that obtained it."""
    buyers = [name for name in sorted(integration.token_secrets) if name in values.secrets or name == GRANT]
    return replace(
        values,
        config={**values.config, **{name: markers.of(*buyers) for name in derived}},
        secrets={name: markers.of(name) for name in values.secrets},
        tokens={name: markers.of(*buyers) for name in values.tokens},
    )


def _other_names(integration: Integration, endpoint: Endpoint) -> frozenset[str]:
    """The names of values beside a secret that are needed to tell its places apart."""
    base = endpoint.base_url or integration.base_url
    names = endpoint.path.names | (base.path_names if base is not None else frozenset())
    names = names.union(*(template.names for _, template in endpoint.path_query))
    is_text = endpoint.body is not None and endpoint.body_format in TEXT_FORMATS
    return names | endpoint.body.names if is_text and endpoint.body is not None else names


def _marked_others(
    config: Mapping[str, Any], names: Iterable[str], endpoint: Endpoint | None, markers: Markers
) -> dict[str, str]:
    switches = {item.when for item in endpoint.credentials} if endpoint is not None else set()
    # A setting that disables a credential must still disable it.
    return {
        name: markers.other
        for name in names
        if _is_scalar(config.get(name)) and (config[name] or name not in switches)
    }


def _marked_start(
    integration: Integration, endpoint: Endpoint, values: Values, markers: Markers
) -> dict[str, str]:
    """For a setting that holds the whole start of the URL: the origin stays, the path becomes a marker."""
    base = endpoint.base_url or integration.base_url
    whole = base.whole_start if base is not None else None
    if base is None or whole is None or whole in values.secrets:
        return {}
    return {whole: f"{base.origin(values.merged())}/{markers.other}"}


def _marked_parameters(
    endpoint: Endpoint,
    bound: Mapping[str, Any],
    values: Values,
    marked: Values,
    others: Collection[str],
    markers: Markers,
) -> dict[str, str]:
    found = {name: markers.other for name in others if name in bound and _is_scalar(bound[name])}
    for parameter in endpoint.parameters:
        setting, value = parameter.value.from_config or "", bound.get(parameter.name)
        if value is not None and value == values.secrets.get(setting):
            found[parameter.name] = marked.secrets[setting]
    return found


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _tracing(markers: Markers, traced: list[Found]) -> dict[str, Function]:
    """The signature functions. They pass markers through if the result reveals the value, and record them if not."""

    def digest(name: str) -> Function:
        def note(text: str, key: str, _now: float) -> str:
            traced.extend((marker, "signature", name) for marker in markers.within(text + " " + key))
            return "0"

        return note

    hiding = {name: digest(name) for name in FUNCTIONS if name not in ("now_epoch", "now_iso")}
    return {**FUNCTIONS, **hiding, "base64": lambda text, _key, _now: markers.alone(text)}


# -- finding ---------------------------------------------------------------------------------------------------------


def _find(
    call: PreparedCall,
    attempt: Callable[[], PreparedCall],
    body_format: str,
    markers: Markers,
    traced: Iterable[Found],
    names: Iterable[str],
) -> Iterator[Found]:
    """The places of the markers. If they cannot be determined, each secret gets a place that is never allowed."""
    try:
        marked = attempt()
        is_same = marked.origin == call.origin
    except (PatchbayError, ValueError):
        marked, is_same = None, False
    if marked is not None:
        yield from carried_places(marked, body_format, markers)
        yield from traced
    if not is_same:
        yield from ((Marker((name,)), "unknown", "") for name in names)


def _carried(
    call: PreparedCall, request: str, found: Iterable[Found], sealed: Sealed
) -> Iterator[CarriedSecret]:
    origin = call.origin
    for marker, placement, name in dict.fromkeys(found):
        for secret in marker.answers:
            destination = Destination(request, placement, name, origin)
            yield CarriedSecret(secret, destination, tuple(sealed.get(secret, ())))


def _in_link(call: PreparedCall, request: str, page: Page, values: Values) -> Iterator[CarriedSecret]:
    """A provider's link to the next page may repeat a secret. It already goes to that destination anyway."""
    if page.url is None:
        return
    url, origin = unquote(page.url), call.origin
    for name, value in values.secrets.items():
        if value in url:
            there = tuple(
                Destination(request, "link", "", item.origin) for item in values.sealed.get(name, ())
            )
            yield CarriedSecret(name, Destination(request, "link", "", origin), there)
