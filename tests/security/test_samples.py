"""Samples: no secret gets into one, nothing leaves while they answer, and they never answer for a provider."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug import Request, Response

from settings import ConfigurationError, Settings
from tests.conftest import Client

KEY, TOKEN, PASSWORD = "key/with+signs=and-more", "access-token-of-the-provider", "a-long-password"


def echo(request: Request) -> Response:
    """Tells all that it got, in several spellings."""
    authorization = request.headers.get("Authorization", "")
    told = {
        "url": request.url,
        "headers": dict(request.headers),
        "body": request.get_data(as_text=True),
        "base64": base64.b64encode(KEY.encode()).decode(),
        "authorization": authorization,
    }
    more = {"Link": f"<{request.url}>; rel=self", "Set-Cookie": f"s={TOKEN}", "X-Key": KEY}
    return Response(json.dumps(told), content_type="application/json", headers=more)


CALLS = {
    "query": ({"parameters": [{"name": "k", "from_config": "api_key", "in": "query"}]}, {}),
    "header": ({}, {"auth": {"type": "api_key", "in": "header", "name": "X-K", "value": "{api_key}"}}),
    "path": ({"path": "/echo/{api_key}"}, {}),
    "body": ({"method": "POST", "safe": True, "body": {"deep": {"k": "{api_key}"}}}, {}),
    "basic": ({}, {"auth": {"type": "basic", "username": "me", "password": "{api_key}"}}),
    "signature": (
        {},
        {
            "auth": {
                "type": "signature",
                "values": [
                    {"name": "time", "function": "now_epoch"},
                    {"name": "sign", "function": "hmac_sha256_hex", "key": "{api_key}", "input": "{time}"},
                ],
                "query": {"t": "{time}", "s": "{sign}"},
            }
        },
    ),
    "oauth2": (
        {},
        {
            "auth_method": "oauth2_client_credentials",
            "oauth2": {"token_url": "{base}/token", "client_id": "me", "client_secret": "{api_key}"},
        },
    ),
}


def declaration(base: str, endpoint: dict[str, Any], section: dict[str, Any]) -> dict[str, Any]:
    manifest = {
        "integration": {"base_url": "{base}", **section},
        "properties": [{"name": "api_key", "secure": True}],
        "endpoints": [{"id": "it", "path": "/echo", **endpoint}],
        "blocks": [{"id": "it", "endpoint": "it", "cache_ttl": 300}],
    }
    filled = json.loads(json.dumps(manifest).replace("{base}", base))
    return {"id": "svc", "name": "S", "version": "1.0.0", "type": "integration", "manifest": filled}


def set_up(client: Client, declared: dict[str, Any], key: str) -> None:
    registered = client.post("/plugins/register", declared)
    assert registered.status_code in (200, 201), registered.json
    assert client.put("/integrations/svc/secrets/api_key", {"value": key}).status_code == 200


def render(client: Client) -> Any:
    return client.post("/integrations/svc/render", {"block_type": "it", "parameters": {}})


@pytest.mark.parametrize("place", CALLS)
def test_a_sample_has_no_secret_and_answers_where_there_is_no_key(
    place: str,
    app: Flask,
    settings: Settings,
    make_app: Callable[[Settings], Flask],
    upstream,
    tmp_path: Path,
):
    upstream.expect_request("/token").respond_with_json(
        {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600}
    )
    for path in ("/echo", f"/echo/{KEY}"):
        upstream.expect_request(path).respond_with_handler(echo)
    declared = declaration(upstream.url_for("").rstrip("/"), *CALLS[place])
    set_up(Client(app), declared, KEY)
    (tmp_path / "svc.json").write_text(json.dumps(declared))
    recorded = app.test_cli_runner().invoke(args=["manifest", "record", str(tmp_path / "svc.json")])
    assert recorded.exit_code == 0, recorded.output
    (sample,) = (tmp_path / "svc.samples").glob("*.json")
    text = sample.read_text()
    # A part without signs is in every spelling by characters.
    for spelling in (KEY, "signs", TOKEN, base64.b64encode(f"me:{KEY}".encode()).decode()):
        assert spelling not in text
    assert ["Content-Type", "application/json"] in json.loads(text)["response"]["headers"]
    assert "Set-Cookie" not in text

    calls = len(upstream.log)
    replaying = Client(make_app(replace(settings, instance=tmp_path / "ci", samples=tmp_path)))
    set_up(replaying, declared, "another-key")
    answered = render(replaying)
    assert answered.status_code == 200, answered.json
    assert answered.json["sample"] is True
    assert len(upstream.log) == calls


def test_a_sample_never_answers_for_the_provider_on_the_same_data_folder(
    settings: Settings, make_app: Callable[[Settings], Flask], upstream, tmp_path: Path
):
    upstream.expect_request("/echo").respond_with_json("real")
    declared = declaration(upstream.url_for("").rstrip("/"), {}, {})
    folder = tmp_path / "s.samples"
    folder.mkdir()
    url = upstream.url_for("/echo")
    (folder / "a.json").write_text(
        json.dumps({"request": {"method": "GET", "url": url}, "response": {"json": "sample"}})
    )
    sampled, real = Client(make_app(replace(settings, samples=folder))), Client(make_app(settings))
    set_up(sampled, declared, KEY)
    assert render(sampled).json["data"] == "sample"
    answered = render(real).json
    assert (answered["data"], answered["cached"], "sample" in answered) == ("real", False, False)
    assert render(sampled).json["data"] == "sample"


def test_what_is_no_sample_answers_nothing_and_starts_no_call(
    settings: Settings,
    make_app: Callable[[Settings], Flask],
    upstream,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
):
    folder = tmp_path / "s.samples"
    folder.mkdir()
    (folder / "broken.json").write_text("{")
    (folder / "folder.json").mkdir()
    client = Client(make_app(replace(settings, samples=tmp_path)))
    set_up(client, declaration(upstream.url_for("").rstrip("/"), *CALLS["oauth2"]), KEY)
    assert render(client).json["code"] == "sample_missing"
    assert (client.post("/integrations/svc/test", {}).json or {})["success"] is False
    assert upstream.log == []
    assert "broken.json" in caplog.text
    assert KEY not in caplog.text


def test_nobody_signs_in_while_samples_answer(
    settings: Settings, make_app: Callable[[Settings], Flask], upstream, tmp_path: Path
):
    client = Client(make_app(replace(settings, samples=tmp_path)))
    section = {
        "auth_method": "oauth2_authorization_code",
        "oauth2": {
            "authorization_url": "{base}/authorize",
            "token_url": "{base}/token",
            "client_id": "me",
            "client_secret": "{api_key}",
        },
    }
    base = upstream.url_for("").rstrip("/")
    set_up(client, declaration(base, {}, section), KEY)
    (tmp_path / "a.json").write_text(
        json.dumps({"request": {"method": "GET", "url": f"{base}/echo"}, "response": {"json": 1}})
    )
    assert render(client).json["data"] == 1
    assert upstream.log == []


def test_the_folder_must_be_there(settings: Settings, make_app: Callable[[Settings], Flask], tmp_path: Path):
    with pytest.raises(ConfigurationError, match="PATCHBAY_SAMPLES"):
        make_app(replace(settings, samples=tmp_path / "none"))


def test_nothing_is_recorded_from_samples(
    settings: Settings, make_app: Callable[[Settings], Flask], tmp_path: Path
):
    (tmp_path / "a.json").write_text("{}")
    runner = make_app(replace(settings, samples=tmp_path)).test_cli_runner()
    result = runner.invoke(args=["manifest", "record", str(tmp_path / "a.json")])
    assert result.exit_code == 2
    assert "unset it" in result.output
