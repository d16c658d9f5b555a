"""Checks whether a manifest would be registered, and warns of valid parts that are probably not meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import ValidationError

from errors import Invalid
from integrations.authoring.findings import Finding, Reviewed
from integrations.authoring.lint_rules import find_own_warnings, find_warnings
from integrations.authoring.source_map import Position, Source
from integrations.manifests.compiling import compile_plugin
from integrations.manifests.compiling.problems import Problems
from schemas.api.plugins import DeclarationSchema

_BODY_WORDS = frozenset({"id", "version", "type"})
_SECTIONS = frozenset({"integration", "properties", "endpoints", "blocks"})


def lint(value: Any) -> list[Finding]:
    """All errors of a registration body or a manifest; warnings only if there are no errors.

    Paths start with `manifest.` for both.
    """
    if not isinstance(value, Mapping):
        return [Finding("error", "manifest", "A manifest must be an object.")]
    if not is_registration_body(value):
        return _lint_manifest("manifest", _type_of(value), value)
    errors = list(_body_errors(value))
    manifest, plugin_type = value.get("manifest"), value.get("type")
    if isinstance(manifest, Mapping):
        found = _lint_manifest(str(value.get("id")), str(plugin_type), manifest)
        return [*errors, *(item for item in found if not errors or item.level == "error")]
    return errors


def is_registration_body(value: Mapping[str, Any]) -> bool:
    """Whether it is `{id, name, version, type, manifest}`, complete or not, rather than a manifest alone."""
    return "manifest" in value or bool(_BODY_WORDS & value.keys() and not _SECTIONS & value.keys())


def position_of(source: Source, found: Finding) -> Position:
    """Where a finding stands in the text that was checked."""
    is_body = isinstance(source.value, dict) and is_registration_body(source.value)
    path = found.path if is_body else found.path.removeprefix("manifest").removeprefix(".")
    return source.position(path)


def _type_of(manifest: Mapping[str, Any]) -> str:
    calls = {"integration", "endpoints", "blocks"} & manifest.keys()
    return "integration" if calls else "view"


def _body_errors(value: Mapping[str, Any]) -> Iterator[Finding]:
    problems = Problems("body")
    try:
        DeclarationSchema().load(value)
    except ValidationError as error:
        problems.add_tree(error.messages)
    try:
        problems.raise_if_any()
    except Invalid as invalid:
        yield from _as_findings(
            {path.removeprefix("body."): text for path, text in (invalid.errors or {}).items()}
        )


def _lint_manifest(plugin_id: str, plugin_type: str, manifest: Mapping[str, Any]) -> list[Finding]:
    try:
        return check_manifest(plugin_id, plugin_type, manifest)
    except Invalid as invalid:
        return list(_as_findings(invalid.errors or {"manifest": [invalid.detail]}))


def check_manifest(plugin_id: str, plugin_type: str, manifest: Mapping[str, Any]) -> list[Finding]:
    """Warnings about valid parts of the manifest that are probably not meant. Raises Invalid as registration does."""
    integration = compile_plugin(plugin_id, plugin_type, manifest)
    if integration is None:
        return list(find_own_warnings(manifest))
    return list(find_warnings(Reviewed(manifest, integration)))


def _as_findings(errors: Mapping[str, list[str]]) -> Iterator[Finding]:
    for path, messages in errors.items():
        for message in messages:
            yield Finding("error", path, message)
