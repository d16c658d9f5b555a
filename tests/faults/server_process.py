"""`python app.py` on a data folder, to be killed or stopped by a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import requests

from tests.conftest import TOKEN
from tests.databases import seed_database
from tests.server_forks import ForkedServer


class ServerProcess:
    """A server that is ready when this returns."""

    def __init__(self, instance: Path, **settings: str) -> None:
        environ = {
            "PATCHBAY_INSTANCE": str(instance),
            "PATCHBAY_PORT": "0",
            "PATCHBAY_TOKEN": TOKEN,
            "PATCHBAY_EGRESS_ALLOW": "127.0.0.1/32",
            **settings,
        }
        seed_database(instance)
        self._process = ForkedServer(environ)
        line = self._process.stdout.readline()
        assert line.startswith("Patchbay is ready: open http://"), line
        self.origin = line.split()[4]

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return requests.request(method, f"{self.origin}/api/v1{path}", json=body, headers=headers, timeout=30)

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def end(self, number: int | None = None) -> tuple[int, str]:
        """Exit code and log, once it has ended; `number` is the signal that ends it, if that is still to be sent."""
        if number is not None:
            self.signal(number)
        _, log = self._process.communicate(timeout=60)
        return self._process.returncode, log

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.end_at_once()
