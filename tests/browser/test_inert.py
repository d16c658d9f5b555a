"""Texts of providers and manifests stay text, in every form in which data is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_httpserver import HTTPServer

from tests.browser.conftest import Api, Watch
from tests.browser.steps import add_block, open_settings

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

OpenNotebook = Callable[[], Page]

SHAPES = ("article", "feed", "table", "facts")
HOSTILE_HTML = "<img src=https://evil.example/x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
HOSTILE_URL = "javascript:document.title='owned'"


def hostile_plugin(base_url: str) -> dict[str, Any]:
    """An integration whose every text is an attack, with a block for each shape of data."""
    blocks = [
        {"id": shape, "name": f"{HOSTILE_HTML} {shape}", "endpoint": shape, "display": {"as": shape}}
        for shape in SHAPES
    ]
    endpoints = [
        *({"id": shape, "method": "GET", "path": f"/{shape}"} for shape in SHAPES),
        {"id": "page", "method": "GET", "path": "/page", "response_type": "html"},
    ]
    return {
        "id": "hostile",
        "name": HOSTILE_HTML,
        "version": "1.0.0",
        "type": "integration",
        "manifest": {
            "description": HOSTILE_HTML,
            "integration": {"api_type": "rest", "base_url": base_url, "auth_method": "none"},
            "endpoints": endpoints,
            "blocks": [*blocks, {"id": "page", "endpoint": "page"}],
        },
    }


def test_what_a_provider_sends_stays_text(
    open_notebook: OpenNotebook, api: Api, upstream: HTTPServer
) -> None:
    record = {
        "title": HOSTILE_HTML,
        "url": HOSTILE_URL,
        "description": HOSTILE_HTML,
        HOSTILE_HTML: HOSTILE_URL,
    }
    answers = {"article": record, "feed": [record], "table": [record, record], "facts": {"a": record}}
    for shape, answer in answers.items():
        upstream.expect_request(f"/{shape}").respond_with_json(answer)
    upstream.expect_request("/page").respond_with_data(HOSTILE_HTML, content_type="text/html")
    api("POST", "/plugins/register", hostile_plugin(upstream.url_for("").rstrip("/")))
    page = open_notebook()

    for block_id in (*SHAPES, "page"):
        block = add_block(page, f"hostile/{block_id}")
        expect(block).to_have_attribute("data-state", "ready")
        expect(block.locator(".block-body")).to_contain_text("onerror")
        assert block.locator("img, script, [onerror], a[href^='javascript']").count() == 0
    open_settings(page, HOSTILE_HTML)

    assert "owned" not in page.title()
    assert page.locator("a[href^='javascript' i]").count() == 0


def test_what_a_provider_says_of_a_failure_stays_text(
    open_notebook: OpenNotebook, api: Api, upstream: HTTPServer, watch: Watch
) -> None:
    watch.expected_errors = ["status of 502"]
    said = {"message": f"No {HOSTILE_HTML[:60]}"}
    upstream.expect_request("/facts").respond_with_json(said, status=500)
    api("POST", "/plugins/register", hostile_plugin(upstream.url_for("").rstrip("/")))
    page = open_notebook()

    block = add_block(page, "hostile/facts")
    expect(block).to_have_attribute("data-state", "error")
    expect(block.locator("q")).to_have_text(said["message"])
    assert block.locator("img, script, [onerror]").count() == 0


def test_a_pattern_that_runs_for_ages_is_given_up(open_notebook: OpenNotebook, api: Api) -> None:
    # Linear for RE2, exponential for a browser's RegExp.
    block = {"id": "slow", "endpoint": "page", "url_patterns": ["https://(?:a+)+$"]}
    plugin = hostile_plugin("https://provider.example")
    plugin["manifest"]["blocks"] = [block]
    api("POST", "/plugins/register", plugin)
    page = open_notebook()
    page.get_by_role("button", name="Add block", exact=True).click()
    page.get_by_label("Paste an address").fill("https://" + "a" * 60 + ".example")
    found = page.locator(".found")
    expect(found).to_contain_text("This address can be shown as")
    expect(found.locator("[data-offer='hostile/slow']")).to_have_count(0)


# One page of each kind: what our code draws, what a library draws, and forms without a script.
@pytest.mark.parametrize("path", ["/notebook", "/signin"])
def test_a_page_takes_no_text_as_html_except_by_its_own_policies(
    open_notebook: OpenNotebook, watch: Watch, path: str
) -> None:
    page = open_notebook()
    watch.expected_errors = ["TrustedHTML", "Creating a TrustedTypePolicy"]
    page.goto(watch.origin + path)
    refused = """() => [
      () => (document.body.innerHTML = '<b>text</b>'),
      () => document.body.insertAdjacentHTML('beforeend', '<b>text</b>'),
      () => new DOMParser().parseFromString('<b>text</b>', 'text/html'),
      () => trustedTypes.createPolicy('anything', { createHTML: (text) => text }),
    ].map((attempt) => { try { attempt(); return 'done'; } catch { return 'refused'; } })"""
    assert page.evaluate(refused) == ["refused"] * 4
