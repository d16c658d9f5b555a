"""Every rule between the words of a manifest says the same to registration and to an editor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import fields, validate

from errors import Invalid
from integrations.authoring.json_schema import registration_schema
from integrations.manifests.compiling import compile_plugin
from schemas.manifests import answers, credentials, display, logins, manifest
from schemas.manifests.credentials import AuthField, SessionEndField
from schemas.manifests.declared import Declared, Scalar
from schemas.manifests.logins import LoginField
from schemas.manifests.manifest_rules import DECLARATION_RULES
from schemas.rules.rules import Each, EachMember, If, Inside, Rule, Ruled

SCHEMA = registration_schema()
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)
SECTIONS: dict[str, type[Ruled]] = {
    name.removesuffix("Schema"): section
    for module in (manifest, logins, credentials, answers, display)
    for name, section in vars(module).items()
    if isinstance(section, type) and issubclass(section, Ruled) and section not in (Ruled, Declared)
}
RULED = {name: section for name, section in SECTIONS.items() if section.rules}

# -- one rule, two readers -------------------------------------------------------------------------------------------


@cache
def words_of(section: type[Ruled], depth: int = 3) -> st.SearchStrategy[dict[str, Any]]:
    """Some of a section's words, each with a value of its type."""
    words = {field.data_key or name: values_of(field, depth) for name, field in section().fields.items()}
    return st.fixed_dictionaries({}, optional=words)


@cache
def one_or_many(section: type[Ruled], depth: int) -> st.SearchStrategy[Any]:
    one = words_of(section, depth)
    return one | st.lists(one, min_size=1, max_size=3)


UNIONS: dict[type[fields.Field], Callable[[int], st.SearchStrategy[Any]]] = {
    AuthField: lambda depth: one_or_many(credentials.CredentialSchema, depth),
    LoginField: lambda depth: one_or_many(logins.LoginStepSchema, depth),
    display.DisplayField: lambda depth: st.sampled_from([None, "table", 5, {"as": 5}]) | words_of(display.DisplaySchema, depth),
    display.IconField: lambda _: st.sampled_from([None, "si:github", "lucide:a-b", "lucide:-", "si:", "sun", {}]),
    display.EndField: lambda _: st.sampled_from([0, -1.5, "a.b", "", True, [], None]),
    display.KeepField: lambda _: st.sampled_from([60, 0.5, "30d", "9600h", "9601h", "57w", "58w", "m", True, None]),
    SessionEndField: lambda depth: st.sampled_from(["", "a"]) | words_of(credentials.SessionEndSchema, depth),
}  # fmt: skip


def values_of(field: fields.Field, depth: int) -> st.SearchStrategy[Any]:
    for rule in field.validators:
        if isinstance(rule, validate.OneOf):
            return st.sampled_from(list(rule.choices))
    for kind, of_kind in UNIONS.items():
        if isinstance(field, kind):
            return of_kind(depth - 1)
    if isinstance(field, fields.Nested):
        return words_of(type(field.schema), depth - 1) if depth else st.just({})
    if isinstance(field, fields.List):
        return st.lists(values_of(field.inner, depth), max_size=2)
    if isinstance(field, fields.Dict):
        names = ["Host", "PROXY-x", "X-A", "content-Type", "state", "STATE"]
        return st.dictionaries(st.sampled_from(names), members_of(field, depth), max_size=2)
    for kind, values in (
        (fields.Boolean, [True, False]),
        (fields.Number, [1]),
        (Scalar, ["x"]),
        (fields.String, ["", "x", "Host", "a;b"]),
        (
            fields.Raw,
            [
                "",
                "x",
                0,
                [],
                {},
                {"method": 1},
                {"query": "q"},
                {"query": 1},
                ["a", {"value": 1}],
                [{"label": "a"}],
            ],
        ),
    ):
        if isinstance(field, kind):
            return st.sampled_from(values)
    raise TypeError(type(field).__name__)


