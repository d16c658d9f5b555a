import pytest

from integrations.authoring.dev.data_diff import compact, diff_data


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, ["~ a: 1 → 2"]),
        ({"a": 1}, {"b": 1}, ["- a: 1", "+ b: 1"]),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3, 4]}}, ["~ a.b[1]: 2 → 3", "+ a.b[2]: 4"]),
        ([1, 2], [1], ["- [1]: 2"]),
        ({"a": 1}, [1], ['~ data: {"a":1} → [1]']),
        (None, {"a": None}, ['~ data: null → {"a":null}']),
        ({"a": None}, {}, ["- a: null"]),
        ({"a": True}, {"a": 1}, ["~ a: true → 1"]),
        ({"a": 1}, {"a": 1.0}, ["~ a: 1 → 1.0"]),
        ({"a": "x\ny"}, {"a": "x\x1b[31my"}, [r'~ a: "x\ny" → "x\u001b[31my"']),
    ],
)
def test_what_changed_is_told_by_path(before, after, lines):
    assert diff_data(before, after) == lines


def test_many_differences_are_counted():
    assert diff_data([0] * 20, [1] * 20, max_lines=2) == ["~ [0]: 0 → 1", "~ [1]: 0 → 1", "… and 18 more"]


def test_a_long_value_is_cut_and_shows_nothing_that_a_terminal_obeys():
    assert compact("x" * 100, 10) == '"xxxxxxxx…'
    assert compact("a\u202eb\u009bc", 100) == r'"a\u202eb\u009bc"'
