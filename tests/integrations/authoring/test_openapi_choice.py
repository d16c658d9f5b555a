"""Which document, operations, server and credentials are taken."""

import pytest

from integrations.authoring.openapi.document import NotConvertible
from integrations.authoring.openapi_import import Choice, ImportOptions, import_openapi
from tests.integrations.authoring.importing import call_of, import_document, import_file, reasons_of

ONE = {"/x": {"get": {"operationId": "get", "responses": {}}}}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([], "This is not an OpenAPI document."),
        ({}, "This is not an OpenAPI 3.0 or 3.1 document: see its member `openapi`."),
        ({"openapi": "4.0.0"}, "This is not an OpenAPI 3.0 or 3.1 document: see its member `openapi`."),
        ({"openapi": 3.1}, "This is not an OpenAPI 3.0 or 3.1 document: see its member `openapi`."),
        ({"swagger": "2.0"}, "This is Swagger 2.0; convert it to OpenAPI 3 first."),
        ({"openapi": "3.1.0", "paths": []}, "`paths` is not an object."),
        ({"openapi": "3.1.0", "servers": [{"url": "https://a.test"}]}, "No operation is left to import."),
    ],
)
def test_what_is_no_document_is_refused(value, reason):
    with pytest.raises(NotConvertible) as caught:
        import_openapi(value, ImportOptions("it"))
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("choice", "ids"),
    [
        (Choice(tags=["store"]), ["getInventory", "replaceOrder"]),
        (Choice(paths=["/store/*"]), ["getInventory", "replaceOrder"]),
        (Choice(operation_ids=["getPetById"]), ["getPetById"]),
        (
            Choice(tags=["store"], operation_ids=["getPetById"]),
            ["getPetById", "getInventory", "replaceOrder"],
        ),
    ],
)
def test_operations_are_chosen_by_tag_path_and_id_together(choice, ids):
    manifest = import_file("petstore.yaml", choice=choice).declaration["manifest"]

    assert [item["id"] for item in manifest["endpoints"]] == ids


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        (Choice(tags=["cats"]), "No operation has the tag `cats`. Tags: pet, store."),
        (Choice(paths=["/cats"]), "No operation has the path `/cats`."),
        (Choice(operation_ids=["getCat"]), "No operation has the operation `getCat`."),
    ],
)
def test_a_choice_that_names_nothing_is_told(choice, reason):
    assert reasons_of(import_file, "petstore.yaml", choice=choice) == reason


def test_more_operations_than_a_manifest_takes_must_be_chosen_from():
    paths = {f"/{n}": {"get": {"responses": {}}} for n in range(1001)}

    assert "choose with --tag" in reasons_of(import_document, paths)


def many(count, schema):
    answer = {"200": {"content": {"application/json": {"schema": schema}}}}
    pattern = {"type": "string", "pattern": "^[a-z]+$"}
    operation = {"parameters": [{"name": "q", "in": "query", "schema": pattern}], "responses": answer}
    return {f"/{n}": {"get": operation} for n in range(count)}


LARGE = {"type": "object", "properties": {f"member_{n}": {"type": "integer"} for n in range(300)}}


@pytest.mark.parametrize(
    ("count", "schema", "left_out", "kept"),
    [
        (200, {"type": "object"}, [], {"patterns", "schemas"}),
        (400, {"type": "object"}, ["patterns"], {"schemas"}),
        (250, LARGE, ["response_schema"], {"patterns"}),
        (400, LARGE, ["patterns and response_schema"], set()),
    ],
    ids=["fits", "many patterns", "large schemas", "both"],
)
def test_what_is_too_much_for_one_manifest_is_left_out_everywhere(count, schema, left_out, kept):
    imported = import_document(many(count, schema))

    endpoints = imported.declaration["manifest"]["endpoints"]
    assert len(endpoints) == count
    assert [note.partition(": ")[0] for note in imported.notes] == left_out
    assert any("response_schema" in item for item in endpoints) == ("schemas" in kept)
    assert any("pattern" in item["parameters"][0] for item in endpoints) == ("patterns" in kept)


def test_too_many_parameters_must_be_chosen_from():
    parameters = [{"name": f"p{n}", "in": "query", "schema": {"type": "string"}} for n in range(100)]
    paths = {f"/{n}": {"get": {"parameters": parameters, "responses": {}}} for n in range(500)}

    assert reasons_of(import_document, paths).startswith("This is too much for one manifest: Too large")


@pytest.mark.parametrize(
    ("version", "semantic"),
    [("1.4.0", "1.4.0"), ("v2", "2.0.0"), ("1.02", "1.2.0"), ("2.0.0-beta.1", "2.0.0-beta.1"), ("2024-06-20", "1.0.0"), (None, "1.0.0")],
)  # fmt: skip
def test_a_version_is_read_as_a_semantic_one(version, semantic):
    assert import_document(ONE, info={"title": "It", "version": version}).declaration["version"] == semantic


