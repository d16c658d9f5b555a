"""Views, themes and notebooks: the same contents in another form, at once, and after a reload."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Watch
from tests.browser.notebooks import PAGE, Notebook, block
from tests.browser.steps import choose

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

THEMES = {
    "notebook-daylight": "light",
    "notebook-midnight": "dark",
    "notebook-paper": "light",
    "notebook-forest": "dark",
    "notebook-contrast-light": "light",
    "notebook-contrast-dark": "dark",
}


def show(page: Page, view: str) -> None:
    page.get_by_role("radio", name=view).check()


def root(page: Page, name: str) -> str:
    return page.evaluate("name => getComputedStyle(document.body)[name]", name)


def test_the_views_show_the_same_blocks_and_ask_no_provider(notebook: Notebook) -> None:
    weather = block("open-meteo/current", title="Lisbon", latitude=38.7, longitude=-9.1)
    notebook.fill(weather, block("open-meteo/current", title="Oslo", latitude=59.9, longitude=10.7))
    page = notebook.open()
    expect(page.locator("[data-key][data-status=ready]")).to_have_count(2)

    for view in ("List", "Board"):
        show(page, view)
        expect(page.locator("[data-key] h3")).to_have_text(["Lisbon", "Oslo"])
        expect(page.locator("[data-key][data-status=ready]")).to_have_count(2)
    show(page, "List")
    page.reload()
    expect(page.get_by_role("radio", name="List")).to_be_checked()
    expect(page.get_by_role("listitem").filter(has=page.locator("[data-key]"))).to_have_count(2)


def test_a_page_draws_its_text_and_the_blocks_in_it(notebook: Notebook, watch: Watch) -> None:
    watch.expected_errors = ["status of 404"]
    notebook.declare("open-meteo")
    page = notebook.open()
    show(page, "Page")
    page.get_by_role("button", name="Begin with an example").click()
    source = page.get_by_label("The page in Markdown")
    expect(page.locator("patchbay-block[block=current]")).to_have_attribute("data-status", "ready")

    text = (
        "# Journey\n\nTwo **days** in [Lisbon](https://example.org/lisbon).\n\n"
        "```open-meteo/daily Weather there\nlatitude: 38.7\ndays: 2\n```\n\n"
        "```open-meteo/current\nlatitude: [oops\n```\n\n"
        "```open-meteo/none\n```\n\n```python\nprint(1)\n```\n\nThe end.\n"
    )
    source.fill(text)
    drawn = page.get_by_role("article").first
    expect(drawn.get_by_role("heading", name="Journey")).to_be_visible()
    expect(drawn.get_by_role("link", name="Lisbon")).to_have_attribute("href", "https://example.org/lisbon")
    expect(drawn.locator("strong", has_text="days")).to_be_visible()
    shown = page.locator("patchbay-block[block=daily]")
    expect(shown).to_have_attribute("data-status", "ready")
    expect(shown.get_by_role("heading", name="Weather there")).to_be_visible()
    expect(page.get_by_text("The inputs are not YAML")).to_be_visible()
    expect(page.get_by_text("latitude: [oops").last).to_be_visible()
    expect(page.locator("patchbay-block[block=none]")).to_have_attribute("data-status", "error")
    expect(drawn.locator("pre", has_text="print(1)")).to_be_visible()

    page.get_by_role("button", name="Done").click()
    expect(source).to_have_count(0)
    page.reload()
    expect(page.get_by_role("heading", name="Journey")).to_be_visible()
    assert notebook.kept(PAGE)["text"] == text


def test_a_block_of_the_notebook_is_put_into_the_page(notebook: Notebook) -> None:
    notebook.fill(block("open-meteo/current", title="Lisbon", latitude=38.7, longitude=-9.1))
    notebook.write("Before.\n")
    page = notebook.open()
    show(page, "Page")
    page.get_by_role("button", name="Edit").click()
    choose(page, "Insert a block", "Lisbon")
    shown = page.locator("patchbay-block[block=current]")
    expect(shown).to_have_attribute("data-status", "ready")
    expect(shown).to_contain_text("38.7 · -9.1")


def test_html_in_a_page_runs_nothing(notebook: Notebook) -> None:
    notebook.write(
        "Hello <img src=x onerror=\"document.title='owned'\"> "
        "<script>document.title='owned'</script> [link](javascript:document.title='owned') there"
    )
    page = notebook.open()
    show(page, "Page")
    expect(page.get_by_text("Hello").last).to_be_visible()
    assert page.locator("main script, main [onerror], main a[href^='javascript' i]").count() == 0
    assert "owned" not in page.title()


def test_every_theme_is_put_on_and_kept(notebook: Notebook, other_context: BrowserContext) -> None:
    page = notebook.open()
    button = page.get_by_role("button", name="Theme")
    grounds = set()
    for theme, scheme in THEMES.items():
        button.click()
        page.locator(f"[data-choice={theme}]").click()
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == scheme
        grounds.add((root(page, "backgroundColor"), root(page, "color")))
    assert len(grounds) == len(THEMES)
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "notebook-contrast-dark")
    expect(notebook.open(other_context).locator("html")).to_have_attribute(
        "data-theme", "notebook-contrast-dark"
    )

    button.click()
    page.get_by_role("menuitemradio", name="As the system").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "system")
    page.emulate_media(color_scheme="dark")
    dark = root(page, "backgroundColor")
    page.emulate_media(color_scheme="light")
    assert root(page, "backgroundColor") != dark


def test_notebooks_are_made_renamed_and_switched(notebook: Notebook) -> None:
    notebook.fill(block("open-meteo/current", title="Lisbon", latitude=38.7, longitude=-9.1))
    page = notebook.open()
    choose(page, "Notebooks", "Rename this notebook")
    page.get_by_role("textbox", name="Name").fill("Home")
    page.get_by_role("button", name="Rename", exact=True).click()
    expect(page).to_have_title("Home · Patchbay")

    choose(page, "Notebooks", "New notebook")
    page.get_by_role("textbox", name="Name").fill("Office")
    page.get_by_role("button", name="Create").click()
    expect(page).to_have_title("Office · Patchbay")
    expect(page.get_by_role("heading", name="What do you want to see?")).to_be_visible()

    choose(page, "Notebooks", "Home")
    expect(page).to_have_title("Home · Patchbay")
    expect(page.locator("[data-key] h3")).to_have_text(["Lisbon"])
