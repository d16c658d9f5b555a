from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, fields, validate

from errors import Malformed
from web.api.json import BODY_ENVIRON_KEY, MAX_DEPTH, ArgumentsParser, load_empty_query, parse_json
from web.api.problems import init_problems


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b"NaN",
        b'{"a": NaN}',
        b"Infinity",
        b"-Infinity",
        b"1e999",
        b'"\\ud800"',
        b'"\\udc00\\ud800"',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        '{"a": 1}'.encode("utf-16"),
        b"\xef\xbb\xbf{}",
        b'{"a": 1} {"b": 2}',
        b'{"a": 1,}',
        b"01",
        b'"a\nb"',
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
        b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1),
        b"[" * 1_000_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b'{"a": 1, "\\u0061": 2}',
        b'{"a": {"b": 1, "c": 2}, "a": 3}',
        b'{"a:b": 1, "a:b": 2}',
        b'[{"a": "::", "b": [{"c": 1, "c": 1}]}]',
        b"[" + b'{"a": 1},' * 100 + b'{"a": 1, "a": 1}]',
    ],
)
def test_what_is_not_plain_json_is_malformed(data: bytes):
    with pytest.raises(Malformed):
        parse_json(data)


def test_nesting_up_to_the_limit_is_read():
    data = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert parse_json(data) == json.loads(data)


def test_many_shallow_brackets_are_no_depth():
    assert parse_json(b"[" + b",".join([b"[]"] * 1000) + b"]") == [[]] * 1000


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)


@given(st.lists(st.tuples(st.sampled_from(["a", "b:", ":"]), st.sampled_from(["1", '"::"', '{"a":1}']))))
def test_a_name_given_twice_is_found_wherever_colons_stand(members: list[tuple[str, str]]):
    data = "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in members) + "}"
    if len({name for name, _ in members}) == len(members):
        assert parse_json(data.encode()) == json.loads(data)
    else:
        with pytest.raises(Malformed, match="twice"):
            parse_json(data.encode())


@given(VALUES)
def test_what_json_writes_is_read_back(value: object):
    assert parse_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_malformed(data: bytes):
    try:
        parse_json(data)
    except Malformed as refusal:
        assert refusal.detail


def query_schemas(app: Flask) -> Iterator[Schema]:
    """The schema of every query that a route takes."""
    for view in app.view_functions.values():
        of_class = getattr(view, "view_class", None)
        methods = [getattr(of_class, name.lower()) for name in of_class.methods] if of_class else [view]
        for method in methods:
            for parameter in getattr(method, "_apidoc", {}).get("arguments", {}).get("parameters", []):
                if isinstance(parameter, dict) and parameter["in"] == "query":
                    yield parameter["schema"]


def test_an_empty_query_says_to_every_route_what_the_parser_would_read_from_it(app: Flask):
    schemas = list(query_schemas(app))
    assert len(schemas) > 20
    for schema in schemas:
        known = load_empty_query(schema)
        with app.test_request_context("/"):
            if known is not None:
                assert known == ArgumentsParser().parse(schema, location="query")
            else:
                assert any(field.required for field in schema.fields.values())


class AskedSchema(Schema):
    page = fields.Integer(load_default=1, validate=validate.Range(1))
    named = fields.List(fields.String(), load_default=list)


class NeedingSchema(Schema):
    name = fields.String(required=True)


@pytest.fixture
def asking() -> Flask:
    """A small app whose routes say what their query said to them."""
    app = Flask("asking")
    init_problems(app)
    parser = ArgumentsParser()

    def change(query: dict[str, Any]) -> dict[str, Any]:
        answer = {name: value.copy() if isinstance(value, list) else value for name, value in query.items()}
        query["page"] = "changed"
        query.setdefault("named", []).append("changed")
        return answer

    for path, schema in {
        "/asked": AskedSchema(),
        "/paged": AskedSchema(only=["page"]),
        "/needing": NeedingSchema(),
    }.items():
        view = parser.use_args(schema, location="query")(change)
        app.add_url_rule(path, endpoint=path, view_func=view)
    return app


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/asked", {"page": 1, "named": []}),
        ("/paged", {"page": 1}),
        ("/paged?", {"page": 1}),
        ("/paged?page=3", {"page": 3}),
        ("/paged?unknown=3", {"page": 1}),
    ],
)
def test_a_query_says_the_same_each_time_whatever_a_route_does_with_it(
    asking: Flask, path: str, said: dict[str, Any]
):
    client = asking.test_client()
    assert [client.get(path).get_json() for _ in range(2)] == [said, said]


@pytest.mark.parametrize(("path", "field"), [("/needing", "name"), ("/paged?page=0", "page")])
def test_a_query_that_is_not_right_is_refused_by_field(asking: Flask, path: str, field: str):
    answer = asking.test_client().get(path)
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, [field])


@pytest.mark.parametrize(
    ("read", "length", "found"),
    [
        (b'{"name": "early"}', "17", "early"),
        # Not all of it was read, or it is not known whether it was.
        (b'{"name": "early"}', "18", "body"),
        (b'{"name": "early"}', "017", "body"),
        (b"", "17", "body"),
        (None, "18", "body"),
    ],
)
def test_a_body_that_was_read_ahead_is_not_read_again(read: bytes | None, length: str, found: str):
    environ: dict[str, Any] = {} if read is None else {BODY_ENVIRON_KEY: read}
    body = b'{"name": "body" }'.ljust(int(length))
    with Flask("bodies").test_request_context(
        method="POST",
        data=body,
        content_type="application/json",
        environ_overrides={"CONTENT_LENGTH": length, **environ},
    ):
        assert ArgumentsParser().parse(NeedingSchema(), location="json") == {"name": found}
