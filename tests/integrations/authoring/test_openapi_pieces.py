"""Parameters, answers and names of small documents, piece by piece."""

import pytest

from tests.integrations.authoring.importing import (
    call_of,
    compiled,
    endpoint_of,
    import_document,
    import_parameter,
    parameters_of,
    reasons_of,
)

OK = {"200": {"description": "Done"}}


def query(schema, **words):
    return {"name": "q", "in": "query", "schema": schema, **words}


@pytest.mark.parametrize(
    ("schema", "declared"),
    [
        ({"type": "string"}, {"type": "string"}),
        ({"type": ["string", "null"]}, {"type": "string"}),
        ({"type": ["string", "integer"]}, {"type": "string"}),
        ({"type": ["integer", "number"], "minimum": 1}, {"type": "number", "min": 1}),
        ({"enum": ["a", None, "b"]}, {"type": "string", "enum": ["a", "b"]}),
        ({"enum": [1, 2]}, {"type": "integer", "enum": [1, 2]}),
        ({"type": "string", "enum": [1, 2]}, {"type": "string"}),
        ({"const": "x"}, {"type": "string", "enum": ["x"]}),
        ({"type": "integer", "minimum": 1, "maximum": 9, "default": 3}, {"type": "integer", "min": 1, "max": 9, "default": 3}),
        ({"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 9}, {"type": "integer", "min": 2, "max": 8}),
        ({"type": "number", "exclusiveMinimum": 0}, {"type": "number"}),
        ({"type": "integer", "default": "ten"}, {"type": "integer"}),
        ({"type": "integer", "maximum": 5, "default": 6}, {"type": "integer", "max": 5}),
        ({"type": "string", "minLength": 2, "maxLength": 4}, {"type": "string", "min": 2, "max": 4}),
        ({"type": "array", "items": {"type": "string"}, "minItems": 1}, {"type": "array", "min": 1}),
        ({"type": "string", "format": "email"}, {"type": "string", "format": "email"}),
        ({"type": "string", "format": "int-or-so"}, {"type": "string"}),
        ({"type": "string", "pattern": "^a+$"}, {"type": "string", "pattern": "^a+$"}),
        ({"type": "string", "pattern": "^a|b$"}, {"type": "string", "pattern": "(?s:.*)(?:^a|b$)(?s:.*)"}),
        ({"type": "string", "pattern": "^a\\$"}, {"type": "string", "pattern": "(?s:.*)(?:^a\\$)(?s:.*)"}),
        ({"type": "string", "pattern": "(?=a)"}, {"type": "string"}),
        ({"allOf": [{"type": "integer"}, {"minimum": 2}]}, {"type": "integer", "min": 2}),
        ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, {"type": "boolean"}),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, {"type": "string"}),
        (
            {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1, "default": 2**60, "enum": [2**60]},
            {"type": "integer"},
        ),
        ({}, {"type": "string"}),
        (True, {"type": "string"}),
    ],
    ids=str,
)  # fmt: skip
def test_a_schema_becomes_the_rules_of_a_parameter(schema, declared):
    (parameter,) = parameters_of(import_parameter(query(schema)))

    assert {word: parameter[word] for word in parameter if word not in ("name", "in")} == declared


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        ("b", "abc", True),
        ("^b", "abc", False),
        ("c$", "abc", True),
        ("^a|x$", "a\nb", True),
        ("^ab$", "xab", False),
    ],
)
def test_a_pattern_fits_where_the_document_would_have_it_fit(pattern, value, fits):
    endpoint = compiled(import_parameter(query({"type": "string", "pattern": pattern}))).endpoints["get"]

    assert (endpoint.parameters[0].value.check(value) == []) is fits


UNSAYABLE = [
    (query({"type": "array", "items": {"type": "string"}}, explode=False), "a list in the style form without explode"),
    (query({"type": "array", "items": {"type": "string"}}, style="spaceDelimited"), "a list in the style spaceDelimited"),
    (query({"type": "array", "items": {"type": "object"}}), "a list of lists or objects"),
    (query({"type": "object"}), "an object in the style form cannot be written without the names of its members"),
    (query({"type": "object", "properties": {"a": {"type": "array"}}}, style="deepObject"), "a member that is no text"),
    (query({"type": "object", "properties": {"a": {}}}, style="form", explode=False), "without explode"),
    (query({"anyOf": [{"type": "string"}, {"type": "array"}]}), "it may be of several kinds"),
    ({"name": "q", "in": "query", "content": {"application/json": {"schema": {"type": "string"}}}}, "JSON that is no object"),
    ({"name": "q", "in": "query", "content": {"text/csv": {}}}, "it travels as text/csv"),
    ({"name": "a b", "in": "query", "schema": {"type": "string"}}, "its name is empty, contains spaces"),
    ({"name": "session", "in": "cookie", "schema": {"type": "string"}}, "only credentials can be sent in cookies"),
    ({"name": "Host", "in": "header", "schema": {"type": "string"}}, "a manifest cannot set this header"),
    ({"name": "X-List", "in": "header", "schema": {"type": "array"}}, "an array cannot be written there"),
    ({"name": "q", "in": "body", "schema": {"type": "string"}}, "there is no such place in a request"),
    (query({"$ref": "other.json"}), "leads out of the document"),
    (query({"$ref": "#/nowhere"}), "there is nothing at `#/nowhere`"),
    (query({"$ref": "#/components/schemas/Loop"}), "that only leads to itself"),
]  # fmt: skip
LOOP = {"schemas": {"Loop": {"$ref": "#/components/schemas/Loop"}}}


