"""What a query says in a text of its own: the inputs of a block, a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from errors import Invalid, Malformed
from integrations.manifests.display import duration_seconds
from web.api.json import parse_json


def read_parameters(text: str) -> dict[str, Any]:
    """The inputs that a JSON object in the query names. Raises Malformed and Invalid."""
    try:
        value = parse_json(text.encode()) if text else {}
    except Malformed as error:
        raise Malformed(error.detail.replace("The body", "`parameters`", 1)) from None
    if not isinstance(value, dict):
        raise Invalid(
            "`parameters` must be a JSON object.", errors={"parameters": ["Must be a JSON object."]}
        )
    return value


def read_since(text: str, now: float) -> float:
    """The beginning of a span, in epoch seconds: a time, or how long before now. Raises Invalid."""
    seconds = duration_seconds(text)
    if seconds is not None:
        return now - seconds
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        wrong = "Neither a time in ISO 8601 nor a duration like 24h, 30d or 8w."
        raise Invalid("`since` cannot be read.", errors={"since": [wrong]}) from None
