"""Draws the pictures of the README: the notebook of `make demo`, light and dark, into docs/images/. Needs Chromium.

    python -m scripts.screenshots [--folder=docs/images]

It takes a minute, because one block of the demo is to be stale by then.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Error, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "images"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
SCHEMES = ("light", "dark")
SIZE = (1280, 800)
MAX_BYTES = 200 * 1024
SETTLED_MS = 120_000
STOP_SECONDS = 30

# Every block has an answer, and none waits for another one; for one of them the provider has failed since.
SETTLED = """() => {
  const blocks = [...document.querySelectorAll('patchbay-block')];
  const states = blocks.map((block) => block.state);
  return states.length > 0 && states.every((state) => state && !state.isRefreshing && state.status !== 'loading')
    && states.some((state) => state.status === 'stale' && (state.error ?? state.rendered?.error));
}"""


class DrawingFailed(Exception):
    """There is no picture. The message says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when both pictures are drawn."""
    parser = argparse.ArgumentParser(prog="python -m scripts.screenshots", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the pictures go")
    options = parser.parse_args(arguments)
    try:
        with running_demo() as link, running_chromium() as browser:
            for path in draw(browser, link, options.folder):
                print(f"{path}: {path.stat().st_size // 1024} KB")
    except (DrawingFailed, Error) as failed:
        print(f"The pictures cannot be drawn. {failed}", file=sys.stderr)
        return 1
    return 0


def draw(browser: Browser, link: str, folder: Path) -> list[Path]:
    """The files, one for each colour scheme. Raises DrawingFailed for one that is too large for a README."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for scheme in SCHEMES:
        path = folder / f"board-{scheme}.png"
        path.write_bytes(photograph(browser, link, scheme))
        if path.stat().st_size > MAX_BYTES:
            raise DrawingFailed(f"{path} has {path.stat().st_size} bytes, more than {MAX_BYTES}.")
        paths.append(path)
    return paths


def photograph(browser: Browser, link: str, scheme: str) -> bytes:
    """A PNG of the settled notebook."""
    width, height = SIZE
    context = browser.new_context(viewport={"width": width, "height": height}, locale="en-GB")
    with context:
        page = context.new_page()
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        page.goto(link)
        wait_until_settled(page)
        return page.screenshot(animations="disabled", caret="hide")


def wait_until_settled(page: Page) -> None:
    page.wait_for_function(SETTLED, timeout=SETTLED_MS)
    page.evaluate("() => document.fonts.ready.then(() => scrollTo(0, 0))")


@contextmanager
def running_demo() -> Iterator[str]:
    """The link that opens the demo, on a free port. Raises DrawingFailed if it ends before."""
    command = [sys.executable, "-m", "examples.demo"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        try:
            link = next((line.split()[1] for line in demo.stdout if line.startswith("Open ")), None)
            if link is None:
                raise DrawingFailed("The demo ended.")
            yield link
        finally:
            demo.terminate()
            demo.wait(STOP_SECONDS)


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Chromium without a window. Raises DrawingFailed if there is none."""
    executable = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if executable is None:
        raise DrawingFailed("There is no Chromium on the PATH.")
    with sync_playwright() as playwright:
        # In a container without user namespaces Chromium has no sandbox of its own.
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


if __name__ == "__main__":
    raise SystemExit(main())
