"""`select` by JMESPath: what it yields, what it refuses, and that no expression costs more than its allowance."""

from __future__ import annotations

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import UpstreamInvalid
from integrations.answers.select_functions import SelectContext
from integrations.answers.selection import compile_select
from integrations.answers.selection_limits import BoundedInterpreter, SelectionTooCostly

DATA = {
    "items": [
        {"id": 1, "title": "a", "tags": ["x", "y"], "price": 2.5},
        {"id": 2, "title": "b", "tags": [], "price": 1},
        {"id": 3, "tags": ["z"], "price": 10},
    ],
    "meta": {"total": 3, "odd name": True},
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("meta.total", 3),
        ("@", DATA),
        ("nothing.here", None),
        ('meta."odd name"', True),
        (
            "items[].{id: id, title: title}",
            [{"id": 1, "title": "a"}, {"id": 2, "title": "b"}, {"id": 3, "title": None}],
        ),
        ("items[?price > `1.5`].id", [1, 3]),
        ("items[?title == 'a'] | [0].tags", ["x", "y"]),
        ("items[].tags[]", ["x", "y", "z"]),
        ("items[-1].id", 3),
        ("items[::2].id", [1, 3]),
        ("sort_by(items, &price)[*].id", [2, 1, 3]),
        ("join(',', items[].tags[])", "x,y,z"),
        ("sum(items[].price)", 13.5),
        ("length(items) == meta.total && 'same' || 'other'", "same"),
        ("items[?title < `1`].id", []),
        ("meta.*", [3, True]),
        ("map(&[id, length(tags)], items)", [[1, 2], [2, 0], [3, 1]]),
        ("to_string(meta)", '{"total":3,"odd name":true}'),
        ("items[0].tags == items[0].tags", True),
        ("max_by(items, &price).id", 3),
    ],
)
def test_a_selection_yields_what_jmespath_says(expression, value):
    assert compile_select(expression).apply(DATA) == value


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("", "needed"),
        ("  ", "needed"),
        (7, "needed"),
        ("a" * 2_001, "2000"),
        ("a.[", "position 3"),
        ("foo)", "position 3"),
        ("a b", "position 2"),
        ("a.`x", "position 2"),
        ("#", "position 0"),
        ("a[", "position 2"),
        ("a | shout(b)", "no function `shout` at position 4"),
        ("length(a, b)", "takes 1 arguments, not 2"),
        ("join(a)", "takes 2 arguments, not 1"),
        ("not_null()", "takes 1"),
        ("a[::0]", "steps of 0"),
        ("[" * 1_000, "nested deeper than 50 at position 50"),
        ("(" * 1_000 + "a", "nested deeper"),
        ("!" * 1_999 + "a", "nested deeper"),
        ("{a:" * 600, "nested deeper"),
        ("a" + "[*]" * 600, "more than 50 projections"),
        ("*" + ".*" * 600, "more than 50 projections"),
        ("a" + "[]" * 900, "more than 50 projections"),
        ("a" + "[:1]" * 400, "more than 50 projections"),
        ("a" + "|a" * 900, "nested deeper than 100"),
        ("a" + "||a" * 600, "nested deeper than 100"),
        # A reference is no value, so JSON has none for it.
        *(
            (expression, "`&` stands before an argument")
            for expression in (
                "&a",
                "[&a]",
                "{x: &a}",
                "[?&a]",
                "a || &b",
                "a == &b",
                "!&a",
                "&a | @",
                "to_array(&a)",
                "not_null(a, &b)",
                "map(&(&a), @)",
                "map(&[&a], @)",
                "sort_by(&a, &b)",
            )
        ),
    ],
)
def test_a_bad_expression_is_refused_with_its_place(expression, problem):
    with pytest.raises(ValueError) as caught:
        compile_select(expression)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "detail"),
    [
        (
            "length(meta.total)",
            "`length()` in `select` takes string or array or object, but got something else",
        ),
        ("sum(items[].title)", "`sum()` in `select` takes array, but got something else"),
        ("sort_by(items, &tags)", None),
        ("sort_by(items, &not_null(title, id))", None),
        ("join(',', items)", None),
        ("abs('x')", None),
        ("avg(items)", None),
    ],
)
def test_a_function_that_does_not_fit_the_answer_fails_in_words_without_values(expression, detail):
    with pytest.raises(UpstreamInvalid) as caught:
        compile_select(expression).apply(DATA)
    assert caught.value.extensions["reason"] == "select"
    assert detail is None or caught.value.detail == detail


