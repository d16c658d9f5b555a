"""What is looked at for warnings at registration costs bounded time and never fails, whatever a manifest says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import Invalid
from integrations.authoring.lint import check_manifest
from integrations.manifests.patterns import compile_pattern
from plugin_store.settings.properties import check_values, effective_config, properties_of
from schemas.manifests.words import VALUE_TYPES

ODD = [
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x",
    "(",
    "(?=a)",
    "a/b",
    "\ud800",
    [],
    [[]],
    [None],
    [{"value": []}],
    {},
    {"options": 5},
]
WORDS = (
    "type",
    "default",
    "const",
    "enum",
    "options",
    "min",
    "max",
    "pattern",
    "format",
    "ui",
    "required",
    "secure",
)

JUNK: st.SearchStrategy[Any] = st.sampled_from(ODD) | st.sampled_from(VALUE_TYPES)
SETTINGS = st.fixed_dictionaries({"name": st.just("p")}, optional=dict.fromkeys(WORDS, JUNK))


@given(SETTINGS, JUNK)
def test_a_view_s_settings_are_taken_or_refused_and_never_fail(declared: dict[str, Any], value: Any) -> None:
    manifest = {"properties": [declared]}
    try:
        findings = check_manifest("board", "view", manifest)
    except Invalid as refused:
        assert all(path.startswith("manifest") for path in refused.errors or {})
        return
    assert all(found.path.startswith("manifest.properties[0]") for found in findings)
    specs = properties_of(manifest)
    check_values(specs, {"p": value})
    effective_config(specs, {"p": value})


@given(SETTINGS)
def test_an_integration_s_settings_are_never_unchecked(declared: dict[str, Any]) -> None:
    manifest = {"integration": {"base_url": "https://api.test"}, "properties": [declared]}
    try:
        findings = check_manifest("svc", "integration", manifest)
    except Invalid:
        return
    assert "unchecked-setting" not in {found.code for found in findings}
    assert declared.get("type", "string") in VALUE_TYPES


def test_a_secret_is_never_taken_for_an_open_setting() -> None:
    for secure in ("true", "yes", 1, None, []):
        with pytest.raises(Invalid):
            check_manifest(
                "board", "view", {"properties": [{"name": "p", "type": "gizmo", "secure": secure}]}
            )


@pytest.mark.parametrize(
    "text", [r"(?P<a>\)x)", "(?P<a>[(])", "(?P<a>[)]x)", "(?P<a>(b|c)+)", r"(?P<a>\Q(\E)", "(?P<a>a{1000})"]
)
def test_a_group_that_is_no_pattern_by_itself_is_passed_over(text: str) -> None:
    assert compile_pattern(text).groups_with_slash() <= {"a"}


def test_hostile_expressions_over_xml_are_walked_in_bounded_time() -> None:
    expression = "a" + ".b[]" * 45 + "." + ".".join(["c"] * 40)
    manifest = {
        "integration": {"base_url": "https://api.test"},
        "endpoints": [{"id": "e", "path": "/x", "response_type": "xml", "cache_ttl": 60}],
        "blocks": [{"id": f"b{index}", "endpoint": "e", "select": expression} for index in range(300)],
    }
    assert {found.code for found in check_manifest("svc", "integration", manifest)} == {"single-element"}
