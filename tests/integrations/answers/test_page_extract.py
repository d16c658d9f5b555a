"""Values of a page by CSS selectors, as a browser would find them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue] - it comes without types
from lxml.cssselect import CSSSelector

from errors import Invalid, UpstreamInvalid
from integrations.answers.parse import parse_answer
from tests.integrations.building import integration_of
from tests.integrations.stories import Service

PAGE = """<!doctype html><title>T &amp; x</title><body><h1 id=top class="big red">Hello <b>you</b></h1><br>
<table id=t><tr><th>Name<th>Size</tr><tr class=row><td>a<td>1 kB<td><a href="d/e?x=1">get</a></tr>
<tr class=row data-n=2><td>b<td>2.5 kB<td><a HREF=javascript:x>no</a></table>
<script>var x = "<p>no</p>";</script><ul><li>1<li>2<li class=x lang=en-GB>3</ul><p>after<p>last
<div class=c><i>outer</i><div class=c><i>inner</i></div></div>"""
URL = "https://site.test/dir/page"


def endpoint_of(**words: Any):
    return integration_of([{"id": "it", "path": "/it", "response_type": "html", **words}]).endpoints["it"]


def read(page: str, extract: dict[str, Any], content_type: str = "text/html") -> Any:
    reading = endpoint_of(extract=extract).reading
    return parse_answer("html", content_type, page.encode(), reading=reading, page_url=URL).value


@pytest.mark.parametrize(
    ("item", "value"),
    [
        ("h1", "Hello you"),
        ("H1.big.red#top > b", "you"),
        ("title", "T & x"),
        ("html > body > h1", "Hello you"),
        (":root > head > title", "T & x"),
        (":scope > body > p", "after"),
        ("nothing", None),
        ("script", 'var x = "<p>no</p>";'),
        ("tr.row", "a 1 kB get"),
        ("#t > tbody > tr:nth-child(3) > td", "b"),
        ("#t > tr", None),
        ("h2, h1, title", "T & x"),
        ("li:nth-of-type(1) ~ .x", "3"),
        ("p + p", "last"),
        ("li:not(.x):not(:first-child)", "2"),
        (":is(li, p):where(.x)", "3"),
        ("[lang|=en]", "3"),
        ("[class^=BI i]", "Hello you"),
        ("[class~=red]", "Hello you"),
        ("[class*='']", None),
        ({"selector": "a", "attribute": "href"}, "https://site.test/dir/d/e?x=1"),
        ({"selector": "tr:nth-child(3) a", "attribute": "href"}, None),
        ({"selector": "h1", "attribute": "CLASS"}, "big red"),
        ({"selector": "h1", "attribute": "style"}, None),
        ({"selector": "[data-n]", "attribute": "data-n", "type": "integer"}, 2),
        ({"selector": "td:nth-child(2)", "pattern": "([0-9.]+) kB", "type": "number", "all": True}, [1, 2.5]),
        ({"selector": "li", "all": True}, ["1", "2", "3"]),
        ({"selector": "li:nth-child(odd)", "all": True}, ["1", "3"]),
        ({"selector": "li:nth-child(-n+2)", "all": True}, ["1", "2"]),
        ({"selector": ".none", "all": True}, []),
    ],
)
def test_a_selector_gives_the_text_or_an_attribute_of_what_matches(item: Any, value: Any):
    assert read(PAGE, {"found": item}) == {"found": value}


def test_each_element_makes_an_object_of_what_is_in_it():
    row = {
        "name": "td:first-child",
        "url": {"selector": "a", "attribute": "href"},
        "n": {"selector": ":scope", "attribute": "data-n"},
        "cells": {"each": ":scope > td", "extract": {"text": ":scope", "link": "a"}},
    }
    assert read(PAGE, {"rows": {"each": "tr.row", "extract": row}})["rows"][1] == {
        "name": "b",
        "url": None,
        "n": "2",
        "cells": [
            {"text": "b", "link": None},
            {"text": "2.5 kB", "link": None},
            {"text": "no", "link": "no"},
        ],
    }
    assert read(PAGE, {"rows": {"each": ".none", "extract": row}}) == {"rows": []}


def test_what_is_in_an_element_within_an_element_belongs_to_the_inner_one():
    extract = {"c": {"each": ".c", "extract": {"own": ":scope > i", "any": "i"}}}
    assert read(PAGE, extract)["c"] == [{"own": "outer", "any": "outer"}, {"own": "inner", "any": "inner"}]
    after = "<div class=c><div class=c></div><i>late</i></div>"
    assert read(after, extract)["c"] == [{"own": "late", "any": "late"}, {"own": None, "any": None}]


def test_links_are_relative_to_the_base_of_the_page():
    page = "<base href='/b/'><base href='/c/'><a href=x>1</a><img src=//cdn.test/i.png>"
    extract = {"a": {"selector": "a", "attribute": "href"}, "i": {"selector": "img", "attribute": "src"}}
    assert read(page, extract) == {"a": "https://site.test/b/x", "i": "https://cdn.test/i.png"}


@pytest.mark.parametrize(
    ("field", "extract", "told"),
    [
        ("a", {"a": "p >"}, "not a CSS selector"),
        ("a", {"a": "li:last-child"}, "depends on what follows"),
        ("a", {"a": "p:has(b)"}, "depends on what follows"),
        ("a", {"a": "p:hover"}, "there is no `:hover` here"),
        ("a", {"a": "p:contains('x')"}, "there is no `:contains` here"),
        ("a", {"a": "p::text"}, "no pseudo-elements"),
        ("a", {"a": "svg|p"}, "no namespaces"),
        ("a", {"a": "p:not(b i)"}, "conditions on one element"),
        ("a", {"a": "p:nth-child(x)"}, "takes a number"),
        ("a", {"a": " ".join("a" * 20)}, "more than 10"),
        ("a.selector", {"a": {"selector": "p["}}, "not a CSS selector"),
        ("a.pattern", {"a": {"selector": "p", "pattern": "("}}, ""),
        ("a.each", {"a": {"each": "p[", "extract": {"b": "q"}}}, "not a CSS selector"),
        ("a.extract.b", {"a": {"each": "p", "extract": {"b": "q["}}}, "not a CSS selector"),
        ("a.extract.b.extract.c.extract.d.extract", {"a": {"each": "p", "extract": {"b": {"each": "p", "extract": {"c": {"each": "p", "extract": {"d": {"each": "p", "extract": {"e": "q"}}}}}}}}}, "within more than"),
        ("a.attribute", {"a": {"selector": "p", "attribute": ""}}, ""),
    ],
)  # fmt: skip
def test_what_is_declared_wrongly_is_refused_by_field(field: str, extract: dict[str, Any], told: str):
    with pytest.raises(Invalid) as refused:
        endpoint_of(extract=extract)
    assert told in (refused.value.errors or {})[f"manifest.endpoints[0].extract.{field}"][0]


NAMES = ["div", "p", "b", "span"]
SIMPLE = [
    *NAMES,
    "*",
    ".x",
    "#y",
    "[title]",
    ":first-child",
    "b:not(.x)",
    ":nth-child(2n)",
    "p:nth-of-type(2)",
    ":is(p, .x)",
]
SELECTORS = st.builds(
    lambda first, rest: first + "".join(sign + part for sign, part in rest),
    st.sampled_from(SIMPLE),
    st.lists(st.tuples(st.sampled_from([" ", " > ", " + ", " ~ "]), st.sampled_from(SIMPLE)), max_size=3),
)
PIECES = st.sampled_from(
    [f"<{name}{words}>" for name in NAMES for words in ("", " class=x", " id=y", " title=t class='x z'")]
    + [f"</{name}>" for name in NAMES]
    + ["text"]
)


@given(selector=SELECTORS, page=st.lists(PIECES, max_size=25).map("".join))
def test_it_finds_what_a_search_of_the_whole_tree_finds(selector: str, page: str):
    found = read(
        f"<body>{page}",
        {"n": {"each": selector, "extract": {"c": {"selector": ":scope", "attribute": "class"}}}},
    )
    tree = etree.fromstring(f"<body>{page}", etree.HTMLParser())
    assert [item["c"] for item in found["n"]] == [item.get("class") for item in CSSSelector(selector)(tree)]


@given(page=st.text("<>/abdip=\"' &;!-\0", max_size=100))
def test_no_page_makes_it_fail_otherwise(page: str):
    try:
        value = read(
            page, {"a": "b", "c": {"each": "*", "extract": {"d": "p", "e": {"selector": "i", "all": True}}}}
        )
    except UpstreamInvalid:
        return
    assert set(value) == {"a", "c"}


def test_a_block_draws_what_was_extracted(client, httpserver):
    endpoint = {
        "id": "page",
        "path": "/dir/page",
        "response_type": "html",
        "extract": {"rows": {"each": "tr.row", "extract": {"name": "td"}}},
        "select": "rows[].name",
    }
    service = Service(client, httpserver, [endpoint], [{"id": "b", "endpoint": "page"}])
    httpserver.expect_request("/dir/page").respond_with_data(PAGE, content_type="text/html")
    assert service.render("b").get_json()["data"] == ["a", "b"]
