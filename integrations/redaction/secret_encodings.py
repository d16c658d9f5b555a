"""The encoded forms of one secret: cheap search keys, and patterns that find every mix of encodings."""

from __future__ import annotations

import base64
import re
import string
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from html.entities import codepoint2name
from math import lcm
from typing import Any, AnyStr, NamedTuple
from urllib.parse import quote

import re2

# Characters that encoders leave unchanged, except those that encode the whole text.
_PLAIN_RUN = re.compile(r"[A-Za-z0-9_.-]+")
_MAX_PLAIN_RUN = 64
_MIN_NEEDLE_BYTES = 4
_PART_UNITS = 128
# A body that begins a long secret more often, without containing it, is an attempt to waste CPU time.
_MAX_BEGINNINGS = 10_000
_PATTERN_MEMORY_BYTES = 16 * 1024 * 1024
_SHORT_ESCAPES = {"\b": b"b", "\t": b"t", "\n": b"n", "\f": b"f", "\r": b"r", "/": b"/", '"': b'"'}
# More than one: JSON is often a string inside JSON.
_BACKSLASHES = rb"\\{1,4}"
# Where MIME and PEM break a line (RFC 2045 section 6.8), also within a JSON string.
_LINE_BREAKS = rb"(?:[\r\n][\t ]*|\\{1,4}[rn])*"

_LOWER = bytes(range(256)).lower()
# What encoders and line breaks put around or between the digits and letters of a text.
_FOLDED_AWAY = b"\0\t\n\v\f\r \\%&#;+/=_-0nNrRuUxX"


def fold(body: bytes) -> bytes:
    """The bytes in lower case, without the parts that differ between encodings of the same text.

    `%4B`, `\u004b`, `&#x4b;` and `4b` fold into one, and line breaks are removed, escaped ones too. Different texts may
    fold to the same, so a match here is only a reason for an exact search.
    """
    return body.translate(_LOWER, _FOLDED_AWAY)


