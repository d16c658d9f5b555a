"""`response_type: json` and `ndjson`."""

from __future__ import annotations

from typing import Any

from integrations.answers.types.charset import known_codec
from integrations.answers.types.received import JSON_TYPE, Parsed, Received, unparsable, wrong_type
from integrations.json.exact_json import load_json


def parse_json(received: Received) -> Parsed:
    """The JSON value, whatever the Content-Type: some providers send JSON as text/html or text/javascript."""
    try:
        value = _load(received)
    except ValueError:
        if received.is_json:
            raise unparsable("JSON", "the answer has a JSON type but is not valid JSON", received) from None
        if received.is_vague:
            raise unparsable("JSON", "the answer cannot be read as that", received) from None
        raise wrong_type("JSON", received) from None
    return Parsed(value, JSON_TYPE, "json")


def parse_ndjson(received: Received) -> Parsed:
    """An array with one value per line; blank lines are ignored."""
    values = []
    for number, line in enumerate(received.body.splitlines(), start=1):
        text = line.strip(b" \t\x1e")
        if not text:
            continue
        try:
            values.append(load_json(text))
        except ValueError:
            if received.is_html or received.is_xml or received.is_media:
                raise wrong_type("JSON lines", received) from None
            raise unparsable("JSON lines", f"line {number} cannot be read as JSON", received) from None
    return Parsed(values, JSON_TYPE, "json")


def _load(received: Received) -> Any:
    try:
        return load_json(received.body)
    except ValueError:
        codec = known_codec(received.charset)
        if codec in (None, "utf-8"):
            raise
        return load_json(received.body.decode(codec).encode())
