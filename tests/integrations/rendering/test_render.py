"""Renders: what is fetched, what is stored, and what a frontend receives."""

import base64
import json

import pytest
import time_machine
from pytest_httpserver import HTTPServer
from werkzeug import Response

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def weather(client, upstream: HTTPServer):
    """A weather integration over the upstream, with a key, and a way to ask for its block."""

    class Weather:
        def __init__(self):
            self.manifest = {
                "integration": {"base_url": upstream.url_for("/").rstrip("/"), "auth_method": "api_key"},
                "properties": [
                    {"name": "api_key", "secure": True, "required": True},
                    {"name": "units", "default": "metric", "enum": ["metric", "imperial"]},
                    {"name": "home"},
                ],
                "endpoints": [
                    {"id": "geocode", "path": "/geo", "parameters": [{"name": "q", "required": True}]},
                    {
                        "id": "current",
                        "path": "/now",
                        "parameters": [
                            {"name": "lat", "type": "number", "required": True},
                            {"name": "units", "from_config": "units"},
                        ],
                    },
                    {"id": "icon", "path": "/icon", "response_type": "image"},
                    {"id": "motd", "path": "/motd", "response_type": "text"},
                    {"id": "send", "path": "/send", "method": "POST", "parameters": [{"name": "text"}]},
                ],
                "blocks": [
                    {
                        "id": "weather",
                        "config_schema": {"place": {"type": "string", "required": True, "from_config": "home"}},
                        "steps": [
                            {"id": "geo", "endpoint": "geocode", "parameters": {"q": "{inputs.place}"}, "outputs": {"lat": "[0].lat"}},
                            {"id": "now", "endpoint": "current", "parameters": {"lat": "{steps.geo.lat}"}},
                        ],
                        "select": "{temp: main.temp}",
                        "cache_ttl": 60,
                        "stale_while_revalidate": 30,
                        "stale_if_error": 600,
                    },
                    {"id": "now", "endpoint": "current"},
                    {"id": "icon", "endpoint": "icon"},
                    {"id": "motd", "endpoint": "motd"},
                    {"id": "send", "endpoint": "send", "action": {"label": "Send"}},
                    {"id": "vague"},
                    {"id": "both", "steps": [
                        {"id": "a", "endpoint": "geocode", "parameters": {"q": "x"}},
                        {"id": "b", "endpoint": "motd"},
                    ], "collect": True},
                ],
            }  # fmt: skip
            upstream.expect_request("/geo").respond_with_json([{"lat": 59.9}])
            upstream.expect_request("/now").respond_with_json({"main": {"temp": 3}})
            upstream.expect_request("/icon").respond_with_data(PNG, content_type="image/png")
            upstream.expect_request("/motd").respond_with_data(
                "grüß".encode("latin-1"), content_type="text/plain; charset=latin-1"
            )
            upstream.expect_request("/send").respond_with_json({"ok": True})
            self.register()
            self.configure(api_key="KEY-0123456789")

        def register(self):
            declaration = {"id": "weather", "name": "Weather", "version": "1.0.0", "type": "integration"}
            answer = client.post("/plugins/register", {**declaration, "manifest": self.manifest})
            assert answer.status_code in (200, 201), answer.json

        def configure(self, **config):
            answer = client.put("/integrations/weather/config", {"config": config})
            assert answer.status_code == 200, answer.json

        def ask(self, block="weather", parameters=None, status=200, **more):
            body = {
                "block_type": block,
                "parameters": {"place": "Oslo"} if parameters is None else parameters,
                **more,
            }
            answer = client.post("/integrations/weather/render", body)
            assert status in (None, answer.status_code), answer.json
            return answer

        def calls(self, path=None):
            return [request for request, _ in upstream.log if path in (None, request.path)]

    return Weather()


def test_two_steps_are_one_request_of_the_frontend(weather):
    answer = weather.ask()
    assert answer.json["data"] == {"temp": 3}
    assert {name: answer.json[name] for name in ("success", "cached", "stale", "error", "content_type")} == {
        "success": True, "cached": False, "stale": False, "error": None, "content_type": "application/json",
    }  # fmt: skip
    assert answer.headers["X-Cache"] == "MISS"
    assert answer.json["fetched_at"].endswith("Z") and answer.json["expires_at"] > answer.json["fetched_at"]
    assert [(call.path, dict(call.args)) for call in weather.calls()] == [
        ("/geo", {"q": "Oslo"}),
        ("/now", {"lat": "59.9", "units": "metric"}),
    ]
    assert {call.headers["X-Api-Key"] for call in weather.calls()} == {"KEY-0123456789"}


