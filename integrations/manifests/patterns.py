"""`url_patterns`: which URLs a block accepts, and the inputs read from them, in linear time (RE2)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from integrations.answers.re2_patterns import compile_part, compile_re2

MAX_URL_CHARACTERS = 8_192
# Where a pattern may end before the URL does: never inside a host or a path segment.
_REST = r"(?:[/?#&].*)?"
_NAMED_GROUP = re.compile(r"(?<!\\)\(\?P?<[^>=!]+>")
_SIMPLE_GROUP = re.compile(r"(?<!\\)\(\?P?<([A-Za-z_]\w*)>([^()]*)\)")
_GROUP_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,63}")
# White space, control characters and lone surrogates are not allowed in a URL.
_UNFIT = re.compile(r"[\x00-\x20\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled URL pattern; `group_names` are the inputs that it fills."""

    text: str
    group_names: tuple[str, ...]
    _regexp: Any = field(repr=False, compare=False)

    def match_groups(self, url: str) -> dict[str, str] | None:
        """The named groups of a matching URL, percent-decoded; None for any other.

        A pattern matches from the URL's start and may end before a `/`, `?`, `#` or `&`. It is tried on the URL without
        query and fragment first, so that `[^/]+` at its end does not include a `?tab=…`; then with the query, then on
        the whole URL. Scheme and host are compared in lower case. Groups that do not take part are left out.
        """
        for candidate in _readings(url):
            match = self._regexp.fullmatch(candidate)
            if match is not None:
                return {name: _decoded(text) for name, text in match.groupdict().items() if text is not None}
        return None

    def groups_with_slash(self) -> frozenset[str]:
        """The groups whose expression can match two segments of a path, as `.+` does."""
        groups = _SIMPLE_GROUP.findall(self.text)
        return frozenset(name for name, inside in groups if _takes_slash(inside))


def compile_pattern(text: str) -> Pattern:
    """The pattern of an RE2 expression, groups as `(?P<owner>…)`. `ValueError` says why it is invalid."""
    # Compiled alone first: inside the frame, `a)|(b` would be a valid pattern with another meaning.
    compile_re2(text)
    regexp = compile_part(f"(?:{text}){_REST}")
    names = tuple(regexp.groupindex)
    # RE2 accepts a repeated name and fills only the first.
    if len(_NAMED_GROUP.findall(text)) > len(names):
        raise ValueError("duplicate group name")
    for name in names:
        if not _GROUP_NAME.fullmatch(name):
            raise ValueError(f"`{name[:64]}` is not a valid name for an input")
    return Pattern(text, names, regexp)


def _takes_slash(inside: str) -> bool:
    try:
        return compile_part(inside).fullmatch("a/b") is not None
    except ValueError:
        # Taken out of its pattern, it may be invalid.
        return False


def _readings(url: str) -> list[str]:
    """The URL without query and fragment, without fragment, and whole."""
    if not isinstance(url, str) or len(url) > MAX_URL_CHARACTERS or _UNFIT.search(url):
        return []
    try:
        parts = urlsplit(url)
    except ValueError:
        return []
    start = f"{parts.scheme.lower()}://{parts.netloc.lower()}{parts.path}"
    query = f"?{parts.query}" if parts.query else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return list(dict.fromkeys((start, start + query, start + query + fragment)))


def _decoded(text: str) -> str:
    """The decoded value. It is encoded again when it is bound."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text
