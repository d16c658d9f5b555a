"""The files that the build of frontend/ puts in static/built/: modules of the client, and what our pages load."""

from __future__ import annotations

import json
from collections.abc import Sequence
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


def find_app(name: str, chunks: Sequence[str] = ()) -> AppFiles | None:
    """What the page of the app `name` loads, with the named chunks that it imports later; None if it is not built."""
    try:
        built = _read_manifest(MANIFEST, MANIFEST.stat().st_mtime_ns)
        return built.find_app(name, tuple(chunks))
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


class _Built:
    """Vite's manifest."""

    def __init__(self, chunks: dict[str, dict[str, Any]]) -> None:
        self._chunks = chunks
        self._apps = {chunk["name"]: key for key, chunk in chunks.items() if chunk.get("isEntry")}
        self._later = {chunk.get("name"): key for key, chunk in chunks.items() if not chunk.get("isEntry")}
        self._files: dict[tuple[str, tuple[str, ...]], AppFiles] = {}

    def find_app(self, name: str, chunks: tuple[str, ...]) -> AppFiles | None:
        entry = self._apps.get(name)
        if entry is None:
            return None
        files = self._files.get((name, chunks))
        if files is None:
            later = (self._later[chunk] for chunk in chunks if chunk in self._later)
            files = self._files[name, chunks] = self._list_files(entry, *later)
        return files

    def _list_files(self, *entries: str) -> AppFiles:
        keys: list[str] = []
        pending = list(reversed(entries))
        while pending:
            key = pending.pop()
            if key not in keys:
                keys.append(key)
                pending.extend(self._chunks[key].get("imports", ()))
        script, *imports = (ADDRESS + self._chunks[key]["file"] for key in keys)
        styles = dict.fromkeys(ADDRESS + style for key in keys for style in self._chunks[key].get("css", ()))
        return AppFiles(script, tuple(imports), tuple(styles))


@lru_cache(maxsize=2)
def _read_manifest(manifest: Path, _changed_at: int) -> _Built:
    return _Built(json.loads(manifest.read_text("utf-8")))
