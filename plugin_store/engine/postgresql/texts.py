"""Texts with the character NUL, which PostgreSQL's type `text` cannot hold: it is escaped there."""

from __future__ import annotations

from psycopg.abc import AdaptContext
from psycopg.adapt import Buffer, Loader
from psycopg.types.string import StrDumperUnknown

# A character that Unicode keeps for the inner use of programs, and never gives a meaning.
ESCAPE = "\ufdd0"
NUL, ESCAPED_NUL, ESCAPED_ESCAPE = "\0", f"{ESCAPE}0", f"{ESCAPE}1"
TYPES = ("text", "varchar")


def escape(text: str) -> str:
    """The text as it is stored."""
    if NUL in text or ESCAPE in text:
        return text.replace(ESCAPE, ESCAPED_ESCAPE).replace(NUL, ESCAPED_NUL)
    return text


def unescape(stored: str) -> str:
    """The text that `escape` was given."""
    if ESCAPE in stored:
        return stored.replace(ESCAPED_NUL, NUL).replace(ESCAPED_ESCAPE, ESCAPE)
    return stored


class TextDumper(StrDumperUnknown):
    """Sends a text escaped."""

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(escape(obj))


class TextLoader(Loader):
    """Reads a text that was sent escaped. The connection's encoding is UTF-8."""

    def load(self, data: Buffer) -> str:
        return unescape(str(data, "utf-8"))


def register_texts(context: AdaptContext) -> None:
    """Has a connection carry every text."""
    context.adapters.register_dumper(str, TextDumper)
    for name in TYPES:
        context.adapters.register_loader(name, TextLoader)
