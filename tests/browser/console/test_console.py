"""The console in a real browser: what whoever runs Patchbay does there, without a command or a program."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from examples.sandbox import Sandbox
from examples.sandbox.providers.openweathermap import API_KEY
from tests.browser.conftest import Api, Watch
from tests.browser.console.conftest import OpenConsole, example
from tests.browser.test_accessibility import serious_violations
from tests.conftest import RunningServer
from web.pages.built_files import MANIFEST
from web.pages.console_pages import PAGES as CONSOLE_PAGES

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

PAGES = (
    "",
    "/integrations",
    "/answers",
    "/schedule",
    "/usage",
    "/usage/calls",
    "/workspaces",
    "/frontends",
    "/connect",
    "/access",
    "/audit",
    "/doctor",
    "/about",
    "/add",
)
TABS = tuple(
    f"/integrations/openweathermap{tab}"
    for tab in ("", "/connection", "/playground", "/answers", "/manifest", "/review", "/remove")
)
# What a page's scripts read, whether the browser has fetched it before or not.
NOTE_READS = """
window.reads = [];
const { fetch } = window;
window.fetch = (address, ...rest) => {
  reads.push(String(address));
  return fetch(address, ...rest);
};
"""
PETS = {
    "openapi": "3.0.3",
    "info": {"title": "Pets", "version": "2.1.0"},
    "servers": [{"url": "https://pets.test/v1"}],
    "paths": {"/pets": {"get": {"operationId": "listPets", "responses": {"200": {"description": "ok"}}}}},
}


def paste(page: Page, text: str) -> None:
    """Replaces what the editor holds, from the clipboard."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("textbox", name="Manifest").click()
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+v")


def confirm_by_name(page: Page, name: str, verb: str) -> None:
    dialog = page.get_by_role("alertdialog")
    button = dialog.get_by_role("button", name=verb)
    expect(button).to_be_disabled()
    dialog.get_by_role("textbox").fill(name)
    button.click()


def test_an_integration_is_added_from_a_pasted_manifest_and_set_up(
    open_console: OpenConsole, sandbox: Sandbox, api: Api, watch: Watch
) -> None:
    watch.expected_errors = ["status of 409", "status of 502"]
    page = open_console()
    page.get_by_role("link", name="Add an integration").click()
    declaration = example("openweathermap", sandbox)
    paste(page, json.dumps({**declaration, "version": "one"}))
    expect(page.get_by_text("1 error")).to_be_visible()
    expect(page.locator(".finding-list")).to_contain_text("version")
    expect(page.get_by_role("button", name="Register")).to_be_disabled()
    paste(page, json.dumps(declaration))
    page.get_by_role("button", name="Register").click()

    registered = page.locator("[data-registered=openweathermap]")
    expect(registered).to_contain_text("Setting missing")
    registered.get_by_role("link", name="fill in api_key").click()
    secret = page.locator("[data-key=api_key]")
    secret.get_by_label("API key").fill("wrong-key-0123456789")
    secret.get_by_role("button", name="Save").click()
    expect(secret).to_have_attribute("data-secret", "ok")
    page.get_by_role("link", name="Connection").click()
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("[data-verdict=false]")).to_contain_text("refused")

    page.get_by_role("link", name="Settings", exact=True).click()
    secret.get_by_label("API key").fill(API_KEY)
    secret.get_by_role("button", name="Replace").click()
    expect(secret.get_by_label("API key")).to_have_value("")
    page.get_by_role("link", name="Connection").click()
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("[data-verdict=true]")).to_be_visible()
    assert API_KEY not in page.content()
    assert api("GET", "/integrations")[0]["missing"] == []


def test_an_integration_is_made_of_an_openapi_file(open_console: OpenConsole, api: Api) -> None:
    page = open_console("/console/add")
    page.get_by_role("radio", name="OpenAPI file").check(force=True)
    file = {"name": "Pet Store.json", "mimeType": "application/json", "buffer": json.dumps(PETS).encode()}
    page.get_by_label("OpenAPI file (JSON or YAML)").set_input_files(files=[file])  # pyright: ignore[reportArgumentType]
    expect(page.get_by_label("Id")).to_have_value("pet-store")
    page.get_by_role("button", name="Convert").click()
    page.get_by_role("button", name="Register").click()
    expect(page.locator("[data-registered=pet-store]")).to_be_visible()
    assert [one["id"] for one in api("GET", "/integrations")] == ["pet-store"]


def test_a_setting_is_overridden_in_one_notebook_and_reset(
    open_console: OpenConsole, declare: Callable[..., Any], api: Api
) -> None:
    declare("open-meteo")
    notebook = api("POST", "/workspaces/1/notebooks", {"name": "Attic"})["id"]
    before = api("GET", "/integrations/open-meteo/config")["config"]
    page = open_console("/console/integrations/open-meteo")
    page.get_by_label("Notebook").select_option("Attic")
    page.get_by_label("Latitude").fill("59.9")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Set in this notebook")).to_be_visible()
    scoped = f"/integrations/open-meteo/config?notebook_id={notebook}"
    assert api("GET", scoped)["config"]["latitude"] == 59.9
    assert api("GET", "/integrations/open-meteo/config")["config"] == before
    assert f"notebook_id={notebook}" in page.url

    page.get_by_role("button", name="Reset Latitude").click()
    expect(page.get_by_text("Set in this notebook")).to_have_count(0)
    assert api("GET", scoped)["config"] == before


