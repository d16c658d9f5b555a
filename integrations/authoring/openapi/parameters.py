"""Converts parameters of an operation, if the request would be the described one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.authoring.openapi.document import Document, NotConvertible, Operation
from integrations.authoring.openapi.names import described, fits
from integrations.authoring.openapi.shapes import MIXED, Shape, declared_value, read_shape
from integrations.manifests.compiling.templates import forbidden_header
from schemas.manifests.declared import HEADER_NAME, WIRE_NAME

Place = tuple[str, str]
"""`in` and the name, of a header in lower case."""

# OpenAPI 3.1 section 4.8.12.2: a document's parameters of these names are ignored.
_NOT_PARAMETERS = {("header", "accept"), ("header", "content-type"), ("header", "authorization")}
_DEFAULT_STYLES = {"path": "simple", "query": "form", "header": "simple", "cookie": "form"}


@dataclass(slots=True)
class ConvertedParameters:
    """The converted parameters, and a sentence for each one that was left out."""

    parameters: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_parameters(
    document: Document, operation: Operation, credential_places: Collection[Place]
) -> ConvertedParameters:
    """The parameters of the path and of the operation.

    An optional one that cannot be expressed is left out with a note. Raises Unfit if it is required, because the
    request cannot be made then.
    """
    taken = ConvertedParameters()
    for spec in _specs(document, operation).values():
        place, name = spec["in"], spec["name"]
        key = _place_of(spec)
        if key in _NOT_PARAMETERS or key in credential_places:
            continue
        try:
            taken.parameters += _read_one(document, spec)
        except NotConvertible as unfit:
            reason = f"the parameter `{name}` ({place}): {unfit}"
            if spec.get("required") is True or place == "path":
                raise NotConvertible(reason) from None
            taken.notes.append(f"without {reason}")
    return taken


def _specs(document: Document, operation: Operation) -> dict[Place, Mapping[str, Any]]:
    """By place. The operation's declaration overrides that of its path."""
    found: dict[Place, Mapping[str, Any]] = {}
    for nodes in (operation.item.get("parameters"), operation.spec.get("parameters")):
        for node in nodes if isinstance(nodes, list) else ():
            spec = document.object(node)
            if not (isinstance(spec.get("name"), str) and isinstance(spec.get("in"), str)):
                raise NotConvertible("a parameter without a name or a place")
            found[_place_of(spec)] = spec
    return found


def _place_of(spec: Mapping[str, Any]) -> Place:
    place, name = spec["in"], spec["name"]
    return place, name.lower() if place == "header" else name


