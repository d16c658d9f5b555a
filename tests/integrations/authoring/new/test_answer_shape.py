import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.authoring.new.answer_shape import Shape, shape_of


@pytest.mark.parametrize(
    ("sample", "select", "display"),
    [
        ({"temp": 21.5}, "{temp: temp}", {"kind": "figure", "value": "temp"}),
        ({"main": {"temp": 1, "wind": 2}}, "{temp: main.temp, wind: main.wind}", {"kind": "facts"}),
        (
            {"count": 1, "results": [{"id": 1, "name": "a"}]},
            "results[].{id: id, name: name}",
            {"kind": "table"},
        ),
        ([{"time": "2024-05-31T10:00", "v": 1}], "[].{time: time, v: v}", {"kind": "line", "x": "time"}),
        (
            [{"title": "a", "url": "https://a.test"}],
            "[].{title: title, url: url}",
            {"kind": "table", "links": {"title": "url"}, "fields": ["title"]},
        ),
        ({"odd-name": 1, "b": "x"}, '{odd_name: "odd-name", b: b}', {"kind": "figure", "value": "odd_name"}),
        ({"a": {"id": 1}, "b": {"id": 2}}, "{id: a.id, b_id: b.id}", {"kind": "facts"}),
        ([1, 2], None, {"kind": "list"}),
        ([], None, {}),
        ({}, None, {}),
        (5, None, {"kind": "figure"}),
        ("text", None, {}),
        (None, None, {}),
    ],
)
def test_what_is_taken_and_how_it_is_drawn(sample, select, display):
    assert shape_of(sample) == Shape(select, display)


names = st.text(min_size=1, max_size=6)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_what_is_selected_of_any_answer_can_be_written(sample):
    select = shape_of(sample).select
    if select is not None:
        jmespath.compile(select)