def test_a_review_is_accepted_after_both_destinations_were_seen(
    open_console: OpenConsole, declare: Callable[..., Any], api: Api
) -> None:
    declaration = declare("openweathermap")
    changed = json.loads(json.dumps(declaration))
    changed["manifest"]["integration"]["base_url"] = "https://other.test"
    api("POST", "/plugins/register", {**changed, "version": "9.0.0"})
    page = open_console()
    page.locator("[data-task=review]").get_by_role("link").click()
    old = declaration["manifest"]["integration"]["base_url"].split("//")[1].split("/")[0]
    expect(page.get_by_role("region", name="Entered for")).to_contain_text(old)
    expect(page.get_by_role("region", name="Would be sent to")).to_contain_text("https://other.test")
    page.get_by_role("button", name="Accept the new destinations").click()
    expect(page.get_by_role("heading", name="Nothing to review")).to_be_visible()
    assert api("GET", "/integrations/openweathermap")["review"] is None


def test_answers_are_looked_at_and_purged_and_the_integration_is_forgotten(
    open_console: OpenConsole, declare: Callable[..., Any], api: Api
) -> None:
    declare("openweathermap")
    page = open_console("/console/integrations/openweathermap/playground")
    page.get_by_label("Place").fill("Berlin,DE")
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_role("region", name="Request").first).to_contain_text("••••")
    page.get_by_role("button", name="Render").click()
    expect(page.locator("[data-cache=MISS]")).to_be_visible()
    expect(page.locator("patchbay-block")).to_contain_text("broken clouds")

    page.get_by_role("navigation", name="Pages of").get_by_role("link", name="Cached answers").click()
    page.locator("[data-artifact]").first.get_by_role("button", name="More for").click()
    page.get_by_role("menuitem", name="Show the data").click()
    expect(page.get_by_role("region", name="Data")).to_contain_text("broken clouds")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Purge all").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Purge").click()
    expect(page.get_by_role("heading", name="Nothing is cached")).to_be_visible()
    assert api("GET", "/artifacts") == []
    # What a program renders meanwhile shows by itself.
    render = {"block_type": "weather", "parameters": {"location": "Berlin,DE"}}
    api("POST", "/integrations/openweathermap/render", render)
    shown = next(one for one in api("GET", "/artifacts") if one["block_id"] == "weather")
    one = page.locator(f"[data-artifact='{shown['parameters_hash']}']")
    one.get_by_role("button", name="More for").click()
    page.get_by_role("menuitem", name="Purge this answer").click()
    expect(page.get_by_role("alertdialog")).to_contain_text("Berlin,DE")
    page.get_by_role("alertdialog").get_by_role("button", name="Purge").click()
    expect(one).to_have_count(0)
    assert shown["parameters_hash"] not in {kept["parameters_hash"] for kept in api("GET", "/artifacts")}

    page.get_by_role("link", name="Remove", exact=True).click()
    page.get_by_role("button", name="Remove …").click()
    confirm_by_name(page, "openweathermap", "Remove for good")
    expect(page.get_by_role("heading", name="No integration yet")).to_be_visible()
    assert api("GET", "/integrations") == []


def test_many_integrations_are_shown_by_pages_and_found_on_all(open_console: OpenConsole, api: Api) -> None:
    manifest = {"integration": {"base_url": "https://many.test"}}
    many = [
        {"id": f"many-{n:02}", "name": f"Many {n:02}", "version": "1.0.0", "type": "integration", "manifest": manifest}
        for n in range(60)
    ]  # fmt: skip
    api("POST", "/plugins/register-batch", {"plugins": many})
    api("PUT", "/integrations/many-58/enable", {"enabled": False})
    console = open_console("/console/integrations")
    rows, first = console.locator("[data-integration-row]"), console.locator("[data-integration-row=many-00]")
    expect(rows).to_have_count(25)
    for _ in range(2):
        console.get_by_role("button", name="Next page").click()
        expect(first).to_have_count(0)
    expect(rows).to_have_count(10)
    expect(console.get_by_text("51–60 of 60")).to_be_visible()
    # What is narrowed begins on its first page, and is looked for on all.
    console.get_by_role("searchbox").fill("many 5")
    expect(console.locator("[data-integration-row=many-05]")).to_be_visible()
    expect(rows).to_have_count(15)
    console.get_by_role("radio", name="Off").check()
    expect(rows).to_have_count(1)
    expect(console.locator("[data-integration-row=many-58]")).to_be_visible()
    console.get_by_role("searchbox").fill("nothing")
    console.get_by_role("button", name="Show all").click()
    expect(first).to_be_visible()


