"""Connecting an account at a provider as a user does: in the settings, at the provider, and back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from examples.catalog import against_sandbox, load_example
from examples.sandbox import Sandbox
from examples.sandbox.providers.google_calendar import CLIENT_ID, CLIENT_SECRET, SCOPE
from tests.browser.conftest import Api
from tests.browser.notebooks import Notebook
from tests.browser.steps import open_settings
from tests.conftest import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

CALENDAR = "/integrations/google-calendar"


@pytest.fixture
def notebook(notebook: Notebook) -> Notebook:
    """People leave the site to sign in, so that requests to others are what is asked for here."""
    return replace(notebook, watched=lambda page: page)


@pytest.fixture
def calendar(api: Api, notebook: Notebook, sandbox: Sandbox) -> dict[str, Any]:
    """The calendar, its client set up. People sign in on another site than the one that Patchbay is on."""
    declaration = against_sandbox(load_example("google-calendar"), sandbox.url)
    oauth2 = declaration["manifest"]["integration"]["oauth2"]
    oauth2["authorization_url"] = oauth2["authorization_url"].replace("127.0.0.1", "localhost")
    assert api("POST", "/plugins/register", declaration)["registered"] is True
    notebook.api(
        "PUT", f"{CALENDAR}/config", {"config": {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}}
    )
    return declaration


@pytest.mark.usefixtures("calendar")
def test_an_account_is_connected_shown_and_disconnected(notebook: Notebook, patchbay: RunningServer) -> None:
    page = notebook.open()
    open_settings(page, "Google Calendar")
    expect(page.locator("[data-connection=none]")).to_be_visible()
    expect(page.get_by_text(f"{patchbay.url}/oauth/callback")).to_be_visible()

    page.get_by_role("button", name="Connect", exact=True).click()
    # There the sandbox says yes at once, and sends the browser back from its own site.
    expect(page.get_by_role("heading", name="Connected")).to_be_visible()
    assert page.url.startswith(f"{patchbay.url}/oauth/callback?")
    page.get_by_role("link", name="Continue").click()

    connected = page.locator("[data-connection=ok]")
    expect(connected).to_be_visible()
    expect(connected).to_contain_text("An account is connected.")
    expect(connected).to_contain_text(SCOPE)
    assert "settings=" not in page.url
    assert notebook.api("GET", f"{CALENDAR}/oauth2")["connected"] is True

    page.get_by_role("button", name="Disconnect", exact=True).click()
    assert notebook.api("GET", f"{CALENDAR}/oauth2")["connected"] is True
    page.get_by_role("button", name="Disconnect for good?").click()
    expect(page.locator("[data-connection=none]")).to_be_visible()
    assert notebook.api("GET", f"{CALENDAR}/oauth2")["connected"] is False


@pytest.mark.usefixtures("calendar")
def test_what_stands_in_the_way_is_told_and_nobody_leaves_the_page(notebook: Notebook) -> None:
    notebook.api("DELETE", f"{CALENDAR}/secrets/client_secret")
    page = notebook.open()
    open_settings(page, "Google Calendar")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.locator("[data-connection] .outcome")).to_contain_text("client_secret")
    assert page.url == notebook.address


@pytest.mark.usefixtures("calendar")
def test_an_address_that_cannot_be_come_back_to_is_told_before(
    notebook: Notebook, context: BrowserContext
) -> None:
    obstacle = "This page is reached by https: set PATCHBAY_PUBLIC_URL to https://patchbay.lan."
    told = {"connected": False, "status": None, "scopes": [], "connected_at": None, "expires_at": None,
            "redirect_uri": None, "obstacle": obstacle}  # fmt: skip
    context.route(
        f"**{CALENDAR}/oauth2*",
        lambda route: route.fulfill(body=json.dumps(told), content_type="application/json"),
    )
    page = notebook.open()
    open_settings(page, "Google Calendar")
    expect(page.get_by_role("alert")).to_have_text(obstacle)
    expect(page.get_by_role("button", name="Connect", exact=True)).to_be_disabled()


@pytest.mark.usefixtures("calendar")
def test_a_provider_that_says_no_leads_back_to_where_it_began(
    notebook: Notebook, context: BrowserContext, patchbay: RunningServer
) -> None:
    page = notebook.open()
    open_settings(page, "Google Calendar")

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
