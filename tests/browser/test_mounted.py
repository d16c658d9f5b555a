"""Our pages and the JavaScript client below a path, as behind a reverse proxy."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Watch
from tests.conftest import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

# Runs the client as a page of any frontend does: from where it is served.
CLIENT = """async (base) => {
  const { createClient } = await import(`${base}/static/client/patchbay.js`);
  const client = createClient();
  return [client.baseUrl, (await client.workspaces()).length];
}"""


def test_pages_and_client_stay_below_the_path(
    start_patchbay: Callable[..., RunningServer], context: BrowserContext
):
    patchbay = start_patchbay(public_url="http://home.example/hub")
    base = f"{patchbay.url}/hub"
    watch = Watch(base)
    page = watch.over(context.new_page())

    page.goto(f"{base}/signin?token={patchbay.token}&next=/console")
    page.locator("body[data-ready=true]").wait_for()
    assert page.url == f"{base}/console/"
    for link in ("Integrations", "Access", "About"):
        page.get_by_role("navigation", name="Pages").get_by_role("link", name=link, exact=True).click()
        expect(page.locator("h1")).to_be_visible()
        assert page.url.startswith(f"{base}/console/")
    page.reload()
    page.get_by_role("link", name="Problem codes").click()
    expect(page.locator("h1")).to_have_text("Problem codes")

    page.goto(f"{base}/")
    page.locator("body[data-ready=true]").wait_for()
    assert page.url.startswith(f"{base}/notebook")
    assert page.evaluate(CLIENT, base) == [base, 1]
    page.get_by_role("textbox").first.fill("https://github.com/octocat/Hello-World")

    page.goto(f"{base}/api/docs")
    page.locator(".opblock").first.wait_for(timeout=60_000)
    tried = page.locator(".opblock-get").filter(
        has=page.locator(".opblock-summary-path[data-path='/api/v1/workspaces']")
    )
    tried.locator(".opblock-summary-control").click()
    tried.get_by_role("button", name="Try it out").click()
    tried.get_by_role("button", name="Execute").click()
    expect(tried.locator(".live-responses-table .response-col_status").last).to_contain_text("200")

    page.goto(f"{base}/console/access")
    page.get_by_role("button", name="Sign out this browser").click()
    page.wait_for_url(f"{base}/signin")
    assert watch.complaints == []
