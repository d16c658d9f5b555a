"""Compiles a declared manifest into an `Integration`, or refuses it with all errors by field.

A manifest that passes can be called. A wrong request is worse than a refused one, so every inconsistency is refused: an
unknown endpoint, a placeholder without a value, a credential without its property.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import ValidationError

from errors import Invalid
from integrations.manifests.compiling.blocks import compile_blocks
from integrations.manifests.compiling.costs import check_costs
from integrations.manifests.compiling.credentials import compile_credentials
from integrations.manifests.compiling.destinations import secret_uses
from integrations.manifests.compiling.endpoints import IntegrationContext, compile_endpoints
from integrations.manifests.compiling.own_settings import check_own_values, without_faults
from integrations.manifests.compiling.problems import Problems
from integrations.manifests.compiling.templates import compile_base_url
from integrations.manifests.compiling.tls import compile_tls
from integrations.manifests.compiling.tokens import compile_token, provided_names, with_credentials
from integrations.manifests.model import Endpoint, Integration, Property, RateLimit, Retry
from integrations.manifests.templating import placeholder_names
from integrations.manifests.time_placeholders import split_times
from plugin_store.engine.canonical import UncanonicalError, canonical_json
from schemas.manifests.manifest import ManifestSchema
from schemas.manifests.manifest_rules import DECLARATION_RULES
from schemas.manifests.stored import StoredManifestSchema
from schemas.rules.rules import broken

_SCHEMA = ManifestSchema()
_STORED_SCHEMA = StoredManifestSchema()
_WINDOWS = {
    "requests_per_second": 1,
    "requests_per_minute": 60,
    "requests_per_hour": 3600,
    "requests_per_day": 86400,
}


def compile_plugin(
    plugin_id: str, plugin_type: str, manifest: Mapping[str, Any], *, is_stored: bool = False
) -> Integration | None:
    """The integration that the manifest declares; None for a view or theme that calls nothing.

    `is_stored` means that the manifest was registered before: see `compile_blocks`. Raises Invalid with errors by
    field: `manifest.endpoints[2].path`.
    """
    costs = Problems("manifest")
    check_costs(manifest, costs)
    costs.raise_if_any()
    try:
        return _compile(plugin_id, plugin_type, manifest, is_stored=is_stored)
    except Invalid:
        meaningful = without_faults(manifest)
        if meaningful is manifest:
            raise
    return _compile(plugin_id, plugin_type, meaningful, is_stored=is_stored)


def _compile(
    plugin_id: str, plugin_type: str, manifest: Mapping[str, Any], *, is_stored: bool
) -> Integration | None:
    problems = Problems("manifest", is_stored=is_stored)
    loaded = _load(manifest, _STORED_SCHEMA if is_stored else _SCHEMA)
    properties = _properties(loaded["properties"], problems)
    section = loaded.get("integration")
    for path, message in broken(DECLARATION_RULES, {"type": plugin_type, "manifest": manifest}):
        problems.add(".".join(map(str, path[1:])), message)
    if section is None:
        problems.raise_if_any()
        return None
    integration = _integration(plugin_id, section, loaded, properties, problems, is_stored=is_stored)
    problems.raise_if_any()
    return integration


def _load(manifest: Mapping[str, Any], schema: ManifestSchema) -> dict[str, Any]:
    problems = Problems("manifest")
    try:
        canonical_json(manifest)
        return schema.load(manifest)  # type: ignore[return-value]
    except UncanonicalError as error:
        problems.add("", str(error))
    except ValidationError as error:
        problems.add_tree(error.messages)
    problems.raise_if_any()
    raise Invalid("The manifest is invalid.")


def _properties(declared: Sequence[Mapping[str, Any]], problems: Problems) -> dict[str, Property]:
    found: dict[str, Property] = {}
    for index, item in enumerate(declared):
        name = item["name"]
        if name in found:
            problems.add(f"properties[{index}].name", f"`{name}` is declared twice.")
        found[name] = Property(name, secure=item["secure"], required=item["required"], type=item["type"])
        with problems.under(f"properties[{index}]"):
            problems.check_value_declaration(item)
            check_own_values(item, problems)
            for time in sorted(split_times(placeholder_names(item.get("default")))[0]):
                problems.add_new(
                    "default",
                    f"Nothing fills `{{{time}}}` here: a setting is a plain value. "
                    "Write it as the default of an input or a parameter.",
                )
    return found


def _integration(
    plugin_id: str,
    section: Mapping[str, Any],
    loaded: Mapping[str, Any],
    properties: Mapping[str, Property],
    problems: Problems,
    *,
    is_stored: bool,
) -> Integration:
    api_type = section["api_type"]
    with problems.under("integration"):
        base_url = compile_base_url(section.get("base_url"), properties, problems)
    with problems.under("integration"):
        token = compile_token(section, properties, problems)
        with problems.under("tls"):
            tls = compile_tls(section.get("tls"), properties, problems)
    provided = provided_names(section, token)
    credentials = compile_credentials(section, loaded["endpoints"], properties, provided, problems)
    token = with_credentials(token, credentials)
    around = IntegrationContext.of(section, properties, base_url, credentials, token, tls, problems)
    endpoints = compile_endpoints(loaded["endpoints"], around, problems)
    calls = api_type != "none"
    blocks = compile_blocks(
        loaded["blocks"], endpoints, properties, problems, calls=calls, is_stored=is_stored
    )
    test_endpoint = section.get("test_endpoint")
    _check_test_endpoint(test_endpoint, endpoints, problems)
    return Integration(
        plugin_id=plugin_id,
        api_type=api_type,
        auth_method=section["auth_method"],
        base_url=base_url,
        properties=properties,
        endpoints=endpoints,
        blocks=blocks,
        secret_uses=tuple(secret_uses(endpoints.values(), around)),
        timeout_seconds=section.get("timeout"),
        retry=_retry(section.get("retry")),
        rate_limit=_rate_limit(section.get("rate_limit")),
        test_endpoint=test_endpoint,
        token=token,
        tls=tls,
        token_secrets=frozenset(name for name in around.token_names() if around.is_secure(name)),
    )


def _check_test_endpoint(name: str | None, endpoints: Mapping[str, Endpoint], problems: Problems) -> None:
    """Adds a problem for an endpoint that a connection test cannot call, because a test has no inputs."""
    if name is None:
        return
    endpoint = endpoints.get(name)
    if endpoint is None:
        problems.add("integration.test_endpoint", f"There is no endpoint `{name}`.")
        return
    for needed in endpoint.needed_inputs:
        problems.add_new(
            "integration.test_endpoint",
            f"Nothing fills `{needed}` of `{name}` in a test: give it a `default` or `from_config`, "
            "or name an endpoint that needs no input.",
        )


def _retry(declared: Mapping[str, Any] | None) -> Retry | None:
    if declared is None:
        return None
    return Retry(
        max_retries=declared["max_retries"],
        status_codes=frozenset(declared["status_codes"]),
        wait_header=declared["wait_time_from_header"],
        wait_until_header=declared.get("wait_until_time_from_header"),
    )


def _rate_limit(declared: Mapping[str, Any] | None) -> RateLimit | None:
    if not declared:
        return None
    return RateLimit(tuple((_WINDOWS[word], declared[word]) for word in _WINDOWS if word in declared))
