"""One secret in the forms that encoders give it: what to look for cheaply, and a pattern that finds every mix."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from html.entities import codepoint2name
from typing import Any, NamedTuple

import re2

# Characters that every encoder leaves as they are, short of one that encodes all of a text.
_PLAIN_RUN = re.compile(r"[A-Za-z0-9_.-]+")
_MIN_PLAIN_RUN = 4
_MAX_PLAIN_RUN = 64
_PATTERN_MEMORY_BYTES = 16 * 1024 * 1024
_BASE64_DIGIT = rb"[A-Za-z0-9+/_-]"
_TO_URLSAFE = bytes.maketrans(b"+/", b"-_")
_SHORT_ESCAPES = {"\b": b"b", "\t": b"t", "\n": b"n", "\f": b"f", "\r": b"r", "/": b"/", '"': b'"'}
# More than one: JSON is often carried as a string inside JSON.
_BACKSLASHES = rb"\\{1,4}"


class SecretForms:
    """The encoded forms of one secret, which stays out of every `repr`."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        run = max(_PLAIN_RUN.findall(secret), key=len, default="")[:_MAX_PLAIN_RUN]
        self._has_plain_run = len(run) >= _MIN_PLAIN_RUN
        self._needles = _distinct([*_needles_of(run), *(core.digits for core in _base64_cores(secret))])

    def __repr__(self) -> str:
        return "<SecretForms>"

    def may_be_in(self, body: bytes) -> bool:
        """False when the secret is in `body` in no form; True may be a false alarm."""
        if not self._has_plain_run:
            # No part of this secret comes through all encoders unchanged: only the pattern can tell.
            return self.pattern.search(body) is not None
        return any(needle in body for needle in self._needles)

    def found_in(self, body: bytes) -> bool:
        """Whether the secret is in `body` in some form."""
        return self.may_be_in(body) and self.pattern.search(body) is not None

    def replaced_in(self, body: bytes, mask: bytes) -> bytes:
        """`body` with `mask` wherever the secret stood."""
        return self.pattern.sub(lambda _match: mask, body)

    @cached_property
    def pattern(self) -> Any:
        """An RE2 pattern for the secret with each character in any encoding, and its base64 at any alignment."""
        mixed = b"".join(_any_form(character) for character in self.secret)
        cores = (core.pattern for core in _base64_cores(self.secret))
        wide = (re.escape(self.secret.encode(codec, "surrogatepass")) for codec in ("utf-16-le", "utf-16-be"))
        options = re2.Options()
        options.max_mem = _PATTERN_MEMORY_BYTES
        options.log_errors = False
        options.encoding = re2.Options.Encoding.LATIN1
        # Not by `re2.compile`, which would keep the secret in its cache after the call that used it.
        return re2._Regexp(b"|".join([mixed, *wide, *cores]), options)


def _needles_of(run: str) -> Iterator[bytes]:
    plain = run.encode()
    yield plain
    percent = "%" + plain.hex("%") if plain else ""
    yield percent.encode()
    yield percent.upper().encode()
    # Without the last zero it is part of both byte orders.
    yield run.encode("utf-16-le")[:-1]
    escaped = "".join([f"\\u{byte:04x}" for byte in plain])
    yield escaped.encode()
    yield escaped.upper().replace("\\U", "\\u").encode()
    yield "".join([f"&#{byte};" for byte in plain]).encode()
    hexadecimal = "".join([f"&#x{byte:x};" for byte in plain])
    yield hexadecimal.encode()
    yield hexadecimal.upper().replace("X", "x").encode()


class _Base64Core(NamedTuple):
    """Base64 digits that are a secret's alone, and whether it shares the digit before and the one after."""

    digits: bytes
    shares_before: bool
    shares_after: bool

    @property
    def pattern(self) -> bytes:
        # A shared digit holds bits of the secret too. One that is not shared may be the next secret's first.
        before = _BASE64_DIGIT + b"?" if self.shares_before else b""
        after = _BASE64_DIGIT + b"?" if self.shares_after else b""
        return before + re.escape(self.digits) + after + b"={0,2}"


def _base64_cores(secret: str) -> list[_Base64Core]:
    """The cores at the three places of a group where the secret can start, in both alphabets."""
    plain = secret.encode("utf-8", "surrogatepass")
    cores = []
    for preceding_bytes in range(3):
        encoded = base64.b64encode(b"\0" * preceding_bytes + plain)
        first = -(-preceding_bytes * 8 // 6)
        end, shared_bits = divmod((preceding_bytes + len(plain)) * 8, 6)
        digits = encoded[first:end]
        for alphabet in (digits, digits.translate(_TO_URLSAFE)):
            cores.append(_Base64Core(alphabet, preceding_bytes > 0, shared_bits > 0))
    return list(dict.fromkeys(cores))


def _any_form(character: str) -> bytes:
    forms = [
        *_raw_forms(character),
        *_percent_forms(character),
        *_json_forms(character),
        *_html_forms(character),
    ]
    return b"(?:" + b"|".join(_distinct(forms)) + b")"


def _encodings(character: str) -> list[bytes]:
    encodings = [character.encode("utf-8", "surrogatepass")]
    return [*encodings, character.encode("latin-1")] if 0x80 <= ord(character) <= 0xFF else encodings


def _raw_forms(character: str) -> Iterator[bytes]:
    yield from (re.escape(encoded) for encoded in _encodings(character))


def _percent_forms(character: str) -> Iterator[bytes]:
    for encoded in _encodings(character):
        # `%25` is a percent sign that was encoded once more.
        yield b"".join(b"%(?:25)?(?i:" + f"{byte:02x}".encode() + b")" for byte in encoded)
    if character == " ":
        yield rb"\+"


def _json_forms(character: str) -> Iterator[bytes]:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    yield b"".join(
        _BACKSLASHES + b"u(?i:" + units[start : start + 4].encode() + b")"
        for start in range(0, len(units), 4)
    )
    if character == "\\":
        yield _BACKSLASHES
    elif character in _SHORT_ESCAPES:
        yield _BACKSLASHES + re.escape(_SHORT_ESCAPES[character])


def _html_forms(character: str) -> Iterator[bytes]:
    number = ord(character)
    yield b"&#0{0,6}" + str(number).encode() + b";"
    yield b"&#[xX]0{0,6}(?i:" + f"{number:x}".encode() + b");"
    name = "apos" if character == "'" else codepoint2name.get(number)
    if name:
        yield b"&" + name.encode() + b";"


def _distinct(needles: Iterable[bytes]) -> list[bytes]:
    return [needle for needle in dict.fromkeys(needles) if needle]
