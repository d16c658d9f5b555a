"""A manifest built to be expensive is refused, or costs no more than others."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.integrations.answers.test_selection import hostile_expressions
from tests.security.ground import STATUS, Ground, Service, json_answer

# Everything here ends within the client's own time, or it would take minutes.
PATTERNS = [
    "(a+)+$", "(a|a)*b", "(a|aa)+$", "((a+)+)+b", "(.*)*x", "(.*a){25}", "((a{1,100}){1,100}){1,100}", "a{1000}{1000}", "(\\pL{100}){10}",
    "\\pL{1000}", "[^\\x00]{999}", "(a)\\1", "(?=a)", "(?!a)b", "(?P<x>a)(?P<x>b)", "(?P<x>" * 100, "(" * 900, "[", "a**", "\\",
    "a" * 1001, "(?i)" + "ﬀ" * 300, "\ud800", "\x00", "^" * 900, "(?:a?){500}a{500}", "x*x*x*x*x*x*x*x*y",
]  # fmt: skip
RULE_PLACES = ["properties", "parameters", "inputs", "url_patterns", "schema"]
LONG_TEXTS = ["a" * 5000 + "!", "x" * 5000, "é" * 2000]


def taken(service: Service, **parts: Any) -> bool:
    """Whether the manifest with these parts registers; refused, it says where it is wrong."""
    manifest = {
        "integration": {"base_url": service.ground.provider_url},
        "endpoints": [STATUS],
        "blocks": [{"id": "status", "endpoint": "status"}],
        **parts,
    }
    answer = service.register(manifest)
    assert answer.status_code in (200, 201, 400, 413, 422), answer.text[:1000]
    if answer.status_code == 422:
        assert all(name.startswith("manifest") for name in answer.json()["errors"])
    return answer.ok


def parts_with(place: str, pattern: str) -> dict[str, Any]:
    """A manifest's parts with a pattern in one of the places that take one."""
    rule = {"type": "string", "pattern": pattern}
    shape = {"type": "object", "properties": {"a": rule}, "patternProperties": {pattern: {}}}
    block = {"id": "status", "endpoint": "status"}
    return {
        "properties": {"properties": [{"name": "q", **rule}]},
        "parameters": {"endpoints": [{**STATUS, "parameters": [{"name": "q", **rule}]}]},
        "inputs": {
            "endpoints": [{**STATUS, "parameters": [{"name": "q"}]}],
            "blocks": [{**block, "config_schema": {"q": rule}}],
        },
        "url_patterns": {"blocks": [{**block, "url_patterns": [pattern]}]},
        "schema": {"endpoints": [{**STATUS, "response_schema": shape}]},
    }[place]


@pytest.mark.parametrize("place", RULE_PLACES)
def test_a_hostile_pattern_costs_bounded_time(ground: Ground, place: str) -> None:
    said = {"a": LONG_TEXTS[0], **dict.fromkeys(LONG_TEXTS)}
    ground.reply = lambda _request: json_answer(json.dumps(said).encode())
    service = ground.service()
    outcomes = [_try_pattern(service, place, pattern) for pattern in PATTERNS]
    assert True in outcomes
    assert False in outcomes


def _try_pattern(service: Service, place: str, pattern: str) -> bool:
    if not taken(service, **parts_with(place, pattern)):
        return False
    for text in LONG_TEXTS:
        if place == "properties":
            path = f"/integrations/{service.id}/config"
            assert service.ground.call("PUT", path, {"config": {"q": text}}).status_code in (200, 422)
        else:
            given = {"url": f"https://x/{text}"} if place == "url_patterns" else {"q": text}
            given = {} if place == "schema" else given
            assert service.render(parameters=given).status_code in (200, 422, 502)
    return True


STEP = {"id": "one", "endpoint": "status"}
SELECTING: dict[str, Callable[[str], dict[str, Any]]] = {
    "doubles the flat list": lambda text: {"endpoints": [{**STATUS, "select": text}]},
    "doubles a string": lambda text: {"blocks": [{"id": "status", "endpoint": "status", "select": text}]},
    "wraps deeper than JSON goes": lambda text: {
        "blocks": [{"id": "status", "steps": [{**STEP, "outputs": {"out": text}}]}]
    },
    "escapes an escaped string": lambda text: {
        "endpoints": [{**STATUS, "paginate": {"type": "cursor", "cursor_param": "c", "cursor_path": text}}]
    },
}


@pytest.mark.parametrize(("name", "parts_of"), SELECTING.items(), ids=SELECTING.keys())
def test_a_hostile_expression_costs_bounded_time(
    ground: Ground, name: str, parts_of: Callable[[str], dict[str, Any]]
) -> None:
    ground.reply = lambda _request: json_answer(json.dumps(["a", "b"] * 20).encode())
    service = ground.service()
    assert taken(service, **parts_of(hostile_expressions()[name]))
    answer = service.render()
    assert (answer.status_code, answer.json()["reason"]) == (502, "select")


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(depth):
        schema = {"allOf": [schema]}
    return schema


def doubling(levels: int) -> dict[str, Any]:
    """A schema that applies twice as many schemas at each level."""
    definitions = {f"l{level}": {"allOf": [{"$ref": f"#/$defs/l{level + 1}"}] * 2} for level in range(levels)}
    return {"$defs": {**definitions, f"l{levels}": {"type": "integer"}}, "$ref": "#/$defs/l0"}


