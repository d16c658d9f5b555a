"""Marks of services and icons of things: one SVG document at a time, out of the two files of its set."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, abort, request

from settings import ROOT

FOLDER = ROOT / "static" / "built" / "icons"
SETS = ("si", "lucide")
# An icon changes with a release at most, and an old one does no harm while the new one is on its way (RFC 5861).
FRESHNESS = "public, max-age=86400, stale-while-revalidate=2592000"

blueprint = Blueprint("icons", __name__)


@blueprint.get("/static/icons/<of>/<name>.svg")
def send_icon(of: str, name: str) -> Response:
    """One icon by its name, conditional (RFC 9110 section 13)."""
    document = read_icon(of, name) if of in SETS else None
    if document is None:
        abort(404)
    response = Response(document, mimetype="image/svg+xml")
    response.headers["Cache-Control"] = FRESHNESS
    response.add_etag()
    response.make_conditional(request)
    return response


def read_icon(of: str, name: str) -> bytes | None:
    """The SVG document; None for a name that the set does not have, or while nothing is built."""
    documents = FOLDER / f"{of}.svgs"
    try:
        with documents.open("rb") as file:
            place = _read_places(documents.with_suffix(".json"), os.fstat(file.fileno()).st_mtime_ns).get(
                name
            )
            return None if place is None else os.pread(file.fileno(), place[1], place[0])
    except OSError:
        return None


@lru_cache(maxsize=len(SETS))
def _read_places(index: Path, _changed_at: int) -> dict[str, tuple[int, int]]:
    """Where each document begins and how many bytes it has, by name."""
    return {name: (start, size) for name, (start, size) in json.loads(index.read_text("utf-8")).items()}
