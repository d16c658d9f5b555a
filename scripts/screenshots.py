"""Draws the pictures of the README into docs/images/: notebook and console of `make demo`, light and dark.

    python -m scripts.screenshots [--folder=docs/images]

It needs Chromium, and takes a minute, because one block of the demo is to be stale by then.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import Browser, Error, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "images"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
SCHEMES = ("light", "dark")
SIZE = (1280, 800)
SETTLED_MS = 120_000
STOP_SECONDS = 30

# Every block has an answer, and none waits for another one; for one of them the provider has failed since.
SETTLED = """() => {
  const blocks = [...document.querySelectorAll('patchbay-block')];
  const states = blocks.map((block) => block.state);
  return states.length > 0 && states.every((state) => state && !state.isRefreshing && state.status !== 'loading')
    && states.some((state) => state.status === 'stale' && (state.error ?? state.rendered?.error));
}"""

# Everything is read, and what needs a hand is listed with its marks.
CONSOLE_SETTLED = """() => document.body.dataset.ready === 'true' && !document.querySelector('.loading-lines')
  && [...document.querySelectorAll('.task-list .service-icon > [aria-hidden]')].every((mark) => mark.dataset.mark)
  && document.querySelector('.task-list')"""


@dataclass(frozen=True, slots=True)
class Picture:
    """A page: its path, None for the one that the demo's link opens, when it is settled, and how large a PNG may be."""

    name: str
    path: str | None
    settled: str
    max_bytes: int


PICTURES = (
    Picture("board", None, SETTLED, 200 * 1024),
    Picture("console", "/console", CONSOLE_SETTLED, 160 * 1024),
)


class DrawingFailed(Exception):
    """There is no picture. The message says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all pictures are drawn."""
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
    """The files, one of each page for each colour scheme. Raises DrawingFailed for one that is too large."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for scheme in SCHEMES:
        with signed_in(browser, link, scheme) as page:
            for picture in PICTURES:
                path = folder / f"{picture.name}-{scheme}.png"
                path.write_bytes(photograph(page, picture))
                if path.stat().st_size > picture.max_bytes:
                    raise DrawingFailed(
                        f"{path} has {path.stat().st_size} bytes, more than {picture.max_bytes}."
                    )
                paths.append(path)
    return paths


@contextmanager
def signed_in(browser: Browser, link: str, scheme: str) -> Iterator[Page]:
    """A page of a browser that the link has signed in."""
    width, height = SIZE
    with browser.new_context(viewport={"width": width, "height": height}, locale="en-GB") as context:
        page = context.new_page()
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        page.goto(link)
        yield page


def photograph(page: Page, picture: Picture) -> bytes:
    """A PNG of the settled page."""
    if picture.path is not None:
        page.goto(urljoin(page.url, picture.path))
    page.wait_for_function(picture.settled, timeout=SETTLED_MS)
    page.evaluate("() => document.fonts.ready.then(() => scrollTo(0, 0))")
    return page.screenshot(animations="disabled", caret="hide")


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
