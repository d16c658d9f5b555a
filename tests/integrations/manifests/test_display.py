"""What the backend reads of a block's `display`: fields, thresholds, and what keeps a history."""

from __future__ import annotations

import json
import math

import pytest

from integrations.manifests.display import (
    Display,
    History,
    Threshold,
    duration_seconds,
    level_of,
    read_display,
    value_at,
)
from settings import ROOT
from tests.integrations.building import integration_of

# The elements read fields and levels by the same table.
TABLE = json.loads((ROOT / "frontend/packages/elements/tests/fields.json").read_text("utf-8"))
DAY = 86400


@pytest.mark.parametrize(("data", "name", "expected"), TABLE["fields"])
def test_a_field_is_read_as_the_elements_read_it(data, name, expected):
    assert value_at(data, name) == expected
    assert type(value_at(data, name)) is type(expected)


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [(5, "value", 5), ("up", "value", "up"), (None, "value", None), ([1], "value", [1]), (5, "other", None)],
)
def test_data_that_is_no_object_has_the_field_value(data, name, expected):
    assert value_at(data, name) == expected


@pytest.mark.parametrize(("value", "thresholds", "expected"), TABLE["levels"])
def test_a_level_is_that_of_the_last_threshold_that_applies(value, thresholds, expected):
    assert (
        level_of(value, read_display({"thresholds": {"t": thresholds}}).thresholds.get("t", ())) == expected
    )


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400])
def test_what_is_no_finite_number_has_no_level(value):
    assert level_of(value, (Threshold("bad"),)) is None


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"keep": "30d"}, History(30 * DAY, ("temperature",))),
        ({"keep": "12h", "fields": ["a", "b.c", "a"]}, History(12 * 3600, ("a", "b.c"))),
        ({"keep": "8w"}, History(56 * DAY, ("temperature",))),
        ({"keep": 600}, History(600, ("temperature",))),
        ({"keep": "400d", "fields": []}, History(400 * DAY, ("temperature",))),
    ],
)
def test_a_history_is_kept_of_the_value_or_of_the_fields_it_names(declared, expected):
    assert read_display({"value": "temperature", "history": declared}).history == expected


def test_without_a_declared_value_the_history_is_that_of_a_bare_number():
    assert read_display({"history": {"keep": "1d"}}).history == History(DAY, ("value",))


@pytest.mark.parametrize(
    "declared",
    [None, "30d", [], {}, {"keep": None}, {"keep": "401d"}, {"keep": 0}, {"keep": -1}, {"keep": True}]
    + [{"keep": text} for text in ("30", "30 d", "0d", "1y", "-1d", "1.5d", "", "99999w", "٣d", "1d\n")]
    + [{"keep": math.nan}, {"keep": math.inf}, {"keep": 10**400}, {"keep": ["30d"]}],
)
def test_no_history_is_kept_without_a_duration_of_at_most_400_days(declared):
    assert read_display({"kind": "figure", "history": declared}).history is None


@pytest.mark.parametrize(
    "declared", [None, "table", 5, [], {}, {"kind": "chart"}, {"kind": ["table"]}, {"as": {}}]
)
def test_what_declares_nothing_known_is_an_empty_display(declared):
    assert read_display(declared) == Display()


def test_the_older_name_of_the_kind_is_read():
    assert read_display({"as": "facts"}).kind == "facts"
    assert read_display({"kind": "table"}).kind == "table"


def test_what_has_the_wrong_type_is_left_out_and_the_rest_is_read():
    found = read_display(
        {
            "kind": "gauge",
            "value": 5,
            "fields": ["a", 5, None, ""],
            "labels": {"a": "A", "b": 1},
            "units": ["percent"],
            "thresholds": {
                "a": [
                    {"from": "80", "level": "warn"},
                    {"from": 80, "level": "awful"},
                    {"from": True, "level": "bad"},
                    {"below": None, "level": "bad"},
                    {"from": math.nan, "level": "bad"},
                    "bad",
                    {"from": 90, "level": ["bad"]},
                    {"from": 95, "level": "bad"},
                ],
                "b": {"from": 1, "level": "bad"},
            },
        }
    )
    assert found == Display(
        kind="gauge", fields=("a",), labels={"a": "A"}, thresholds={"a": (Threshold("bad", 95.0),)}
    )


@pytest.mark.parametrize(
    ("declared", "expected"), [(5, 5), (2.5, 2.5), ("1h", 3600), ("2w", 14 * DAY), ("1m", None)]
)
def test_a_duration_is_a_number_of_seconds_or_a_text_with_its_unit(declared, expected):
    assert duration_seconds(declared) == expected


def test_a_compiled_block_has_its_display():
    display = {"kind": "figure", "value": "t", "history": {"keep": "7d"}}
    found = integration_of([{"id": "now"}], [{"id": "a", "display": display}, {"id": "b"}]).blocks

    assert found["a"].display.history == History(7 * DAY, ("t",))
    assert found["b"].display == Display()
