"""The source of each value of a request, and its place in the request. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from integrations.calling.auth import used_credentials
from integrations.catalog.catalog import Installed
from integrations.manifests.model import (
    MISSING,
    Block,
    Credential,
    Endpoint,
    Integration,
    Signature,
    Step,
    Value,
)
from integrations.manifests.model.blocks import is_item
from integrations.manifests.templating import Template, Tree
from integrations.rendering.inputs import with_url_groups
from plugin_store.settings.properties import PropertySpec, effective_config, properties_of


@dataclass(frozen=True, slots=True)
class Source:
    """The source of a value, and its name there.

    `kind`: input, notebook, workspace, default, const, clock, secret, step, token, manifest, computed or missing.
    """

    kind: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """One name that a request uses: a parameter of the endpoint, a setting, a token or a computed value."""

    name: str
    place: str
    is_parameter: bool = False
    source: Source | None = None
    """Given where the name is nobody's setting."""


def setting_sources(installed: Installed) -> dict[str, Source]:
    """The source of each of the plugin's settings, and of the times that the clock fills."""
    plugin_state = installed.plugin_state
    return {name: Source("clock", name) for name in installed.integration.times} | {
        spec.name: Source(
            _setting_kind(spec, installed, plugin_state.workspace_config, plugin_state.notebook_config),
            spec.name,
        )
        for spec in properties_of(plugin_state.manifest)
    }


def _setting_kind(
    spec: PropertySpec, installed: Installed, workspace: Mapping[str, Any], notebook: Mapping[str, Any]
) -> str:
    if spec.secure:
        return "secret" if spec.name in installed.secrets else "missing"
    if spec.const is not None:
        return "const"
    # What counts as set is decided in one place. Here it is only applied layer by layer.
    bare = replace(spec, default=None)
    if effective_config([bare], {}, notebook):
        return "notebook"
    if effective_config([bare], workspace):
        return "workspace"
    return "default" if spec.name in installed.config else "missing"


def input_sources(
    block: Block, given: Mapping[str, Any], config: Mapping[str, Any], settings: Mapping[str, Source]
) -> dict[str, Source]:
    """The source of each of the block's inputs."""
    values = with_url_groups(block, given, config, {})
    return {item.name: _value_source(item, values, settings) for item in block.inputs}


def _value_source(item: Value, given: Mapping[str, Any], settings: Mapping[str, Source]) -> Source:
    if given.get(item.name) is not None:
        return Source("input", item.name)
    if item.from_config is not None and settings[item.from_config].kind != "missing":
        return settings[item.from_config]
    if item.default is not MISSING:
        return Source("default", item.name)
    return Source("missing", item.from_config or item.name)


def step_sources(
    step: Step, given: Mapping[str, Any], inputs: Mapping[str, Source], settings: Mapping[str, Source]
) -> dict[str, list[Source]]:
    """The sources of each parameter of a step's endpoint. `given` are the values that the step passes."""
    found = endpoint_sources(step.endpoint, given, settings)
    for name in given.keys() & found.keys():
        if step.parameters is None:
            found[name] = [inputs[name]]
        else:
            names = sorted(Tree(step.parameters.node[name]).names)
            names = [step.for_each if step.for_each and is_item(item) else item for item in names]
            found[name] = [_placeholder_source(item, inputs) for item in names] or [Source("manifest", name)]
    return found


def _placeholder_source(name: str, inputs: Mapping[str, Source]) -> Source:
    if name.startswith("inputs."):
        return inputs[name.removeprefix("inputs.")]
    return Source("step" if name.startswith("steps.") else "clock", name)


def endpoint_sources(
    endpoint: Endpoint, given: Mapping[str, Any], settings: Mapping[str, Source]
) -> dict[str, list[Source]]:
    """The sources of each parameter of an endpoint that is called directly."""
    return {item.name: [_value_source(item.value, given, settings)] for item in endpoint.parameters}


# -- where a name stands ---------------------------------------------------------------------------------------------


def uses(integration: Integration, endpoint: Endpoint, settings: Mapping[str, Any]) -> Iterator[Use]:
    """Everything that the endpoint's request uses, place by place. `settings` decide which credentials apply."""
    if endpoint.url_parameter is not None:
        yield Use(endpoint.url_parameter.name, "url", is_parameter=True)
        return
    parameters = {item.name for item in endpoint.parameters}
    for template, place in _own_templates(endpoint):
        for name in sorted(template.names):
            yield Use(name, place, is_parameter=name in parameters)
    for item in endpoint.parameters:
        if item.location not in ("path", "template"):
            yield Use(item.name, f"{item.location}:{item.name}", is_parameter=True)
    for template, place in _common_templates(integration, endpoint):
        for name in sorted(template.names):
            yield Use(name, place)
    provided = integration.token.provides if integration.token else frozenset()
    required = {name for name, item in integration.properties.items() if item.required}
    for credential in used_credentials(endpoint.credentials, settings, required):
        for use in _credential_uses(credential):
            yield replace(use, source=Source("token", use.name)) if use.name in provided else use


def _own_templates(endpoint: Endpoint) -> Iterator[tuple[Template | Tree, str]]:
    yield endpoint.path, "path"
    for name, template in endpoint.path_query:
        yield template, f"query:{name}"
    for name, template in endpoint.headers:
        yield template, f"header:{name}"
    if endpoint.body is not None:
        yield endpoint.body, "body"


def _common_templates(integration: Integration, endpoint: Endpoint) -> Iterator[tuple[Template, str]]:
    base_url = endpoint.base_url or integration.base_url
    if base_url is not None:
        yield base_url.template, "base_url"
    for name, template in endpoint.query:
        yield template, f"query:{name}"
    for name, template in endpoint.common_headers:
        yield template, f"header:{name}"
    for _, template in integration.tls.items() if integration.tls else ():
        yield template, "tls"


def _credential_uses(credential: Credential) -> Iterator[Use]:
    if credential.signature is not None:
        yield from _signature_uses(credential.signature)
        return
    for name in sorted(credential.names):
        yield Use(name, credential.placement)


def _signature_uses(signature: Signature) -> Iterator[Use]:
    computed = {item.name: item.function for item in signature.values}
    templates = [(template, f"signature:{item.function}") for item in signature.values
                 for template in (item.input, item.key) if template]  # fmt: skip
    templates += [(template, f"header:{name}") for name, template in signature.headers]
    templates += [(template, f"query:{name}") for name, template in signature.query]
    for template, place in templates:
        for name in sorted(template.names):
            if name in computed:
                yield Use(name, place, source=Source("computed", computed[name]))
            elif not name.startswith("request."):
                yield Use(name, place)