class SecretEncodings:
    """The encoded forms of one secret, which never appears in a `repr`."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        plain = secret.encode("utf-8", "surrogatepass")
        self._forms = [_mixed_form(secret, plain), *_wide_forms(secret), _hex_form(plain)]
        self._forms += [*_base64_forms(plain), *_base32_forms(plain)]
        percent = quote(plain, safe="").encode()
        self._forms += _base64_forms(percent) if percent != plain else []
        # Several forms may fold to the same.
        self._needles = set[bytes]().union(*(form.needles for form in self._forms))

    def __repr__(self) -> str:
        return "<SecretForms>"

    def may_be_in(self, folded: bytes) -> bool:
        """False if no form of the secret is in the body that was folded; True may be a false alarm."""
        return any(needle in folded for needle in self._needles)

    def found_in(self, body: bytes) -> bool:
        """Whether `body` contains the secret in some form."""
        folded = fold(body)
        return any(form.may_be_in(folded) and form.find(body, 0) is not None for form in self._forms)

    def replaced_in(self, body: bytes, mask: bytes) -> tuple[bytes, int]:
        """`body` with `mask` for each occurrence of the secret, and the number of occurrences."""
        folded, count = fold(body), 0
        for form in self._forms:
            if form.may_be_in(folded):
                body, found = form.replaced_in(body, mask)
                count += found
        return body, count


class _Form:
    """One way to write the whole secret. Its pattern is split into consecutive parts, as one pattern would be huge."""

    def __init__(self, needles: Iterable[bytes], write_parts: Callable[[], list[bytes]]) -> None:
        folded = {fold(needle) for needle in needles}
        # A needle that is too short matches everywhere, so only the pattern can decide.
        self.needles = folded if all(len(needle) >= _MIN_NEEDLE_BYTES for needle in folded) else {b""}
        self._write_parts = write_parts

    def __repr__(self) -> str:
        return "<Form>"

    def may_be_in(self, folded: bytes) -> bool:
        return any(needle in folded for needle in self.needles)

    def find(self, body: bytes, start: int) -> tuple[int, int] | None:
        """The start and end of the whole secret, at `start` or later."""
        first, *others = self._parts
        for _ in range(_MAX_BEGINNINGS):
            found = first.search(body, start)
            if found is None:
                return None
            end = found.end()
            for part in others:
                following = part.match(body, end)
                if following is None:
                    break
                end = following.end()
            else:
                return found.start(), end
            start = found.start() + 1
        return None

    def replaced_in(self, body: bytes, mask: bytes) -> tuple[bytes, int]:
        kept: list[bytes] = []
        position = 0
        while (found := self.find(body, position)) is not None:
            kept += (body[position : found[0]], mask)
            position = found[1]
        return (b"".join([*kept, body[position:]]), len(kept) // 2) if kept else (body, 0)

    @cached_property
    def _parts(self) -> list[Any]:
        options = re2.Options()
        options.max_mem = _PATTERN_MEMORY_BYTES
        options.log_errors = False
        options.encoding = re2.Options.Encoding.LATIN1
        # Not by `re2.compile`, which would keep the secret in its cache after this call.
        return [re2._Regexp(part, options) for part in self._write_parts()]


def _in_parts(units: list[bytes], between: bytes = b"") -> list[bytes]:
    return [
        between.join(units[start : start + _PART_UNITS])
        + (between if start + _PART_UNITS < len(units) else b"")
        for start in range(0, len(units), _PART_UNITS)
    ]


# -- Each character by itself: raw, percent-encoded, escaped, as an entity ----------------------------------------


def _mixed_form(secret: str, plain: bytes) -> _Form:
    return _Form(
        [_plain_run(secret), *_whole_needles(secret, plain)],
        lambda: _in_parts([_any_form(character) for character in secret]),
    )


def _plain_run(secret: str) -> bytes:
    runs = [run[:_MAX_PLAIN_RUN].encode() for run in _PLAIN_RUN.findall(secret)]
    return max(runs, key=lambda run: len(fold(run)), default=b"")


def _whole_needles(secret: str, plain: bytes) -> Iterator[bytes]:
    """What the whole secret folds to if an encoder escapes every character."""
    yield plain.hex().encode()
    # `%254b` is `%4b` with its percent sign encoded again.
    yield f"25{plain.hex('-')}".replace("-", "25").encode()
    yield "".join([str(ord(character)) for character in secret]).encode()
    if not secret.isascii():
        yield secret.encode("utf-16-be", "surrogatepass").hex().encode()
        yield "".join([f"{ord(character):x}" for character in secret]).encode()


def _any_form(character: str) -> bytes:
    forms = [
        *_raw_forms(character),
        *_percent_forms(character),
        *_json_forms(character),
        *_html_forms(character),
    ]
    return _any_of(_distinct(forms))


def _encodings(text: str) -> list[bytes]:
    encodings = [text.encode("utf-8", "surrogatepass")]
    return [*encodings, text.encode("latin-1")] if "\x80" <= text <= "\xff" else encodings


def _raw_forms(character: str) -> Iterator[bytes]:
    # The upper case of one letter may be two letters.
    for cased in _distinct([character, character.lower(), character.upper()]):
        yield from map(re.escape, _encodings(cased))


def _percent_forms(character: str) -> Iterator[bytes]:
    for encoded in _encodings(character):
        # `%25` is a percent sign that was encoded again.
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


def _wide_forms(secret: str) -> list[_Form]:
    return [_wide_form(secret, codec) for codec in ("utf-16-le", "utf-16-be")]


def _wide_form(secret: str, codec: str) -> _Form:
    wide = secret.encode(codec, "surrogatepass")
    return _Form([wide], lambda: _in_parts([re.escape(wide[at : at + 2]) for at in range(0, len(wide), 2)]))


# -- All bytes at once: hexadecimal, base64, base32 -----------------------------------------------------------------


def _hex_form(plain: bytes) -> _Form:
    digits = plain.hex()
    return _Form(
        [digits.encode()],
        lambda: _in_parts([b"(?i:" + digits[at : at + 2].encode() + b")" for at in range(0, len(digits), 2)]),
    )


class _Core(NamedTuple):
    """A secret's digits within `encoded`, and how many bits of the first and last digit belong to the text around.

    `alphabet` has the digits in the order of their values.
    """

    encoded: str
    start: int
    end: int
    bits_before: int
    bits_after: int
    alphabet: str

    @property
    def digits(self) -> str:
        """The digits that depend only on the secret."""
        return self.encoded[self.start + (self.bits_before > 0) : self.end]

    def parts(self, write: Callable[[str], bytes]) -> list[bytes]:
        # Otherwise less than all bits of the secret would count as a match.
        units = [*self._first_digit(write), *map(write, self.digits), *self._last_digit(write)]
        return _in_parts(units, _LINE_BREAKS)

    def _first_digit(self, write: Callable[[str], bytes]) -> list[bytes]:
        value, step = self._value_at(self.start), len(self.alphabet) >> self.bits_before
        return [_any_of(map(write, self.alphabet[value::step]))] if self.bits_before else []

    def _last_digit(self, write: Callable[[str], bytes]) -> list[bytes]:
        if not self.bits_after:
            return []
        value = self._value_at(self.end)
        return [_any_of(map(write, self.alphabet[value : value + (1 << self.bits_after)]))]

    def _value_at(self, position: int) -> int:
        """The digit's value; the bits around the secret are zero here."""
        return self.alphabet.index(self.encoded[position])