SCHEMAS: dict[str, Any] = {
    "deep": nested(400),
    "rather deep": nested(40),
    "doubling": doubling(60),
    "doubling a little": doubling(8),
    "a circle": {"$ref": "#"},
    "a wide circle": {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
    "recursive": {"$defs": {"n": {"anyOf": [{"items": {"$ref": "#/$defs/n"}}] * 4}}, "$ref": "#/$defs/n"},
    "all different": {"uniqueItems": True, "items": {"uniqueItems": True}},
    "many words": {"enum": [f"word {number}" for number in range(15_000)]},
    "too many words": {"enum": [f"word {number}" for number in range(30_000)]},
    "many members": {"properties": {f"p{number}": {"type": "integer"} for number in range(4000)}},
    "too many members": {"properties": {f"p{number}": {"type": "integer"} for number in range(20_000)}},
    "many alternatives": {"items": {"oneOf": [{"const": number} for number in range(2000)]}},
    "not a schema": [1, 2],
    "another dialect": {"$schema": "https://evil.example/schema"},
    "dynamic": {"$dynamicRef": "#x", "$dynamicAnchor": "x"},
}


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS.keys())
def test_a_hostile_schema_costs_bounded_time(ground: Ground, schema: Any) -> None:
    deep: Any = []
    for _ in range(150):
        deep = [deep, deep] if len(json.dumps(deep)) < 20_000 else [deep]
    said = json.dumps([deep, list(range(20_000)), [{"a": [number]} for number in range(5000)]]).encode()
    ground.reply = lambda _request: json_answer(said)
    service = ground.service()
    if taken(service, endpoints=[{**STATUS, "response_schema": schema}]):
        assert service.render().status_code in (200, 502)
        # Not one that grew unnoticed: a schema of ours is still looked at.
        assert service.details()["endpoints"][0]["response_schema"] == schema


@pytest.mark.parametrize("keyword", ["$ref", "$schema", "$id", "$dynamicRef", "$recursiveRef"])
@pytest.mark.parametrize("where", ["{}", "file:///etc/passwd", "//{}", "{}#/definitions/x"])
def test_nothing_is_fetched_for_a_schema(ground: Ground, keyword: str, where: str) -> None:
    addresses = [ground.forbidden.url("/schema.json"), ground.stranger.url("/schema.json")]
    ground.reply = lambda _request: json_answer(b'{"items": [1]}')
    for address in addresses:
        reference = {keyword: where.format(address)}
        for schema in (
            reference,
            {"properties": {"items": {"items": reference}}},
            {"$defs": {"a": reference}},
        ):
            service = ground.service()
            if taken(service, endpoints=[{**STATUS, "response_schema": schema}]):
                # An address of its own is only a name.
                assert keyword == "$id"
                assert service.render().status_code == 200
    ground.assert_nobody_else_was_called()


def test_many_patterns_are_refused_before_any_is_compiled(ground: Ground) -> None:
    dear = [f"\\\\pL{{10}}{number}" for number in range(1000)]
    block = {"id": "status", "endpoint": "status"}
    shape = {"properties": {f"p{number}": {"pattern": text} for number, text in enumerate(dear)}}
    rules = [{"name": f"p{number}", "type": "string", "pattern": text} for number, text in enumerate(dear)]
    for parts in (
        {"blocks": [{**block, "id": f"b{number}", "url_patterns": dear[:50]} for number in range(100)]},
        {"endpoints": [{**STATUS, "response_schema": shape}]},
        {"endpoints": [{**STATUS, "response_schema": {"patternProperties": {text: {} for text in dear}}}]},
        {"endpoints": [{**STATUS, "id": f"e{number}", "parameters": rules[:200]} for number in range(20)]},
        {"blocks": [{**block, "config_schema": {rule["name"]: rule for rule in rules}}]},
    ):
        assert not taken(ground.service(), **parts)


@pytest.mark.parametrize(
    "parts",
    [
        {"endpoints": [{**STATUS, "id": f"e{number}", "select": "[" + "a," * 900 + "a]"} for number in range(1000)]},
        {"endpoints": [{**STATUS, "id": f"e{number}", "parameters": [{"name": f"p{item}"} for item in range(200)]} for number in range(300)]},
        {"endpoints": [{**STATUS, "response_schema": {"enum": ["x" * 100] * 100_000}}]},
        {"blocks": [{"id": f"b{number}", "endpoint": "status"} for number in range(2000)]},
        {"endpoints": [{**STATUS, "method": "POST", "body": {"a": ["{server}" * 2000] * 2000}}]},
        {"integration": {"base_url": "http://x" + "/{server}" * 5000}},
        {"properties": [{"name": "q", "enum": [10**400]}]},
        {"properties": [{"name": "q", "enum": list(range(100_000))}]},
        {"own": [[[0] * 1000] * 100] * 3},
        {"own": 2**63},
    ],
    ids=["expressions", "parameters", "schema", "blocks", "body", "placeholders", "a number", "choices", "own data", "a large number"],
)  # fmt: skip
def test_a_huge_manifest_costs_bounded_time(ground: Ground, parts: dict[str, Any]) -> None:
    service = ground.service()
    if taken(service, **parts):
        assert service.render().status_code in (200, 404, 409, 502)
    # The others are served as before.
    assert ground.call("GET", "/plugins").status_code == 200


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 5000 + "]" * 5000])
def test_a_manifest_nested_without_end_is_refused(ground: Ground, text: str) -> None:
    head = '{"id": "deep", "name": "D", "version": "1.0.0", "type": "view", "manifest": {"own": '
    answer = ground.open(
        "POST",
        "/api/v1/plugins/register",
        data=f"{head}{text}}}}}",
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code in (400, 422)
