"""Entity tags of states, and the If-Match header that compares them (RFC 9110 sections 8.8.3 and 13.1.1). Pure."""

from __future__ import annotations

import hashlib
import re
from typing import Any, NamedTuple

import orjson

from errors import Malformed, PreconditionFailed

_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
# A list may have empty elements (section 5.6.1).
_LIST = re.compile(rf"[ \t,]*{_TAG.pattern}(?:[ \t]*,[ \t,]*{_TAG.pattern})*[ \t,]*")


class IfMatch(NamedTuple):
    """The states that a change may start from: those with these strong tags, or any if `tags` is None."""

    tags: frozenset[str] | None

    def check(self, etag: str) -> None:
        """Raises PreconditionFailed for a state with another tag. The comparison is strong."""
        if self.tags is not None and etag not in self.tags:
            raise PreconditionFailed(
                "It was changed since it was read. Read it again, and repeat the change with the new ETag."
            )


ANY_STATE = IfMatch(None)


def parse_if_match(header: str | None) -> IfMatch:
    """What the header says; without one any state will do. Raises Malformed."""
    text = "*" if header is None else header.strip(" \t")
    if text == "*":
        return ANY_STATE
    if not _LIST.fullmatch(text):
        raise Malformed('The header If-Match is `*`, or a list of entity tags in quotes, such as `"5f0c"`.')
    return IfMatch(frozenset(tag for weak, tag in _TAG.findall(text) if not weak))


def entity_tag(state: Any) -> str:
    """A strong entity tag of a value of JSON types and tuples, in its quotes."""
    return f'"{hashlib.sha256(orjson.dumps(state, default=tuple)).hexdigest()[:32]}"'
