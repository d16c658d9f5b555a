"""Server processes on one data folder, and commands beside them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from settings import ROOT

TOKEN = "soak-token-of-43-characters-like-a-real-one-x"
PATIENCE_SECONDS = 120.0
# A provider that hangs holds a call for so long.
TIMEOUT_SECONDS = 2


class DataFolder:
    """The folder of a soak: the instance, the log of every process, and the backups."""

    def __init__(self, folder: Path, **settings: str) -> None:
        """`settings` are further variables of every process."""
        self._settings = settings
        self.instance, self.backups = folder / "instance", folder / "backups"
        self.log = folder / "log"
        self.backups.mkdir()

    def environ(self, instance: Path | None = None, port: int = 0) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PATCHBAY_INSTANCE": str(instance or self.instance),
            "PATCHBAY_PORT": str(port),
            "PATCHBAY_TOKEN": TOKEN,
            "PATCHBAY_EGRESS_ALLOW": "127.0.0.1/32",
            "PATCHBAY_TIMEOUT": str(TIMEOUT_SECONDS),
            "PATCHBAY_LOG_LEVEL": "DEBUG",
            **self._settings,
        }

    def start_command(self, *words: str, instance: Path | None = None) -> subprocess.Popen[bytes]:
        """`flask` with these words; what it prints goes to the log."""
        command = [sys.executable, "-m", "flask", "--app", "app", *words]
        return self._start(command, self.environ(instance))

    def start_server(self, port: int) -> subprocess.Popen[bytes]:
        return self._start([sys.executable, str(ROOT / "app.py")], self.environ(port=port))

    def _start(self, command: list[str], environ: dict[str, str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log)


class Server:
    """A server on a port of its own, which it keeps over restarts."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self._process = folder.start_server(self.port)
        self.wait_until_ready()

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """Ends it without a warning, if it runs."""
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        self.start_again()
        self.wait_until_ready()

    def start_again(self) -> None:
        """Starts it without waiting for it."""
        self._process = self._folder.start_server(self.port)

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def stop(self) -> int:
        """Drains it and returns the exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(PATIENCE_SECONDS)

    def wait_until_ready(self) -> None:
        wait_for(self.is_ready)

    def resident_mb(self) -> float:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))

    def is_ready(self) -> bool:
        """Whether it says that it is ready. It must run."""
        assert self._process.poll() is None, self._folder.log.read_text("utf-8", "replace")[-2000:]
        try:
            with urllib.request.urlopen(f"{self.origin}/readyz", timeout=PATIENCE_SECONDS) as answer:
                return answer.status == 200
        except OSError:
            return False


def wait_for(condition: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < ends_at, "waited in vain"
        time.sleep(0.05)


def free_port() -> int:
    """A port of loopback that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
