"""What a linter says of manifests: errors as at registration, and a warning for each part that is probably not meant."""

import copy
import re
from typing import Any

import pytest

from integrations.authoring.lint import lint
from integrations.authoring.lint_rules import OWN_RULES, RULES
from integrations.authoring.xml_lint_rules import assumed_lists
from schemas.manifests.words import DISPLAY_KINDS
from settings import ROOT

CLEAN: dict[str, Any] = {
    "integration": {
        "base_url": "https://api.test/v1",
        "auth_method": "api_key",
        "rate_limit": {"requests_per_minute": 60},
    },
    "properties": [
        {"name": "api_key", "secure": True, "required": True},
        {"name": "place", "default": "Bonn"},
    ],
    "endpoints": [
        {"id": "now", "path": "/now", "parameters": [{"name": "q", "required": True}], "cache_ttl": 600},
        {"id": "write", "method": "POST", "path": "/notes", "parameters": [{"name": "text"}]},
    ],
    "blocks": [
        {
            "id": "weather",
            "endpoint": "now",
            "config_schema": {"q": {"type": "string", "required": True, "from_config": "place"}},
            "url_patterns": ["https://weather\\.test/(?P<q>[^/]+)"],
            "select": "{t: temp}",
            "pre_fetch": True,
            "refresh_interval": 3600,
        }
    ],
}
GET_PROPERTY = {"name": "key", "from_config": "api_key"}


def changed(*changes: tuple[str, Any]) -> dict[str, Any]:
    """The clean manifest with values put to dotted places; None takes away."""
    manifest = copy.deepcopy(CLEAN)
    for place, value in changes:
        target: Any = manifest
        *path, last = [int(step) if step.isdecimal() else step for step in place.split(".")]
        for step in path:
            target = target[step]
        if value is None:
            target.pop(last, None)
        elif isinstance(target, list) and last == len(target):
            target.append(value)
        else:
            target[last] = value
    return manifest


def said(manifest: Any) -> list[tuple[str | None, str]]:
    return [(finding.code, finding.path) for finding in lint(manifest)]


def test_a_clean_manifest_is_not_talked_about():
    assert lint(CLEAN) == []


def test_a_setting_that_only_a_select_asks_for_is_used():
    select = "{t: temp, units: config('units')}"
    assert said(changed(("properties.2", {"name": "units"}), ("blocks.0.select", select))) == []


def test_a_registration_body_is_checked_whole():
    body = {"id": "weather", "name": "Weather", "version": "1.0.0", "type": "integration", "manifest": CLEAN}

    assert lint(body) == []
    assert {
        finding.path for finding in lint({**body, "id": "No!", "version": "1", "more": 1, "name": None})
    } == {
        "id",
        "version",
        "more",
        "name",
    }
    assert [finding.path for finding in lint({"id": "weather", "version": "1.0.0"})] == [
        "name",
        "type",
        "manifest",
    ]


def test_errors_of_body_and_manifest_are_told_together_and_warnings_wait():
    manifest = changed(("endpoints.0.path", "now"), ("properties.2", {"name": "unused"}))
    body = {"id": "No!", "name": "Weather", "version": "1.0.0", "type": "integration", "manifest": manifest}

    assert said(body) == [(None, "id"), (None, "manifest.endpoints[0].path")]
    assert said({**body, "manifest": changed(("properties.2", {"name": "unused"}))}) == [(None, "id")]


def test_views_and_themes_are_manifests_too():
    assert lint({"tokens": {"--accent": "red"}, "properties": [{"name": "columns", "type": "integer"}]}) == []
    assert said({"properties": [{"name": "columns", "required": 5}]}) == [
        (None, "manifest.properties[0].required")
    ]


@pytest.mark.parametrize("value", [None, [], "x", 5])
def test_what_is_no_object_is_no_manifest(value):
    assert said(value) == [(None, "manifest")]


def test_a_number_that_no_reader_keeps_is_an_error():
    body = {"id": "a", "name": "A", "version": "1.0.0", "type": "view", "manifest": {"n": 2**60}}

    assert [(finding.level, finding.path) for finding in lint(body)] == [("error", "manifest")]