def members_of(field: fields.Dict, depth: int) -> st.SearchStrategy[Any]:
    is_extract = isinstance(field, answers.ExtractField) and depth
    return st.just("x") | words_of(answers.ExtractItemSchema, depth - 1) if is_extract else st.just("x")


@cache
def shape_validator(rule: Rule) -> Any:
    return jsonschema_rs.validator_for(rule.shape())


@cache
def section_validator(section: str) -> Any:
    return jsonschema_rs.validator_for({"$ref": f"#/$defs/{section}", "$defs": SCHEMA["$defs"]})


@pytest.mark.parametrize("section", RULED)
@given(data=st.data())
def test_a_rule_refuses_what_its_json_schema_refuses(section: str, data: st.DataObject):
    words = data.draw(words_of(RULED[section]))
    for rule in RULED[section].rules:
        is_refused = not shape_validator(rule).is_valid(words)
        assert bool(list(rule.wrong(words))) == is_refused, rule


@pytest.mark.parametrize("section", SECTIONS)
@given(data=st.data())
def test_a_section_is_right_for_both_or_for_neither(section: str, data: st.DataObject):
    words = data.draw(words_of(SECTIONS[section]))
    assert bool(SECTIONS[section]().validate(words)) != section_validator(section).is_valid(words)


@given(kind=st.sampled_from(["integration", "view", "theme"]), words=words_of(manifest.ManifestSchema))
def test_so_do_the_rules_of_a_declaration(kind: str, words: dict[str, Any]):
    declaration = {"type": kind, "manifest": words}
    for rule in DECLARATION_RULES:
        assert bool(list(rule.wrong(declaration))) != shape_validator(rule).is_valid(declaration), rule


# -- each rule, broken once ------------------------------------------------------------------------------------------

URL = "https://api.test"
PROPERTIES = [{"name": name, "secure": True} for name in ("api_key", "client_secret", "access_key")]
PROPERTIES += [{"name": name} for name in ("client_id", "username", "password", "access_token")]
OAUTH2 = {"token_url": "https://login.test/token"}
PERSON = {**OAUTH2, "authorization_url": "https://login.test/authorize"}
LOGIN = {"path": "/in", "token_path": "t"}
BEARER = {"type": "bearer", "token": "{session_token}"}
NOW = {"name": "n", "function": "now_epoch"}


def with_section(**words: Any) -> dict[str, Any]:
    return {"integration": {"base_url": URL, **words}, "properties": PROPERTIES}


def with_auth(**words: Any) -> dict[str, Any]:
    return with_section(auth=words)


def with_endpoint(*, api_type: str = "rest", **words: Any) -> dict[str, Any]:
    return {**with_section(api_type=api_type), "endpoints": [{"id": "it", **words}]}


def with_parameter(*, method: str = "GET", **words: Any) -> dict[str, Any]:
    path = "/{q}" if words.get("in") == "path" else "" if words.get("in") == "url" else "/it"
    return with_endpoint(method=method, path=path, parameters=[{"name": "q", **words}])


def with_text(**words: Any) -> dict[str, Any]:
    return with_endpoint(path="/it", response_type="text", **words)


def with_page(**words: Any) -> dict[str, Any]:
    return with_endpoint(path="/it", response_type="html", **words)


def with_pages(**words: Any) -> dict[str, Any]:
    return with_endpoint(path="/it", paginate=words)


def with_property(**words: Any) -> dict[str, Any]:
    return {"properties": [{"name": "p", **words}], **{"integration": {"base_url": URL}}}


def with_action(**words: Any) -> dict[str, Any]:
    endpoint = {"id": "it", "path": "/it", "method": "POST"}
    block = {"id": "b", "endpoint": "it", "action": {"label": "Do it"}, **words}
    return {**with_section(), "endpoints": [endpoint], "blocks": [block]}


def with_block(**words: Any) -> dict[str, Any]:
    return {**with_endpoint(path="/it"), "blocks": [{"id": "b", **words}]}


def signed(*values: dict[str, Any], **words: Any) -> dict[str, Any]:
    return with_auth(type="signature", values=list(values), **{"headers": {"X-N": "{n}"}, **words})