def test_every_way_to_render_tells_the_hash_under_which_the_answer_is_listed(weather, client):
    told = {weather.ask().json["parameters_hash"], weather.ask().json["parameters_hash"]}
    told.add(weather.ask(use_cache=False).json["parameters_hash"])
    block = {
        "key": "k",
        "integration_id": "weather",
        "block_type": "weather",
        "parameters": {"place": "Oslo"},
    }
    told.add(json.loads(client.post("/render-batch", {"blocks": [block]}).data)["parameters_hash"])
    (listed,) = client.get("/plugins/weather/artifacts?block_type=weather").json
    assert told == {listed["parameters_hash"]}
    assert weather.ask(parameters={"place": "Rome"}).json["parameters_hash"] not in told


def test_a_purge_of_a_block_takes_its_steps_along_and_no_other_block(weather, client):
    weather.ask()
    weather.ask("motd", {})
    assert client.delete("/plugins/weather/artifacts?block_type=weather").json == {"purged": 2}
    assert weather.ask("motd", {}).headers["X-Cache"] == "HIT"
    assert weather.ask().headers["X-Cache"] == "MISS"
    assert len(weather.calls("/geo")) == len(weather.calls("/now")) == 2


def test_the_second_ask_is_answered_from_the_artifact(weather):
    first, second = weather.ask(), weather.ask()
    assert (second.headers["X-Cache"], second.json["cached"]) == ("HIT", True)
    assert second.json["data"] == first.json["data"]
    assert second.json["fetched_at"] == first.json["fetched_at"]
    assert second.headers["ETag"] == first.headers["ETag"]
    assert len(weather.calls()) == 2


def test_use_cache_false_fetches_now_and_keeps_the_result(weather):
    weather.ask()
    again = weather.ask(use_cache=False)
    assert (again.headers["X-Cache"], again.json["cached"]) == ("BYPASS", False)
    assert len(weather.calls()) == 4
    assert weather.ask().json["fetched_at"] == again.json["fetched_at"]


def test_other_inputs_are_another_artifact(weather):
    weather.ask()
    assert weather.ask(parameters={"place": "Bergen"}).headers["X-Cache"] == "MISS"


def test_changed_units_are_not_served_from_the_old_artifact(weather):
    weather.ask()
    weather.configure(units="imperial")
    assert weather.ask().headers["X-Cache"] == "MISS"
    assert weather.calls("/now")[-1].args["units"] == "imperial"
    weather.configure(units="metric")
    assert weather.ask().headers["X-Cache"] == "HIT"


def test_another_key_is_not_served_what_the_first_one_fetched(weather, upstream):
    weather.ask()
    weather.configure(api_key="OTHER-9876543210")
    assert weather.ask().headers["X-Cache"] == "MISS"
    weather.configure(api_key="KEY-0123456789")
    assert weather.ask().headers["X-Cache"] == "MISS"


def test_a_setting_that_the_block_does_not_use_leaves_its_artifact_fresh(weather):
    weather.ask()
    weather.configure(home="Oslo")
    assert weather.ask().headers["X-Cache"] == "HIT"
    assert weather.ask(parameters={}).headers["X-Cache"] == "HIT"


def test_a_changed_manifest_is_fetched_anew(weather):
    weather.ask()
    weather.manifest["blocks"][0]["select"] = "{t: main.temp}"
    weather.register()
    answer = weather.ask()
    assert (answer.headers["X-Cache"], answer.json["data"]) == ("MISS", {"t": 3})


def test_blocks_that_share_a_step_share_its_artifact(weather):
    weather.manifest["blocks"].append({**weather.manifest["blocks"][0], "id": "again", "select": "main"})
    weather.register()
    weather.ask()
    weather.ask(block="again")
    assert (len(weather.calls("/geo")), len(weather.calls("/now"))) == (1, 2)


