"""The inputs of a block in a query."""

from __future__ import annotations

from typing import Any

from errors import Invalid, Malformed
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
