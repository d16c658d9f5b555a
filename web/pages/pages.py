"""The HTML pages. Their scripts load the data from the API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from plugin_store.workspaces import resolve_scope
from web.api.context import services
from web.gate.content_policy import API_DOCS_POLICY
from web.gate.mount import mounted
from web.pages.built_files import find_app
from web.pages.console_pages import find_first_loads
from web.pages.signin import FIRST_PAGE

PROBLEMS_TEXT = Path(__file__).resolve().parents[2] / "docs" / "problems.md"

blueprint = Blueprint("pages", __name__)


@dataclass(frozen=True, slots=True)
class ProblemHelp:
    """One problem code as docs/problems.md explains it: paragraphs of plain text."""

    code: str
    paragraphs: tuple[str, ...]


@cache
def problem_help() -> tuple[ProblemHelp, ...]:
    """Each `## code` section of docs/problems.md."""
    _, *sections = PROBLEMS_TEXT.read_text("utf-8").split("\n## ")
    return tuple(_parse_section(section) for section in sections)


def _parse_section(section: str) -> ProblemHelp:
    code, _, text = section.partition("\n")
    paragraphs = (" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
    return ProblemHelp(code.strip(), tuple(paragraph for paragraph in paragraphs if paragraph))


@blueprint.get("/")
def show_start() -> Response:
    """Redirects to the first page."""
    return redirect(mounted(FIRST_PAGE), 303)


@blueprint.get(FIRST_PAGE)
def show_notebook() -> str | tuple[str, int]:
    """The example frontend; 503 with what to do while it is not built."""
    workspaces = () if "workspace_id" in request.args else ("/api/v1/workspaces?page=1",)
    return _show_app("notebook", reads=(*workspaces, "/api/v1/plugins?type=view&page=1"))


@blueprint.get("/console")
@blueprint.get("/console/")
@blueprint.get("/console/<path:_page>")
def show_console(_page: str = "") -> str | tuple[str, int]:
    """The console, whatever page of it the address names; 503 with what to do while it is not built."""
    first = find_first_loads(_page, request.args.to_dict(), _find_workspace)
    return _show_app("console", reads=first.reads, chunks=first.chunks)


@blueprint.get("/api/docs")
def show_api_docs() -> str | tuple[str, int] | tuple[str, dict[str, str]]:
    """The API's documentation, drawn from its OpenAPI document; 503 with what to do while it is not built."""
    page = _show_app("api-docs", "api-docs.html", "API")
    return page if isinstance(page, tuple) else (page, {"Content-Security-Policy": API_DOCS_POLICY})


@blueprint.get("/docs/problems")
def show_problems() -> str:
    """What each problem code means; the `type` of every problem links to this page."""
    return render_template("problems.html", problems=problem_help())


def _find_workspace(workspace_id: int | None) -> int:
    return resolve_scope(services().database, workspace_id).workspace_id


def _show_app(
    app: str,
    template: str = "app.html",
    title: str = "",
    reads: Sequence[str] = (),
    chunks: Sequence[str] = (),
) -> str | tuple[str, int]:
    """The page of an app.

    `reads` is what the app asks for first, in the very same words, and `chunks` are those that it imports first: a
    browser asks for them while it loads the scripts.
    """
    files = find_app(app, chunks)
    if files is None:
        return render_template("not-built.html"), 503
    return render_template(template, files=files, name=title or app.capitalize(), reads=reads)