def test_an_artifact_expires(weather):
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        weather.ask()
        clock.shift(59)
        assert weather.ask().headers["X-Cache"] == "HIT"
        assert weather.ask().headers["Age"] == "59"
        clock.shift(700)
        assert weather.ask().headers["X-Cache"] == "MISS"


def test_a_stale_answer_comes_at_once_and_is_refreshed_behind(weather, app):
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        weather.ask()
        clock.shift(70)
        stale = weather.ask()
        assert (stale.headers["X-Cache"], stale.json["stale"], stale.json["cached"]) == ("STALE", True, True)
        app.extensions["patchbay"].rendering.renderer.wait_for_refreshes()
        fresh = weather.ask()
        assert (fresh.headers["X-Cache"], fresh.headers["Age"]) == ("HIT", "0")


def test_the_last_good_answer_is_kept_while_the_provider_is_down(weather, upstream):
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        weather.ask()
        upstream.clear()
        upstream.expect_request("/geo").respond_with_data(
            "<pre>a trace</pre>", status=503, content_type="text/html"
        )
        clock.shift(300)
        stale = weather.ask()
        assert (stale.status_code, stale.json["success"], stale.json["stale"]) == (200, True, True)
        assert stale.json["data"] == {"temp": 3}
        assert (stale.json["error"]["code"], stale.json["error"]["upstream_status"]) == (
            "upstream_failed",
            503,
        )
        assert "a trace" not in stale.text
        clock.shift(600)
        weather.ask(status=502)


def test_failures_are_not_kept(weather, upstream):
    upstream.clear()
    upstream.expect_ordered_request("/motd").respond_with_data("no", status=404)
    upstream.expect_ordered_request("/motd").respond_with_data("yes", content_type="text/plain")
    failed = weather.ask("motd", {}, status=502)
    assert (failed.json["code"], failed.json["upstream_status"], failed.json["success"]) == (
        "upstream_failed",
        404,
        False,
    )
    assert failed.content_type == "application/problem+json"
    assert weather.ask("motd", {}).json["data"] == "yes"


def test_text_comes_as_a_string_and_images_as_base64(weather):
    text = weather.ask("motd", {}).json
    assert (text["data"], text["content_type"].partition(";")[0]) == ("grüß", "text/plain")
    image = weather.ask("icon", {}).json
    assert (base64.b64decode(image["data"]), image["content_type"]) == (PNG, "image/png")
    assert weather.ask("icon", {}).headers["X-Cache"] == "HIT"


def test_what_writes_is_never_answered_from_the_cache(weather, client):
    for _ in range(2):
        body = {"endpoint_id": "send", "parameters": {"text": "hi"}, "use_cache": True}
        answer = client.post("/integrations/weather/execute", body)
        assert (answer.headers["X-Cache"], answer.json["expires_at"]) == ("BYPASS", None)
    assert [json.loads(call.data) for call in weather.calls("/send")] == [{"text": "hi"}] * 2


def test_collected_steps_come_by_their_ids(weather):
    assert weather.ask("both", {}).json["data"] == {"a": [{"lat": 59.9}], "b": "grüß"}


def test_a_step_that_finds_nothing_says_which(weather, upstream):
    upstream.clear()
    upstream.expect_request("/geo").respond_with_json([])
    failed = weather.ask(parameters={"place": "Nowhere"}, status=502)
    assert (failed.json["code"], failed.json["step"], failed.json["output"]) == (
        "upstream_invalid",
        "geo",
        "lat",
    )


@pytest.mark.parametrize(
    ("block", "parameters", "status", "field"),
    [
        ("weather", {}, 422, "parameters.place"),
        ("weather", {"place": 5}, 422, "parameters.place"),
        ("weather", {"place": "Oslo", "colour": 1}, 422, "parameters.colour"),
        ("vague", {}, 422, "block_type"),
    ],
)
def test_bad_inputs_are_told_by_field(weather, block, parameters, status, field):
    assert field in weather.ask(block, parameters, status=status).json["errors"]
    assert weather.calls() == []


def test_what_is_not_there_is_named(weather, client):
    assert "`nope`" in weather.ask("nope", {}, status=404).json["detail"]
    answer = client.post("/integrations/absent/render", {"block_type": "x"})
    assert (answer.status_code, "absent" in answer.json["detail"]) == (404, True)
    answer = client.post("/integrations/weather/render?workspace_id=99", {"block_type": "weather"})
    assert (answer.status_code, "99" in answer.json["detail"]) == (404, True)


