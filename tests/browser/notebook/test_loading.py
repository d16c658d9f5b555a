"""What a filled notebook asks of the network when it is opened."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Response, expect

from tests.browser.notebooks import Notebook, block

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

BLOCKS = 20
MAX_TRANSFER_BYTES = 150_000
SHIFTS = """() => {
  window.shifts = [];
  const observer = new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map(({ value }) => value)));
  observer.observe({ type: 'layout-shift', buffered: true });
}"""


def transferred_bytes(response: Response) -> int:
    """What went over the wire: headers and the body as it was sent, compressed."""
    sizes = response.request.sizes()
    return sizes["responseHeadersSize"] + sizes["responseBodySize"]


def open_observed(notebook: Notebook) -> tuple[Page, list[Response]]:
    """The notebook, shown for the first time in this browser, and every answer that it took."""
    notebook.context.request.get(notebook.server.signin_link, max_redirects=0)
    page = notebook.watched(notebook.context.new_page())
    answers: list[Response] = []
    page.on("response", lambda response: answers.append(response))  # noqa: PLW0108 -- Playwright marks what it is given
    page.add_init_script(f"({SHIFTS})()")
    notebook.visit(page)
    expect(page.locator("[data-key][data-status=ready]")).to_have_count(BLOCKS)
    return page, answers


def test_twenty_cached_blocks_take_one_request_little_room_and_no_shift(notebook: Notebook) -> None:
    offers = ["open-meteo/current", "open-meteo/daily"]
    items = [block(offers[at % 2], latitude=at, longitude=at) for at in range(BLOCKS)]
    notebook.fill(*items)
    for item in items:
        body = {"block_type": item["block"], "parameters": item["inputs"]}
        notebook.api("POST", f"/integrations/{item['integration']}/render", body)

    page, answers = open_observed(notebook)
    page.wait_for_load_state("load")
    # Everything is drawn; icons of what is in view may still be on their way.
    page.evaluate("document.fonts.ready")
    renders = [answer for answer in answers if "/render" in answer.url]
    assert [answer.url.rpartition("/")[2].partition("?")[0] for answer in renders] == ["render-batch"]
    finished = [answer for answer in answers if "/events" not in answer.url]
    assert sum(transferred_bytes(answer) for answer in finished) <= MAX_TRANSFER_BYTES
    assert page.evaluate("window.shifts") == []
