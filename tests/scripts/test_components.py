from __future__ import annotations

import json
import re

import pytest
from packaging.requirements import Requirement

from scripts.components import (
    LOCKED,
    UNKNOWN,
    Component,
    npm_components,
    python_components,
    python_licence,
    write_licences,
    write_sbom,
)
from scripts.wheel_hook import requirements_of
from settings import ROOT

# Permissive ones, and two that ask for nothing but the text or changes to their own files.
ACCEPTED = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0",
}  # fmt: skip
ROW = re.compile(r"^\| (\S+) \| (.+) \|$", re.MULTILINE)


def listed() -> dict[str, str]:
    rows = dict(ROW.findall((ROOT / "docs" / "licences.md").read_text("utf-8")))
    return {name: licence for name, licence in rows.items() if name not in {"package", "|---|---|"}}


def test_every_package_is_listed_with_its_licence():
    known = listed()
    components = [*python_components(), *npm_components()]
    assert {component.name for component in components} == known.keys()
    # One for another platform is not installed here.
    assert [
        component for component in components if component.licence not in {known[component.name], UNKNOWN}
    ] == []


def test_every_licence_is_one_that_was_looked_at():
    for name, licence in listed().items():
        parts = set(re.findall(r"[A-Za-z0-9.+-]+", licence)) - {"AND", "OR"}
        assert parts <= ACCEPTED, f"{name}: {licence}"


@pytest.mark.parametrize(
    ("name", "licence"),
    [
        ("flask", "BSD-3-Clause"),
        ("blinker", "MIT"),
        ("diskcache", "Apache-2.0"),
        ("no-such-package", UNKNOWN),
    ],
)
def test_licences_are_read_from_each_form_of_metadata(name: str, licence: str):
    assert python_licence(name) == licence


def test_the_sbom_lists_every_component_once_and_is_reproducible():
    text = write_sbom()
    assert write_sbom() == text
    document = json.loads(text)
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    purls = [component["purl"] for component in document["components"]]
    assert len(purls) == len({*purls})
    expected: set[Component] = {*python_components(), *npm_components()}
    assert {*purls} == {component.purl for component in expected}
    hashed = [component for component in document["components"] if component["purl"].startswith("pkg:npm/")]
    assert all(re.fullmatch(r"[0-9a-f]{128}", component["hashes"][0]["content"]) for component in hashed)
    assert document["dependencies"][0]["dependsOn"] == [
        component["bom-ref"] for component in document["components"]
    ]


@pytest.mark.parametrize("name", ["requirements", "requirements-dev", "frontend/node-requirements"])
def test_what_is_locked_is_in_the_range_that_is_asked_for(name: str):
    locked = dict(LOCKED.findall((ROOT / f"{name}.txt").read_text("utf-8")))
    asked = [Requirement(line) for line in requirements_of((ROOT / f"{name}.in").read_text("utf-8"))]
    assert asked
    assert [one for one in asked if locked.get(one.name) not in one.specifier] == []


def test_the_list_of_licences_is_written_the_same_each_time():
    assert write_licences() == write_licences()
