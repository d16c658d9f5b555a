"""The recipes of docs/frontends.md as they stand there, with the packages as `npm pack` makes them."""

from __future__ import annotations

import fcntl
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_httpserver import HTTPServer

from examples.catalog import against_sandbox, load_example
from examples.sandbox import Sandbox
from examples.server_process import free_port
from scripts.frontend import WORKSPACE, node_environment
from settings import ROOT
from tests.browser.conftest import Api
from tests.conftest import RunningServer
from tests.upstreams import Upstream

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

TARBALLS = ROOT / "build" / "packages"
FILE = re.compile(r"^```\w+ ([\w./]+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
PACKAGE = '{"name": "mine", "private": true, "type": "module"}'
INSTALLED = ("vue@~3.5", "react@~19.3", "react-dom@~19.3", "vite@~8.3", "@vitejs/plugin-vue@~6.0", "@vitejs/plugin-react@~6.0", "typescript@~5.9", "@types/react@~19.3")  # fmt: skip


def recipe(heading: str) -> dict[str, str]:
    """The files of one section, by name."""
    text = (ROOT / "docs" / "frontends.md").read_text("utf-8")
    sections = {found[1]: found[2] for found in SECTION.finditer(text)}
    return {found[1]: found[2] for found in FILE.finditer(sections[heading])}


class Project(NamedTuple):
    """A project in which the packages are installed, in a folder below the one that has them."""

    folder: Path
    environ: dict[str, str]

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.folder / name).write_text(text)

    def run(self, *command: str) -> None:
        done = subprocess.run(
            command, cwd=self.folder, env=self.environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def module(self, path: str) -> str:
        return str(self.folder.parent / "node_modules" / path)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Project:
    """The packages as they are packed, installed from the files; once for all processes of a run."""
    environ = node_environment()
    assert environ is not None, "`make test` installs what this needs."
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if hasattr(request.config, "workerinput") else base) / "frontends"
    folder.mkdir(exist_ok=True)
    made = Project(folder, environ)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "package-lock.json").exists():
            subprocess.run(
                ["npm", "run", "--silent", "packages"],
                cwd=WORKSPACE,
                env=environ,
                check=True,
                capture_output=True,
            )
            made.write({"package.json": PACKAGE})
            tarballs = sorted(str(path) for path in TARBALLS.glob("*.tgz"))
            assert len(tarballs) == 4
            quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error")
            made.run("npm", "install", *quiet, *tarballs, *INSTALLED)
    return made


@pytest.fixture
def project(installed: Project) -> Project:
    folder = Path(mkdtemp(dir=installed.folder))
    made = Project(folder, installed.environ)
    made.write({"package.json": PACKAGE})
    return made


@pytest.fixture
def site() -> Iterator[HTTPServer]:
    with Upstream(host="localhost") as site:
        yield site


@pytest.fixture
def patchbay(start_patchbay: Callable[..., RunningServer], site: HTTPServer) -> RunningServer:
    """A server that lets the other origin in."""
    return start_patchbay(allowed_origins=(f"http://localhost:{site.port}",))


@pytest.fixture
def declared(patchbay: RunningServer, sandbox: Sandbox) -> None:
    Api(patchbay)("POST", "/plugins/register", against_sandbox(load_example("open-meteo"), sandbox.url))


