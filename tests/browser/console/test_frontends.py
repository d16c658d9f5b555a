"""Frontends in the console: tokens that are made, accepted, narrowed and revoked there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_httpserver import HTTPServer

from tests.browser.conftest import Api, Watch
from tests.browser.console.conftest import OpenConsole
from tests.browser.test_accessibility import serious_violations
from tests.conftest import RunningServer
from tests.upstreams import Upstream

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

# A page of another origin that has no token: it asks for one, and then draws with it.
PAGE = """<!doctype html>
<html lang="en"><title>Dashboard</title>
<p id="code"></p><p id="state"></p><p id="data"></p>
<button id="draw">Draw</button>
<script type="module">
  import {{ requestToken }} from '{url}/static/client/connect.js';
  import {{ createClient }} from '{url}/static/client/patchbay.js';
  const show = (id, text) => (document.getElementById(id).textContent = text);
  let token;
  document.getElementById('draw').onclick = async () => {{
    const patchbay = createClient({{ baseUrl: '{url}', token }});
    const drawn = patchbay.render('open-meteo', 'current', {{ latitude: 1, longitude: 1 }});
    show('data', await drawn.then(({{ data }}) => `${{data.temperature}} degrees`, ({{ code }}) => code));
  }};
  requestToken({{
    name: 'Dashboard', scopes: ['declare', 'render', 'configure'], show: ({{ user_code }}) => show('code', user_code),
  }}).then((issued) => {{
    token = issued.token;
    show('state', issued.scopes.join(' '));
  }}, ({{ code }}) => show('state', code));
