"""`response_schema`: what matches, what is refused, and that neither a schema nor an answer costs without limit."""

from __future__ import annotations

import pytest

from integrations.answers import response_schema
from integrations.answers.response_schema import compile_response_schema

ITEM = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "integer"}, "name": {"type": ["string", "null"], "maxLength": 3}},
}
LIST = {"type": "object", "properties": {"items": {"type": "array", "items": ITEM}}}


def nested(depth: int) -> list:
    value: list = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("schema", "value", "errors"),
    [
        (LIST, {"items": [{"id": 1, "name": None}]}, []),
        (LIST, {"items": [{"id": 1}, {"id": "x", "name": "long"}, {}]}, [("items[1].id", "is not of type integer"), ("items[1].name", "is longer than 3 characters"), ("items[2]", "`id` is missing")]),
        (LIST, [], [("", "is not of type object")]),
        (True, [1], []),
        (False, [1], [("", "is not allowed here")]),
        ({"type": "integer"}, 10**40, []),
        ({"enum": ["a", "b"]}, "secret", [("", "is none of a, b")]),
        ({"const": 1}, 2, [("", "is not 1")]),
        ({"pattern": "^a+$"}, "b", [("", "does not match the pattern ^a+$")]),
        ({"additionalProperties": {"type": "string"}}, {"k": 1}, [("k", "is not of type string")]),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"secret": 1}, [("", "has a property that is not allowed")]),
        ({"anyOf": [{"type": "null"}, {"type": "string"}]}, 1, [("", "matches none of the schemas in anyOf")]),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"a": {"minimum": 2}}, "items": {"$ref": "#/definitions/a"}}, [1], [("[0]", "is less than 2")]),
        ({"$defs": {"a/b~c": {"type": "null"}}, "$ref": "#/$defs/a~1b~0c"}, 1, [("", "is not of type null")]),
        ({"$defs": {"n": {"properties": {"next": {"$ref": "#/$defs/n"}, "v": {"type": "integer"}}}}, "$ref": "#/$defs/n"}, {"next": {"next": {"v": "x"}}}, [("next.next.v", "is not of type integer")]),
    ],
)  # fmt: skip
def test_mismatches_are_told_by_path_in_the_schemas_words(schema, value, errors):
    assert compile_response_schema(schema).errors(value) == errors


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ([], "schema: must be an object"),
        ("x", "schema: must be an object"),
        ({"$ref": "http://127.0.0.2/x"}, "schema.$ref: only references into the schema"),
        ({"properties": {"a": {"items": {"$ref": "//127.0.0.2/x"}}}}, "schema.properties.a.items.$ref"),
        ({"allOf": [{"$ref": "other.json#/a"}]}, "schema.allOf[0].$ref"),
        ({"$defs": {"unused": {"$ref": "file:///etc/passwd"}}}, "schema.$defs.unused.$ref"),
        ({"$ref": "#/$defs/missing"}, "there is nothing at `#/$defs/missing`"),
        ({"$ref": "#/title", "title": "x"}, "is no schema"),
        ({"$ref": 7}, "schema.$ref"),
        (
            {"$id": "http://127.0.0.2/", "items": {"$id": "x", "$ref": "#/a"}},
            "cannot have an address of its own",
        ),
        ({"$dynamicRef": "#x"}, "schema.$dynamicRef: is not supported"),
        ({"items": {"$anchor": "x"}}, "schema.items.$anchor: is not supported"),
        ({"$schema": "http://127.0.0.2/schema"}, "schema.$schema"),
        ({"properties": {"a": {"type": "strin"}}}, "properties.a.type"),
        ({"items": {"pattern": "(?=a)"}}, "items.pattern: is not a valid regex"),
        ({"patternProperties": {"(a": {}}}, "patternProperties"),
        ({"pattern": "(a{1000}){1000}"}, "pattern"),
        ({"$ref": "#"}, "refers to itself without going deeper"),
        (
            {"$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}}},
            "refers to itself",
        ),
        ({"enum": ["x" * 600_000]}, "too large"),
        ({"enum": list(range(30_000))}, "too large"),
    ],
)
def test_a_schema_that_leads_outside_or_nowhere_is_refused_by_its_place(schema, place):
    with pytest.raises(ValueError) as caught:
        compile_response_schema(schema)
    assert place in str(caught.value)