def hostile_expressions() -> dict[str, str]:
    return {
        "doubles the flat list": "[@,@,@,@][]" + " | [@,@,@,@][]" * 40,
        "doubles the tree without visiting it": "[@,@]" + " | [@,@]" * 90,
        "doubles a string": "join('',[@,@,@,@])" + " | join('',[@,@,@,@])" * 40,
        "escapes an escaped string": "to_string([@])" + " | to_string([@])" * 60,
        "compares two doubled trees": "[@,@]" + " | [@,@]" * 30 + " | [[@,@],[@,@]] | [0] == [1]",
        "looks for a doubled tree in one": "[@,@]" + " | [@,@]" * 30 + " | contains(@, @)",
        "writes a doubled tree": "[@,@]" + " | [@,@]" * 40 + " | to_string(@)",
        "joins by a long separator": "[@,@][]" + " | [@,@][]" * 12 + " | join('" + "x" * 1_500 + "', @)",
        "sorts long strings": "[join('',[@,@,@,@,@,@,@,@])]" + " | [join('',[@[0],@[0],@[0],@[0],@[0],@[0],@[0],@[0]])]" * 4 + " | [@,@][][] | [@,@,@,@,@,@,@,@][] | [@,@,@,@,@,@,@,@][] | sort_by(@, &@)",
        "wraps deeper than JSON goes": "[@]" + ".[@]" * 300,
    }  # fmt: skip


@pytest.mark.parametrize("expression", hostile_expressions().values(), ids=hostile_expressions().keys())
@pytest.mark.parametrize("value", ["secret-ish text", ["a", "b"] * 20], ids=["text", "list"])
def test_an_expression_that_grows_without_end_is_ended(expression, value):
    try:
        selector = compile_select(expression)
    except ValueError:
        pytest.fail("a bad example: it does not compile")
    with pytest.raises(UpstreamInvalid) as caught:
        selector.apply(value)
    assert caught.value.extensions["reason"] == "select"


@pytest.mark.parametrize(
    "expression",
    ["[*].[@]", "[][][]", "[?@ > `1`]", "[*][0]", "sort(@)", "[1:]", "reverse(@) | reverse(@)", "map(&@, @)", "contains(@, 'x')", "[*].a || [*].b"],
)  # fmt: skip
def test_steps_are_paid_by_the_length_of_what_is_looked_at(expression):
    value = list(range(1_000))
    tree = jmespath.compile(expression).parsed
    BoundedInterpreter(SelectContext(), 20_000).visit(tree, value)
    with pytest.raises(SelectionTooCostly):
        BoundedInterpreter(SelectContext(), 900).visit(tree, value)


def test_a_part_of_an_answer_is_handed_on_whatever_its_size():
    large = list(range(1_100_000))
    assert compile_select("data.rows").apply({"data": {"rows": large}}) is large


_EXPRESSIONS = st.recursive(
    st.sampled_from(
        ["a", "b.c", "@", "[0]", "a[]", "[*].b", "`1`", "'x'", "*", "a[?b]", "[?a == b]", "[1:]"]
    ),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda two: f"{two[0]} | {two[1]}"),
        st.tuples(inner, inner).map(lambda two: f"[{two[0]}, {two[1]}]"),
        st.tuples(inner, inner).map(lambda two: f"{{x: {two[0]}, y: {two[1]}}}"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}) == ({two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}) < ({two[1]})"),
        inner.map(lambda one: f"to_string({one})"),
        inner.map(lambda one: f"not_null({one}, 'z')"),
        inner.map(lambda one: f"!({one})"),
    ),
    max_leaves=6,
)
_VALUES = st.recursive(
    st.none() | st.integers(0, 2) | st.sampled_from(["x", ""]) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(_EXPRESSIONS, _VALUES)
def test_the_bounded_interpreter_agrees_with_jmespath(expression, value):
    try:
        expected = jmespath.search(expression, value)
    except TypeError:
        # jmespath compares a string with a number by an exception; its specification says null.
        return
    assert compile_select(expression).apply(value) == expected


@pytest.mark.parametrize(
    ("expression", "value", "selected"),
    [
        ("sum([a, b])", {"a": 2}, 2),
        ("sum(@)", [1, None, 2.5], 3.5),
        ("sum(@)", [None], 0),
        ("sum([*].n)", [{"n": 1}, {}], 1),
        ("avg(@)", [1, None, 3], 2),
        ("avg(@)", [None], None),
        ("min(@)", [None, 3, 1], 1),
        ("max(@)", ["b", None, "a"], "b"),
        ("max(@)", [None], None),
        ("sort(@)", [3, None, 1], [1, 3]),
        ("join(', ', [city, country])", {"country": "NO"}, "NO"),
        ("sort_by(@, &n)", [{"n": 2}, {"m": 1}, {"n": 1}, {"n": None}], [{"n": 1}, {"n": 2}, {"m": 1}, {"n": None}]),
        ("sort_by(@, &n)", [{}], [{}]),
        ("min_by(@, &n).id", [{"id": 1}, {"id": 2, "n": 5}], 2),
        ("max_by(@, &n)", [{}, {"n": None}], None),
    ],
)  # fmt: skip
def test_what_is_not_there_takes_no_part(expression, value, selected):
    assert compile_select(expression).apply(value) == selected


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("sum(@)", [1, "2"]),
        ("sum(@)", None),
        ("avg(@)", [True, None]),
        ("join(',', @)", ["a", 1, None]),
        ("sort_by(@, &n)", [{"n": 1}, {"n": "a"}]),
        ("sort_by(@, &n)", None),
        ("max_by(@, &n)", [{"n": []}]),
    ],
)
def test_what_is_of_another_kind_is_a_failure_still(expression, value):
    with pytest.raises(UpstreamInvalid) as caught:
        compile_select(expression).apply(value)
    assert caught.value.extensions["reason"] == "select"
