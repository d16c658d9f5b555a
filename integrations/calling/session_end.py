"""Whether an answer shows that the session or token of its call has ended, as `expired_when` declares. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote, urljoin, urlsplit

from errors import UpstreamFailed, UpstreamInvalid
from integrations.answers.selection import Selector, is_true
from integrations.calling.answer_reading import AnswerReading
from integrations.manifests.model import SessionEnd


class SessionEnded(UpstreamFailed):
    """The provider did not accept the session or token, in its own way of saying so."""

    def __init__(self, upstream_status: int) -> None:
        super().__init__(
            "The provider's answer means that the session has ended, also right after a new one began: "
            "check what the account may do, and `expired_when` in the manifest.",
            upstream_status=upstream_status,
            reason="session_ended",
        )


def require_session(end: SessionEnd | None, reading: AnswerReading) -> None:
    """Raises SessionEnded if the answer meets one of the conditions."""
    if end is not None and _has_ended(end, reading):
        raise SessionEnded(reading.answer.status)


def _has_ended(end: SessionEnd, reading: AnswerReading) -> bool:
    return (
        reading.answer.status in end.status_codes
        or _has_header(end, reading)
        or any(_leads_to(url, end.redirect) for url in _redirects(reading) if end.redirect is not None)
        or (end.body is not None and _is_met(end.body, reading))
    )


def _has_header(end: SessionEnd, reading: AnswerReading) -> bool:
    text = reading.answer.headers.get(end.header) if end.header is not None else None
    return text is not None and not end.mismatches(text.strip())


def _redirects(reading: AnswerReading) -> Iterator[str]:
    """The URLs of the redirects that were followed, and that of one that was not."""
    answer, call = reading.answer, reading.call
    yield from answer.visited
    location = answer.headers.get("Location") if 300 <= answer.status < 400 else None
    if location is not None:
        try:
            yield urljoin(call.url, location)
        except ValueError:
            return


def _leads_to(url: str, path: str) -> bool:
    """Whether the path's segments stand next to each other in the URL's path: a service may run below a prefix."""
    try:
        found, wanted = _segments(urlsplit(url).path), _segments(path)
    except ValueError:
        return False
    return any(found[start : start + len(wanted)] == wanted for start in range(len(found)))


def _segments(path: str) -> list[str]:
    return [unquote(segment) for segment in path.split("/") if segment]


def _is_met(condition: Selector, reading: AnswerReading) -> bool:
    """Whether the condition is true. It is made for one kind of answer, and is not met by what it does not fit."""
    try:
        return is_true(condition.apply(reading.value_to_judge))
    except UpstreamInvalid:
        return False
