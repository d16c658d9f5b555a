"""Explain: a render is described in full, with nothing sent."""

import json
from dataclasses import replace

import pytest
import time_machine
from pytest_httpserver import HTTPServer

from tests.conftest import Client
from tests.security.locks import in_header

WEATHER = {
    "properties": [
        {"name": "api_key", "secure": True, "required": True},
        {"name": "units", "default": "metric", "enum": ["metric", "imperial"]},
        {"name": "home"},
        {"name": "version", "const": "2.5"},
    ],
    "endpoints": [
        {"id": "geocode", "path": "/geo", "parameters": [
            {"name": "q", "required": True}, {"name": "limit", "type": "integer", "default": 1}]},
        {"id": "current", "path": "/{version}/now", "parameters": [
            {"name": "lat", "type": "number", "required": True},
            {"name": "units", "from_config": "units"},
            {"name": "mode"},
            {"name": "version", "from_config": "version"}]},
        {"id": "send", "path": "/send", "method": "POST", "body": {"text": "{text}", "by": "{home}"},
         "parameters": [{"name": "text", "required": True}]},
        {"id": "list", "path": "/list", "paginate": {
            "type": "page", "page_param": "page", "limit_param": "per_page", "limit": 50, "max_pages": 3}},
        {"id": "read", "parameters": [{"name": "url", "in": "url", "required": True}], "response_type": "text"},
    ],
    "blocks": [
        {
            "id": "weather", "cache_ttl": 60, "stale_while_revalidate": 60, "stale_if_error": 600,
            "config_schema": {"place": {"type": "string", "required": True, "from_config": "home"}},
            "steps": [
                {"id": "geo", "endpoint": "geocode", "parameters": {"q": "{inputs.place}"}, "outputs": {"lat": "[0].lat"}},
                {"id": "now", "endpoint": "current", "parameters": {"lat": "{steps.geo.lat}", "mode": "short"}},
            ],
        },
        {"id": "send", "endpoint": "send", "action": {"label": "Send"}},
        {"id": "vague"},
        {"id": "by-url", "endpoint": "current",
         "url_patterns": ["https://weather\\.test/(?P<lat>[0-9.]+)"]},
    ],
}  # fmt: skip


@pytest.fixture
def weather(client, upstream: HTTPServer):
    """A weather integration over the upstream, which must hear of no explanation."""

    class Weather:
        url = upstream.url_for("/").rstrip("/")

        def __init__(self):
            upstream.expect_request("/geo").respond_with_json([{"lat": 59.9}])
            upstream.expect_request("/2.5/now").respond_with_json({"temp": 3})
            self.register()
            self.configure(api_key="KEY-0123456789")

        def register(self, **section):
            manifest = {**WEATHER, "integration": {"base_url": self.url, "auth_method": "api_key", **section}}
            declaration = {"id": "weather", "name": "W", "version": "1.0.0", "type": "integration"}
            answer = client.post("/plugins/register", {**declaration, "manifest": manifest})
            assert answer.status_code in (200, 201), answer.json

        def configure(self, scope="", **config):
            answer = client.put(f"/integrations/weather/config{scope}", {"config": config})
            assert answer.status_code == 200, answer.json

        def render(self, **parameters):
            body = {"block_type": "weather", "parameters": parameters}
            assert client.post("/integrations/weather/render", body).status_code == 200

        def explain(self, block="weather", scope="", **parameters):
            heard = len(upstream.log)
            body = {"block_type": block, "parameters": parameters}
            answer = client.post(f"/integrations/weather/explain{scope}", body)
            assert answer.status_code == 200, answer.json
            assert len(upstream.log) == heard
            return answer.json

        def explain_endpoint(self, endpoint, **parameters):
            heard = len(upstream.log)
            body = {"endpoint_id": endpoint, "parameters": parameters}
            answer = client.post("/integrations/weather/explain", body)
            assert answer.status_code == 200, answer.json
            assert len(upstream.log) == heard
            return answer.json

    return Weather()


def values_of(request):
    return {
        item["name"]: (
            item["value"],
            item["places"],
            [(source["kind"], source["name"]) for source in item["sources"]],
        )
        for item in request["values"]
    }


def test_the_requests_are_shown_as_they_would_be_sent(weather):
    geo, now = (step["request"] for step in weather.explain(place="Oslo & Bergen")["steps"])
    assert (geo["method"], geo["url"]) == ("GET", f"{weather.url}/geo?q=Oslo%20%26%20Bergen&limit=1")
    assert {"name": "X-API-Key", "value": "••••"} in geo["headers"]
    assert (geo["body"], geo["egress"]["allowed"]) == (None, True)
    assert now["url"] == f"{weather.url}/2.5/now?lat={{steps.geo.lat}}&units=metric&mode=short"