KEY_IN_QUERY = {"type": "api_key", "in": "query", "name": "key", "value": "{api_key}"}
LOGIN = {"url": "http://login.test.example/in", "body": {"p": "{api_key}"}, "token_path": "t"}
HTTPS_LOGIN = {**LOGIN, "url": "https://login.test.example/in"}
OAUTH2 = {"token_url": "http://login.example/t", "client_id": "x", "client_secret": "{api_key}"}
CASES = [
    ("secret-in-url", "integration.auth.in", [("integration.auth", KEY_IN_QUERY)]),
    ("secret-in-url", "integration.auth[0].in", [("integration.auth", [KEY_IN_QUERY])]),
    ("secret-in-url", "integration.query.k", [("integration.query", {"k": "{api_key}"})]),
    ("secret-in-url", "integration.base_url", [("integration.base_url", "https://api.test/{api_key}")]),
    ("secret-in-url", "endpoints[0].path", [("endpoints.0.path", "/now/{api_key}")]),
    ("secret-in-url", "endpoints[0].path", [("endpoints.0.path", "/now?k={api_key}")]),
    ("secret-in-url", "endpoints[0].parameters[1]", [("endpoints.0.parameters.1", GET_PROPERTY)]),
    ("open-credential", "properties[2]", [("properties.2", {"name": "appToken"}), ("integration.headers", {"X-A": "{appToken}"})]),
    ("open-credential", "properties[2]", [("properties.2", {"name": "password"}), ("integration.headers", {"X-A": "{password}"})]),
    ("secret-in-url", "integration.login.query.k", [("integration.auth_method", "session_token"), ("integration.login", {**HTTPS_LOGIN, "query": {"k": "{api_key}"}})]),
    ("secret-in-url", "integration.login.auth.in", [("integration.auth_method", "session_token"), ("integration.login", {**HTTPS_LOGIN, "auth": KEY_IN_QUERY})]),
    ("secret-in-url", "integration.oauth2.query.k", [("integration.auth_method", "oauth2_client_credentials"), ("integration.oauth2", {**OAUTH2, "token_url": "https://login.example/t", "query": {"k": "{api_key}"}})]),
    ("plain-http", "integration.base_url", [("integration.base_url", "http://api.test.example")]),
    ("plain-http", "integration.base_url", [("integration.base_url", "http://93.184.215.14/v1")]),
    ("plain-http", "endpoints[1].base_url", [("endpoints.1.base_url", "http://api.test.example")]),
    ("plain-http", "integration.login.url", [("integration.auth_method", "session_token"), ("integration.login", LOGIN)]),
    ("plain-http", "integration.oauth2.token_url", [("integration.auth_method", "oauth2_client_credentials"), ("integration.oauth2", OAUTH2)]),
    ("no-ttl", "blocks[0]", [("endpoints.0.cache_ttl", None)]),
    ("short-ttl", "endpoints[0].cache_ttl", [("endpoints.0.cache_ttl", 5)]),
    ("short-ttl", "blocks[0].cache_ttl", [("blocks.0.cache_ttl", 0)]),
    ("fine-time", "blocks[0]", [("endpoints.0.path", "/now/{now:epoch}")]),
    ("unkept-block", "blocks[1].endpoint", [("endpoints.1.cache_ttl", 60), ("blocks.1", {"id": "w", "endpoint": "write", "action": {"label": "Write"}})]),
    ("no-schedule", "blocks[0].pre_fetch", [("blocks.0.refresh_interval", None)]),
    ("prefetch-input", "blocks[0].pre_fetch", [("properties.1", {"name": "place"})]),
    ("no-rate-limit", "blocks[0].pre_fetch", [("integration.rate_limit", None)]),
    ("unused-property", "properties[2]", [("properties.2", {"name": "units"})]),
    ("unused-endpoint", "endpoints[2]", [("endpoints.2", {"id": "more", "path": "/more"}), ("integration.test_endpoint", "write")]),
    ("path-into-text", "blocks[0].select", [("endpoints.0.response_type", "text")]),
    ("path-into-text", "endpoints[0].response_schema", [("endpoints.0.response_type", "text"), ("blocks.0.select", None), ("endpoints.0.response_schema", {"type": "object"})]),
    ("open-credential", "properties[2]", [("properties.2", {"name": "word", "type": "password"}), ("integration.headers", {"X-A": "{word}"})]),
    ("plain-text", "endpoints[2]", [("endpoints.2", {"id": "more", "path": "/metrics", "select": "up"}), ("integration.test_endpoint", "more")]),
    ("plain-text", "endpoints[0].response_type", [("endpoints.0.path", "/api/v1/metrics?format=x"), ("endpoints.0.response_type", "json")]),
    ("plain-text", "endpoints[0]", [("endpoints.0.headers", {"accept": "text/plain; version=0.0.4"})]),
    ("single-element", "blocks[0].select", [("endpoints.0.response_type", "xml"), ("blocks.0.select", "rss.channel.item[].title")]),
    ("single-element", "endpoints[0].select", [("endpoints.0.response_type", "xml"), ("endpoints.0.select", "a.b[0]")]),
    ("unknown-display", "blocks[0].display.as", [("blocks.0.display", {"as": "chart"})]),
    ("unknown-display", "blocks[0].display.as", [("blocks.0.display", {"as": ["table"]})]),
    ("unknown-display", "blocks[0].display", [("blocks.0.display", "table")]),
    ("unknown-display", "blocks[0].display.fields", [("blocks.0.display", {"fields": "t"})]),
    ("unknown-display", "blocks[0].display.thresholds.t[0].level", [("blocks.0.display", {"thresholds": {"t": [{"from": 1, "level": "awful"}]}})]),
    ("unknown-display", "blocks[0].display.unit", [("blocks.0.display", {"kind": "figure", "unit": {"t": "°"}})]),
    ("unknown-display", "blocks[0].display.colour", [("blocks.0.display", {"kind": "figure", "colour": "red"})]),
    ("unknown-display", "blocks[0].display.history.kept", [("blocks.0.display", {"kind": "figure", "history": {"keep": "1d", "kept": 1}})]),
    ("unknown-display", "blocks[0].display.thresholds.t[1].above", [("blocks.0.display", {"kind": "figure", "thresholds": {"t": [{"level": "good"}, {"above": 1, "level": "bad"}]}})]),
    ("unknown-icon", "icon", [("icon", "🌡️")]),
    ("unknown-icon", "icon", [("icon", {"file": "sun.svg"})]),
    ("lost-group", "blocks[0].url_patterns[1]", [("blocks.0.url_patterns.1", "https://a\\.test/(?P<id>.+)")]),
    ("slash-in-segment", "endpoints[2].parameters[0]", [("endpoints.2", {"id": "more", "path": "/r/{r}", "parameters": [{"name": "r", "default": "a/b"}]}), ("integration.test_endpoint", "more")]),
    ("slash-in-segment", "endpoints[2].parameters[0]", [("endpoints.2", {"id": "more", "path": "/r/{r}", "parameters": [{"name": "r", "enum": ["a", "a/b"], "default": "a"}]}), ("integration.test_endpoint", "more")]),
    ("slash-in-segment", "endpoints[0].parameters[0]", [("endpoints.0.path", "/now/{q}"), ("endpoints.0.parameters.0.pattern", "[a-z]+/[a-z]+")]),
    ("slash-in-segment", "blocks[0].url_patterns[0]", [("endpoints.0.path", "/now/{q}"), ("blocks.0.url_patterns.0", "https://weather\\.test/(?P<q>.+)")]),
    ("retry-of-writes", "integration.retry", [("integration.retry", {"max_retries": 2})]),
    ("json-in-form", "endpoints[2].body.meta", [("endpoints.2", {"id": "more", "method": "POST", "body_format": "form", "body": {"meta": {"a": 1}}})]),
    ("json-in-form", "endpoints[2].body.items", [("endpoints.2", {"id": "more", "method": "POST", "body_format": "multipart", "body": {"list": ["a"], "items": [{"a": 1}]}})]),
]  # fmt: skip


