"""Hooks of hatchling, which builds the distributions: the package `patchbay` from the folders of the repository.

In the repository the folders are at the top level, and import each other by their names. In the wheel they are inside
the package `patchbay`, and each import of theirs is rewritten to begin with it, so that nothing else gets into
site-packages and no module of a user is taken for one of ours. docs/decisions/0036 says why.
"""

from __future__ import annotations

import ast
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

PACKAGE = "patchbay"
OWN_FILES = Path("scripts/wheel")
MODULES = ("addresses", "app", "errors", "installation", "regular_files", "settings")
FOLDERS = ("integrations", "migrations", "plugin_store", "schemas", "static", "templates", "web")
# What the example frontend's gallery needs.
EXAMPLES = ("__init__.py", "catalog.py", "notebook_plugins.py", "plugins", "sandbox")
EXTRAS = ("otel", "postgresql")
DOCUMENTS = ("docs/problems.md",)
TOP_NAMES = {*MODULES, *FOLDERS, "examples"} - {"static", "templates"}
NOT_BUILT = "The pages are not built: run `make frontend` first."
REQUIREMENT = re.compile(r"[a-z0-9][^#]*")


class BuildHook(BuildHookInterface[Any]):
    """Puts the package together before a wheel is packed; an sdist has the repository's own files."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        if not (root / "static" / "built" / "manifest.json").is_file():
            raise RuntimeError(NOT_BUILT)
        if self.target_name == "wheel":
            self._stage = tempfile.TemporaryDirectory(prefix="patchbay-wheel-")
            stage = Path(self._stage.name)
            fill_package(root, stage)
            build_data["force_include"][str(stage)] = PACKAGE

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if self.target_name == "wheel":
            self._stage.cleanup()


class MetadataHook(MetadataHookInterface):
    """The wheel requires what requirements.in lists, in the same ranges; its extras are the files of the same names."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        root = Path(self.root)
        metadata["dependencies"] = _listed_in(root / "requirements.in")
        metadata["optional-dependencies"] = {
            name: _listed_in(root / f"requirements-{name}.in") for name in EXTRAS
        }


def _listed_in(path: Path) -> list[str]:
    return list(requirements_of(path.read_text("utf-8")))


def requirements_of(text: str) -> Iterator[str]:
    """The requirements that a requirements.in lists, without its comments."""
    for line in text.splitlines():
        found = REQUIREMENT.match(line)
        if found:
            yield found[0].strip()


def fill_package(root: Path, package: Path) -> None:
    """Writes the files of the package into the folder `package`."""
    for source in sorted(_sources(root)):
        _put(root / source, package / source)
    for own in sorted((root / OWN_FILES).glob("*.py")):
        _put(own, package / own.name)


def _sources(root: Path) -> Iterator[Path]:
    for module in MODULES:
        yield Path(f"{module}.py")
    for name in (*FOLDERS, *(f"examples/{part}" for part in EXAMPLES), *DOCUMENTS):
        start = root / name
        files = start.rglob("*") if start.is_dir() else [start]
        yield from (file.relative_to(root) for file in files if _is_shipped(file))


def _is_shipped(file: Path) -> bool:
    return file.is_file() and "__pycache__" not in file.parts and file.name != "stamp"


def _put(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix == ".py":
        target.write_text(rewrite_imports(source.read_text("utf-8"), source.name), "utf-8")
    else:
        shutil.copyfile(source, target)


def rewrite_imports(text: str, name: str = "") -> str:
    """The source of a module with each import of ours inside the package.

    Raises ValueError for a form that has no such spelling: `import settings` binds a name that is not there then.
    """
    lines = text.splitlines(keepends=True)
    for node in ast.walk(ast.parse(text, name)):
        if isinstance(node, ast.Import) and any(_is_ours(alias.name) for alias in node.names):
            raise ValueError(f"{name}:{node.lineno}: write `from … import …` for modules of ours")
        if isinstance(node, ast.ImportFrom) and node.level == 0 and _is_ours(node.module or ""):
            line, at = lines[node.lineno - 1], node.col_offset + len("from ")
            if not line.startswith(f"{node.module}", at):
                raise ValueError(f"{name}:{node.lineno}: write the import on one line")
            lines[node.lineno - 1] = f"{line[:at]}{PACKAGE}.{line[at:]}"
    return "".join(lines)


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in TOP_NAMES
