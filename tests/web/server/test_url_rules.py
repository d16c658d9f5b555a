"""Rules that compile their URL builders late build the same URLs."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import BuildError, Map, Rule

from web.server.url_rules import UrlRule

VALUES = {"plugin_id": "a/b ü?#", "key": "x", "workspace_id": 2**40}


def plain(rule: Rule) -> Rule:
    """The same rule as werkzeug itself would have it."""
    return Rule(rule.rule, endpoint=rule.endpoint, methods=rule.methods, defaults=rule.defaults)


@pytest.mark.parametrize("unknown", [{}, {"a": "1 & 2", "b": ["x", "y"]}])
def test_every_url_of_the_server_is_built_as_ever(app: Flask, unknown: dict[str, Any]) -> None:
    rules = list(app.url_map.iter_rules())
    expected = Map([plain(rule) for rule in rules], converters=app.url_map.converters).bind("host")
    built = app.url_map.bind("host")
    assert {type(rule) for rule in rules} == {UrlRule}
    for rule in rules:
        values = {name: VALUES.get(name, "7") for name in rule.arguments} | unknown
        # The second time the builder is there.
        for _ in range(2):
            assert built.build(rule.endpoint, values) == expected.build(rule.endpoint, values)


def test_defaults_count_and_what_is_missing_or_wrong_is_refused() -> None:
    urls = Map(
        [
            UrlRule("/list/", endpoint="list", defaults={"page": 1}),
            UrlRule("/list/<int:page>", endpoint="list"),
            UrlRule("/one/<any(a, b):name>", endpoint="one"),
        ]
    ).bind("host")
    assert [urls.build("list", {"page": page}) for page in (1, 2)] == ["/list/", "/list/2"]
    assert urls.build("one", {"name": "b", "builder": "x", "self": "y"}) == "/one/b?builder=x&self=y"
    for endpoint, values in (("list", {"page": "x"}), ("one", {}), ("one", {"name": "c"}), ("none", {})):
        with pytest.raises((BuildError, ValueError)):
            urls.build(endpoint, values)