def test_a_missing_setting_is_named(weather):
    weather.configure(api_key=None)
    answer = weather.ask(status=409)
    assert (answer.json["code"], list(answer.json["errors"])) == ("settings_incomplete", ["config.api_key"])
    assert weather.calls() == []


def lose_the_key(weather, _client):
    weather.configure(api_key=None)


def switch_off(_weather, client):
    client.put("/integrations/weather/enable", {"enabled": False})


def move_the_key(weather, _client):
    weather.manifest["integration"]["base_url"] = "https://elsewhere.test"
    weather.register()


ASKING_FOR_WHAT_IS_NOT_THERE = [
    ("/integrations/weather/render", {"block_type": "nope"}),
    ("/integrations/weather/execute", {"endpoint_id": "nope"}),
    ("/integrations/weather/explain", {"block_type": "nope"}),
    ("/integrations/weather/explain", {"endpoint_id": "nope"}),
    ("/prefetch", {"integration_id": "weather", "block_type": "nope"}),
]


@pytest.mark.parametrize("obstruct", [lose_the_key, switch_off, move_the_key])
def test_what_is_not_there_is_named_before_what_stands_in_the_way(weather, client, obstruct):
    obstruct(weather, client)
    answers = [client.post(path, body) for path, body in ASKING_FOR_WHAT_IS_NOT_THERE]
    answers.append(client.get("/integrations/weather/render?block_type=nope"))
    assert [answer.status_code for answer in answers] == [404] * 6
    assert all("`nope`" in answer.json["detail"] for answer in answers)
    batch = {"blocks": [{"key": "a", "integration_id": "weather", "block_type": "nope"}]}
    assert json.loads(client.post("/render-batch", batch).text)["status"] == 404
    # What is there is told what stands in its way, also where it could not be rendered anyhow.
    assert {weather.ask(block, {}, status=None).status_code for block in ("now", "vague")} <= {403, 409}
    assert weather.calls() == []


def test_a_disabled_integration_answers_nothing(weather, client):
    weather.ask()
    client.put("/integrations/weather/enable", {"enabled": False})
    assert weather.ask(status=403).json["code"] == "plugin_disabled"
    client.put("/integrations/weather/enable", {"enabled": True})
    assert weather.ask().headers["X-Cache"] == "HIT"


def test_workspaces_do_not_share_artifacts(weather, client):
    weather.ask()
    other = client.post("/workspaces", {"name": "Other"}).json["id"]
    client.put(f"/integrations/weather/config?workspace_id={other}", {"config": {"api_key": "OTHER-KEY-123"}})
    body = {"block_type": "weather", "parameters": {"place": "Oslo"}}
    answer = client.post(f"/integrations/weather/render?workspace_id={other}", body)
    assert answer.headers["X-Cache"] == "MISS"
    assert weather.calls("/geo")[-1].headers["X-Api-Key"] == "OTHER-KEY-123"


def test_a_notebook_s_override_is_what_its_render_uses(weather, client):
    [notebook] = client.get("/workspaces/1/notebooks").json
    client.put(
        f"/integrations/weather/config?notebook_id={notebook['id']}", {"config": {"units": "imperial"}}
    )
    weather.ask()
    client.post(
        f"/integrations/weather/render?notebook_id={notebook['id']}",
        {"block_type": "weather", "parameters": {"place": "Oslo"}},
    )
    assert [call.args["units"] for call in weather.calls("/now")] == ["metric", "imperial"]


