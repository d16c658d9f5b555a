"""No form of a secret survives, and nothing else is touched."""

from __future__ import annotations

import base64
import html
import json
import string
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import orjson
import pytest
import re2
from hypothesis import assume, given
from hypothesis import strategies as st

from integrations.redaction.redactor import MASK, Redactor

SECRET = "sk_live/51H+x=&<é>\"'\\ ~\n1234567890"


def fully_percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def escaped(text: str) -> str:
    units = text.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def wrapped(text: str) -> str:
    """Base64 in lines of 76 digits, as MIME has it, from the middle of one on."""
    return base64.encodebytes(b"." * 46 + text.encode() + b"." * 40).decode()


def base64_at(offset: int, encode: Callable[[bytes], bytes]) -> Callable[[str], str]:
    return lambda text: encode(b"user:pass"[: 6 + offset] + text.encode() + b"tail").decode()


ENCODERS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "quote": quote,
    "quote_all": lambda text: quote(text, safe=""),
    "quote_lower": lambda text: quote(text, safe="").replace("%C3%A9", "%c3%a9").replace("%2F", "%2f"),
    "quote_plus": quote_plus,
    "quote_twice": lambda text: quote(quote(text, safe=""), safe=""),
    "fully_percent": fully_percent,
    "fully_percent_twice": lambda text: fully_percent(text).replace("%", "%25"),
    "fully_percent_lower": lambda text: fully_percent(text).lower(),
    "json": lambda text: json.dumps(text)[1:-1],
    "json_unicode": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "orjson": lambda text: orjson.dumps(text).decode()[1:-1],
    "json_slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "json_html_safe": lambda text: json.dumps(text)[1:-1].replace("<", "\\u003c").replace("&", "\\u0026").replace("'", "\\u0027"),
    "json_in_json": lambda text: json.dumps(json.dumps(text))[1:-1],
    "json_escaped": escaped,
    "json_escaped_upper": lambda text: escaped(text).upper().replace("\\U", "\\u"),
    "json_escaped_in_json": lambda text: escaped(text).replace("\\", "\\\\"),
    "html": html.escape,
    "html_no_quotes": lambda text: html.escape(text, quote=False),
    "html_decimal": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "html_padded": lambda text: "".join(f"&#{ord(c):05d};" for c in text),
    "html_hex": lambda text: "".join(f"&#x{ord(c):X};" for c in text),
    **{f"base64_{n}": base64_at(n, base64.b64encode) for n in range(3)},
    **{f"urlsafe_base64_{n}": base64_at(n, base64.urlsafe_b64encode) for n in range(3)},
    "base64_in_lines": wrapped,
    "base64_in_lines_in_json": lambda text: json.dumps(wrapped(text))[1:-1],
    "base64_for_dotnet": lambda text: base64.b64encode(text.encode()).decode().replace("+", "\\u002B"),
    "base64_of_percent": lambda text: base64.b64encode(b"k=" + quote(text, safe="").encode()).decode(),
    **{f"base32_{n}": base64_at(n, base64.b32encode) for n in range(5)},
    "base32_lower": lambda text: base64.b32encode(text.encode()).decode().lower(),
    "hex": lambda text: text.encode().hex(),
    "hex_upper": lambda text: text.encode().hex().upper(),
    "base64_bare": lambda text: base64.b64encode(text.encode()).decode(),
    "base64_no_padding": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
}  # fmt: skip

SECRETS = st.one_of(
    st.text(string.ascii_letters + string.digits + "_-.", min_size=8, max_size=40),
    st.text(string.printable, min_size=8, max_size=24),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=8, max_size=12),
)
AROUND = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@pytest.mark.parametrize("encode", ENCODERS.values(), ids=ENCODERS.keys())
@pytest.mark.parametrize(
    "secret",
    [SECRET, "abcdefgh", "пароль!!", "!!@@##$$", "a-b-c-d-e", "p@ss w0rd", "😀" * 8, "12345678", "00nn-0000"],
)
def test_a_secret_is_found_and_replaced_in_every_form(secret, encode):
    redactor = Redactor([secret])
    body = f"before {encode(secret)} after".encode()
    assert redactor.found_in(body)
    redacted = redactor.redact_bytes(body)
    assert MASK.encode() in redacted
    assert not redactor.found_in(redacted)
    assert redacted.startswith(b"before ")
    assert redacted.endswith(b" after")