def test_each_value_says_where_it_comes_from(weather):
    geo, now = (step["request"] for step in weather.explain(place="Oslo")["steps"])
    assert values_of(geo) == {
        "q": ("Oslo", ["query:q"], [("input", "place")]),
        "limit": (1, ["query:limit"], [("default", "limit")]),
        "api_key": ("••••", ["header:X-API-Key"], [("secret", "api_key")]),
    }
    assert values_of(now) == {
        "version": ("2.5", ["path"], [("const", "version")]),
        "lat": ("{steps.geo.lat}", ["query:lat"], [("step", "steps.geo.lat")]),
        "units": ("metric", ["query:units"], [("default", "units")]),
        "mode": ("short", ["query:mode"], [("manifest", "mode")]),
        "api_key": ("••••", ["header:X-API-Key"], [("secret", "api_key")]),
    }


def test_a_setting_is_told_by_the_layer_that_gives_it(weather, client):
    [notebook] = client.get("/workspaces/1/notebooks").json
    scope = f"?notebook_id={notebook['id']}"

    def units(scope=""):
        request = weather.explain(scope=scope, place="Oslo")["steps"][1]["request"]
        return values_of(request)["units"][0], values_of(request)["units"][2][0][0]

    assert units() == ("metric", "default")
    weather.configure(units="imperial")
    assert units() == units(scope) == ("imperial", "workspace")
    weather.configure(scope, units="metric")
    assert (units(), units(scope)) == (("imperial", "workspace"), ("metric", "notebook"))


def test_inputs_say_where_they_come_from(weather):
    assert weather.explain(place="Oslo")["inputs"] == [
        {"name": "place", "value": "Oslo", "source": {"kind": "input", "name": "place"}}
    ]
    weather.configure(home="Bergen")
    assert weather.explain()["inputs"] == [
        {"name": "place", "value": "Bergen", "source": {"kind": "workspace", "name": "home"}}
    ]
    assert values_of(weather.explain()["steps"][0]["request"])["q"][2] == [("workspace", "home")]
    by_url = weather.explain("by-url", url="https://weather.test/59.9")
    assert {item["name"]: item["value"] for item in by_url["inputs"]}["lat"] == 59.9
    assert values_of(by_url["steps"][0]["request"])["lat"][2] == [("input", "lat")]


def test_the_artifact_is_told_with_its_age_and_state(weather, client):
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        artifact = weather.explain(place="Oslo")["artifact"]
        assert (artifact["state"], artifact["cache"], artifact["fetched_at"]) == ("absent", "MISS", None)
        weather.render(place="Oslo")
        clock.shift(10)
        artifact = weather.explain(place="Oslo")["artifact"]
        assert (artifact["state"], artifact["cache"], artifact["age_seconds"]) == ("fresh", "HIT", 10)
        assert artifact["expires_at"] == "2027-01-15T08:01:00.000Z"
        listed = client.get("/plugins/weather/artifacts?block_type=weather").json
        assert [item["parameters_hash"] for item in listed] == [artifact["key"]]
        clock.shift(60)
        artifact = weather.explain(place="Oslo")["artifact"]
        assert (artifact["state"], artifact["cache"]) == ("stale", "STALE")
        clock.shift(60)
        artifact = weather.explain(place="Oslo")["artifact"]
        assert (artifact["state"], artifact["cache"]) == ("stale", "MISS")
        clock.shift(1000)
        assert weather.explain(place="Oslo")["artifact"]["state"] == "absent"


def test_asking_refreshes_nothing(weather, app):
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        weather.render(place="Oslo")
        clock.shift(70)
        assert weather.explain(place="Oslo")["artifact"]["cache"] == "STALE"
        app.extensions["patchbay"].rendering.renderer.wait_for_refreshes()
        assert weather.explain(place="Oslo")["artifact"]["age_seconds"] == 70
        clock.shift(0.1234)
        assert weather.explain(place="Oslo")["artifact"]["age_seconds"] == 70.1


def test_a_step_has_an_artifact_of_its_own_while_its_key_is_known(weather, client):
    weather.render(place="Oslo")
    geo, now = weather.explain(place="Oslo")["steps"]
    listed = client.get("/plugins/weather/artifacts").json
    keys = {item["endpoint_id"]: item["parameters_hash"] for item in listed}
    assert (geo["artifact"]["key"], geo["artifact"]["state"]) == (keys["geocode"], "fresh")
    assert now["artifact"] is None


