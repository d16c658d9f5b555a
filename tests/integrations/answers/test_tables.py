"""CSV, JSON lines and XML."""

from __future__ import annotations

import csv
import io

import pytest
import xmltodict
from hypothesis import given
from hypothesis import strategies as st

from errors import Invalid, UpstreamInvalid
from integrations.answers.parse import parse_answer
from integrations.answers.types import csv_answer, safe_xml
from integrations.answers.types.reading import Reading
from tests.integrations.building import integration_of
from tests.integrations.stories import Service


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b"a,b\n1,2\n", [{"a": "1", "b": "2"}]),
        (b"a;b\r\n1,5;2\r\n", [{"a": "1,5", "b": "2"}]),
        (b"a\tb\n1\t2", [{"a": "1", "b": "2"}]),
        (b"a|b\n1|2", [{"a": "1", "b": "2"}]),
        (b"sep=;\na;b,c\n1;2", [{"a": "1", "b,c": "2"}]),
        (b'a,b\n"x, ""y""\nz",2', [{"a": 'x, "y"\nz', "b": "2"}]),
        (b"name\nAda, Countess\n", [{"name": "Ada", "column_2": " Countess"}]),
        (b"\xef\xbb\xbfa,b\n\n1,2\n\n", [{"a": "1", "b": "2"}]),
        (b"a,,a,a\n1,2,3,4", [{"a": "1", "column_2": "2", "a_2": "3", "a_3": "4"}]),
        (b"a,b\n1\n1,2,3", [{"a": "1", "b": None}, {"a": "1", "b": "2", "column_3": "3"}]),
        (b"a,b", []),
        (b"caf\xe9,b\n1,2", [{"café": "1", "b": "2"}]),
        ("a,б\n1,2\n".encode("utf-16"), [{"a": "1", "б": "2"}]),
    ],
)
def test_csv_rows_become_objects_under_their_header(body, rows):
    assert parse_answer("csv", "text/csv", body).value == rows


def test_csv_is_read_in_the_charset_of_the_header():
    assert parse_answer("csv", "text/csv; charset=koi8-r", "имя\nАда".encode("koi8-r")).value == [
        {"имя": "Ада"}
    ]


@pytest.mark.parametrize(
    ("content_type", "body", "reason"),
    [
        ("text/html", b"<html>a,b", "wrong_type"),
        ("application/json", b'{"a":1}', "wrong_type"),
        ("text/csv", b"a,b\n\0,1", "wrong_type"),
        ("application/pdf", b"%PDF", "wrong_type"),
        ("text/csv", b"a\n" + b"x" * 200_000, "unparsable"),
    ],
)
def test_what_is_no_csv_is_refused(content_type, body, reason):
    with pytest.raises(UpstreamInvalid) as caught:
        parse_answer("csv", content_type, body)
    assert caught.value.extensions["reason"] == reason


def test_a_wide_header_over_many_short_rows_is_refused_before_it_grows(monkeypatch):
    monkeypatch.setattr(csv_answer, "MAX_CELLS", 1_000)
    with pytest.raises(UpstreamInvalid, match="more than 1000 cells"):
        parse_answer("csv", "text/csv", b",".join(b"a%d" % n for n in range(100)) + b"\n" + b"x\n" * 11)
    with pytest.raises(UpstreamInvalid, match="columns"):
        parse_answer("csv", "text/csv", b"a," * 5_000 + b"\n1")
    with pytest.raises(UpstreamInvalid, match="columns"):
        parse_answer("csv", "text/csv", b"a,b\n" + b"1," * 5_000)


@given(
    st.lists(st.text("abcé \"'\n", min_size=1, max_size=5).map(str.strip).filter(bool), min_size=2, max_size=4, unique=True),
    st.lists(st.lists(st.text("xy, \";|\n", max_size=6), min_size=4, max_size=4), max_size=4),
)  # fmt: skip
def test_what_a_csv_writer_writes_is_read_back(names, rows):
    written = io.StringIO()
    rows = [row[: len(names)] for row in rows]
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([names, *rows])
    read = parse_answer("csv", "text/csv; charset=utf-8", written.getvalue().encode()).value
    assert read == [dict(zip(names, row, strict=True)) for row in rows]


def test_json_lines_become_an_array():
    body = b'{"a":1}\r\n\n[2]\n  "x"\n12345678901234567890123\n'
    assert parse_answer("ndjson", "application/x-ndjson", body).value == [
        {"a": 1},
        [2],
        "x",
        12345678901234567890123,
    ]


def test_a_broken_json_line_is_named_by_its_number():
    with pytest.raises(UpstreamInvalid, match="line 3 cannot be read"):
        parse_answer("ndjson", None, b"1\n\n2,3\n")
    with pytest.raises(UpstreamInvalid, match="the provider answered text/html"):
        parse_answer("ndjson", "text/html", b"<html>")


XML = b"""<?xml version="1.0" encoding="ISO-8859-1"?>
<!DOCTYPE list PUBLIC "-//X//EN" "http://127.0.0.2/x.dtd">
<list xmlns:x="http://example.com/x" id="1"><!-- no --><item x:n="2">caf\xe9</item><item/><x:one>a<b>c</b>d</x:one>
<![CDATA[<raw>]]></list>"""


