"""Accepting a review is a person's act: in a signed-in browser, on a page of this server, over real sockets."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import requests

from tests.conftest import API
from tests.security.ground import Ground, Service
from tests.security.locks import assert_locked, entered, review_of
from tests.security.signed_in import SignedIn, sign_in

SAME = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def service(ground: Ground) -> Service:
    """A plugin whose key would go to the stranger."""
    service = entered(ground)
    service.declare(base_url=ground.stranger_url)
    assert_locked(service)
    return service


@pytest.fixture
def browser(ground: Ground) -> Iterator[SignedIn]:
    yield sign_in(ground.server)


def page_of(service: Service, scope: str = "") -> str:
    return f"/review/{service.id}{scope}"


def form_of(page: requests.Response) -> dict[str, str]:
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
    return {name: html.unescape(value) for name, value in fields}


def accept_by_api(browser: SignedIn, service: Service, **headers: str) -> requests.Response:
    path = f"{API}/integrations/{service.id}/review"
    return browser.open("POST", path, headers, json={"accept": True})


TOKENS: dict[str, dict[str, str]] = {
    "a program": {},
    "a program that says it is a page": {**SAME, "Origin": "{own}"},
    "a program with a cookie beside": {**SAME, "Cookie": "{cookie}"},
}


@pytest.mark.parametrize("how", TOKENS)
def test_the_token_accepts_nothing(ground: Ground, service: Service, browser: SignedIn, how: str):
    filled = {
        name: value.format(own=ground.server.url, cookie=browser.cookie)
        for name, value in TOKENS[how].items()
    }
    path = f"/integrations/{service.id}/review"
    answer = ground.call("POST", f"{path}?workspace_id=1", {"accept": True}, headers=filled)
    assert (answer.status_code, answer.json()["code"]) == (403, "person_needed")
    page = answer.json()["page"]
    assert page == f"/review/{service.id}?workspace_id=1" and page in answer.json()["detail"]
    by_form = ground.open("POST", page_of(service), headers=filled, data={"token": "x", "seen": "[]"})
    assert (by_form.status_code, by_form.json()["code"]) == (403, "person_needed")
    left = ground.call("POST", path, {"accept": False})
    assert (left.status_code, left.json()["review"]) == (200, review_of(service))
    assert_locked(service)
    ground.assert_nobody_else_was_called()


FOREIGN: list[dict[str, str]] = [
    {},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://localhost:5173"},
    {"Origin": "null"},
    {"Origin": "http://localhost:5173", "Sec-Fetch-Site": "same-origin"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_browser_accepts_nothing_for_another_page(
    ground: Ground, service: Service, browser: SignedIn, headers: dict[str, str]
):
    by_api = accept_by_api(browser, service, **headers)
    assert (by_api.status_code, by_api.json()["code"]) in {(403, "person_needed"), (403, "foreign_origin")}
    form = form_of(browser.open("GET", page_of(service)))
    assert browser.open("POST", page_of(service), headers, data=form).status_code == 403
    assert_locked(service)


@pytest.mark.parametrize("headers", [SAME, {"Origin": "{own}"}])
def test_a_signed_in_browser_accepts_on_a_page_of_ours(
    ground: Ground, service: Service, browser: SignedIn, headers: dict[str, str]
):
    sent = {name: value.format(own=ground.server.url) for name, value in headers.items()}
    assert accept_by_api(browser, service, **sent).json()["review"] is None
    assert service.render().status_code == 200


def test_the_page_shows_both_sides_and_its_form_accepts_what_it_shows(
    ground: Ground, service: Service, browser: SignedIn
):
    page = browser.open("GET", page_of(service, "?workspace_id=1"))
    review = review_of(service)
    assert page.status_code == 200
    for text in (review["reason"], ground.provider_url, ground.stranger_url):
        assert html.escape(text) in page.text
    assert orjson.loads(form_of(page)["seen"]) == review["new"]
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    answer = browser.open("POST", page_of(service, "?workspace_id=1"), SAME, data=form_of(page))
    assert (answer.status_code, answer.headers["Location"]) == (303, page_of(service, "?workspace_id=1"))
    again = browser.open("GET", answer.headers["Location"])
    assert "no change to accept" in again.text and "<form" not in again.text
    assert service.render().status_code == 200
    assert set(ground.places_of()) == {"the stranger"}


def test_what_has_changed_since_is_shown_and_not_accepted(
    ground: Ground, service: Service, browser: SignedIn
):
    form = form_of(browser.open("GET", page_of(service)))
    service.declare(base_url="http://127.0.0.9:1")
    answer = browser.open("POST", page_of(service), SAME, data=form)
    assert answer.status_code == 409
    assert "has changed meanwhile" in answer.text and "127.0.0.9:1" in answer.text
    assert_locked(service)
    assert browser.open("POST", page_of(service), SAME, data=form_of(answer)).status_code == 303
    assert review_of(service) is None


def test_the_form_of_another_session_is_not_this_ones(ground: Ground, service: Service, browser: SignedIn):
    other = sign_in(ground.server)
    form = form_of(browser.open("GET", page_of(service)))
    for token in (form_of(other.open("GET", page_of(service)))["token"], "", "x", form["token"][:-1], "é"):
        answer = browser.open("POST", page_of(service), SAME, data={**form, "token": token})
        assert (answer.status_code, "Nothing was accepted" in answer.text) == (403, True)
    assert_locked(service)
    browser.open("POST", "/signout")
    assert browser.open("POST", page_of(service), SAME, data=form).status_code == 401


BROKEN: list[tuple[dict[str, Any], int]] = [
    ({"seen": ""}, 400),
    ({"seen": "["}, 400),
    ({"seen": "NaN"}, 400),
    ({"seen": "[" * 500 + "]" * 500}, 400),
    ({"seen": "{}"}, 422),
    ({"seen": "null"}, 422),
    ({"seen": "[1]"}, 422),
    ({"seen": "[]"}, 409),
    ({"seen": None}, 400),
]


@pytest.mark.parametrize(("changed", "status"), BROKEN)
def test_a_broken_form_is_refused_clearly(
    ground: Ground, service: Service, browser: SignedIn, changed: dict[str, Any], status: int
):
    form = form_of(browser.open("GET", page_of(service))) | changed
    assert browser.open("POST", page_of(service), SAME, data=form).status_code == status
    assert_locked(service)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/review/nowhere", 404),
        ("/review/{id}?workspace_id=99", 404),
        ("/review/{id}?notebook_id=99", 404),
        ("/review/{id}?workspace_id=x", 422),
        ("/review/", 404),
        ("/review/%3Cscript%3E", 404),
    ],
)
def test_a_page_for_nothing_says_so(service: Service, browser: SignedIn, path: str, status: int):
    assert browser.open("GET", path.format(id=service.id)).status_code == status


def test_the_page_asks_who_is_not_signed_in_to_sign_in(ground: Ground, service: Service):
    stranger = requests.get(
        ground.server.url + page_of(service),
        headers={"Accept": "text/html"},
        allow_redirects=False,
        timeout=20,
    )
    assert stranger.headers["Location"].startswith(f"/signin?next=/review/{service.id}")
    program = ground.open("GET", page_of(service))
    assert (program.status_code, "<form" in program.text, "Sign in" in program.text) == (200, False, True)


def test_names_of_a_manifest_are_text_on_the_page(ground: Ground, browser: SignedIn):
    service = entered(ground)
    manifest = {
        "integration": {
            "base_url": ground.stranger_url,
            "auth": {"type": "api_key", "in": "query", "name": "k'\"><script>alert(1)</script>"},
        },
        "properties": service.properties,
        "endpoints": [{"id": "status", "path": "/status"}],
    }
    declaration = {"id": service.id, "name": "<b>S</b>", "version": "1.0.0", "type": "integration"}
    answer = ground.call("POST", "/plugins/register", {**declaration, "manifest": manifest})
    page = browser.open("GET", page_of(service))
    assert page.status_code == 200
    assert "<script" not in page.text and "<b>" not in page.text
    if answer.status_code == 200:
        assert orjson.loads(form_of(page)["seen"]) == review_of(service)["new"]


def test_who_has_the_token_may_enter_the_secret_again(ground: Ground, service: Service):
    service.enter()
    assert review_of(service) is None
    assert service.render().status_code == 200
