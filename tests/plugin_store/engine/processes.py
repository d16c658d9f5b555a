"""Other processes that use the same store: started from here, ended by their own handle only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def start_python(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A Python process that runs `code` with the project on its path; its output is text."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    """What the process printed, once it ended well."""
    output, errors = process.communicate(timeout=180)
    assert process.returncode == 0, errors
    return output
