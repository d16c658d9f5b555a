"""Connecting an account at a provider as a user does: in the settings, at the provider, and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from examples.catalog import against_sandbox, load_example
from examples.sandbox import Sandbox
from examples.sandbox.providers.google_calendar import CLIENT_ID, CLIENT_SECRET, SCOPE
from tests.browser.conftest import Api
from tests.conftest import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

CALENDAR = "/integrations/google-calendar"


@pytest.fixture
def calendar(api: Api, sandbox: Sandbox) -> dict[str, Any]:
    """The calendar, its client set up. People sign in on another site than the one that Patchbay is on."""
    declaration = against_sandbox(load_example("google-calendar"), sandbox.url)
    oauth2 = declaration["manifest"]["integration"]["oauth2"]
    oauth2["authorization_url"] = oauth2["authorization_url"].replace("127.0.0.1", "localhost")
    assert api("POST", "/plugins/register", declaration)["registered"] is True
    api("PUT", f"{CALENDAR}/config", {"config": {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}})
    return declaration


def open_settings(context: BrowserContext, patchbay: RunningServer) -> Page:
    page = context.new_page()
    page.goto(patchbay.signin_link)
    page.locator("body[data-ready=true]").wait_for()
    page.get_by_role("button", name="Plugins", exact=True).click()
    page.get_by_role("button", name="Settings of Google Calendar").click()
    return page


def test_an_account_is_connected_shown_and_disconnected(
    context: BrowserContext, patchbay: RunningServer, calendar: dict[str, Any], api: Api
) -> None:
    page = open_settings(context, patchbay)
    expect(page.locator("[data-connection=none]")).to_be_visible()
    expect(page.get_by_text(f"{patchbay.url}/oauth/callback")).to_be_visible()

    page.get_by_role("button", name="Connect", exact=True).click()
    # There the sandbox says yes at once, and sends the browser back from its own site.
    expect(page.get_by_role("heading", name="Connected")).to_be_visible()
    assert page.url.startswith(f"{patchbay.url}/oauth/callback?")
    page.get_by_role("link", name="Continue").click()

    connected = page.locator("[data-connection=connected]")
    expect(connected).to_be_visible()
    expect(connected).to_contain_text("Connected just now")
    expect(connected).to_contain_text(SCOPE)
    assert "settings=" not in page.url
    assert api("GET", f"{CALENDAR}/oauth2")["connected"] is True

    page.get_by_role("button", name="Disconnect", exact=True).click()
    assert api("GET", f"{CALENDAR}/oauth2")["connected"] is True
    page.get_by_role("button", name="Disconnect for good?").click()
    expect(page.locator("[data-connection=none]")).to_be_visible()
    assert api("GET", f"{CALENDAR}/oauth2")["connected"] is False


def test_what_stands_in_the_way_is_told_and_nobody_leaves_the_page(
    context: BrowserContext, patchbay: RunningServer, calendar: dict[str, Any], api: Api
) -> None:
    api("DELETE", f"{CALENDAR}/secrets/client_secret")
    page = open_settings(context, patchbay)
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.locator(".connection .outcome")).to_contain_text("client_secret")
    assert page.url == f"{patchbay.url}/notebook"


def test_an_address_that_cannot_be_come_back_to_is_told_before(
    context: BrowserContext, patchbay: RunningServer, calendar: dict[str, Any]
) -> None:
    obstacle = "This page is reached by https: set PATCHBAY_PUBLIC_URL to https://patchbay.lan."
    told = {"connected": False, "status": None, "scopes": [], "connected_at": None, "expires_at": None,
            "redirect_uri": None, "obstacle": obstacle}  # fmt: skip
    context.route(
        f"**{CALENDAR}/oauth2*",
        lambda route: route.fulfill(body=json.dumps(told), content_type="application/json"),
    )
    page = open_settings(context, patchbay)
    expect(page.get_by_role("alert")).to_have_text(obstacle)
    expect(page.get_by_role("button", name="Connect", exact=True)).to_be_disabled()


def test_a_provider_that_says_no_leads_back_to_where_it_began(
    context: BrowserContext, patchbay: RunningServer, calendar: dict[str, Any]
) -> None:
    page = open_settings(context, patchbay)

    def refuse(route: Any) -> None:
        state = route.request.url.partition("state=")[2].partition("&")[0]
        back = f"{patchbay.url}/oauth/callback?error=access_denied&state={state}"
        route.fulfill(status=302, headers={"Location": back})

    context.route("http://localhost:*/**/auth?*", refuse)
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_role("heading", name="Not connected")).to_be_visible()
    page.get_by_role("link", name="Continue").click()
    page.locator("body[data-ready=true]").wait_for()
    assert page.url == f"{patchbay.url}/notebook"
