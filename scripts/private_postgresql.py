"""Runs a command beside a private PostgreSQL server that keeps nothing: for tests, not for data.

    python -m scripts.private_postgresql .venv/bin/python -m pytest tests/plugin_store

The server's address is in the command's PATCHBAY_TEST_DATABASE_URL. Where that is set already, no server is started.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "PATCHBAY_TEST_DATABASE_URL"
PROGRAM_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql*/bin")
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "''",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "shared_buffers": "32MB",
}
USER = "patchbay"
INITIAL = ("-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
MEMORY, ENOUGH_BYTES = Path("/dev/shm"), 1 << 30


def find_programs() -> Path:
    """The folder with `initdb` and `pg_ctl`, of the newest version that is installed."""
    found = [path for pattern in PROGRAM_FOLDERS for path in Path("/").glob(pattern[1:])]
    if found:
        return max(found, key=lambda path: int("".join(filter(str.isdigit, path.parent.name)) or 0))
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    raise SystemExit(
        f"PostgreSQL is not installed here. Set {VARIABLE} to a server where databases may be created."
    )


class PrivateServer:
    """A server on a port of loopback, with its data in a folder. Raises SystemExit with what its programs say."""

    def __init__(self, folder: Path, options: Mapping[str, str]) -> None:
        self.port = _free_port()
        self.url = f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/postgres"
        self._account = _account()
        if self._account is not None:
            os.chown(folder, self._account.pw_uid, self._account.pw_gid)
        self._programs, self._data, self._log = find_programs(), folder / "data", folder / "log"
        self._control = [self._programs / "pg_ctl", "-D", self._data, "-w", "-s"]
        self._options = " ".join(
            f"-c {name}={value}" for name, value in {**options, "port": str(self.port)}.items()
        )
        self._run([self._programs / "initdb", "-D", self._data, "-U", USER, *INITIAL])

    def start(self) -> None:
        """Returns when it accepts connections."""
        self._run([*self._control, "-l", self._log, "-o", self._options, "start"])

    def stop(self, mode: str) -> None:
        """Ends it in one of pg_ctl's modes: smart, fast or immediate."""
        self._run([*self._control, "-m", mode, "stop"])

    def dump(self) -> bytes:
        """All rows of the database of the URL, as SQL."""
        command = [self._programs / "pg_dump", "--data-only", self.url.replace("+psycopg", "")]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout

    def _run(self, command: Sequence[str | Path]) -> None:
        account = self._account
        identity = (
            {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        )
        done = subprocess.run(
            command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", **identity
        )
        if done.returncode:
            raise SystemExit(f"{command[0]} failed: {done.stderr.decode(errors='replace').strip()}")


@contextmanager
def private_server(
    options: Mapping[str, str] | None = None, *, in_memory: bool = True
) -> Iterator[PrivateServer]:
    """A new server, with further options, that runs and ends with the block; in memory, if there is room."""
    parent = _memory() if in_memory else None
    with tempfile.TemporaryDirectory(prefix="patchbay-postgresql-", dir=parent) as temporary:
        server = PrivateServer(Path(temporary), {**OPTIONS, **(options or {})})
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")


def _memory() -> Path | None:
    """A test's database is a copy of some hundred files."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH_BYTES else None


def _account() -> pwd.struct_passwd | None:
    """The account that the server runs as; None for the own one. PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def main(command: Sequence[str]) -> int:
    if os.environ.get(VARIABLE):
        return subprocess.run(command, check=False).returncode
    # So that whoever ends this ends the server, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with private_server() as server:
        return subprocess.run(command, env={**os.environ, VARIABLE: server.url}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
