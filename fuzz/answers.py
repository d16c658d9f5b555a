"""Reads bytes as an answer, as targets need it."""

from __future__ import annotations

from typing import Any

import orjson

from errors import UpstreamInvalid
from integrations.answers.parse import parse_answer
from integrations.json.exact_json import dump_json

PAGE = "https://e.example/blog/post"
NOW = 1_800_000_000.0


def read_as(response_type: str, body: bytes, content_type: str | None = None, **more: Any) -> Any:
    """The value, which JSON can say; None if it is refused as it may be."""
    try:
        parsed = parse_answer(response_type, content_type, body, page_url=PAGE, now=NOW, **more)
    except UpstreamInvalid as error:
        assert error.extensions["reason"] in ("wrong_type", "unparsable", "empty")
        return None
    orjson.loads(dump_json(parsed.value))
    return parsed.value
