"""The distributions: what is in them, that they are reproducible, and that the installed command works."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from installation import VERSION
from scripts.wheel_hook import TOP_NAMES, requirements_of, rewrite_imports
from settings import ROOT
from tests.upstreams import Upstream
from web.pages.built_files import is_built

BUILD_HELP = "This test packs the built pages: `make frontend` builds them."
WHEEL = f"patchbay_server-{VERSION}-py3-none-any.whl"
DECLARATION = {
    "id": "now", "name": "Now", "version": "1.0.0", "type": "integration",
    "manifest": {
        "properties": [{"name": "server"}],
        "integration": {"base_url": "{server}"},
        "endpoints": [{"id": "now", "path": "/now"}],
        "blocks": [{"id": "now", "endpoint": "now"}],
    },
}  # fmt: skip
# What Python would import first from the folder of whoever starts a program there.
THEIRS = ("settings.py", "app.py", "errors.py", "web/__init__.py", "integrations/__init__.py", "patchbay.ini")
LEAKED = f"import sys, patchbay; patchbay.create_app; print(*{sorted(TOP_NAMES)} & sys.modules.keys())"


def build(source: Path, folder: Path, *targets: str) -> None:
    wanted = [part for target in targets for part in ("-t", target)]
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", *wanted, "-d", str(folder)],
        cwd=source,
        check=True,
        capture_output=True,
        timeout=200,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1790000000"},
    )


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel."""
    if not is_built():
        pytest.fail(BUILD_HELP, pytrace=False)
    folder = tmp_path_factory.mktemp("dist")
    build(ROOT, folder, "sdist", "wheel")
    return folder


def test_the_wheel_holds_one_package_that_imports_itself_only(dist: Path):
    with zipfile.ZipFile(dist / WHEEL) as wheel:
        names = wheel.namelist()
        tops = {name.partition("/")[0] for name in names}
        assert tops == {"patchbay", f"patchbay_server-{VERSION}.dist-info"}
        own = re.compile(rf"^\s*(?:from|import) (?:{'|'.join(sorted(TOP_NAMES))})\b", re.MULTILINE)
        modules = [name for name in names if name.endswith(".py")]
        assert [name for name in modules if own.search(wheel.read(name).decode())] == []
        metadata = wheel.read(f"patchbay_server-{VERSION}.dist-info/METADATA").decode()
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name or name.endswith(".env")]
    assert {
        "patchbay/static/built/manifest.json",
        "patchbay/templates/app.html",
        "patchbay/docs/problems.md",
    } <= {*names}
    required = {
        line.removeprefix("Requires-Dist: ") for line in metadata.splitlines() if "Requires-Dist" in line
    }
    listed = requirements_of((ROOT / "requirements.in").read_text("utf-8"))
    optional = {
        f'{one}; extra == "{extra}"'
        for extra in ("otel", "postgresql")
        for one in requirements_of((ROOT / f"requirements-{extra}.in").read_text("utf-8"))
    }
    expected = {*listed, *optional}
    assert {one.replace("'", '"') for one in required} == expected


def test_the_sdist_builds_the_same_wheel_byte_for_byte(dist: Path, tmp_path: Path):
    with tarfile.open(dist / f"patchbay_server-{VERSION}.tar.gz") as sdist:
        # Python 3.11.2 knows no filters; the archive is our own.
        sdist.extractall(tmp_path)
    build(tmp_path / f"patchbay_server-{VERSION}", tmp_path, "wheel")
    assert (tmp_path / WHEEL).read_bytes() == (dist / WHEEL).read_bytes()


@dataclass(frozen=True)
class Installed:
    """The wheel as pip installs it, its user's home, and a folder with modules of the user's own."""

    site: Path
    home: Path
    elsewhere: Path

    @property
    def environ(self) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PATCHBAY_", "XDG_"))
        }
        return {
            **kept,
            "HOME": str(self.home),
            "PYTHONPATH": str(self.site),
            "PATCHBAY_EGRESS_ALLOW": "127.0.0.1/32",
        }

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command,
            cwd=self.elsewhere,
            env=self.environ,
            check=True,
            capture_output=True,
            text=True,
            timeout=100,
        )
        return done.stdout

    @property
    def program(self) -> str:
        return str(self.site / "bin" / "patchbay")


