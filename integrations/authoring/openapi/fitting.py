"""Reduces a manifest with very many operations to the cost limits of a manifest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from errors import Invalid
from integrations.authoring.openapi.document import NotConvertible
from integrations.manifests.compiling.costs import check_costs
from integrations.manifests.compiling.problems import Problems

Endpoint = dict[str, Any]


def fit_costs(manifest: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The manifest without the parts that exceed the limits, and notes. Raises Unfit if it is still too large."""
    reason = _trouble(manifest)
    if reason is None:
        return dict(manifest), []
    for what, remedy in _REMEDIES.items():
        lighter = {**manifest, "endpoints": [remedy(endpoint) for endpoint in manifest["endpoints"]]}
        if _trouble(lighter) is None:
            return lighter, [f"{what}: left out everywhere: {reason} Choose fewer operations to keep them."]
    raise NotConvertible(
        f"This is too much for one manifest: {reason} Choose with --tag, --path or --operation."
    )


def _trouble(manifest: Mapping[str, Any]) -> str | None:
    problems = Problems("manifest")
    check_costs(manifest, problems)
    try:
        problems.raise_if_any()
    except Invalid as invalid:
        return invalid.detail.removeprefix("manifest: ")
    return None


def _without_patterns(endpoint: Endpoint) -> Endpoint:
    """The endpoint with looser parameter rules, and without a response_schema that has patterns."""
    parameters = [
        {word: item[word] for word in item if word != "pattern"} for item in endpoint.get("parameters", ())
    ]
    lighter = {**endpoint, **({"parameters": parameters} if parameters else {})}
    return _without_schema(lighter) if _has_pattern(endpoint.get("response_schema")) else lighter


def _has_pattern(value: Any) -> bool:
    if isinstance(value, Mapping):
        return "pattern" in value or "patternProperties" in value or any(map(_has_pattern, value.values()))
    return isinstance(value, list) and any(map(_has_pattern, value))


def _without_schema(endpoint: Endpoint) -> Endpoint:
    return {word: endpoint[word] for word in endpoint if word != "response_schema"}


_REMEDIES: dict[str, Callable[[Endpoint], Endpoint]] = {
    "patterns": _without_patterns,
    "response_schema": _without_schema,
    "patterns and response_schema": lambda endpoint: _without_schema(_without_patterns(endpoint)),
}
