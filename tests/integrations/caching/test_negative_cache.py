"""Negative caching: after a failure, requests are answered without calling the provider again at once."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from errors import DeadlineExceeded, PatchbayError, UpstreamFailed, UpstreamInvalid, UpstreamUnreachable
from integrations.caching.bodies import Bodies
from integrations.caching.negative_cache import (
    MAX_ASKED_WAIT_SECONDS,
    NegativeCache,
    is_remembered,
    wait_after,
)
from tests.conftest import Client
from tests.integrations.stories import Service

ITEM = {"id": "item", "path": "/item", "parameters": [{"name": "q"}]}


@pytest.mark.parametrize(
    ("error", "waits"),
    [
        (UpstreamFailed("x", upstream_status=503), [5, 10, 20, 40, 80, 160, 300, 300]),
        (UpstreamUnreachable("x"), [5, 10, 20, 40, 80, 160, 300, 300]),
        (DeadlineExceeded("x"), [5, 10, 20, 40, 80, 160, 300, 300]),
        (UpstreamInvalid("x"), [5, 10, 20, 40, 80, 160, 300, 300]),
        (UpstreamFailed("x", upstream_status=429), [5, 10, 20, 40, 80, 160, 300, 300]),
        (UpstreamFailed("x", upstream_status=404), [0, 5, 10, 20, 40, 80, 160, 300]),
        (UpstreamFailed("x", upstream_status=503, retry_after_seconds=7.0), [7] * 8),
        (UpstreamFailed("x", upstream_status=503, retry_after_seconds=0.2), [1] * 8),
        (UpstreamFailed("x", upstream_status=503, retry_after_seconds=1e9), [MAX_ASKED_WAIT_SECONDS] * 8),
    ],
)
def test_waits_grow_to_a_limit(error: PatchbayError, waits: list[float]):
    assert [wait_after(error, count) for count in range(1, 9)] == waits
    assert wait_after(error, 10_000) == max(waits)


def test_our_own_limits_are_no_failure_of_the_provider():
    assert not is_remembered(DeadlineExceeded("x", reason="busy"))
    assert is_remembered(DeadlineExceeded("x"))


@pytest.mark.parametrize(
    "stored", [b"", b"garbage", b"[]", b'["e", 1, 2.0, 3.0, "no_such", "d", null, {}]', b"null"]
)
def test_what_cannot_be_read_was_never_remembered(tmp_path, stored: bytes):
    bodies = Bodies(tmp_path / "cache")
    bodies.set("failure:k", stored, 60)
    assert NegativeCache(bodies, lambda: 0.0).recall("k", "e") is None
    bodies.close()


class Provider:
    """Answers `status`; counts how often it was asked."""

    def __init__(self, upstream: HTTPServer) -> None:
        self.status = 503
        self.headers: dict[str, str] = {}
        self.calls = 0
        upstream.expect_request("/item").respond_with_handler(self._answer)

    def _answer(self, _request: Request) -> Response:
        self.calls += 1
        return Response(f'{{"call": {self.calls}}}', self.status, self.headers, mimetype="application/json")


@pytest.fixture
def provider(upstream: HTTPServer) -> Provider:
    return Provider(upstream)


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(1_800_000_000, tick=False) as travelling:
        yield travelling


@pytest.fixture
def service(client: Any, upstream: HTTPServer, provider: Provider, clock: Any) -> Service:
    block = {
        "id": "item",
        "endpoint": "item",
        "cache_ttl": 60,
        "stale_while_revalidate": 60,
        "stale_if_error": 3600,
    }
    service = Service(client, upstream, [ITEM], [block], auth_method="api_key")
    service.configure(api_key="KEY-0123456789")
    return service


def test_the_same_problem_is_answered_until_the_wait_is_over(service, provider, clock):
    first = service.render("item")
    assert (first.status_code, first.json["upstream_status"], first.headers["Retry-After"]) == (502, 503, "5")
    clock.shift(2)
    again = service.render("item")
    problem = {**first.json, "request_id": again.json["request_id"]}
    assert (again.status_code, again.json, again.headers["Retry-After"]) == (502, problem, "3")
    assert provider.calls == 1
    clock.shift(3)
    assert service.render("item").headers["Retry-After"] == "10"
    assert provider.calls == 2


def test_an_answer_between_starts_the_waits_anew(service, provider, clock):
    service.render("item")
    clock.shift(5)
    service.render("item")
    clock.shift(10)
    provider.status = 200
    assert service.render("item").headers["X-Cache"] == "MISS"
    provider.status = 503
    clock.shift(4000)
    assert service.render("item").headers["Retry-After"] == "5"


def test_the_last_good_answer_stands_in_without_a_call(service, provider, clock):
    provider.status = 200
    service.render("item")
    provider.status = 500
    clock.shift(130)
    for _ in range(3):
        stale = service.render("item")
        assert (stale.headers["X-Cache"], stale.json["data"], stale.json["error"]["upstream_status"]) == (
            "STALE",
            {"call": 1},
            500,
        )
    assert provider.calls == 2


def test_a_failed_refresh_behind_is_told_and_not_repeated(service, provider, clock, app):
    provider.status = 200
    service.render("item")
    provider.status = 500
    clock.shift(61)
    renderer = app.extensions["patchbay"].rendering.renderer
    assert service.render("item").json["error"] is None
    renderer.wait_for_refreshes()
    for _ in range(3):
        stale = service.render("item")
        assert (stale.headers["X-Cache"], stale.json["error"]["upstream_status"]) == ("STALE", 500)
        renderer.wait_for_refreshes()
    assert provider.calls == 2


def test_a_person_who_asks_to_fetch_again_is_not_held_back(service, provider, clock):
    service.render("item")
    assert service.render("item", use_cache=False).status_code == 502
    provider.status = 200
    assert service.render("item", use_cache=False).headers["X-Cache"] == "BYPASS"
    assert service.render("item").headers["X-Cache"] == "HIT"
    assert provider.calls == 3


def test_a_changed_setting_a_changed_manifest_and_other_inputs_never_wait(service, provider, clock):
    service.render("item")
    service.render("item", {"q": "other"})
    service.configure(api_key="OTHER-0123456789")
    service.render("item")
    service.manifest["integration"]["timeout"] = 3
    service.register()
    service.render("item")
    assert provider.calls == 4


def test_a_purge_forgets_failures_too(service, provider, clock, client):
    service.render("item")
    client.delete("/plugins/svc/artifacts")
    service.render("item")
    assert provider.calls == 2


def test_a_refusal_is_tried_once_more_at_once_and_then_ever_later(service, provider, clock):
    provider.status = 404
    answers = [service.render("item") for _ in range(5)]
    assert {answer.json["upstream_status"] for answer in answers} == {404}
    assert [answer.headers.get("Retry-After") for answer in answers] == [None, "5", "5", "5", "5"]
    assert provider.calls == 2
    provider.status = 200
    clock.shift(5)
    assert service.render("item").status_code == 200


def test_a_restart_forgets_no_failure(service, provider, clock, settings, make_app):
    service.render("item")
    again = Client(make_app(settings)).post(
        "/integrations/svc/render", {"block_type": "item", "parameters": {}}
    )
    assert (again.status_code, again.headers["Retry-After"], provider.calls) == (502, "5", 1)


def test_a_wait_that_the_provider_asks_for_counts(service, provider, clock):
    provider.headers = {"Retry-After": "90"}
    assert service.render("item").headers["Retry-After"] == "90"
    clock.shift(89)
    assert service.render("item").headers["Retry-After"] == "1"
    assert provider.calls == 1


def test_a_clock_that_is_set_back_does_not_make_the_wait_longer(service, provider, clock):
    service.render("item")
    clock.shift(-86_400)
    provider.status = 200
    assert service.render("item").status_code == 200


def test_a_step_s_failure_is_not_repeated_by_another_block(client, upstream, provider, clock):
    def block(name: str) -> dict[str, Any]:
        steps = [
            {"id": "a", "endpoint": "item", "parameters": {}, "outputs": {"call": "call"}},
            {"id": "b", "endpoint": "other", "parameters": {"q": "{steps.a.call}"}},
        ]
        return {"id": name, "steps": steps}

    endpoints = [ITEM, {"id": "other", "path": "/other", "parameters": [{"name": "q"}]}]
    service = Service(client, upstream, endpoints, [block("x"), block("y")])
    assert [service.render(name).json["upstream_status"] for name in ("x", "y")] == [503, 503]
    assert provider.calls == 1


def test_a_batch_says_when_to_come_back(service, provider, clock, client):
    service.render("item")
    blocks = [{"key": "k", "integration_id": "svc", "block_type": "item"}]
    [line] = client.post("/render-batch", {"blocks": blocks}).text.strip().splitlines()
    assert '"retry_after_seconds":5' in line
    assert provider.calls == 1
