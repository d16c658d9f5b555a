"""Security schemes become credentials: each request carries what its operation asks for, or is left out."""

import pytest

from tests.integrations.authoring.importing import call_of, compiled, import_document, reasons_of

KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}
QUERY_KEY = {"type": "apiKey", "in": "query", "name": "key"}
COOKIE = {"type": "apiKey", "in": "cookie", "name": "sid"}
BASIC = {"type": "http", "scheme": "basic"}
BEARER = {"type": "http", "scheme": "bearer"}
DIGEST = {"type": "http", "scheme": "digest"}
URLS = {
    "authorizationUrl": "https://login.test/authorize",
    "tokenUrl": "https://login.test/token",
    "scopes": {"read": "r"},
}
MACHINE = {"type": "oauth2", "flows": {"clientCredentials": URLS}}
PERSON = {"type": "oauth2", "flows": {"authorizationCode": URLS}}
BOTH = {"type": "oauth2", "flows": {"authorizationCode": URLS, "clientCredentials": URLS}}
MUTUAL = {"type": "mutualTLS"}


def secured(schemes, security, paths=None):
    paths = paths or {"/x": {"get": {"operationId": "get", "responses": {}}}}
    return import_document(paths, components={"securitySchemes": schemes}, security=security)


def section_of(imported):
    return imported.declaration["manifest"]["integration"]


def properties_of(imported):
    return {item["name"]: item for item in imported.declaration["manifest"].get("properties", [])}


@pytest.mark.parametrize(
    ("scheme", "method", "required", "sent"),
    [
        (KEY, "api_key", {"api_key": True}, {"X-Key": "s-api_key"}),
        (COOKIE, "api_key", {"api_key": True}, {"Cookie": "sid=s-api_key"}),
        (BASIC, "basic", {"username": False, "password": True}, {"Authorization": "Basic dTpzLXBhc3N3b3Jk"}),
        (BEARER, "token", {"access_token": True}, {"Authorization": "Bearer s-access_token"}),
        ({"type": "http", "scheme": "BEARER"}, "token", {"access_token": True}, {"Authorization": "Bearer s-access_token"}),
        (MACHINE, "oauth2_client_credentials", {"client_id": False, "client_secret": True}, {"Authorization": "Bearer tok"}),
        (PERSON, "oauth2_authorization_code", {"client_id": False, "client_secret": True}, {"Authorization": "Bearer tok"}),
        (BOTH, "oauth2_client_credentials", {"client_id": False, "client_secret": True}, {"Authorization": "Bearer tok"}),
    ],
)  # fmt: skip
def test_a_scheme_becomes_a_credential_with_required_settings(scheme, method, required, sent):
    imported = secured({"main": scheme}, [{"main": ["read"] if scheme["type"] == "oauth2" else []}])
    properties = properties_of(imported)
    has_token = scheme["type"] == "oauth2"

    assert section_of(imported)["auth_method"] == method
    assert {name: item.get("secure", False) for name, item in properties.items()} == required
    assert all(item["required"] for item in properties.values())
    secrets = {name: f"s-{name}" for name, is_secure in required.items() if is_secure}
    config = {name: "u" for name, is_secure in required.items() if not is_secure}
    call = call_of(imported, "get", {}, config, secrets, {"access_token": "tok"} if has_token else {})
    assert sent.items() <= dict(call.headers).items()


def test_a_key_in_the_query_travels_there_and_nowhere_else():
    paths = {
        "/x": {
            "get": {
                "operationId": "get",
                "parameters": [{**QUERY_KEY, "required": True, "schema": {"type": "string"}}],
                "responses": {},
            }
        }
    }
    imported = secured({"main": QUERY_KEY}, [{"main": []}], paths)

    assert call_of(imported, "get", {}, {}, {"api_key": "s"}).url == "https://api.test/x?key=s"


def test_digest_is_kept_as_digest():
    credential = section_of(secured({"main": DIGEST}, [{"main": []}]))["auth"][0]

    assert credential == {"type": "digest", "username": "{username}", "password": "{password}"}


def test_a_certificate_becomes_tls():
    imported = secured({"main": MUTUAL}, [{"main": []}])

    assert section_of(imported)["tls"] == {
        "client_certificate": "{client_certificate}",
        "client_key": "{client_key}",
    }
    assert all(item["secure"] and item["required"] for item in properties_of(imported).values())


def test_oauth_says_where_its_tokens_come_from():
    imported = secured({"main": PERSON}, [{"main": ["read", "write"]}])

    assert section_of(imported)["oauth2"] == {
        "token_url": "https://login.test/token",
        "authorization_url": "https://login.test/authorize",
        "client_id": "{client_id}",
        "client_secret": "{client_secret}",
        "scopes": ["read", "write"],
    }


def test_a_relative_token_url_stands_beside_the_server():
    flows = {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {}}}
    imported = secured({"main": {"type": "oauth2", "flows": flows}}, [{"main": []}])

    assert section_of(imported)["oauth2"]["token_url"] == "https://api.test/oauth/token"


ALTERNATIVES = secured({"a": KEY, "b": BASIC, "c": BEARER}, [{"a": []}, {"b": []}, {"c": []}])


