"""Icons, one at a time, as pages of any origin get them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.conftest import Client
from web.pages import icons

GITHUB = b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>\n'
CLOUD = b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M1 1"/></svg>\n'


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The two sets as the build writes them."""
    monkeypatch.setattr(icons, "FOLDER", tmp_path)
    write_set(tmp_path, "si", {"git": CLOUD, "github": GITHUB})
    write_set(tmp_path, "lucide", {"cloud": CLOUD})
    return tmp_path


def write_set(folder: Path, name: str, documents: dict[str, bytes]) -> None:
    places, start = {}, 0
    for icon, document in documents.items():
        places[icon] = [start, len(document)]
        start += len(document)
    (folder / f"{name}.svgs").write_bytes(b"".join(documents.values()))
    (folder / f"{name}.json").write_text(json.dumps(places))


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    ("path", "document"), [("si/github", GITHUB), ("si/git", CLOUD), ("lucide/cloud", CLOUD)]
)
def test_an_icon_is_sent_by_its_name_and_asked_for_again_only_after_a_day(
    client: Client, path: str, document: bytes
):
    response = client.open(f"/static/icons/{path}.svg")
    assert (response.status_code, response.mimetype, response.data) == (200, "image/svg+xml", document)
    assert response.headers["Cache-Control"] == icons.FRESHNESS
    again = client.open(f"/static/icons/{path}.svg", headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    "path",
    ["si/gone.svg", "si/cloud.svg", "other/github.svg", "si/github", "si/../si.json", "si.svgs", "si/.svg"],
)
def test_nothing_else_is_sent(client: Client, path: str):
    assert client.open(f"/static/icons/{path}").status_code == 404


def test_a_new_build_is_noticed(client: Client, built: Path):
    client.open("/static/icons/si/github.svg")
    write_set(built, "si", {"github": CLOUD})
    os.utime(built / "si.svgs", (1, 1))
    assert client.open("/static/icons/si/github.svg").data == CLOUD


def test_without_a_build_there_are_none(client: Client, built: Path):
    (built / "si.svgs").unlink()
    assert client.open("/static/icons/si/github.svg").status_code == 404
