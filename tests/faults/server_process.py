"""`python app.py` on a data folder, to be killed or stopped by a test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

from settings import ROOT
from tests.conftest import TOKEN


class ServerProcess:
    """A server that is ready when this returns."""

    def __init__(self, instance: Path, **settings: str) -> None:
        environ = {
            "PATH": os.environ["PATH"],
            "PATCHBAY_INSTANCE": str(instance),
            "PATCHBAY_PORT": "0",
            "PATCHBAY_TOKEN": TOKEN,
            "PATCHBAY_EGRESS_ALLOW": "127.0.0.1/32",
            **settings,
        }
        self._popen = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py")], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )  # fmt: skip
        assert self._popen.stdout is not None
        line = self._popen.stdout.readline()
        assert line.startswith("Patchbay is ready: open http://"), line
        self.origin = line.split()[4]

    def ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return requests.request(method, f"{self.origin}/api/v1{path}", json=body, headers=headers, timeout=30)

    def signal(self, number: int) -> None:
        self._popen.send_signal(number)

    def end(self, number: int | None = None) -> tuple[int, str]:
        """Exit code and log, once it has ended; `number` is the signal that ends it, if that is still to be sent."""
        if number is not None:
            self.signal(number)
        _, log = self._popen.communicate(timeout=60)
        return self._popen.returncode, log

    def __enter__(self) -> ServerProcess:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._popen.poll() is None:
            self.end(signal.SIGKILL)
