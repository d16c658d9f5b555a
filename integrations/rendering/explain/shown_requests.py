"""The requests that would be sent, built by the same rules as real ones and shown without secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from errors import Invalid, PatchbayError, SettingsIncomplete
from integrations.calling.pagination import first_position
from integrations.calling.parameters import Values, bind_parameters
from integrations.calling.requests_builder import Limits, build_call
from integrations.calling.token_need import is_wanted
from integrations.catalog.catalog import Installed
from integrations.egress.guard import EgressVerdict
from integrations.egress.messages import PreparedCall
from integrations.manifests.model import Credential, Endpoint, Parameter
from integrations.manifests.templating import Name, Template
from integrations.redaction.redactor import MASK
from integrations.rendering.explain.placeholders import Placeholders
from integrations.rendering.explain.provenance import Source, Use, uses

Judge = Callable[[str, bool], EgressVerdict]
"""Whether a URL may be called; the flag says that an input named it."""

_MAX_GAPS = 100
_HIDDEN_KINDS = frozenset({"secret", "token", "computed"})


@dataclass(frozen=True, slots=True)
class ShownValue:
    """One value that a request uses: its name, its value, its place and its source."""

    name: str
    value: Any
    places: list[str]
    sources: list[Source]


@dataclass(frozen=True, slots=True)
class Egress:
    """Whether the egress guard would allow the call; None if that depends on an unknown value."""

    allowed: bool | None
    reason: str


@dataclass(frozen=True, slots=True)
class ShownRequest:
    """A request with `••••` for secrets, and `{name}` for values that are missing or come from an earlier step."""

    method: str
    url: str
    headers: list[dict[str, str]]
    body: str | None
    values: list[ShownValue]
    egress: Egress


@dataclass(slots=True)
class Draft:
    """The values that requests are built from. Each gap found while building is filled with a placeholder.

    `problems` are those gaps, as a render would report them.
    """

    installed: Installed
    placeholders: Placeholders
    values: Values
    problems: list[PatchbayError] = field(default_factory=list)

    def note(self, error: PatchbayError) -> None:
        """Adds a problem, unless it is listed already."""
        if (error.code, error.errors) not in [(item.code, item.errors) for item in self.problems]:
            self.problems.append(error)

    def build(self, given: dict[str, Any], attempt: Callable[[], PreparedCall]) -> PreparedCall | None:
        """The call that `attempt` builds, with gaps filled in `given` and the settings; None if that fails."""
        for _ in range(_MAX_GAPS):
            try:
                return attempt()
            except (Invalid, SettingsIncomplete) as error:
                self.note(error)
                filled = [self._fill(path, given) for path in error.errors or ()]
                if not filled or not all(filled):
                    return None
        return None

    def _fill(self, path: str, given: dict[str, Any]) -> bool:
        """Whether a placeholder was put in the invalid place. A second one in the same place would not help."""
        where, _, name = path.partition(".")
        target = {"parameters": given, "config": self.values.config}.get(where)
        if not isinstance(target, dict) or self.placeholders.covers(target.get(name)):
            return False
        target[name] = self.placeholders.unknown(name, is_url=name in whole_url_names(self.installed))
        return True


def start_draft(installed: Installed, placeholders: Placeholders) -> Draft:
    """A draft with the current settings, and placeholders for secrets, tokens and missing required settings."""
    integration = installed.integration
    urls = whole_url_names(installed)
    secure = {name for name, item in integration.properties.items() if item.secure}
    config = dict(installed.config)
    secrets = {
        name: placeholders.secret(name, is_url=name in urls) for name in secure & installed.secrets.keys()
    }
    for name in installed.missing:
        (secrets if name in secure else config)[name] = placeholders.unknown(name, is_url=name in urls)
    required = frozenset(name for name, item in integration.properties.items() if item.required)
    token = integration.token
    is_on = token is not None and is_wanted(token, {**config, **secrets})
    tokens = {name: placeholders.secret(name) for name in (token.provides if token and is_on else ())}
    return Draft(installed, placeholders, Values(config, secrets, required, tokens))


def whole_url_names(installed: Installed) -> frozenset[str]:
    """The settings that hold the start of a URL, including the scheme."""
    integration = installed.integration
    bases = [integration.base_url, *(endpoint.base_url for endpoint in integration.endpoints.values())]
    firsts = [base.template.parts[0] for base in bases if base is not None]
    return frozenset(first.value for first in firsts if isinstance(first, Name))


def show_endpoint_call(
    draft: Draft,
    endpoint: Endpoint,
    parameters: Mapping[str, Any],
    sources: Mapping[str, list[Source]],
    settings: Mapping[str, Source],
    limits: Limits,
    now: float,
    judge: Judge,
) -> ShownRequest | None:
    """The endpoint's first request; None if placeholders cannot complete it, as the draft's problems explain."""
    installed, placeholders = draft.installed, draft.placeholders
    position = first_position(endpoint)
    given = _without_entered_secrets(endpoint, {**parameters, **position.parameters}, placeholders)
    _drop_unknown(draft, endpoint, given)
    drafted = _with_hidden_signatures(_lenient(endpoint, placeholders), placeholders)
    bound: dict[str, Any] = {}

    def attempt() -> PreparedCall:
        bound.clear()
        bound.update(bind_parameters(drafted, given, draft.values))
        return build_call(installed.integration, drafted, bound, draft.values, limits, now, position.page)

    call = draft.build(given, attempt)
    if call is None:
        return None
    moved = {name: [Source("manifest", name)] for name in position.parameters}
    merged = draft.values.merged()
    shown = _values(
        uses(installed.integration, endpoint, merged), bound, merged, {**sources, **moved}, settings
    )
    return show_call(call, shown, placeholders, judge)


def show_call(
    call: PreparedCall, values: list[ShownValue], placeholders: Placeholders, judge: Judge
) -> ShownRequest:
    """The built call, for display."""

    def show(text: str) -> str:
        return placeholders.show(text, call.secrets)

    body = call.body.decode("utf-8", "replace") if call.body is not None else None
    return ShownRequest(
        method=call.method,
        url=show(call.url),
        headers=[{"name": name, "value": show(value)} for name, value in call.headers],
        body=None if body is None else show(body),
        values=[_shown(item, placeholders) for item in values],
        egress=_egress(call, placeholders, judge),
    )


def _shown(value: ShownValue, placeholders: Placeholders) -> ShownValue:
    is_hidden = any(source.kind in _HIDDEN_KINDS for source in value.sources)
    return replace(value, value=MASK if is_hidden else placeholders.show_value(value.value))


def setting_values(
    names: Iterable[str], place: str, values: Values, settings: Mapping[str, Source]
) -> list[ShownValue]:
    """The values of settings that are used in one place."""
    used = [Use(name, place) for name in sorted(names)]
    return _values(used, {}, values.merged(), {}, settings)


def _egress(call: PreparedCall, placeholders: Placeholders, judge: Judge) -> Egress:
    if placeholders.covers(urlsplit(call.url).netloc):
        return Egress(None, "The destination depends on a value that is not known here.")
    verdict = judge(call.url, call.public_only)
    return Egress(verdict.allowed, verdict.reason)


def _values(
    used: Iterable[Use],
    bound: Mapping[str, Any],
    settings: Mapping[str, Any],
    parameter_sources: Mapping[str, list[Source]],
    setting_sources: Mapping[str, Source],
) -> list[ShownValue]:
    found: dict[tuple[str, bool], ShownValue] = {}
    for use in used:
        value = (bound if use.is_parameter else settings).get(use.name)
        if value is None and use.source is None:
            continue
        if (use.name, use.is_parameter) not in found:
            sources = parameter_sources[use.name] if use.is_parameter else None
            own = use.source or setting_sources.get(use.name, Source("missing", use.name))
            found[(use.name, use.is_parameter)] = ShownValue(use.name, value, [], sources or [own])
        places = found[(use.name, use.is_parameter)].places
        if use.place not in places:
            places.append(use.place)
    return list(found.values())


def _without_entered_secrets(
    endpoint: Endpoint, given: Mapping[str, Any], placeholders: Placeholders
) -> dict[str, Any]:
    """The given values, with a placeholder for each value that a user entered where a stored secret would be sent."""
    secure = {item.name for item in endpoint.parameters if item.value.from_config in endpoint.secret_names}
    return {
        name: placeholders.secret(f"parameter {name}") if name in secure and value is not None else value
        for name, value in given.items()
    }


def _drop_unknown(draft: Draft, endpoint: Endpoint, given: dict[str, Any]) -> None:
    known = {item.name for item in endpoint.parameters}
    unknown = sorted(given.keys() - known)
    for name in unknown:
        del given[name]
    if unknown:
        why = ["Unknown; this endpoint has no such parameter."]
        errors = {f"parameters.{name}": why for name in unknown}
        draft.note(Invalid("Some parameters are invalid.", errors=errors))


def _lenient(endpoint: Endpoint, placeholders: Placeholders) -> Endpoint:
    """A copy of the endpoint that accepts a placeholder for any parameter."""

    def lenient(parameter: Parameter) -> Parameter:
        check = parameter.value.check
        relaxed = replace(
            parameter.value, check=lambda value: [] if placeholders.covers(value) else check(value)
        )
        return replace(parameter, value=relaxed)

    return replace(endpoint, parameters=tuple(lenient(item) for item in endpoint.parameters))


def _with_hidden_signatures(endpoint: Endpoint, placeholders: Placeholders) -> Endpoint:
    """A copy of the endpoint that shows signed timestamps but nothing that is computed with a secret."""
    hidden = tuple(hide_signature(item, placeholders) for item in endpoint.credentials)
    return replace(endpoint, credentials=hidden)


def hide_signature(credential: Credential, placeholders: Placeholders) -> Credential:
    """A copy of the credential that shows signed timestamps but nothing that is computed with a secret."""
    signature = credential.signature
    if signature is None:
        return credential
    hidden = {item.name for item in signature.values if not item.function.startswith("now_")}

    def hide(template: Template) -> Template:
        parts = [
            placeholders.secret(f"signature {part.value}")
            if isinstance(part, Name) and part.value in hidden
            else part
            for part in template.parts
        ]
        return Template(template.source, tuple(parts))

    return replace(
        credential,
        signature=replace(
            signature,
            headers=tuple((name, hide(template)) for name, template in signature.headers),
            query=tuple((name, hide(template)) for name, template in signature.query),
        ),
    )
