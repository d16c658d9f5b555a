"""The page that shows the API, in a real browser under its own content security policy."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.conftest import Watch
from tests.conftest import RunningServer

# The viewer is large, and a busy machine takes its time to read it.
DRAWN_WITHIN_MILLISECONDS = 60_000

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture
def docs(context: BrowserContext, patchbay: RunningServer, watch: Watch) -> Page:
    page = watch.over(context.new_page())
    page.goto(f"{patchbay.signin_link}&next=/api/docs")
    page.locator(".opblock").first.wait_for(timeout=DRAWN_WITHIN_MILLISECONDS)
    return page


def operation(page: Page, method: str, path: str) -> Locator:
    exact = page.locator(f".opblock-summary-path[data-path='{path}']")
    return page.locator(f".opblock-{method}").filter(has=exact)


def test_the_api_page_draws_every_route_and_asks_nobody_else(docs: Page, patchbay: RunningServer):
    described = patchbay.request("GET", "/api/v1/openapi.json").json()["paths"]
    methods = {"get", "put", "post", "delete", "patch"}
    expect(docs.locator(".opblock")).to_have_count(
        sum(len(methods & item.keys()) for item in described.values())
    )
    render = operation(docs, "post", "/api/v1/integrations/{plugin_id}/render")
    render.locator(".opblock-summary-control").click()
    expect(render.get_by_text("plugin_id").first).to_be_visible()
    expect(render.get_by_text("block_type").first).to_be_visible()


def test_a_route_is_found_by_words_of_its_method_its_path_and_its_summary(docs: Page):
    docs.get_by_placeholder("Filter").fill("delete workspaces")
    render = operation(docs, "post", "/api/v1/integrations/{plugin_id}/render")
    expect(render).to_have_count(0)
    expect(docs.locator(".opblock").first).to_contain_text("/api/v1/workspaces")


def test_a_route_is_tried_with_the_session_of_the_browser(docs: Page):
    tried = operation(docs, "get", "/api/v1/workspaces")
    tried.locator(".opblock-summary-control").click()
    tried.get_by_role("button", name="Try it out").click()
    tried.get_by_role("button", name="Execute").click()
    expect(tried.locator(".live-responses-table .response-col_status").last).to_contain_text("200")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_api_page_fits_a_phone(browser: Browser, patchbay: RunningServer, scheme: Any):
    context = browser.new_context(viewport={"width": 360, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{patchbay.signin_link}&next=/api/docs")
    page.locator(".opblock").first.wait_for(timeout=DRAWN_WITHIN_MILLISECONDS)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    is_dark = page.evaluate("document.documentElement.classList.contains('dark-mode')")
    assert is_dark == (scheme == "dark")
    context.close()


def test_html_that_the_viewer_sets_is_sanitized_by_the_page(docs: Page, watch: Watch):
    # The browser reports what it finds in the text before it is sanitized.
    watch.expected_errors = ["inline event handler"]
    docs.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<i id=set><b onclick=alert(1)>text</b></i>')"
    )
    expect(docs.locator("#set")).to_be_attached()
    assert docs.locator("#set [onclick]").count() == 0


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
