"""What a page of another port or site can make a signed-in browser do: open our pages, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from pytest_httpserver import HTTPServer

from settings import Settings
from tests.conftest import API, RunningServer
from tests.security.signed_in import SignedIn, sign_in
from tests.security.test_sessions import BODY, RENDER, declare

FRIEND = "http://localhost:5173"
GET_RENDER = f"{RENDER}?block_type=item&parameters=%7B%7D"

IMAGE = {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
FOREIGN = {
    "an image of another port": {"Sec-Fetch-Site": "same-site", **IMAGE},
    "an image of another site": {"Sec-Fetch-Site": "cross-site", **IMAGE},
    "a script's call": {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Origin": "http://localhost:9999"},
    "a call of an old browser": {"Origin": "http://localhost:9999"},
    "a page without an origin": {"Origin": "null"},
    "a frame": {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    "a window": {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    "a word that no browser says": {"Sec-Fetch-Site": "same-origin, same-site"},
}  # fmt: skip
OURS = {
    "a page of ours": {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
    "the address bar": {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
    "an allowed frontend": {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Origin": FRIEND},
    "a program": {},
}


@pytest.fixture
def server(
    settings: Settings, start_server: Callable[[Settings], RunningServer], upstream: HTTPServer
) -> RunningServer:
    server = start_server(replace(settings, allowed_origins=(FRIEND,)))
    declare(server, upstream)
    return server


@pytest.fixture
def browser(server: RunningServer) -> SignedIn:
    return sign_in(server)


def refusal(browser: SignedIn, method: str, path: str, headers: dict[str, str]) -> tuple[int, str | None]:
    answer = browser.open(method, API + path, headers)
    problem = answer.json() if "problem" in answer.headers.get("Content-Type", "") and answer.content else {}
    return answer.status_code, problem.get("code")


@pytest.mark.parametrize("page", FOREIGN)
def test_no_api_route_answers_a_foreign_page_by_the_cookie(
    server: RunningServer, browser: SignedIn, upstream: HTTPServer, page: str
):
    for path in (GET_RENDER, "/plugins", "/sessions", "/openapi.json", "/nowhere"):
        assert refusal(browser, "GET", path, FOREIGN[page]) == (403, "foreign_origin")
        assert browser.open("HEAD", API + path, FOREIGN[page]).status_code == 403
    assert upstream.log == []
    with_token = {**FOREIGN[page], "Authorization": f"Bearer {server.token}"}
    assert server.request("GET", API + GET_RENDER, headers=with_token).status_code == 200


@pytest.mark.parametrize("page", OURS)
def test_pages_of_ours_and_allowed_ones_are_answered(browser: SignedIn, page: str):
    for path in (GET_RENDER, "/plugins"):
        assert browser.open("GET", API + path, OURS[page]).status_code == 200


@pytest.mark.parametrize("page", FOREIGN)
def test_an_answer_that_is_known_is_not_given_to_a_foreign_page_either(
    server: RunningServer, browser: SignedIn, page: str
):
    sent, token = FOREIGN[page], {"Authorization": f"Bearer {server.token}"}
    for _ in range(3):
        # A program may send what it likes, and so makes the very same request known.
        assert server.request("GET", API + GET_RENDER, headers={**sent, **token}).status_code == 200
        assert browser.open("GET", API + GET_RENDER).status_code == 200
    assert refusal(browser, "GET", GET_RENDER, sent) == (403, "foreign_origin")
    assert browser.open("GET", API + GET_RENDER).headers["X-Cache"] == "HIT"


@pytest.mark.parametrize("site", ["same-site", "cross-site"])
@pytest.mark.parametrize("path", ["/notebook", "/api/docs", "/docs/problems", "/signin", "/"])
def test_a_link_on_another_page_still_opens_our_pages(browser: SignedIn, site: str, path: str):
    navigation = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    answer = browser.open("GET", path, {**navigation, "Accept": "text/html"})
    assert answer.status_code in (200, 303)
    assert not answer.headers.get("Location", "").startswith("/signin")


@pytest.mark.parametrize("path", ["/notebook", "/metrics", "/notebook/gallery.json", "/static/patchbay.js"])
def test_what_is_no_api_is_not_loaded_into_a_foreign_page(browser: SignedIn, path: str):
    assert browser.open("GET", path, FOREIGN["an image of another port"]).status_code == 403


def test_a_change_by_a_foreign_page_is_refused_as_before(browser: SignedIn):
    assert refusal(browser, "POST", RENDER, FOREIGN["a window"]) == (403, "foreign_origin")
    friend = {"Origin": FRIEND, "Sec-Fetch-Site": "same-site"}
    assert browser.open("POST", API + RENDER, friend, json=BODY).status_code == 200
