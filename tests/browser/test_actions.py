"""Actions in a real browser: opening a page changes nothing, and a click changes it once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect
from pytest_httpserver import HTTPServer

from examples.catalog import load_example
from examples.notebook_plugins import turn_to_sandbox
from examples.sandbox import Sandbox
from examples.sandbox.providers.pi_hole import PASSWORD
from tests.browser.conftest import Api, Watch
from tests.browser.steps import add_block
from tests.conftest import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

OpenNotebook = Callable[[], Page]


@pytest.fixture
def pi_hole(api: Api, sandbox: Sandbox) -> None:
    """The example, set up, so that the notebook offers its blocks."""
    declaration = turn_to_sandbox(load_example("pi-hole"), sandbox.url)
    api("POST", "/plugins/register", declaration)
    api("PUT", "/integrations/pi-hole/secrets/password", {"value": PASSWORD})


def changes(sandbox: Sandbox) -> list[str]:
    """The bodies of what was changed, in order."""
    entries = sandbox.data_requests("/pi-hole")
    return [entry.body.decode() for entry in entries if entry.method != "GET"]


def outcome(block: Locator, word: str) -> None:
    expect(block.locator(".action-outcome")).to_have_attribute("data-outcome", word)


@pytest.mark.usefixtures("pi_hole")
def test_a_page_that_is_opened_again_and_again_changes_nothing(
    open_notebook: OpenNotebook, sandbox: Sandbox
) -> None:
    page = open_notebook()
    block = add_block(page, "pi-hole/pause")
    for _ in range(3):
        page.reload()
        expect(block.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    block.hover()
    block.get_by_role("button", name="Fetch again").click()
    expect(block.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    assert changes(sandbox) == []


@pytest.mark.usefixtures("pi_hole")
def test_a_click_and_a_yes_change_it_once_and_draw_anew_what_it_renews(
    open_notebook: OpenNotebook, sandbox: Sandbox
) -> None:
    page = open_notebook()
    status, block = add_block(page, "pi-hole/blocking"), add_block(page, "pi-hole/pause")
    expect(status).to_have_attribute("data-cache", "MISS")
    page.reload()
    expect(status).to_have_attribute("data-cache", "HIT")
    button = block.get_by_role("button", name="Pause", exact=True)
    block.get_by_label("For seconds").fill("60")

    button.click()
    dialog = page.get_by_role("dialog", name="Pause")
    expect(dialog).to_contain_text("Pause protection for everybody?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(button).to_have_attribute("aria-disabled", "false")
    assert changes(sandbox) == []

    button.click()
    dialog.get_by_role("button", name="Pause", exact=True).dblclick()
    outcome(block, "done")
    expect(block).to_contain_text("disabled")
    expect(status).to_have_attribute("data-cache", "MISS")
    assert changes(sandbox) == ['{"blocking":false,"timer":60}']


@pytest.mark.usefixtures("pi_hole")
def test_a_double_click_runs_it_once(open_notebook: OpenNotebook, sandbox: Sandbox) -> None:
    page = open_notebook()
    block = add_block(page, "pi-hole/resume")
    block.get_by_role("button", name="Resume", exact=True).dblclick()
    outcome(block, "done")
    assert changes(sandbox) == ['{"blocking":true}']


@pytest.mark.usefixtures("pi_hole")
def test_an_input_that_is_not_right_is_told_at_its_field(
    open_notebook: OpenNotebook, sandbox: Sandbox, watch: Watch
) -> None:
    watch.expected_errors = ["status of 422"]
    page = open_notebook()
    block = add_block(page, "pi-hole/pause")
    block.get_by_label("For seconds").fill("0")
    block.get_by_role("button", name="Pause", exact=True).click()
    page.get_by_role("dialog", name="Pause").get_by_role("button", name="Pause", exact=True).click()
    outcome(block, "failed")
    expect(block.locator("[data-field=seconds] .field-error")).not_to_be_empty()
    assert changes(sandbox) == []


@pytest.mark.usefixtures("pi_hole")
def test_a_picture_on_a_page_at_another_port_changes_nothing(
    open_notebook: OpenNotebook,
    context: BrowserContext,
    patchbay: RunningServer,
    sandbox: Sandbox,
    upstream: HTTPServer,
) -> None:
    open_notebook()
    base = f"{patchbay.url}/api/v1/integrations/pi-hole"
    targets = [
        f"{base}/render?block_type=pause&parameters=%7B%22seconds%22%3A9%7D",
        f"{base}/render?block_type=resume&use_cache=false",
        f"{base}/actions/pause",
        f"{base}/execute?endpoint_id=set_blocking",
    ]
    pictures = "".join(f'<img src="{target.replace("&", "&amp;")}">' for target in targets)
    upstream.expect_request("/page").respond_with_data(pictures, content_type="text/html")

    page = context.new_page()
    finished: list[str] = []
    page.on("requestfinished", lambda request: finished.append(request.url))
    page.on("requestfailed", lambda request: finished.append(request.url))
    page.goto(upstream.url_for("/page"))
    page.wait_for_load_state("load")
    assert set(targets) <= set(finished)
    assert changes(sandbox) == []
