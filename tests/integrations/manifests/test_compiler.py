"""What a manifest may say; what cannot work is refused by field, everything at once."""

import copy

import pytest

from errors import Invalid
from integrations.manifests.compiling import compile_plugin
from plugin_store.vault.destinations import Destination
from tests.integrations.building import integration_of

GOOD = {
    "integration": {"base_url": "https://{server}/v1", "auth_method": "api_key", "headers": {"X-A": "b"}},
    "properties": [{"name": "server", "default": "api.test"}, {"name": "api_key", "secure": True, "required": True}],
    "endpoints": [
        {"id": "geocode", "path": "/geo", "parameters": [{"name": "q", "required": True}]},
        {"id": "now", "path": "/now/{lat}", "parameters": [{"name": "lat", "type": "number"}]},
        {"id": "write", "method": "POST", "path": "/w"},
    ],
    "blocks": [
        {
            "id": "weather",
            "config_schema": {"place": {"type": "string", "required": True}},
            "steps": [
                {"id": "geo", "endpoint": "geocode", "parameters": {"q": "{inputs.place}"}, "outputs": {"lat": "[0].lat"}},
                {"id": "it", "endpoint": "now", "parameters": {"lat": "{steps.geo.lat}"}},
            ],
            "select": "{temp: main.temp}",
            "url_patterns": ["https://weather\\.test/(?P<place>[^/]+)"],
        }
    ],
    "color": "own data of the frontend",
}  # fmt: skip


def changed(path, value):
    manifest = copy.deepcopy(GOOD)
    target = manifest
    for key in path[:-1]:
        target = target[key]
    if value is None:
        target.pop(path[-1], None)
    else:
        target[path[-1]] = value
    return manifest


def errors_of(manifest, kind="integration"):
    with pytest.raises(Invalid) as caught:
        compile_plugin("example", kind, manifest)
    return caught.value.errors or {}


def test_a_good_manifest_compiles():
    integration = compile_plugin("example", "integration", GOOD)
    assert integration is not None
    assert list(integration.endpoints) == ["geocode", "now", "write"]
    assert [step.id for step in integration.blocks["weather"].steps] == ["geo", "it"]
    assert integration.blocks["weather"].secret_names == {"api_key"}
    assert integration.blocks["weather"].config_names == {"server"}