@given(SECRETS, st.sampled_from(sorted(ENCODERS)), AROUND, AROUND)
def test_no_form_of_any_secret_survives_in_bytes(secret, encoder, before, after):
    # A secret that the text around it holds as well is another case of the same.
    form = ENCODERS[encoder](secret)
    redactor = Redactor([secret])
    redacted = redactor.redact_bytes(f"{before}{form}{after}".encode())
    assert redactor.found_in(f"{before}{form}{after}".encode())
    assert form.encode() not in redacted
    assert secret.encode() not in redacted


@given(SECRETS, st.sampled_from(sorted(ENCODERS)), st.booleans())
def test_no_form_of_any_secret_survives_in_a_json_value(secret, encoder, as_key):
    # JSON's own words are no strings: there is nothing to take out of them.
    assume(secret not in ("true", "null"))
    form = ENCODERS[encoder](secret)
    value = {"list": [1, None, True, f"Basic {form}"], "k": {form: 1} if as_key else "v"}
    redacted = Redactor([secret]).redact_value(value)
    assert not Redactor([secret]).found_in(json.dumps(redacted, ensure_ascii=False).encode())
    assert redacted["list"][:3] == [1, None, True]


@given(st.sets(SECRETS, min_size=2, max_size=4))
def test_several_secrets_are_all_replaced(secrets):
    assume(not any("•" in secret for secret in secrets))
    redactor = Redactor(secrets)
    redacted = redactor.redact_text(" ".join(sorted(secrets)))
    assert not any(secret in redacted for secret in secrets)


def test_a_secret_inside_a_longer_one_leaves_nothing_of_it():
    text = "abcdefghijkl abcdefgh"
    assert Redactor(["abcdefgh", "abcdefghijkl"]).redact_text(text) == f"{MASK} {MASK}"


@pytest.mark.parametrize("cased", [str.lower, str.upper, str.swapcase])
@pytest.mark.parametrize("secret", ["Sk-Live-51H8abC", "Пароль-Пароль", "Straße in Köln"])
def test_letters_in_another_case_are_the_same_letters(secret, cased):
    assert Redactor([secret]).redact_text(f"<{cased(secret)}>") == f"<{MASK}>"


@pytest.mark.parametrize("encode", ENCODERS.values(), ids=ENCODERS.keys())
@pytest.mark.parametrize("secret", ["correct-horse/battery+staple", "0123456789abcdef"])
@pytest.mark.parametrize("piece", [slice(1, None), slice(-1), slice(8), slice(4, None)])
def test_a_part_of_a_secret_is_left_as_it_is(secret, piece, encode):
    # Less than all of it must not be told from anything else.
    part = encode(secret[piece])
    assert Redactor([secret]).redact_text(part) == part


@pytest.mark.parametrize("encoder", ["raw", "json_escaped", "base64_1"])
@pytest.mark.parametrize("piece", [slice(1, None), slice(-1), slice(128), slice(128, None)])
def test_neither_is_a_part_of_a_long_one_found(piece, encoder):
    secret = "qb" * 80 + "yz" * 80
    encode = ENCODERS[encoder]
    redactor = Redactor([secret])
    assert redactor.redact_text(encode(secret[piece])) == encode(secret[piece])
    assert MASK in redactor.redact_text(encode(secret))


