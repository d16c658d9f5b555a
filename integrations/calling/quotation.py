"""Decides whether a provider's message may be quoted in an error. Pure.

Messages that contain a part of a secret are withheld, and the withholding itself must tell an attacker nothing. So all
messages that repeat a part of the caller's input are withheld first, whatever the secrets are. Text that repeats the
manifest's own text is no reason to withhold a message.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from integrations.answers.types.html_clean import shorten
from integrations.egress.messages import PreparedCall
from integrations.manifests.templating import as_text
from integrations.redaction.redactor import Redactor, is_short

WITHHELD = "The provider's message is not quoted: it may repeat what it was sent."

# A common run of this length may not be a coincidence.
RUN_CHARACTERS = 4
# Longer texts are not compared, and nothing is quoted for them.
MAX_COMPARED_CHARACTERS = 20_000
_MAX_LAYERS = 4
_UNICODE_ESCAPE = re.compile(r"\\+u([0-9a-fA-F]{4})")
# Every URL begins like this, and many messages name one.
_SCHEME = re.compile(r"https?://(?:www\.)?", re.IGNORECASE)
# Encodings and line breaks differ in these characters.
_IGNORED_CHARACTERS = frozenset(" +-_/=\\")


@dataclass(frozen=True, slots=True)
class Quotation:
    """Decides what may be quoted of one call's answer. `inputs` are values that a caller may have chosen."""

    call: PreparedCall
    inputs: tuple[Any, ...] = field(default=(), repr=False)

    def quote(self, said: str, max_characters: int) -> str:
        """The message on one line, cut to length, or `WITHHELD`. A call without secrets withholds nothing."""
        text = _on_one_line(said)[: 4 * max_characters]
        # Checked before cutting: three characters of a secret at the end are a leak too.
        if text and self.call.secrets and not self._may_show(text):
            return WITHHELD
        return shorten(text, max_characters)

    def has_slash_in_segment(self) -> bool:
        """Whether an input contains a slash and is used as a URL segment unchanged."""
        path = self.call.url.partition("?")[0]
        if "%2f" not in path.lower():
            return False
        segments = frozenset(map(unquote, path.split("/")))
        return any("/" in text and text in segments for text in _texts_in(self.inputs))

    def _may_show(self, text: str) -> bool:
        secrets = self.call.secrets
        if any(map(is_short, secrets)):
            return False
        given = list(_texts_in(self.inputs))
        redactor = Redactor(secrets)
        sent = _text_of(self.call, redactor)
        if sum(map(len, given)) + len(sent) > MAX_COMPARED_CHARACTERS:
            return False
        readings = list(_readings(text))
        if _repeat_inputs(readings, given):
            return False
        if any(redactor.found_in(_bytes(reading)) for reading in readings):
            return False
        own = _all_forms(sent)
        rest = [part for reading in readings for part in _without_runs(_plain(reading), own)]
        return not any(_holds_piece(rest, secret) for secret in secrets)


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from (text for pair in value.items() for item in pair for text in _texts_in(item))
    elif isinstance(value, list | tuple):
        yield from (text for item in value for text in _texts_in(item))
    elif value is not None and (text := _SCHEME.sub("", as_text(value))):
        yield text


def _text_of(call: PreparedCall, redactor: Redactor) -> str:
    """Everything that is sent except the secrets."""
    lines = [call.url, *(line for pair in call.headers for line in pair)]
    body = (call.body or b"").decode("utf-8", "replace")
    return redactor.redact_text("\n".join([*lines, body]))


# -- Comparing -----------------------------------------------------------------------------------------------------


def _repeat_inputs(readings: Iterable[str], given: list[str]) -> bool:
    long = "\n".join([_all_forms(text) for text in given])
    threes = {plain for text in given if len(plain := _plain(text)) == RUN_CHARACTERS - 1}
    short = {text.strip().casefold() for text in given if len(_plain(text)) < RUN_CHARACTERS - 1} - {""}
    return any(
        _has_run(plain, RUN_CHARACTERS, long)
        or any(text in plain for text in threes)
        or _has_short(reading.casefold(), plain, short)
        for reading in readings
        for plain in [_plain(reading)]
    )


