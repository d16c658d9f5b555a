import pytest

from integrations.authoring.dev.given_inputs import inputs_of, missing_inputs, parse_pair, unknown_inputs


def described(name, kind="string", **more):
    return {"name": name, "type": kind, "required": False, "from_config": None, **more}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", "5", "5"),
        ("integer", "5", 5),
        ("number", "5.5", 5.5),
        ("boolean", "true", True),
        ("array", "[1]", [1]),
        ("object", "{}", {}),
        ("multiselect", '["a"]', ["a"]),
        ("integer", "five", "five"),
        ("date", "2024-05-31", "2024-05-31"),
        (None, "5", 5),
        (None, "null", "null"),
        (None, "[1]", "[1]"),
    ],
)
def test_a_typed_value_has_the_type_of_its_input(kind, text, value):
    assert inputs_of([described("it", kind)], {"it": text, "other": "1"}) == {"it": value}


@pytest.mark.parametrize(("text", "pair"), [("a=b=c", ("a", "b=c")), ("a=", ("a", ""))])
def test_a_pair_is_split_at_its_first_equals_sign(text, pair):
    assert parse_pair(text) == pair


@pytest.mark.parametrize("text", ["a", "=b", ""])
def test_what_is_no_pair_is_refused(text):
    with pytest.raises(ValueError, match="name=value"):
        parse_pair(text)


def test_missing_are_required_inputs_that_nothing_fills():
    inputs = [
        described("a", required=True),
        described("b", required=True, from_config="home"),
        described("c", required=True),
        described("d", required=True, from_url=True),
    ]
    assert missing_inputs(inputs, {"c": 1}) == ["a", "d"]
    assert missing_inputs(inputs, {"a": 1, "c": 1, "url": "https://x.test/1"}) == []


def test_names_that_no_block_has_are_told():
    assert unknown_inputs([[described("a")], [described("b")]], {"b": "", "z": "", "c": ""}) == ["c", "z"]
