"""A stored secret stays where it was entered for, whatever a manifest or a setting says afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from tests.security.ground import API_KEY, BY_HEADER, STATUS, Ground, Service
from tests.security.locks import assert_locked, assert_works, entered, in_header, review_of

SERVER = {"name": "server", "type": "string"}


ELSEWHERE = {
    "another port": "http://127.0.0.1:{stranger}",
    "another scheme": "https://127.0.0.1:{provider}",
    "another host": "http://127.0.0.2:{provider}",
    "a name for the same host": "http://localhost:{provider}",
    "a longer name": "http://127.0.0.1.evil.com:{provider}",
    "a longer name without a port": "http://127.0.0.1.evil.com",
    "a trailing dot": "http://127.0.0.1.:{provider}",
    "the default port": "http://127.0.0.1",
    "another spelling": "http://0x7f.0.0.1:{provider}",
    "a mapped address": "http://[::ffff:127.0.0.1]:{provider}",
    "the old origin in the path": "http://127.0.0.1:{stranger}/http://127.0.0.1:{provider}",
    "the old origin behind an encoded at": "http://127.0.0.1:{stranger}/%40127.0.0.1:{provider}",
}


@pytest.mark.parametrize("base_url", ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_a_secret_does_not_follow_a_manifest_to_another_origin(ground: Ground, base_url: str) -> None:
    service = entered(ground)
    moved = base_url.format(provider=ground.provider.port, stranger=ground.stranger.port)
    answer = service.declare(base_url=moved)
    assert answer.json()["status"] == "updated"
    assert answer.json()["review"] == review_of(service)
    assert answer.json()["review"]["old"] == [in_header(ground.provider_url)]
    assert_locked(service)
    service.declare()
    assert_works(service)


LOOK_ALIKES = [
    "https://api.example.com.evil.com",
    "https://api.example.com:8443",
    "https://api.example.com.",
    "https://api.example.co",
    "https://api-example.com",
    "https://xapi.example.com",
    "https://api.example.com.evil.com/https://api.example.com/v1",
    "http://api.example.com",
    "http://api.example.com:443",
]


@pytest.mark.parametrize("base_url", LOOK_ALIKES)
def test_origins_are_compared_as_a_whole(ground: Ground, base_url: str) -> None:
    service = ground.service()
    service.declare(base_url="https://api.example.com/v1")
    service.enter()
    assert service.declare(base_url=base_url).json()["review"] is not None
    assert_locked(service)


@pytest.mark.parametrize(
    "base_url",
    [
        "https://api.example.com",
        "https://api.example.com/v2/deeper/",
        "https://api.example.com:443/v1",
        "HTTPS://API.Example.COM/v1",
    ],
)
def test_the_same_origin_in_other_words_needs_no_review(ground: Ground, base_url: str) -> None:
    service = ground.service()
    service.declare(base_url="https://api.example.com/v1")
    service.enter()
    assert service.declare(base_url=base_url).json()["review"] is None
    assert service.status_of() == "ok"


@pytest.mark.parametrize(
    "base_url",
    [
        "https://api.example.com@evil.com",
        "https://api.example.com:443@evil.com/",
        "https://api.example.com%40evil.com",
        "https://api.example.com\\@evil.com",
        "https://api.example.com#@evil.com",
        "https://api.example.com?@evil.com",
        "https://evil.com\t.api.example.com",
        "https://{api_key}.evil.com",
        "//evil.com",
        "https:evil.com",
    ],
)
def test_a_base_url_that_two_readers_read_differently_changes_nothing(ground: Ground, base_url: str) -> None:
    service = entered(ground)
    answer = service.declare(base_url=base_url, status=[422])
    assert "manifest.integration.base_url" in answer.json()["errors"]
    assert_works(service)


def test_everything_else_of_the_manifest_updates_at_once(ground: Ground) -> None:
    service = entered(ground)
    moved = [STATUS, {"id": "more", "path": "/more"}]
    service.declare(base_url=ground.stranger_url, endpoints=moved, timeout=5)
    details = service.details()
    assert details["base_url"] == ground.stranger_url
    assert [item["id"] for item in details["endpoints"]] == ["status", "more"]
    assert [item["id"] for item in details["blocks"]] == ["status", "more"]
    assert_locked(service)


def test_what_a_person_accepts_goes_there(ground: Ground) -> None:
    service = entered(ground)
    service.declare(base_url=ground.stranger_url)
    refused = ground.call("POST", f"/integrations/{service.id}/review", {"accept": False})
    assert refused.json()["review"] == review_of(service)
    assert_locked(service)
    stale = ground.decide(service, accept=True, new=[in_header(ground.provider_url)])
    assert stale.status_code == 409
    assert_locked(service)
    assert ground.decide(service, accept=True).json()["review"] is None
    assert [answer.status_code for answer in service.ask_in_every_way()] == [200] * 3
    assert all(ground.secret.encode() in request for request in ground.stranger.requests)
    assert set(ground.places_of()) == {"the stranger"}
    # It went from the one to the other: back is a change again.
    service.declare()
    assert service.status_of() == "locked"


def test_what_is_entered_again_goes_where_the_manifest_says_now(ground: Ground) -> None:
    service = entered(ground)
    service.declare(base_url=ground.stranger_url)
    assert_locked(service)
    service.enter(value="another-secret-of-the-person")
    assert [answer.status_code for answer in service.ask_in_every_way()] == [200] * 3
    assert all(b"another-secret-of-the-person" in request for request in ground.stranger.requests)
    ground.assert_no_leak()


class TestSettings:
    """The base URL hangs on a setting."""

    @pytest.fixture
    def service(self, ground: Ground) -> Service:
        return entered(
            ground,
            [API_KEY, {**SERVER, "default": ground.provider_url}, {"name": "units", "default": "metric"}],
            base_url="{server}",
        )

    def redeclare(self, service: Service, server: dict[str, Any]) -> None:
        service.properties = [API_KEY, {**SERVER, **server}]
        service.declare(base_url="{server}")

    def test_a_new_default_locks(self, ground: Ground, service: Service) -> None:
        self.redeclare(service, {"default": ground.stranger_url})
        assert_locked(service)

    def test_a_new_constant_locks(self, ground: Ground, service: Service) -> None:
        service.configure(server=ground.provider_url)
        self.redeclare(service, {"const": ground.stranger_url})
        assert_locked(service)

    @pytest.mark.parametrize("word", ["enum", "pattern"])
    def test_a_rule_that_refuses_the_person_s_setting_and_brings_another_locks(
        self, ground: Ground, service: Service, word: str
    ) -> None:
        service.configure(server=f"{ground.provider_url}/")
        assert_works(service)
        rule = {"enum": [ground.stranger_url], "pattern": f".*:{ground.stranger.port}"}[word]
        self.redeclare(service, {"default": ground.stranger_url, word: rule})
        assert_locked(service)

    def test_a_changed_setting_locks_and_the_old_one_unlocks(self, ground: Ground, service: Service) -> None:
        service.configure(server=ground.stranger_url)
        assert_locked(service)
        service.configure(server=f"{ground.provider_url}/deeper")
        assert_works(service)
        ground.call("PUT", f"/workspaces/1/plugins/{service.id}", {"config": {"server": ground.stranger_url}})
        assert_locked(service)
        ground.call("DELETE", f"/workspaces/1/plugins/{service.id}")
        assert_works(service)

    def test_a_notebook_s_setting_locks_in_that_notebook(self, ground: Ground, service: Service) -> None:
        notebook = ground.call("POST", "/workspaces/1/notebooks", {"name": "N"}).json()["id"]
        scope = f"?notebook_id={notebook}"
        service.configure(scope=scope, server=ground.stranger_url)
        assert_locked(service, scope)
        assert_works(service)
        accepted = ground.decide(service, scope=scope, accept=True)
        assert accepted.json()["review"] is None
        assert service.render(scope=scope).status_code == 200
        assert service.render().status_code == 200
        assert set(ground.places_of()) == {"the stranger"}

    def test_a_setting_that_is_no_part_of_the_origin_locks_nothing(
        self, ground: Ground, service: Service
    ) -> None:
        service.configure(units="imperial")
        assert_works(service)


class TestEnteredBeforeTheOriginIsSettled:
    @pytest.fixture
    def service(self, ground: Ground) -> Service:
        service = ground.service([API_KEY, SERVER])
        service.declare(base_url="{server}")
        service.enter()
        return service

    def test_it_goes_to_what_the_person_sets_first(self, ground: Ground, service: Service) -> None:
        service.configure(server=ground.provider_url)
        assert_works(service)
        service.configure(server=ground.stranger_url)
        assert_locked(service)

    def test_it_does_not_go_where_a_manifest_points_meanwhile(self, ground: Ground, service: Service) -> None:
        service.properties = [API_KEY, {**SERVER, "default": ground.stranger_url}]
        service.declare(base_url="{server}")
        assert_locked(service)

    def test_it_does_not_go_where_a_notebook_points(self, ground: Ground, service: Service) -> None:
        notebook = ground.call("POST", "/workspaces/1/notebooks", {"name": "N"}).json()["id"]
        service.configure(scope=f"?notebook_id={notebook}", server=ground.stranger_url)
        assert_locked(service, f"?notebook_id={notebook}")

    def test_it_does_not_follow_another_template(self, ground: Ground, service: Service) -> None:
        service.declare(base_url="{server}/x", auth={**BY_HEADER, "name": "X-Referrer"})
        service.configure(server=ground.stranger_url)
        assert_locked(service)


def test_a_detour_over_a_plugin_that_calls_nothing_locks_too(ground: Ground) -> None:
    service = entered(ground)
    view = {"id": service.id, "name": "V", "version": "1.0.0", "type": "view", "manifest": {}}
    assert ground.call("POST", "/plugins/register", view).status_code == 200
    service.declare(base_url=ground.stranger_url)
    assert_locked(service)


def test_a_plugin_that_was_forgotten_leaves_no_secret_to_its_successor(ground: Ground) -> None:
    service = entered(ground)
    assert ground.call("DELETE", f"/plugins/{service.id}").status_code == 204
    service.declare(base_url=ground.stranger_url)
    assert service.status_of() is None
    service.ask_in_every_way()
    ground.assert_no_leak()
