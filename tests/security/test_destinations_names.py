"""A name in a manifest is a name, whatever it spells: it makes no destination look like another."""

from __future__ import annotations

from typing import Any

import pytest

from tests.security.ground import API_KEY, BY_HEADER, STATUS, Ground, json_answer
from tests.security.locks import assert_locked, entered
from tests.security.test_secret_placements import filled

KEY = "{{api_key}}"
NAMES = [
    "k@unresolved:",
    "@unresolved:",
    "k@unresolved:https://{{q}}",
    "X-Key@{provider}",
    "k@{provider}",
    "k:@{provider}@unresolved:",
    "{{}}",
]
QUERY = {"type": "api_key", "in": "query", "value": KEY}
LOGIN = {"path": "/l", "token_path": "token"}


def moves(name: str) -> dict[str, dict[str, Any]]:
    """Where a manifest may write a name of its own choice, each with the key beside it."""
    signed = {"type": "signature", "values": [{"name": "m", "function": "base64", "input": KEY}]}
    return {
        "a credential in the query": {"auth": {**QUERY, "name": name}},
        "a credential in the body": {
            "auth": {**QUERY, "in": "body", "name": name},
            "endpoints": [{**STATUS, "method": "POST", "safe": True}],
        },
        "a query of the integration": {"auth": None, "query": {name: KEY}},
        "a query in the path": {"auth": None, "endpoints": [{**STATUS, "path": f"/status?{name}={KEY}"}]},
        "a member of the body": {
            "auth": None,
            "endpoints": [{**STATUS, "method": "POST", "safe": True, "body": {name: KEY}}],
        },
        "a query of a signature": {"auth": {**signed, "query": {name: "{{m}}"}}},
        "a query of a login": {
            "auth": None,
            "auth_method": "session_token",
            "login": {**LOGIN, "query": {name: KEY}},
        },
        "a parameter of a token": {
            "auth": None,
            "auth_method": "oauth2_client_credentials",
            "oauth2": {
                "token_url": "{stranger}/token",
                "client_id": "me",
                "token_endpoint_auth_method": "none",
                "token_params": {name: KEY},
            },
        },
    }


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("move", moves("k"))
def test_a_name_hides_no_origin(ground: Ground, move: str, name: str) -> None:
    service = entered(ground, [API_KEY, {"name": "q", "default": "x"}])
    ground.provider.requests.clear()
    section = filled({"base_url": "{stranger}", **moves(name)[move]}, ground)
    answer = service.declare(status=(200, 201, 422), **section)
    if answer.status_code == 422:
        # Not every name may stand everywhere; then the manifest is as it was.
        assert service.render().status_code == 200
    else:
        assert answer.json()["review"] is not None
        assert {item["origin"] for item in answer.json()["review"]["new"]} == {ground.stranger_url}
        assert_locked(service)
    ground.assert_nobody_else_was_called()


@pytest.mark.parametrize("name", ["k@unresolved:", "k@unresolved:https://{api}"])
def test_a_parameter_s_name_hides_none_either(ground: Ground, name: str) -> None:
    service = entered(ground)
    parameters = [{"name": name, "in": "query", "from_config": "api_key"}]
    answer = service.declare(
        status=(200, 422),
        auth=None,
        base_url=ground.stranger_url,
        endpoints=[{**STATUS, "parameters": parameters}],
    )
    assert answer.status_code == 422 or answer.json()["review"] is not None
    service.ask_in_every_way()
    ground.assert_nobody_else_was_called()


def test_a_token_bought_with_the_key_does_not_leave_under_such_a_name(ground: Ground) -> None:
    ground.reply = token_reply
    by_token = {"type": "api_key", "in": "query", "name": "t", "value": "{session_token}"}
    login = {**LOGIN, "body": {"p": "{api_key}"}}
    service = ground.service()
    service.declare(auth=by_token, auth_method="session_token", login=login)
    service.enter()
    assert service.render().status_code == 200
    moved = {**by_token, "name": "t@unresolved:"}
    answer = service.declare(
        base_url=ground.stranger_url,
        auth=moved,
        auth_method="session_token",
        login={**login, "path": None, "url": f"{ground.provider_url}/l"},
        status=(200, 422),
    )
    if answer.status_code == 422:
        answer = service.declare(
            base_url=ground.stranger_url,
            auth=moved,
            auth_method="session_token",
            login={"url": f"{ground.provider_url}/l", "token_path": "token", "body": {"p": "{api_key}"}},
        )
    assert answer.json()["review"] is not None
    assert_locked(service)
    ground.assert_no_leak(SESSION)


SESSION = "session-of-the-person-0123456789"


def token_reply(_request: bytes) -> bytes:
    return json_answer(b'{"token": "%s"}' % SESSION.encode())


def test_a_review_is_accepted_for_the_records_that_were_seen(ground: Ground) -> None:
    service = entered(ground)
    service.declare(base_url=ground.stranger_url, auth={**BY_HEADER, "in": "query", "name": "a:b@c"})
    review = service.details()["review"]
    for field, value in (("name", "a"), ("origin", ground.provider_url), ("placement", "header")):
        other = [{**review["new"][0], field: value}]
        assert ground.decide(service, accept=True, new=other).status_code == 409
    assert_locked(service)
    for wrong in (["a text"], [{}], [{"request": 1}], [{**review["new"][0], "more": 1}]):
        assert ground.decide(service, accept=True, new=wrong).status_code == 422
    accepted = ground.decide(service, accept=True, new=review["new"])
    assert accepted.json()["review"] is None
