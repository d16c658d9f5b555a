"""What a page has to load of ours stays small."""

from __future__ import annotations

import gzip

import pytest

from web.pages.built_files import FOLDER


@pytest.mark.parametrize(
    ("name", "max_kilobytes"),
    [("client/patchbay.js", 7), ("client/connect.js", 3), ("client/elements.js", 60)],
)
def test_a_module_stays_small(name: str, max_kilobytes: int):
    assert len(gzip.compress((FOLDER / name).read_bytes())) <= max_kilobytes * 1024
