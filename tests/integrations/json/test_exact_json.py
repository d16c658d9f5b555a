"""JSON without loss."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.json.exact_json import dump_json, load_json
from integrations.json.json_limits import SizeLimits, ValueTooBigError, measure_value

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), children, max_size=3),
    max_leaves=10,
)  # fmt: skip


@given(JSON_VALUES)
def test_what_is_written_reads_back_the_same(value):
    read = load_json(dump_json(value))
    assert read == value
    assert json.dumps(read) == json.dumps(value)


@given(st.binary(max_size=60) | st.text('[]{}",:0123456789eE.-+ntf\\u', max_size=60).map(str.encode))
def test_what_can_be_read_can_be_written(body):
    try:
        value = load_json(body)
    except ValueError:
        return
    assert load_json(dump_json(value)) == value


@pytest.mark.parametrize("value", [{1, 2}, object(), [2**70, float("nan")], [2**70, "\ud800"]])
def test_what_is_no_json_is_not_written(value):
    with pytest.raises(ValueError, match=r"cannot be written|not JSON compliant"):
        dump_json(value)


def test_a_value_is_measured_as_the_tree_that_it_is():
    shared = ["ab", {"key": None}]
    size = measure_value([shared, shared, 1], SizeLimits())
    assert (size.nodes, size.characters, size.depth) == (10, 10, 4)


def test_measuring_stops_at_the_limit():
    doubled: list = [1]
    for _ in range(100):
        doubled = [doubled, doubled]
    for limits in (SizeLimits(nodes=1_000), SizeLimits(depth=50)):
        with pytest.raises(ValueTooBigError):
            measure_value(doubled, limits)
    with pytest.raises(ValueTooBigError):
        measure_value(["x" * 10] * 11, SizeLimits(characters=100))
