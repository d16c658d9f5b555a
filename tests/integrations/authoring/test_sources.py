"""JSON and YAML 1.2 files as values, with the place of each part."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.authoring.files import render
from integrations.authoring.json_source import read_json
from integrations.authoring.source_map import Position, SourceError, find_path
from integrations.authoring.yaml_source import read_yaml

JSON_TEXT = '{\n  "a": [1, {"x.y": true}],\n\t"b": "\\ud83d\\ude00\\"}]",\n  "c": {}\n}\n'
YAML_TEXT = "# a comment\na:\n  - 1\n  - x.y: true\nb: 'it''s'\nc: {}\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("No", "No"),
        ("true", True),
        ("FALSE", False),
        ("tRuE", "tRuE"),
        ("null", None),
        ("~", None),
        ("", None),
        ("2024-01-01", "2024-01-01"),
        ("12:30:00", "12:30:00"),
        ("0o17", 15),
        ("017", 17),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-1.", -1.0),
        ("1.2.3", "1.2.3"),
        ("'5'", "5"),
        ("!!str 5", "5"),
        ("=", "="),
        ("0b11", "0b11"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text, value):
    read = read_yaml(f"- {text}").value

    assert read == [value]
    assert type(read[0]) is type(value)


def test_keys_are_text_as_it_is_written():
    assert read_yaml("200: a\non: b\nnull: c\n1.0: d").value == {
        "200": "a",
        "on": "b",
        "null": "c",
        "1.0": "d",
    }


def test_an_alias_stands_for_what_it_names():
    assert read_yaml("a: &x {b: [1]}\nc: *x").value == {"a": {"b": [1]}, "c": {"b": [1]}}


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("a: 1\nb: 2\na: 3", (3, 1), "`a` occurs twice in one mapping."),
        ("a: [", (2, 1), "Not YAML: "),
        ("a: 1\n b: 2", (2, 3), "Not YAML: mapping values are not allowed"),
        ("x:\n  <<: {a: 1}", (2, 3), "YAML 1.2 has no merge keys"),
        ("a: !mine b", (1, 4), "The tag `!mine` has no meaning here."),
        ("a: !!binary aGk=", (1, 4), "The tag `!!binary` has no meaning here."),
        ("a: !!int x", (1, 4), "`x` is not a JSON int."),
        ("a: .inf", (1, 4), "`.inf` is not a JSON float."),
        ("a: .NaN", (1, 4), "`.NaN` is not a JSON float."),
        ("? [a]\n: b", (1, 3), "A key must be a string."),
        ("a: &x [*x]", (1, 4), "An alias is inside the node that it names."),
        ("a: 1\n---\nb: 2", (2, 1), "Not YAML: "),
        ("[" * 101 + "]" * 101, (1, 101), "Nested too deeply."),
        ("[" * 100_000, (1, 101), "Nested too deeply."),
        ("a: *nobody", (1, 4), "Not YAML: "),
        ("\x00", (1, 1), "Not YAML: "),
    ],
    ids=lambda part: part[:20] if isinstance(part, str) else "",
)
def test_yaml_that_is_refused_says_where_and_why(text, position, message):
    with pytest.raises(SourceError) as caught:
        read_yaml(text)
    assert str(caught.value).startswith(message)
    assert caught.value.position == position


def test_aliases_repeat_what_is_written_within_limits():
    block = "base: &base {" + ", ".join(f"k{n}: {n}" for n in range(50)) + "}"
    lines = [block, *(f"copy{n}: *base" for n in range(100))]
    assert read_yaml("\n".join(lines)).value["copy99"]["k49"] == 49
    with pytest.raises(SourceError, match="Aliases make this too large"):
        read_yaml("\n".join([*lines, *(f"more{n}: *base" for n in range(200))]))


def test_a_large_text_without_aliases_is_read():
    assert len(read_yaml("[" + "x, " * 20_000 + "]").value) == 20_000


def test_aliases_that_multiply_are_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]

    with pytest.raises(SourceError, match="Aliases make this too large"):
        read_yaml("\n".join(lines))


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ('{"a": 1,\n "b": {"c": 1, "c": 2}}', (2, 16), "`c` occurs twice in one object."),
        ('{"a":', (1, 6), "Not JSON: "),
        ("[1,]", (1, 4), "Not JSON: "),
        ("{'a': 1}", (1, 2), "Not JSON: "),
        ("[NaN]", (1, 1), "NaN is not a JSON value."),
        ("[1e999]", (1, 1), "1e999 is too large for a number."),
        ('["\\ud800"]', (1, 1), "A string contains half of a surrogate pair."),
        ("[" * 102 + "]" * 102, (1, 1), "Nested too deeply."),
        ("[" * 100_000 + "]" * 100_000, (1, 1), "Nested too deeply."),
        ("[" + "9" * 5000 + "]", (1, 1), "Exceeds the limit"),
    ],
    ids=lambda part: part[:20] if isinstance(part, str) else "",
)
def test_json_that_is_refused_says_where_and_why(text, position, message):
    with pytest.raises(SourceError) as caught:
        read_json(text)
    assert str(caught.value).startswith(message)
    assert caught.value.position == position


@pytest.mark.parametrize(
    ("path", "in_json", "in_yaml"),
    [
        ("", (1, 1), (2, 1)),
        ("a", (2, 3), (2, 1)),
        ("a[0]", (2, 9), (3, 5)),
        ("a[1]", (2, 12), (4, 5)),
        ("a[1].x.y", (2, 13), (4, 5)),
        ("a[1].gone", (2, 12), (4, 5)),
        ("a[7]", (2, 3), (2, 1)),
        ("b", (3, 2), (5, 1)),
        ("c.deep.er", (4, 3), (6, 1)),
        ("nowhere", (1, 1), (2, 1)),
    ],
)
def test_each_part_is_found_or_the_nearest_around_it(path, in_json, in_yaml):
    assert read_json(JSON_TEXT).position(path) == Position(*in_json)
    assert read_yaml(YAML_TEXT).position(path) == Position(*in_yaml)


def test_the_longest_name_that_fits_is_taken():
    value = {"a": {"b": 1}, "a.b": {"c": 2}, "a[0]": 3}

    assert find_path(value, "a.b.c") == ("a.b", "c")
    assert find_path(value, "a.x") == ("a",)
    assert find_path(value, "a[0]") == ("a[0]",)
    assert find_path({"auth": {"name": "x"}}, "auth[0].name") == ("auth", "name")
    assert find_path({"auth": {"name": "x"}}, "auth[1].name") == ("auth",)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
TRICKY = ["on", "1e3", "0o7", "yes", "~", "2024-01-01", "<<", "=", "0x1f", "1_000", "12:30", " a", "a: b", "#", "-", "null", "\x85", "\ufeff"]  # fmt: skip


@given(JSON_VALUES | st.sampled_from(TRICKY))
def test_what_is_written_is_read_again(value):
    assert _same(read_yaml(render({"k": value}, "yaml")).value, {"k": value})
    assert _same(read_json(render({"k": value}, "json")).value, {"k": value})


def _same(one, other):
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and one == other