def logged_in(*steps: dict[str, Any], **words: Any) -> dict[str, Any]:
    login = steps[0] if len(steps) == 1 else list(steps)
    section = {"auth_method": "session_token", "login": login, "auth": BEARER, **words}
    return with_section(**section)


def by_oauth2(method: str = "oauth2_client_credentials", **words: Any) -> dict[str, Any]:
    found = with_section(auth_method=method, oauth2=words)
    found["properties"] = [item for item in PROPERTIES if item["name"] != "access_token"]
    return found


def without(manifest: dict[str, Any], word: str) -> dict[str, Any]:
    section = {name: value for name, value in manifest["integration"].items() if name != word}
    return {**manifest, "integration": section}


STEP = {"id": "s", "endpoint": "it"}
NESTED = "manifest.integration.auth[0]"
SECURE = "manifest.properties[0]"
ENDPOINT = "manifest.endpoints[0]"
PAGES = f"{ENDPOINT}.paginate"
SECTION = "manifest.integration"

# What breaks a rule, where that is told, and the nearest manifest that does not.
CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "manifest.properties[0].options",
        with_property(type="select"),
        with_property(type="select", options=["a", {"value": 1, "label": "One"}]),
    ),
    (
        "manifest.properties[0].options",
        with_property(type="multiselect", options=["a", {"label": "B"}]),
        with_property(type="text", options={"a": "any"}),
    ),
    (
        f"{ENDPOINT}.xml",
        with_endpoint(path="/it", xml={"lists": ["a.b"]}),
        with_endpoint(path="/it", xml={"lists": ["a.b"]}, response_type="xml"),
    ),
    (
        f"{ENDPOINT}.parameters[0].options",
        with_parameter(type="multiselect", options=[]),
        with_parameter(type="multiselect", enum=["a"]),
    ),
    (
        "manifest.blocks[0].config_schema.q.options",
        {**with_parameter(), "blocks": [{"id": "b", "config_schema": {"q": {"type": "select", "ui": {}}}}]},
        {**with_parameter(), "blocks": [{"id": "b", "config_schema": {"q": {"type": "select", "enum": [1]}}}]},
    ),
    (f"{SECURE}.type", with_property(secure=True, type="integer"), with_property(type="integer")),
    (f"{SECURE}.const", with_property(secure=True, const="a"), with_property(const="a")),
    (f"{SECURE}.enum", with_property(secure=True, enum=["a"]), with_property(secure=False, enum=["a"])),
    (f"{SECURE}.default", with_property(secure=True, default="a"), with_property(secure=True, default=None)),
    *(
        (f"{NESTED}.values[0].key", signed({**NOW, "function": name, "input": "a"}), signed({**NOW, "function": name, "input": "a", "key": "{api_key}"}))
        for name in ("hmac_sha256_hex", "hmac_sha256_base64")
    ),
    *(
        (f"{NESTED}.values[0].input", signed({**NOW, "function": name, "key": "{api_key}"}), signed({**NOW, "function": name, "input": "a", "key": "{api_key}"}))
        for name in ("hmac_sha256_hex", "hmac_sha256_base64")
    ),
    *(
        (f"{NESTED}.values[0].{word}", signed({**NOW, "function": name, word: "a"}), signed({**NOW, "function": name}))
        for name in ("now_epoch", "now_iso") for word in ("key", "input")
    ),
    *((f"{NESTED}.values[0].input", signed({**NOW, "function": name}), signed({**NOW, "function": name, "input": "a"})) for name in ("base64", "sha256_hex")),
    *((f"{NESTED}.values[0].key", signed({**NOW, "function": name, "input": "a", "key": "b"}), signed({**NOW, "function": name, "input": "a"})) for name in ("base64", "sha256_hex")),
    (f"{NESTED}.name", with_auth(type="api_key"), with_auth(type="api_key", name="X")),
    (f"{NESTED}.name", with_auth(type="api_key", name="a;b/"), with_auth(type="api_key", name="a;b/", **{"in": "query"})),
    (f"{NESTED}.name", with_auth(type="api_key", name="hOST"), with_auth(type="api_key", name="host", **{"in": "query"})),
    (f"{NESTED}.name", with_auth(type="api_key", name="a;b", **{"in": "cookie"}), with_auth(type="api_key", name="ab", **{"in": "cookie"})),
    (f"{NESTED}.headers", signed(NOW, headers={}), signed(NOW, headers={}, query={"n": "{n}"})),
    (f"{NESTED}.headers.Host", signed(NOW, headers={"Host": "{n}"}), signed(NOW, headers={"X-Host": "{n}"})),
    *(
        (f"{NESTED}.values", with_auth(type=kind, values=[NOW], **({"name": "X"} if kind == "api_key" else {})), with_auth(type=kind, **({"name": "X"} if kind == "api_key" else {})))
        for kind in ("api_key", "bearer", "basic", "digest")
    ),
    (f"{NESTED}.token", signed(NOW, token="x"), signed(NOW, name="people")),
    (f"{SECTION}.oauth2.client_secret", by_oauth2(**OAUTH2, token_endpoint_auth_method="none", client_secret="{client_secret}"), by_oauth2(**OAUTH2, token_endpoint_auth_method="none")),
    (f"{SECTION}.login[1].expired_when", logged_in({"path": "/in"}, {**LOGIN, "expired_when": "a"}), logged_in({"path": "/in", "expired_when": "a"}, LOGIN)),
    (f"{SECTION}.login[0].expired_when.body", logged_in({**LOGIN, "expired_when": {}}), logged_in({**LOGIN, "expired_when": {"header": "X-Ended"}})),
    (f"{SECTION}.oauth2.expired_when.header", by_oauth2(**OAUTH2, expired_when={"pattern": "a", "status_codes": [419]}), by_oauth2(**OAUTH2, expired_when={"pattern": "a", "header": "X-Ended"})),
    *((f"{SECTION}.oauth2.client_secret_encoding", by_oauth2(**OAUTH2, client_secret_encoding="raw", token_endpoint_auth_method=word), by_oauth2(**OAUTH2, client_secret_encoding="raw")) for word in ("client_secret_post", "none")),
    (f"{SECTION}.oauth2.token_endpoint_auth_method", by_oauth2(**OAUTH2, body_format="none", token_endpoint_auth_method="client_secret_post"), by_oauth2(**OAUTH2, body_format="none", query={"a": 1})),
    *((f"{SECTION}.oauth2.query.{name}", by_oauth2("oauth2_authorization_code", **PERSON, query={name: "x"}), by_oauth2("oauth2_authorization_code", **PERSON, query={"p": "x"})) for name in ("grant_type", "code", "redirect_uri", "code_verifier", "refresh_token")),
    (f"{SECTION}.oauth2.authorization_params.state", by_oauth2("oauth2_authorization_code", **PERSON, authorization_params={"state": "1"}), by_oauth2("oauth2_authorization_code", **PERSON, authorization_params={"State": "1"})),
    (f"{SECTION}.oauth2.authorization_url", by_oauth2("oauth2_authorization_code", **OAUTH2), by_oauth2("oauth2_authorization_code", **PERSON)),
    (f"{SECTION}.oauth2.authorization_url", by_oauth2(**PERSON), by_oauth2(**OAUTH2)),
    (f"{SECTION}.oauth2.authorization_params", by_oauth2(**OAUTH2, authorization_params={"a": 1}), by_oauth2(**OAUTH2, authorization_params={})),
    *((f"{SECTION}.oauth2", without(by_oauth2(method, **PERSON), "oauth2"), by_oauth2("oauth2_authorization_code", **PERSON)) for method in ("oauth2_client_credentials", "oauth2_authorization_code")),
    *((f"{SECTION}.oauth2", with_section(auth_method=method, oauth2=OAUTH2, **more), with_section(auth_method=method, **more)) for method, more in (("none", {}), ("token", {}), ("api_key", {}), ("basic", {}), ("session_token", {"login": LOGIN}))),
    (f"{SECTION}.oauth2", with_section(oauth2=OAUTH2), with_section()),
    (f"{SECTION}.login", without(logged_in(LOGIN), "login"), logged_in(LOGIN)),
    *((f"{SECTION}.login", with_section(auth_method=method, login=LOGIN), with_section(auth_method=method)) for method in ("none", "token", "api_key", "basic")),
    (f"{SECTION}.login", {**by_oauth2(**OAUTH2), "integration": {**by_oauth2(**OAUTH2)["integration"], "login": LOGIN}}, by_oauth2(**OAUTH2)),
    (f"{SECTION}.login", {**by_oauth2(**OAUTH2), "integration": {**by_oauth2("oauth2_authorization_code", **PERSON)["integration"], "login": LOGIN}}, by_oauth2(**OAUTH2)),
    (f"{SECTION}.login[1].when", logged_in({"path": "/in"}, {**LOGIN, "when": "username"}), logged_in({"path": "/in", "when": "username"}, LOGIN)),
    (f"{SECTION}.login[0].auth[0].name", logged_in({**LOGIN, "auth": {"type": "api_key"}}), logged_in({**LOGIN, "auth": [{"type": "api_key", "name": "X"}]})),
    (f"{SECTION}.login[0].path", logged_in({**LOGIN, "url": f"{URL}/in"}), logged_in({"url": f"{URL}/in", "token_path": "t"})),
    (f"{SECTION}.login[0].path", logged_in({"token_path": "t"}), logged_in(LOGIN)),
    (f"{SECTION}.login[0].token_path", logged_in({**LOGIN, "token_header": "X-T"}), logged_in({"path": "/in", "token_header": "X-T"})),
    (f"{SECTION}.login[1].body", logged_in({"path": "/a"}, {**LOGIN, "body_format": "form", "body": "a=b"}), logged_in({"path": "/a"}, {**LOGIN, "body_format": "form", "body": {"a": "b"}})),
    (f"{SECTION}.login[0].headers.Cookie", logged_in({**LOGIN, "headers": {"Cookie": "a=b"}}), logged_in({**LOGIN, "headers": {"X-Cookie": "a=b"}})),
    (f"{SECTION}.login[0].outputs.c.header", logged_in({**LOGIN, "outputs": {"c": {"header": "X-C", "cookie": "c"}}}), logged_in({**LOGIN, "outputs": {"c": {"header": "X-C"}}})),
    (f"{SECTION}.login[0].outputs.c.header", logged_in({**LOGIN, "outputs": {"c": {}}}), logged_in({**LOGIN, "outputs": {"c": {"cookie": "c"}}})),
    (f"{SECTION}.login", logged_in({"path": "/in"}), logged_in(LOGIN)),
    (f"{SECTION}.login", logged_in(LOGIN, LOGIN), logged_in({"path": "/in"}, LOGIN)),
    (f"{SECTION}.login[0].path", without(logged_in(LOGIN), "base_url"), without(logged_in({"url": f"{URL}/in", "token_path": "t"}), "base_url")),
    (f"{SECTION}.login[1].path", without(logged_in({"url": f"{URL}/in", "token_path": "t"}, {"path": "/in"}), "base_url"), logged_in({"url": f"{URL}/in", "token_path": "t"}, {"path": "/in"})),
    (f"{SECTION}.tls.client_key", with_section(tls={"client_certificate": "{username}"}), with_section(tls={"client_certificate": "{username}", "client_key": "{api_key}"})),
    (f"{SECTION}.tls.client_key", with_section(tls={"client_certificate": "{username}", "ca_file": "{username}"}), with_section(tls={"ca_file": "{username}"})),
    (f"{SECTION}.headers.hOsT", with_section(headers={"hOsT": "x"}), with_section(headers={"X-Host": "x"})),
    (f"{SECTION}.headers.Proxy-Any", with_section(headers={"Proxy-Any": "x"}), with_section(headers={"Te-": "x"})),
    *((f"{ENDPOINT}.parameters[0].type", with_parameter(type=kind, **{"in": "path"}), with_parameter(type="integer", **{"in": "path"})) for kind in ("array", "object")),
    (f"{ENDPOINT}.parameters[0].from_config", with_parameter(from_config="username", **{"in": "url"}), with_parameter(**{"in": "url"})),
    (f"{PAGES}.cursor_path", with_pages(type="cursor", cursor_param="c"), with_pages(type="cursor", cursor_param="c", cursor_header="X-C")),
    (f"{PAGES}.cursor_path", with_pages(type="cursor", cursor_param="c", cursor_path="a", cursor_header="X-C"), with_pages(type="cursor", cursor_param="c", cursor_path="a")),
    (f"{PAGES}.cursor_param", with_pages(type="cursor", cursor_path="a"), with_pages(type="cursor", cursor_param="c", cursor_path="a")),
    (f"{PAGES}.limit", with_pages(type="offset"), with_pages(type="offset", limit=10)),
    *((f"{PAGES}.limit_param", with_pages(type=kind, limit=10, **more), with_pages(type=kind, limit=10, limit_param="n", **more)) for kind, more in (("link", {}), ("cursor", {"cursor_param": "c", "cursor_path": "a"}))),
    (f"{PAGES}.limit", with_pages(type="page", limit_param="n"), with_pages(type="page", limit_param="n", limit=10)),
    (f"{PAGES}.first", with_pages(type="cursor", cursor_path="a", cursor_param="c", first=1), with_pages(type="page", first=1)),
    (f"{PAGES}.cursor_param", with_pages(type="link", cursor_param="c"), with_pages(type="link", cursor_path="a")),
    (f"{PAGES}.offset_param", with_pages(type="page", offset_param="o"), with_pages(type="page", page_param="o")),
    (f"{PAGES}.cursor_path", with_pages(type="offset", limit=10, cursor_path="a"), with_pages(type="offset", limit=10)),
    (f"{ENDPOINT}.headers.Content-Length", with_endpoint(path="/it", headers={"Content-Length": "1"}), with_endpoint(path="/it", headers={"Content-Language": "en"})),
    *((f"{ENDPOINT}.body", with_endpoint(method=method, path="/it", body={}), with_endpoint(method="DELETE", path="/it", body={})) for method in ("GET", "HEAD")),
    *((f"{ENDPOINT}.parameters[0].in", with_parameter(method=method, **{"in": "body"}), with_parameter(method="POST", **{"in": "body"})) for method in ("GET", "HEAD")),
    (f"{ENDPOINT}.body", with_endpoint(path="/it", body={}), with_endpoint(method="POST", path="/it", body={})),
    *((f"{ENDPOINT}.body", with_endpoint(method="POST", path="/it", body_format=kind, body=wrong), with_endpoint(method="POST", path="/it", body_format=kind, body=right)) for kind, wrong, right in (
        ("form", "a=b", {"a": "b"}), ("multipart", ["a"], {"a": "b"}), ("text", {"a": "b"}, "a"), ("xml", 5, "<a/>"), ("jsonrpc", {"params": []}, {"method": "m"}), ("jsonrpc", "m", {"method": "m"}),
    )),
    (f"{ENDPOINT}.method", with_endpoint(method="PUT", path="/it", body_format="jsonrpc", body={"method": "m"}), with_endpoint(method="POST", path="/it", body_format="jsonrpc", body={"method": "m"})),
    (f"{ENDPOINT}.body", with_endpoint(path="/it", body_format="jsonrpc"), with_endpoint(path="/it", body_format="jsonrpc", body={"method": "m"})),
    (f"{ENDPOINT}.headers", with_endpoint(method="POST", path="/it", body_format="multipart", body={"a": "b"}, headers={"content-Type": "x"}), with_endpoint(method="POST", path="/it", body_format="form", body={"a": "b"}, headers={"content-Type": "x"})),
    *((f"{ENDPOINT}.select", with_endpoint(path="/it", response_type=kind, select="a"), with_endpoint(path="/it", response_type=kind)) for kind in ("text", "html", "image", "binary")),
    (f"{ENDPOINT}.select", with_text(select="a"), with_text(select="a", lines={})),
    (f"{ENDPOINT}.lines", with_text(extract={"a": "x"}, lines={}), with_text(extract={"a": "x"}, select="a")),
    (f"{ENDPOINT}.extract.a.pattern", with_text(extract={"a": {"type": "number"}}), with_text(extract={"a": {"pattern": "x", "type": "number"}})),
    (f"{ENDPOINT}.extract.a.selector", with_text(extract={"a": {"pattern": "x", "selector": "p"}}), with_page(extract={"a": {"pattern": "x", "selector": "p"}})),
    (f"{ENDPOINT}.extract.a.each", with_text(extract={"a": {"each": "p", "extract": {"b": "q"}}}), with_page(extract={"a": {"each": "p", "extract": {"b": "q"}}})),
    (f"{ENDPOINT}.select", with_page(select="a"), with_page(extract={"a": "p"}, select="a")),
    (f"{ENDPOINT}.extract.a.selector", with_page(extract={"a": {"pattern": "x"}}), with_page(extract={"a": {"selector": "p"}})),
    (f"{ENDPOINT}.extract.a.extract", with_page(extract={"a": {"each": "p"}}), with_page(extract={"a": {"each": "p", "extract": {"b": "q"}}})),
    (f"{ENDPOINT}.extract.a.extract.b.selector", with_page(extract={"a": {"each": "p", "extract": {"b": {"type": "number"}}}}), with_page(extract={"a": {"each": "p", "extract": {"b": {"selector": "q", "type": "number"}}}})),
    (f"{ENDPOINT}.extract.a.selector", with_text(extract={"a": {"pattern": "x", "attribute": "b"}}), with_page(extract={"a": {"selector": "p", "attribute": "b"}})),
    *((f"{ENDPOINT}.extract.a.{word}", with_page(extract={"a": {"each": "p", "extract": {"b": "q"}, word: value}}), with_page(extract={"a": {"selector": "p", word: value}})) for word, value in (("selector", "p"), ("pattern", "x"), ("type", "number"), ("all", True))),
    (f"{ENDPOINT}.method", with_endpoint(method="DELETE", path="/it", response_type="status"), with_endpoint(method="HEAD", path="/it", response_type="status")),
    (f"{ENDPOINT}.safe", with_endpoint(safe=False, path="/it", response_type="status"), with_endpoint(safe=True, path="/it", response_type="status")),
    (f"{ENDPOINT}.method", with_parameter(method="HEAD", **{"in": "url"}), with_endpoint(method="HEAD", path="", response_type="status", parameters=[{"name": "q", "in": "url"}])),
    (f"{ENDPOINT}.ical", with_endpoint(path="/it", ical={"days": 7}), with_endpoint(path="/it", ical={"days": 7}, response_type="ical")),
    *((f"{ENDPOINT}.{word}", with_endpoint(path="/it", **{word: value}), with_text(**{word: value})) for word, value in (("extract", {"a": "x"}), ("lines", {"separator": "="}))),
    (f"{PAGES}.type", with_endpoint(path="/it", response_type="csv", paginate={"type": "link"}), with_endpoint(path="/it", response_type="json", paginate={"type": "link"})),
    (f"{ENDPOINT}.method", with_parameter(method="POST", **{"in": "url"}), with_parameter(**{"in": "url"})),
    *((f"{ENDPOINT}.{word}", with_endpoint(parameters=[{"name": "url", "in": "url"}], **{word: value}), with_endpoint(parameters=[{"name": "url", "in": "url"}])) for word, value in (("path", "/x"), ("headers", {"X-A": "b"}), ("base_url", URL), ("paginate", {"type": "link"}))),
    (f"{ENDPOINT}.parameters", with_endpoint(parameters=[{"name": "url", "in": "url"}, {"name": "q"}]), with_endpoint(path="/it", parameters=[{"name": "url"}, {"name": "q"}])),
    ("manifest.blocks[0].steps", with_block(endpoint="it", steps=[STEP]), with_block(steps=[STEP])),
    ("manifest.blocks[0].display.as", with_block(display={"kind": "table", "as": "table"}), with_block(display={"as": "table"})),
    *((f"manifest.blocks[0].{word}", with_action(**{word: value}), with_action()) for word, value in (("cache_ttl", 1), ("stale_while_revalidate", 1), ("stale_if_error", 1), ("refresh_interval", 1), ("schedule", "0 7 * * *"), ("timezone", "Europe/Oslo"), ("pre_fetch", True))),
    ("manifest.endpoints", with_endpoint(api_type="none", path="/it"), {**with_section(api_type="none"), "endpoints": []}),
    (f"{ENDPOINT}.body_format", with_endpoint(api_type="graphql", path="/it", body_format="form", body={"query": "{a}"}), with_endpoint(api_type="graphql", path="/it", body={"query": "{a}"})),
    *((f"{ENDPOINT}.body", with_endpoint(api_type="graphql", path="/it", body=body), with_endpoint(api_type="graphql", path="/it", body={"query": "{a}"})) for body in ("{a}", {"variables": {}}, {"query": 5})),
    (f"{ENDPOINT}.body", with_endpoint(api_type="graphql", path="/it"), with_endpoint(api_type="graphql", method="GET", path="/it")),
    ("manifest.integration", {"properties": []}, with_section()),
]  # fmt: skip


