"""Canonical JSON (RFC 8785), by the short way and by the reference."""

from __future__ import annotations

from collections import OrderedDict
from enum import IntEnum
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from integrations.json.canonical_json import canonical_json

TEXT = st.text() | st.sampled_from(["\u2028", "\x7f", '\x1f\b\t\n\f\r"\\/', "\ue000", "\U0001f600"])
SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False) | TEXT  # fmt: skip
VALUES = st.recursive(SCALARS, lambda one: st.lists(one) | st.dictionaries(TEXT, one), max_leaves=20)


@given(VALUES)
def test_every_value_is_written_as_the_reference_writes_it(value: Any):
    assert canonical_json(value) == rfc8785.dumps(value)


class Level(IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"b": 1, "a": [True, None, "\u00fc"]}, '{"a":[true,null,"\u00fc"],"b":1}'),
        # By UTF-16 code units the second name comes first.
        ({"\ue000": 1, "\U0001f600": 2}, '{"\U0001f600":2,"\ue000":1}'),
        ({"n": 1.0, "m": 1e21}, '{"m":1e+21,"n":1}'),
        ({"n": 2**53}, '{"n":"integer:9007199254740992"}'),
        ({"n": 2**53 - 1}, '{"n":9007199254740991}'),
        (OrderedDict(b=1, a=2), '{"a":2,"b":1}'),
        ((1, (2,)), "[1,[2]]"),
        (Level.HIGH, "3"),
        ({}, "{}"),
    ],
)
def test_what_orjson_would_write_in_other_words_is_canonical_too(value: Any, written: str):
    assert canonical_json(value).decode() == written


@pytest.mark.parametrize("value", [{1: "a"}, {"a": "\ud800"}, {"\ud800": 1}, float("nan"), {"a": object()}])
def test_what_is_no_json_is_refused(value: Any):
    with pytest.raises((rfc8785.CanonicalizationError, UnicodeEncodeError)):
        canonical_json(value)


def test_nesting_that_orjson_refuses_is_written():
    value: Any = "x"
    for _ in range(300):
        value = [value]
    assert canonical_json(value) == rfc8785.dumps(value)