E0 = ("endpoints", 0)
STEP = ("blocks", 0, "steps", 1)


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (("integration",), None, "manifest.integration"),
        (("integration", "base_url"), None, "manifest.endpoints[0].path"),
        (("integration", "base_url"), "ftp://x", "manifest.integration.base_url"),
        (("integration", "base_url"), "https://{nope}/", "manifest.integration.base_url"),
        (("integration", "base_url"), "https://a@b/", "manifest.integration.base_url"),
        (("integration", "api_type"), "soap", "manifest.integration.api_type"),
        (("integration", "auth_method"), "token", "manifest.integration.auth_method"),
        (("integration", "auth"), {"type": "api_key"}, "manifest.integration.auth[0].name"),
        (("integration", "auth"), [{"type": "bearer", "token": "{nope}"}], "manifest.integration.auth[0]"),
        (("integration", "auth"), {"type": "api_key", "name": "Host"}, "manifest.integration.auth[0].name"),
        (("integration", "headers"), {"Proxy-Authorization": "x"}, "manifest.integration.headers.Proxy-Authorization"),
        (("integration", "timout"), 5, "manifest.integration.timout"),
        (("integration", "timeout"), -1, "manifest.integration.timeout"),
        (("integration", "test_endpoint"), "nope", "manifest.integration.test_endpoint"),
        (("properties", 1, "default"), "K", "manifest.properties[1].default"),
        (("properties", 1, "name"), "server", "manifest.properties[1].name"),
        (("properties", 0, "type"), "integer", "manifest.properties[0].default"),
        (("properties", 0, "pattern"), "(a", "manifest.properties[0].pattern"),
        ((*E0, "id"), None, "manifest.endpoints[0].id"),
        ((*E0, "id"), "now", "manifest.endpoints[1].id"),
        ((*E0, "method"), "TRACE", "manifest.endpoints[0].method"),
        ((*E0, "path"), "geo", "manifest.endpoints[0].path"),
        ((*E0, "path"), "/../geo", "manifest.endpoints[0].path"),
        ((*E0, "path"), "/%2e%2E/geo", "manifest.endpoints[0].path"),
        ((*E0, "path"), "/%252e%252e/geo", "manifest.endpoints[0].path"),
        ((*E0, "path"), "//evil.com/geo", "manifest.endpoints[0].path"),
        ((*E0, "path"), "/geo\\x", "manifest.endpoints[0].path"),
        ((*E0, "path"), "/geo#x", "manifest.endpoints[0].path"),
        ((*E0, "path"), "/{nope}", "manifest.endpoints[0].path"),
        ((*E0, "path"), "/{", "manifest.endpoints[0].path"),
        ((*E0, "body"), {"a": 1}, "manifest.endpoints[0].body"),
        ((*E0, "select"), "a.[", "manifest.endpoints[0].select"),
        ((*E0, "response_schema"), {"$ref": "https://evil.com/x.json"}, "manifest.endpoints[0].response_schema"),
        ((*E0, "headers"), {"Cookie": "a=b"}, "manifest.endpoints[0].headers.Cookie"),
        ((*E0, "headers"), {"Content-Length": "5"}, "manifest.endpoints[0].headers.Content-Length"),
        ((*E0, "headers"), {"X": "{nope}"}, "manifest.endpoints[0].headers"),
        ((*E0, "parameters"), [{"name": "q", "in": "path"}], "manifest.endpoints[0].parameters[0].name"),
        ((*E0, "parameters"), [{"name": "q", "in": "body"}], "manifest.endpoints[0].parameters[0].in"),
        ((*E0, "parameters"), [{"name": "q"}, {"name": "q"}], "manifest.endpoints[0].parameters[1].name"),
        ((*E0, "parameters"), [{"name": "q", "from_config": "nope"}], "manifest.endpoints[0].parameters[0].from_config"),
        ((*E0, "parameters"), [{"name": "q", "type": "integer", "default": "x"}], "manifest.endpoints[0].parameters[0].default"),
        ((*E0, "parameters"), [{"name": "Host", "in": "header"}], "manifest.endpoints[0].parameters[0].name"),
        (("endpoints", 2, "paginate"), {"type": "page"}, "manifest.endpoints[2].paginate.page_param"),
        (("endpoints", 2, "body"), {"a": "{nope}"}, "manifest.endpoints[2].body"),
        (("blocks", 0, "endpoint"), "now", "manifest.blocks[0].steps"),
        (("blocks", 0, "select"), "][", "manifest.blocks[0].select"),
        (("blocks", 0, "url_patterns"), ["("], "manifest.blocks[0].url_patterns[0]"),
        (("blocks", 0, "cache_ttl"), "10", "manifest.blocks[0].cache_ttl"),
        (("blocks", 0, "cach_ttl"), 10, "manifest.blocks[0].cach_ttl"),
        ((*STEP, "endpoint"), "nope", "manifest.blocks[0].steps[1].endpoint"),
        ((*STEP, "parameters"), {"lat": "{steps.it.lat}"}, "manifest.blocks[0].steps[1].parameters"),
        ((*STEP, "parameters"), {"lat": "{inputs.nope}"}, "manifest.blocks[0].steps[1].parameters"),
        ((*STEP, "parameters"), {"lat": 1, "nope": 1}, "manifest.blocks[0].steps[1].parameters.nope"),
        ((*STEP, "parameters"), {}, "manifest.blocks[0].steps[1].parameters"),
        (("blocks", 0, "config_schema", "place", "from_config"), "api_key", "manifest.blocks[0].config_schema.place.from_config"),
        (("blocks", 0, "steps"), [{"id": "w", "endpoint": "write"}] * 6, "manifest.blocks[0].steps"),
        (("endpoints",), {"id": "x"}, "manifest.endpoints"),
        (("endpoints",), [5], "manifest.endpoints[0]"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_by_field(path, value, field):
    assert field in errors_of(changed(path, value))


def test_everything_that_is_wrong_is_told_at_once():
    manifest = changed((*E0, "path"), "geo")
    manifest["endpoints"][1]["select"] = "]"
    manifest["blocks"][0]["select"] = "]"
    assert set(errors_of(manifest)) == {
        "manifest.endpoints[0].path",
        "manifest.endpoints[1].select",
        "manifest.blocks[0].select",
    }


def test_a_slip_of_the_pen_is_met_with_the_right_word():
    errors = errors_of(changed(("blocks", 0, "cach_ttl"), 10))
    assert errors["manifest.blocks[0].cach_ttl"] == ["Unknown member; did you mean `cache_ttl`?"]


def test_own_data_is_kept_where_it_has_a_place():
    manifest = changed(("integration", "x-own"), {"any": 1})
    manifest["blocks"][0] |= {"component": "card", "title": "Weather"}
    assert compile_plugin("example", "integration", manifest) is not None


@pytest.mark.parametrize(
    ("display", "field"),
    [
        ({"kind": "chart"}, "kind"),
        ({"kind": "table", "as": "table"}, "as"),
        ({"kind": "table", "fields": "a"}, "fields"),
        ({"kind": "gauge", "thresholds": {"main.temp": [{"level": "good"}, {"from": 1, "level": "awful"}]}}, "thresholds.main.temp[1].level"),
        ({"kind": "gauge", "units": {"t": 5}}, "units.t"),
        ({"kind": "figure", "history": {"keep": "2y"}}, "history.keep"),
        ({"kind": "figure", "history": {"keep": "2d", "fields": [""]}}, "history.fields[0]"),
    ],
)  # fmt: skip
def test_a_display_of_a_wrong_shape_is_refused_by_field_unless_it_was_stored_before(display, field):
    manifest = changed(("blocks", 0, "display"), display)

    assert list(errors_of(manifest)) == [f"manifest.blocks[0].display.{field}"]
    assert compile_plugin("example", "integration", manifest, is_stored=True) is not None


@pytest.mark.parametrize(
    "display",
    [
        None,
        "table",
        5,
        [],
        {},
        {"as": "chart", "fields": 5},
        {"thresholds": []},
        {"kind": "list", "own": [1]},
    ],
)
def test_a_display_from_before_there_was_a_kind_registers_as_before(display):
    manifest = changed(("blocks", 0, "id"), "weather")
    manifest["blocks"][0]["display"] = display

    assert compile_plugin("example", "integration", manifest) is not None


@pytest.mark.parametrize("word", ["displays", "displayed", "displai"])
def test_own_data_that_looks_like_a_recent_member_remains_own_data(word):
    assert compile_plugin("example", "integration", changed(("blocks", 0, word), {"any": 1})) is not None


@pytest.mark.parametrize("kind", ["integration", "view", "theme"])
@pytest.mark.parametrize(
    "icon", ["si:Git Hub", "si:", "lucide:cloud--sun", "lucide:../x", "si:a\n", "si:" + "x" * 62]
)
def test_a_damaged_icon_is_refused_unless_it_was_stored_before(icon, kind):
    manifest = {**(GOOD if kind == "integration" else {}), "icon": icon}

    assert list(errors_of(manifest, kind)) == ["manifest.icon"]
    compile_plugin("example", kind, manifest, is_stored=True)


@pytest.mark.parametrize(
    "icon", ["si:github", "lucide:cloud-sun", "🌡️", "github", "/static/own.svg", 5, None, {}]
)
def test_an_icon_or_whatever_the_frontend_calls_so_is_kept(icon):
    assert compile_plugin("example", "integration", {**GOOD, "icon": icon}) is not None


def test_what_is_fetched_ahead_only_reads():
    block = {"id": "b", "endpoint": "write", "pre_fetch": True}
    assert "manifest.blocks[0].pre_fetch" in errors_of({**GOOD, "blocks": [block]})


@pytest.mark.parametrize("kind", ["view", "theme"])
def test_views_and_themes_need_nothing_and_may_have_settings(kind):
    assert (
        compile_plugin(
            "v", kind, {"tokens": {"--bg": "#fff"}, "properties": [{"name": "dense", "type": "boolean"}]}
        )
        is None
    )
    assert "manifest.properties[0].required" in errors_of(
        {"properties": [{"name": "x", "required": "yes"}]}, kind
    )


def test_a_view_with_an_integration_section_can_be_called_too():
    integration = compile_plugin("v", "view", GOOD)
    assert integration is not None and integration.blocks


def test_a_block_with_several_endpoints_to_choose_from_says_so_when_rendered():
    block = integration_of([{"id": "a", "path": "/a"}, {"id": "b", "path": "/b"}], [{"id": "x"}]).blocks["x"]
    assert block.problem is not None and "several" in block.problem


def test_a_block_uses_the_only_endpoint_and_takes_its_parameters_for_inputs():
    endpoint = {
        "id": "a",
        "path": "/a/{id}",
        "parameters": [{"name": "id"}, {"name": "key", "from_config": "api_key"}],
    }
    block = integration_of([endpoint], [{"id": "x"}]).blocks["x"]
    assert block.steps[0].endpoint.id == "a"
    assert [item.name for item in block.inputs] == ["id"]


@pytest.mark.parametrize(
    ("endpoint", "field"),
    [
        ({"method": "POST", "parameters": [{"name": "u", "in": "url"}]}, "method"),
        ({"path": "/x", "parameters": [{"name": "u", "in": "url"}]}, "path"),
        ({"headers": {"A": "b"}, "parameters": [{"name": "u", "in": "url"}]}, "headers"),
        ({"parameters": [{"name": "u", "in": "url"}, {"name": "q"}]}, "parameters"),
        ({"parameters": [{"name": "u", "in": "url", "from_config": "server"}]}, "parameters[0].from_config"),
    ],
)
def test_nothing_is_added_to_a_whole_url(endpoint, field):
    with pytest.raises(Invalid) as caught:
        integration_of([{"id": "a", **endpoint}])
    assert f"manifest.endpoints[0].{field}" in (caught.value.errors or {})


def test_destinations_tell_where_each_secret_goes():
    integration = compile_plugin("example", "integration", GOOD)
    assert integration is not None
    assert integration.destinations({"server": "API.test"}) == {
        "api_key": [Destination("call", "header", "x-api-key", "https://api.test:443")]
    }
    assert integration.destinations({}) == {
        "api_key": [Destination("call", "header", "x-api-key", None, "https://{server}/v1")]
    }


@pytest.mark.parametrize(
    ("section", "endpoint", "placement"),
    [
        ({"auth": {"type": "api_key", "in": "query", "name": "k"}}, {}, ("query", "k")),
        ({"auth": {"type": "basic", "username": "x", "password": "{api_key}"}}, {}, ("basic", "password")),
        ({}, {"parameters": [{"name": "appid", "from_config": "api_key"}]}, ("query", "appid")),
        ({"headers": {"X-K": "k {api_key}"}}, {}, ("header", "x-k")),
        ({"base_url": "https://api.test/bot{api_key}"}, {}, ("path", "/bot")),
        ({}, {"path": "/{api_key}/x"}, ("path", "/v1/")),
        ({}, {"method": "POST", "body": {"k": "{api_key}"}}, ("body", "$['k']")),
    ],
)
def test_every_way_out_of_a_secret_is_a_destination(section, endpoint, placement):
    integration = integration_of([{"id": "a", "path": "/a", **endpoint}], **section)
    assert integration.destinations({})["api_key"] == [
        Destination("call", *placement, "https://api.test:443")
    ]


@pytest.mark.parametrize(
    ("step", "field"),
    [
        ({"path": "/login", "body_format": "form", "body": "user=x"}, "body"),
        ({"path": "/login", "body_format": "text", "body": {"user": "x"}}, "body"),
        ({"path": "/login?user=x"}, "path"),
        ({"path": "/../login"}, "path"),
        ({"path": "//evil.test/login"}, "path"),
        ({"path": "/login#x"}, "path"),
        ({"path": "login"}, "path"),
    ],
)
def test_a_login_that_could_not_go_out_is_refused_by_field(step, field):
    section = {"auth_method": "session_token", "login": {**step, "token_path": "token"}}
    with pytest.raises(Invalid) as caught:
        integration_of([{"id": "a", "path": "/a"}], **section)
    assert f"manifest.integration.login[0].{field}" in (caught.value.errors or {})


SETTINGS = [{"name": "text"}, {"name": "whole", "type": "integer"}, {"name": "secret", "secure": True}]


@pytest.mark.parametrize(
    ("parameter", "field"),
    [
        ({"type": "integer", "from_config": "text"}, "from_config"),
        ({"type": "string", "from_config": "whole"}, "from_config"),
        ({"type": "boolean", "from_config": "whole"}, "from_config"),
        ({"type": "integer", "enum": ["1", "2"]}, "enum"),
        ({"from_config": "whole", "enum": ["a"]}, "enum"),
        ({"pattern": "[0-9]+", "default": 5}, "default"),
    ],
)
def test_a_parameter_that_nothing_could_fill_is_refused(parameter, field):
    with pytest.raises(Invalid) as caught:
        integration_of([{"id": "it", "parameters": [{"name": "n", **parameter}]}], properties=SETTINGS)
    assert list(caught.value.errors or {}) == [f"manifest.endpoints[0].parameters[0].{field}"]


@pytest.mark.parametrize(
    "parameter",
    [
        {"type": "number", "from_config": "whole"},
        {"type": "integer", "from_config": "secret"},
        {"type": "integer", "enum": ["x", 1]},
        {"default": 5, "enum": [5, "x"]},
    ],
)
def test_a_parameter_that_something_could_fill_is_taken(parameter):
    assert integration_of([{"id": "it", "parameters": [{"name": "n", **parameter}]}], properties=SETTINGS)


@pytest.mark.parametrize(
    ("block", "field"),
    [
        ({"endpoint": "it", "config_schema": {"n": {"type": "string"}}}, "config_schema.n.type"),
        ({"endpoint": "it", "config_schema": {"n": {"type": "integer", "from_config": "text"}}}, "config_schema.n.from_config"),
        ({"steps": [{"id": "a", "endpoint": "it", "parameters": {"n": "5"}}]}, "steps[0].parameters.n"),
        ({"steps": [{"id": "a", "endpoint": "it", "parameters": {"n": "1{inputs.n}"}}]}, "steps[0].parameters.n"),
        ({"steps": [{"id": "a", "endpoint": "it", "parameters": {"n": "{inputs.n}"}}], "config_schema": {"n": {"type": "array"}}}, "steps[0].parameters.n"),
        ({"steps": [{"id": "a", "endpoint": "it", "parameters": {"n": 500}}]}, "steps[0].parameters.n"),
    ],
)  # fmt: skip
def test_a_block_whose_every_render_the_endpoint_would_refuse(block, field):
    endpoint = {"id": "it", "parameters": [{"name": "n", "type": "integer", "max": 100}]}
    with pytest.raises(Invalid) as caught:
        integration_of([endpoint], [{"id": "b", **block}], properties=SETTINGS)
    assert list(caught.value.errors or {}) == [f"manifest.blocks[0].{field}"]


def test_a_block_whose_inputs_may_fit_is_taken():
    endpoint = {"id": "it", "parameters": [{"name": "n", "type": "integer"}, {"name": "o", "type": "object"}]}
    steps = [
        {"id": "a", "endpoint": "it", "parameters": {"n": 5}, "outputs": {"n": "n"}},
        {"id": "b", "endpoint": "it", "parameters": {"n": "{steps.a.n}", "o": {"x": "{inputs.any}"}}},
    ]
    blocks = [
        {"id": "b", "steps": steps},
        {"id": "c", "endpoint": "it", "config_schema": {"n": {"type": "number"}, "free": {"type": "string"}}},
    ]
    assert list(integration_of([endpoint], blocks).blocks) == ["b", "c"]


@pytest.mark.parametrize(
    "endpoint",
    [
        {"path": "/a", "parameters": [{"name": "n", "required": True}]},
        {"path": "/a/{n}", "parameters": [{"name": "n"}]},
        {"path": "/a?n={n}", "parameters": [{"name": "n"}]},
        {"path": "/a", "parameters": [{"name": "n", "in": "header", "required": True}]},
        {"path": "/a", "headers": {"X-N": "<{n}>"}, "parameters": [{"name": "n"}]},
        {"path": "/a", "method": "POST", "parameters": [{"name": "n", "required": True}]},
        {"path": "/a", "method": "POST", "body": {"q": ["is {n}"]}, "parameters": [{"name": "n"}]},
        {
            "path": "/a",
            "method": "POST",
            "body": "{n}!",
            "body_format": "text",
            "parameters": [{"name": "n"}],
        },
        {"path": "", "parameters": [{"name": "n", "in": "url"}]},
    ],
)
def test_an_endpoint_that_a_test_could_never_call_is_refused_by_field(endpoint):
    with pytest.raises(Invalid) as caught:
        integration_of([{"id": "it", **endpoint}], test_endpoint="it")
    [(field, [message])] = (caught.value.errors or {}).items()
    assert (field, "`n`" in message, "`default`" in message) == (
        "manifest.integration.test_endpoint",
        True,
        True,
    )


@pytest.mark.parametrize(
    "parameter",
    [
        {"name": "n"},
        {"name": "n", "required": True, "default": 1},
        {"name": "n", "required": True, "from_config": "text"},
    ],
)
def test_an_endpoint_that_a_test_can_call_is_taken(parameter):
    endpoint = {"id": "it", "path": "/a", "parameters": [parameter]}
    assert integration_of([endpoint], properties=SETTINGS, test_endpoint="it").test_endpoint == "it"


@pytest.mark.parametrize(
    "words",
    [
        {"test": "it"},
        {"block": {"config_schema": {"url": {}}, "url_patterns": ["https://a.test/(?P<x>.+)"]}},
        {"block": {"config_schema": {"l": {"type": "array"}, "n": {}}, "url_patterns": ["https://a.test/(?P<l>.+)"]}},
        {"block": {"steps": [{"id": "a", "endpoint": "say"}]}},
    ],
)  # fmt: skip
def test_a_stored_manifest_that_is_refused_by_now_goes_on_working_as_far_as_it_did(words):
    manifest = {
        "integration": {"base_url": "https://api.test"},
        "endpoints": [
            {"id": "it", "path": "/a", "parameters": [{"name": "n", "required": True}]},
            {"id": "say", "path": "/b", "method": "POST", "safe": True, "body": {"q": "is {n}"}, "parameters": [{"name": "n"}]},
        ],
        "blocks": [{"id": "b", "endpoint": "it"}],
    }  # fmt: skip
    if "test" in words:
        manifest["integration"]["test_endpoint"] = words["test"]
    else:
        block = words["block"]
        manifest["blocks"] = [{"id": "b", **({} if "steps" in block else {"endpoint": "it"}), **block}]
    assert errors_of(manifest)
    stored = compile_plugin("example", "integration", manifest, is_stored=True)
    assert stored is not None and stored.blocks["b"].problem is None