</script></html>"""
# The page asks that often.
POLL_MILLISECONDS = 5000


@pytest.fixture
def dashboard(other_context: BrowserContext, patchbay: RunningServer) -> Iterator[Page]:
    """A page at another origin, in another browser: it shows the code of its request."""
    with Upstream(host="localhost") as site:
        yield open_dashboard(other_context, patchbay, site)


def open_dashboard(context: BrowserContext, patchbay: RunningServer, site: HTTPServer) -> Page:
    text = PAGE.format(url=patchbay.url)
    site.expect_request("/").respond_with_data(text, content_type="text/html; charset=utf-8")
    page = context.new_page()
    page.clock.install()
    page.goto(f"http://localhost:{site.port}/")
    expect(page.locator("#code")).to_have_text(re.compile("^[A-Z]{4}-[A-Z]{4}$"))
    return page


def draw(dashboard: Page, expected: str) -> None:
    dashboard.get_by_role("button", name="Draw").click()
    expect(dashboard.locator("#data")).to_contain_text(expected)


def test_a_page_asks_a_user_compares_and_narrows_and_revokes(
    open_console: OpenConsole, declare: Callable[..., Any], api: Api, dashboard: Page
) -> None:
    declare("open-meteo")
    code = dashboard.locator("#code").inner_text()
    origin = dashboard.evaluate("location.origin")
    page = open_console()
    page.locator("[data-task=frontends]").get_by_role("link").click()
    page.locator(f"[data-request={code}]").get_by_role("link", name="Decide").click()
    page.wait_for_url(f"**/console/connect?user_code={code}")
    form = page.locator(".connecting")
    expect(form.locator(".large-code")).to_contain_text(code)
    expect(form).to_contain_text(origin)
    # What was not asked for cannot be given.
    expect(form.get_by_role("checkbox")).to_have_count(3)
    expect(form.get_by_role("combobox", name="Ends")).to_have_value("never")
    form.get_by_role("checkbox", name="Configure").uncheck()
    form.get_by_role("checkbox", name="Register plugins").uncheck()
    form.get_by_label("Ends").select_option("In 30 days")
    form.get_by_role("button", name="Accept").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-decided=accepted]")).to_contain_text("Dashboard is connected")

    dashboard.clock.run_for(POLL_MILLISECONDS)
    expect(dashboard.locator("#state")).to_have_text("render")
    draw(dashboard, "degrees")

    page.locator("[data-decided]").get_by_role("link", name="Frontends").click()
    row = page.locator("[data-token]")
    expect(row).to_contain_text(origin)
    expect(row).to_contain_text("Show data")
    expect(row).to_contain_text("All integrations in all workspaces")
    page.get_by_role("button", name="More for Dashboard").click()
    page.get_by_role("menuitem", name="Revoke").click()
    dialog = page.get_by_role("alertdialog")
    expect(dialog.get_by_role("button", name="Revoke")).to_be_disabled()
    dialog.get_by_role("textbox").fill("Dashboard")
    dialog.get_by_role("button", name="Revoke").click()
    expect(row).to_have_count(0)
    # Without its token its origin is one of many.
    draw(dashboard, "foreign_origin")
    assert api("GET", "/tokens") == []

    page.get_by_role("link", name="Audit log").click()
    page.get_by_label("What").select_option("Tokens")
    expect(page.locator("[data-entry='token.revoked']")).to_contain_text("Dashboard")
    expect(page.locator("[data-entry='token.fetched']")).to_contain_text("Not signed in")
    page.get_by_label("What").select_option("Requests for tokens")
    accepted = page.locator("[data-entry='connect.accepted']")
    expect(accepted).to_contain_text("Browser")
    accepted.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text(code)


def test_a_request_is_found_by_its_code_and_denied(open_console: OpenConsole, dashboard: Page) -> None:
    code = dashboard.locator("#code").inner_text()
    page = open_console("/console/connect")
    page.get_by_label("Code").fill(code.replace("-", " ").lower())
    page.get_by_role("button", name="Look").click()
    page.get_by_role("button", name="Deny").click()
    expect(page.locator("[data-decided=denied]")).to_be_visible()
    dashboard.clock.run_for(POLL_MILLISECONDS)
    expect(dashboard.locator("#state")).to_have_text("access_denied")


def test_a_token_is_made_shown_once_and_changed(
    open_console: OpenConsole, declare: Callable[..., Any], api: Api, context: BrowserContext, watch: Watch
) -> None:
    declare("open-meteo")
    attic = api("POST", "/workspaces/1/notebooks", {"name": "Attic"})["id"]
    page = open_console("/console/frontends")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="New token").click()
    panel = page.get_by_role("dialog")
    expect(panel.get_by_role("button", name="Make the token")).to_be_disabled()
    panel.get_by_label("Name").fill("Hall")
    panel.get_by_role("combobox", name="Integrations").select_option("Only some")
    panel.get_by_label("Open-Meteo").check()
    panel.get_by_label("Others, by id").fill("mine")
    origins = panel.get_by_label("Pages that use it")
    origins.fill("https://hall.example/page")
    panel.get_by_role("combobox", name="Where").select_option("Some notebooks")
    panel.get_by_label("Attic").check()
    assert serious_violations(page) == []
    # The server says what is wrong, by field; what was typed stays.
    watch.expected_errors = ["status of 422"]
    panel.get_by_role("button", name="Make the token").click()
    expect(panel.get_by_role("alert")).to_contain_text("Not an origin")
    origins.fill("https://hall.example\nhttp://localhost:5173")
    panel.get_by_role("button", name="Make the token").click()
    panel.get_by_role("button", name="Copy").click()
    value = page.evaluate("navigator.clipboard.readText()")
    assert value.startswith("pb_") and panel.get_by_label("Token", exact=True).input_value() == value
    panel.get_by_role("button", name="Done").click()
    (token,) = api("GET", "/tokens")
    assert (token["integrations"], token["notebooks"]) == (["mine", "open-meteo"], [attic])
    assert token["origins"] == ["http://localhost:5173", "https://hall.example"]
    assert value not in page.content()

    page.get_by_role("button", name="More for Hall").click()
    page.get_by_role("menuitem", name="Change").click()
    panel.get_by_role("checkbox", name="Operate").check()
    panel.get_by_role("combobox", name="Where").select_option("All workspaces")
    panel.get_by_role("button", name="Save").click()
    expect(page.locator("[data-token]")).to_contain_text("in all workspaces")
    (token,) = api("GET", "/tokens")
    assert (token["scopes"], token["workspaces"], token["notebooks"]) == (["operate", "render"], None, None)
    # What a program does shows by itself.
    api("DELETE", f"/tokens/{token['id']}")
    expect(page.get_by_role("heading", name="No token yet")).to_be_visible()
