"""Answers that are built to be expensive: reading them costs no more than others, or they are a failure.

Everything here ends within the time of a test; without the limits it would take minutes, or gigabytes.
"""

from __future__ import annotations

from typing import Any

import pytest

from errors import UpstreamInvalid
from integrations.answers.parse import parse_answer
from integrations.answers.types.text_extract import MAX_LINES, MAX_MATCHES, TextLines, TooMuchTextError
from tests.integrations.building import integration_of

MEGABYTE = 1024 * 1024


def read(response_type: str, body: bytes, media_type: str, **words: Any) -> Any:
    """The value, or None where the answer is refused as too expensive."""
    endpoint = integration_of([{"id": "it", "path": "/it", "response_type": response_type, **words}])
    reading = endpoint.endpoints["it"].reading
    try:
        return parse_answer(response_type, media_type, body, reading=reading).value
    except UpstreamInvalid as error:
        assert error.extensions["reason"] in ("unparsable", "wrong_type", "empty")
        return None


# -- texts -----------------------------------------------------------------------------------------------------------

# Most are linear by RE2's own automata; the others make it fall back to a slow simulation.
PATTERNS = [
    "(?:(?:a|b|ab){1,9}c?){1,9}z", "(.*)(.*)(.*)(.*)x", "(a|b)*c|(a|ab)*z", "(?:[ab]{0,30}a[ab]{30}){2}(c)", "(?s).*z",
    "(?:a?){50}a{50}", "(a.*b)|a", "(x+x+)+y", "()",
]  # fmt: skip
TEXTS = {
    "one line": b"ab" * 5 * MEGABYTE,
    "short lines": b"ab\n" * 3 * MEGABYTE,
    "one letter": b"a" * 10 * MEGABYTE,
    "three bytes each": "€".encode() * 3 * MEGABYTE,
    "line ends": b"\n" * 10 * MEGABYTE,
}


@pytest.mark.parametrize("body", TEXTS.values(), ids=TEXTS.keys())
@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_pattern_takes_long_on_any_text(pattern: str, body: bytes) -> None:
    for item in (pattern, {"pattern": pattern, "all": True}):
        for size in (len(body), MEGABYTE // 2, 4096):
            value = read("text", body[:size], "text/plain", extract={"a": item})
            assert value is None or len(value["a"] or "") <= max(MAX_MATCHES, size)


def test_fifty_patterns_cost_as_much_as_their_sizes_together() -> None:
    patterns = {f"p{n}": "(?:(?:a|b|ab){1,9}c?){1,9}z" for n in range(50)}
    assert read("text", b"ab" * MEGABYTE, "text/plain", extract=patterns) is None
    assert read("text", b"ab" * 512, "text/plain", extract=patterns) == dict.fromkeys(patterns)


@pytest.mark.parametrize("body", TEXTS.values(), ids=TEXTS.keys())
def test_no_text_makes_lines_take_long(body: bytes) -> None:
    value = read("text", body, "text/plain", lines={})
    assert value is None or value == {}


def test_as_many_lines_as_there_may_be_are_read() -> None:
    lines = [f"{n}: {n}" for n in range(MAX_LINES)]
    assert len(TextLines().read("\n".join(lines))) == MAX_LINES
    with pytest.raises(TooMuchTextError):
        TextLines().read("\n".join([*lines, "more: 1"]))