def test_the_doctor_says_what_is_wrong_and_leads_to_it(
    open_console: OpenConsole, declare: Callable[..., Any], api: Api
) -> None:
    declare("openweathermap", is_set_up=False)
    api("PUT", "/integrations/openweathermap/enable", {"enabled": True})
    page = open_console("/console/about")
    page.get_by_role("link", name="Doctor").click()
    finding = page.locator("[data-finding=settings]")
    expect(finding).to_contain_text("openweathermap: api_key is not set.")
    finding.get_by_role("link", name="Open").click()
    expect(page.get_by_label("API key")).to_be_visible()


def test_a_second_workspace_is_created_chosen_and_deleted_by_name(
    open_console: OpenConsole, api: Api
) -> None:
    page = open_console("/console/workspaces")
    page.get_by_role("button", name="New workspace").click()
    page.get_by_label("Name").fill("Cabin")
    page.get_by_role("button", name="Create").click()
    page.locator(".place-choice").get_by_label("Workspace").select_option("Cabin")
    cabin = next(one["id"] for one in api("GET", "/workspaces") if one["name"] == "Cabin")
    page.wait_for_url(f"**/console/workspaces?workspace_id={cabin}")
    page.get_by_role("button", name="More for Cabin").click()
    page.get_by_role("menuitem", name="Delete").click()
    confirm_by_name(page, "Cabin", "Delete for good")
    expect(page.locator("[data-workspace]")).to_have_count(1)
    assert [one["name"] for one in api("GET", "/workspaces")] == ["Default"]


def test_what_another_program_changes_shows_by_itself(
    open_console: OpenConsole, declare: Callable[..., Any], api: Api
) -> None:
    declare("open-meteo")
    page = open_console("/console/integrations")
    switch = page.get_by_role("switch", name="Open-Meteo is on")
    expect(switch).to_have_attribute("aria-checked", "true")
    api("PUT", "/integrations/open-meteo/enable", {"enabled": False})
    expect(switch).to_have_attribute("aria-checked", "false")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "true")
    assert api("GET", "/integrations/open-meteo")["enabled"] is True


@pytest.mark.parametrize("paths", [PAGES, TABS], ids=["pages", "integration"])
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_every_page_is_accessible_and_fits(
    open_console: OpenConsole,
    declare: Callable[..., Any],
    api: Api,
    patchbay: RunningServer,
    paths: tuple[str, ...],
    scheme: Any,
    width: int,
) -> None:
    declare("openweathermap")
    declare("open-meteo")
    render = {"block_type": "current", "parameters": {"latitude": 1, "longitude": 1}}
    api("POST", "/integrations/open-meteo/render", render)
    page = open_console()
    page.add_init_script(NOTE_READS)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 800})
    found = {}
    for path in paths:
        with watched_requests(page) as asked:
            page.goto(f"{patchbay.url}/console{path}")
            page.locator("h1").wait_for()
            expect(page.locator(".loading-lines")).to_have_count(0)
            reads = page.evaluate("reads")
        early = page.locator("link[rel=preload][as=fetch]").evaluate_all("them => them.map((it) => it.href)")
        is_wider = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        found[path] = [
            *serious_violations(page),
            *(["wider than the window"] if is_wider else []),
            *(f"{one} is preloaded for nothing" for one in early if asked.count(one) > reads.count(one)),
            *([] if early else ["nothing is preloaded"]),
        ]
    assert {path: faults for path, faults in found.items() if faults} == {}


def test_the_build_has_every_chunk_that_a_page_loads_first(patchbay: RunningServer) -> None:
    built = {chunk.get("name") for chunk in json.loads(MANIFEST.read_text("utf-8")).values()}
    assert {chunk for page in CONSOLE_PAGES.values() for chunk in page.chunks} <= built


@contextmanager
def watched_requests(page: Page) -> Iterator[list[str]]:
    """The addresses that the browser asks for."""
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    yield asked
    page.remove_listener("request", note)


def test_what_the_notebook_needs_first_is_asked_for_once_while_its_scripts_load(
    open_console: OpenConsole, patchbay: RunningServer
) -> None:
    page = open_console("/console/about")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(f"{patchbay.url}/api/v1")))
    page.goto(f"{patchbay.url}/notebook")
    page.locator("body[data-ready=true]").wait_for()
    early = page.locator("link[rel=preload][as=fetch]").evaluate_all(
        "them => them.map((it) => it.getAttribute('href'))"
    )
    assert early
    assert [asked.count(address.removeprefix("/api/v1")) for address in early] == [1] * len(early)
    # A browser that cannot use what it has fetched asks once more, in other words.
    for address in early:
        list_name = address.partition("?")[0].removeprefix("/api/v1")
        assert len([one for one in asked if one.partition("?")[0] == list_name]) == 1
