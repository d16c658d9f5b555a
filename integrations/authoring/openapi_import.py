"""Converts an OpenAPI document to a registration body: a manifest to edit, which already compiles."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import semver

from errors import Invalid
from integrations.authoring.openapi.document import (
    Document,
    NotConvertible,
    Operation,
    open_document,
    read_operations,
)
from integrations.authoring.openapi.endpoints import Endpoints, read_endpoints
from integrations.authoring.openapi.fitting import fit_costs
from integrations.authoring.openapi.names import described
from integrations.authoring.openapi.properties import Properties
from integrations.authoring.openapi.security import read_security
from integrations.authoring.openapi.servers import choose_server
from integrations.manifests.compiling import compile_plugin

MAX_OPERATIONS = 1000


@dataclass(frozen=True, slots=True)
class Choice:
    """The selected operations: those that any of the options names, or all without options."""

    tags: Sequence[str] = ()
    paths: Sequence[str] = ()
    operation_ids: Sequence[str] = ()

    def among(self, known: list[Operation]) -> list[Operation]:
        """The selected operations. Raises Unfit for an option that selects none."""
        if not (self.tags or self.paths or self.operation_ids):
            return known
        chosen = {
            operation.title
            for word, values, fits in (
                ("tag", self.tags, lambda operation, value: value in operation.tags),
                ("path", self.paths, lambda operation, value: fnmatchcase(operation.path, value)),
                ("operation", self.operation_ids, lambda operation, value: operation.operation_id == value),
            )
            for value in values
            for operation in _fitting(known, word, value, fits)
        }
        return [operation for operation in known if operation.title in chosen]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The user's options beside the document."""

    plugin_id: str
    name: str | None = None
    version: str | None = None
    server: str | None = None
    choice: Choice = field(default_factory=Choice)
    with_schemas: bool = True


@dataclass(frozen=True, slots=True)
class Imported:
    """A registration body, and a line for each part of the document that the manifest does not contain."""

    declaration: dict[str, Any]
    notes: list[str]


def import_openapi(value: Any, options: ImportOptions) -> Imported:
    """The registration body for an OpenAPI file; `compile_plugin` accepts it.

    Raises Unfit if nothing can be converted.
    """
    document = open_document(value)
    known, notes = read_operations(document)
    chosen = options.choice.among(known)
    if len(chosen) > MAX_OPERATIONS:
        raise NotConvertible(
            f"The document has {len(chosen)} operations, a manifest at most {MAX_OPERATIONS}: "
            "choose with --tag, --path or --operation."
        )
    properties = Properties()
    base_url, other_servers = choose_server(document.root.get("servers"), options.server, properties)
    security = read_security(document, chosen, base_url, properties)
    found = read_endpoints(document, chosen, security, properties, with_schemas=options.with_schemas)
    notes += [*other_servers, *security.notes, *found.notes]
    if document.section("webhooks"):
        notes.append("webhooks: left out: they are calls of the provider, not to it")
    manifest = {
        **described(document.section("info"), "description", "title"),
        **_docs(document),
        "integration": {"api_type": "rest", "base_url": base_url, **security.section},
        "properties": properties.as_list(),
        "endpoints": found.endpoints,
        "blocks": found.blocks,
    }
    manifest, too_much = fit_costs(manifest)
    notes += too_much
    notes += _leave_out_what_does_not_compile(options.plugin_id, manifest, found)
    if not manifest["endpoints"]:
        raise NotConvertible("\n".join([*notes, "No operation is left to import."]))
    info = document.section("info")
    return Imported(
        {
            "id": options.plugin_id,
            "name": options.name or str(info.get("title") or options.plugin_id)[:200],
            "version": options.version or _semantic_version(info.get("version")),
            "type": "integration",
            "manifest": {word: part for word, part in manifest.items() if part not in ([], {})},
        },
        notes,
    )


def _fitting(known: Sequence[Operation], word: str, value: str, fits: Any) -> list[Operation]:
    found = [operation for operation in known if fits(operation, value)]
    if found:
        return found
    tags = sorted({tag for operation in known for tag in operation.tags})
    hint = f" Tags: {', '.join(tags)[:1000]}." if word == "tag" and tags else ""
    raise NotConvertible(f"No operation has the {word} `{value}`.{hint}")


def _leave_out_what_does_not_compile(plugin_id: str, manifest: dict[str, Any], found: Endpoints) -> list[str]:
    """Removes endpoints until the manifest compiles, and returns the reasons. Raises Unfit for other errors."""
    notes: list[str] = []
    while True:
        try:
            compile_plugin(plugin_id, "integration", manifest)
        except Invalid as invalid:
            wrong = _wrong_endpoints(invalid.errors or {})
            if not wrong:
                raise NotConvertible(f"The imported manifest does not compile: {invalid.detail}") from None
            for index, reason in wrong.items():
                notes.append(f"{found.titles[manifest['endpoints'][index]['id']]}: left out: {reason}")
            gone = {manifest["endpoints"][index]["id"] for index in wrong}
            for section in ("endpoints", "blocks"):
                manifest[section] = [item for item in manifest[section] if item["id"] not in gone]
        else:
            return notes


def _wrong_endpoints(errors: Mapping[str, Sequence[str]]) -> dict[int, str]:
    """The first error of each endpoint, by its index."""
    found: dict[int, str] = {}
    for path, messages in errors.items():
        match = re.match(r"manifest\.endpoints\[(\d+)\]\.?(.*)", path)
        if match:
            found.setdefault(int(match[1]), f"{match[2]}: {messages[0]}" if match[2] else messages[0])
    return found


def _docs(document: Document) -> dict[str, str]:
    url = document.section("externalDocs").get("url")
    return {"docs": url} if isinstance(url, str) else {}


def _semantic_version(version: Any) -> str:
    """The document's version as SemVer: `2.1` is 2.1.0; 1.0.0 if it cannot be converted."""
    text = str(version or "").strip().removeprefix("v")
    if semver.Version.is_valid(text):
        return text
    numbers = re.fullmatch(r"(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?", text)
    return ".".join(str(int(number or 0)) for number in numbers.groups()) if numbers else "1.0.0"
