"""Objects made of texts: by named patterns, and of lines with a key and a value."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import Invalid, UpstreamInvalid
from integrations.answers.parse import parse_answer
from integrations.answers.types.typed_text import typed_text
from tests.integrations.building import integration_of
from tests.integrations.stories import Service

STATUS = b"""APC      : 001,027,0656\r
STATUS   : ONLINE \r
LINEV    : 230.0 Volts\r
BCHARGE  : 100.0 Percent\r
TIMELEFT :  35.0 Minutes\r
SELFTEST : NO\r
OUTPUT   : 1 2 3\r
"""


def endpoint_of(**words: Any):
    return integration_of([{"id": "it", "path": "/it", "response_type": "text", **words}]).endpoints["it"]


def read(body: bytes, content_type: str = "text/plain", **words: Any) -> Any:
    return parse_answer("text", content_type, body, reading=endpoint_of(**words).reading).value


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        (r"BCHARGE\s*:\s*([0-9.]+)", "100.0"),
        ({"pattern": r"BCHARGE\s*:\s*([0-9.]+)", "type": "number"}, 100),
        ({"pattern": r"LINEV\s*:\s*(\S+)", "type": "integer"}, 230),
        ({"pattern": r"STATUS\s*:\s*(.*)"}, "ONLINE"),
        ({"pattern": r"SELFTEST\s*:\s*(\w+)", "type": "boolean"}, False),
        ({"pattern": r"STATUS\s*:\s*(\w+)", "type": "boolean"}, None),
        ({"pattern": r"STATUS\s*:\s*(\w+)", "type": "number"}, None),
        ("ONLINE|ONBATT", "ONLINE"),
        ("(ONBATT)?STATUS", None),
        ("(?i)onbatt", None),
        ("(?m)^([A-Z]+)  ", "APC"),
        ({"pattern": r"([0-9.]+) [VMP]", "type": "number", "all": True}, [230, 100, 35]),
        ({"pattern": "nothing", "all": True}, []),
    ],
)
def test_a_pattern_gives_its_first_group_as_the_declared_type(declared: Any, value: Any):
    assert read(STATUS, extract={"found": declared}) == {"found": value}


@pytest.mark.parametrize(
    ("body", "lines", "value"),
    [
        (
            b"battery.charge: 100\nups.status: OL CHRG\n",
            {},
            {"battery.charge": "100", "ups.status": "OL CHRG"},
        ),
        (b"wan_ip=1.2.3.4\nup = 5\n\n# comment\n", {}, {"wan_ip": "1.2.3.4", "up": "5"}),
        (b"url=http://a:1\ntime: a=b", {}, {"url": "http://a:1", "time": "a=b"}),
        (b"a | 1\nb|2:3", {"separator": "|"}, {"a": "1", "b": "2:3"}),
        (b"a=1\na=2\n=3\nb=", {"separator": "="}, {"a": "2", "b": ""}),
        (b"no pairs here", {}, {}),
    ],
)
def test_lines_of_key_and_value_become_an_object(body: bytes, lines: dict[str, str], value: dict[str, str]):
    assert read(body, lines=lines) == value


@pytest.mark.parametrize(
    ("text", "type_name", "value"),
    [
        (" -1.50 ", "number", -1.5),
        ("1e3", "number", 1000),
        (".5", "number", 0.5),
        ("1,5", "number", None),
        ("1e999", "number", None),
        ("NaN", "number", None),
        ("١", "number", None),
        ("12.0", "integer", 12),
        ("12.5", "integer", None),
        ("ON", "boolean", True),
        ("disabled", "boolean", False),
        ("2", "boolean", None),
    ],
)
def test_a_text_that_is_no_value_of_its_type_is_null(text: str, type_name: Any, value: Any):
    assert typed_text(text, type_name) == value


def test_a_text_of_another_charset_is_decoded_first():
    assert read("Größe: 5".encode("latin-1"), "text/plain; charset=latin1", lines={}) == {"Größe": "5"}


@pytest.mark.parametrize("words", [{"extract": {"a": "x"}}, {"lines": {}}])
def test_nothing_at_all_is_a_failure_where_values_are_expected(words: Any):
    with pytest.raises(UpstreamInvalid) as failed:
        read(b" \n", **words)
    assert failed.value.extensions["reason"] == "empty"


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("extract.a", {"extract": {"a": "("}}),
        ("extract.a.pattern", {"extract": {"a": {"pattern": "(?<=a)b"}}}),
        ("extract.a", {"extract": {"a": "((a{1,30}){1,30}){1,30}"}}),
        ("extract.a", {"extract": {"a": ""}}),
        ("extract.a", {"extract": {"a": 5}}),
        ("extract.a.type", {"extract": {"a": {"pattern": "x", "type": "date"}}}),
        ("extract.a.patern", {"extract": {"a": {"patern": "x"}}}),
        ("extract.a b", {"extract": {"a b": "x"}}),
        ("extract", {"extract": {}}),
        ("extract", {"extract": "x"}),
        ("lines.separator", {"lines": {"separator": ""}}),
        ("lines", {"lines": True}),
    ],
)
def test_what_is_declared_wrongly_is_refused_by_field(field: str, words: dict[str, Any]):
    with pytest.raises(Invalid) as refused:
        endpoint_of(**words)
    assert f"manifest.endpoints[0].{field}" in (refused.value.errors or {})


@given(
    st.text("AB:=x 01.\n", max_size=200).map(str.encode) | st.binary(max_size=200),
    st.sampled_from([{"lines": {}}, {"extract": {"a": "A(.*)?", "b": {"pattern": "(x*)", "all": True}}}]),
)
def test_no_bytes_make_the_parser_fail_otherwise(body: bytes, words: dict[str, Any]):
    try:
        value = read(body, **words)
    except UpstreamInvalid:
        return
    assert value == read(body, **words)
    json.dumps(value, allow_nan=False)


def test_a_block_selects_from_what_was_extracted(client, httpserver):
    endpoint = {
        "id": "status",
        "path": "/status",
        "response_type": "text",
        "extract": {
            "charge": {"pattern": r"BCHARGE\s*:\s*([0-9.]+)", "type": "number"},
            "load": "LOADPCT: (.*)",
        },
        "select": "{charge: charge, left: subtract(`100`, charge), load: load}",
    }
    service = Service(client, httpserver, endpoints=[endpoint], blocks=[{"id": "ups", "endpoint": "status"}])
    httpserver.expect_request("/status").respond_with_data(STATUS, content_type="text/plain")
    assert service.render("ups").get_json()["data"] == {"charge": 100, "left": 0, "load": None}
