from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Client


@pytest.fixture
def document(client: Client) -> dict[str, Any]:
    return client.get("/openapi.json").get_json()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield f"{method.upper()} {path}", operation


def follow(document: dict[str, Any], reference: str) -> Any:
    at: Any = document
    for part in reference.removeprefix("#/").split("/"):
        at = at[part]
    return at


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_the_document_is_openapi_3_1_and_says_how_to_be_let_in(document: dict[str, Any]):
    assert document["openapi"] == "3.1.0"
    assert document["security"] == [{"token": []}]
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_every_reference_leads_somewhere(document: dict[str, Any]):
    found = set(references(document))
    assert found
    for reference in found:
        assert follow(document, reference)


def test_every_failure_is_described_as_a_problem(document: dict[str, Any]):
    for name, operation in operations(document):
        assert "default" in operation["responses"], name
        for status, response in operation["responses"].items():
            if status.startswith(("4", "5", "default")):
                described = follow(document, response["$ref"]) if "$ref" in response else response
                assert list(described["content"]) == ["application/problem+json"], name


def test_every_operation_says_in_a_sentence_what_it_does(document: dict[str, Any]):
    for name, operation in operations(document):
        assert operation["summary"].endswith("."), name


@pytest.mark.parametrize("path", ["execute", "actions/{block_type}"])
def test_a_header_is_described_beside_the_scope(document: dict[str, Any], path: str):
    operation = document["paths"][f"/api/v1/integrations/{{plugin_id}}/{path}"]["post"]
    described = {(item["in"], item["name"]) for item in operation["parameters"]}
    assert {("header", "Idempotency-Key"), ("query", "workspace_id"), ("query", "notebook_id")} <= described


def test_the_same_routes_give_the_same_document(client: Client, document: dict[str, Any]):
    assert client.get("/openapi.json").get_json() == document


def test_row_numbers_beyond_sqlite_are_no_route(client: Client):
    for number in ("0", "9223372036854775808", "99999999999999999999", "-1", "1.0", "１", "+1", "0x1"):
        response = client.get(f"/workspaces/{number}")
        assert (response.status_code, response.get_json()["code"]) == (404, "not_found"), number
    assert client.get("/workspaces/9223372036854775807").status_code == 404
