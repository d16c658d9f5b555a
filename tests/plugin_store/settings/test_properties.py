"""Which values a property takes, and which of the values that are set is in force."""

from __future__ import annotations

from typing import Any

import pytest

from plugin_store.settings.properties import (
    check_values,
    compile_check,
    effective_config,
    effective_enabled,
    missing_required,
    properties_of,
)

FITS: list[tuple[dict[str, Any], list[Any], list[Any]]] = [
    ({"type": "string"}, ["", "a", "\u0000", "日本"], [1, True, None, [], {}, "\ud800"]),
    ({"type": "integer"}, [0, -5, 5.0, 2**53 - 1], [True, 5.5, "5", 2**53, 10**30, float("inf"), float("nan"), None]),
    ({"type": "number"}, [0, 1.5, -0.0, 1e300], [False, "1", 2**60, float("nan"), None]),
    ({"type": "boolean"}, [True, False], [0, 1, "true", None]),
    ({"type": "object"}, [{}, {"a": [None]}], [[], "x", {"a": 2**60}, {"a": float("nan")}]),
    ({"type": "array"}, [[], [1, "a", None]], [{}, "[]", [2**60]]),
    ({"type": "integer", "enum": [1, 2]}, [1, 2.0], [3, True]),
    ({"enum": [True, "1", None]}, [True, "1"], [1, "True", None]),
    ({"type": "object", "enum": [{"a": 1, "b": 2}]}, [{"b": 2.0, "a": 1}], [{"a": 1}]),
    ({"type": "string", "const": "eu"}, ["eu"], ["us", ""]),
    ({"type": "number", "min": 1, "max": 2.5}, [1, 2.5], [0.99, 2.51]),
    ({"type": "string", "min": 2, "max": 3}, ["ab", "日本語"], ["a", "abcd"]),
    ({"type": "array", "min": 1, "max": 2}, [[1]], [[], [1, 2, 3]]),
    ({"type": "integer", "min": 0}, [0], [-1]),
    ({"type": "string", "pattern": "[a-z]+"}, ["abc"], ["abc1", "Abc", "abc\n", ""]),
    ({"type": "string", "pattern": "a|ab"}, ["a", "ab"], ["abb"]),
    ({"type": "string", "format": "hostname"}, ["a", "a-b.example", "1.2.3.4"], ["-a", "a..b", "a b", "a_b", "é.de", "a." * 127 + "ab", ""]),
    ({"type": "string", "format": "uri"}, ["https://a/b?c#d", "urn:x:y"], ["/a", "https://a b", "https:", "a\n:b"]),
    ({"type": "string", "format": "email"}, ["a.b+c@example.org"], ["a", "@b", "a@", "a b@c", "a@b@c", "a@-b"]),
    ({"type": "string", "format": "date"}, ["2024-02-29"], ["2023-02-29", "2024-2-9", "20240229", "0000-01-01", "２０２４-01-01"]),
    (
        {"type": "string", "format": "date-time"},
        ["2024-02-29T23:59:59Z", "2024-02-29t01:02:03.5+02:00"],
        ["2024-02-29", "2024-02-29 01:02:03Z", "2024-02-29T01:02:03", "2024-02-29T25:00:00Z"],
    ),
    ({"type": "string", "format": "ipv4"}, ["127.0.0.1"], ["127.1", "0x7f.0.0.1", "127.0.0.01", "１.2.3.4", "::1"]),
    ({"type": "string", "format": "ipv6"}, ["::1", "2001:db8::"], ["127.0.0.1", "[::1]", "fe80::1%eth0"]),
    ({}, [1, "a", True, [], {}], [None, 2**60]),
    ({"type": "text", "max": 3}, ["", "a\nb"], [1, [], "long"]),
    ({"type": "password", "pattern": "[a-z]+"}, ["abc"], ["A", 1]),
    ({"type": "date"}, ["2024-02-29"], ["2023-02-29", "2024-2-9", "29.02.2024", "2024-02-29T00:00", "", 20240229]),
    (
        {"type": "datetime"},
        ["2024-02-29T14:30", "2024-02-29 14:30:05", "2024-02-29T14:30:05.25Z", "2024-02-29t14:30+02:00"],
        ["2024-02-29", "2024-02-30T14:30", "2024-02-29T24:30", "2024-02-29T14", "14:30", 1709216999, ""],
    ),
    ({"type": "time"}, ["14:30", "00:00:59", "23:59:59.5Z"], ["24:00", "14", "2:30", "14:60", "14.30", ""]),
    ({"type": "email"}, ["ada@example.org"], ["ada", "ada@", "Ada <ada@example.org>"]),
    (
        {"type": "url"},
        ["https://example.org", "http://nas.local:8080/a?b#c", "rtsp://cam/1", "https://müller.example/"],
        ["example.org", "/a", "https://", "mailto:a@b.c", "javascript:alert(1)", "https://a b", "http://[bad/"],
    ),
    (
        {"type": "color"},
        ["#fff", "#1E90FF80", "rebeccapurple", "Transparent", "rgb(30 144 255 / 50%)", "hsla(210, 100%, 56%, .5)", "var(--accent)"],
        ["#ff", "#ggg", "reddish", "url(https://evil.test/)", "red;color:blue", "rgb(", "expression(alert(1))", "", 255],
    ),
    ({"type": "select", "options": ["a", 2, True]}, ["a", 2, 2.0, True], ["b", "2", 1, ["a"], None]),
    ({"type": "select", "options": [{"value": "a", "label": "A"}, {"value": 2}]}, ["a", 2], ["A", {"value": "a"}]),
    ({"type": "select", "enum": ["a"]}, ["a"], ["b"]),
    ({"type": "select", "ui": {"options": ["a"]}}, ["a"], ["b"]),
    ({"type": "multiselect", "options": ["a", "b", {"value": 3}]}, [[], ["b", "a"], [3]], ["a", ["c"], ["a", "a"], [["a"]], {}]),
    ({"type": "multiselect", "enum": ["a", "b"], "min": 1}, [["a"]], [[], ["c"]]),
    ({"type": "string", "options": ["a"]}, ["a", "b"], [1]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("declared", "value"), [(declared, value) for declared, fitting, _ in FITS for value in fitting]
)
def test_a_value_that_fits(declared: dict[str, Any], value: Any) -> None:
    assert compile_check(declared)(value) == []


@pytest.mark.parametrize(
    ("declared", "value"), [(declared, value) for declared, _, wrong in FITS for value in wrong]
)
def test_a_value_that_does_not_fit(declared: dict[str, Any], value: Any) -> None:
    messages = compile_check(declared)(value)
    assert messages
    assert all(len(message) < 600 for message in messages)


@pytest.mark.parametrize("pattern", ["(", "a{2000}{2000}", "(?=a)", "\\1", "x" * 1001, "\ud800", 5])
def test_a_pattern_that_cannot_work_is_a_value_error(pattern: Any) -> None:
    with pytest.raises(ValueError, match=r"pattern"):
        compile_check({"type": "string", "pattern": pattern})


def test_a_hostile_pattern_costs_bounded_time() -> None:
    assert compile_check({"type": "string", "pattern": "(a+)+b"})("a" * 100_000) == [
        "Does not match the pattern."
    ]


def test_a_deep_value_is_refused() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    assert compile_check({"type": "array"})(value) == ["This is nested too deeply."]


def test_a_message_never_quotes_the_value() -> None:
    for declared in ({"type": "integer"}, {"type": "string", "pattern": "x", "format": "ipv4", "max": 1}):
        assert "hunter2" not in " ".join(compile_check(declared)("hunter2"))


PROPERTIES = properties_of(
    {
        "properties": [
            {"name": "units", "enum": ["metric", "imperial"], "default": "metric"},
            {"name": "days", "type": "integer"},
            {"name": "region", "const": "eu"},
            {"name": "flag", "type": "boolean", "default": False},
            {"name": "api_key", "secure": True, "required": True},
            {"name": "unfit", "type": "integer", "default": "many"},
        ]
    }
)

INHERITANCE: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({}, {}, {"units": "metric", "region": "eu", "flag": False}),
    ({"units": "imperial"}, {}, {"units": "imperial", "region": "eu", "flag": False}),
    ({"units": "imperial"}, {"units": "metric"}, {"units": "metric", "region": "eu", "flag": False}),
    ({"days": 3}, {"flag": True}, {"units": "metric", "days": 3, "region": "eu", "flag": True}),
    ({"flag": True}, {"flag": False}, {"units": "metric", "region": "eu", "flag": False}),
    ({"days": 0}, {"days": 7}, {"units": "metric", "days": 7, "region": "eu", "flag": False}),
    ({"region": "us"}, {"region": "asia"}, {"units": "metric", "region": "eu", "flag": False}),
    ({"api_key": "plain", "gone": 1}, {}, {"units": "metric", "region": "eu", "flag": False}),
    ({"units": "kelvin"}, {}, {"units": "metric", "region": "eu", "flag": False}),
    ({"units": "imperial"}, {"units": "kelvin"}, {"units": "imperial", "region": "eu", "flag": False}),
    ({"unfit": 3}, {}, {"units": "metric", "region": "eu", "flag": False, "unfit": 3}),
    ({"days": None}, {}, {"units": "metric", "region": "eu", "flag": False}),
]