def test_xml_becomes_json_by_the_convention_of_xmltodict():
    assert parse_answer("xml", "text/xml", XML).value == {
        "list": {
            "@xmlns:x": "http://example.com/x",
            "@id": "1",
            "item": [{"@x:n": "2", "#text": "café"}, None],
            "x:one": {"b": "c", "#text": "ad"},
            "#text": "<raw>",
        }
    }


@pytest.mark.parametrize(
    "content_type", [None, "application/xml; charset=utf-8", "text/html", "application/soap+xml"]
)
def test_xml_is_read_whatever_the_provider_calls_it(content_type):
    assert parse_answer("xml", content_type, "<a>é</a>".encode()).value == {"a": "é"}


@pytest.mark.parametrize("charset", ["utf-16", "utf-8-sig"])
def test_xml_in_other_encodings(charset):
    assert parse_answer(
        "xml", None, '<?xml version="1.0" encoding="utf-16"?><a>é</a>'.encode(charset)
    ).value == {"a": "é"}


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY x "ha">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.2/x"> %x;]><a/>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.2/x"><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY a "' + b"x" * 1000 + b'"><!ENTITY b "' + b"&a;" * 1000 + b'">]><a>&b;</a>',
        b"<a>" * 201 + b"</a>" * 201,
        b"<a><b></a>",
        b"not xml",
        b"<a>&nbsp;</a>",
    ],
)
def test_xml_that_expands_fetches_or_breaks_is_refused(body):
    with pytest.raises(UpstreamInvalid) as caught:
        parse_answer("xml", "application/xml", body)
    assert caught.value.extensions["reason"] == "unparsable"


def test_xml_has_a_limit_on_its_elements(monkeypatch):
    monkeypatch.setattr(safe_xml, "MAX_ELEMENTS", 10)
    parse_answer("xml", None, b"<a>" + b"<b/>" * 9 + b"</a>")
    with pytest.raises(UpstreamInvalid):
        parse_answer("xml", None, b"<a>" + b"<b/>" * 10 + b"</a>")


@given(
    st.recursive(
        st.text("ab<&é ", max_size=5),
        lambda children: st.dictionaries(st.sampled_from(["a", "b", "@c"]), children, min_size=1, max_size=2),
        max_leaves=6,
    )
)
def test_xml_reads_as_xmltodict_alone_would_read_it(value):
    try:
        document = xmltodict.unparse({"root": value})
    except ValueError:
        return
    assert parse_answer("xml", None, document.encode()).value == xmltodict.parse(document)


ONE = b"<m n='1'><v t='A'><g/></v></m>"
LISTS = (("m", "v"), ("m", "v", "g"))


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (ONE, {"m": {"@n": "1", "v": [{"@t": "A", "g": [None]}]}}),
        (b"<m><v><g>1</g><g>2</g></v><v/></m>", {"m": {"v": [{"g": ["1", "2"]}, {"g": []}]}}),
        (b"<m><v>text</v></m>", {"m": {"v": ["text"]}}),
        (b"<m n='0'/>", {"m": {"@n": "0", "v": []}}),
        (b"<m/>", {"m": {"v": []}}),
        (b"<error>no</error>", {"error": "no"}),
        (b"<error/>", {"error": None}),
    ],
)
def test_an_element_that_is_declared_as_a_list_is_one_however_often_it_comes(body, value):
    assert parse_answer("xml", "text/xml", body, reading=Reading(xml_lists=LISTS)).value == value
    assert parse_answer("xml", "text/xml", body, reading=Reading(xml_lists=LISTS[::-1])).value == value


def test_lists_below_elements_that_are_none_make_nothing_up():
    assert parse_answer(
        "xml", None, b"<a><b/></a>", reading=Reading(xml_lists=(("a", "b", "c", "d"),))
    ).value == {"a": {"b": None}}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a.b", ("a", "b")),
        ("soap:Envelope.soap:Body.x", ("soap:Envelope", "soap:Body", "x")),
        ('"a.b".c', ("a.b", "c")),
        ("a", None),
        ("a.", None),
        (".a", None),
        ("a..b", None),
        ("a.@id", None),
        ("a.b[0]", None),
        ("a.b c", None),
        ('a."b', None),
    ],
)
def test_a_path_of_a_list_is_names_with_dots_between(text, path):
    endpoint = {"id": "it", "response_type": "xml", "xml": {"lists": [text]}}
    if path is not None:
        assert integration_of([endpoint]).endpoints["it"].reading.xml_lists == (path,)
        return
    with pytest.raises(Invalid) as caught:
        integration_of([endpoint])
    assert list(caught.value.errors or {}) == ["manifest.endpoints[0].xml.lists[0]"]


def test_one_video_and_several_and_none_are_drawn_alike(client, upstream):
    endpoint = {
        "id": "e",
        "path": "/x",
        "response_type": "xml",
        "xml": {"lists": ["m.v"]},
        "select": 'm.v[]."@t"',
    }
    service = Service(client, upstream, [endpoint], [{"id": "b"}])
    for body, titles in ((ONE, ["A"]), (b"<m><v t='A'/><v t='B'/></m>", ["A", "B"]), (b"<m/>", [])):
        upstream.clear()
        upstream.expect_request("/x").respond_with_data(body, content_type="text/xml")
        assert service.render("b", use_cache=False).get_json()["data"] == titles
