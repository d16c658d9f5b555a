"""The files that the build of frontend/ puts in static/built/: modules of the client, and what our pages load."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, request, send_from_directory

from settings import ROOT

FOLDER = ROOT / "static" / "built"
MANIFEST = FOLDER / "manifest.json"
ADDRESS = "/static/built/"
# A name with a hash never has other content (RFC 8246).
IMMUTABLE = "private, max-age=31536000, immutable"
REVALIDATED = "no-cache"
HASHED_FOLDERS = ("assets/", "client/chunks/")
# The encodings that the build writes, the smallest first, and how it names them.
ENCODINGS = {"br": ".br", "gzip": ".gz"}
MEDIA_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}

blueprint = Blueprint("built_files", __name__)


@dataclass(frozen=True, slots=True)
class AppFiles:
    """The paths of what one page loads: its module, the modules that this one imports, and style sheets."""

    script: str
    imports: tuple[str, ...]
    styles: tuple[str, ...]


def find_app(name: str) -> AppFiles | None:
    """What the page of the app `name` loads; None if it is not built."""
    try:
        changed_at = MANIFEST.stat().st_mtime_ns
        return _read_apps(MANIFEST, changed_at).get(name)
    except OSError:
        return None


def is_built() -> bool:
    """Whether there are pages to show."""
    return MANIFEST.is_file()


@blueprint.get("/static/client/<path:name>")
def send_client_file(name: str) -> Response:
    """A module of the client, at an address that stays the same."""
    return _send(f"client/{name}")


@blueprint.get(f"{ADDRESS}assets/<path:name>")
def send_asset(name: str) -> Response:
    """A file of one of our pages."""
    return _send(f"assets/{name}")


def _send(name: str) -> Response:
    """The file in the smallest encoding that the browser accepts, conditional (RFC 9110 section 13)."""
    if name.endswith(tuple(ENCODINGS.values())) or ".." in name:
        abort(404)
    encoding = _choose_encoding(name)
    response = send_from_directory(
        FOLDER, name + ENCODINGS.get(encoding, ""), mimetype=_media_type(name), conditional=True
    )
    if encoding:
        response.headers["Content-Encoding"] = encoding
    response.headers["Cache-Control"] = IMMUTABLE if name.startswith(HASHED_FOLDERS) else REVALIDATED
    response.vary.add("Accept-Encoding")
    return response


def _choose_encoding(name: str) -> str:
    accepted = request.accept_encodings
    for encoding, suffix in ENCODINGS.items():
        if accepted.quality(encoding) > 0 and (FOLDER / f"{name}{suffix}").is_file():
            return encoding
    return ""


def _media_type(name: str) -> str | None:
    return MEDIA_TYPES.get(Path(name).suffix)


@lru_cache(maxsize=2)
def _read_apps(manifest: Path, _changed_at: int) -> dict[str, AppFiles]:
    """Each app of Vite's manifest, by the app's name."""
    chunks: dict[str, dict[str, Any]] = json.loads(manifest.read_text("utf-8"))
    return {chunk["name"]: _app_files(chunks, key) for key, chunk in chunks.items() if chunk.get("isEntry")}


def _app_files(chunks: dict[str, dict[str, Any]], entry: str) -> AppFiles:
    keys: list[str] = []
    pending = [entry]
    while pending:
        key = pending.pop()
        if key not in keys:
            keys.append(key)
            pending.extend(chunks[key].get("imports", ()))
    script, *imports = (ADDRESS + chunks[key]["file"] for key in keys)
    styles = dict.fromkeys(ADDRESS + style for key in keys for style in chunks[key].get("css", ()))
    return AppFiles(script, tuple(imports), tuple(styles))