def _cores(plain: bytes, alphabet: str, bits: int, encode: Callable[[bytes], bytes]) -> Iterator[_Core]:
    """The cores for each offset in a group at which the secret can start (RFC 4648)."""
    for preceding_bytes in range(lcm(8, bits) // 8):
        encoded = encode(b"\0" * preceding_bytes + plain).decode()
        start, bits_before = divmod(preceding_bytes * 8, bits)
        end, shared_bits = divmod((preceding_bytes + len(plain)) * 8, bits)
        yield _Core(encoded, start, end, bits_before, bits - shared_bits if shared_bits else 0, alphabet)


_BASE32 = string.ascii_uppercase + "234567"
_BASE64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
# The digits 62 and 63 in both alphabets, and as encoders escape them.
_BASE64_SIGNS = {
    "+": rb"(?:[+-]|%(?:25)?2[bB]|\\{1,4}u002[bB])",
    "/": rb"(?:\\{0,4}/|_|%(?:25)?2[fF]|\\{1,4}u002[fF])",
}


def _base64_forms(plain: bytes) -> list[_Form]:
    return [_base64_form(core) for core in _cores(plain, _BASE64, 6, base64.b64encode)]


def _base64_form(core: _Core) -> _Form:
    return _Form(
        _sign_needles(core.digits),
        lambda: core.parts(lambda digit: _BASE64_SIGNS.get(digit) or digit.encode()),
    )


def _sign_needles(digits: str) -> Iterator[bytes]:
    """The digits with their signs folded: removed, or as the hexadecimal digits of their code."""
    for plus in ("", "2b") if "+" in digits else ("",):
        for slash in ("", "2f") if "/" in digits else ("",):
            yield digits.replace("+", plus).replace("/", slash).encode()


def _base32_forms(plain: bytes) -> list[_Form]:
    return [_base32_form(core) for core in _cores(plain, _BASE32, 5, base64.b32encode)]


def _base32_form(core: _Core) -> _Form:
    return _Form([core.digits.encode()], lambda: core.parts(lambda digit: b"(?i:" + digit.encode() + b")"))


def _any_of(patterns: Iterable[bytes]) -> bytes:
    return b"(?:" + b"|".join(patterns) + b")"


def _distinct(items: Iterable[AnyStr]) -> list[AnyStr]:
    return [item for item in dict.fromkeys(items) if item]
