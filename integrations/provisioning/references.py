"""Where secrets of provisioning files are: an environment variable, a file, the output of a command."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

from regular_files import UnusableFile, read_regular_file
from schemas.api.state import MAX_SECRET_LENGTH

COMMAND_SECONDS = 30.0
MAX_BYTES = 4 * MAX_SECRET_LENGTH


class Unresolved(ValueError):
    """A reference leads to no secret. The message says why and quotes no content."""


class References:
    """Reads secrets. `environ` is where variables are; commands run only if they are allowed."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        may_run_commands: bool = False,
        command_seconds: float = COMMAND_SECONDS,
    ) -> None:
        self._environ = environ
        self._may_run_commands = may_run_commands
        self._command_seconds = command_seconds

    def read(self, reference: Mapping[str, Any], folder: Path) -> str:
        """The secret, without white space around it. Paths are relative to `folder`. Raises Unresolved."""
        ((kind, target),) = reference.items()
        readers: dict[str, Callable[[Any, Path], str]] = {
            "env": self._read_variable,
            "file": _read_file,
            "command": self._read_output,
        }
        value = readers[kind](target, folder).strip()
        if not value:
            raise Unresolved(f"{describe(reference)} is empty.")
        if not is_unicode(value):
            raise Unresolved(f"{describe(reference)} is not UTF-8.")
        return value

    def _read_variable(self, name: str, _folder: Path) -> str:
        if name not in self._environ:
            raise Unresolved(f"The environment variable {name} is not set.")
        return self._environ[name]

    def _read_output(self, arguments: list[str], folder: Path) -> str:
        if not self._may_run_commands:
            raise Unresolved("Commands are not allowed: set PATCHBAY_PROVISION_COMMANDS=on to run them.")
        program = arguments[0]
        # Our own token and keys are none of the command's business.
        environ = {name: value for name, value in os.environ.items() if not name.startswith("PATCHBAY_")}
        try:
            output = _run(arguments, folder, environ, self._command_seconds)
            return output.decode("utf-8")
        except UnicodeDecodeError:
            raise Unresolved(f"The output of {program} is not UTF-8.") from None
        except OSError:
            raise Unresolved(f"The command {program} cannot be started.") from None


def is_unicode(text: str) -> bool:
    """Whether the text can be encoded. A variable's bytes that are not UTF-8 become halves of surrogate pairs."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def describe(reference: Mapping[str, Any]) -> str:
    """The reference for a user. Of a command only the program is shown, since its arguments may be private."""
    ((kind, target),) = reference.items()
    return {
        "env": lambda: f"The environment variable {target}",
        "file": lambda: f"The file {target}",
        "command": lambda: f"The output of {target[0]}",
    }[kind]()


def _read_file(name: str, folder: Path) -> str:
    try:
        return read_regular_file(folder / Path(name).expanduser(), MAX_BYTES).decode("utf-8")
    except (UnusableFile, UnicodeDecodeError, RuntimeError) as error:
        why = "is not UTF-8" if isinstance(error, UnicodeDecodeError) else "cannot be read"
        why = str(error) if isinstance(error, UnusableFile) else why
        raise Unresolved(f"The file {name} {why}.") from None


def _run(arguments: list[str], folder: Path, environ: Mapping[str, str], seconds: float) -> bytes:
    """The standard output. What the command says on standard error is dropped: it may quote the secret."""
    # The program is named by a file of the operator's own, in a list: no shell reads it.
    process = subprocess.Popen(  # noqa: S603
        arguments,
        cwd=folder,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + seconds
    try:
        output = _read_until(process, deadline)
        if len(output) > MAX_BYTES:
            raise Unresolved(f"The output of {arguments[0]} is longer than {MAX_BYTES} bytes.")
        code = process.wait(max(0.0, deadline - time.monotonic()))
    except (TimeoutError, subprocess.TimeoutExpired):
        raise Unresolved(f"The command {arguments[0]} took longer than {seconds:g} seconds.") from None
    finally:
        _end(process)
    if code != 0:
        raise Unresolved(f"The command {arguments[0]} failed with exit code {code}.")
    return output


def _read_until(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    """What the process writes until it closes its output, at most one byte more than allowed. Raises TimeoutError."""
    output, pipe = bytearray(), cast(IO[bytes], process.stdout)
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while len(output) <= MAX_BYTES:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError
            read = os.read(pipe.fileno(), MAX_BYTES + 1 - len(output))
            if not read:
                break
            output += read
    return bytes(output)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the command and what it started, in its own process group."""
    # Not polled: until its exit code is taken, no other group can have its number, and a child may outlive it.
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
