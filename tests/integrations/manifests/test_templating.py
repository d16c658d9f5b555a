"""Placeholders are replaced once, keep their type when alone, and never become nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.manifests.templating import TemplateError, UnresolvedName, parse_template, parse_tree

VALUES = {"name": "Oslo", "count": 5, "on": True, "lat": 52.52, "inputs.place": "x", "list": [1, 2]}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("plain", "plain"),
        ("", ""),
        ("{name}", "Oslo"),
        ("a{name}b{count}c", "aOslob5c"),
        ("{on}", "true"),
        ("{lat}", "52.52"),
        ("{inputs.place}", "x"),
        ("{{name}}", "{name}"),
        ("{{{name}}}", "{Oslo}"),
        ("}}{{", "}{"),
    ],
)
def test_placeholders_are_filled(source, text):
    assert parse_template(source).text(VALUES) == text


@pytest.mark.parametrize(
    "source", ["{", "}", "a{b", "{a b}", "{}", "{1}", "{{a}", "{a}}", "{a.}", "{a|upper}"]
)
def test_a_lone_brace_is_refused_with_its_position(source):
    with pytest.raises(TemplateError, match=r"character \d+"):
        parse_template(source)


@given(st.text(max_size=40), st.text(max_size=40))
def test_what_comes_in_is_never_scanned_again(value, around):
    literal = around.replace("{", "{{").replace("}", "}}")
    template = parse_template(literal + "{x}" + literal)
    assert template.text({"x": value + "{y}", "y": "SECRET"}) == around + value + "{y}" + around


@pytest.mark.parametrize("values", [{}, {"name": None}])
def test_an_unresolved_placeholder_is_an_error_by_name(values):
    with pytest.raises(UnresolvedName) as caught:
        parse_template("/{name}/x").text(values)
    assert caught.value.name == "name"


def test_a_lone_placeholder_keeps_its_type():
    tree = parse_tree({"n": "{count}", "s": "{count}!", "l": "{list}", "deep": [{"b": "{on}"}], "k": 1})
    assert tree.value(VALUES) == {"n": 5, "s": "5!", "l": [1, 2], "deep": [{"b": True}], "k": 1}


def test_an_optional_member_that_nobody_gives_is_left_out():
    tree = parse_tree({"q": "{name}", "limit": "{limit}", "tags": ["{tag}", "x"]})
    assert tree.value(VALUES, frozenset({"limit", "tag"})) == {"q": "Oslo", "tags": ["x"]}


def test_an_optional_placeholder_inside_text_is_still_an_error():
    with pytest.raises(UnresolvedName):
        parse_tree({"q": "limit:{limit}"}).value(VALUES, frozenset({"limit"}))


def test_a_list_does_not_become_text():
    with pytest.raises(TypeError):
        parse_template("/{list}/x").text(VALUES)


def test_names_of_a_tree_are_found_at_every_depth():
    assert parse_tree({"a": ["{x}", {"b": "{steps.geo.lat}"}]}).names == {"x", "steps.geo.lat"}


def test_the_path_of_a_bad_template_inside_a_tree_is_told():
    with pytest.raises(TemplateError, match=r"^filter\.items\[1\]: character 1"):
        parse_tree({"filter": {"items": ["ok", "{"]}})
