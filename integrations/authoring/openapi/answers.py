"""The successful answer of an operation: its response type and its schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.authoring.openapi.document import Document, NotConvertible, Operation
from integrations.authoring.openapi.schemas import standalone_schema

# In order of preference if several are offered.
_TYPES = {
    "application/json": "json",
    "application/x-ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "text/csv": "csv",
    "application/rss+xml": "feed",
    "application/atom+xml": "feed",
    "application/xml": "xml",
    "text/xml": "xml",
    "text/html": "html",
}
_WRITING = ("post", "put", "patch")
_ANY_JSON = ("*/*", "application/*")


@dataclass(slots=True)
class AnswerWords:
    """`words` are added to the endpoint, `headers` to its headers."""

    words: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_answer(document: Document, operation: Operation, *, with_schema: bool = True) -> AnswerWords:
    """The endpoint's members about its answer. Raises Unfit for a stream, which never ends."""
    content = _content(document, operation)
    found = AnswerWords()
    media_type = min(content, key=_rank, default=None)
    if media_type is None:
        # The document describes no body, and a writing call may have none: text may be empty.
        if operation.method in _WRITING and "200" in _good_statuses(operation):
            found.words["response_type"] = "text"
        return found
    bare = _bare(media_type)
    if bare == "text/event-stream":
        raise NotConvertible("it answers with a stream of events")
    response_type = _response_type(bare)
    if response_type != "json":
        found.words["response_type"] = response_type
        if response_type == "binary":
            found.headers["Accept"] = bare
        return found
    if bare.endswith("+json"):
        found.headers["Accept"] = bare
    if with_schema:
        try:
            schema = standalone_schema(document, content[media_type].get("schema"))
            found.words |= {} if schema is None else {"response_schema": schema}
        except NotConvertible as unfit:
            found.notes.append(f"without response_schema: {unfit}")
    return found


def _content(document: Document, operation: Operation) -> dict[str, Mapping[str, Any]]:
    """The media types of the first successful answer."""
    for response in _good_statuses(operation).values():
        content = document.object(response).get("content")
        if isinstance(content, Mapping) and content:
            return {str(name): document.object(media) for name, media in content.items()}
    return {}


def _good_statuses(operation: Operation) -> dict[str, Any]:
    """The successful answers, the lowest status first."""
    responses = operation.spec.get("responses")
    found = responses if isinstance(responses, Mapping) else {}
    return {status: found[status] for status in sorted(found) if status.startswith("2")}


def _rank(media_type: str) -> int:
    bare = _bare(media_type)
    if bare == "application/json":
        return 0
    if bare in _ANY_JSON or bare.endswith("+json"):
        return 1
    order = list(_TYPES)
    return 2 + (order.index(bare) if bare in _TYPES else len(order))


def _response_type(bare: str) -> str:
    if bare in _TYPES:
        return _TYPES[bare]
    if bare in _ANY_JSON or bare.endswith("+json"):
        return "json"
    if bare.startswith("image/"):
        return "image"
    if bare.endswith("+xml"):
        return "xml"
    return "text" if bare.startswith("text/") else "binary"


def _bare(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()
