"""Converts operations to endpoints and blocks, or leaves them out with a reason."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from integrations.authoring.openapi.answers import read_answer
from integrations.authoring.openapi.bodies import WHOLE_BODY, Body, read_body
from integrations.authoring.openapi.document import METHODS, Document, NotConvertible, Operation
from integrations.authoring.openapi.names import (
    described,
    escape_braces,
    first_sentence,
    unique_name,
    valid_name,
)
from integrations.authoring.openapi.parameters import read_parameters
from integrations.authoring.openapi.properties import Properties
from integrations.authoring.openapi.security import Security
from integrations.authoring.openapi.servers import server_url

DEFAULT_CACHE_TTL_SECONDS = 300
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_TEMPLATE_NAME = re.compile(r"[A-Za-z_$][\w$-]*(?:\.[\w$-]+)*", re.ASCII)
_BODY_METHODS = ("post", "put", "patch")


@dataclass(slots=True)
class Endpoints:
    """The results. `titles` gives the operation for each endpoint id."""

    endpoints: list[dict[str, Any]] = field(default_factory=list)
    blocks: list[dict[str, Any]] = field(default_factory=list)
    titles: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_endpoints(
    document: Document,
    chosen: Iterable[Operation],
    security: Security,
    properties: Properties,
    *,
    with_schemas: bool = True,
) -> Endpoints:
    """An endpoint for each operation, and a block for each GET."""
    found = Endpoints()
    for operation in chosen:
        try:
            endpoint, notes = _Reader(document, operation, security, properties).endpoint(with_schemas)
        except NotConvertible as unfit:
            found.notes.append(f"{operation.title}: left out: {unfit}")
            continue
        name = operation.operation_id or operation.title.replace("{", "").replace("}", "").lower()
        endpoint["id"] = unique_name(valid_name(name, operation.method), found.titles)
        found.titles[endpoint["id"]] = operation.title
        found.endpoints.append(endpoint)
        found.notes += [f"{operation.title}: {note}" for note in notes]
        if operation.method == "get":
            found.blocks.append(_block(operation, endpoint["id"]))
    return found


def _block(operation: Operation, endpoint_id: str) -> dict[str, Any]:
    name = first_sentence(operation.spec.get("summary")) or endpoint_id
    return {"id": endpoint_id, "name": name, "endpoint": endpoint_id, "cache_ttl": DEFAULT_CACHE_TTL_SECONDS}


class _Reader:
    """Converts one operation."""

    def __init__(
        self, document: Document, operation: Operation, security: Security, properties: Properties
    ) -> None:
        self._document = document
        self._operation = operation
        self._security = security
        self._properties = properties

    def endpoint(self, with_schema: bool) -> tuple[dict[str, Any], list[str]]:
        """The endpoint without its id, and notes about what was left out. Raises Unfit."""
        operation = self._operation
        if operation.method not in METHODS:
            raise NotConvertible("a manifest does not support this method")
        if reason := self._security.refused.get(operation.title):
            raise NotConvertible(reason)
        taken = read_parameters(self._document, operation, self._security.places)
        body = read_body(self._document, operation)
        answer = read_answer(self._document, operation, with_schema=with_schema)
        notes = [*taken.notes, *body.notes, *answer.notes]
        elsewhere = [item for item in taken.parameters if item["in"] != "path"]
        elsewhere, clashes = _with_own_names(elsewhere)
        notes += clashes
        names = {item["name"] for item in elsewhere}
        members = _settle_members(body, names)
        in_path = [item for item in taken.parameters if item["in"] == "path"]
        path, path_parameters = _path(operation.path, in_path, names | {item["name"] for item in members})
        endpoint: dict[str, Any] = {"id": "", **described(operation.spec, "summary", "description")}
        if operation.spec.get("deprecated") is True:
            endpoint["deprecated"] = True
        endpoint |= {"method": operation.method.upper(), **self._own_server(), "path": path}
        if parameters := [*path_parameters, *elsewhere, *members]:
            endpoint["parameters"] = parameters
        headers = {**answer.headers, **body.words.pop("headers", {})}
        if headers:
            endpoint["headers"] = {name: escape_braces(value) for name, value in headers.items()}
        return {**endpoint, **body.words, **answer.words}, notes

    def _own_server(self) -> dict[str, str]:
        """`base_url` if the operation, or its path, has its own servers."""
        for spec in (self._operation.spec, self._operation.item):
            servers = spec.get("servers")
            if isinstance(servers, list) and servers:
                if self._security.places and self._operation.title in self._security.public:
                    raise NotConvertible(
                        "it is public and on another server, which would receive the credentials"
                    )
                return {"base_url": server_url(self._document.object(servers[0]), self._properties)}
        return {}


def _with_own_names(parameters: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Parameters with distinct names, because a manifest binds by name. Raises Unfit if a required one is lost."""
    found: dict[str, dict[str, Any]] = {}
    notes = []
    for item in sorted(parameters, key=lambda item: not item.get("required", False)):
        if item["name"] not in found:
            found[item["name"]] = item
            continue
        reason = f"the parameter `{item['name']}` ({item['in']}): another parameter has the same name"
        if item.get("required"):
            raise NotConvertible(reason)
        notes.append(f"without {reason}")
    return [item for item in parameters if found[item["name"]] is item], notes


def _settle_members(body: Body, taken: set[str]) -> list[dict[str, Any]]:
    """The members of the body. One whose name is taken is renamed, and a template puts it in its place."""
    members: list[dict[str, Any]] = []
    for item in body.parameters:
        name = item["name"]
        others = taken | {member["name"] for member in body.parameters if member is not item}
        if name not in taken and name not in {member["name"] for member in members}:
            members.append(item)
            continue
        own = unique_name(valid_name(f"body_{name}", "body"), others)
        if body.words.get("body") == f"{{{WHOLE_BODY}}}":
            body.words["body"] = f"{{{own}}}"
        else:
            body.words["body"] = {**body.words.get("body", {}), name: f"{{{own}}}"}
        members.append({**item, "name": own})
    return members


def _path(path: str, parameters: list[dict[str, Any]], taken: set[str]) -> tuple[str, list[dict[str, Any]]]:
    """The path's template and its parameters. Their names are not sent, so they are renamed on a conflict."""
    by_name = {item["name"]: item for item in parameters}
    own: dict[str, dict[str, Any]] = {}
    pieces: list[str] = []
    at = 0
    for match in _PLACEHOLDER.finditer(path):
        pieces.append(escape_braces(path[at : match.start()]))
        at = match.end()
        wire_name = match[1]
        if wire_name not in own:
            used = taken | {item["name"] for item in own.values()}
            item = by_name.get(wire_name) or {
                "name": wire_name,
                "in": "path",
                "type": "string",
                "required": True,
            }
            own[wire_name] = {**item, "name": _template_name(wire_name, used)}
        pieces.append(f"{{{own[wire_name]['name']}}}")
    pieces.append(escape_braces(path[at:]))
    return "".join(pieces), list(own.values())


def _template_name(name: str, taken: set[str]) -> str:
    if _TEMPLATE_NAME.fullmatch(name) and name not in taken:
        return name
    plain = valid_name(name, "part")
    return unique_name(f"path_{plain}" if plain in taken else plain, taken)
