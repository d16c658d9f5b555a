"""`select` and `outputs` that ask for settings and inputs: what they give, what they are kept under, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_httpserver import HTTPServer

NETS = {"nets": [{"name": "eth0", "rx": 25}, {"name": "eth1", "rx": 75}], "total": 100}


class Router:
    """An integration over the upstream whose block shows the traffic of one interface."""

    def __init__(self, client: Any, upstream: HTTPServer) -> None:
        self.client = client
        self.upstream = upstream
        self.manifest: dict[str, Any] = {
            "integration": {"base_url": upstream.url_for("/").rstrip("/")},
            "properties": [
                {"name": "wan", "default": "eth0"},
                {"name": "digits", "type": "integer", "default": 0},
                {"name": "key", "secure": True},
            ],
            "endpoints": [
                {"id": "nets", "path": "/nets", "parameters": [{"name": "k", "from_config": "key"}]},
                {"id": "one", "path": "/one", "parameters": [{"name": "q"}]},
            ],
            "blocks": [
                {
                    "id": "traffic",
                    "endpoint": "nets",
                    "cache_ttl": 600,
                    "config_schema": {"limit": {"type": "integer", "default": 10}},
                    "select": "{wan: nets[?name == config('wan')].rx | [0], busy: nets[?rx > inputs('limit')].name}",
                }
            ],
        }
        upstream.expect_request("/nets").respond_with_json(NETS)
        upstream.expect_request("/one").respond_with_json({"n": 1})

    def register(self) -> Any:
        plugin = {"id": "router", "name": "R", "version": "1.0.0", "type": "integration"}
        return self.client.post("/plugins/register", {**plugin, "manifest": self.manifest})

    def configure(self, **config: Any) -> None:
        assert self.client.put("/integrations/router/config", {"config": config}).status_code == 200

    def data(self, block: str = "traffic", **parameters: Any) -> Any:
        body = {"block_type": block, "parameters": parameters}
        answer = self.client.post("/integrations/router/render", body)
        assert answer.status_code == 200, answer.json
        return answer.json["data"]


@pytest.fixture
def router(client: Any, upstream: HTTPServer) -> Router:
    return Router(client, upstream)


def test_a_select_shows_what_settings_and_inputs_choose(router: Router):
    assert router.register().status_code == 201
    assert router.data() == {"wan": 25, "busy": ["eth0", "eth1"]}
    assert router.data(limit=50) == {"wan": 25, "busy": ["eth1"]}


def test_a_changed_setting_is_another_answer_at_once(router: Router):
    assert router.register().status_code == 201
    assert router.data()["wan"] == 25
    router.configure(wan="eth1")
    assert router.data()["wan"] == 75
    router.configure(wan="eth0")
    assert router.data()["wan"] == 25
    # The first answer was kept under the setting that is back.
    assert len(router.upstream.log) == 2


def test_an_endpoint_asks_by_its_parameters_and_is_kept_by_its_settings(router: Router):
    router.manifest["endpoints"][1] |= {
        "select": "[inputs('q'), config('wan'), percent(n, `8`, config('digits'))]"
    }
    router.manifest["blocks"] = [{"id": "one", "endpoint": "one", "cache_ttl": 600}]
    assert router.register().status_code == 201
    assert router.data("one", q="x") == ["x", "eth0", 13]
    router.configure(digits=1)
    assert router.data("one", q="x") == ["x", "eth0", 12.5]


def test_a_step_s_output_takes_part(router: Router):
    router.manifest["blocks"] = [
        {
            "id": "chain",
            "steps": [
                {"id": "a", "endpoint": "nets", "outputs": {"rx": "nets[?name == config('wan')].rx | [0]"}},
                {"id": "b", "endpoint": "one", "parameters": {"q": "{steps.a.rx}"}},
            ],
        }
    ]
    assert router.register().status_code == 201
    router.data("chain")
    assert router.upstream.log[-1][0].args["q"] == "25"


@pytest.mark.parametrize(
    ("place", "expression", "message"),
    [
        ("block", "config('gone')", "`config('gone')`: `gone` is not a declared property."),
        ("block", "config('key')", "`config('key')`: a secret cannot be used in an expression."),
        ("block", "inputs('gone')", "`inputs('gone')`: there is no input `gone`."),
        ("block", "nets[?name == '{wan}']", "`{wan}` is not replaced here. Use `config('wan')`."),
        (
            "block",
            "nets[?rx > '{inputs.limit}']",
            "`{inputs.limit}` is not replaced here. Use `inputs('limit')`.",
        ),
        ("endpoint", "config('key')", "`config('key')`: a secret cannot be used in an expression."),
        ("endpoint", "inputs('k')", "`inputs('k')`: there is no input `k`."),
    ],
)
def test_what_cannot_be_asked_for_is_refused_by_field(
    router: Router, place: str, expression: str, message: str
):
    section = "blocks" if place == "block" else "endpoints"
    router.manifest[section][0]["select"] = expression
    answer = router.register()
    assert answer.status_code == 422
    assert answer.json["errors"] == {f"manifest.{section}[0].select": [message]}


def test_braces_that_name_nothing_of_ours_stay_what_they_are(router: Router):
    router.manifest["blocks"][0]["select"] = "replace('{width}x9', '{width}', '16')"
    assert router.register().status_code == 201
    assert router.data() == "16x9"