def declared(manifest: dict[str, Any], kind: str = "integration") -> dict[str, Any]:
    return {"id": "svc", "name": "S", "version": "1.0.0", "type": kind, "manifest": manifest}


def refusal(manifest: dict[str, Any], kind: str = "integration") -> dict[str, list[str]]:
    try:
        compile_plugin("svc", kind, manifest)
    except Invalid as refused:
        return refused.errors or {}
    return {}


@pytest.mark.parametrize(
    ("field", "wrong", "right"), CASES, ids=lambda part: part if isinstance(part, str) else ""
)
def test_what_breaks_a_rule_is_refused_by_registration_and_in_the_editor(
    field: str, wrong: dict[str, Any], right: dict[str, Any]
):
    assert field in refusal(wrong)
    assert not VALIDATOR.is_valid(declared(wrong))
    assert refusal(right) == {}
    assert VALIDATOR.is_valid(declared(right))


@pytest.mark.parametrize("word", ["endpoints", "blocks"])
@pytest.mark.parametrize("kind", ["view", "theme"])
def test_a_view_without_a_provider_calls_nothing(kind: str, word: str):
    wrong, right = {word: [{"id": "a"}]}, {word: []}
    assert refusal(wrong, kind) == {
        f"manifest.{word}": ["Needs a section `integration`, to which endpoints and blocks belong."]
    }
    assert not VALIDATOR.is_valid(declared(wrong, kind))
    assert refusal(right, kind) == {}
    assert VALIDATOR.is_valid(declared(right, kind))


def test_what_is_wrong_with_a_section_and_inside_of_it_is_told_together():
    errors = refusal(without(by_oauth2(**PERSON), "auth_method"))
    assert errors == {f"{SECTION}.oauth2": ["Not used by auth_method `none`."]}
    section = {"path": "", "parameters": [{"name": "a", "in": "url"}, {"name": "b", "in": "body"}]}
    assert refusal(with_endpoint(method="GET", **section)) == {
        f"{ENDPOINT}.parameters": ["A parameter `in: url` must be the only parameter."],
        f"{ENDPOINT}.parameters[1].in": ["A GET request has no body."],
    }


def leaves(rules: tuple[Rule, ...]) -> Iterator[Any]:
    for rule in rules:
        if isinstance(rule, If | Inside | Each | EachMember):
            yield from leaves(rule.rules)
        else:
            yield rule


def test_each_rule_is_broken_by_a_case_above():
    told = {message for _, wrong, _ in CASES for messages in refusal(wrong).values() for message in messages}
    for name, section in RULED.items():
        for rule in leaves(section.rules):
            assert rule.message in told, f"{name}: {rule}"