@pytest.mark.parametrize(
    ("parameter", "reason"), UNSAYABLE, ids=lambda part: part if isinstance(part, str) else ""
)
def test_an_optional_parameter_that_cannot_be_said_stays_behind(parameter, reason):
    imported = import_parameter(parameter, components=LOOP)

    assert parameters_of(imported) == []
    (note,) = imported.notes
    assert note.startswith(f"GET /x: without the parameter `{parameter['name']}` ({parameter['in']}): ")
    assert reason in note


@pytest.mark.parametrize(
    ("parameter", "reason"), UNSAYABLE, ids=lambda part: part if isinstance(part, str) else ""
)
def test_without_a_required_one_the_operation_is_left_out(parameter, reason):
    told = reasons_of(import_parameter, {**parameter, "required": True}, components=LOOP)

    assert told.startswith("GET /x: left out: the parameter ")
    assert reason in told


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"schema": {"type": "array"}}, "an array cannot be written there"),
        ({"schema": {"type": "string"}, "style": "label"}, "the style label cannot be written"),
        (
            {"content": {"application/json": {"schema": {"type": "string"}}}},
            "JSON text cannot be written there",
        ),
    ],
)
def test_a_path_that_cannot_be_written_leaves_the_operation_out(words, reason):
    assert reason in reasons_of(import_parameter, {"name": "id", "in": "path", "required": True, **words})


@pytest.mark.parametrize(
    ("parameter", "given", "line"),
    [
        (query({"type": "object", "properties": {"a": {"type": "integer"}}}, style="deepObject"), {"q[a]": 1}, "?q[a]=1"),
        (query({"type": "object", "properties": {"a": {"type": "integer"}}}), {"a": 1}, "?a=1"),
        ({"name": "q", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}}, {"q": {"a": [1]}}, "?q=%7B%22a%22%3A%5B1%5D%7D"),
        ({"name": "q", "in": "query", "content": {"application/json": {"schema": {"type": "boolean"}}}}, {"q": True}, "?q=true"),
        (query({"type": "array", "items": {"type": "integer"}}), {"q": [1, 2]}, "?q=1&q=2"),
    ],
)  # fmt: skip
def test_objects_and_lists_are_written_in_the_style_of_the_document(parameter, given, line):
    assert call_of(import_parameter(parameter), "get", given).url == f"https://api.test/x{line}"


def test_the_operation_s_parameter_stands_before_the_path_s():
    path = {
        "parameters": [
            query({"type": "string"}),
            {"name": "only", "in": "query", "schema": {"type": "string"}},
        ],
        "get": {
            "operationId": "get",
            "parameters": [query({"type": "integer"}, required=True)],
            "responses": {},
        },
    }
    assert parameters_of(import_document({"/x": path})) == [
        {"name": "q", "in": "query", "type": "integer", "required": True},
        {"name": "only", "in": "query", "type": "string"},
    ]


def test_names_that_stand_in_two_places_are_kept_apart():
    operation = {
        "operationId": "send",
        "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
            {"name": "id", "in": "query", "schema": {"type": "string"}},
        ],
        "requestBody": {
            "content": {
                "application/json": {"schema": {"type": "object", "properties": {"id": {"type": "string"}, "n": {"type": "integer"}}}}
            }
        },
        "responses": {},
    }  # fmt: skip
    imported = import_document({"/x/{id}": {"put": operation}})

    full = call_of(imported, "send", {"path_id": 1, "id": "q", "body_id": "b", "n": 2})
    assert (full.url, full.body) == ("https://api.test/x/1?id=q", b'{"id":"b","n":2}')
    bare = call_of(imported, "send", {"path_id": 1})
    assert (bare.url, bare.body) == ("https://api.test/x/1", b"{}")


def test_a_placeholder_that_nobody_declares_is_a_parameter_all_the_same():
    imported = import_document({"/x/{a b}.{format}": {"get": {"operationId": "get", "responses": {}}}})

    assert call_of(imported, "get", {"a_b": "1", "format": "xml"}).url == "https://api.test/x/1.xml"


