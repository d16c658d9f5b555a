"""The JSON Schema for editors says what registration says, as far as shape and type go."""

import copy
import json
from typing import Any

import jsonschema_rs
import pytest
from marshmallow import ValidationError

from examples.catalog import PLUGINS_FOLDER
from integrations.authoring.json_schema import registration_schema
from schemas.api.plugins import DeclarationSchema
from schemas.manifests import credentials, display, logins, manifest
from schemas.manifests.manifest import ManifestSchema

SCHEMA = registration_schema()
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)
BODY: dict[str, Any] = {
    "id": "weather",
    "name": "Weather",
    "version": "1.0.0",
    "type": "integration",
    "manifest": {
        "integration": {
            "base_url": "https://api.test",
            "auth": [{"type": "signature", "values": [{"name": "n", "function": "now_epoch"}], "headers": {"X-N": "{n}"}}],
            "auth_method": "session_token",
            "login": {"path": "/in", "body": {"a": [1]}, "outputs": {"x": "y"}, "token_path": "t"},
            "tls": {"ca_file": "{ca}"},
            "headers": {"X-A": "b"},
            "query": {"a": 1},
            "rate_limit": {"requests_per_minute": 60},
            "retry": {"max_retries": 2, "status_codes": [503]},
            "timeout": 5.5,
        },
        "properties": [{"name": "units", "enum": ["a"], "ui": {"type": "select"}, "own": 1}],
        "endpoints": [
            {
                "id": "now",
                "method": "GET",
                "path": "/now",
                "parameters": [{"name": "q", "in": "query", "default": None, "min": 1}],
                "headers": {"X-B": True},
                "paginate": {"type": "page", "max_pages": 3},
                "cache_ttl": 60,
                "x-own": {},
            }
        ],
        "blocks": [
            {
                "id": "weather",
                "config_schema": {"q": {"type": "string", "required": True}},
                "steps": [{"id": "a", "endpoint": "now", "parameters": {"q": "{inputs.q}"}, "outputs": {"t": "temp"}}],
                "url_patterns": ["https://a\\.test"],
                "display": {
                    "kind": "gauge",
                    "icon": "lucide:sun",
                    "title": "name",
                    "value": "main.temp",
                    "fields": ["main.temp"],
                    "labels": {"main.temp": "Temperature"},
                    "units": {"main.temp": "°C"},
                    "thresholds": {"main.temp": [{"from": 30, "level": "warn"}]},
                    "links": {"name": "url"},
                    "min": -20,
                    "max": "main.most",
                    "history": {"keep": "30d", "fields": ["main.temp"]},
                    "limit": 5,
                    "own": {},
                },
            },
            {"id": "older", "display": {"as": "chart", "fields": 5}},
        ],
        "icon": "si:github",
        "color": "own data",
    },
}  # fmt: skip


def oauth2(**words: Any) -> dict[str, Any]:
    """An integration section that gets tokens with these words."""
    section = {"token_url": "https://a.test", "scopes": ["a"], "token_params": {"x": 1}, **words}
    return {"auth_method": "oauth2_client_credentials", "oauth2": section}


def changed(place: str, value: Any) -> dict[str, Any]:
    """The body with another value at a dotted place below `manifest`."""
    body = copy.deepcopy(BODY)
    target: Any = body["manifest"]
    *path, last = [int(step) if step.isdecimal() else step for step in place.split(".")]
    for step in path:
        target = target[step]
    target[last] = value
    return body


def is_refused_at_registration(body: dict[str, Any]) -> bool:
    try:
        DeclarationSchema().load(body)
        ManifestSchema().load(body["manifest"])
    except ValidationError:
        return True
    return False


def test_it_is_a_json_schema_whose_references_all_lead_somewhere():
    jsonschema_rs.meta.validate(SCHEMA)
    text = json.dumps(SCHEMA)

    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for name in SCHEMA["$defs"]:
        assert f'"#/$defs/{name}"' in text
        assert SCHEMA["$defs"][name]["description"]


def test_the_body_above_is_right_for_both():
    assert not is_refused_at_registration(BODY)
    assert VALIDATOR.is_valid(BODY)


