"""Patchbay in a browser beside pages of other sites: links from there, and the client used there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_httpserver import HTTPServer

from settings import Settings
from tests.conftest import RunningServer
from tests.upstreams import Upstream

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@dataclass
class Elsewhere:
    """A site of another name: `localhost`, where Patchbay is `127.0.0.1`."""

    site: HTTPServer

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.site.port}"

    def show(self, html: str) -> str:
        """The address of a page that holds `html`."""
        self.site.expect_request("/page").respond_with_data(html, content_type="text/html; charset=utf-8")
        return f"{self.origin}/page"


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    with Upstream(host="localhost") as site:
        yield Elsewhere(site)


def open_page(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    return page


def test_a_link_from_another_site_opens_the_page_for_who_is_signed_in(
    open_notebook: Callable[[], Page], context: BrowserContext, patchbay: RunningServer, elsewhere: Elsewhere
) -> None:
    open_notebook()
    wanted = f"{patchbay.url}/notebook?notebook_id=1"
    page = open_page(context, elsewhere.show(f'<a href="{wanted}">there</a>'))
    page.get_by_text("there").click()
    page.locator("body[data-ready=true]").wait_for()
    assert page.url == wanted


def test_a_form_and_a_redirect_of_another_site_open_it_too(
    open_notebook: Callable[[], Page], context: BrowserContext, patchbay: RunningServer, elsewhere: Elsewhere
) -> None:
    open_notebook()
    target = f"{patchbay.url}/docs/problems"
    elsewhere.site.expect_request("/moved").respond_with_data("", 302, {"Location": target})
    page = open_page(context, elsewhere.show('<a href="/moved">moved</a>'))
    page.get_by_text("moved").click()
    expect(page.get_by_role("heading", name="Problem codes")).to_be_visible()
    assert page.url == target


def test_a_link_from_another_site_leads_who_is_not_signed_in_to_the_form(
    context: BrowserContext, patchbay: RunningServer, elsewhere: Elsewhere
) -> None:
    page = open_page(context, elsewhere.show(f'<a href="{patchbay.url}/notebook?notebook_id=1">there</a>'))
    visited: list[str] = []
    page.on("framenavigated", lambda frame: visited.append(frame.url))
    page.get_by_text("there").click()
    page.get_by_label("Token").fill(patchbay.token)
    # By way of one page of ours, and no further.
    assert len(visited) <= 2
    page.get_by_role("button", name="Sign in").click()
    page.locator("body[data-ready=true]").wait_for()
    assert page.url == f"{patchbay.url}/notebook?notebook_id=1"


def test_an_address_that_was_typed_leads_straight_to_the_form(
    context: BrowserContext, patchbay: RunningServer
) -> None:
    page = context.new_page()
    loaded: list[str] = []
    page.on("response", lambda response: loaded.append(response.url))
    page.goto(f"{patchbay.url}/notebook")
    expect(page.get_by_label("Token")).to_be_visible()
    assert f"{patchbay.url}/signin?next=/notebook" in loaded
    assert not [url for url in loaded if "again" in url]


CALL = """async ({ server, token }) => {
  const { createClient } = await import(`${server}/static/client/patchbay.js`);
  try {
    return { plugins: await createClient({ token }).plugins() };
  } catch ({ code, status, detail, problem }) {
    return { code, status, detail, reason: problem?.reason };
  }
}"""


def call_from(page: Page, server: RunningServer, token: str | None) -> dict[str, Any]:
    return page.evaluate(CALL, {"server": server.url, "token": token})


@pytest.fixture
def friendly(
    elsewhere: Elsewhere, settings: Settings, start_server: Callable[[Settings], RunningServer]
) -> RunningServer:
    """A server that lets the other site's pages in."""
    return start_server(replace(settings, allowed_origins=(elsewhere.origin,)))


def test_a_page_elsewhere_imports_the_client_and_calls_the_server_that_it_came_from(
    context: BrowserContext, friendly: RunningServer, elsewhere: Elsewhere
) -> None:
    page = open_page(context, elsewhere.show("<p>a frontend"))
    assert call_from(page, friendly, friendly.token) == {"plugins": []}


def test_no_token_and_a_wrong_one_read_differently(
    context: BrowserContext, friendly: RunningServer, elsewhere: Elsewhere
) -> None:
    page = open_page(context, elsewhere.show("<p>a frontend"))
    missing, wrong = call_from(page, friendly, None), call_from(page, friendly, "a-wrong-token")
    assert (missing["code"], missing["reason"]) == ("unauthorized", "no_token")
    assert (wrong["code"], wrong["reason"]) == ("unauthorized", "wrong_token")
    assert missing["detail"] != wrong["detail"]


def test_a_server_that_refuses_the_origin_and_one_that_is_gone_read_differently(
    context: BrowserContext, patchbay: RunningServer, elsewhere: Elsewhere
) -> None:
    page = open_page(context, elsewhere.show("<p>a frontend"))
    refused = call_from(page, patchbay, patchbay.token)
    assert (refused["code"], refused["status"]) == ("foreign_origin", 0)
    assert f"List {elsewhere.origin} in PATCHBAY_ALLOWED_ORIGINS" in refused["detail"]
    patchbay.stop()
    # The module is in the page already; only the calls fail.
    gone = call_from(page, patchbay, patchbay.token)
    assert (gone["code"], gone["status"]) == ("network", 0)


def test_a_line_that_breaks_is_not_taken_for_a_refused_origin(
    context: BrowserContext, friendly: RunningServer, elsewhere: Elsewhere
) -> None:
    page = open_page(context, elsewhere.show("<p>a frontend"))
    context.route("**/api/v1/**", lambda route: route.abort("connectionreset"))
    broken = call_from(page, friendly, friendly.token)
    assert (broken["code"], broken["status"]) == ("network", 0)


def test_a_page_elsewhere_learns_no_more_than_that_a_server_answers(
    context: BrowserContext, patchbay: RunningServer, elsewhere: Elsewhere
) -> None:
    page = open_page(context, elsewhere.show("<p>a stranger"))
    readable = """async (url) => fetch(url, { mode: 'cors' }).then((r) => r.text(), () => null)"""
    opaque = """async (url) => fetch(url, { mode: 'no-cors' }).then((r) => r.type, () => null)"""
    assert page.evaluate(readable, f"{patchbay.url}/healthz") is None
    assert page.evaluate(opaque, f"{patchbay.url}/healthz") == "opaque"
    for path in ("/signin", "/readyz", "/static/signin.css", "/static/docs.css", "/notebook"):
        assert page.evaluate(readable, patchbay.url + path) is None, path
        assert page.evaluate(opaque, patchbay.url + path) is None, path