@contextmanager
def development_server(project: Project, patchbay: RunningServer) -> Iterator[str]:
    """Vite, as the recipe starts it."""
    port = free_port()
    environ = {
        **project.environ,
        "PATCHBAY_URL": patchbay.url,
        "PATCHBAY_TOKEN": patchbay.token,
        "NO_COLOR": "1",
    }
    command = ["node", project.module("vite/bin/vite.js"), "--port", str(port), "--strictPort"]
    process = subprocess.Popen(
        command,
        cwd=project.folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = list(takewhile(lambda line: "Local:" not in line, process.stdout))
        assert process.poll() is None, "".join(said)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate()


def open_page(context: BrowserContext, address: str) -> tuple[Page, list[str]]:
    """A page and what went wrong on it."""
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(address)
    return page, errors


@pytest.mark.usefixtures("declared")
def test_a_plain_page_of_another_origin(
    context: BrowserContext, patchbay: RunningServer, site: HTTPServer
) -> None:
    html = recipe("Plain HTML")["index.html"]
    assert len(html.splitlines()) <= 15
    html = html.replace("http://127.0.0.1:8765", patchbay.url)
    site.expect_request("/").respond_with_data(html, content_type="text/html; charset=utf-8")
    context.on("page", lambda page: page.on("dialog", lambda dialog: dialog.accept(patchbay.token)))
    page, _ = open_page(context, f"http://localhost:{site.port}/")
    block = page.locator("patchbay-block")
    expect(block).to_have_attribute("data-status", "ready")
    expect(block).to_contain_text("4.2")


@pytest.mark.usefixtures("declared")
def test_vite_and_vue(context: BrowserContext, patchbay: RunningServer, project: Project) -> None:
    project.write(recipe("Vite and Vue"))
    with development_server(project, patchbay) as address:
        page, errors = open_page(context, address)
        page.set_default_timeout(60_000)
        expect(page.locator("[data-status=ready]")).to_contain_text("4.2 degrees", timeout=60_000)
        with page.expect_request(lambda request: '"latitude":52' in (request.post_data or "")) as sent:
            page.get_by_label("Latitude").fill("52")
        assert "authorization" not in sent.value.headers
        expect(page.locator("[data-status=ready]")).to_be_visible()
        assert patchbay.token not in page.content()
        assert [error for error in errors if "favicon" not in error and "404" not in error] == []


@pytest.mark.usefixtures("declared")
def test_vite_and_react(context: BrowserContext, patchbay: RunningServer, project: Project) -> None:
    vue = recipe("Vite and Vue")
    config = vue["vite.config.js"].replace(
        "import vue from '@vitejs/plugin-vue'", "import react from '@vitejs/plugin-react'"
    )
    page_of_react = vue["index.html"].replace("/main.js", "/main.jsx")
    files = {"vite.config.js": config.replace("vue()", "react()"), "index.html": page_of_react}
    project.write({**files, **recipe("Vite and React")})
    with development_server(project, patchbay) as address:
        page, errors = open_page(context, address)
        expect(page.locator("[data-status=ready]")).to_contain_text("4.2 degrees", timeout=60_000)
        page.get_by_role("button", name="Fetch again").click()
        expect(page.locator("[data-status=ready]")).to_be_visible()
        assert [error for error in errors if "favicon" not in error and "404" not in error] == []


TYPED = """
import { createClient, PatchbayError, type Rendered } from '@patchbay/client';
import { configure, type Display } from '@patchbay/elements';
import { writeNumber } from '@patchbay/elements/drawing';
import { useBlock as useInReact } from '@patchbay/react';
import { useBlock as useInVue } from '@patchbay/vue';

const client = configure(createClient({ baseUrl: 'http://127.0.0.1:8765' }));
const display: Display = { kind: 'gauge' };
export const answer: Promise<Rendered<{ temperature: number }>> = client.render('a', 'b');
export const failure = (error: unknown): string => (error instanceof PatchbayError ? error.code : writeNumber(1).text);
export const block = document.createElement('patchbay-block');
block.display = display;
export const both = (): [boolean, boolean] => [useInReact('a', 'b').isRefreshing, useInVue('a', 'b').isRefreshing.value];
// @ts-expect-error a kind that there is not
export const wrong: Display = { kind: 'pie' };
"""


@pytest.mark.parametrize("resolution", ["bundler", "nodenext"])
def test_what_npm_installs_has_types(project: Project, resolution: str) -> None:
    project.write({"typed.ts": TYPED})
    module = "esnext" if resolution == "bundler" else "nodenext"
    project.run(
        *("node", project.module("typescript/bin/tsc"), "--noEmit", "--strict", "--target", "es2022"),
        *(
            "--lib",
            "es2023,dom,dom.iterable",
            "--module",
            module,
            "--moduleResolution",
            resolution,
            "typed.ts",
        ),
    )
