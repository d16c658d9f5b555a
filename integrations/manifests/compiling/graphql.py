"""Whether a GraphQL document reads or writes. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# An unterminated one extends to the end of the text, so that it is read only once.
_STRING_OR_COMMENT = re.compile(r'''"""(?:\\"""|.|\n)*?(?:"""|\Z)|"(?:\\.|[^"\\\n])*"?|#[^\n]*''')


def is_mutation(body: Any) -> bool:
    """Whether a GraphQL document contains anything but queries. An unreadable one counts as if it did."""
    query = body.get("query") if isinstance(body, Mapping) else None
    if not isinstance(query, str):
        return True
    # An operation's keyword is outside of all braces. Fragments beside queries are harmless.
    outside = _top_level(_STRING_OR_COMMENT.sub(" ", query))
    return bool(re.search(r"\b(mutation|subscription)\b", outside)) or not query.strip()


def _top_level(text: str) -> str:
    depth, kept = 0, []
    for character in text:
        depth += (character == "{") - (character == "}")
        kept.append(character if depth == 0 else " ")
    return "".join(kept)
