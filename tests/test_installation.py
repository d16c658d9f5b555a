from __future__ import annotations

from pathlib import Path

import pytest

import installation
from installation import command_line, user_data_folder

HOME = Path("/home/ann")


@pytest.mark.parametrize(
    ("platform", "environ", "folder"),
    [
        ("linux", {}, "/home/ann/.local/share/patchbay"),
        ("linux", {"XDG_DATA_HOME": "/data"}, "/data/patchbay"),
        ("linux", {"XDG_DATA_HOME": "data"}, "/home/ann/.local/share/patchbay"),
        ("linux", {"XDG_DATA_HOME": ""}, "/home/ann/.local/share/patchbay"),
        ("freebsd14", {}, "/home/ann/.local/share/patchbay"),
        ("darwin", {"XDG_DATA_HOME": "/data"}, "/home/ann/Library/Application Support/Patchbay"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/Patchbay"),
        ("win32", {}, "/home/ann/AppData/Local/Patchbay"),
    ],
)
def test_data_is_kept_where_applications_of_the_platform_keep_it(
    platform: str, environ: dict[str, str], folder: str
):
    assert user_data_folder(platform, environ, HOME) == Path(folder)


def test_commands_are_named_as_they_are_typed_here(monkeypatch: pytest.MonkeyPatch):
    assert command_line("token show") == 'make flask ARGS="token show"'
    monkeypatch.setattr(installation, "IS_PACKAGE", True)
    assert command_line("token show") == "patchbay token show"
