"""A secret never determines a call's destination, and never appears in a URL that is shown."""

from __future__ import annotations

from typing import Any

import pytest

from plugin_store.models import Plugin
from tests.security.ground import API_KEY, BY_HEADER, STATUS, Ground, Service

SERVER = {"name": "server", "secure": True}
STARTS = [
    "{server}",
    "{server}/v1",
    "https://{server}",
    "https://{server}/v1",
    "https://api.{server}",
    "https://{server}.example.com",
    "https://api.example.com:{server}",
    "https://{server}:443/v1",
]


def token(**oauth2: Any) -> dict[str, Any]:
    section = {
        "token_url": "https://api.example.com/t",
        "client_id": "me",
        "client_secret": "{api_key}",
        **oauth2,
    }
    return {"auth": None, "auth_method": "oauth2_client_credentials", "oauth2": section}


def sign_in(**oauth2: Any) -> dict[str, Any]:
    section = {
        "authorization_url": "https://api.example.com/a",
        "token_url": "https://api.example.com/t",
        **oauth2,
    }
    return {
        "auth": None,
        "auth_method": "oauth2_authorization_code",
        "oauth2": {"client_id": "me", **section},
    }


def login(**step: Any) -> dict[str, Any]:
    step = {"token_path": "t", "body": {"p": "{api_key}"}, **step}
    return {"auth": None, "auth_method": "session_token", "login": [step]}


PLACES: dict[str, Any] = {
    "integration.base_url": lambda url: {"base_url": url},
    "endpoints[0].base_url": lambda url: {"endpoints": [{**STATUS, "base_url": url}]},
    "integration.oauth2.token_url": lambda url: token(token_url=url),
    "integration.oauth2.authorization_url": lambda url: sign_in(authorization_url=url),
    "integration.login[0].url": lambda url: login(url=url),
}


def errors_of(service: Service, **section: Any) -> dict[str, Any]:
    return service.declare(status=[422], **section).json()["errors"]


@pytest.mark.parametrize("url", STARTS)
@pytest.mark.parametrize("field", PLACES)
def test_a_secret_does_not_say_where_a_call_goes(ground: Ground, field: str, url: str) -> None:
    service = ground.service([API_KEY, SERVER])
    assert f"manifest.{field}" in errors_of(service, **PLACES[field](url))


def test_a_plain_setting_still_does(ground: Ground) -> None:
    service = ground.service([API_KEY, {"name": "server", "default": ground.provider_url}])
    service.declare(base_url="{server}")
    service.enter()
    assert service.render().status_code == 200


def test_a_key_in_the_path_of_a_base_url_is_one_way_to_call(ground: Ground) -> None:
    service = ground.service()
    service.declare(base_url=f"{ground.provider_url}/bot{{api_key}}", auth=None)
    service.enter()
    assert service.render().status_code == 200
    service.declare(base_url=f"{ground.provider_url}/search/{{api_key}}", auth=None)
    assert service.status_of() == "locked"


SHOWN = {
    "authorization_params": {"authorization_params": {"note": "{api_key}"}},
    "authorization_params, a part": {"authorization_params": {"note": "x-{api_key}"}},
    "scopes": {"scopes": ["read", "{api_key}"]},
    "client_id": {"client_id": "{api_key}"},
    "authorization_url": {"authorization_url": "https://api.example.com/a/{api_key}"},
    "authorization_url, a part": {"authorization_url": "https://api.example.com/a{api_key}/x"},
}


@pytest.mark.parametrize("oauth2", SHOWN.values(), ids=SHOWN.keys())
def test_a_secret_is_not_in_the_address_where_a_person_signs_in(
    ground: Ground, oauth2: dict[str, Any]
) -> None:
    field = next(iter(oauth2))
    assert f"manifest.integration.oauth2.{field}" in errors_of(ground.service(), **sign_in(**oauth2))


def test_what_is_only_sent_to_the_token_s_server_may_be_secret(ground: Ground) -> None:
    service = ground.service()
    service.declare(**token(client_id="{api_key}", scopes=["{api_key}"], token_params={"note": "{api_key}"}))
    service.declare(**sign_in(client_secret="{api_key}", token_params={"note": "{api_key}"}))


class TestManifestsStoredBefore:
    """By a version that took them."""

    @pytest.fixture
    def service(self, ground: Ground) -> Service:
        service = ground.service([API_KEY, SERVER])
        service.declare()
        service.enter()
        service.enter("server", ground.provider_url)
        return service

    def stored(self, service: Service, **section: Any) -> None:
        """The declaration changed behind the compiler's back."""
        database = service.ground.server.app.extensions["patchbay"].database
        with database.writing() as session:
            plugin = session.get(Plugin, service.id)
            plugin.manifest = {
                **plugin.manifest,
                "integration": {**plugin.manifest["integration"], **section},
            }
            plugin.digest = f"another-{service.id}"

    @pytest.mark.parametrize(
        "section", [{"base_url": "{server}"}, {"base_url": "{server}/x", "auth": BY_HEADER}]
    )
    def test_they_say_what_is_wrong_and_send_nothing(
        self, ground: Ground, service: Service, section: dict[str, Any]
    ) -> None:
        self.stored(service, **section)
        service.enter("server", ground.stranger_url)
        answers = [
            *service.ask_in_every_way(),
            service.test({"server": ground.stranger_url}),
            ground.call("GET", f"/integrations/{service.id}"),
            ground.call("POST", f"/integrations/{service.id}/explain", {"block_type": "status"}),
        ]
        for answer in answers:
            assert answer.status_code == 422
            assert "manifest.integration.base_url" in answer.json()["errors"]
        for path in ("/integrations", "/plugins", f"/plugins/{service.id}", f"/integrations/{service.id}/config",
                     f"/integrations/{service.id}/secrets/server"):  # fmt: skip
            assert ground.call("GET", path).status_code == 200
        ground.assert_nobody_else_was_called()
        service.declare()
        assert service.render().status_code == 200
