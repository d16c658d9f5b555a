"""Limits of a response schema that settings and inputs set."""

from __future__ import annotations

from typing import Any

import pytest

from errors import Invalid
from integrations.answers.schema_limits import compile_limited_schema
from tests.integrations.building import integration_of
from tests.integrations.stories import Service

PROPERTIES = [
    {"name": "highest", "type": "number"},
    {"name": "most", "type": "integer"},
    {"name": "key", "secure": True},
    {"name": "word"},
]
SCHEMA = {
    "type": "object",
    "properties": {
        "load": {"type": "number", "maximum": "config('highest')"},
        "items": {"type": "array", "minItems": "inputs('least')", "maxItems": " config( 'most' ) "},
    },
}
VALUE = {"load": 5, "items": [1, 2]}


@pytest.mark.parametrize(
    ("config", "inputs", "paths"),
    [
        ({}, {}, []),
        ({"highest": 5}, {}, []),
        ({"highest": 4.5}, {}, ["load"]),
        ({"highest": 4, "most": 1}, {}, ["items", "load"]),
        ({}, {"least": 3}, ["items"]),
        ({"most": -1}, {}, ["items"]),
        ({"highest": None, "most": True}, {"least": "3"}, []),
    ],
)
def test_a_limit_is_that_of_the_setting_or_the_input(config: Any, inputs: Any, paths: list[str]):
    schema = compile_limited_schema(SCHEMA)
    assert (schema.config_names, schema.input_names) == ({"highest", "most"}, {"least"})
    assert sorted(path for path, _ in schema.bound(config, inputs).errors(VALUE)) == paths


def test_data_of_a_schema_asks_for_nothing():
    schema = {
        "properties": {"minimum": {"const": {"minimum": "config('x')"}}},
        "enum": [{"maximum": "inputs('y')"}],
    }
    assert compile_limited_schema(schema).asked == ()


@pytest.mark.parametrize(
    ("schema", "field", "told"),
    [
        ({"maximum": "config('gone')"}, ".maximum", "not among the properties"),
        ({"maximum": "config('key')"}, ".maximum", "a secret takes no part"),
        ({"maximum": "config('word')"}, ".maximum", "not of type number or integer"),
        ({"maxItems": "config('highest')"}, ".maxItems", "not of type integer"),
        ({"maximum": "inputs('gone')"}, ".maximum", "is not an input"),
        ({"maximum": "inputs('hidden')"}, ".maximum", "is not an input"),
        ({"allOf": [{"minimum": "inputs('text')"}]}, ".allOf[0].minimum", "not of type number"),
        ({"maximum": "config(most)"}, "", ""),
        ({"maximum": "{most}"}, "", ""),
        ({"multipleOf": "config('most')"}, "", ""),
    ],
)
def test_what_cannot_be_a_limit_is_refused_by_its_place(schema: dict[str, Any], field: str, told: str):
    endpoint = {
        "id": "it",
        "path": "/it",
        "parameters": [{"name": "hidden", "type": "integer", "from_config": "key"}, {"name": "text"}],
        "response_schema": schema,
    }
    with pytest.raises(Invalid) as refused:
        integration_of([endpoint], properties=PROPERTIES)
    assert told in (refused.value.errors or {})[f"manifest.endpoints[0].response_schema{field}"][0]


def test_another_limit_is_another_answer(client, httpserver, monkeypatch):
    monkeypatch.setattr("tests.integrations.stories.PROPERTIES", PROPERTIES)
    endpoint = {
        "id": "it",
        "path": "/it",
        "parameters": [{"name": "least", "type": "integer", "default": 1}],
        "response_schema": {"minItems": "inputs('least')", "maxItems": "config('most')"},
    }
    httpserver.expect_request("/it").respond_with_json([1, 2])
    service = Service(client, httpserver, [endpoint], [{"id": "b", "endpoint": "it", "cache_ttl": 60}])
    assert service.render("b").status_code == 200
    assert service.render("b", {"least": 3}).json["mismatches"][0]["message"] == "has fewer than 3 items"
    service.configure(most=1)
    refused = service.render("b")
    assert (refused.status_code, refused.json["reason"]) == (502, "schema")
    service.configure(most=2)
    assert service.render("b").status_code == 200
