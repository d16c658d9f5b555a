"""Signed-in browsers over real sockets: one session per sign-in, listed, and ended at once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests
import time_machine
from flask import request_started
from pytest_httpserver import HTTPServer

from settings import Settings
from tests.conftest import API, TOKEN, RunningServer
from tests.faults.server_process import ServerProcess
from tests.security.signed_in import SignedIn, sign_in

RENDER = "/integrations/svc/render"
BODY = {"block_type": "item", "parameters": {}}


def declare(server: RunningServer, upstream: HTTPServer) -> None:
    upstream.expect_request("/get").respond_with_json({"ok": True})
    manifest = {
        "integration": {"base_url": upstream.url_for("").rstrip("/"), "auth_method": "none"},
        "endpoints": [{"id": "get", "path": "/get"}],
        "blocks": [{"id": "item", "endpoint": "get", "cache_ttl": 600}],
    }
    declaration = {"id": "svc", "name": "S", "version": "1.0.0", "type": "integration", "manifest": manifest}
    answer = server.request("POST", f"{API}/plugins/register", json=declaration)
    assert answer.status_code == 201, answer.text


class Flask:
    """Counts the requests that reach Flask."""

    def __init__(self, server: RunningServer) -> None:
        self.asked = 0
        self._count: Callable[..., Any] = lambda *_args, **_more: setattr(self, "asked", self.asked + 1)
        request_started.connect(self._count, server.app)


def settle(browser: SignedIn, flask: Flask) -> None:
    """Returns when the browser's render is answered ahead of Flask."""
    for _ in range(4):
        before = flask.asked
        assert browser.call("POST", RENDER, BODY).status_code == 200
        if flask.asked == before:
            return
    raise AssertionError("the render is never answered ahead of Flask")


def test_each_sign_in_has_a_cookie_of_its_own_that_holds_no_token(server: RunningServer):
    browsers = [sign_in(server) for _ in range(3)]
    assert len({browser.cookie for browser in browsers}) == 3
    for browser in browsers:
        assert TOKEN not in browser.set_cookie
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {*browser.set_cookie.split("; ")}
        assert "Secure" not in browser.set_cookie and "Domain" not in browser.set_cookie
        assert browser.call("GET", "/plugins").status_code == 200


def test_sessions_are_listed_without_what_they_are_proved_with(server: RunningServer):
    first = sign_in(server, **{"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0"})
    second = sign_in(server, **{"User-Agent": "curl/8.5"})
    answer = second.call("GET", "/sessions")
    listed = {row["user_agent"]: row["current"] for row in answer.json()}
    assert listed == {"Firefox on Linux": False, "curl": True}
    assert [row["current"] for row in server.request("GET", f"{API}/sessions").json()] == [False, False]
    for browser in (first, second):
        assert browser.cookie.partition("=")[2] not in answer.text


def test_signing_out_ends_the_session_for_whoever_kept_the_cookie(server: RunningServer):
    browser, other = sign_in(server), sign_in(server)
    answer = browser.open("POST", "/signout")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/signin")
    assert "Expires=Thu, 01 Jan 1970" in answer.headers["Set-Cookie"]
    assert browser.call("GET", "/plugins").status_code == 401
    assert other.call("GET", "/plugins").status_code == 200


def test_signing_in_again_leaves_no_session_behind(server: RunningServer):
    browser = sign_in(server)
    again = sign_in(server, Cookie=browser.cookie)
    assert browser.call("GET", "/plugins").status_code == 401
    assert [row["current"] for row in again.call("GET", "/sessions").json()] == [True]


def test_one_or_all_others_are_signed_out(server: RunningServer):
    mine, *others = (sign_in(server) for _ in range(4))
    first = next(row["id"] for row in others[0].call("GET", "/sessions").json() if row["current"])
    assert mine.call("DELETE", f"/sessions/{first}").status_code == 204
    assert mine.call("DELETE", f"/sessions/{first}").status_code == 404
    assert mine.call("DELETE", "/sessions").json() == {"ended": 2}
    assert [browser.call("GET", "/plugins").status_code for browser in others] == [401] * 3
    assert mine.call("GET", "/plugins").status_code == 200
    assert server.request("DELETE", f"{API}/sessions").json() == {"ended": 1}
    assert mine.call("GET", "/plugins").status_code == 401


ENDINGS: dict[str, Callable[[ServerProcess, SignedIn], Any]] = {
    "signed out": lambda other, browser: replace(browser, origin=other.origin, cookie=renamed(browser, other)).open(
        "POST", "/signout"
    ),
    "all ended": lambda other, _: other.ask("DELETE", "/sessions"),
    "one ended": lambda other, _: other.ask("DELETE", f"/sessions/{other.ask('GET', '/sessions').json()[0]['id']}"),
}  # fmt: skip


def renamed(browser: SignedIn, other: ServerProcess) -> str:
    """The same cookie under the name that a server on another port gives it."""
    return f"patchbay_{other.origin.rpartition(':')[2]}={browser.cookie.partition('=')[2]}"


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_session_that_another_process_ends_is_out_at_once_for_hits_too(
    server: RunningServer, upstream: HTTPServer, ending: str
):
    declare(server, upstream)
    browser, flask = sign_in(server), Flask(server)
    settle(browser, flask)
    with ServerProcess(server.settings.instance, PATCHBAY_PREFETCH="off") as other:
        settle(browser, flask)
        assert ENDINGS[ending](other, browser).status_code in (200, 204, 303)
        before = flask.asked
        for _ in range(3):
            # Others make the answer known anew, at the store's new revision.
            assert server.request("POST", API + RENDER, json=BODY).headers["X-Cache"] == "HIT"
        assert flask.asked < before + 3
        assert browser.call("POST", RENDER, BODY).status_code == 401


