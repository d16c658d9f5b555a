"""The functions of `select` beyond JMESPath's own: what they give, and that nothing makes them fail or cost too much."""

from __future__ import annotations

import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import UpstreamInvalid
from integrations.answers.select_functions import SelectContext
from integrations.answers.selection import compile_select

NOW = 1_700_000_000.0
CONTEXT = SelectContext(NOW, {"wan": "eth0", "unset": None}, {"limit": 5})
DATA = {
    "used": 3,
    "size": 7,
    "zero": 0,
    "big": 9_223_372_036_854_775_807,
    "name": "Abc-Def",
    "time": "2023-11-14T22:00:00Z",
    "list": [1, 2],
    "url": "https://nas.example/sub/",
}


def select(expression: str, value: object = DATA) -> object:
    return compile_select(expression).apply(value, CONTEXT)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("add(used, size)", 10),
        ("add(used, size, `0.5`)", 10.5),
        ("subtract(used, size)", -4),
        ("multiply(used, size, `2`)", 42),
        ("divide(`6`, `3`)", 2),
        ("divide(used, zero)", None),
        ("percent(used, size)", 42.9),
        ("percent(used, size, `0`)", 43),
        ("percent(used, zero)", None),
        ("percent(nothing, size)", None),
        ("round(`2.5`)", 3),
        ("round(`-2.5`)", -3),
        ("round(`2.345`, `2`)", 2.35),
        ("round(`1234`, `-2`)", 1200),
        ("floor_to(`17`, `5`)", 15),
        ("floor_to(`-1`, `5`)", -5),
        ("subtract(`17`, floor_to(`17`, `5`))", 2),
        ("floor_to(`1`, zero)", None),
        ("multiply(big, big)", 8.507059173023462e37),
        ("multiply(`1e300`, `1e300`)", None),
        ("lower(name)", "abc-def"),
        ("upper(name)", "ABC-DEF"),
        ("lower(nothing)", None),
        ("split(name, '-')", ["Abc", "Def"]),
        ("split('a:b:c', ':', `1`)", ["a", "b:c"]),
        ("split('abc', '')", ["a", "b", "c"]),
        ("replace(name, '-', ' ')", "Abc Def"),
        ("replace(name, '', 'x')", "Abc-Def"),
        ("join_url(url, 'a/b?c=1')", "https://nas.example/sub/a/b?c=1"),
        ("join_url(url, '/a')", "https://nas.example/a"),
        ("join_url(url, '//cdn.example/x.png')", "https://cdn.example/x.png"),
        ("join_url(url, 'javascript:alert(1)')", None),
        ("join_url('data:text/html', 'x')", None),
        ("to_epoch(time)", 1_699_999_200),
        ("to_epoch('2023-11-14T23:00:00+01:00')", 1_699_999_200),
        ("to_epoch('2023-11-14 22:00:00')", 1_699_999_200),
        ("to_epoch('Tue, 14 Nov 2023 22:00:00 GMT')", 1_699_999_200),
        ("to_epoch('2023-11-14T22:00:00.123456789Z')", 1_699_999_200.123456),
        ("to_epoch(`1699999200000`)", 1_699_999_200),
        ("to_epoch('1699999200')", 1_699_999_200),
        ("to_epoch('yesterday')", None),
        ("to_epoch(nothing)", None),
        ("to_iso(`1700000000000`)", "2023-11-14T22:13:20Z"),
        ("to_iso(time)", "2023-11-14T22:00:00Z"),
        ("to_iso(`1e16`)", "2286-11-20T17:46:40Z"),
        ("age_seconds(time)", 800),
        ("age_seconds(`1700000060`)", -60),
        ("config('wan')", "eth0"),
        ("config('unset')", None),
        ("inputs('limit')", 5),
        ("[?@ > inputs('limit')]", None),
        ("list[?@ < inputs('limit')]", [1, 2]),
    ],
)
def test_a_function_gives_what_it_says(expression: str, value: object):
    assert select(expression) == value


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "percent", "floor_to"])
def test_what_is_no_number_is_refused_by_the_function_s_name(name: str):
    with pytest.raises(UpstreamInvalid, match=rf"`{name}\(\)` in `select` takes number or null"):
        select(f"{name}(name, size)")


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("used * size", "JMESPath has no `*`; use `multiply(a, b)`, at position 5"),
        ("used - size", "JMESPath has no `-`; use `subtract(a, b)`, at position 5"),
        ("used + `1`", "JMESPath has no `+`; use `add(a, b)`, at position 5"),
        ("items[].{share: used / size}", "JMESPath has no `/`; use `divide(a, b)`, at position 21"),
        ("used % size", "JMESPath has no `%`; use `subtract(a, floor_to(a, b))`, at position 5"),
        ("$config.wan", "JMESPath has no variables; use `config('name')` or `inputs('name')`, at position 0"),
        ("config(name)", "`config()` takes a name in single quotes: `config('name')`"),
        ("inputs(`1`)", "`inputs()` takes a name in single quotes: `inputs('name')`"),
        ("round()", "`round()` takes 1 to 2 arguments, not 0, at position 0"),
        ("round(a, b, c)", "`round()` takes 1 to 2 arguments, not 3, at position 0"),
        ("percent(a)", "`percent()` takes 2 to 3 arguments, not 1, at position 0"),
        ("subtract(a, b, c)", "`subtract()` takes 2 arguments, not 3, at position 0"),
        ("modulo(a, b)", "there is no function `modulo` at position 0"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_write_instead(expression: str, reason: str):
    with pytest.raises(ValueError, match=re.escape(reason)) as refused:
        compile_select(expression)
    assert str(refused.value) == reason


def test_an_expression_names_what_it_asks_for():
    selector = compile_select("[config('wan'), inputs('limit'), 'to {home} and {inputs.day}', '{}']")
    assert selector.config_names == {"wan"}
    assert selector.input_names == {"limit"}
    assert selector.placeholders == {"home", "inputs.day"}


NUMBERS = st.one_of(
    st.none(), st.integers(), st.floats(), st.sampled_from([0, -0.0, 2**63, -(2**63), 10**400, 1e308])
)
TEXTS = st.one_of(
    st.none(), st.text(max_size=80), st.sampled_from(["12", "1e9", "2024-02-30", "//x", "http://[", "\0"])
)
CALLS = [
    *[f"{name}(a, b)" for name in ("add", "subtract", "multiply", "divide", "percent", "floor_to", "round")],
    "percent(a, b, c)",
    "add(a, b, c)",
]
TEXT_CALLS = [
    *[f"{name}(a)" for name in ("lower", "upper", "to_epoch", "to_iso", "age_seconds")],
    "join_url(a, b)",
    "split(a, ',')",
    "replace(a, 'a', 'bb')",
]


@given(expression=st.sampled_from(CALLS), a=NUMBERS, b=NUMBERS, c=NUMBERS)
def test_no_number_makes_a_function_fail_or_give_what_json_cannot_hold(expression, a, b, c):
    selector = compile_select(expression)
    result = selector.apply({"a": a, "b": b, "c": c}, CONTEXT)
    assert json.dumps(result, allow_nan=False) == json.dumps(
        selector.apply({"a": a, "b": b, "c": c}, CONTEXT), allow_nan=False
    )
    assert result is None or math.isfinite(result)


LEFT = [{"id": 1, "n": "one"}, {"id": True, "n": "yes"}, {"n": "none"}, 5, {"id": 2, "n": "two"}]
RIGHT = [{"id": 1, "n": "other", "size": 7}, {"id": 1, "size": 8}, {"id": "2", "size": 9}, None]


def test_lists_are_joined_by_a_key():
    joined = select("join_by(left, right, 'id')", {"left": LEFT, "right": RIGHT})
    # What the left list says comes first, the first match counts, and neither true nor "2" is a number.
    assert joined == [{"id": 1, "n": "one", "size": 7}, *LEFT[1:]]
    assert select("join_by(left, nothing, 'id')", {"left": LEFT}) == LEFT
    assert select("join_by(nothing, right, 'id')", {"right": RIGHT}) is None


def test_a_join_that_repeats_a_large_text_is_too_large():
    value = {"left": [{"id": 1}] * 10_000, "right": [{"id": 1, "text": "a" * 1_000_000}]}
    with pytest.raises(UpstreamInvalid, match="too large"):
        select("join_by(left, right, 'id')", value)


OBJECTS = st.none() | st.lists(
    st.dictionaries(
        st.sampled_from(["id", "b"]),
        st.none() | st.integers() | st.text(max_size=3) | st.floats() | st.lists(st.none()),
    )
    | st.none(),
    max_size=5,
)


@given(left=OBJECTS, right=OBJECTS)
def test_a_join_has_the_items_of_its_left_list(left, right):
    joined = compile_select("join_by(left, right, 'id')").apply({"left": left, "right": right}, CONTEXT)
    assert (joined is None and left is None) or len(joined) == len(left)


@given(expression=st.sampled_from(TEXT_CALLS), a=TEXTS, b=TEXTS)
def test_no_text_makes_a_function_fail(expression, a, b):
    selector = compile_select(expression)
    assert selector.apply({"a": a, "b": b}, CONTEXT) == selector.apply({"a": a, "b": b}, CONTEXT)


@pytest.mark.parametrize(
    "expression",
    [
        "replace(@, 'a', join('', [@, @, @]))",
        "map(&replace(@, 'a', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'), [@, @, @, @, @, @, @, @, @, @, @, @])",
        "[*].split(@, '')",
        "map(&split(@, ''), [@, @, @, @, @, @])",
    ],
)
def test_what_would_make_a_text_grow_without_end_is_too_large(expression: str):
    value = ["a" * 1_000_000] * 4 if expression.startswith("[*]") else "a" * 1_000_000
    with pytest.raises(UpstreamInvalid, match="too large"):
        select(expression, value)


TIMES = st.one_of(
    NUMBERS,
    TEXTS,
    st.datetimes().map(str),
    st.sampled_from(
        ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1e99", "-1e18", "Fri, 31 Feb 2020"]
    ),
)


@given(
    expression=st.sampled_from(["to_epoch(a)", "to_iso(a)", "age_seconds(a)", "to_iso(to_epoch(a))"]), a=TIMES
)
def test_no_time_makes_a_function_fail_or_differ_when_it_is_asked_again(expression, a):
    selector = compile_select(expression)
    first = json.dumps(selector.apply({"a": a}, CONTEXT), allow_nan=False)
    assert first == json.dumps(selector.apply({"a": a}, CONTEXT), allow_nan=False)


@given(text=st.text(max_size=60), separator=st.text(max_size=3), limit=NUMBERS)
def test_the_parts_of_a_text_are_the_text(text, separator, limit):
    selector = compile_select("split(a, b, c)")
    if limit is not None:
        parts = selector.apply({"a": text, "b": separator, "c": limit}, CONTEXT)
        assert parts is None or separator.join(parts) == text
