"""The page that shows the API, in a real browser under its own content security policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Watch
from tests.conftest import RunningServer

pytestmark = pytest.mark.browser


def test_the_api_page_draws_every_route_and_asks_nobody_else(
    context: BrowserContext, patchbay: RunningServer, watch: Watch
):
    page = watch.over(context.new_page())
    page.goto(f"{patchbay.signin_link}&next=/api/docs")
    render = page.locator("details", has_text="/api/v1/integrations/{plugin_id}/render").first
    expect(render).to_be_visible()
    render.locator("summary").click()
    expect(render.get_by_role("table").first).to_be_visible()
    page.get_by_label("Find a route").fill("delete workspaces")
    expect(render).to_be_hidden()
    expect(page.locator("details:visible").first).to_contain_text("/api/v1/workspaces")


def test_a_person_without_the_token_signs_in_by_the_form_and_out_again(
    context: BrowserContext, patchbay: RunningServer, watch: Watch
):
    watch.expected_errors = ["status of 401"]
    page = watch.over(context.new_page())
    page.goto(f"{patchbay.url}/docs/problems")
    expect(page).to_have_url(f"{patchbay.url}/signin?next=/docs/problems")
    page.get_by_label("Token").fill("not the token")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("not the token")
    page.get_by_label("Token").fill(patchbay.token)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Problem codes")).to_be_visible()
    page.goto(f"{patchbay.url}/signin")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Token")).to_be_visible()