class TestGet:
    def url(self, **parameters):
        return "/integrations/weather/render?block_type=weather&parameters=" + json.dumps(parameters)

    def test_it_is_the_same_answer(self, weather, client):
        weather.ask()
        answer = client.get(self.url(place="Oslo"))
        assert (answer.json["data"], answer.headers["X-Cache"]) == ({"temp": 3}, "HIT")

    def test_what_the_browser_has_is_not_sent_again(self, weather, client):
        tag = client.get(self.url(place="Oslo")).headers["ETag"]
        again = client.get(self.url(place="Oslo"), headers={"If-None-Match": tag})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)

    def test_a_refreshed_answer_is_sent(self, weather, client):
        tag = client.get(self.url(place="Oslo")).headers["ETag"]
        weather.ask(use_cache=False)
        assert client.get(self.url(place="Oslo"), headers={"If-None-Match": tag}).status_code == 200

    @pytest.mark.parametrize("parameters", ["[", "[]", "5", '{"a": NaN}'])
    def test_parameters_that_are_no_object_are_refused(self, weather, client, parameters):
        answer = client.get(f"/integrations/weather/render?block_type=weather&parameters={parameters}")
        assert answer.status_code in (400, 422)
        assert answer.json["detail"].startswith("`parameters`")


def test_an_echoed_secret_is_redacted_before_it_is_kept(weather, client, upstream):
    upstream.clear()
    upstream.expect_request("/motd").respond_with_handler(
        lambda request: Response(f"you sent {request.headers['X-Api-Key']}")
    )
    upstream.expect_request("/now").respond_with_handler(
        lambda request: Response(
            json.dumps({"KEY-0123456789": [request.headers["X-Api-Key"]]}), mimetype="application/json"
        )
    )
    assert weather.ask("motd", {}).json["data"] == "you sent ••••"
    assert weather.ask("now", {"lat": 1.0}).json["data"] == {"••••": ["••••"]}
    kept = client.get("/plugins/weather/artifacts?include=data")
    assert "KEY-0123456789" not in kept.text


def test_a_url_says_which_issue(client, upstream):
    upstream.expect_request("/repos/o/r/issues/7").respond_with_json({"title": "T"})
    manifest = {
        "integration": {"base_url": upstream.url_for("/").rstrip("/")},
        "endpoints": [{"id": "issue", "path": "/repos/{owner}/{repo}/issues/{number}", "parameters": [
            {"name": "owner"}, {"name": "repo"}, {"name": "number", "type": "integer"}]}],
        "blocks": [{"id": "issue", "url_patterns": ["https://github\\.com/(?P<owner>[^/]+)/(?P<repo>[^/]+)/issues/(?P<number>\\d+)"]}],
    }  # fmt: skip
    client.post(
        "/plugins/register",
        {"id": "gh", "name": "G", "version": "1.0.0", "type": "integration", "manifest": manifest},
    )
    by_url = client.post(
        "/integrations/gh/render",
        {"block_type": "issue", "parameters": {"url": "https://github.com/o/r/issues/7"}},
    )
    by_name = client.post(
        "/integrations/gh/render",
        {"block_type": "issue", "parameters": {"owner": "o", "repo": "r", "number": 7}},
    )
    assert (by_url.json["data"], by_name.headers["X-Cache"]) == ({"title": "T"}, "HIT")
    longer = {"url": "https://github.com/o/r/issues/7#issuecomment-1"}
    again = client.post("/integrations/gh/render", {"block_type": "issue", "parameters": longer})
    assert again.headers["X-Cache"] == "HIT"
    other = client.post(
        "/integrations/gh/render", {"block_type": "issue", "parameters": {"url": "https://gitlab.com/o/r"}}
    )
    assert (other.status_code, list(other.json["errors"])) == (422, ["parameters.url"])


def test_a_step_that_cannot_use_what_it_is_given_says_why(weather, upstream):
    chain = {"id": "pair", "config_schema": {"a": {"type": "string"}, "b": {}}, "steps": [
        {"id": "geo", "endpoint": "geocode", "parameters": {"q": "{inputs.a} {inputs.b}"}, "outputs": {"all": "@"}},
        {"id": "more", "endpoint": "geocode", "parameters": {"q": "in {steps.geo.all}"}},
    ]}  # fmt: skip
    weather.manifest["blocks"].append(chain)
    weather.register()
    missing = weather.ask("pair", {"a": "x"}, status=422)
    assert list(missing.json["errors"]) == ["parameters.b"]
    unfit = weather.ask("pair", {"a": "x", "b": ["y"]}, status=422)
    assert list(unfit.json["errors"]) == ["parameters.b"]
    listed = weather.ask("pair", {"a": "x", "b": "y"}, status=502)
    assert (listed.json["reason"], listed.json["step"], listed.json["output"]) == (
        "output_unfit",
        "geo",
        "all",
    )