OWN_CASES = [
    ("open-credential", "properties[0]", {"name": "api_key"}),
    ("open-credential", "properties[0]", {"name": "word", "type": "password"}),
    ("unchecked-setting", "properties[0].type", {"name": "due", "type": "gizmo", "default": [1], "min": "x"}),
    ("unchecked-setting", "properties[0].type", {"name": "due", "type": ["string", "null"]}),
    ("unchecked-setting", "properties[0].default", {"name": "due", "type": "date", "default": "today"}),
    ("unchecked-setting", "properties[0].min", {"name": "due", "type": "date", "min": "2024-01-01"}),
    ("unchecked-setting", "properties[0].pattern", {"name": "due", "pattern": "(?=a)"}),
    ("unchecked-setting", "properties[0].format", {"name": "due", "format": "iban"}),
    ("unchecked-setting", "properties[0].options", {"name": "due", "type": "select"}),
    ("unchecked-setting", "properties[0].options", {"name": "due", "type": "select", "options": {"a": 1}}),
    ("unchecked-setting", "properties[0].requird", {"name": "due", "requird": True}),
    ("unchecked-setting", "properties[0].type", {"name": "login", "type": "account", "secure": True}),
]


@pytest.mark.parametrize(("code", "path", "declared"), OWN_CASES)
def test_what_a_view_says_of_its_own_settings_is_never_refused(code, path, declared):
    body = {"id": "board", "name": "Board", "version": "1.0.0", "type": "view", "manifest": {}}
    body["manifest"] = {"properties": [declared]}
    assert [finding.level for finding in lint(body)] == ["warning"]
    assert said(body) == [(code, f"manifest.{path}")]