@pytest.mark.parametrize(
    ("config", "secrets", "sent"),
    [
        ({}, {"api_key": "s"}, {"x-key": "s"}),
        ({"username": "u"}, {"password": "p"}, {"authorization": "Basic dTpw"}),
        ({}, {"access_token": "t"}, {"authorization": "Bearer t"}),
    ],
)
def test_of_alternatives_the_one_that_is_set_is_sent(config, secrets, sent):
    call = call_of(ALTERNATIVES, "get", {}, config, secrets)

    headers = {name.lower(): value for name, value in call.headers}
    assert {name: headers[name] for name in headers if name in ("authorization", "x-key")} == sent
    assert not any(item.get("required") for item in properties_of(ALTERNATIVES).values())
    assert [item["when"] for item in section_of(ALTERNATIVES)["auth"]] == [
        "api_key",
        "username",
        "access_token",
    ]


def test_what_is_needed_together_is_sent_together():
    imported = secured({"app": KEY, "user": {**KEY, "name": "X-User"}}, [{"app": [], "user": []}])

    call = call_of(imported, "get", {}, {}, {"app": "1", "user": "2"})
    assert {"X-Key": "1", "X-User": "2"}.items() <= dict(call.headers).items()
    assert all(item["required"] for item in properties_of(imported).values())


def test_credentials_that_may_be_missing_are_not_required():
    imported = secured({"main": KEY}, [{}, {"main": []}])

    assert "X-Key" not in dict(call_of(imported).headers)
    assert dict(call_of(imported, "get", {}, {}, {"api_key": "s"}).headers)["X-Key"] == "s"


def two_operations(first, second):
    return {
        "/x": {"get": {"operationId": "get", "responses": {}, "security": first}},
        "/y": {"get": {"operationId": "other", "responses": {}, "security": second}},
        "/z": {"get": {"operationId": "third", "responses": {}, "security": first}},
    }


def test_what_gets_along_with_the_others_is_sent_beside_them():
    imported = secured({"a": KEY, "b": QUERY_KEY}, None, two_operations([{"a": []}], [{"b": []}]))

    call = call_of(imported, "other", {}, {}, {"b": "s"})
    assert call.url == "https://api.test/y?key=s"
    assert imported.notes == []


def test_what_gets_in_the_way_of_most_is_left_out():
    imported = secured({"a": BEARER, "b": BASIC}, None, two_operations([{"a": []}], [{"b": []}]))

    assert list(compiled(imported).endpoints) == ["get", "third"]
    assert imported.notes == [
        "GET /y: left out: it needs `b`, which conflicts with the needs of the other operations"
    ]


@pytest.mark.parametrize(
    ("scheme", "reason"),
    [
        ({"type": "openIdConnect", "openIdConnectUrl": "https://a.test"}, "OpenID Connect is not followed"),
        ({"type": "http", "scheme": "negotiate"}, "the http scheme negotiate is not followed"),
        ({"type": "oauth2", "flows": {"implicit": URLS}}, "only clientCredentials and authorizationCode are followed, not implicit"),
        ({"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "ftp://a.test"}}}, "its tokenUrl `ftp://a.test` cannot be used"),
        ({"type": "oauth2", "flows": {"clientCredentials": {}}}, "it has no tokenUrl"),
        ({"type": "apiKey", "in": "header", "name": "Host"}, "a manifest cannot set the header Host"),
        ({"type": "apiKey", "in": "body", "name": "k"}, "a key `in: body` is not known"),
        ({"type": "apiKey", "in": "query", "name": "a b"}, "`a b` cannot be its name"),
        ({"type": "magic"}, "the type magic is not known"),
        ({"$ref": "https://a.test/schemes.json"}, "leads out of the document"),
    ],
)  # fmt: skip
def test_a_scheme_that_is_not_followed_is_told_with_the_operations_that_need_it(scheme, reason):
    told = reasons_of(secured, {"main": scheme}, [{"main": []}]).splitlines()

    assert told[0].startswith("security scheme main: not supported: ")
    assert reason in told[0]
    assert told[1:] == [
        "GET /x: left out: it needs `main`, which is not supported",
        "No operation is left to import.",
    ]


def test_the_alternative_that_can_be_followed_is_enough():
    imported = secured({"a": {"type": "openIdConnect"}, "b": KEY}, [{"a": []}, {"b": []}])

    assert dict(call_of(imported, "get", {}, {}, {"api_key": "s"}).headers)["X-Key"] == "s"
    assert properties_of(imported)["api_key"]["required"] is True


def test_a_bearer_token_beside_oauth_has_a_setting_of_its_own():
    imported = secured({"a": MACHINE, "b": BEARER}, [{"a": []}, {"b": []}])

    assert (
        dict(call_of(imported, "get", {}, {}, {"bearer_token": "s"}).headers)["Authorization"] == "Bearer s"
    )


def test_of_two_places_where_tokens_come_from_the_first_is_taken():
    imported = secured({"a": MACHINE, "b": PERSON}, [{"a": []}, {"b": []}])

    assert section_of(imported)["auth_method"] == "oauth2_client_credentials"
    assert properties_of(imported)["client_id"]["required"] is True
    assert imported.notes == ["security scheme b: not taken: another one serves the same operations"]
