"""Bodies by their format."""

import json
from urllib.parse import parse_qsl
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from integrations.calling.body_formats import NOT_IN_XML, encode_body, escape_xml, form_values
from schemas.manifests.words import BODY_FORMATS

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@pytest.mark.parametrize(
    ("body_format", "value", "media_type", "body"),
    [
        ("json", {"a": [1, 1.5, True, None, "ü"]}, "application/json", '{"a":[1,1.5,true,null,"ü"]}'),
        ("json", [], "application/json", "[]"),
        ("json", "x", "application/json", '"x"'),
        ("jsonrpc", {"method": "m"}, "application/json", '{"jsonrpc":"2.0","id":1,"method":"m"}'),
        ("jsonrpc", {"id": 7, "method": "m"}, "application/json", '{"jsonrpc":"2.0","id":7,"method":"m"}'),
        ("form", {}, "application/x-www-form-urlencoded", ""),
        ("form", {"a b": "c d&=+%ü", "e": [1, True]}, "application/x-www-form-urlencoded", "a+b=c+d%26%3D%2B%25%C3%BC&e=1&e=true"),
        ("form", {"a": None, "b": [], "c": {"d": 1}}, "application/x-www-form-urlencoded", "c=%7B%22d%22%3A1%7D"),
        ("text", "a\r\nü", "text/plain; charset=utf-8", "a\r\nü"),
        ("text", 5, "text/plain; charset=utf-8", "5"),
        ("xml", "<a>ü</a>", "application/xml; charset=utf-8", "<a>ü</a>"),
    ],
)  # fmt: skip
def test_a_body_is_written_in_its_format(body_format, value, media_type, body):
    assert encode_body(body_format, value) == (media_type, body.encode())


def test_every_format_of_a_manifest_can_be_written():
    for body_format in BODY_FORMATS:
        value = "x" if body_format in ("text", "xml") else {"method": "x"}
        assert encode_body(body_format, value)[1]


@pytest.mark.parametrize(("body_format", "value"), [("text", {}), ("xml", []), ("json", {"a": object()})])
def test_what_a_format_cannot_write_is_a_type_error(body_format, value):
    with pytest.raises(TypeError):
        encode_body(body_format, value)


def test_the_same_parts_have_the_same_boundary_and_others_another():
    one, again, other = (encode_body("multipart", {"a": text}) for text in ("x", "x", "y"))
    assert one == again
    assert one[0] != other[0]


def test_no_part_can_hold_the_boundary():
    boundary = encode_body("multipart", {"a": "x"})[0].partition("boundary=")[2]
    media_type, body = encode_body("multipart", {"a": f"--{boundary}--\r\n"})
    assert body.count(media_type.partition("boundary=")[2].encode()) == 2


def test_a_part_s_name_cannot_leave_its_quotes():
    _, body = encode_body("multipart", {'a"; filename="b\r\nX: 1': "x"})
    head = body.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    assert head == [b'Content-Disposition: form-data; name="a%22; filename=%22b%0D%0AX: 1"']


@given(st.dictionaries(TEXT, TEXT | st.lists(TEXT, min_size=1), min_size=1))
def test_a_form_reads_back_as_it_was(value):
    body = encode_body("form", value)[1].decode("ascii")
    expected = [(name, text) for name, item in value.items() for text in form_values(item)]
    assert parse_qsl(body, keep_blank_values=True) == expected


@example("a\r\nb\tc")
@given(TEXT.filter(lambda text: not NOT_IN_XML.search(text)))
def test_a_text_comes_out_of_xml_as_it_went_in(text):
    root = ElementTree.fromstring(f'<a b="{escape_xml(text)}">{escape_xml(text)}</a>')
    assert (root.get("b"), root.text or "") == (text, text)
    assert len(root) == 0


@given(TEXT)
def test_json_reads_back_as_it_was(text):
    assert json.loads(encode_body("json", {"a": text})[1]) == {"a": text}
