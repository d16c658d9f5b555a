"""Request bodies in the words of a manifest: members as parameters, or the whole body as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.authoring.openapi.document import Document, Operation, Unfit
from integrations.authoring.openapi.names import described
from integrations.authoring.openapi.parameters import REPEATED, Style, require_wire_name, styled_members
from integrations.authoring.openapi.shapes import MIXED, Shape, declared_value, read_shape
from schemas.manifest import VALUE_TYPES

WHOLE_BODY = "body"
"""The parameter that is the whole body."""
_MAX_MEMBERS = 100
_NO_BODY = ("get", "head")


@dataclass(slots=True)
class Body:
    """`parameters` are `in: body`; `words` go onto the endpoint. A whole body is a template with one parameter."""

    parameters: list[dict[str, Any]] = field(default_factory=list)
    words: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_body(document: Document, operation: Operation) -> Body:
    """The body in the first of the offered formats that a manifest can say.

    Raises Unfit when a body is required and none of its formats can be said.
    """
    if "requestBody" not in operation.spec:
        return Body()
    spec = document.object(operation.spec["requestBody"])
    # Many documents leave `required` out where the body is needed; only a plain `false` is taken by its word.
    is_required = spec.get("required") is True
    may_be_absent = spec.get("required") is False
    reasons = []
    if operation.method in _NO_BODY:
        reasons.append(f"a {operation.method.upper()} carries no body")
    else:
        for media_type, media in _offered(document, spec):
            try:
                return _read(
                    document, media_type, media, is_required=is_required, may_be_absent=may_be_absent
                )
            except Unfit as unfit:
                reasons.append(f"as {media_type}: {unfit}")
    why = "; ".join(reasons) or "no format is named"
    if is_required:
        raise Unfit(f"the body {why}" if reasons else "the body names no format")
    return Body(notes=[f"without a body: {why}"])


def _offered(document: Document, spec: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    content = spec.get("content")
    if not isinstance(content, Mapping):
        return []
    ordered = sorted(content.items(), key=lambda pair: _rank(str(pair[0])))
    return [(str(media_type), document.object(media)) for media_type, media in ordered]


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


def _read(
    document: Document,
    media_type: str,
    media: Mapping[str, Any],
    *,
    is_required: bool,
    may_be_absent: bool,
) -> Body:
    kind = _kind_of(media_type)
    if kind is None:
        raise Unfit("this format cannot be written")
    shape = read_shape(document, media.get("schema"))
    body = _READERS[kind](document, media_type, media, shape)
    for parameter in body.parameters:
        if may_be_absent and body.words.get("body") is None:
            parameter.pop("required", None)
    if is_required and "body" not in body.words and not any(item.get("required") for item in body.parameters):
        # Sent even when none of its members is given.
        body.words["body"] = {}
    return body


def _json(document: Document, media_type: str, _media: Mapping[str, Any], shape: Shape) -> Body:
    try:
        parameters = _json_members(document, shape)
        words: dict[str, Any] = {}
    except Unfit:
        kind = shape.type if shape.type in VALUE_TYPES else "object"
        parameters = [_whole_body({**declared_value(shape), "type": kind})]
        words = {"body": f"{{{WHOLE_BODY}}}"}
    if _kind_of(media_type) == "json-like":
        words["headers"] = {"Content-Type": media_type}
    return Body(parameters, words)


def _json_members(document: Document, shape: Shape) -> list[dict[str, Any]]:
    """One parameter a member. Raises Unfit where the members are not all known, each with one type."""
    properties = {name: part for name, part in shape.properties.items() if not _is_read_only(document, part)}
    if shape.type != "object" or not properties or len(properties) > _MAX_MEMBERS:
        raise Unfit("the members are not known by name")
    if any(keyword in shape.words for keyword in ("anyOf", "oneOf")):
        raise Unfit("there are several kinds of it")
    found = []
    for name, schema in properties.items():
        require_wire_name(name)
        inner = read_shape(document, schema)
        if inner.type in (None, MIXED):
            raise Unfit(f"`{name}` may be of several kinds")
        needed = {"required": True} if name in shape.required else {}
        found.append(
            {"name": name, "in": "body", **declared_value(inner), **needed, **described(inner.words)}
        )
    return found


def _form(document: Document, _media_type: str, media: Mapping[str, Any], shape: Shape) -> Body:
    encodings = media.get("encoding")
    return _fields(document, "form", encodings if isinstance(encodings, Mapping) else {}, shape)


def _multipart(document: Document, _media_type: str, media: Mapping[str, Any], shape: Shape) -> Body:
    if media.get("encoding"):
        raise Unfit("its parts have types of their own")
    return _fields(document, "multipart", {}, shape)


def _fields(document: Document, body_format: str, encodings: Mapping[str, Any], shape: Shape) -> Body:
    """One parameter a field; what is optional and cannot be written is left behind."""
    if shape.properties == {} or any(keyword in shape.words for keyword in ("anyOf", "oneOf")):
        raise Unfit("the fields of the form are not known by name")
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
        except Unfit as unfit:
            if required:
                raise Unfit(f"the field `{name}`: {unfit}") from None
            body.notes.append(f"without the field `{name}` (body): {unfit}")
    return body


def _field(
    document: Document, name: str, schema: Any, encoding: Mapping[str, Any], required: bool
) -> list[dict[str, Any]]:
    require_wire_name(name)
    shape = read_shape(document, schema)
    if shape.words.get("format") in ("binary", "byte") or "contentMediaType" in shape.words:
        raise Unfit("files cannot be sent")
    is_json = str(encoding.get("contentType", "")).startswith("application/json")
    if shape.type == "object" and is_json:
        fields = [{"name": name, **declared_value(shape), **({"required": True} if required else {})}]
    elif shape.type == "object" and "style" not in encoding:
        raise Unfit("it does not say how an object is written")
    else:
        style = Style.of(encoding) if encoding else REPEATED
        fields = list(styled_members(document, name, shape, style, required=required))
    return [{"name": item.pop("name"), "in": "body", **described(shape.words), **item} for item in fields]


def _text(_document: Document, _media_type: str, _media: Any, _shape: Shape) -> Body:
    return Body([_whole_body({"type": "string"})], {"body": f"{{{WHOLE_BODY}}}", "body_format": "text"})


def _xml(_document: Document, media_type: str, _media: Any, _shape: Shape) -> Body:
    whole = _whole_body({"type": "string", "description": "The whole body, as XML."})
    words: dict[str, Any] = {"body": f"{{{WHOLE_BODY}}}", "body_format": "xml"}
    if media_type.partition(";")[0].strip().lower() != "application/xml":
        words["headers"] = {"Content-Type": media_type}
    return Body([whole], words)


def _whole_body(declared: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": WHOLE_BODY, "in": "body", "description": "The whole body.", **declared, "required": True}


def _is_read_only(document: Document, schema: Any) -> bool:
    return document.object(schema).get("readOnly") is True or (
        isinstance(schema, Mapping) and schema.get("readOnly") is True
    )


_READERS: dict[str, Callable[[Document, str, Mapping[str, Any], Shape], Body]] = {
    "json": _json,
    "json-like": _json,
    "form": _form,
    "multipart": _multipart,
    "text": _text,
    "xml": _xml,
}
