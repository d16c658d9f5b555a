"""The provider's own message about a failure. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from errors import UpstreamInvalid
from integrations.answers.types.charset import decode_text
from integrations.answers.types.html_tokens import read_tokens
from integrations.answers.types.received import Received, read_content_type
from integrations.answers.types.xml_answer import parse_xml
from integrations.calling.quotation import Quotation
from integrations.egress.messages import Answer
from integrations.json.exact_json import load_json

MAX_CHARACTERS = 200
# A longer answer is not an error message.
MAX_BODY_BYTES = 64 * 1024
_MAX_DEPTH = 6
_JSON_STARTS = ("{", "[{", "[[", '["')
# Starts a terminal colour sequence.
_ESCAPE = "\x1b"

# Members that explain an error to a user, best first, spelled as by `_plain_name`: RFC 9457 (`detail`, `title`), RFC
# 6749 (`error_description`), SOAP (`faultstring`), and common conventions.
_TELLING = (
    *("errordescription", "faultstring", "detail", "message", "errormessage", "statusmessage", "msg"),
    *("reason", "description", "error", "errors", "errormessages", "fault", "details", "title", "text"),
)
# Objects that contain those members.
_HOLDERS = ("meta", "status", "response", "result", "ocs", "envelope", "body", "data")
_PER_FIELD = frozenset({"error", "errors", "detail", "details"})


def hint_at_slashes(quotation: Quotation, status: int) -> str:
    """A hint that a slash in a value may have made the URL wrong; empty otherwise.

    Only a caller's value that is a whole segment counts, so the hint reveals nothing about a secret.
    """
    if status not in (400, 404) or not quotation.has_slash_in_segment():
        return ""
    return (
        " A `/` in a value is sent as `%2F`, because a value is one segment of the path. "
        "If two segments are meant, the manifest needs a parameter for each."
    )


def upstream_error_message(answer: Answer, quotation: Quotation) -> str | None:
    """One line of at most 200 characters, or the placeholder text if nothing may be quoted; None if the answer has no
    message for a user.

    JSON and XML: the member that explains most. HTML: the title. Plain text: its beginning.
    """
    if not answer.body or len(answer.body) > MAX_BODY_BYTES:
        return None
    said = _said(Received(answer.body, *read_content_type(answer.headers.get("Content-Type"))))
    return (quotation.quote(said, MAX_CHARACTERS) or None) if said else None


def _said(received: Received) -> str | None:
    if received.is_media:
        return None
    if received.is_xml:
        return _said_in_xml(received)
    if received.is_html:
        return _title_of(decode_text(received.body, received.charset, "html"))
    if received.is_json or received.is_vague:
        try:
            return _find(load_json(received.body))
        except ValueError:
            pass
    is_text = received.is_json or (received.media_type or "text/plain").startswith("text/")
    return _said_in_text(decode_text(received.body, received.charset)) if is_text else None


def _said_in_xml(received: Received) -> str | None:
    try:
        return _find(parse_xml(received).value)
    except UpstreamInvalid:
        return None


def _said_in_text(text: str) -> str | None:
    """The text itself; None for truncated JSON and for bytes."""
    is_binary = any(char < " " and not char.isspace() and char != _ESCAPE for char in text)
    return None if is_binary or text.lstrip().startswith(_JSON_STARTS) else _without_markup(text)


def _without_markup(text: str) -> str | None:
    return _title_of(text) if text.lstrip().startswith("<") else text


def _title_of(html: str) -> str | None:
    in_title = False
    for token in read_tokens(html):
        if in_title:
            return token.text if token.kind == "text" else None
        in_title = token.kind == "start" and token.text == "title"
    return None


def _find(value: Any, depth: int = 0) -> str | None:
    """The first text that explains something. A flag or a number never does, whatever its name."""
    if isinstance(value, str):
        return _without_markup(value) if value.strip() else None
    if depth == _MAX_DEPTH:
        return None
    if isinstance(value, list):
        return next((text for item in value if (text := _find(item, depth + 1))), None)
    return next(_found_in(value, depth), None) if isinstance(value, Mapping) else None


def _found_in(value: Mapping[str, Any], depth: int) -> Iterator[str]:
    members = {_plain_name(name): inner for name, inner in value.items()}
    for name in _TELLING:
        inner = members.get(name)
        if text := _find(inner, depth + 1):
            yield text
        elif name in _PER_FIELD and isinstance(inner, Mapping):
            yield from _found_by_field(inner, depth + 1)
    held = [members[name] for name in _HOLDERS if name in members]
    for inner in held or (members.values() if len(members) == 1 else ()):
        # A text in such an object, `"status": "error"`, is for programs.
        if isinstance(inner, Mapping) and (text := _find(inner, depth + 1)):
            yield text


def _found_by_field(value: Mapping[str, Any], depth: int) -> Iterator[str]:
    """`{"project": ["is required"]}` as `project: is required`."""
    for name, inner in value.items():
        if isinstance(inner, str | list) and (text := _find(inner, depth + 1)):
            yield f"{name}: {text}"


def _plain_name(name: str) -> str:
    """Normalises `error_description`, `ErrorDescription` and XML's `@errorDescription` and `s:errordescription`."""
    return name.rpartition(":")[2].lstrip("@#").replace("_", "").replace("-", "").lower()
