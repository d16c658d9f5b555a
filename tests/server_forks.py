"""Server processes that start in a moment: forks of one that has imported Patchbay already.

Each is a process of its own, with its own environment, that runs what `python app.py` runs; only the second of
importing is saved. Run as a module this is the process that is forked.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from functools import cache
from typing import IO, Any

from settings import ROOT

MESSAGE_BYTES = 256 * 1024


class ForkedServer:
    """`python app.py` with this environment, and this one only; an object like a `subprocess.Popen`."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        out_reader, out_writer = os.pipe()
        err_reader, err_writer = os.pipe()
        self._template = _template()
        self.pid: int = self._template.ask({"environ": dict(environ)}, (out_writer, err_writer))
        os.close(out_writer)
        os.close(err_writer)
        self.stdout: IO[str] = os.fdopen(out_reader, encoding="utf-8")
        self._log = _Collected(err_reader)
        self.returncode: int | None = None

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        if self.returncode is None and self._log.has_ended:
            self.returncode = self._template.ask({"ended": self.pid})
        return self.returncode

    def wait(self, timeout: float) -> int:
        """The exit code. Raises subprocess.TimeoutExpired."""
        if not self._log.wait(timeout):
            raise subprocess.TimeoutExpired("app.py", timeout)
        code = self.poll()
        assert code is not None
        return code

    def communicate(self, timeout: float) -> tuple[str, str]:
        """What is left of the output, and the whole log, once it has ended."""
        self.wait(timeout)
        with self.stdout:
            return self.stdout.read(), self._log.text

    def end_at_once(self) -> None:
        """Kills it, if it runs still."""
        if self.poll() is None:
            self.send_signal(signal.SIGKILL)
        self.wait(timeout=20)
        self.stdout.close()


class _Collected:
    """What is written to a pipe. It ends with the process at its other end."""

    def __init__(self, reader: int) -> None:
        self.text = ""
        self._stream = os.fdopen(reader, encoding="utf-8", errors="replace")
        self._thread = threading.Thread(target=self._collect, name="log of a server", daemon=True)
        self._thread.start()

    @property
    def has_ended(self) -> bool:
        return not self._thread.is_alive()

    def wait(self, timeout: float) -> bool:
        self._thread.join(timeout)
        return self.has_ended

    def _collect(self) -> None:
        with self._stream:
            self.text = self._stream.read()


class _Template:
    """The process that is forked. It ends when this one does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        environ = {name: value for name, value in os.environ.items() if not name.startswith("PATCHBAY_")}
        with theirs:
            subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                cwd=ROOT,
                env=environ,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )

    def ask(self, request: dict[str, Any], descriptors: tuple[int, ...] = ()) -> int:
        with self._lock:
            socket.send_fds(self._control, [json.dumps(request).encode()], descriptors)
            return json.loads(self._control.recv(MESSAGE_BYTES))


@cache
def _template() -> _Template:
    return _Template()


def fork_on_request(control: socket.socket) -> Mapping[str, str] | None:
    """Forks for each request. Returns the environment in each fork, and None in the end, when nobody can ask any more."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, MESSAGE_BYTES, 2)
        if not message:
            return None
        request = json.loads(message)
        if "ended" in request:
            _, status = os.waitpid(request["ended"], 0)
            control.sendall(json.dumps(os.waitstatus_to_exitcode(status)).encode())
        elif (pid := os.fork()) == 0:
            control.close()
            _take_as_output(descriptors)
            return request["environ"]
        else:
            control.sendall(json.dumps(pid).encode())
            for descriptor in descriptors:
                os.close(descriptor)


def _take_as_output(descriptors: list[int]) -> None:
    for target, descriptor in zip((1, 2), descriptors, strict=True):
        os.dup2(descriptor, target)
        os.close(descriptor)


def main() -> None:
    """Forks servers until the tests are over; in a fork, serves."""
    from app import main as serve

    gc.freeze()
    environ = fork_on_request(socket.socket(fileno=int(sys.argv[1])))
    if environ is not None:
        os.environ.clear()
        os.environ.update(environ)
        serve(["serve"])


if __name__ == "__main__":
    main()
