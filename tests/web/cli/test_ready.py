"""What a start prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from settings import Settings
from web.cli.serve import print_ready_lines
from web.pages import built_files


@pytest.mark.parametrize("has_pages", [True, False])
def test_a_start_says_when_the_pages_are_not_built(
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    has_pages: bool,
):
    monkeypatch.setattr(built_files, "MANIFEST", tmp_path / "manifest.json")
    if has_pages:
        built_files.MANIFEST.write_text("{}")
    print_ready_lines(settings, "T0KEN")
    ready, *further = capsys.readouterr().out.splitlines()
    assert ready.startswith("Patchbay is ready")
    assert [("make frontend" in line) for line in further] == ([] if has_pages else [True])
