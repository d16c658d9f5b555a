"""Fields that several shapes share: what they take and how they write."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import Schema, ValidationError

from schemas.fields import PluginId, RowId, StrictBoolean, Tenths, Timestamp, Version


class Shape(Schema):
    id = PluginId()
    version = Version()
    row = RowId()
    flag = StrictBoolean()
    at = Timestamp()
    took = Tenths()


TAKEN: dict[str, list[tuple[Any, Any]]] = {
    "id": [("a", "a"), ("0-9-z", "0-9-z"), ("-", "-"), ("x" * 64, "x" * 64)],
    "version": [
        ("0.0.0", "0.0.0"),
        ("1.2.3-rc.1+build.5", "1.2.3-rc.1+build.5"),
        ("999999.0.1", "999999.0.1"),
    ],
    "row": [(1, 1), ("17", 17), (2**63 - 1, 2**63 - 1)],
    "flag": [(True, True), (False, False)],
}
REFUSED: dict[str, list[Any]] = {
    "id": ["", "A", "a_b", "a b", "a\n", "é", "x" * 65, 5, None, ["a"]],
    "version": [
        "",
        "1",
        "1.2",
        "v1.2.3",
        "1.2.3.4",
        "1.2.03",
        "1.2.3 ",
        "1.2.3-",
        "1.2.3+a+b",
        1.2,
        "1" * 9000,
    ],
    "row": [0, -1, 2**63, 10**40, "0", "1.0", " 1", "1_0", "٣", "", "x", 1.0, True, None, [1]],
    "flag": [0, 1, "true", "yes", "", None, []],
}


@pytest.mark.parametrize(
    ("field", "value", "loaded"), [(field, *pair) for field, pairs in TAKEN.items() for pair in pairs]
)
def test_a_value_that_is_taken(field: str, value: Any, loaded: Any) -> None:
    assert Shape().load({field: value}) == {field: loaded}


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in REFUSED.items() for value in values]
)
def test_a_value_that_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refusal:
        Shape().load({field: value})
    assert list(refusal.value.normalized_messages()) == [field]


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_767_323_045.678, "2026-01-02T03:04:05.678Z"),
        (1_767_323_045.0004, "2026-01-02T03:04:05.000Z"),
        (None, None),
    ],
)
def test_a_moment_is_written_in_utc(seconds: float | None, written: str | None) -> None:
    assert Shape().dump({"at": seconds}) == {"at": written}


@pytest.mark.parametrize(("measured", "shown"), [(12.3456, 12.3), (0.04, 0.0), (7, 7.0), (None, None)])
def test_a_measured_number_has_one_decimal(measured: float | None, shown: float | None) -> None:
    assert Shape().dump({"took": measured}) == {"took": shown}