def _read_one(document: Document, spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    read = _READERS.get(spec["in"])
    if read is None:
        raise NotConvertible("there is no such place in a request")
    if spec["in"] != "path":  # the name is not sent
        require_wire_name(spec["name"])
    shape, is_json = _shape_of(document, spec)
    deprecated = {"deprecated": True} if spec.get("deprecated") is True else {}
    return [
        {**item, **_description(item, spec), **deprecated} for item in read(document, spec, shape, is_json)
    ]


def _description(item: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, str]:
    """The member's own description, else the parameter's, else its schema's."""
    own = {word: item[word] for word in ("description",) if word in item}
    return own or described(spec) or described(spec.get("schema"))


def require_wire_name(name: str) -> None:
    """Raises Unfit for a name that no parameter of a manifest can have."""
    if not fits(WIRE_NAME, name):
        raise NotConvertible("its name is empty, contains spaces or is too long")


def _shape_of(document: Document, spec: Mapping[str, Any]) -> tuple[Shape, bool]:
    """The value's shape, and whether it is sent as JSON text."""
    content = spec.get("content")
    if not isinstance(content, Mapping) or not content:
        return read_shape(document, spec.get("schema")), False
    media_type, media = next(iter(content.items()))
    if not str(media_type).startswith("application/json"):
        raise NotConvertible(f"it travels as {media_type}")
    return read_shape(document, document.object(media).get("schema")), True


def _path(
    _document: Document, spec: Mapping[str, Any], shape: Shape, is_json: bool
) -> Iterator[dict[str, Any]]:
    _require_style(spec, "simple")
    _require_text(shape, is_json)
    yield {"name": spec["name"], "in": "path", **declared_value(shape), "required": True}


def _header(
    _document: Document, spec: Mapping[str, Any], shape: Shape, is_json: bool
) -> Iterator[dict[str, Any]]:
    _require_style(spec, "simple")
    _require_text(shape, is_json)
    if not fits(HEADER_NAME, spec["name"]):
        raise NotConvertible("this is not a valid header name")
    if forbidden_header(spec["name"]):
        raise NotConvertible("a manifest cannot set this header")
    yield {"name": spec["name"], "in": "header", **declared_value(shape), **_required(spec)}


def _query(
    document: Document, spec: Mapping[str, Any], shape: Shape, is_json: bool
) -> Iterator[dict[str, Any]]:
    if is_json:
        # A list repeats its name, and text would need quotes. Only these types are written as JSON unchanged.
        if shape.type not in ("object", "integer", "number", "boolean"):
            raise NotConvertible("JSON that is no object, number or boolean cannot stand in a query")
        yield {"name": spec["name"], "in": "query", **declared_value(shape), **_required(spec)}
        return
    style = Style.of(spec)
    for item in styled_members(document, spec["name"], shape, style, required=spec.get("required") is True):
        yield {"name": item.pop("name"), "in": "query", **item}


def _cookie(_document: Document, _spec: Any, _shape: Shape, _is_json: bool) -> Iterator[dict[str, Any]]:
    raise NotConvertible("only credentials can be sent in cookies")
    yield {}


_READERS: dict[str, Callable[[Document, Any, Shape, bool], Iterator[dict[str, Any]]]] = {
    "path": _path,
    "query": _query,
    "header": _header,
    "cookie": _cookie,
}


def _required(spec: Mapping[str, Any]) -> dict[str, bool]:
    return {"required": True} if spec.get("required") is True else {}


@dataclass(frozen=True, slots=True)
class Style:
    """How a list or an object is encoded (OpenAPI 3.1 section 4.8.12.3)."""

    name: str
    explode: bool

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Style:
        """The style of a parameter or an encoding, with its defaults."""
        name, explode = spec.get("style", "form"), spec.get("explode")
        return cls(str(name), explode if isinstance(explode, bool) else name == "form")

    def __str__(self) -> str:
        return f"the style {self.name}{'' if self.explode else ' without explode'}"


REPEATED = Style("form", True)


def styled_members(
    document: Document, name: str, shape: Shape, style: Style, *, required: bool
) -> Iterator[dict[str, Any]]:
    """A value of a query or a form, in a style that can be encoded as described; an object by its members.

    Raises Unfit for every other style.
    """
    if shape.type == "array":
        _require_plain_list(document, shape, style)
    elif shape.type == "object":
        yield from _members(document, name, shape, style, required=required)
        return
    else:
        _require_one_kind(shape)
    yield {"name": name, **declared_value(shape), **({"required": True} if required else {})}


def _members(
    document: Document, name: str, shape: Shape, style: Style, *, required: bool
) -> Iterator[dict[str, Any]]:
    if not shape.properties or (style.name != "deepObject" and style != REPEATED):
        raise NotConvertible(f"an object in {style} cannot be written without the names of its members")
    for member, schema in shape.properties.items():
        inner = read_shape(document, schema)
        wire_name = f"{name}[{member}]" if style.name == "deepObject" else member
        require_wire_name(wire_name)
        if not inner.is_scalar:
            raise NotConvertible(
                f"an object with a member that is no text or number (`{member}`) cannot be written"
            )
        needed = {"required": True} if required and member in shape.required else {}
        yield {"name": wire_name, **declared_value(inner), **needed, **described(inner.words)}


def _require_plain_list(document: Document, shape: Shape, style: Style) -> None:
    if style != REPEATED:
        raise NotConvertible(f"a list in {style} cannot be written")
    items = shape.words.get("items")
    if items and not read_shape(document, items).is_scalar:
        raise NotConvertible("a list of lists or objects cannot be written")


def _require_one_kind(shape: Shape) -> None:
    if shape.type is None and any(word in shape.words for word in ("type", "anyOf", "oneOf")):
        raise NotConvertible("it may be of several kinds")


def _require_style(spec: Mapping[str, Any], style: str) -> None:
    given = spec.get("style", _DEFAULT_STYLES[spec["in"]])
    if given != style:
        raise NotConvertible(f"the style {given} cannot be written")


def _require_text(shape: Shape, is_json: bool) -> None:
    if shape.type in ("array", "object"):
        raise NotConvertible(f"an {shape.type} cannot be written there")
    if is_json and shape.type in ("string", MIXED, None):
        raise NotConvertible("JSON text cannot be written there")
    _require_one_kind(shape)
