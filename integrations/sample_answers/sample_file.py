"""One sample in a file: a request without secrets, and what the provider answered. Pure.

JSON is written as JSON and text by lines, so that a change is small in a diff.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.egress.call_identity import CallIdentity
from integrations.egress.messages import Headers
from integrations.json.exact_json import dump_json, load_json

LOWEST_STATUS, HIGHEST_STATUS = 200, 599


class SampleError(ValueError):
    """A file that is no sample. The message says why."""


@dataclass(frozen=True, slots=True)
class SampleAnswer:
    """The status, headers and body that a provider answered."""

    status: int
    headers: Headers
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sample:
    """A request and its answer."""

    identity: CallIdentity
    answer: SampleAnswer


def file_name(identity: CallIdentity) -> str:
    """The name of a sample's file: the endpoint, and what tells its calls apart."""
    safe = "".join(
        character if character.isalnum() or character in "-_" else "_" for character in identity.endpoint_id
    )
    return f"{safe}-{identity.digest[:12]}.json"


def write_sample(sample: Sample, *, is_json: bool) -> str:
    """The sample as the text of a file. With `is_json` the answer's body is written as JSON, if it is that."""
    identity, answer = sample.identity, sample.answer
    content = {
        "request": {
            "endpoint": identity.endpoint_id,
            "method": identity.method,
            "url": identity.url,
            **_body_members(identity.body or b"", is_json=True),
        },
        "response": {
            "status": answer.status,
            "headers": [list(pair) for pair in answer.headers],
            **_body_members(answer.body, is_json=is_json),
        },
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def read_sample(data: bytes) -> Sample:
    """The sample in a file. Raises SampleError."""
    try:
        content = load_json(data)
    except ValueError:
        raise SampleError("It is not JSON.") from None
    request, response = (_object(content, word) for word in ("request", "response"))
    method, url = request.get("method"), request.get("url")
    if not isinstance(method, str) or not isinstance(url, str):
        raise SampleError("`request` needs a `method` and a `url`.")
    identity = CallIdentity(
        str(request.get("endpoint", "")), method.upper(), url, _read_body(request) or None
    )
    return Sample(identity, _read_answer(response))


def _read_answer(response: Mapping[str, Any]) -> SampleAnswer:
    status = response.get("status", LOWEST_STATUS)
    if type(status) is not int or not LOWEST_STATUS <= status <= HIGHEST_STATUS:
        raise SampleError("`response.status` must be a status from 200 to 599.")
    return SampleAnswer(status, Headers(_read_headers(response.get("headers", []))), _read_body(response))


def _read_headers(value: Any) -> tuple[tuple[str, str], ...]:
    pairs = list(value.items()) if isinstance(value, dict) else value
    if not isinstance(pairs, list) or not all(_is_pair(pair) for pair in pairs):
        raise SampleError("`response.headers` must be an object of texts, or a list of pairs.")
    return tuple((name, text) for name, text in pairs)


def _is_pair(value: Any) -> bool:
    return (
        isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(part, str) for part in value)
    )


def _object(content: Any, word: str) -> Mapping[str, Any]:
    value = content.get(word) if isinstance(content, dict) else None
    if not isinstance(value, dict):
        raise SampleError(f"It has no object `{word}`.")
    return value


def _body_members(body: bytes, *, is_json: bool) -> dict[str, Any]:
    if not body:
        return {}
    if is_json and (found := _as_json(body)) is not None:
        return found
    try:
        return {"text": body.decode("utf-8").splitlines(keepends=True)}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}


def _as_json(body: bytes) -> dict[str, Any] | None:
    try:
        return {"json": load_json(body)}
    except ValueError:
        return None


def _read_body(members: Mapping[str, Any]) -> bytes:
    """The body of `json`, `text` (one text, or its lines) or `base64`; empty without one."""
    given = [word for word in ("json", "text", "base64") if word in members]
    if len(given) > 1:
        raise SampleError("A body is one of `json`, `text` and `base64`.")
    if not given:
        return b""
    value = members[given[0]]
    if given[0] == "json":
        return dump_json(value)
    text = (
        "".join(value) if isinstance(value, list) and all(isinstance(line, str) for line in value) else value
    )
    if not isinstance(text, str):
        raise SampleError(f"`{given[0]}` must be text.")
    return text.encode() if given[0] == "text" else _decode(text)


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SampleError("`base64` is not base64.") from None
