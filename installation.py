"""What this copy of Patchbay is: a checkout of the repository, or the package `patchbay` that its wheel installs."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

# The one place of the version number; pyproject.toml reads it from here.
VERSION = "1.0.0"
ROOT = Path(__file__).resolve().parent
# In the wheel this module is `patchbay.installation`, see scripts/wheel_hook.py.
IS_PACKAGE = bool(__package__)


def user_data_folder(platform: str, environ: Mapping[str, str], home: Path) -> Path:
    """The folder in which applications of this platform keep a user's data; on Linux by the XDG specification."""
    if platform == "darwin":
        return home / "Library" / "Application Support" / "Patchbay"
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "Patchbay"
    given = Path(environ.get("XDG_DATA_HOME", ""))
    # The specification has relative paths ignored.
    return (given if given.is_absolute() else home / ".local" / "share") / "patchbay"


def default_instance() -> Path:
    """The data folder unless another one is set: in the checkout, or the user's."""
    return user_data_folder(sys.platform, os.environ, Path.home()) if IS_PACKAGE else ROOT / "instance"


def default_dotenv() -> Path:
    """The `.env` file with settings: beside app.py, or in the user's data folder."""
    return (default_instance() if IS_PACKAGE else ROOT) / ".env"


def command_line(words: str) -> str:
    """What to type to run one of Patchbay's commands, such as `token show`."""
    return f"patchbay {words}" if IS_PACKAGE else f'make flask ARGS="{words}"'