@given(SECRETS, st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_a_text_without_the_secret_stays_as_it_is(secret, text):
    redactor = Redactor([secret])
    assume(not redactor.found_in(text.encode()))
    assert redactor.redact_text(text) == text
    assert redactor.redact_bytes(text.encode()) == text.encode()


def test_a_value_without_the_secret_is_handed_back_itself():
    value = {"a": [1, 2.5, "x", {"b": None}]}
    assert Redactor(["another-secret"]).redact_value(value) is value
    assert Redactor([]).redact_value(value) is value


@pytest.mark.parametrize(
    ("secret", "number", "redacted"),
    [
        ("12345678", 12345678, MASK),
        ("12345678", 9123456780, MASK),
        ("12.500000", 12.5, 12.5),
        ("12.345678", 12.345678, MASK),
        ("123456789012345678901", 123456789012345678901, MASK),
        ("true", True, True),
    ],
)
def test_a_number_that_spells_a_secret_is_replaced(secret, number, redacted):
    assert Redactor([secret]).redact_value([number, "12345678"])[0] == redacted


@pytest.mark.parametrize("secret", ["", "a", "1234", "hunter2"])
def test_a_secret_under_eight_characters_is_looked_for_in_no_form(secret):
    redactor = Redactor([secret])
    text = " ".join(encode(secret) for encode in ENCODERS.values())
    assert not redactor.found_in(text.encode())
    assert redactor.redact_text(text) == text
    assert redactor.redact_value([1234, secret]) == [1234, secret]


def test_neither_is_the_pair_of_basic_authentication_that_holds_it():
    pairs = [f"admin:{pin}" for pin in ("4711", "4712")]
    secrets = ["4711", pairs[0], base64.b64encode(pairs[0].encode()).decode()]
    text = " ".join([*pairs, *(base64.b64encode(pair.encode()).decode() for pair in pairs)])
    assert Redactor(secrets).redact_text(text) == text


def test_a_pair_with_a_long_password_is_hidden_with_it():
    pair = "admin:correct-horse"
    encoded = base64.b64encode(pair.encode()).decode()
    redactor = Redactor(["correct-horse", pair, encoded])
    assert redactor.redact_text(f"{pair} Basic {encoded}") == f"{MASK} Basic {MASK}"


def test_a_key_that_ends_in_a_short_secret_is_hidden_all_the_same():
    assert Redactor(["key-0123456789:7", "7"]).redact_text("key-0123456789:7") == MASK


def test_utf_16_is_searched_too():
    for codec in ("utf-16-le", "utf-16-be"):
        body = SECRET.encode(codec)
        assert Redactor([SECRET]).found_in(body)
        assert Redactor([SECRET]).redact_bytes(body) == MASK.encode()


def test_a_form_that_ends_inside_a_character_leaves_a_readable_text():
    assert Redactor(["abcdefgé"]).redact_text("abcdefg鿿!") == MASK + "\ufffd\ufffd!"


@pytest.mark.parametrize("encoder", ["json", "quote", "base64_1", "fully_percent"])
def test_nothing_is_left_of_a_private_key(encoder):
    lines = [base64.b64encode(bytes([n]) * 48).decode() for n in range(25)]
    key = "\n".join(["-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----"])
    form = ENCODERS[encoder](key)
    redacted = Redactor([key]).redact_text(f'{{"echo": "{form}"}}')
    assert not any(form[start : start + 10] in redacted for start in range(10, len(form) - 20))
    assert len(redacted) < 100


def test_a_body_of_beginnings_costs_little():
    secret = "x" * 300 + "y"
    calls = []
    redactor = Redactor([secret])
    (form, *_) = redactor._forms[0]._forms
    form._parts[0] = _Counted(form._parts[0], calls)
    assert form.find(b"x" * 1_000_000, 0) is None
    assert len(calls) <= 10_000
    assert redactor.redact_text(f"{'x' * 2_000}y") == "x" * 1_700 + MASK


class _Counted:
    """A pattern that notes each search."""

    def __init__(self, pattern, calls):
        self._pattern, self._calls = pattern, calls

    def search(self, *arguments):
        self._calls.append(1)
        return self._pattern.search(*arguments)


def test_secrets_stay_out_of_every_repr():
    redactor = Redactor([SECRET])
    assert "sk_live" not in repr(redactor) + repr(redactor._forms) + repr(vars(redactor))


def test_the_pattern_is_made_only_when_a_secret_may_be_there():
    redactor = Redactor(["sk_live_51H8abc"])
    redactor.redact_bytes(b'{"plain": "answer"}' * 1_000)
    redactor.redact_value({"plain": ["answer"]})
    assert not any("_parts" in vars(form) for forms in redactor._forms for form in forms._forms)


def test_the_regular_expression_library_keeps_no_secret(monkeypatch):
    remembered = []
    monkeypatch.setattr(re2._Regexp, "_make", lambda *arguments: remembered.append(arguments))
    assert Redactor(["kept-no-longer-than-needed"]).found_in(b"kept-no-longer-than-needed")
    assert remembered == []