def test_a_known_answer_is_given_to_a_browser_only_while_its_session_goes_on(
    server: RunningServer, upstream: HTTPServer
):
    declare(server, upstream)
    flask = Flask(server)
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        browser = sign_in(server)
        for _ in range(19):
            clock.shift(9 * 86_400)
            assert browser.call("POST", RENDER, BODY).status_code == 200
        clock.shift(9 * 86_400)
        assert browser.call("POST", RENDER, BODY).status_code == 401
        again = sign_in(server)
        settle(again, flask)
        clock.shift(30 * 86_400)
        assert again.call("POST", RENDER, BODY).status_code == 401


def test_a_rotated_token_ends_every_session(
    settings: Settings,
    start_server: Callable[[Settings], RunningServer],
    make_app: Callable[[Settings], Any],
    upstream: HTTPServer,
):
    unset = replace(settings, token=None)
    server = start_server(unset)
    declare(server, upstream)
    browser = sign_in(server)
    settle(browser, Flask(server))
    new = make_app(unset).test_cli_runner().invoke(args=["token", "rotate"]).output.split()[0]
    assert browser.call("POST", RENDER, BODY).status_code == 401
    again = SignedIn.at(server.url, new)
    assert [row["current"] for row in again.call("GET", "/sessions").json()] == [True]


@pytest.mark.parametrize("wrong", ["", "x" * 64, "0" * 64, "'", "\u00e9", "a" * 8000])
def test_no_other_cookie_comes_in(server: RunningServer, wrong: str):
    browser = sign_in(server)
    name, _, value = browser.cookie.partition("=")
    for cookie in (wrong, value[:-1], value + "x", value.upper()):
        answer = browser.open(
            "GET", f"{API}/plugins", {"Cookie": f"{name}={cookie}".encode().decode("latin-1")}
        )
        assert answer.status_code == 401
    leads_to_sign_in = browser.open(
        "GET", "/notebook", {"Cookie": f"{name}={'0' * 64}", "Accept": "text/html"}
    )
    assert leads_to_sign_in.headers["Location"] == "/signin?next=/notebook"


def test_a_cookie_of_the_name_that_another_port_set_does_not_sign_out(server: RunningServer):
    browser = sign_in(server)
    name = browser.cookie.partition("=")[0]
    for cookie in (f"{name}=tossed; {browser.cookie}", f"{browser.cookie}; {name}=tossed"):
        assert browser.open("GET", f"{API}/plugins", {"Cookie": cookie}).status_code == 200
        large = {"name": "x" * 100_000}
        answer = browser.open("POST", f"{API}/workspaces", {"Cookie": cookie}, json=large)
        assert answer.status_code == 422


def test_under_https_the_cookie_goes_over_https_only_and_to_this_host_only(
    settings: Settings, start_server: Callable[[Settings], RunningServer]
):
    server = start_server(replace(settings, public_url="https://patchbay.example"))
    browser = sign_in(server)
    name, *attributes = browser.set_cookie.split("; ")
    # Of the port that browsers connect to, so that servers behind one proxy have one name for it.
    assert name.startswith("__Host-patchbay_443=")
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= {*attributes}
    assert browser.call("GET", "/plugins").status_code == 200
    out = browser.open("POST", "/signout").headers["Set-Cookie"]
    assert out.startswith("__Host-") and "Secure" in out
    plain = browser.cookie.removeprefix("__Host-")
    assert sign_in(server).open("GET", f"{API}/plugins", {"Cookie": plain}).status_code == 401


WAYS: dict[str, Callable[[str, str], requests.Response]] = {
    "link": lambda url, token: requests.get(
        f"{url}/signin", params={"token": token}, allow_redirects=False, timeout=20
    ),
    "form": lambda url, token: requests.post(
        f"{url}/signin", data={"token": token}, allow_redirects=False, timeout=20
    ),
    "json": lambda url, token: requests.post(f"{url}/signin", json={"token": token}, timeout=20),
}


def test_wrong_tokens_are_slowed_in_whichever_way_and_logged_without_their_value(
    server: RunningServer, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        ways = [*WAYS.values()] * 2
        statuses = [way(server.url, f"wr0ng-{number}").status_code for number, way in enumerate(ways)]
        assert statuses == [401] * 5 + [429]
        for way in WAYS.values():
            refused = way(server.url, TOKEN)
            assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
            assert "Set-Cookie" not in refused.headers
        assert WAYS["json"](server.url, TOKEN).json()["code"] == "too_many_sign_ins"
        assert server.request("GET", f"{API}/plugins").status_code == 200
        clock.shift(1)
        assert WAYS["link"](server.url, TOKEN).status_code == 303
    ours = [record for record in caplog.records if record.name.startswith("patchbay")]
    warnings = [record.getMessage() for record in ours if record.levelname == "WARNING"]
    assert [message.partition(": ")[2] for message in warnings] == [f"{n} in a row." for n in range(1, 6)]
    assert not [message for record in ours if "wr0ng" in (message := record.getMessage()) or TOKEN in message]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize(("mode", "dest"), [("no-cors", "image"), ("navigate", "iframe"), ("cors", "empty")])
def test_another_page_can_neither_use_up_the_attempts_nor_sign_in(
    server: RunningServer, site: str, mode: str, dest: str
):
    sent = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    for token in ("wrong", TOKEN) * 10:
        link = f"{server.url}/signin?token={token}"
        answer = requests.get(link, headers=sent, allow_redirects=False, timeout=20)
        assert (answer.status_code, "Set-Cookie" in answer.headers) == (403, False)
    by_link = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert sign_in(server, **by_link).call("GET", "/plugins").status_code == 200
