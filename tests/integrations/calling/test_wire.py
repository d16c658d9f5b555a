"""The bytes that leave the socket, for every place × type × encoding, held against tables written by hand."""

import json
import re
from typing import Any

import pytest

from errors import Invalid, SettingsIncomplete
from tests.integrations.calling.wire import Recorder
from tests.integrations.calling.wire_places import FORM, JSON, MULTIPART, PLACES, Place, Sent
from tests.integrations.calling.wire_spellings import CONTAINERS, SCALARS, SPELLINGS, Spelling


def ids(item: Any) -> str:
    return item.name.replace(" ", "-")


def sent_from(wire: Recorder, place: Place, value: Any, kind: str = "string") -> bytes:
    """The request with the value at the place, the multipart boundary named BOUNDARY."""
    endpoint = dict(place.endpoint)
    if "parameters" in endpoint:
        endpoint["parameters"] = [{**item, "type": kind} for item in endpoint["parameters"]]
    source, _, name = place.field.partition(".")
    given = {source: {name: value}}
    properties = [{"name": "value", "type": kind}] if source == "config" else None
    request = wire.sent_by(endpoint, **given, **place.section, properties=properties)
    return with_named_boundary(request)


def with_named_boundary(request: bytes) -> bytes:
    boundary = re.search(rb"boundary=([0-9a-f]{32})\r\n", request)
    if boundary is None:
        return request
    # The other name is shorter, and the length stands in the head.
    grown = request.replace(boundary[1], b"BOUNDARY")
    saved = request.count(boundary[1]) - 1
    return re.sub(
        rb"Content-Length: (\d+)",
        lambda match: b"Content-Length: %d" % (int(match[1]) - saved * (32 - len(b"BOUNDARY"))),
        grown,
        count=1,
    )


@pytest.mark.parametrize("spelling", SPELLINGS, ids=ids)
@pytest.mark.parametrize("place", PLACES, ids=ids)
def test_a_text_leaves_as_the_table_says_or_is_refused_by_name(
    wire: Recorder, place: Place, spelling: Spelling
):
    if place.fits(spelling):
        assert sent_from(wire, place, spelling.text) == wire.expected(place.sent(spelling))
        return
    before = len(wire.upstream.requests)
    with pytest.raises((Invalid, SettingsIncomplete)) as caught:
        sent_from(wire, place, spelling.text)
    assert isinstance(caught.value, Invalid if place.source == "parameters" else SettingsIncomplete)
    assert list(caught.value.errors or {}) == [place.field.replace("secrets.", "config.")]
    assert spelling.text not in str(caught.value.errors) or len(spelling.text) < 3
    assert len(wire.upstream.requests) == before


def written(place: Place, text: str) -> Spelling:
    """A number or a boolean: the same everywhere, in JSON without quotes unless it is a part of a text."""
    in_text = place.name == "text in a json body template"
    return Spelling(text, text, text, text, text, text, in_header=True, bare=not in_text)


@pytest.mark.parametrize(("kind", "value", "text"), SCALARS)
@pytest.mark.parametrize("place", [place for place in PLACES if place.source != "secrets"], ids=ids)
def test_a_number_or_a_boolean_leaves_as_the_table_says(
    wire: Recorder, place: Place, kind: str, value: Any, text: str
):
    if place.source == "config" and isinstance(value, float):
        value = json.loads(text)  # as the store keeps it
    expected = wire.expected(place.sent(written(place, text)))
    assert sent_from(wire, place, value, kind) == expected


@pytest.mark.parametrize(("kind", "value", "query", "form", "in_json"), CONTAINERS)
def test_a_list_or_an_object_leaves_as_the_table_says(
    wire: Recorder, kind: str, value: Any, query: str, form: str, in_json: str
):
    parameters = [{"name": "value", "type": kind}]
    posted = {"method": "POST", "parameters": parameters}
    in_query = wire.sent_by({"parameters": parameters}, {"value": value})
    in_form = wire.sent_by({**posted, "body_format": "form"}, {"value": value})
    in_body = wire.sent_by(posted, {"value": value})
    in_template = wire.sent_by({**posted, "body": {"a": "{value}"}}, {"value": value})
    assert in_query == wire.expected(Sent(f"/base/x?{query}".rstrip("?")))
    assert in_form == wire.expected(Sent("/base/x", FORM, form, "POST"))
    assert in_body == wire.expected(Sent("/base/x", JSON, f'{{"value":{in_json}}}', "POST"))
    assert in_template == wire.expected(Sent("/base/x", JSON, f'{{"a":{in_json}}}', "POST"))


def test_a_list_is_one_part_for_each_item_of_a_form_in_parts(wire: Recorder):
    endpoint = {"method": "POST", "body_format": "multipart", "parameters": [{"name": "t", "type": "array"}]}
    request = with_named_boundary(wire.sent_by(endpoint, {"t": ["a b", 5]}))
    part = '--BOUNDARY\r\nContent-Disposition: form-data; name="t"\r\n\r\n'
    body = f"{part}a b\r\n{part}5\r\n--BOUNDARY--\r\n"
    assert request == wire.expected(Sent("/base/x", MULTIPART, body, "POST"))


@pytest.mark.parametrize("kind", ["array", "object"])
@pytest.mark.parametrize(
    "endpoint",
    [
        {"path": "/{value}"},
        {"parameters": [{"name": "value", "in": "header"}]},
    ],
)
def test_a_list_or_an_object_has_no_place_in_a_path_or_a_header(wire: Recorder, endpoint: Any, kind: str):
    parameters = [{**item, "type": kind} for item in endpoint.get("parameters", [{"name": "value"}])]
    with pytest.raises(Invalid) as caught:
        wire.sent_by({**endpoint, "parameters": parameters}, {"value": [] if kind == "array" else {}})
    assert list(caught.value.errors or {}) == ["manifest.endpoints[0].parameters[0].type"]


@pytest.mark.parametrize("value", [["a"], {"a": 1}])
@pytest.mark.parametrize(
    "place",
    [place for place in PLACES if place.source != "parameters" and place.name != "setting in a body"],
    ids=ids,
)
def test_a_setting_that_is_no_text_is_refused_by_name(wire: Recorder, place: Place, value: Any):
    if place.endpoint.get("parameters"):
        return
    with pytest.raises(SettingsIncomplete) as caught:
        properties = [{"name": "value", "type": "array" if isinstance(value, list) else "object"}]
        wire.sent_by(place.endpoint, {}, {"value": value}, **place.section, properties=properties)
    assert list(caught.value.errors or {}) == ["config.value"]
