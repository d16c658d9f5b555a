"""The real server as a child process, with its own data folder that is deleted at the end."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 60.0
POLL_SECONDS = 0.1
DRAIN_SECONDS = 15.0
SHOWN_LOG_BYTES = 4000


class ServerError(Exception):
    """The server did not start, or ended by itself. The message contains its last output."""


def free_port() -> int:
    """A port on loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ServerProcess:
    """`with ServerProcess(port, settings) as server:` runs `python app.py`, ready to answer, until the end.

    `settings` are further `PATCHBAY_…` variables; none of the caller's own are passed on.
    """

    def __init__(self, port: int = 0, settings: Mapping[str, str] | None = None) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.token = secrets.token_urlsafe(32)
        self._settings = dict(settings or {})
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def signin_link(self) -> str:
        """The link that signs a browser in."""
        return f"{self.url}/signin?token={self.token}"

    def start(self) -> None:
        """Returns when `/healthz` answers. Raises ServerError."""
        self._folder = tempfile.TemporaryDirectory(prefix="patchbay-demo-")
        with self._log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(ROOT / "app.py")],
                cwd=ROOT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is handled by the demo, which then stops the server properly.
                start_new_session=True,
            )
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            self.check_running()
            if time.monotonic() > deadline:
                raise ServerError(
                    f"The server was not ready after {READY_SECONDS:.0f} s.\n{self._log_tail()}"
                )
            self.wait(POLL_SECONDS)

    def wait(self, seconds: float) -> None:
        """Returns after `seconds`, or as soon as the server has ended."""
        try:
            self._running.wait(seconds)
        except subprocess.TimeoutExpired:
            return

    def check_running(self) -> None:
        """Raises ServerError when the server has ended."""
        code = self._running.poll()
        if code is not None:
            raise ServerError(f"The server ended with exit code {code}.\n{self._log_tail()}")

    def stop(self) -> int | None:
        """Stops the server, by force if it does not drain in time. Returns its exit code, None if it never ran."""
        process, self._process = self._process, None
        try:
            return _end(process) if process is not None else None
        finally:
            if self._folder is not None:
                self._folder.cleanup()

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise ServerError("The server was not started.")
        return self._process

    @property
    def _log_path(self) -> Path:
        if self._folder is None:
            raise ServerError("The server was not started.")
        return Path(self._folder.name) / "server.log"

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PATCHBAY_")}
        return {
            **inherited,
            "PATCHBAY_HOST": "127.0.0.1",
            "PATCHBAY_PORT": str(self.port),
            "PATCHBAY_INSTANCE": str(self._log_path.parent / "instance"),
            "PATCHBAY_TOKEN": self.token,
            **self._settings,
        }

    def _is_ready(self) -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{self.url}/healthz", timeout=5) as answer:
                return answer.status == 200
        except (OSError, urllib.error.HTTPError):
            return False

    def _log_tail(self) -> str:
        written = self._log_path.read_bytes()[-SHOWN_LOG_BYTES:].decode(errors="replace").strip()
        return f"It wrote:\n{written}" if written else "It wrote nothing."

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _end(process: subprocess.Popen[bytes]) -> int:
    process.terminate()
    try:
        return process.wait(DRAIN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
