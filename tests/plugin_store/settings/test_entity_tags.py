"""The header If-Match, as clients, proxies and strangers write it."""

from __future__ import annotations

import pytest

from errors import Malformed, PreconditionFailed
from plugin_store.settings.entity_tags import entity_tag, parse_if_match


@pytest.mark.parametrize(
    "header",
    [
        None,
        "*",
        " * ",
        '"a"',
        '\t"a" ',
        '"b", "a"',
        '"b","a"',
        ', "b",, "a" ,',
        '"comma,in,it", W/"weak", "a"',
        '"b" ,\t"a"',
    ],
)
def test_a_state_with_one_of_the_tags_may_be_changed(header: str | None) -> None:
    parse_if_match(header).check('"a"')


@pytest.mark.parametrize("header", ['"b"', 'W/"a"', '""', '"A"', '"b,a"', '"a", "b"', '"é\xff"', '"*"'])
def test_any_other_state_is_left_alone(header: str) -> None:
    with pytest.raises(PreconditionFailed):
        parse_if_match(header).check('"c"' if header == '"a", "b"' else '"a"')


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        ",",
        "a",
        '"a',
        'a"',
        "'a'",
        '"a" "b"',
        '"a""b"',
        '*, "a"',
        '"a", *',
        '"a", b',
        'w/"a"',
        'W/ "a"',
        '"a\\"b"',
        '"a b"',
        '"a\x7f"',
        '"a\u2028"',
        '"a"\n',
        "**",
        '"' * 100_001,
        '"",' * 50_000 + "a",
        " ," * 50_000,
    ],
)
def test_what_is_no_list_of_tags_is_refused(header: str) -> None:
    with pytest.raises(Malformed, match="If-Match"):
        parse_if_match(header)


def test_a_tag_differs_with_the_value_and_its_type() -> None:
    values = [
        {},
        {"a": 1},
        {"a": 1.0},
        {"a": True},
        {"a": "1"},
        {"a": None},
        {"b": 1},
        {"a": [1]},
        {"a": 2**60},
    ]
    assert len({entity_tag(value) for value in values}) == len(values)
    assert entity_tag({"a": (1, 2)}) == entity_tag({"a": [1, 2]})