def chain(length: int, operator: str) -> dict:
    """Each definition applies the next one twice: the work doubles with every link."""
    links = {
        f"a{n}": {operator: [{"$ref": f"#/$defs/a{n + 1}"}, {"$ref": f"#/$defs/a{n + 1}", "minItems": 1}]}
        for n in range(length)
    }
    return {"$defs": links | {f"a{length}": {"type": "string"}}, "$ref": "#/$defs/a0"}


@pytest.mark.parametrize("operator", ["allOf", "anyOf", "oneOf"])
def test_a_schema_whose_work_doubles_with_every_reference_is_refused(operator):
    assert compile_response_schema(chain(8, operator)).errors("x") == [] or operator == "oneOf"
    for length in (16, 60):
        with pytest.raises(ValueError, match=r"applies more than|in a row"):
            compile_response_schema(chain(length, operator))


def test_deep_schemas_are_refused():
    schema: dict = {}
    for _ in range(70):
        schema = {"items": schema}
    with pytest.raises(ValueError, match="nested too deeply"):
        compile_response_schema(schema)
    long_row = {
        "$defs": {f"a{n}": {"$ref": f"#/$defs/a{n + 1}"} for n in range(400)} | {"a400": {}},
        "$ref": "#/$defs/a0",
    }
    with pytest.raises(ValueError, match="in a row"):
        compile_response_schema(long_row)


BRANCHING = {
    "$defs": {"n": {"anyOf": [{"items": {"$ref": "#/$defs/n"}, "minItems": 1}, {"items": {"$ref": "#/$defs/n"}, "minItems": 1, "maxItems": 9}]}},
    "$ref": "#/$defs/n",
}  # fmt: skip


def test_a_recursive_schema_is_checked_at_any_depth_but_explained_only_where_that_is_cheap(monkeypatch):
    check = compile_response_schema(BRANCHING)
    explained = []
    monkeypatch.setattr(
        response_schema, "_mismatch", lambda error: explained.append(error) or ("", "explained")
    )
    assert check.errors(nested(3)) == [("", "explained")]
    assert check.errors(nested(190)) == [("", "does not match the response schema")]
    assert len(explained) == 1


def test_the_first_mismatch_of_a_large_answer_is_told_without_collecting_all():
    check = compile_response_schema(LIST)
    assert check.errors({"items": [{"id": "x"}] * 100_000}) == [("items[0].id", "is not of type integer")]
    alternatives = compile_response_schema(
        {"anyOf": [{"items": {"type": "string"}}, {"items": {"type": "null"}}]}
    )
    assert alternatives.errors(list(range(300_000))) == [("", "does not match the response schema")]


def test_an_answer_too_large_for_an_elaborate_schema_is_not_checked_at_all(monkeypatch):
    check = compile_response_schema({"items": {"allOf": [{"type": "integer"}] * 9}})
    monkeypatch.setattr(response_schema, "_MAX_APPLICATIONS", 1_000)
    assert check.errors(list(range(10))) == []
    (error,) = check.errors(list(range(1_000)))
    assert "too large" in error[1]


def test_patterns_that_backtrack_elsewhere_run_in_linear_time():
    assert compile_response_schema({"pattern": "^(a+)+$"}).errors("a" * 200_000 + "!")


def test_at_most_20_mismatches_are_told_and_long_names_are_cut():
    check = compile_response_schema({"additionalProperties": {"type": "string", "enum": ["y" * 500]}})
    errors = check.errors({f"{n}" + "k" * 500: 1 for n in range(100)})
    assert len(errors) == 20
    assert all(len(path) <= 60 and len(message) <= 200 for path, message in errors)
