"""`flask manifest record` against a provider on loopback, and a server that answers from what was recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from werkzeug import Request, Response

from settings import Settings
from tests.conftest import Client

KEY = "a-real-key-of-the-provider"

PAGES = {"": ["1", "2"], "2": ["3"]}


def items(request: Request) -> Response:
    page = request.args.get("page", "")
    more = (
        {} if page else {"Link": f'<{request.base_url}?page=2&key={request.args.get("key", "")}>; rel="next"'}
    )
    return Response(json.dumps(PAGES[page]), content_type="application/json", headers=more)


@pytest.fixture
def declaration(upstream) -> dict[str, Any]:
    upstream.expect_request("/now").respond_with_json({"temperature": 21.5, "key": KEY})
    upstream.expect_request("/today").respond_with_json({"at": "now"})
    upstream.expect_request("/page").respond_with_data("<p>Hei</p>\n<p>du</p>\n", content_type="text/html")
    upstream.expect_request("/items").respond_with_handler(items)
    upstream.expect_request("/item").respond_with_handler(
        lambda request: Response(json.dumps({"id": request.args["id"]}), content_type="application/json")
    )
    key = [{"name": "key", "from_config": "api_key", "in": "query"}]
    manifest = {
        "integration": {"base_url": upstream.url_for("").rstrip("/")},
        "properties": [{"name": "api_key", "secure": True, "required": True}],
        "endpoints": [
            {"id": "now", "path": "/now", "parameters": key},
            {
                "id": "today",
                "path": "/today",
                "parameters": [
                    {"name": "day", "default": "{today}"},
                    {"name": "since", "default": "{now-1d:epoch}"},
                ],
            },
            {"id": "page", "path": "/page", "response_type": "text"},
            {"id": "items", "path": "/items", "parameters": key, "paginate": {"type": "link"}},
            {"id": "item", "path": "/item", "parameters": [{"name": "id", "required": True}]},
            {"id": "write", "path": "/write", "method": "POST"},
        ],
        "blocks": [
            {"id": "current", "endpoint": "now", "select": "{t: temperature, key: key}"},
            {"id": "today", "endpoint": "today"},
            {"id": "page", "endpoint": "page"},
            {"id": "all", "endpoint": "items"},
            {"id": "one", "endpoint": "item"},
            {
                "id": "chain",
                "steps": [
                    {"id": "list", "endpoint": "items", "outputs": {"ids": "@"}},
                    {
                        "id": "each",
                        "endpoint": "item",
                        "for_each": "{steps.list.ids}",
                        "parameters": {"id": "{item}"},
                    },
                ],
            },
            {"id": "write", "endpoint": "write", "action": {"label": "Write"}},
        ],
    }
    return {"id": "svc", "name": "S", "version": "1.0.0", "type": "integration", "manifest": manifest}


class Place:
    """A data folder with the plugin and its key, and the manifest's file."""

    def __init__(self, app: Flask, declaration: dict[str, Any], folder: Path) -> None:
        self.client = Client(app)
        self.app, self.file = app, folder / "svc.json"
        self.samples = folder / "svc.samples"
        self.file.write_text(json.dumps(declaration))
        set_up(self.client, declaration, KEY)

    def record(self, *args: str) -> Result:
        return self.app.test_cli_runner().invoke(
            args=["manifest", "record", str(self.file), *args], catch_exceptions=False
        )


def set_up(client: Client, declaration: dict[str, Any], key: str) -> None:
    registered = client.post("/plugins/register", declaration)
    assert registered.status_code in (200, 201), registered.json
    assert client.put("/integrations/svc/secrets/api_key", {"value": key}).status_code == 200


def render(client: Client, block: str, **parameters: Any) -> Any:
    return client.post("/integrations/svc/render", {"block_type": block, "parameters": parameters})


@pytest.fixture
def place(app: Flask, declaration, tmp_path: Path) -> Place:
    return Place(app, declaration, tmp_path)


@pytest.fixture
def replay(settings: Settings, make_app: Callable[[Settings], Flask], declaration, upstream, tmp_path: Path):
    """A client of a new server that answers from the samples; its provider is gone."""

    def start() -> Client:
        upstream.stop()
        client = Client(
            make_app(replace(settings, instance=tmp_path / "ci", samples=tmp_path, egress_allow=()))
        )
        set_up(client, declaration, "any")
        return client

    return start