def _has_short(reading: str, plain: str, short: Iterable[str]) -> bool:
    """Whether one of these short texts stands alone as a word, or several of them stand together."""
    any_of = "|".join(sorted(map(re.escape, short), key=len, reverse=True))
    if not any_of:
        return False
    if re.search(rf"(?<!\w)(?:{any_of})(?!\w)", reading):
        return True
    return any(len(run[0]) >= RUN_CHARACTERS - 1 for run in re.finditer(f"(?:{any_of})+", plain))


def _holds_piece(parts: Iterable[str], secret: str) -> bool:
    raw = "\n".join(map(_plain, _readings(secret)))
    encoded = [(size, "\n".join(map(_plain, encode(_bytes(secret))))) for size, encode in _ENCODINGS]
    return any(
        _has_run(part, size, text) for part in parts for size, text in [(RUN_CHARACTERS, raw), *encoded]
    )


def _has_run(text: str, size: int, other: str) -> bool:
    """Whether the texts have a common run of this many characters."""
    return any(text[start : start + size] in other for start in range(len(text) - size + 1))


def _without_runs(text: str, other: str) -> Iterator[str]:
    """The parts of the text that are not in the other one."""
    begin = covered = 0
    for start in range(len(text) - RUN_CHARACTERS + 1):
        if text[start : start + RUN_CHARACTERS] in other:
            if start > covered:
                yield text[begin:start]
            begin = covered = start + RUN_CHARACTERS
    yield text[begin:]


# -- One text, written differently ---------------------------------------------------------------------------------


def _on_one_line(text: str) -> str:
    """The text without control and invisible characters, and with single blanks."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _plain(text: str) -> str:
    """The text in lower case, without blanks and the characters in which encodings differ."""
    return "".join(char for char in text.casefold() if char.isprintable() and char not in _IGNORED_CHARACTERS)


def _readings(text: str) -> Iterator[str]:
    """The text, and its decoded forms without percent-encoding, entities and escapes, layer by layer."""
    yield text
    for _ in range(_MAX_LAYERS):
        inner = html.unescape(unquote(_UNICODE_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)))
        if inner == text:
            return
        yield (text := inner)


def _all_forms(text: str) -> str:
    """The text in every form in which a provider may repeat it, normalised by `_plain`."""
    encoded = [form for _, encode in _ENCODINGS for form in encode(_bytes(text))]
    return "\n".join(map(_plain, [*_readings(text), *_decoded(text), *encoded]))


def _decoded(text: str) -> Iterator[str]:
    for decode in _DECODERS:
        try:
            yield decode(text).decode()
        except ValueError:
            # Bytes that are no such encoding of a text are not part of a message.
            continue


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)


_DECODERS: tuple[Callable[[str], bytes], ...] = (
    lambda text: base64.b64decode(_padded(text), validate=True),
    lambda text: base64.b64decode(_padded(text), b"-_", validate=True),
    bytes.fromhex,
)


def _base64_of(data: bytes) -> Iterator[str]:
    yield from (
        base64.b64encode(b"\0" * before + data).decode()[-(-before * 8 // 6) :] for before in range(3)
    )


def _base32_of(data: bytes) -> Iterator[str]:
    yield from (
        base64.b32encode(b"\0" * before + data).decode()[-(-before * 8 // 5) :] for before in range(5)
    )


def _hex_of(data: bytes) -> Iterator[str]:
    yield data.hex()


# How many digits hold as much as a run of characters does.
_ENCODINGS: tuple[tuple[int, Callable[[bytes], Iterator[str]]], ...] = (
    (6, _base64_of),
    (7, _base32_of),
    (8, _hex_of),
)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