@pytest.mark.parametrize(
    ("responses", "words"),
    [
        ({"200": {"content": {"application/json": {}}}}, {}),
        ({"default": {"content": {"text/html": {}}}}, {}),
        ({"404": {"content": {"text/html": {}}}, "201": {"content": {"text/csv": {}}}}, {"response_type": "csv"}),
        ({"200": {"content": {"text/html": {}, "application/json": {}}}}, {}),
        ({"2XX": {"content": {"application/xml": {}}}}, {"response_type": "xml"}),
        ({"200": {"content": {"application/rss+xml": {}}}}, {"response_type": "feed"}),
        ({"200": {"content": {"application/x-ndjson": {}}}}, {"response_type": "ndjson"}),
        ({"200": {"content": {"image/png": {}}}}, {"response_type": "image"}),
        ({"200": {"content": {"text/calendar": {}}}}, {"response_type": "text"}),
        ({"200": {"content": {"application/pdf": {}}}}, {"response_type": "binary", "headers": {"Accept": "application/pdf"}}),
        ({"200": {"content": {"application/hal+json": {}}}}, {"headers": {"Accept": "application/hal+json"}}),
        ({"204": {}, "200": {"content": {"image/*": {}}}}, {"response_type": "image"}),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_answered_says_how_it_is_read(responses, words):
    endpoint = endpoint_of(import_document({"/x": {"get": {"operationId": "get", "responses": responses}}}))

    assert {word: endpoint[word] for word in endpoint if word not in ("id", "method", "path")} == words


def test_a_call_that_writes_may_answer_nothing():
    imported = import_document({"/x": {"post": {"operationId": "send", "responses": OK}}})

    assert endpoint_of(imported, "send")["response_type"] == "text"


def test_a_schema_too_large_to_check_each_answer_stays_behind():
    large = {
        "type": "object",
        "properties": {f"member_{n}": {"type": "string", "enum": ["x" * 50]} for n in range(500)},
    }
    answer = {"200": {"content": {"application/json": {"schema": large}}}}
    imported = import_document({"/x": {"get": {"operationId": "get", "responses": answer}}})

    assert "response_schema" not in endpoint_of(imported)
    assert imported.notes == [
        "GET /x: without response_schema: it is too large to be checked with every answer"
    ]


def test_schemas_stay_behind_when_nobody_wants_them():
    answer = {"200": {"content": {"application/json": {"schema": {"type": "object"}}}}}
    paths = {"/x": {"get": {"operationId": "get", "responses": answer}}}

    assert "response_schema" in endpoint_of(import_document(paths))
    assert "response_schema" not in endpoint_of(import_document(paths, {"with_schemas": False}))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "nullable": True, "enum": ["a"]}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, {"type": "integer", "exclusiveMinimum": 1}),
        ({"type": "integer", "minimum": 1, "maximum": 2**63 - 1}, {"type": "integer", "minimum": 1}),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": False}, {"type": "integer", "minimum": 1}),
        (
            {"type": "object", "properties": {"nullable": {"type": "string", "example": "x"}}, "discriminator": {"propertyName": "t"}},
            {"type": "object", "properties": {"nullable": {"type": "string"}}},
        ),
    ],
)  # fmt: skip
def test_schemas_of_openapi_3_0_are_said_in_json_schema(old, new):
    answer = {"200": {"content": {"application/json": {"schema": old}}}}
    imported = import_document({"/x": {"get": {"operationId": "get", "responses": answer}}}, openapi="3.0.3")

    assert endpoint_of(imported)["response_schema"] == new


@pytest.mark.parametrize(
    ("version", "inlined"),
    [("3.0.3", {"$ref": "#/$defs/A"}), ("3.1.0", {"$ref": "#/$defs/A", "minLength": 2})],
)
def test_what_stands_beside_a_reference_counts_from_openapi_3_1_on(version, inlined):
    schema = {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/A", "minLength": 2}}}
    answer = {"200": {"content": {"application/json": {"schema": schema}}}}
    imported = import_document(
        {"/x": {"get": {"operationId": "get", "responses": answer}}},
        openapi=version,
        components={"schemas": {"A": {"type": "string"}}},
    )

    assert endpoint_of(imported)["response_schema"]["properties"]["a"] == inlined


@pytest.mark.parametrize(
    ("operation_id", "endpoint_id"),
    [
        ("getPet", "getPet"),
        ("issues/list for-repo", "issues_list_for-repo"),
        ("2fa", "get_2fa"),
        ("x" * 80, "x" * 64),
        ("…", "get"),
        (None, "get_a_b"),
    ],
)
def test_ids_are_made_valid(operation_id, endpoint_id):
    operation = {"responses": {}, **({"operationId": operation_id} if operation_id else {})}
    (endpoint,) = import_document({"/a/{b}": {"get": operation}}).declaration["manifest"]["endpoints"]

    assert endpoint["id"] == endpoint_id


def test_ids_are_made_unique():
    paths = {f"/{n}": {"get": {"operationId": "y" * 70, "responses": {}}} for n in range(3)}
    ids = [item["id"] for item in import_document(paths).declaration["manifest"]["endpoints"]]

    assert ids == ["y" * 64, "y" * 62 + "_2", "y" * 62 + "_3"]


def test_an_endpoint_that_does_not_compile_is_left_out_with_the_compiler_s_reason():
    paths = {"/a/../b": {"get": {"responses": {}}}, "/c": {"get": {"operationId": "get", "responses": {}}}}
    imported = import_document(paths)

    assert [item["id"] for item in imported.declaration["manifest"]["endpoints"]] == ["get"]
    assert imported.notes == ["GET /a/../b: left out: path: A path cannot contain the segments `.` and `..`."]