@pytest.mark.parametrize(("workspace", "notebook", "effective"), INHERITANCE)
def test_the_first_value_that_is_set_is_in_force(
    workspace: dict[str, Any], notebook: dict[str, Any], effective: dict[str, Any]
) -> None:
    assert effective_config(PROPERTIES, workspace, notebook) == effective


@pytest.mark.parametrize(
    ("plugin", "workspace", "notebook", "enabled"),
    [
        (None, None, None, True),
        (False, None, None, False),
        (False, True, None, True),
        (True, False, None, False),
        (None, False, True, True),
        (True, True, False, False),
        (None, None, False, False),
    ],
)
def test_the_first_switch_that_is_set_is_in_force(
    plugin: bool | None, workspace: bool | None, notebook: bool | None, enabled: bool
) -> None:
    assert effective_enabled(plugin, workspace, notebook) is enabled


def test_values_are_checked_by_name() -> None:
    assert list(check_values(PROPERTIES, {"units": "x", "days": 1, "nothing": 1, "api_key": "s"})) == [
        "units",
        "nothing",
        "api_key",
    ]


def test_what_is_required_and_set_nowhere_is_named() -> None:
    assert missing_required(PROPERTIES, {}, set()) == ["api_key"]
    assert missing_required(PROPERTIES, {}, {"api_key"}) == []
    plain = properties_of({"properties": [{"name": "host", "required": True}]})
    assert missing_required(plain, {}, {"host"}) == ["host"]
    assert missing_required(plain, {"host": "a"}, set()) == []


@pytest.mark.parametrize("properties", [None, {}, "x", [1, None, {}, {"name": 5}]])
def test_what_declares_no_setting_has_none(properties: Any) -> None:
    assert properties_of({"properties": properties}) == ()


OWN = properties_of(
    {
        "properties": [
            {"name": "due", "type": "gizmo", "default": [1], "min": "x", "enum": 5},
            {"name": "many", "type": ["string", "null"], "pattern": 5},
            {"name": "day", "type": "date", "default": "today", "min": "2024-01-01"},
            {"name": "word", "pattern": "(?=a)", "format": "iban"},
            {"name": "login", "type": "account", "secure": True},
        ]
    }
)


def test_settings_of_a_type_that_nobody_knows_are_taken_unchecked() -> None:
    assert check_values(OWN, {"due": {"any": ["thing"]}, "many": 5, "word": "x", "day": "2024-05-31"}) == {}
    assert list(check_values(OWN, {"due": float("nan"), "many": 2**60, "word": 5, "day": "soon"})) == [
        "due",
        "many",
        "word",
        "day",
    ]
    assert effective_config(OWN, {}) == {"due": [1]}
