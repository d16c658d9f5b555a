"""A JMESPath expression is refused, or selects JSON from any answer, or fails as a failure of the provider."""

from __future__ import annotations

import orjson

from errors import UpstreamInvalid
from integrations.answers.selection import compile_select
from integrations.json.exact_json import dump_json

VALUES = [
    None,
    {"a": {"b": [1, 2.5, "x", None, True]}, "items": [{"id": 1, "n": "b"}, {"id": 2, "n": "a"}, {}]},
    [[[1], [2]], "text", {"a": "2024-01-02"}],
]
SEEDS = [
    b"a.b[0]",
    b"items[?id > `1`].{id: id, name: n}",
    b"items | sort_by(@, &n)[*].n",
    b"{v: a.b.c[0].d}",
    b"join(', ', items[].n)",
    b"map(&to_string(@), a.b)",
    b"sort_by(items, &id) | [&a]",
    b"a.b[::-1] | [?@ && !@ || @ == 'x']",
    b"sum(a.b) + max_by(items, &id)",
    b"config('x') && inputs('y')",
    b'`{"a": [1]}`.a',
]


def check(data: bytes) -> None:
    try:
        selector = compile_select(data.decode("utf-8", "replace"))
    except ValueError as error:
        assert str(error)
        return
    for value in VALUES:
        try:
            selected = selector.apply(value)
        except UpstreamInvalid as error:
            assert error.extensions["reason"] == "select"
        else:
            orjson.loads(dump_json(selected))
