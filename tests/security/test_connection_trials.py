"""A test of unsaved settings never sends a stored secret to the caller's destination."""

from __future__ import annotations

from typing import Any

import pytest

from tests.raw_upstreams import respond
from tests.security.ground import API_KEY, BY_HEADER, STATUS, Ground, Service

OWN_KEY = "key-of-the-caller-0123456789"


def text(name: str, value: Any = None, kind: str = "string") -> dict[str, Any]:
    return {"name": name, "type": kind, **({} if value is None else {"default": value})}


def trial(ground: Ground, properties: list[dict[str, Any]], **declared: Any) -> Service:
    """A service that works with its saved settings."""
    service = ground.service([API_KEY, *properties])
    service.declare(**declared)
    service.enter()
    return service


def addresses(ground: Ground) -> dict[str, tuple[Any, Any]]:
    """How a manifest may leave its address to a setting: the base URL, and the value that is saved."""
    port = ground.provider.port
    return {
        "{address}": (ground.provider_url, "string"),
        "{address}/deeper": (ground.provider_url, "string"),
        "http://{address}": (f"127.0.0.1:{port}", "string"),
        "http://{address}/deeper": (f"127.0.0.1:{port}", "string"),
        "http://127.0.0.1:{address}": (port, "integer"),
        f"http://127.0.{{address}}.1:{port}": ("0", "string"),
    }


ELSEWHERE = {
    "{address}": [
        "{stranger}",
        "{stranger}/",
        " {stranger} ",
        "HTTP://127.0.0.1:{port}",
        "{stranger}/{provider}",
        "https://127.0.0.1:{port}",
        "{provider}@127.0.0.1:{port}",
        "{provider}\\@127.0.0.1:{port}",
        "{provider}#@127.0.0.1:{port}",
        "http://127.0.0.2:{port}",
        "http://127.0.0.1.:{port}",
        "http://127.0.0.1.evil.com",
        "//127.0.0.1:{port}",
    ],
    "{address}/deeper": ["{stranger}", "{stranger}/a/../b", "{stranger}?"],
    "http://{address}": [
        "127.0.0.1:{port}",
        "127.0.0.1:{port}/",
        "127.0.0.1:{own}@127.0.0.1:{port}",
        "127.0.0.1:{port}#",
        "127.0.0.1:{port}\r\nHost: evil",
    ],
    "http://{address}/deeper": ["127.0.0.1:{port}", "127.0.0.1:{port}/x"],
    "http://127.0.0.1:{address}": ["{port}"],
    "http://127.0.{address}.1": ["1", "0.1:{port}/", "0.1:{port}#"],
}
TRIALS = [(template, value) for template, values in ELSEWHERE.items() for value in values]


@pytest.mark.parametrize(("template", "value"), TRIALS)
def test_a_stored_secret_does_not_go_to_an_address_that_is_tried(
    ground: Ground, template: str, value: str
) -> None:
    found = next(name for name in addresses(ground) if name.startswith(template))
    saved, kind = addresses(ground)[found]
    service = trial(ground, [text("address", saved, kind)], base_url=found)
    assert service.test().json()["success"] is True
    sent_before = len(ground.provider.requests)
    tried: Any = value.format(
        stranger=ground.stranger_url,
        provider=ground.provider_url,
        port=ground.stranger.port,
        own=ground.provider.port,
    )
    notebook = ground.call("GET", "/workspaces/1/notebooks").json()[0]["id"]
    for scope in ("", f"?notebook_id={notebook}"):
        answer = service.test({"address": int(tried) if kind == "integer" else tried}, scope=scope)
        assert (answer.status_code, answer.json()["success"]) in ((200, False), (409, False), (422, False))
    assert len(ground.provider.requests) == sent_before
    ground.assert_nobody_else_was_called()


def test_the_caller_s_own_key_goes_where_the_caller_points(ground: Ground) -> None:
    service = trial(ground, [text("address", ground.provider_url)], base_url="{address}")
    verdict = service.test({"address": ground.stranger_url, "api_key": OWN_KEY}).json()
    assert verdict["success"] is True
    assert OWN_KEY.encode() in ground.stranger.requests[0]
    # What was tried is neither kept nor told.
    assert ground.places_of(OWN_KEY) == ["the stranger"]
    ground.assert_no_leak()


def test_an_own_key_does_not_take_another_stored_one_along(ground: Ground) -> None:
    second = {"name": "second", "secure": True}
    auth = [BY_HEADER, {"type": "api_key", "in": "query", "name": "k", "value": "{second}"}]
    service = trial(ground, [second, text("address", ground.provider_url)], base_url="{address}", auth=auth)
    service.enter("second", "other-secret-0123456789")
    for entered in ("api_key", "second"):
        answer = service.test({"address": ground.stranger_url, entered: OWN_KEY})
        assert answer.json()["success"] is False
    ground.assert_nobody_else_was_called()
    ground.assert_no_leak("other-secret-0123456789")


@pytest.mark.parametrize("value", [None, ""])
def test_an_emptied_key_does_not_fall_back_on_the_stored_one(ground: Ground, value: str | None) -> None:
    service = trial(ground, [text("address", ground.provider_url)], base_url="{address}")
    service.test({"address": ground.stranger_url, "api_key": value})
    service.test({"api_key": value})
    assert ground.secret.encode() not in ground.sent()
    ground.assert_no_leak()


@pytest.mark.parametrize(
    "section",
    [
        {"auth": None, "auth_method": "session_token", "login": {"url": "{address}/l", "body": {"p": "{api_key}"}, "token_path": "t"}},
        {"auth": None, "auth_method": "oauth2_client_credentials", "oauth2": {"token_url": "{address}/t", "client_id": "me", "client_secret": "{api_key}"}},
        {"endpoints": [{**STATUS, "base_url": "{address}"}]},
        {"base_url": "{address}", "auth": None, "auth_method": "session_token", "login": {"path": "/l", "query": {"p": "{api_key}"}, "token_path": "t"}},
    ],
    ids=["a login", "a token", "an endpoint of its own", "a login at the base URL"],
)  # fmt: skip
def test_no_part_of_a_call_carries_it_there(ground: Ground, section: dict[str, Any]) -> None:
    service = trial(ground, [text("address", ground.provider_url)], **section)
    answer = service.test({"address": ground.stranger_url})
    assert answer.json()["success"] is False
    ground.assert_nobody_else_was_called()


def test_a_redirect_does_not_carry_it_on(ground: Ground) -> None:
    service = trial(
        ground,
        [text("address", ground.provider_url)],
        base_url="{address}",
        endpoints=[{**STATUS, "redirects": "any"}],
    )
    elsewhere = (f"Location: {ground.stranger_url}/status",)
    ground.reply = lambda _request: respond(b"", status="302 Found", headers=elsewhere)
    assert service.test({"address": f"{ground.provider_url}/deeper"}).status_code == 200
    assert ground.stranger.requests != []
    ground.assert_no_leak()


def test_what_waits_for_a_review_is_not_tried_around_it(ground: Ground) -> None:
    service = trial(ground, [text("units", "metric")])
    service.declare(base_url=ground.stranger_url)
    for config in (None, {}, {"units": "imperial"}):
        answer = service.test(config)
        assert (answer.status_code, answer.json()["success"]) in ((200, False), (409, False))
    ground.assert_nobody_else_was_called()