@pytest.fixture
def installed(dist: Path, tmp_path: Path) -> Installed:
    found = Installed(tmp_path / "site", tmp_path / "home", tmp_path / "elsewhere")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--no-index", "--no-deps", "--target", str(found.site)]
    subprocess.run([*pip, *options, str(dist / WHEEL)], check=True, capture_output=True, timeout=100)
    for name in THEIRS:
        (found.elsewhere / name).parent.mkdir(parents=True, exist_ok=True)
        (found.elsewhere / name).write_text("raise SystemExit('a module of the user was imported')\n")
    found.home.mkdir()
    return found


def test_the_installed_command_serves_pages_and_blocks(installed: Installed, upstream: Upstream):
    upstream.expect_request("/now").respond_with_json({"time": 12})
    assert installed.run(installed.program, "--version") == f"patchbay, version {VERSION}\n"
    assert installed.run(sys.executable, "-c", LEAKED).strip() == ""
    data = installed.home / ".local" / "share" / "patchbay"

    server = subprocess.Popen(
        [sys.executable, "-m", "patchbay", "--port", "0"],
        cwd=installed.elsewhere,
        env=installed.environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        ready = server.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:[0-9]+", ready)
        assert found, ready
        url = found[0]
        token = (data / "token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}

        def call(method: str, path: str, **options: object) -> requests.Response:
            return requests.request(method, url + path, headers=headers, timeout=20, **options)  # type: ignore[arg-type]

        page = call("GET", "/console")
        assert page.status_code == 200
        (script,) = re.findall(r'<script type="module" src="([^"]+)"', page.text)
        assert call("GET", script).status_code == 200
        assert call("GET", "/static/client/patchbay.js").status_code == 200
        assert len(call("GET", "/notebook/gallery.json").json()) > 10
        assert "unauthorized" in call("GET", "/docs/problems").text
        call("POST", "/api/v1/plugins/register", json=DECLARATION).raise_for_status()
        config = {"config": {"server": upstream.url_for("").rstrip("/")}}
        call("PUT", "/api/v1/integrations/now/config", json=config).raise_for_status()
        rendered = call("POST", "/api/v1/integrations/now/render", json={"block_type": "now"})
        assert rendered.json()["data"] == {"time": 12}
        assert call("GET", "/healthz").json()["version"] == VERSION
        # Commands work on the same data.
        assert token in installed.run(installed.program, "token", "show")
        assert "(head)" in installed.run(installed.program, "db", "current")
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(40) == 0


@pytest.mark.parametrize(
    ("source", "rewritten"),
    [
        ("from settings import ROOT\n", "from patchbay.settings import ROOT\n"),
        ("from web.api.json import (\n    a,\n)\n", "from patchbay.web.api.json import (\n    a,\n)\n"),
        ("def f():\n    from app import main\n", "def f():\n    from patchbay.app import main\n"),
        ("from website import x\nimport web_tools\n", "from website import x\nimport web_tools\n"),
        ("from . import web\nx = 'from web import y'\n", "from . import web\nx = 'from web import y'\n"),
        ("if x: from web import y\n", "if x: from patchbay.web import y\n"),
    ],
)
def test_imports_of_ours_are_rewritten_and_nothing_else(source: str, rewritten: str):
    assert rewrite_imports(source) == rewritten


@pytest.mark.parametrize("source", ["import settings\n", "import os, web.api\n", "from \\\n  web import x\n"])
def test_an_import_that_cannot_be_rewritten_stops_the_build(source: str):
    with pytest.raises(ValueError, match=r"x\.py:1"):
        rewrite_imports(source, "x.py")
