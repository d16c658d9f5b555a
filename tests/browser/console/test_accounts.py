"""An account at a provider, connected from the console: refused first, then given, then ended."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from examples.catalog import against_sandbox, load_example
from examples.sandbox import Sandbox
from examples.sandbox.providers.google_calendar import CLIENT_ID, CLIENT_SECRET, SCOPE
from tests.browser.conftest import Api
from tests.conftest import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture
def calendar(api: Api, sandbox: Sandbox) -> None:
    """The calendar without its client. People sign in on another site than the one that Patchbay is on."""
    declaration = against_sandbox(load_example("google-calendar"), sandbox.url)
    oauth2 = declaration["manifest"]["integration"]["oauth2"]
    oauth2["authorization_url"] = oauth2["authorization_url"].replace("127.0.0.1", "localhost")
    assert api("POST", "/plugins/register", declaration)["registered"] is True


@pytest.fixture
def page(context: BrowserContext, patchbay: RunningServer) -> Page:
    """The console. People leave the site to sign in, so requests to others are what is asked for here."""
    page = context.new_page()
    page.goto(patchbay.signin_link)
    page.goto(f"{patchbay.url}/console")
    return page


def connect(page: Page) -> Page:
    """Presses Connect; returns the tab in which the person is at the provider, and then back."""
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Connect", exact=True).click()
    return opened.value


@pytest.mark.usefixtures("calendar")
def test_an_account_is_refused_then_connected_and_disconnected(
    page: Page, context: BrowserContext, patchbay: RunningServer, api: Api
) -> None:
    page.locator("[data-task=integration]").get_by_role("link").click()
    page.get_by_label("Client ID").fill(CLIENT_ID)
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.get_by_label("Client secret").fill(CLIENT_SECRET)
    page.locator("[data-key=client_secret]").get_by_role("button", name="Save").click()
    expect(page.locator("[data-key=client_secret]")).to_have_attribute("data-secret", "ok")
    page.get_by_role("link", name="Connection").click()
    account = page.locator("[data-connection]")
    expect(account).to_have_attribute("data-connection", "none")
    expect(account).to_contain_text(f"{patchbay.url}/oauth/callback")

    def refuse(route: Any) -> None:
        state = route.request.url.partition("state=")[2].partition("&")[0]
        back = f"{patchbay.url}/oauth/callback?error=access_denied&state={state}"
        route.fulfill(status=302, headers={"Location": back})

    context.route("http://localhost:*/**/auth?*", refuse)
    provider = connect(page)
    expect(provider.get_by_role("heading", name="Not connected")).to_be_visible()
    expect(account.get_by_role("alert")).to_contain_text("The sign-in was declined.")
    expect(account.get_by_text("in the other tab")).to_have_count(0)
    assert api("GET", "/integrations/google-calendar/oauth2")["connected"] is False

    context.unroute("http://localhost:*/**/auth?*", refuse)
    # There the sandbox says yes at once, and sends the browser back from its own site.
    provider = connect(page)
    expect(provider.get_by_role("heading", name="Connected")).to_be_visible()
    expect(account).to_have_attribute("data-connection", "ok")
    expect(account).to_contain_text(SCOPE)
    expect(account.get_by_role("alert")).to_have_count(0)
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("[data-verdict=true]")).to_be_visible()

    page.get_by_role("button", name="Disconnect", exact=True).click()
    page.get_by_role("alertdialog").get_by_role("button", name="Disconnect").click()
    expect(account).to_have_attribute("data-connection", "none")
    assert api("GET", "/integrations/google-calendar/oauth2")["connected"] is False