def test_name_and_version_of_the_person_come_first():
    declaration = import_document(ONE, {"name": "Mine", "version": "9.0.0"}).declaration

    assert (declaration["name"], declaration["version"]) == ("Mine", "9.0.0")


TWO_SERVERS = [{"url": "https://one.test/v1/"}, {"url": "https://two.test"}]


def of_server(imported, **config):
    manifest = imported.declaration["manifest"]
    return (
        manifest["integration"]["base_url"],
        manifest.get("properties", []),
        call_of(imported, config=config).url,
    )


@pytest.mark.parametrize(
    ("wanted", "base_url"),
    [(None, "https://one.test/v1"), ("1", "https://one.test/v1"), ("2", "https://two.test"), ("https://me.test/x/", "https://me.test/x")],
)  # fmt: skip
def test_the_server_is_the_first_or_the_one_that_is_wanted(wanted, base_url):
    assert of_server(import_document(ONE, {"server": wanted}, servers=TWO_SERVERS))[0] == base_url


def test_servers_that_are_not_taken_are_told():
    assert import_document(ONE, servers=TWO_SERVERS).notes == ["server 2: not taken: https://two.test"]


@pytest.mark.parametrize(
    ("server", "base_url", "properties", "url"),
    [
        (
            {"url": "https://{sub}.a.test/{v}/", "variables": {"sub": {"default": "www"}, "v": {"default": "v2", "enum": ["v1", "v2"]}}},
            "https://{sub}.a.test/{v}",
            [{"name": "sub", "type": "string", "default": "www"}, {"name": "v", "type": "string", "default": "v2", "enum": ["v1", "v2"]}],
            "https://www.a.test/v2/x",
        ),
        (
            {"url": "{protocol}://{host}/api", "variables": {"protocol": {"default": "https"}, "host": {"default": "h.test"}}},
            "{server}",
            [{"name": "server", "type": "string", "required": True, "format": "uri", "default": "https://h.test/api", "description": "Where the service is, with https:// or http://."}],
            "https://h.test/api/x",
        ),
        (
            {"url": "https://a.test/{basePath}", "variables": {"basePath": {"default": "api/v2"}}},
            "https://a.test/api/v2",
            [],
            "https://a.test/api/v2/x",
        ),
        (
            {"url": "https://a.test{prefix}", "variables": {"prefix": {"default": ""}}},
            "https://a.test",
            [],
            "https://a.test/x",
        ),
    ],
    ids=["host and path", "scheme", "several segments", "empty"],
)  # fmt: skip
def test_variables_of_a_server_become_settings(server, base_url, properties, url):
    assert of_server(import_document(ONE, servers=[server])) == (base_url, properties, url)


def test_names_in_a_wanted_url_become_settings():
    imported = import_document(ONE, {"server": "https://{host}/api"}, servers=[])

    assert of_server(imported, host="nas.lan:81") == (
        "https://{host}/api",
        [{"name": "host", "type": "string", "required": True}],
        "https://nas.lan:81/api/x",
    )


@pytest.mark.parametrize(
    ("servers", "wanted", "reason"),
    [
        (None, None, "The document names no server. Give its URL: --server https://…"),
        ([], None, "The document names no server. Give its URL: --server https://…"),
        ([{"url": "/"}], None, "The server `/` is relative; say where it is: --server https://HOST, or --server '{server}' for a setting."),
        (TWO_SERVERS, "3", "There is no server 3; the document names 2."),
        (TWO_SERVERS, "0", "There is no server 0; the document names 2."),
        ([], "ftp://a.test", "--server ftp://a.test: Start with http:// or https://, or with one placeholder for the whole URL."),
        ([{"url": "https://{a}.test"}], None, "The server's variable `a` is not declared; say where it is: --server https://…"),
        ([{"url": "https://u:p@a.test"}], None, "The server `https://u:p@a.test` makes no URL; say where it is: --server https://…"),
    ],
)  # fmt: skip
def test_a_server_that_cannot_be_called_is_refused(servers, wanted, reason):
    assert reasons_of(import_document, ONE, {"server": wanted}, servers=servers) == reason


def test_an_operation_keeps_a_server_of_its_own():
    paths = {
        **ONE,
        "/y": {"servers": [{"url": "https://files.test/up"}], "get": {"operationId": "up", "responses": {}}},
    }
    imported = import_document(paths)

    assert call_of(imported, "up").url == "https://files.test/up/y"
    assert call_of(imported, "get").url == "https://api.test/x"