@pytest.mark.parametrize(
    ("declared", "field"),
    [
        ({"type": "date"}, "[0].name"),
        ({"name": "due", "required": "yes"}, "[0].required"),
        ({"name": "due", "type": "gizmo", "secure": "yes"}, "[0].secure"),
        ({"name": "due", "secure": True, "default": "x"}, "[0].default"),
        ({"name": "due", "secure": True, "type": "text", "enum": ["x"]}, "[0].enum"),
        (5, "[0]"),
    ],
)
def test_what_would_harm_a_view_s_settings_is_refused_still(declared, field):
    manifest = {"properties": [declared]}
    assert ("error", f"manifest.properties{field}") in {
        (finding.level, finding.path) for finding in lint(manifest)
    }


@pytest.mark.parametrize(
    ("code", "path", "changes"), CASES, ids=lambda part: part if isinstance(part, str) else ""
)
def test_each_rule_warns_at_the_place_that_it_is_about(code, path, changes):
    findings = lint(changed(*changes))

    assert [finding.level for finding in findings] == ["warning"], findings
    assert said(changed(*changes)) == [(code, f"manifest.{path}")]


def test_every_rule_has_a_case():
    assert {code for code, _, _ in CASES} == RULES.keys()
    assert {code for code, _, _ in OWN_CASES} == OWN_RULES.keys()


@pytest.mark.parametrize(
    "changes",
    [
        [("integration.base_url", "http://nas.local:8080")],
        [("integration.base_url", "http://192.168.1.5")],
        [("integration.base_url", "http://localhost:8080")],
        [("integration.base_url", "http://nas")],
        [("integration.base_url", "{place}/api")],
        [("properties.2", {"name": "sort_key"}), ("integration.headers", {"X-A": "{sort_key}"})],
        [("properties.2", {"name": "key", "enum": ["a"]}), ("integration.headers", {"X-A": "{key}"})],
        [("properties.2", {"name": "token_url"}), ("integration.headers", {"X-A": "{token_url}"})],
        [("blocks.0.pre_fetch", False), ("integration.rate_limit", None), ("blocks.0.refresh_interval", None)],
        [("blocks.0.refresh_interval", None), ("blocks.0.schedule", "0 7 * * *")],
        [("properties.1", {"name": "place", "required": True})],
        [("endpoints.2", {"id": "check", "path": "/check"})],
        [("endpoints.2", {"id": "search", "method": "POST", "safe": True, "path": "/s"}), ("blocks.1", {"id": "s", "endpoint": "search", "cache_ttl": 60})],
        [("integration.retry", {"max_retries": 0})],
        [("integration.auth", {"type": "api_key", "in": "header", "name": "X-Key", "value": "{api_key}", "when": "api_key"})],
        [("endpoints.0.cache_ttl", None), ("blocks.0.cache_ttl", 60)],
        [("endpoints.0.response_type", "xml"), ("endpoints.0.xml", {"lists": ["a.b"]}), ("blocks.0.select", "a.b[].c")],
        [("endpoints.0.response_type", "xml"), ("endpoints.0.select", "a.c"), ("blocks.0.select", "b[].c")],
        [("blocks.0.display", {"as": "table", "fields": ["t"]})],
        [("blocks.0.display", {"units": {"t": "°"}})],
        [("blocks.0.display", {"as": "gauge", "x-own": 1, "description": "of the sky"})],
        [("blocks.0.display", {"kind": "line", "icon": "lucide:sun", "history": {"keep": "30d"}, "limit": 5})],
        [("blocks.0.display", None)],
        [("icon", "si:github")],
        [("blocks.0.url_patterns.0", "https://weather\\.test/(?P<q>.+)")],
        [("endpoints.0.path", "/now/{q}"), ("endpoints.0.parameters.0.pattern", "[a-z]+")],
        [("endpoints.0.path", "/metrics"), ("endpoints.0.headers", {"Accept": "application/json"})],
        [("endpoints.0.path", "/metrics/weekly")],
        [("endpoints.0.response_type", "text"), ("endpoints.0.lines", {}), ("blocks.0.select", "up")],
        [("endpoints.0.response_type", "html"), ("endpoints.0.extract", {"a": "p"}), ("blocks.0.select", "a")],
        [("endpoints.0.response_type", "ical"), ("blocks.0.select", "[].title")],
        [("properties.2", {"name": "least"}), ("blocks.0.select", "[?t > config('least')]")],
        [("properties.2", {"name": "most", "type": "integer"}), ("endpoints.0.response_schema", {"maxItems": "config('most')"})],
    ],
    ids=str,
)  # fmt: skip
def test_what_is_as_it_should_be_is_not_talked_about(changes):
    assert lint(changed(*changes)) == []


