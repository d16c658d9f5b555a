"""What the notebook loads of the integrations that it offers."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.conftest import Client

PATHS = ("/notebook/gallery.json", "/notebook/plugins/open-meteo.json")


@pytest.mark.parametrize("path", PATHS)
def test_a_browser_gets_it_compressed_and_others_as_it_is(client: Client, path: str) -> None:
    plain = client.open(path, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    packed = client.open(path, headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.data)) == plain.json
    assert len(packed.data) * 2 < len(plain.data)
    assert {answer.headers["Vary"] for answer in (plain, packed)} == {"Accept-Encoding"}


@pytest.mark.parametrize("accepted", ["gzip;q=0", "br", ""])
def test_who_takes_no_gzip_gets_none(client: Client, accepted: str) -> None:
    answer = client.open(PATHS[1], headers={"Accept-Encoding": accepted})
    assert "Content-Encoding" not in answer.headers
    assert answer.json is not None


def test_there_is_no_declaration_of_what_is_not_offered(client: Client) -> None:
    assert client.open("/notebook/plugins/nothing.json").status_code == 404