def test_what_was_recorded_is_answered_without_the_provider(place, replay):
    result = place.record("--input", "id=7")
    assert result.exit_code == 0, result.output
    assert "  write  an action: not run" in result.output
    before = {name: render(place.client, name).json["data"] for name in ("today", "page", "all", "chain")}
    client = replay()
    for name, data in before.items():
        answered = render(client, name)
        assert answered.status_code == 200, answered.json
        assert (answered.json["data"], answered.json["sample"], answered.json["cached"]) == (
            data,
            True,
            False,
        )
    assert before["chain"] == [{"id": "1"}, {"id": "2"}, {"id": "3"}]
    assert render(client, "one", id="7").json["data"] == {"id": "7"}
    assert render(client, "current").json["data"] == {"t": 21.5, "key": "REDACTED"}
    again = render(client, "current")
    assert (again.headers["X-Cache"], again.json["sample"]) == ("HIT", True)


def test_no_sample_has_a_secret_and_each_names_its_call(place):
    assert place.record("--input", "id=7").exit_code == 0
    files = sorted(place.samples.glob("*.json"))
    assert len(files) == 9
    assert KEY not in "".join(path.read_text() for path in files)
    (current,) = place.samples.glob("now-*.json")
    content = json.loads(current.read_text())
    assert content["request"]["url"].endswith("/now?key=REDACTED")
    assert content["response"] == {
        "status": 200,
        "headers": [["Content-Type", "application/json"]],
        "json": {"temperature": 21.5, "key": "REDACTED"},
    }


def test_a_second_recording_writes_the_same_files(place, monkeypatch):
    assert place.record("--input", "id=7").exit_code == 0
    before = {path.name: path.read_text() for path in place.samples.iterdir()}
    clock = place.app.extensions["patchbay"].catalog
    monkeypatch.setattr(clock, "_clock", lambda: 2_000_000_000.0)
    assert place.record("--input", "id=7").exit_code == 0
    assert {path.name: path.read_text() for path in place.samples.iterdir()} == before


def test_a_call_without_a_sample_is_told_by_name(place, replay):
    assert place.record("--block", "one", "--input", "id=7").exit_code == 0
    client = replay()
    answered = render(client, "one", id="8")
    problem = answered.json
    assert (answered.status_code, problem["code"]) == (502, "sample_missing")
    assert problem["request"]["endpoint"] == "item"
    assert problem["request"]["url"].endswith("/item?id=8")
    assert problem["sample"].startswith("item-")
    (sample,) = place.samples.glob("*.json")
    content = json.loads(sample.read_text())
    content["request"]["url"] = problem["request"]["url"]
    (place.samples / problem["sample"]).write_text(json.dumps(content))
    assert render(client, "one", id="8").json["data"] == {"id": "7"}


def test_inputs_may_be_listed_in_the_folder(place, replay):
    place.samples.mkdir()
    (place.samples / "inputs.json").write_text(json.dumps({"one": [{"id": "1"}, {"id": "2"}]}))
    result = place.record("--block", "one")
    assert result.exit_code == 0, result.output
    client = replay()
    assert [render(client, "one", id=id_).json["data"]["id"] for id_ in "12"] == ["1", "2"]


def test_a_block_that_fails_writes_nothing_and_the_others_are_recorded(place, upstream):
    upstream.clear()
    upstream.expect_request("/page").respond_with_data("text", content_type="text/plain")
    result = place.record("--block", "current", "--block", "page")
    assert result.exit_code == 1
    assert "current  upstream_failed" in result.output
    assert [path.name.partition("-")[0] for path in place.samples.iterdir()] == ["page"]


def test_a_refused_file_is_told(place):
    place.file.write_text('{"manifest": {}}')
    result = place.record()
    assert result.exit_code == 1
    assert "error" in result.output


def test_an_action_answers_from_a_sample_and_without_one_nothing_was_done(place, replay, declaration):
    client = replay()
    headers = {"Idempotency-Key": "k1"}
    answered = client.post("/integrations/svc/actions/write", {}, headers=headers)
    assert (answered.status_code, answered.json["code"]) == (502, "sample_missing")
    assert "outcome" not in answered.json
    place.samples.mkdir(exist_ok=True)
    request = {key: answered.json["request"][key] for key in ("method", "url")}
    (place.samples / answered.json["sample"]).write_text(
        json.dumps({"request": request, "response": {"json": {"done": True}}})
    )
    answered = client.post("/integrations/svc/actions/write", {}, headers=headers)
    assert (answered.json["data"], answered.json["sample"]) == ({"done": True}, True)


def test_a_batch_is_flagged_too(place, replay):
    assert place.record("--block", "page").exit_code == 0
    body = {"blocks": [{"key": "a", "integration_id": "svc", "block_type": "page"}]}
    answered = replay().post("/render-batch", body)
    assert '"sample":true' in answered.get_data(as_text=True), answered.get_data(as_text=True)
