"""Converts request bodies: members become parameters, or the whole body becomes one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.authoring.openapi.document import Document, NotConvertible, Operation
from integrations.authoring.openapi.names import described
from integrations.authoring.openapi.parameters import REPEATED, Style, require_wire_name, styled_members
from integrations.authoring.openapi.shapes import MIXED, Shape, declared_value, read_shape
from schemas.manifests.words import JSON_TYPES

WHOLE_BODY = "body"
"""The parameter that is the whole body."""
_MAX_MEMBERS = 100
_NO_BODY = ("get", "head")


@dataclass(slots=True)
class Body:
    """`parameters` are `in: body`; `words` are added to the endpoint. A whole body is a template with one parameter."""

    parameters: list[dict[str, Any]] = field(default_factory=list)
    words: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Offer:
    """One format of a body."""

    document: Document
    media_type: str
    media: Mapping[str, Any]
    shape: Shape
    may_be_absent: bool
    """Said outright: many documents leave `required` out where the body is needed."""


def read_body(document: Document, operation: Operation) -> Body:
    """The body in the first of the offered formats that a manifest can express.

    Raises Unfit if a body is required and none of its formats can be expressed.
    """
    if "requestBody" not in operation.spec:
        return Body()
    spec = document.object(operation.spec["requestBody"])
    is_required = spec.get("required") is True
    reasons = []
    if operation.method in _NO_BODY:
        reasons.append(f"a {operation.method.upper()} carries no body")
    else:
        for offer in _offers(document, spec):
            try:
                return _read(offer)
            except NotConvertible as unfit:
                reasons.append(f"as {offer.media_type}: {unfit}")
    why = "; ".join(reasons) or "no format is named"
    if is_required:
        raise NotConvertible(f"the body {why}" if reasons else "the body names no format")
    return Body(notes=[f"without a body: {why}"])


def _offers(document: Document, spec: Mapping[str, Any]) -> Iterator[_Offer]:
    """The formats that the document offers, those that a manifest expresses best first."""
    content = spec.get("content")
    by_type = {str(name): media for name, media in content.items()} if isinstance(content, Mapping) else {}
    for media_type in sorted(by_type, key=_rank):
        media = document.object(by_type[media_type])
        shape = read_shape(document, media.get("schema"))
        yield _Offer(document, media_type, media, shape, spec.get("required") is False)


def _rank(media_type: str) -> int:
    kind = _kind_of(media_type)
    return list(_READERS).index(kind) if kind else len(_READERS)


def _kind_of(media_type: str) -> str | None:
    bare = media_type.partition(";")[0].strip().lower()
    if bare in ("application/json", "*/*", "application/*"):
        return "json"
    if bare.endswith("+json"):
        return "json-like"
    named = {
        "application/x-www-form-urlencoded": "form",
        "multipart/form-data": "multipart",
        "text/plain": "text",
        "application/xml": "xml",
        "text/xml": "xml",
    }
    return named.get(bare) or ("xml" if bare.endswith("+xml") else None)


def _read(offer: _Offer) -> Body:
    kind = _kind_of(offer.media_type)
    if kind is None:
        raise NotConvertible("this format cannot be written")
    return _READERS[kind](offer)


def _json(offer: _Offer) -> Body:
    shape = offer.shape
    words: dict[str, Any] = {}
    try:
        if offer.may_be_absent and shape.required:
            raise NotConvertible("without its members the whole body must be absent, not empty")
        parameters = _json_members(offer.document, shape)
    except NotConvertible:
        kind = shape.type if shape.type in JSON_TYPES else "object"
        parameters = [_whole_body(offer, {**declared_value(shape), "type": kind})]
        words["body"] = f"{{{WHOLE_BODY}}}"
    if _kind_of(offer.media_type) == "json-like":
        words["headers"] = {"Content-Type": offer.media_type}
    return Body(parameters, words)


def _json_members(document: Document, shape: Shape) -> list[dict[str, Any]]:
    """One parameter per member. Raises Unfit unless all members are known, each with one type."""
    properties = {name: part for name, part in shape.properties.items() if not _is_read_only(document, part)}
    if shape.type != "object" or not properties or len(properties) > _MAX_MEMBERS:
        raise NotConvertible("the members are not known by name")
    if any(keyword in shape.words for keyword in ("anyOf", "oneOf")):
        raise NotConvertible("there are several kinds of it")
    found = []
    for name, schema in properties.items():
        require_wire_name(name)
        inner = read_shape(document, schema)
        if inner.type in (None, MIXED):
            raise NotConvertible(f"`{name}` may be of several kinds")
        needed = {"required": True} if name in shape.required else {}
        found.append(
            {"name": name, "in": "body", **declared_value(inner), **needed, **described(inner.words)}
        )
    return found


def _form(offer: _Offer) -> Body:
    encodings = offer.media.get("encoding")
    return _fields(offer.document, "form", encodings if isinstance(encodings, Mapping) else {}, offer.shape)


def _multipart(offer: _Offer) -> Body:
    if offer.media.get("encoding"):
        raise NotConvertible("its parts have types of their own")
    return _fields(offer.document, "multipart", {}, offer.shape)


def _fields(document: Document, body_format: str, encodings: Mapping[str, Any], shape: Shape) -> Body:
    """One parameter per field. Optional ones that cannot be encoded are left out."""
    if shape.properties == {} or any(keyword in shape.words for keyword in ("anyOf", "oneOf")):
        raise NotConvertible("the fields of the form are not known by name")
    body = Body(words={"body_format": body_format})
    for name, schema in shape.properties.items():
        if _is_read_only(document, schema):
            continue
        required = name in shape.required
        encoding = encodings.get(name)
        try:
            body.parameters += _field(
                document, name, schema, encoding if isinstance(encoding, Mapping) else {}, required
            )
        except NotConvertible as unfit:
            if required:
                raise NotConvertible(f"the field `{name}`: {unfit}") from None
            body.notes.append(f"without the field `{name}` (body): {unfit}")
    return body


def _field(
    document: Document, name: str, schema: Any, encoding: Mapping[str, Any], required: bool
) -> list[dict[str, Any]]:
    require_wire_name(name)
    shape = read_shape(document, schema)
    if shape.words.get("format") in ("binary", "byte") or "contentMediaType" in shape.words:
        raise NotConvertible("files cannot be sent")
    is_json = str(encoding.get("contentType", "")).startswith("application/json")
    if shape.type == "object" and is_json:
        fields = [{"name": name, **declared_value(shape), **({"required": True} if required else {})}]
    elif shape.type == "object" and "style" not in encoding:
        raise NotConvertible("it does not declare how an object is written")
    else:
        style = Style.of(encoding) if encoding else REPEATED
        fields = list(styled_members(document, name, shape, style, required=required))
    return [{"name": item.pop("name"), "in": "body", **described(shape.words), **item} for item in fields]


def _text(offer: _Offer) -> Body:
    words = {"body": f"{{{WHOLE_BODY}}}", "body_format": "text"}
    return Body([_whole_body(offer, {"type": "string"})], words)


def _xml(offer: _Offer) -> Body:
    words: dict[str, Any] = {"body": f"{{{WHOLE_BODY}}}", "body_format": "xml"}
    if offer.media_type.partition(";")[0].strip().lower() != "application/xml":
        words["headers"] = {"Content-Type": offer.media_type}
    whole = _whole_body(offer, {"type": "string", "description": "The whole body, as XML."})
    return Body([whole], words)


def _whole_body(offer: _Offer, declared: Mapping[str, Any]) -> dict[str, Any]:
    required = {} if offer.may_be_absent else {"required": True}
    return {"name": WHOLE_BODY, "in": "body", "description": "The whole body.", **declared, **required}


def _is_read_only(document: Document, schema: Any) -> bool:
    return document.object(schema).get("readOnly") is True or (
        isinstance(schema, Mapping) and schema.get("readOnly") is True
    )


_READERS: dict[str, Callable[[_Offer], Body]] = {
    "json": _json,
    "json-like": _json,
    "form": _form,
    "multipart": _multipart,
    "text": _text,
    "xml": _xml,
}
