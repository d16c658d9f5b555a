"""Lint, JSON Schema and import from OpenAPI, over the API."""

import json

import pytest

MANIFEST = {
    "integration": {"base_url": "https://api.test"},
    "endpoints": [{"id": "status", "path": "/status", "cache_ttl": 60}],
    "blocks": [{"id": "status", "endpoint": "status"}],
}
BODY = {"id": "svc", "name": "S", "version": "1.0.0", "type": "integration", "manifest": MANIFEST}
PETS = {
    "openapi": "3.0.3",
    "info": {"title": "Pets", "version": "2.1.0"},
    "servers": [{"url": "https://pets.test/v1"}],
    "paths": {
        "/pets": {
            "get": {"operationId": "listPets", "tags": ["pets"], "responses": {"200": {"description": "ok"}}}
        },
        "/shops": {
            "get": {
                "operationId": "listShops",
                "tags": ["shops"],
                "responses": {"200": {"description": "ok"}},
            }
        },
    },
}


def lint(client, text):
    answer = client.post("/manifests/lint", {"text": text})
    assert answer.status_code == 200, answer.json
    return answer.json


def test_a_registration_body_without_errors_is_answered_as_json(client):
    linted = lint(client, json.dumps(BODY))
    assert (linted["findings"], linted["kind"], linted["value"]) == ([], "registration", BODY)
    assert client.post("/plugins/register", linted["value"]).status_code == 201


def test_a_manifest_alone_may_be_yaml(client):
    text = "integration:\n  base_url: https://api.test\nendpoints:\n  - {id: a, path: /a}\n"
    linted = lint(client, text)
    assert (linted["findings"], linted["kind"]) == ([], "manifest")
    assert linted["value"]["endpoints"] == [{"id": "a", "path": "/a"}]


def test_an_error_is_told_with_its_path_and_place(client):
    text = "id: svc\nname: S\nversion: 1.0.0\ntype: integration\nmanifest:\n  integration:\n    base_url: nowhere\n"
    linted = lint(client, text)
    assert linted["value"] is None
    [found] = linted["findings"]
    assert (found["level"], found["path"]) == ("error", "manifest.integration.base_url")
    assert (found["line"], found["column"]) == (7, 5)


@pytest.mark.parametrize(("text", "line"), [('{\n  "id": ,\n}', 2), ("a: [1\nb: 2", 2), ("\t- x", 1)])
def test_a_text_that_cannot_be_read_is_told_with_its_place(client, text, line):
    linted = lint(client, text)
    assert linted["value"] is None
    assert [(found["level"], found["line"]) for found in linted["findings"]] == [("error", line)]


@pytest.mark.parametrize("text", ["", "[]", "7", '"text"', "null", "{}", "manifest: 3", "a: " + "[" * 500])
def test_what_is_no_manifest_is_an_error_and_no_failure(client, text):
    assert [found["level"] for found in lint(client, text)["findings"]][:1] in (["error"], [])


def test_a_few_lines_that_refer_to_each_other_do_not_become_a_large_answer(client):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 7)]
    answer = client.post("/manifests/lint", {"text": "\n".join(lines)})
    assert answer.status_code == 200
    assert len(answer.get_data()) < 10_000


@pytest.mark.parametrize("body", [{}, {"text": 7}, {"text": None}])
def test_a_request_without_a_text_is_refused_by_field(client, body):
    answer = client.post("/manifests/lint", body)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["text"])


def test_the_json_schema_for_editors_is_served(client):
    schema = client.get("/manifests/schema").json
    assert "Manifest" in schema["$defs"]


def test_an_openapi_document_becomes_a_body_that_can_be_registered(client):
    answer = client.post(
        "/manifests/import-openapi", {"text": json.dumps(PETS), "id": "pets", "tags": ["pets"]}
    )
    assert answer.status_code == 200, answer.json
    declaration = answer.json["declaration"]
    assert (declaration["id"], declaration["name"], declaration["version"]) == ("pets", "Pets", "2.1.0")
    assert [endpoint["path"] for endpoint in declaration["manifest"]["endpoints"]] == ["/pets"]
    assert client.get("/integrations").json == []
    assert client.post("/plugins/register", declaration).status_code == 201


@pytest.mark.parametrize(
    ("text", "told"),
    [("{", "Line 1"), ("openapi: 2.0", ""), (json.dumps({**PETS, "paths": {}}), ""), ("[]", "")],
)
def test_a_document_that_cannot_be_converted_is_refused_with_the_reason(client, text, told):
    answer = client.post("/manifests/import-openapi", {"text": text, "id": "pets"})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["text"])
    assert answer.json["errors"]["text"][0].startswith(told)


@pytest.mark.parametrize("plugin_id", ["", "Has Blanks", "../x", "x" * 500])
def test_an_id_that_could_not_be_registered_is_refused(client, plugin_id):
    answer = client.post("/manifests/import-openapi", {"text": json.dumps(PETS), "id": plugin_id})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["id"])
