"""Our own pages in both themes, checked by axe-core."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from settings import ROOT
from tests.conftest import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
# Each serious violation with the elements that have it.
SERIOUS = """async () => {
  const { violations } = await axe.run();
  const serious = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
  return serious.map(({ id, nodes }) => [id, nodes.map(({ target }) => target.flat().join(' '))]);
}"""
# Each page with what tells that it is drawn. Some keep a stream open, so no network ever falls silent.
PAGES = {
    "/notebook": "body[data-ready=true]",
    "/console": "body[data-ready=true]",
    "/api/docs": ".opblock",
    "/docs/problems": "main",
    "/signin": "main",
}


def serious_violations(page: Page) -> list[Any]:
    """What makes a page hard to use for somebody."""
    # A page's policy lets no foreign script in; a test is none of the page's.
    page.evaluate(AXE.read_text() + "; undefined")
    return page.evaluate(SERIOUS)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_of_ours_has_a_serious_violation(
    browser: Browser, patchbay: RunningServer, scheme: Any
) -> None:
    context = browser.new_context(color_scheme=scheme, reduced_motion="reduce", locale="en-GB")
    page = context.new_page()
    page.goto(patchbay.signin_link)
    found = {}
    for path, drawn in PAGES.items():
        page.goto(patchbay.url + path)
        page.locator(drawn).first.wait_for()
        found[path] = serious_violations(page)
    assert found == {path: [] for path in PAGES}
    context.close()
