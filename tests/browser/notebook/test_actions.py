"""Actions in a real browser: opening a page changes nothing, and a click changes it once."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect
from pytest_httpserver import HTTPServer

from examples.sandbox import Sandbox
from examples.sandbox.providers.pi_hole import PASSWORD
from tests.browser.conftest import Watch
from tests.browser.notebooks import Notebook, block, card
from tests.conftest import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@dataclass
class PiHole:
    """The example, set up in a notebook that shows some of its blocks."""

    notebook: Notebook
    sandbox: Sandbox
    entries_before: int

    def show(self, *blocks: str) -> tuple[Page, list[Locator]]:
        items = [block(f"pi-hole/{name}") for name in blocks]
        self.notebook.fill(*items)
        self.notebook.api("PUT", "/integrations/pi-hole/secrets/password", {"value": PASSWORD})
        page = self.notebook.open()
        return page, [card(page, item) for item in items]

    def changes(self) -> list[str]:
        """The bodies of what was changed, in order."""
        entries = self.sandbox.data_requests("/pi-hole")[self.entries_before :]
        return [entry.body.decode() for entry in entries if entry.method != "GET"]


@pytest.fixture
def pi_hole(notebook: Notebook, sandbox: Sandbox) -> PiHole:
    return PiHole(notebook, sandbox, len(sandbox.data_requests("/pi-hole")))


def outcome(block: Locator, word: str) -> None:
    expect(block.locator(".action-outcome")).to_have_attribute("data-outcome", word)


def test_a_page_that_is_opened_again_and_again_changes_nothing(pi_hole: PiHole) -> None:
    page, [pause] = pi_hole.show("pause")
    for _ in range(3):
        page.reload()
        expect(pause.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    pause.get_by_role("button", name="Fetch again").click()
    expect(pause.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    assert pi_hole.changes() == []


def test_a_click_and_a_yes_change_it_once_and_draw_anew_what_it_renews(pi_hole: PiHole) -> None:
    page, [status, pause] = pi_hole.show("blocking", "pause")
    expect(status).to_have_attribute("data-status", "ready")
    button = pause.get_by_role("button", name="Pause", exact=True)
    pause.get_by_label("For seconds").fill("60")

    button.click()
    dialog = page.get_by_role("dialog", name="Pause")
    expect(dialog).to_contain_text("Pause protection for everybody?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(button).to_have_attribute("aria-disabled", "false")
    assert pi_hole.changes() == []

    button.click()
    with page.expect_response(lambda response: "/render" in response.url):
        dialog.get_by_role("button", name="Pause", exact=True).dblclick()
    outcome(pause, "done")
    expect(pause).to_contain_text("Disabled")
    assert pi_hole.changes() == ['{"blocking":false,"timer":60}']


def test_a_double_click_runs_it_once(pi_hole: PiHole) -> None:
    _page, [resume] = pi_hole.show("resume")
    resume.get_by_role("button", name="Resume", exact=True).dblclick()
    outcome(resume, "done")
    assert pi_hole.changes() == ['{"blocking":true}']


def test_an_input_that_is_not_right_is_told_at_its_field(pi_hole: PiHole, watch: Watch) -> None:
    watch.expected_errors = ["status of 422"]
    page, [pause] = pi_hole.show("pause")
    pause.get_by_label("For seconds").fill("0")
    pause.get_by_role("button", name="Pause", exact=True).click()
    page.get_by_role("dialog", name="Pause").get_by_role("button", name="Pause", exact=True).click()
    outcome(pause, "failed")
    expect(pause.locator("[data-field=seconds] .field-error")).not_to_be_empty()
    assert pi_hole.changes() == []


def test_a_picture_on_a_page_at_another_port_changes_nothing(
    pi_hole: PiHole, context: BrowserContext, patchbay: RunningServer, upstream: HTTPServer
) -> None:
    pi_hole.show("pause")
    base = f"{patchbay.url}/api/v1/integrations/pi-hole"
    scope = f"workspace_id={pi_hole.notebook.workspace_id}"
    targets = [
        f"{base}/render?{scope}&block_type=pause&parameters=%7B%22seconds%22%3A9%7D",
        f"{base}/render?{scope}&block_type=resume&use_cache=false",
        f"{base}/actions/pause?{scope}",
        f"{base}/execute?{scope}&endpoint_id=set_blocking",
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
    assert pi_hole.changes() == []
