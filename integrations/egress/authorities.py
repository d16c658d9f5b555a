"""The certificates that a user trusts for one provider: pasted as PEM, or in a file."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from hashlib import sha256

from regular_files import MAX_FILE_SIZE_BYTES, UnusableFile, read_regular_file

_CERTIFICATE = re.compile(
    r"-----BEGIN (?:X509 )?CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END (?:X509 )?CERTIFICATE-----"
)
_PASTED = "-----BEGIN"
_LINE_CHARACTERS = 64


class UnusableAuthorities(ValueError):
    """No certificates can be read from the setting; the message says why."""


@dataclass(frozen=True, slots=True)
class Authorities:
    """Certificates that a user trusts. `fingerprints`: the SHA-256 of each, in lower-case hex."""

    pem: str
    fingerprints: frozenset[str]


def read_authorities(ca_file: str) -> Authorities:
    """The certificates in a file, or in the setting itself. Raises UnusableAuthorities.

    Whatever stands around them is passed over; one that came without its line breaks is read all the same.
    """
    text = ca_file if _PASTED in ca_file else _read_file(ca_file)
    if len(text) > MAX_FILE_SIZE_BYTES:
        raise UnusableAuthorities("The certificates are too large.")
    bodies = ["".join(body.split()) for body in _CERTIFICATE.findall(text.replace("\\n", "\n"))]
    if not bodies:
        raise UnusableAuthorities("It contains no certificate in PEM format.")
    blocks = [_wrap(body) for body in bodies]
    try:
        prints = frozenset(sha256(ssl.PEM_cert_to_DER_cert(block)).hexdigest() for block in blocks)
    except ValueError:
        raise UnusableAuthorities("It contains a certificate that cannot be read.") from None
    return Authorities("\n".join(blocks), prints)


def _read_file(path: str) -> str:
    try:
        return read_regular_file(path).decode("ascii", "replace")
    except UnusableFile as unusable:
        raise UnusableAuthorities(f"The file {unusable}.") from None


def _wrap(body: str) -> str:
    lines = [body[start : start + _LINE_CHARACTERS] for start in range(0, len(body), _LINE_CHARACTERS)]
    return "\n".join(("-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----\n"))
