"""An OpenAPI document and its references. Only references within the document are followed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

METHODS = ("get", "head", "post", "put", "patch", "delete")
"""The methods that a manifest knows, in the order in which operations are read."""
OTHER_METHODS = ("options", "trace")
_MAX_HOPS = 50

Json = Mapping[str, Any]


class NotConvertible(ValueError):
    """Something that a manifest cannot express. The message tells the user why."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document of OpenAPI 3.0 or 3.1. `is_old` is true for 3.0, whose schemas are not JSON Schema yet."""

    root: Json
    is_old: bool

    def resolve(self, node: Any) -> Any:
        """The target of `$ref`, or the node itself. Raises Unfit."""
        for _ in range(_MAX_HOPS):
            if not (isinstance(node, Mapping) and isinstance(node.get("$ref"), str)):
                return node
            node = self.at(node["$ref"])
        raise NotConvertible("a reference that only leads to itself")

    def object(self, node: Any) -> Json:
        """The same for an object; an empty one for any other value."""
        found = self.resolve(node)
        return found if isinstance(found, Mapping) else {}

    def at(self, reference: str) -> Any:
        """The target of a reference of the form `#/…` (RFC 6901). Raises Unfit."""
        if not reference.startswith("#/"):
            raise NotConvertible(f"the reference `{reference[:200]}` leads out of the document")
        found: Any = self.root
        for step in unquote(reference[2:]).split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping) and name in found:
                found = found[name]
            elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
                found = found[int(name)]
            else:
                raise NotConvertible(f"there is nothing at `{reference[:200]}`")
        return found

    def section(self, *names: str) -> Json:
        """A part of the document that is an object of objects; an empty one if it is missing."""
        found: Any = self.root
        for name in names:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else {}


def open_document(value: Any) -> Document:
    """The document in a file. Raises Unfit for anything but OpenAPI 3.0 or 3.1."""
    if not isinstance(value, Mapping):
        raise NotConvertible("This is not an OpenAPI document.")
    version = value.get("openapi")
    if "swagger" in value:
        raise NotConvertible("This is Swagger 2.0; convert it to OpenAPI 3 first.")
    if not isinstance(version, str) or not version.startswith(("3.0", "3.1")):
        raise NotConvertible("This is not an OpenAPI 3.0 or 3.1 document: see its member `openapi`.")
    if not isinstance(value.get("paths", {}), Mapping):
        raise NotConvertible("`paths` is not an object.")
    return Document(value, version.startswith("3.0"))


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, with what the path declares for all of its methods."""

    method: str
    path: str
    item: Json
    spec: Json

    @property
    def title(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def tags(self) -> list[str]:
        tags = self.spec.get("tags")
        return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []

    @property
    def operation_id(self) -> str | None:
        name = self.spec.get("operationId")
        return name if isinstance(name, str) and name else None


def read_operations(document: Document) -> tuple[list[Operation], list[str]]:
    """Every operation in the document's order, and a note for each path that cannot be read."""
    found: list[Operation] = []
    notes: list[str] = []
    for path, node in document.section("paths").items():
        try:
            item = document.object(node)
        except NotConvertible as unfit:
            notes.append(f"{path}: left out: {unfit}")
            continue
        for method in (*METHODS, *OTHER_METHODS):
            if isinstance(item.get(method), Mapping):
                found.append(Operation(method, path, item, item[method]))
    return found, notes
