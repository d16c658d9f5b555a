"""Runs nginx with a configuration of a site, without touching the one of the system: for tests, not for a service."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 30
_TEMPORARY_FOLDERS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
# Where a request went: a list of addresses if it was sent more than once.
_LOG = "log_format ways '$request_method $status $upstream_addr|$upstream_status';"


def find_nginx() -> str | None:
    """The program's path. Debian puts servers where users without rights do not look."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


@contextmanager
def running_nginx(program: str, folder: Path, site: str, workers: int = 1) -> Iterator[Path]:
    """nginx with this content of `http`, which ends with the block. Yields its access log.

    A line has the method, the status, and the servers that were asked, with the status of each.
    """
    log = folder / "access.log"
    paths = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in _TEMPORARY_FOLDERS)
    config = folder / "nginx.conf"
    # A worker as root would change to a user that may not read the folder.
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(
        f"{user} worker_processes {workers}; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ {_LOG} access_log {log} ways; error_log {folder}/error.log;\n{paths}\n{site}\n}}\n"
    )
    # It returns when it listens.
    subprocess.run([program, "-p", str(folder), "-c", str(config)], check=True, timeout=START_SECONDS)
    pid = int((folder / "pid").read_text())
    try:
        yield log
    finally:
        os.kill(pid, signal.SIGTERM)
