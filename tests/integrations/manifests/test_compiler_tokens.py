"""What of `oauth2` and `login` cannot work is refused by field."""

from __future__ import annotations

from typing import Any

import pytest

from errors import Invalid
from tests.integrations.building import integration_of

LOGIN = {"path": "/login", "body": {"u": "{user}"}, "token_path": "t"}
OAUTH2 = {"token_url": "https://login.test/token", "client_id": "me", "client_secret": "{api_key}"}
GET = {**LOGIN, "method": "GET", "body": None}
IN_BODY = {"type": "api_key", "name": "key", "in": "body"}


def refusal(**section: Any) -> dict[str, list[str]]:
    section = {"auth": {"type": "bearer", "token": "{session_token}"}, **section}
    properties = [{"name": "api_key", "secure": True}, {"name": "user"}]
    try:
        integration_of([{"id": "it", "path": "/it"}], properties=properties, **section)
    except Invalid as refused:
        return {
            path.removeprefix("manifest.integration."): text for path, text in (refused.errors or {}).items()
        }
    return {}


def logging_in(*steps: dict[str, Any]) -> dict[str, list[str]]:
    given = [{word: value for word, value in step.items() if value is not None} for step in steps]
    return refusal(auth_method="session_token", login=given)


def by_oauth2(**words: Any) -> dict[str, list[str]]:
    bearer = {"type": "bearer", "token": "{access_token}"}
    return refusal(auth_method="oauth2_client_credentials", oauth2={**OAUTH2, **words}, auth=bearer)


@pytest.mark.parametrize(
    ("step", "field", "words"),
    [
        ({**LOGIN, "auth": {"type": "bearer", "token": "{nothing}"}}, "login[0].auth[0]", "property `nothing`"),
        ({**LOGIN, "auth": {"type": "bearer", "token": "{session_token}"}}, "login[0].auth[0]", "session_token"),
        ({**LOGIN, "auth": [{"type": "basic"}]}, "login[0].auth[0]", "property `password`"),
        ({**LOGIN, "auth": {"type": "api_key", "name": "X", "when": "no"}}, "login[0].auth[0]", "property `no`"),
        ({**LOGIN, "auth": {"type": "api_key", "name": "X", "value": "{login.c}"}, "outputs": {"c": "c"}}, "login[0].auth[0]", "login.c"),
        ({**GET, "auth": IN_BODY}, "login[0].method", "has no body"),
        ({**LOGIN, "body_format": "text", "body": "x", "auth": IN_BODY}, "login[0].body", "no place"),
        ({**LOGIN, "auth": {"type": "api_key", "name": "X-Ü", "value": "ü"}}, "login[0].auth[0].name", "header name"),
        ({**LOGIN, "when": "nobody"}, "login[0].when", "no property `nobody`"),
        ({**LOGIN, "expired_when": "a ="}, "login[0].expired_when.body", "position"),
        ({**LOGIN, "expired_when": "config('user')"}, "login[0].expired_when.body", "not a declared property"),
        ({**LOGIN, "expired_when": {"header": "X", "pattern": "("}}, "login[0].expired_when.pattern", ""),
        ({**LOGIN, "expired_when": {"redirect": "login"}}, "login[0].expired_when.redirect", "path of a page"),
        ({**LOGIN, "expired_when": {"redirect": "/login?x=y"}}, "login[0].expired_when.redirect", "path of a page"),
        ({**LOGIN, "expired_when": {"status_codes": [99]}}, "login[0].expired_when.status_codes[0]", ""),
        ({**LOGIN, "expired_when": {"when": "x"}}, "login[0].expired_when.when", "Unknown"),
        ({**LOGIN, "expired_when": 5}, "login[0].expired_when", ""),
    ],
)  # fmt: skip
def test_what_a_login_cannot_send(step: dict[str, Any], field: str, words: str):
    assert words in " ".join(logging_in(step)[field])


def test_a_later_request_may_carry_what_an_earlier_one_gives_and_not_the_reverse():
    nonce = {"path": "/nonce", "outputs": {"c": "c"}}
    carrying = {**LOGIN, "auth": {"type": "api_key", "name": "X", "value": "{login.c}"}}
    assert logging_in(nonce, carrying) == {}
    assert list(logging_in({**nonce, "auth": carrying["auth"]}, LOGIN)) == ["login[0].auth[0]"]


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"query": {"a": "{nothing}"}}, "oauth2.query"),
        ({"when": "nobody"}, "oauth2.when"),
        ({"client_secret_encoding": "base64"}, "oauth2.client_secret_encoding"),
        ({"body_format": "xml"}, "oauth2.body_format"),
        ({"query": {"a b": "x"}}, "oauth2.query.a b"),
        ({"token_url": "https://login.test/token?x=y"}, "oauth2.token_url"),
    ],
)
def test_what_a_token_request_cannot_send(words: dict[str, Any], field: str):
    assert list(by_oauth2(**words)) == [field]
