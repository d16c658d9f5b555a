"""The description of a block's inputs for forms, however they are declared."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.rendering.block_inputs import describe_inputs, settings_of
from tests.integrations.building import integration_of
from tests.integrations.stories import Service

PROPERTIES: list[dict[str, Any]] = [
    {"name": "api_key", "secure": True},
    {"name": "units", "type": "select", "options": [{"value": "metric", "label": "Metric"}, "imperial"], "description": "Of all."},
    {"name": "home", "type": "string", "label": "Home"},
]  # fmt: skip
ENDPOINTS: list[dict[str, Any]] = [
    {
        "id": "now",
        "path": "/now/{place}",
        "parameters": [
            {"name": "place", "description": "A city."},
            {"name": "days", "type": "integer", "min": 1, "max": 7, "default": 3},
            {"name": "units", "from_config": "units"},
            {"name": "key", "from_config": "api_key"},
        ],
    },
    {"id": "page", "parameters": [{"name": "address", "in": "url"}]},
    {
        "id": "find",
        "path": "/find",
        "method": "POST",
        "safe": True,
        "body": {"q": "in {area}"},
        "parameters": [
            {"name": "area", "type": "string"},
            {"name": "since", "type": "date"},
            {"name": "kind", "enum": ["a", 1, True]},
        ],
    },
]
PLACE = {"name": "place", "type": None, "required": True, "from_config": None, "description": "A city."}
DAYS = {
    "name": "days",
    "type": "integer",
    "required": False,
    "from_config": None,
    "min": 1,
    "max": 7,
    "default": 3,
}
UNITS = {
    "name": "units", "type": "select", "required": False, "from_config": "units", "description": "Of all.",
    "options": [{"value": "metric", "label": "Metric"}, {"value": "imperial", "label": "imperial"}],
}  # fmt: skip
ADDRESS = "https://weather\\.test/(?P<place>[^/]+)"

CASES: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
    # Without a schema they are those of the endpoint; what a secret fills is nobody's to give.
    ({"endpoint": "now"}, [PLACE, DAYS, UNITS]),
    ({"endpoint": "page"}, [{"name": "address", "type": None, "required": True, "from_config": None}]),
    (
        {"endpoint": "find"},
        [
            {"name": "area", "type": "string", "required": True, "from_config": None},
            {"name": "since", "type": "date", "required": False, "from_config": None},
            {
                "name": "kind", "type": None, "required": False, "from_config": None, "enum": ["a", 1, True],
                "options": [{"value": "a", "label": "a"}, {"value": 1, "label": "1"}, {"value": True, "label": "true"}],
            },
        ],
    ),
    # What an input does not say of itself, its parameter says.
    (
        {"endpoint": "now", "config_schema": {"place": {"label": "Where"}, "days": {"max": 2, "default": 1}}},
        [{**PLACE, "label": "Where"}, {**DAYS, "max": 2, "default": 1}],
    ),
    (
        {"endpoint": "now", "config_schema": {"place": {"from_config": "home", "required": True}}},
        [{**PLACE, "type": "string", "label": "Home", "from_config": "home"}],
    ),
    # An address says what its groups name.
    (
        {"endpoint": "now", "url_patterns": [ADDRESS], "config_schema": {"url": {"type": "string", "required": True}}},
        [
            {"name": "url", "type": "string", "required": True, "from_config": None},
            {**PLACE, "required": False, "from_url": True},
        ],
    ),
    (
        {"endpoint": "now", "url_patterns": [ADDRESS]},
        [
            {"name": "url", "type": "url", "required": False, "from_config": None, "description": "A URL from which the block's inputs are read."},
            {**PLACE, "from_url": True}, DAYS, UNITS,
        ],
    ),
    # In a chain an input is what the parameter is that it fills.
    (
        {"steps": [
            {"id": "a", "endpoint": "now", "parameters": {"place": "{inputs.where}", "days": "{inputs.days}"}},
            {"id": "b", "endpoint": "find", "parameters": {"area": "around {inputs.where}"}},
        ]},
        [
            {**DAYS, "required": False},
            {**PLACE, "name": "where"},
        ],
    ),
    (
        {"config_schema": {"days": {}, "text": {}}, "steps": [
            {"id": "a", "endpoint": "now", "parameters": {"place": "near {inputs.text}", "days": "{inputs.days}"}},
        ]},
        [DAYS, {"name": "text", "type": None, "required": True, "from_config": None}],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("block", "described"), CASES)
def test_the_inputs_in_effect(block: dict[str, Any], described: list[dict[str, Any]]) -> None:
    integration = integration_of(ENDPOINTS, [{"id": "b", **block}], PROPERTIES)
    assert describe_inputs(integration.blocks["b"], settings_of({"properties": PROPERTIES})) == described


def test_they_are_told_with_each_block(client, upstream) -> None:
    manifest = {
        "integration": {"base_url": upstream.url_for("/").rstrip("/")},
        "properties": PROPERTIES,
        "endpoints": ENDPOINTS,
        "blocks": [{"id": "b", "endpoint": "now", "display": {"as": "facts"}}, {"id": "vague"}],
    }
    declared = {"id": "svc", "name": "S", "version": "1.0.0", "type": "integration", "manifest": manifest}
    assert client.post("/plugins/register", declared).status_code == 201
    [block, vague] = client.get("/integrations/svc/blocks").json["blocks"]
    assert block == {"id": "b", "endpoint": "now", "display": {"as": "facts"}, "inputs": [PLACE, DAYS, UNITS]}
    assert vague == {"id": "vague", "inputs": []}
    assert client.get("/integrations/svc").json["blocks"] == [block, vague]


def test_a_chain_can_do_without_an_input_whose_parameter_has_a_default(client, upstream) -> None:
    upstream.expect_request("/now/oslo").respond_with_json({"ok": True})
    chain = [
        {"id": "a", "endpoint": "now", "parameters": {"place": "{inputs.place}", "days": "{inputs.days}"}}
    ]
    endpoint = {**ENDPOINTS[0], "parameters": ENDPOINTS[0]["parameters"][:2]}
    service = Service(client, upstream, [endpoint], [{"id": "b", "steps": chain}])
    assert service.render("b", {"place": "oslo"}).status_code == 200
    assert upstream.log[0][0].args["days"] == "3"
    assert list(service.render("b").get_json()["errors"]) == ["parameters.place"]
