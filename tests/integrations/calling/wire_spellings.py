"""How values are written at each place of a request, by hand: nothing here comes from the code under test."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Spelling:
    """A text and how it is written: in a path segment, a query, a form, XML. None where it cannot stand at all.

    `in_header` and `in_cookie` say whether it can stand there as it is, for there is no encoding for it.
    """

    name: str
    text: str
    segment: str | None
    query: str
    form: str
    xml: str | None
    in_header: bool = False
    in_cookie: bool = False
    bare: bool = False
    """Whether JSON has it without quotes."""

    @property
    def json(self) -> str:
        return self.text if self.bare else json.dumps(self.text, ensure_ascii=False)

    @property
    def is_stripped(self) -> bool:
        return self.text == self.text.strip()


def _same(name: str, text: str, **more: Any) -> Spelling:
    """A text that needs no encoding anywhere."""
    return Spelling(name, text, text, text, text, text, in_header=True, in_cookie=True, **more)


SPELLINGS = (
    _same("ascii", "plain-Text_1.~"),
    _same("long", "x" * 8000),
    _same("slash-free dots", "a..b"),
    Spelling(
        "reserved",
        ":/?#[]@!$&'()*+,;=",
        ":%2F%3F%23%5B%5D@!$&'()*+,;=",
        "%3A%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D",
        "%3A%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D",
        ":/?#[]@!$&amp;&#39;()*+,;=",
        in_header=True,
    ),
    Spelling(
        "reserved for cookies too",
        ":/?#[]@!$&'()*+=",
        ":%2F%3F%23%5B%5D@!$&'()*+=",
        "%3A%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%3D",
        "%3A%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%3D",
        ":/?#[]@!$&amp;&#39;()*+=",
        in_header=True,
        in_cookie=True,
    ),
    Spelling(
        "percent",
        "100%25%2F%zz%",
        "100%2525%252F%25zz%25",
        "100%2525%252F%25zz%25",
        "100%2525%252F%25zz%25",
        "100%25%2F%zz%",
        in_header=True,
        in_cookie=True,
    ),
    Spelling("space", "a  b", "a%20%20b", "a%20%20b", "a++b", "a  b", in_header=True),
    Spelling("plus", "a+b", "a+b", "a%2Bb", "a%2Bb", "a+b", in_header=True, in_cookie=True),
    Spelling("blank ends", " z ", "%20z%20", "%20z%20", "+z+", " z "),
    Spelling(
        "brackets and quotes",
        '"<>\\^`|',
        "%22%3C%3E%5C%5E%60%7C",
        "%22%3C%3E%5C%5E%60%7C",
        "%22%3C%3E%5C%5E%60%7C",
        "&quot;&lt;&gt;\\^`|",
        in_header=True,
    ),
    Spelling(
        "placeholders",
        "{other}{{x}}",
        "%7Bother%7D%7B%7Bx%7D%7D",
        "%7Bother%7D%7B%7Bx%7D%7D",
        "%7Bother%7D%7B%7Bx%7D%7D",
        "{other}{{x}}",
        in_header=True,
        in_cookie=True,
    ),
    Spelling(
        "utf-8",
        "Zürich 北京",
        "Z%C3%BCrich%20%E5%8C%97%E4%BA%AC",
        "Z%C3%BCrich%20%E5%8C%97%E4%BA%AC",
        "Z%C3%BCrich+%E5%8C%97%E4%BA%AC",
        "Zürich 北京",
    ),
    Spelling(
        "emoji",
        "\U0001f326\ufe0f",
        "%F0%9F%8C%A6%EF%B8%8F",
        "%F0%9F%8C%A6%EF%B8%8F",
        "%F0%9F%8C%A6%EF%B8%8F",
        "\U0001f326\ufe0f",
    ),
    Spelling(
        "line breaks",
        "a\r\nX-Evil: 1",
        None,
        "a%0D%0AX-Evil%3A%201",
        "a%0D%0AX-Evil%3A+1",
        "a&#13;&#10;X-Evil: 1",
    ),
    Spelling("nul", "a\0b", None, "a%00b", "a%00b", None),
    Spelling("step up", "..", None, "..", "..", "..", in_header=True, in_cookie=True),
    Spelling(
        "steps up",
        "../../admin?x=1#y",
        "..%2F..%2Fadmin%3Fx=1%23y",
        "..%2F..%2Fadmin%3Fx%3D1%23y",
        "..%2F..%2Fadmin%3Fx%3D1%23y",
        "../../admin?x=1#y",
        in_header=True,
        in_cookie=True,
    ),
)

SCALARS: tuple[tuple[str, Any, str], ...] = (
    ("integer", 0, "0"),
    ("integer", -5, "-5"),
    ("integer", 9007199254740991, "9007199254740991"),
    ("integer", 5.0, "5"),
    ("number", 5, "5"),
    ("number", 52.52, "52.52"),
    ("number", -0.25, "-0.25"),
    ("boolean", True, "true"),
    ("boolean", False, "false"),
)
"""A type, a value of it, and how it is written, in JSON as anywhere else."""

CONTAINERS: tuple[tuple[str, Any, str, str, str], ...] = (
    ("array", [], "", "", "[]"),
    ("array", ["a b", "c&d"], "value=a%20b&value=c%26d", "value=a+b&value=c%26d", '["a b","c&d"]'),
    ("array", [1, True, 1.5, None], "value=1&value=true&value=1.5", "value=1&value=true&value=1.5", "[1,true,1.5,null]"),
    ("array", [{"k": "ü"}], "value=%7B%22k%22%3A%22%C3%BC%22%7D", "value=%7B%22k%22%3A%22%C3%BC%22%7D", '[{"k":"ü"}]'),
    ("object", {}, "value=%7B%7D", "value=%7B%7D", "{}"),
    ("object", {"a": [1, {"b": None}]}, "value=%7B%22a%22%3A%5B1%2C%7B%22b%22%3Anull%7D%5D%7D", "value=%7B%22a%22%3A%5B1%2C%7B%22b%22%3Anull%7D%5D%7D", '{"a":[1,{"b":null}]}'),
    ("object", {"&=+ %": "\U0001f326"}, "value=%7B%22%26%3D%2B%20%25%22%3A%22%F0%9F%8C%A6%22%7D", "value=%7B%22%26%3D%2B+%25%22%3A%22%F0%9F%8C%A6%22%7D", '{"&=+ %":"\U0001f326"}'),
)  # fmt: skip
"""A type, a value of it, and how it is written: in a query, a form, JSON."""