def test_what_writes_has_no_artifact(weather):
    weather.configure(home="Bergen")
    told = weather.explain("send", text="hi")
    assert (told["artifact"], told["steps"][0]["artifact"]) == (None, None)
    request = told["steps"][0]["request"]
    assert (request["method"], json.loads(request["body"])) == ("POST", {"text": "hi", "by": "Bergen"})
    assert values_of(request)["home"] == ("Bergen", ["body"], [("workspace", "home")])


def test_what_stands_in_the_way_is_listed_and_the_request_shown_all_the_same(weather, client):
    weather.configure(api_key=None)
    client.put("/integrations/weather/enable", {"enabled": False})
    told = weather.explain()
    assert [problem["code"] for problem in told["problems"]] == [
        "plugin_disabled",
        "settings_incomplete",
        "invalid",
    ]
    assert list(told["problems"][2]["errors"]) == ["parameters.place"]
    assert told["artifact"] is None
    geo = told["steps"][0]["request"]
    assert geo["url"] == f"{weather.url}/geo?q={{inputs.place}}&limit=1"
    assert {"name": "X-API-Key", "value": "{api_key}"} in geo["headers"]
    assert values_of(geo)["q"][2] == [("missing", "home")]
    assert values_of(geo)["api_key"][2] == [("missing", "api_key")]


@pytest.mark.parametrize(
    ("block", "parameters", "field"),
    [
        ("weather", {"place": 5}, "parameters.place"),
        ("weather", {"place": "Oslo", "colour": "red"}, "parameters.colour"),
        ("by-url", {"url": "https://elsewhere.test/1"}, "parameters.url"),
        ("by-url", {"lat": "north"}, "parameters.lat"),
        ("send", {"text": "hi"}, "config.home"),
        ("vague", {}, "block_type"),
    ],
)
def test_what_a_render_would_refuse_is_a_problem_here(weather, client, block, parameters, field):
    told = weather.explain(block, **parameters)
    assert [list(problem["errors"]) for problem in told["problems"]] == [[field]]
    if block == "send":
        path, body = "/integrations/weather/actions/send", {"parameters": parameters}
    else:
        path, body = "/integrations/weather/render", {"block_type": block, "parameters": parameters}
    refused = client.post(path, body, headers={"Idempotency-Key": "k"})
    assert refused.json["code"] == told["problems"][0]["code"]
    assert all(step["request"]["url"].startswith(weather.url) for step in told["steps"])


def test_a_due_review_is_told_with_both_destinations(weather):
    weather.register(base_url="https://elsewhere.test")
    told = weather.explain(place="Oslo")
    assert [problem["code"] for problem in told["problems"]] == ["review_due"]
    [secret] = told["destinations"]
    assert (secret["name"], secret["status"]) == ("api_key", "locked")
    assert secret["destinations"] == [in_header("https://elsewhere.test:443", "x-api-key")]
    assert secret["bound_to"] == [in_header(weather.url, "x-api-key")]


def test_destinations_are_those_of_the_secrets_that_the_call_binds(weather):
    [secret] = weather.explain(place="Oslo")["destinations"]
    assert (secret["status"], secret["destinations"]) == ("ok", [in_header(weather.url, "x-api-key")])
    assert weather.explain_endpoint("read", url="https://news.test/")["destinations"] == []


@pytest.mark.parametrize(
    ("base_url", "allowed", "words"),
    [
        ("http://127.0.0.1:9", True, "PATCHBAY_EGRESS_ALLOW"),
        ("http://10.1.2.3", False, "PATCHBAY_EGRESS_ALLOW=10.1.2.3:80"),
        ("http://169.254.169.254", False, "never called"),
        ("https://api.test", True, "public"),
        ("https://{home}.api.test", None, "not known"),
    ],
)
def test_each_request_says_whether_it_would_be_let_out(weather, base_url, allowed, words):
    weather.register(base_url=base_url)
    egress = weather.explain(place="Oslo")["steps"][0]["request"]["egress"]
    assert egress["allowed"] is allowed
    assert words in egress["reason"]


def test_a_base_url_that_is_not_set_is_shown_as_it_stands(weather):
    weather.register(base_url="{home}/v1")
    told = weather.explain(place="Oslo")
    assert told["steps"][0]["request"]["url"] == "{home}/v1/geo?q=Oslo&limit=1"
    assert told["steps"][0]["request"]["egress"]["allowed"] is None
    assert [list(problem["errors"]) for problem in told["problems"]] == [["config.home"]]


