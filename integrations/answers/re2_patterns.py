"""RE2 expressions of manifests: compiled with limits on their memory, matched in linear time. Pure."""

from __future__ import annotations

from typing import Any

import re2

MAX_PATTERN_CHARACTERS = 1_000
_MAX_MEMORY_BYTES = 256 * 1024


def compile_re2(text: str) -> Any:
    """The compiled expression. `ValueError` says why it is invalid."""
    if not isinstance(text, str) or not text:
        raise ValueError("a pattern is needed")
    if len(text) > MAX_PATTERN_CHARACTERS:
        raise ValueError(f"longer than {MAX_PATTERN_CHARACTERS} characters")
    return compile_part(text)


def compile_part(text: str) -> Any:
    """The same for an expression of any length, such as one with a frame of ours around it."""
    options = re2.Options()
    options.max_mem = _MAX_MEMORY_BYTES
    options.log_errors = False
    try:
        return re2.compile(text, options)
    except re2.error as error:
        raise ValueError(_reason(error)) from None
    except UnicodeEncodeError:
        raise ValueError("not valid Unicode") from None


def _reason(error: Exception) -> str:
    detail = error.args[0] if error.args else "not a pattern"
    return detail.decode(errors="replace") if isinstance(detail, bytes) else str(detail)
