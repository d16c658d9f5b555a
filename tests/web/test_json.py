from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import Malformed
from web.json import MAX_DEPTH, parse_json


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b"NaN",
        b'{"a": NaN}',
        b"Infinity",
        b"-Infinity",
        b"1e999",
        b'"\\ud800"',
        b'"\\udc00\\ud800"',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        '{"a": 1}'.encode("utf-16"),
        b"\xef\xbb\xbf{}",
        b'{"a": 1} {"b": 2}',
        b'{"a": 1,}',
        b"01",
        b'"a\nb"',
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
        b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1),
        b"[" * 1_000_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b'{"a": 1, "\\u0061": 2}',
    ],
)
def test_what_is_not_plain_json_is_malformed(data: bytes):
    with pytest.raises(Malformed):
        parse_json(data)


def test_nesting_up_to_the_limit_is_read():
    data = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert parse_json(data) == json.loads(data)


def test_many_shallow_brackets_are_no_depth():
    assert parse_json(b"[" + b",".join([b"[]"] * 1000) + b"]") == [[]] * 1000


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)


@given(VALUES)
def test_what_json_writes_is_read_back(value: object):
    assert parse_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_malformed(data: bytes):
    try:
        parse_json(data)
    except Malformed as refusal:
        assert refusal.detail