class TestEndpoint:
    def test_an_endpoint_is_explained_by_itself(self, weather):
        told = weather.explain_endpoint("current", lat=59.9)
        assert (told["endpoint_id"], told["block_type"], told["inputs"]) == ("current", None, [])
        [step] = told["steps"]
        assert step["request"]["url"] == f"{weather.url}/2.5/now?lat=59.9&units=metric"
        assert values_of(step["request"])["lat"] == (59.9, ["query:lat"], [("input", "lat")])
        assert told["artifact"]["state"] == "absent"

    def test_the_first_page_is_what_would_be_sent(self, weather):
        [step] = weather.explain_endpoint("list")["steps"]
        assert step["request"]["url"] == f"{weather.url}/list?per_page=50&page=1"

    def test_wrong_parameters_are_problems(self, weather):
        told = weather.explain_endpoint("current", lat="north", colour="red")
        assert {path for problem in told["problems"] for path in problem["errors"]} == {
            "parameters.lat",
            "parameters.colour",
        }
        assert told["steps"][0]["request"]["url"] == f"{weather.url}/2.5/now?lat={{lat}}&units=metric"
        assert told["artifact"] is None

    def test_a_whole_url_is_judged_as_an_input_is(self, weather):
        [step] = weather.explain_endpoint("read", url="http://10.0.0.1/x?y=1#z")["steps"]
        request = step["request"]
        assert (request["url"], request["egress"]["allowed"]) == ("http://10.0.0.1/x?y=1", False)
        assert "from an input" in request["egress"]["reason"]
        assert values_of(request) == {"url": ("http://10.0.0.1/x?y=1#z", ["url"], [("input", "url")])}

    def test_a_value_that_cannot_stand_in_its_place_is_told(self, weather):
        told = weather.explain_endpoint("current", lat=1, version="..")
        assert [list(problem["errors"]) for problem in told["problems"]] == [["parameters.version"]]
        assert "/{version}/now" in told["steps"][0]["request"]["url"]


def test_what_is_left_of_the_budget_is_told(weather):
    assert weather.explain(place="Oslo")["budget"] == []
    weather.register(rate_limit={"requests_per_hour": 5})
    weather.render(place="Oslo")
    [window] = weather.explain(place="Oslo")["budget"]
    assert (window["window"], window["limit"], window["left"]) == ("hour", 5, 3)
    assert weather.explain_endpoint("current", lat=1)["budget"][0]["left"] == 3


def test_an_origin_that_is_left_alone_is_told(weather, client, upstream):
    assert weather.explain("send", text="hi")["rests"] == []
    upstream.expect_request("/list").respond_with_data("", 429, {"Retry-After": "20"})
    with time_machine.travel(1_800_000_000, tick=False):
        client.post("/integrations/weather/execute", {"endpoint_id": "list"})
        [rest] = weather.explain("send", text="hi")["rests"]
    assert rest == {"origin": weather.url, "reason": "cooldown", "until": "2027-01-15T08:00:20.000Z"}


def test_the_next_refresh_is_that_of_these_inputs(weather, client, settings, make_app):
    assert weather.explain(place="Oslo")["next_refresh_at"] is None
    ahead = Client(make_app(replace(settings, prefetch=True)))

    def next_refresh(place: str) -> str | None:
        body = {"block_type": "weather", "parameters": {"place": place}}
        return ahead.post("/integrations/weather/explain", body).json["next_refresh_at"]

    pin = {"integration_id": "weather", "block_type": "weather", "parameters": {"place": "Oslo"}}
    job = ahead.post("/prefetch", pin).json
    assert next_refresh("Oslo") == job["next_run_at"] is not None
    assert next_refresh("Bergen") is None
    # Switched off, nothing is fetched ahead, whatever is pinned.
    assert weather.explain(place="Oslo")["next_refresh_at"] is None
    ahead.patch(f"/prefetch/{job['id']}", {"paused": True})
    assert next_refresh("Oslo") is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"parameters": {}}, 422),
        ({"block_type": "weather", "endpoint_id": "current"}, 422),
        ({"block_type": "nope"}, 404),
        ({"endpoint_id": "nope"}, 404),
        ({"block_type": "weather", "colour": 1}, 422),
    ],
)
def test_one_known_thing_is_explained_at_a_time(weather, client, body, status):
    assert client.post("/integrations/weather/explain", body).status_code == status


def test_what_is_not_there_is_named(weather, client):
    assert client.post("/integrations/absent/explain", {"block_type": "x"}).status_code == 404
    unknown = client.post("/integrations/weather/explain?workspace_id=99", {"block_type": "weather"})
    assert (unknown.status_code, "99" in unknown.json["detail"]) == (404, True)
