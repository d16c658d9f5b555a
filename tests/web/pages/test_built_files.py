"""What the build of frontend/ made, as browsers get it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import brotli
import pytest

from tests.conftest import Client
from web.pages import built_files

SCRIPT = b"export const answer = 42;\n" * 100
MANIFEST = {
    "apps/notebook/src/main.ts": {
        "file": "assets/notebook-a1.js",
        "name": "notebook",
        "isEntry": True,
        "css": ["assets/notebook-b2.css"],
        "imports": ["_shared.js"],
        "dynamicImports": ["apps/notebook/src/later.ts"],
    },
    "_shared.js": {"file": "assets/shared-c3.js", "name": "shared", "css": ["assets/shared-d4.css"]},
    "apps/notebook/src/later.ts": {"file": "assets/later-e5.js", "name": "later", "imports": ["_shared.js"]},
}


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the build leaves it."""
    for name in ("assets/notebook-a1.js", "client/patchbay.js", "client/chunks/charts-f6.js"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(SCRIPT)
        Path(f"{path}.br").write_bytes(brotli.compress(SCRIPT))
        Path(f"{path}.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path / "assets" / "notebook-b2.css").write_text("body {}")
    (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST))
    monkeypatch.setattr(built_files, "FOLDER", tmp_path)
    monkeypatch.setattr(built_files, "MANIFEST", tmp_path / "manifest.json")
    return tmp_path


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.1", "gzip"),
        ("*", "br"),
        ("identity", None),
        ("", None),
    ],
)
def test_the_smallest_encoding_that_is_accepted_is_sent(client: Client, accepted: str, encoding: str | None):
    response = client.open("/static/built/assets/notebook-a1.js", headers={"Accept-Encoding": accepted})
    assert response.headers.get("Content-Encoding") == encoding
    assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert "Accept-Encoding" in response.headers["Vary"]
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[encoding]
    assert unpack(response.data) == SCRIPT


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/static/built/assets/notebook-a1.js", built_files.IMMUTABLE),
        ("/static/built/assets/notebook-b2.css", built_files.IMMUTABLE),
        ("/static/client/chunks/charts-f6.js", built_files.IMMUTABLE),
        ("/static/client/patchbay.js", "no-cache"),
    ],
)
def test_only_names_with_a_hash_are_immutable(client: Client, path: str, expected: str):
    response = client.open(path)
    assert (response.status_code, response.headers["Cache-Control"]) == (200, expected)
    again = client.open(path, headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/static/built/assets/gone-a1.js",
        "/static/built/assets/notebook-a1.js.br",
        "/static/built/assets/../manifest.json",
        "/static/client/chunks/../patchbay.js",
        "/static/client/%2e%2e/manifest.json",
        "/static/client/..%2f..%2f..%2fapp.py",
        "/static/client/chunks",
    ],
)
@pytest.mark.usefixtures("built")
def test_nothing_else_is_served(client: Client, path: str):
    assert client.open(path).status_code == 404


@pytest.mark.usefixtures("built")
def test_a_page_loads_its_script_what_that_imports_and_their_styles(client: Client):
    page = client.open("/notebook").get_data(as_text=True)
    assert '<script type="module" src="/static/built/assets/notebook-a1.js">' in page
    assert '<link rel="modulepreload" href="/static/built/assets/shared-c3.js">' in page
    for style in ("notebook-b2.css", "shared-d4.css"):
        assert f'<link rel="stylesheet" href="/static/built/assets/{style}">' in page
    assert "later" not in page


def test_a_new_build_is_noticed(client: Client, built: Path):
    client.open("/notebook")
    later = json.dumps(MANIFEST).replace("notebook-a1", "notebook-z9")
    (built / "manifest.json").write_text(later)
    assert "notebook-z9.js" in client.open("/notebook").get_data(as_text=True)


def test_a_page_that_is_not_built_says_what_to_do(client: Client, built: Path):
    (built / "manifest.json").unlink()
    response = client.open("/notebook")
    assert response.status_code == 503
    assert "make frontend" in response.get_data(as_text=True)
    assert client.get("/plugins").status_code == 200
    assert not built_files.is_built()
