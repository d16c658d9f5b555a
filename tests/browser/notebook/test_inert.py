"""Texts of providers and manifests stay text, in every form in which data is drawn."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect
from pytest_httpserver import HTTPServer

from tests.browser.conftest import Api, Watch
from tests.browser.notebooks import Notebook
from tests.browser.steps import add_block, open_settings

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


SHAPES = ("article", "feed", "table", "facts")
HOSTILE_HTML = "<img src=https://evil.example/x onerror=\"document.title='owned'\"><script>document.title='owned'</script> said onerror"
HOSTILE_URL = "javascript:document.title='owned'"


def hostile_plugin(plugin_id: str, base_url: str) -> dict[str, Any]:
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
        "id": plugin_id,
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


def test_what_a_provider_sends_stays_text(notebook: Notebook, api: Api, upstream: HTTPServer) -> None:
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
    api("POST", "/plugins/register", hostile_plugin("hostile-data", upstream.url_for("").rstrip("/")))
    page = notebook.open()

    for block_id in (*SHAPES, "page"):
        block = add_block(page, f"hostile-data/{block_id}")
        expect(block).to_have_attribute("data-status", "ready")
        expect(block.locator("[part=body]")).to_contain_text("onerror")
        assert block.locator("img, script, [onerror], a[href^='javascript']").count() == 0
    open_settings(page, HOSTILE_HTML)

    assert "owned" not in page.title()
    assert page.locator("a[href^='javascript' i]").count() == 0


def test_what_a_provider_says_of_a_failure_stays_text(
    notebook: Notebook, api: Api, upstream: HTTPServer, watch: Watch
) -> None:
    watch.expected_errors = ["status of 502"]
    said = {"message": f"No {HOSTILE_HTML[:60]}"}
    upstream.expect_request("/facts").respond_with_json(said, status=500)
    api("POST", "/plugins/register", hostile_plugin("hostile-failure", upstream.url_for("").rstrip("/")))
    page = notebook.open()

    block = add_block(page, "hostile-failure/facts")
    expect(block).to_have_attribute("data-status", "error")
    expect(block.locator("q")).to_have_text(said["message"])
    assert block.locator("img, script, [onerror]").count() == 0


def test_a_pattern_that_runs_for_ages_is_given_up(notebook: Notebook, api: Api) -> None:
    # Linear for RE2, exponential for a browser's RegExp.
    block = {"id": "slow", "endpoint": "page", "url_patterns": ["https://(?:a+)+$"]}
    plugin = hostile_plugin("hostile-pattern", "https://provider.example")
    plugin["manifest"]["blocks"] = [block]
    api("POST", "/plugins/register", plugin)
    page = notebook.open()
    page.get_by_role("button", name="Add block", exact=True).click()
    found = page.get_by_role("dialog")
    found.get_by_label("Search").fill("https://" + "a" * 60 + ".example")
    expect(found).to_contain_text("This address can be shown as")
    expect(found.locator("[data-offer='hostile-pattern/slow']")).to_have_count(0)


# One page of each kind: what our code draws, what a library draws, and forms without a script.
@pytest.mark.parametrize("path", ["/notebook", "/signin"])
def test_a_page_takes_no_text_as_html_except_by_its_own_policies(
    notebook: Notebook, watch: Watch, path: str
) -> None:
    page = notebook.open()
    watch.expected_errors = ["TrustedHTML", "Creating a TrustedTypePolicy"]
    page.goto(watch.origin + path)
    refused = """() => [
      () => (document.body.innerHTML = '<b>text</b>'),
      () => document.body.insertAdjacentHTML('beforeend', '<b>text</b>'),
      () => new DOMParser().parseFromString('<b>text</b>', 'text/html'),
      () => trustedTypes.createPolicy('anything', { createHTML: (text) => text }),
    ].map((attempt) => { try { attempt(); return 'done'; } catch { return 'refused'; } })"""
    assert page.evaluate(refused) == ["refused"] * 4
