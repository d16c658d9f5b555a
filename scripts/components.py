"""The packages that Patchbay depends on, with versions and licences: from the lock files and the installed metadata.

python -m scripts.components licences FILE    writes docs/licences.md
python -m scripts.components sbom FILE        writes a CycloneDX 1.6 document (https://cyclonedx.org)
"""

from __future__ import annotations

import base64
import json
import re
import sys
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from installation import VERSION

ROOT = Path(__file__).resolve().parent.parent
LOCKED = re.compile(r"^([a-z0-9.-]+)==([^ \\]+)", re.MULTILINE)
UNKNOWN = "unknown"
# What older metadata says, and the SPDX identifier of that licence.
SPDX = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
INTRODUCTION = """# Licences

Patchbay is under the [MIT licence](../LICENSE). It depends on the packages below, each under its own licence, given as
an SPDX expression. Made by `make licences` from the lock files and the packages' metadata; a test fails if a licence is
not known, or is none of those that were looked at.
"""


@dataclass(frozen=True, slots=True)
class Component:
    """One package, at the version that is locked."""

    name: str
    version: str
    licence: str
    purl: str
    sha512: str | None = None


def python_components() -> Iterator[Component]:
    """What requirements.txt locks. A package that is not installed on this platform has an unknown licence."""
    for name, version in LOCKED.findall((ROOT / "requirements.txt").read_text("utf-8")):
        yield Component(name, version, python_licence(name), f"pkg:pypi/{name}@{version}")


def python_licence(name: str) -> str:
    """The SPDX expression of an installed distribution, by the newest form that its metadata has."""
    try:
        about: Any = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return UNKNOWN
    if expression := about.get("License-Expression"):
        return expression
    text: str = about.get("License") or ""
    if text and "\n" not in text and len(text) < 40:
        return SPDX.get(text, text)
    classifiers = [
        line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or () if "License ::" in line
    ]
    return SPDX.get(classifiers[0], UNKNOWN) if classifiers else UNKNOWN


def npm_components() -> Iterator[Component]:
    """What package-lock.json locks for the pages and the client, without tools for development alone."""
    locked = json.loads((ROOT / "frontend" / "package-lock.json").read_text("utf-8"))["packages"]
    for path, entry in sorted(locked.items()):
        if "node_modules/" not in path or entry.get("link") or entry.get("dev"):
            continue
        name = path.rpartition("node_modules/")[2]
        purl = f"pkg:npm/{name.replace('@', '%40')}@{entry['version']}"
        licence = entry.get("license", UNKNOWN).strip("()")
        digest = base64.b64decode(entry["integrity"].removeprefix("sha512-")).hex()
        yield Component(name, entry["version"], licence, purl, digest)


def write_licences() -> str:
    """The text of docs/licences.md. It has no versions, so that it changes with a licence only."""
    return "\n".join([
        INTRODUCTION,
        "## Python packages\n",
        *_table(python_components()),
        "\n## npm packages of the pages and the client\n",
        *_table(npm_components()),
        "",
    ])  # fmt: skip


def _table(components: Iterable[Component]) -> Iterator[str]:
    yield from ("| package | licence |", "|---|---|")
    yield from sorted({f"| {component.name} | {component.licence} |" for component in components})


def write_sbom() -> str:
    """A CycloneDX document. The same lock files make the same document, so it names no time."""
    # npm installs the same version in several places.
    components = {component.purl: component for component in (*python_components(), *npm_components())}
    described = [_described(component) for _, component in sorted(components.items())]
    own = Component("patchbay-server", VERSION, "MIT", f"pkg:pypi/patchbay-server@{VERSION}")
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(described) + VERSION)
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"component": {**_described(own), "type": "application"}},
        "components": described,
        "dependencies": [{"ref": own.purl, "dependsOn": [one["bom-ref"] for one in described]}],
    }
    return json.dumps(document, indent=2) + "\n"


def _described(component: Component) -> dict[str, Any]:
    members: dict[str, Any] = {
        "type": "library",
        "bom-ref": component.purl,
        "name": component.name,
        "version": component.version,
        "purl": component.purl,
    }
    if component.licence != UNKNOWN:
        members["licenses"] = [{"expression": component.licence}]
    if component.sha512:
        members["hashes"] = [{"alg": "SHA-512", "content": component.sha512}]
    return members


def main(arguments: list[str]) -> None:
    """Writes what the first argument names into the file that the second one names."""
    match arguments:
        case ["licences", target]:
            text = write_licences()
        case ["sbom", target]:
            text = write_sbom()
        case _:
            sys.exit(__doc__)
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    Path(target).write_text(text, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
