"""Bodies of small documents: each goes out in its format, or leaves the operation out."""

import pytest

from tests.integrations.authoring.importing import call_of, import_body, reasons_of


def body_of(media_type, schema, required=True, **media):
    return {"required": required, "content": {media_type: {"schema": schema, **media}}}


MEMBERS = {
    "type": "object",
    "required": ["a"],
    "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
}


@pytest.mark.parametrize(
    ("body", "given", "sent"),
    [
        (body_of("application/json", MEMBERS), {"a": 1}, ("application/json", b'{"a":1}')),
        (body_of("*/*", MEMBERS), {"a": 1}, ("application/json", b'{"a":1}')),
        (body_of("application/json", {"type": "object", "properties": {"b": {"type": "string"}}}), {}, ("application/json", b"{}")),
        (body_of("application/json", MEMBERS, required=False), {}, (None, None)),
        (body_of("application/json", {"type": "object"}), {"body": {"z": None}}, ("application/json", b'{"z":null}')),
        (body_of("application/json", {"type": "string"}), {"body": "x"}, ("application/json", b'"x"')),
        (body_of("application/json", {"oneOf": [MEMBERS, MEMBERS]}), {"body": {}}, ("application/json", b"{}")),
        (body_of("application/json", {"allOf": [MEMBERS, {"properties": {"c": {"type": "boolean"}}}]}), {"a": 1, "c": True}, ("application/json", b'{"a":1,"c":true}')),
        (body_of("application/merge-patch+json", MEMBERS), {"a": 1}, ("application/merge-patch+json", b'{"a":1}')),
        (body_of("application/x-www-form-urlencoded", MEMBERS), {"a": 1, "b": "x y"}, ("application/x-www-form-urlencoded", b"a=1&b=x+y")),
        (body_of("text/plain", {"type": "string"}), {"body": "hi"}, ("text/plain; charset=utf-8", b"hi")),
        (body_of("text/xml", {"type": "object"}), {"body": "<a/>"}, ("text/xml", b"<a/>")),
        (body_of("application/xml", {"type": "object"}), {"body": "<a/>"}, ("application/xml; charset=utf-8", b"<a/>")),
    ],
    ids=lambda part: next(iter(part["content"])) if isinstance(part, dict) and "content" in part else "",
)  # fmt: skip
def test_a_body_goes_out_in_its_format(body, given, sent):
    call = call_of(import_body(body), "send", given)

    assert (dict(call.headers).get("Content-Type"), call.body) == sent


def test_a_multipart_form_has_its_fields_without_files():
    schema = {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"type": "string"}, "f": {"type": "string", "format": "binary"}},
    }
    imported = import_body(body_of("multipart/form-data", schema))

    call = call_of(imported, "send", {"a": "x"})
    assert dict(call.headers)["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'name="a"' in (call.body or b"")
    assert imported.notes == ["POST /x: without the field `f` (body): files cannot be sent"]


def test_json_is_preferred_where_several_formats_are_offered():
    content = {
        "application/xml": {"schema": MEMBERS},
        "application/x-www-form-urlencoded": {"schema": MEMBERS},
        "application/json": {"schema": MEMBERS},
    }
    assert call_of(import_body({"required": True, "content": content}), "send", {"a": 1}).body == b'{"a":1}'


def test_the_next_format_is_taken_where_the_first_cannot_be_said():
    files = {"type": "object", "required": ["f"], "properties": {"f": {"type": "string", "format": "binary"}}}
    content = {"multipart/form-data": {"schema": files}, "text/plain": {"schema": {"type": "string"}}}

    assert call_of(import_body({"required": True, "content": content}), "send", {"body": "x"}).body == b"x"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (body_of("image/png", {}), "the body as image/png: this format cannot be written"),
        (body_of("multipart/form-data", MEMBERS, encoding={"a": {"contentType": "text/csv"}}), "its parts have types of their own"),
        (body_of("application/x-www-form-urlencoded", {"type": "object"}), "the fields of the form are not known by name"),
        ({"required": True, "content": {}}, "the body names no format"),
    ],
)  # fmt: skip
def test_a_required_body_that_cannot_be_said_leaves_the_operation_out(body, reason):
    assert reason in reasons_of(import_body, body)