def test_output_paths_of_a_step_that_answers_text_are_warned_of():
    steps = [
        {"id": "a", "endpoint": "now", "parameters": {"q": "{inputs.q}"}, "outputs": {"x": "y"}},
        {"id": "b", "endpoint": "now", "parameters": {"q": "{steps.a.x}"}},
    ]
    manifest = changed(
        ("endpoints.0.response_type", "html"), ("blocks.0.endpoint", None), ("blocks.0.steps", steps)
    )

    assert said(manifest) == [
        ("path-into-text", "manifest.blocks[0].steps[0].outputs"),
        ("path-into-text", "manifest.blocks[0].select"),
    ]


def test_every_rule_is_documented():
    text = (ROOT / "docs" / "manifest.md").read_text("utf-8")
    rows = re.findall(
        r"^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \|", text.partition("| rule | warns of |")[2], re.MULTILINE
    )

    assert {code for row in rows for code in re.findall(r"[a-z-]+", row)} == {*RULES, *OWN_RULES}


def test_an_unknown_member_of_a_display_is_met_with_the_right_word():
    [finding] = lint(changed(("blocks.0.display", {"kind": "table", "treshholds": {}})))

    assert finding.message == "Unknown member; did you mean `thresholds`?"


def test_the_kinds_of_drawing_are_those_that_the_elements_draw():
    source = (ROOT / "frontend/packages/elements/src/drawing/display.ts").read_text("utf-8")
    kinds = source.partition("export const KINDS = [")[2].partition("]")[0]

    assert tuple(re.findall(r"'(\w+)'", kinds)) == DISPLAY_KINDS


@pytest.mark.parametrize(
    ("expression", "paths"),
    [
        ("a.b", []),
        ("a.b[]", [("a", "b")]),
        ("a.b[*].c[].d", [("a", "b"), ("a", "b", "c")]),
        ("a.b[0].c", [("a", "b")]),
        ("a.b[1:3]", [("a", "b")]),
        ("a.b[?c > `1`].d", [("a", "b")]),
        ("a.b[?c[0] == 'x']", [("a", "b"), ("a", "b", "c")]),
        ("a.{x: b[].c, y: d}", [("a", "b")]),
        ("a | b[]", [("a", "b")]),
        ("sort_by(a.b, &c)[].d", [("a", "b")]),
        ("map(&c[0], a.b)", [("a", "b"), ("a", "b", "c")]),
        ("to_array(a.b)[].c", []),
        ("a.*.c[]", []),
        ("a[]", []),
        ("length(a.b)", []),
        ('"soap:E"."x.y"[]', [("soap:E", "x.y")]),
    ],
)
def test_what_an_expression_takes_for_lists(expression, paths):
    assert sorted(set(assumed_lists(expression))) == paths
