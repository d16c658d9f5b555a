"""Every relative link, heading and file that the documentation names is there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from settings import ROOT

PAGES = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md")), ROOT / "examples" / "README.md"]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
# Code and pages are named in text, in code and in trees; other files in code and with their folder.
SOURCE = re.compile(r"(?<![\w./:-])[\w./-]+\.(?:py|md)(?![\w(])")
FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)*/(?:[\w.-]+\.\w+)?")
HEADING = re.compile(r"^#+ +(.+?)\s*$", re.MULTILINE)
# Folders of ours that hold nothing but what a run or an installation puts there.
MADE_LATER = ("instance/", "cache/", "build/", "static/built/", ".venv/")
NOT_SEARCHED = {".git", ".venv", "node_modules", "__pycache__", "build", ".pytest_cache", ".ruff_cache"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def everything() -> Iterator[str]:
    """All files and folders as `/folder/file` and `/folder/`."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in NOT_SEARCHED]
        inside = "/" + Path(folder).relative_to(ROOT).as_posix().removeprefix(".").lstrip("/")
        yield from (f"{inside.rstrip('/')}/{name}" for name in files)
        yield from (f"{inside.rstrip('/')}/{name}/" for name in folders)


@pytest.fixture(scope="module")
def there() -> frozenset[str]:
    return frozenset(everything())


def slug(heading: str) -> str:
    """A heading's anchor, as code hosts make it."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def dead_links(page: Path, text: str) -> list[str]:
    """The relative links of a page that lead to no file, or to no heading of it."""
    dead = []
    for target in LINK.findall(FENCE.sub("", text)):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        file = (page.parent / path).resolve() if path else page
        if path and not file.exists():
            dead.append(target)
        elif anchor and file.suffix == ".md":
            headings = HEADING.findall(FENCE.sub("", text if file == page else file.read_text("utf-8")))
            if anchor not in map(slug, headings):
                dead.append(target)
    return dead


def missing_files(text: str, there: frozenset[str]) -> list[str]:
    """The files and folders that a page names, from the root or from a folder on, and that are not there."""
    outside_links = LINK.sub("", text)
    named = set(SOURCE.findall(outside_links))
    named |= {code for code in CODE.findall(FENCE.sub("", outside_links)) if FILE.fullmatch(code)}
    return sorted(
        name
        for name in named
        if not name.startswith(("/", *MADE_LATER)) and not any(path.endswith(f"/{name}") for path in there)
    )


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_somewhere(page: Path):
    assert dead_links(page, page.read_text("utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_that_is_named_is_there(page: Path, there: frozenset[str]):
    assert missing_files(page.read_text("utf-8"), there) == []


def test_every_decision_is_in_the_index_under_a_number_of_its_own():
    folder = ROOT / "docs" / "decisions"
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert (
        re.findall(r"^\| \[\d{4}\]\(([^)]+)\)", (folder / "README.md").read_text("utf-8"), re.MULTILINE)
        == records
    )
    assert [name[:4] for name in records] == [f"{number:04}" for number in range(1, len(records) + 1)]
    for name in records:
        headings = HEADING.findall((folder / name).read_text("utf-8"))
        assert headings[0].startswith(name[:4]), name
        assert headings[1:] == ["Context", "Decision", "Consequences", "Figures"], name


@pytest.mark.parametrize(
    ("text", "dead"),
    [
        (
            "[a](api.md) [b](decisions/README.md#decisions) [c](https://x.example/y) [d](mailto:a@b.example)",
            [],
        ),
        ("[a](gone.md)", ["gone.md"]),
        ("[a](api.md#no-such-heading)", ["api.md#no-such-heading"]),
        ("# A `b` c\n[a](#a-b-c) [b](#d)", ["#d"]),
        ("```\n[a](gone.md)\n```", []),
        ('![a](gone.png "A title")', ["gone.png"]),
    ],
)
def test_a_dead_link_is_found(text: str, dead: list[str]):
    assert dead_links(ROOT / "docs" / "page.md", text) == dead


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("`web/server/server.py`, server.py and `schemas/` and `static/signin.css`", []),
        ("`web/gone.py`", ["web/gone.py"]),
        ("```\n  gone.py   what it was\n```", ["gone.py"]),
        ("`no_such_folder/`", ["no_such_folder/"]),
        ("`static/gone.css`", ["static/gone.css"]),
        ("`er.py`", ["er.py"]),
        ("`instance/token`, `instance/`, `/a/b.py`, `application/json`, `https://x.example/a.py`", []),
    ],
)
def test_a_file_that_is_not_there_is_found(text: str, missing: list[str], there: frozenset[str]):
    assert missing_files(text, there) == missing


@pytest.mark.parametrize("page", ["security.md", "reliability.md"])
def test_every_test_that_a_page_names_is_there(page: str):
    text = (ROOT / "docs" / page).read_text("utf-8")
    named = re.findall(r"(tests/[\w/]+\.py)::(\w+)", text)
    assert named
    assert [
        f"{path}::{name}"
        for path, name in named
        if not re.search(rf"def {name}\(|class {name}\b|^{name} = ", (ROOT / path).read_text("utf-8"), re.M)
    ] == []
