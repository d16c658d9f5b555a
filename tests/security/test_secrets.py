"""Secrets are stored and used; no route, log or command returns them."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from werkzeug.routing import IntegerConverter

from tests.conftest import TOKEN
from tests.raw_upstreams import RawUpstream
from tests.security.ground import API_KEY, Ground, Service, forms_of, json_answer, new_secret
from tests.server_forks import ForkedServer


def entered(ground: Ground) -> Service:
    """A service with a secret that was used, and an answer that was kept."""
    service = ground.service([API_KEY, {"name": "units", "default": "metric"}])
    service.declare()
    service.enter()
    assert service.render().status_code == 200
    return service


def urls_of(app: Flask, service: Service) -> list[str]:
    """Every address that can be read, with what is there in its placeholders."""
    known = {"plugin_id": service.id, "key": "api_key", "workspace_id": 1, "notebook_id": 1}
    urls = []
    with app.test_request_context():
        adapter = app.url_map.bind("127.0.0.1")
        for rule in app.url_map.iter_rules():
            # A stream of events does not end; tests/security/test_events.py reads it.
            if "GET" in (rule.methods or ()) and rule.rule != "/api/v1/events":
                converters = rule._converters
                arguments = {
                    name: known.get(name, 1 if isinstance(converters[name], IntegerConverter) else "status")
                    for name in rule.arguments
                }
                urls.append(adapter.build(rule.endpoint, arguments))
    return urls


QUERIES = ["", "?include=data", "?notebook_id=1", "?block_type=status", "?block_type=status&use_cache=false"]


def test_no_route_gives_a_secret_back(ground: Ground) -> None:
    service = entered(ground)
    urls = urls_of(ground.server.app, service)
    assert {f"/api/v1/integrations/{service.id}/secrets/api_key", "/api/v1/plugins", "/healthz"} <= set(urls)
    for url in urls:
        for query in QUERIES:
            for method in ("GET", "HEAD", "OPTIONS"):
                assert ground.open(method, url + query).status_code < 500, url
    ground.assert_nobody_else_was_called()


def test_no_write_gives_it_back(ground: Ground) -> None:
    service = entered(ground)
    config, state = f"/integrations/{service.id}/config", f"/workspaces/1/plugins/{service.id}"
    secret = f"/integrations/{service.id}/secrets/api_key"
    k = ground.secret
    for method, path, body in (
        ("PUT", config, {"config": {"api_key": k, "units": "imperial"}}),
        ("PUT", state, {"config": {"api_key": k}}),
        ("PUT", config, {"config": {"api_key": k, "nope": 1}}),
        ("PUT", config, {"config": {"api_key": [k], "units": 5}}),
        ("PUT", config, {"config": {"api_key": {"value": k}}}),
        ("PUT", config, {"config": {"units": [k]}}),
        ("PUT", config, {"config": {"api_key": k * 4000}}),
        ("PUT", f"{config}?notebook_id=1", {"config": {"api_key": k}}),
        ("PUT", f"{config}?workspace_id=99", {"config": {"api_key": k}}),
        ("PUT", "/integrations/nope/config", {"config": {"api_key": k}}),
        ("PUT", config, {"config": k}),
        ("PUT", config, [k]),
        ("PUT", config, k),
        ("PUT", secret, {"value": k, "more": k}),
        ("PUT", secret, {"value": [k]}),
        ("PUT", secret, {"value": k * 4000}),
        ("PUT", f"/integrations/{service.id}/secrets/units", {"value": k}),
        ("POST", f"/integrations/{service.id}/test", {"config": {"api_key": k}}),
        ("POST", f"/integrations/{service.id}/test", {"config": {"api_key": [k]}}),
        ("POST", f"/integrations/{service.id}/render", {"block_type": "status", "parameters": {"a": k}}),
        ("POST", f"/integrations/{service.id}/review", {"accept": k}),
    ):
        assert ground.call(method, path, body).status_code < 500
    for broken in (f'{{"value": "{k}"', f'{{"value": "{k}", "value": NaN}}', f'"{k}\\ud800"', f"{k}\xff"):
        for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
            answer = ground.open(
                "PUT", f"/api/v1{secret}", data=broken.encode("latin-1"), headers={"Content-Type": kind}
            )
            assert answer.status_code in (400, 415, 422)
    ground.assert_nobody_else_was_called()


BREAKS: list[tuple[str, Callable[[Service], requests.Response]]] = [
    ("plugin_store.vault.vault.Vault.open_secret", lambda service: service.execute()),
    ("plugin_store.vault.vault.Vault._seal_for", lambda service: service.ground.call("PUT", f"/integrations/{service.id}/secrets/api_key", {"value": service.ground.secret})),
    ("plugin_store.settings.configs.Configs.get_config", lambda service: service.ground.call("GET", f"/integrations/{service.id}/config")),
    ("integrations.calling.executor.build_accounted_call", lambda service: service.execute()),
    ("integrations.calling.answer_reading.parse_answer", lambda service: service.execute()),
    ("integrations.egress.door.Egress.send", lambda service: service.execute()),
    ("integrations.redaction.redactor.Redactor.__init__", lambda service: service.execute()),
    ("integrations.rendering.read_through.make_artifact", lambda service: service.render(use_cache=False)),
    ("integrations.caching.artifacts.Artifacts.list_artifacts", lambda service: service.ground.call("GET", f"/plugins/{service.id}/artifacts")),
]  # fmt: skip


@pytest.mark.parametrize(("place", "ask"), BREAKS, ids=[place for place, _ in BREAKS])
def test_a_failure_of_our_own_quotes_nothing(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, place: str, ask: Callable[[Service], Any]
) -> None:
    service = entered(ground)

    def fail(*arguments: Any, **_: Any) -> None:
        try:
            raise KeyError(ground.secret)
        except KeyError as cause:
            raise RuntimeError(f"{ground.secret} {arguments!r} {ground.secret}") from cause

    monkeypatch.setattr(place, fail)
    answer = ask(service)
    monkeypatch.undo()
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert answer.json()["incident"] in ground.log.getvalue()
    ground.assert_no_leak()
    assert service.execute().status_code == 200


def test_a_refresh_that_fails_behind_quotes_nothing(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    service = ground.service()
    service.declare(
        endpoints=[{"id": "status", "path": "/status", "cache_ttl": 0, "stale_while_revalidate": 60}]
    )
    service.enter()
    assert service.render().status_code == 200

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError(ground.secret)

    monkeypatch.setattr("integrations.calling.answer_reading.parse_answer", fail)
    assert service.render().headers["X-Cache"] == "STALE"
    ground.server.app.extensions["patchbay"].rendering.renderer.wait_for_refreshes()
    ground.assert_no_leak()


def test_no_command_prints_a_secret(ground: Ground) -> None:
    entered(ground)
    runner = ground.server.app.test_cli_runner()
    printed = [
        runner.invoke(args=words)
        for words in (["settings"], ["token", "show"], ["secrets", "new-key"], ["secrets", "rotate"])
    ]  # fmt: skip
    assert [result.exit_code for result in printed] == [0] * len(printed)
    key_file = (ground.instance / "secret.key").read_text().split()
    for text in (ground.secret, *key_file):
        assert all(text not in result.output for result in printed)
    assert TOKEN not in printed[0].output
    ground.assert_no_leak()


def test_a_server_s_own_log_tells_no_secret(tmp_path: Path) -> None:
    secret = new_secret()
    answers = iter(["200 OK", f"500 {secret}"])
    with RawUpstream(lambda peer: _say_back(peer, secret, answers)) as provider:
        environ = {
            "PATCHBAY_INSTANCE": str(tmp_path / "instance"),
            "PATCHBAY_PORT": "0",
            "PATCHBAY_TOKEN": TOKEN,
            "PATCHBAY_LOG_LEVEL": "DEBUG",
            "PATCHBAY_EGRESS_ALLOW": provider.authority,
        }
        process = ForkedServer(environ)
        try:
            _use(process, provider, secret)
        finally:
            process.send_signal(signal.SIGTERM)
            out, log = process.communicate(timeout=40)
    assert process.returncode == 0
    assert "POST /api/v1/integrations/svc/execute 502" in log
    written = (out + log).encode() + b"".join(
        path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()
    )
    assert not [form for form in forms_of(secret) if form in written]
    shutil.rmtree(tmp_path / "instance")


def _say_back(peer: Any, secret: str, answers: Iterator[str]) -> None:
    while peer.read_request() is not None:
        peer.send(json_answer(f'{{"k": "{secret}"}}'.encode(), status=next(answers)))


def _use(process: ForkedServer, provider: RawUpstream, secret: str) -> None:
    origin = process.stdout.readline().split()[4].partition("/signin")[0]
    manifest = {
        "integration": {"base_url": provider.url(""), "query": {"k": "{api_key}"}},
        "properties": [API_KEY],
        "endpoints": [{"id": "status", "path": "/{api_key}", "cache_ttl": 0}],
    }
    declaration = {"id": "svc", "name": "S", "version": "1.0.0", "type": "integration", "manifest": manifest}
    statuses = []
    for method, path, body in (
        ("POST", "plugins/register", declaration),
        ("PUT", "integrations/svc/config", {"config": {"api_key": secret}}),
        ("POST", "integrations/svc/execute", {"endpoint_id": "status"}),
        ("POST", "integrations/svc/execute", {"endpoint_id": "status"}),
        ("PUT", "integrations/svc/config", {"config": {"api_key": [secret]}}),
    ):
        answer = requests.request(
            method, f"{origin}/api/v1/{path}", json=body, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=20
        )  # fmt: skip
        statuses.append(answer.status_code)
        assert not [form for form in forms_of(secret) if form in answer.content]
    assert statuses == [201, 200, 200, 502, 422]