@pytest.mark.parametrize("path", sorted(PLUGINS_FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_each_example_that_is_registered_fits(path):
    declaration = json.loads(path.read_text("utf-8"))

    assert VALIDATOR.is_valid(declaration) is not is_refused_at_registration(declaration)


@pytest.mark.parametrize("keep", [1, 600.5, 400 * 86400, "1h", "9600h", "400d", "57w"])
def test_a_duration_of_at_most_400_days_is_right_for_both(keep):
    body = changed("blocks.0.display.history", {"keep": keep})

    assert VALIDATOR.is_valid(body)
    assert not is_refused_at_registration(body)


@pytest.mark.parametrize(
    "icon", ["si:github", "lucide:cloud-sun", "si:" + "x" * 61, "🌡️", "github", {"file": "a.svg"}, None]
)
def test_an_icon_of_another_form_is_the_frontend_s_own_for_both(icon):
    body = changed("icon", icon)

    assert VALIDATOR.is_valid(body)
    assert not is_refused_at_registration(body)


def test_a_section_for_tokens_is_right_for_both():
    body = changed("integration", oauth2())
    assert not is_refused_at_registration(body)
    assert VALIDATOR.is_valid(body)


WRONG_TYPES = [
    ("integration", []),
    ("integration.base_url", 5),
    ("integration.base_url", ""),
    ("integration.base_url", None),
    ("integration.base_url", "x" * 2001),
    ("integration.api_type", "soap"),
    ("integration.auth_method", "magic"),
    ("integration.auth", "basic"),
    ("integration.auth", [{"type": "magic"}]),
    ("integration.auth", [{"type": "bearer"}] * 11),
    ("integration.auth.0.type", None),
    ("integration.auth.0.in", "body-ish"),
    ("integration.auth.0.values", []),
    ("integration.auth.0.values.0.function", "md5"),
    ("integration.auth.0.headers", {"bad name": "x"}),
    ("integration.auth.0.unknown", 1),
    ("integration.oauth2", {}),
    ("integration", oauth2(scopes="read")),
    ("integration", oauth2(scopes=[""])),
    ("integration", oauth2(scope_separator=";")),
    ("integration", oauth2(token_params={"x": [1]})),
    ("integration.login", []),
    ("integration.login", [{"path": "/in"}] * 6),
    ("integration.login.method", "DELETE"),
    ("integration.login.outputs", {"bad name": "x"}),
    ("integration.login.expiration_duration", 0),
    ("integration.tls.ca_file", ""),
    ("integration.tls.verify", False),
    ("integration.headers", ["X-A"]),
    ("integration.headers", {"X-A": None}),
    ("integration.headers", {"X-A": {}}),
    ("integration.query", {"a b": 1}),
    ("integration.rate_limit.requests_per_minute", 0),
    ("integration.rate_limit.requests_per_minute", 1.5),
    ("integration.rate_limit.requests_per_minute", "60"),
    ("integration.rate_limit.requests_per_minute", True),
    ("integration.retry.max_retries", 11),
    ("integration.retry.status_codes", [200]),
    ("integration.timeout", "5"),
    ("integration.timeout", 301),
    ("integration.timeout", True),
    ("integration.unknown", 1),
    ("properties", {}),
    ("properties", [{"name": "a"}] * 201),
    ("properties.0", "units"),
    ("properties.0.name", "1st"),
    ("properties.0.name", None),
    ("properties.0.type", "calendar"),
    ("properties.0.required", "yes"),
    ("properties.0.secure", 1),
    ("properties.0.enum", []),
    ("properties.0.enum", "a"),
    ("properties.0.min", []),
    ("properties.0.min", True),
    ("properties.0.const", None),
    ("properties.0.format", "uuid"),
    ("properties.0.pattern", "x" * 1001),
    ("endpoints.0.id", "a b"),
    ("endpoints.0.method", "get"),
    ("endpoints.0.path", None),
    ("endpoints.0.parameters", {"q": 1}),
    ("endpoints.0.parameters.0.name", "a b"),
    ("endpoints.0.parameters.0.in", "cookie"),
    ("endpoints.0.parameters.0.unknown", 1),
    ("endpoints.0.body_format", "yaml"),
    ("endpoints.0.body", None),
    ("endpoints.0.response_type", "pdf"),
    ("endpoints.0.redirects", True),
    ("endpoints.0.safe", "yes"),
    ("endpoints.0.paginate", {}),
    ("endpoints.0.paginate.type", "next"),
    ("endpoints.0.paginate.max_pages", 101),
    ("endpoints.0.cache_ttl", -1),
    ("endpoints.0.cache_ttl", "60"),
    ("endpoints.0.cache_ttl", None),
    ("endpoints.0.unknown", 1),
    ("blocks.0.config_schema", []),
    ("blocks.0.config_schema", {"bad name": {}}),
    ("blocks.0.config_schema.q", "string"),
    ("blocks.0.config_schema.q.type", "words"),
    ("blocks.0.steps", []),
    ("blocks.0.steps", [{"id": "a", "endpoint": "now"}] * 6),
    ("blocks.0.steps.0.endpoint", None),
    ("blocks.0.steps.0.parameters", ["q"]),
    ("blocks.0.steps.0.outputs", {"t": 5}),
    ("blocks.0.steps.0.unknown", 1),
    ("blocks.0.url_patterns", ["x" * 1001]),
    ("blocks.0.url_patterns", "https://a"),
    ("blocks.0.refresh_interval", 0),
    ("blocks.0.pre_fetch", "yes"),
    ("enabled", "on"),
    ("icon", "si:Git Hub"),
    ("icon", "si:"),
    ("icon", "lucide:cloud_sun"),
    ("icon", "lucide:a\n"),
    ("icon", "si:" + "x" * 62),
    ("blocks.0.display.kind", "chart"),
    ("blocks.0.display.kind", None),
    ("blocks.0.display.as", "table"),
    ("blocks.0.display.icon", "🌡️"),
    ("blocks.0.display.icon", "lucide:" + "x" * 58),
    ("blocks.0.display.title", ["name"]),
    ("blocks.0.display.value", ""),
    ("blocks.0.display.fields", "main.temp"),
    ("blocks.0.display.fields", [5]),
    ("blocks.0.display.labels", ["Temperature"]),
    ("blocks.0.display.labels", {"": "x"}),
    ("blocks.0.display.units", {"main.temp": 5}),
    ("blocks.0.display.units", {"main.temp": "x" * 41}),
    ("blocks.0.display.thresholds", [{"from": 30, "level": "warn"}]),
    ("blocks.0.display.thresholds", {"t": {"from": 30, "level": "warn"}}),
    ("blocks.0.display.thresholds", {"t": [{"from": 30}]}),
    ("blocks.0.display.thresholds", {"t": [{"from": "30", "level": "warn"}]}),
    ("blocks.0.display.thresholds", {"t": [{"below": True, "level": "warn"}]}),
    ("blocks.0.display.thresholds", {"t": [{"from": 30, "level": "awful"}]}),
    ("blocks.0.display.links", {"name": ["url"]}),
    ("blocks.0.display.formats", {"body": "html"}),
    ("blocks.0.display.min", None),
    ("blocks.0.display.min", ""),
    ("blocks.0.display.max", True),
    ("blocks.0.display.x", 5),
    ("blocks.0.display.history", "30d"),
    ("blocks.0.display.history", {}),
    ("blocks.0.display.history", {"keep": "30d", "fields": []}),
    *(("blocks.0.display.history", {"keep": keep}) for keep in (None, True, 0, "30", "0d", "401d", "58w", "9601h", "30d\n")),
    ("blocks.0.display.history", {"keep": 400 * 86400 + 1}),
    ("blocks.0.display.limit", 0),
    ("blocks.0.display.limit", "5"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value"), WRONG_TYPES, ids=lambda part: str(part)[:40])
def test_what_registration_refuses_for_its_type_is_refused_by_the_schema(place, value):
    body = changed(place, value)

    assert is_refused_at_registration(body)
    assert not VALIDATOR.is_valid(body)


@pytest.mark.parametrize(
    "words",
    [
        {"id": "Weather"},
        {"id": "x" * 65},
        {"id": "x\n"},
        {"name": ""},
        {"name": "x" * 201},
        {"version": "1"},
        {"version": "01.0.0"},
        {"version": "1.0.0-"},
        {"type": "widget"},
        {"manifest": []},
        {"more": 1},
    ],
    ids=str,
)
def test_the_body_around_the_manifest_is_held_as_strictly(words):
    body = {**BODY, **words}

    assert is_refused_at_registration(body)
    assert not VALIDATOR.is_valid(body)


@pytest.mark.parametrize("word", BODY)
def test_nothing_of_the_body_may_be_missing(word):
    body = {name: BODY[name] for name in BODY if name != word}

    assert not VALIDATOR.is_valid(body)


@pytest.mark.parametrize("junk", [None, 5, 0.5, True, "x", [], {}, [5], {"x": 5}], ids=str)
@pytest.mark.parametrize(
    "section",
    [
        "Endpoint",
        "Block",
        "Property",
        "Parameter",
        "Integration",
        "Step",
        "LoginStep",
        "Credential",
        "Paginate",
        "Display",
        "Threshold",
        "History",
    ],
)
def test_any_word_with_any_junk_is_refused_by_the_schema_whenever_by_registration(section, junk):
    drawing = dict.fromkeys(("Display", "Threshold", "History"), display)
    module = {"LoginStep": logins, "Credential": credentials, **drawing}.get(section, manifest)
    schema = getattr(module, f"{section}Schema")()
    validator = jsonschema_rs.validator_for({"$ref": f"#/$defs/{section}", "$defs": SCHEMA["$defs"]})
    for word in SCHEMA["$defs"][section]["properties"]:
        errors = schema.validate({word: junk})
        if word in errors and errors[word] != ["Missing data for required field."]:
            mismatches = [error.instance_path for error in validator.iter_errors({word: junk})]
            cross_checked = {"login", "auth"} if isinstance(junk, dict) else set()
            assert any(path[:1] == [word] for path in mismatches) or word in cross_checked, (word, errors)
