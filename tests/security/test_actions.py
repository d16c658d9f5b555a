"""Nothing but a run of an action changes anything at a provider, over real sockets."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from tests.conftest import API
from tests.security.ground import Ground, Service, json_answer

WRITING: dict[str, dict[str, Any]] = {
    **{method: {"method": method} for method in ("POST", "PUT", "PATCH", "DELETE")},
    "GET that writes": {"safe": False},
    "POST with a body": {"method": "POST", "body": {"k": "{api_key}"}},
}


def declared(ground: Ground, endpoint: dict[str, Any], **section: Any) -> Service:
    service = ground.service()
    service.declare(endpoints=[{"id": "status", "path": "/status", **endpoint}], **section)
    service.enter()
    return service


def run(service: Service, key: str = "k", scope: str = "", **headers: str) -> requests.Response:
    path = f"/integrations/{service.id}/actions/status{scope}"
    return service.ground.call("POST", path, {"parameters": {}}, headers={"Idempotency-Key": key, **headers})


@pytest.mark.parametrize("endpoint", WRITING.values(), ids=WRITING)
def test_nothing_that_draws_fetches_or_asks_calls_the_provider(
    ground: Ground, endpoint: dict[str, Any]
) -> None:
    service = declared(ground, endpoint)
    path, named = f"/integrations/{service.id}", {"block_type": "status", "parameters": {}}
    batch = {"blocks": [{"key": "a", "integration_id": service.id, **named}]}
    pin = {"integration_id": service.id, **named}
    asked = [
        *(service.render(use_cache=use_cache) for use_cache in (True, False)),
        *(
            ground.call(method, f"{path}/render?block_type=status{more}")
            for method in ("GET", "HEAD")
            for more in ("", "&use_cache=false", "&parameters=%7B%7D", "&action=true", "&method=POST")
        ),
        ground.call("POST", "/render-batch", batch),
        ground.call("POST", "/render-batch", {"blocks": [{**batch["blocks"][0], "use_cache": False}]}),
        ground.call("POST", f"{path}/explain", named),
        ground.call("POST", "/prefetch", pin),
        ground.call("GET", f"{path}/actions/status", headers={"Idempotency-Key": "k"}),
        ground.call("GET", f"{path}/execute?endpoint_id=status"),
        ground.call("GET", f"{path}/blocks"),
        service.test(),
    ]
    assert [answer.status_code for answer in asked if answer.status_code >= 500] == []
    assert ground.provider.requests == []
    assert run(service).status_code == 200
    assert len(ground.provider.requests) == 1
    ground.assert_no_leak()


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost:1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
def test_a_foreign_page_runs_nothing(ground: Ground, headers: dict[str, str]) -> None:
    service = declared(ground, {"method": "POST"})
    refused = run(service, **headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "foreign_origin")
    assert ground.provider.requests == []


def test_a_form_of_another_page_runs_nothing(ground: Ground) -> None:
    service = declared(ground, {"method": "POST"})
    path = f"{API}/integrations/{service.id}/actions/status"
    headers = {"Idempotency-Key": "k", "Content-Type": "text/plain"}
    assert ground.open("POST", path, data="{}", headers=headers).status_code == 415
    assert ground.provider.requests == []


def test_what_the_provider_echoes_is_kept_without_the_secret(ground: Ground) -> None:
    service = declared(ground, {"method": "POST"})
    ground.reply = lambda _request: json_answer(json.dumps({"key": ground.secret}).encode())
    first, again = run(service), run(service)
    assert first.json()["data"] == again.json()["data"]
    assert again.json()["repeated"] is True
    ground.assert_no_leak()


def test_a_refusal_is_kept_without_the_secret(ground: Ground) -> None:
    service = declared(ground, {"method": "POST"})
    body = json.dumps({"message": f"Wrong: {ground.secret}"}).encode()
    ground.reply = lambda _request: json_answer(body, status="403 Forbidden")
    first, again = run(service), run(service)
    assert (first.status_code, first.json()["outcome"]) == (502, "refused")
    assert again.json()["repeated"] is True
    assert len(ground.provider.requests) == 1
    ground.assert_no_leak()


@pytest.mark.parametrize("endpoint", [{"method": "POST"}, {"safe": False}], ids=["POST", "GET that writes"])
@pytest.mark.parametrize("is_kept", [False, True], ids=["new connection", "kept connection"])
def test_what_got_no_answer_is_not_sent_again(
    ground: Ground, endpoint: dict[str, Any], is_kept: bool
) -> None:
    service = declared(ground, endpoint, retry={"max_retries": 5})
    if is_kept:
        assert run(service, "before").status_code == 200
    before = len(ground.provider.requests)
    # Nothing comes back, and the connection ends.
    ground.reply, ground.hangs_up = (lambda _request: b""), True
    first, again = run(service), run(service)
    assert (first.status_code, first.json()["outcome"]) == (502, "unknown")
    assert again.json() == {**first.json(), "repeated": True, "request_id": again.json()["request_id"]}
    assert len(ground.provider.requests) == before + 1


def test_a_secret_that_would_go_elsewhere_stops_the_action(ground: Ground) -> None:
    service = declared(ground, {"method": "POST"})
    endpoint = {"id": "status", "path": "/status", "method": "POST"}
    service.declare(endpoints=[endpoint], base_url=ground.stranger_url)
    refused = run(service)
    assert (refused.status_code, refused.json()["code"]) == (409, "review_due")
    ground.assert_nobody_else_was_called()


@pytest.mark.parametrize("key", ["' OR 1=1 --", "../../x", "%00", "a\tb", '"a"b"', "{}"])
def test_a_hostile_key_is_one_key_or_none(ground: Ground, key: str) -> None:
    service = declared(ground, {"method": "POST"})
    assert run(service, "other").status_code == 200
    answer = run(service, key)
    assert answer.status_code in (200, 400)
    assert answer.status_code == 400 or answer.json()["repeated"] is False
