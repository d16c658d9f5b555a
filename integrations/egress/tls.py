"""TLS verification of providers, and the messages for its failures."""

from __future__ import annotations

import ssl
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Any

import certifi
from cachetools import LRUCache, cachedmethod

from errors import SettingsIncomplete, UpstreamUnreachable
from integrations.egress.addresses import read_address
from integrations.egress.authorities import Authorities, UnusableAuthorities, read_authorities
from integrations.egress.certificate_names import is_for, told_names
from integrations.egress.messages import Tls

MAX_CONTEXTS = 64

# OpenSSL's verification results: X509_V_ERR_… in x509_vfy.h.
_CERTIFICATE_WORDS = {
    9: "The provider's certificate is not valid yet.",
    10: "The provider's certificate has expired.",
    18: "The provider's certificate is self-signed, and no CA file contains it.",
    19: "The provider's certificate comes from an unknown issuer.",
    20: "The provider's certificate comes from an unknown issuer.",
    21: "The provider's certificate comes from an unknown issuer.",
    23: "The provider's certificate was revoked.",
}
_HANDSHAKE_WORDS = {
    "WRONG_VERSION_NUMBER": "The provider does not use TLS on this port. Check whether the URL should start with http://.",
    "HTTP_REQUEST": "The provider does not use TLS on this port. Check whether the URL should start with http://.",
    "UNSUPPORTED_PROTOCOL": "The provider only supports an insecure version of TLS.",
    "TLSV1_ALERT_PROTOCOL_VERSION": "The provider does not support a secure version of TLS.",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "The provider asks for a client certificate.",
    "TLSV1_ALERT_UNKNOWN_CA": "The provider does not accept the client certificate.",
    "SSLV3_ALERT_BAD_CERTIFICATE": "The provider does not accept the client certificate.",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "The client certificate has expired.",
}
_OTHER_WORDS = "The provider and Patchbay cannot agree on a secure connection."


def tls_failure(error: ssl.SSLError) -> UpstreamUnreachable:
    """The failure for a TLS handshake. The text depends on OpenSSL's code, never on its message."""
    if isinstance(error, ssl.SSLCertVerificationError):
        detail = _CERTIFICATE_WORDS.get(error.verify_code, "The provider's certificate cannot be trusted.")
    else:
        detail = _HANDSHAKE_WORDS.get(error.reason or "", _OTHER_WORDS)
    return _untrusted(detail)


@dataclass(frozen=True, slots=True)
class TlsRequirements:
    """What a provider's certificate must satisfy before anything is sent, and what we present.

    OpenSSL proves the chain, unless one certificate is all that is taken. `own_fingerprints` are those of the
    certificates that a person trusts for this provider; None where the public authorities are trusted.
    """

    context: ssl.SSLContext
    server_name: str | None = None
    fingerprint: str | None = None
    own_fingerprints: frozenset[str] | None = None

    def check(self, sock: ssl.SSLSocket, host: str) -> None:
        """Raises UpstreamUnreachable (reason "tls") for a certificate that is not `host`'s, or not the one."""
        shown = sha256(sock.getpeercert(binary_form=True) or b"").hexdigest()
        if self.fingerprint is not None:
            if not compare_digest(shown, self.fingerprint):
                raise _untrusted(_another_certificate(shown))
        elif shown not in (self.own_fingerprints or ()):
            # A certificate that a user trusts explicitly may have any name; others must have the host's name.
            _check_names(sock.getpeercert() or {}, host, self.own_fingerprints is not None)


def _check_names(certificate: Mapping[str, Any], host: str, is_trusted_by_person: bool) -> None:
    if is_for(certificate, host, is_trusted_by_person=is_trusted_by_person):
        return
    kind = "host" if read_address(host) is None else "address"
    names = told_names(certificate) or "nobody"
    raise _untrusted(f"The provider's certificate is for another {kind}: it names {names}, not {host}.")


def _another_certificate(shown: str) -> str:
    pairs = ":".join(shown[index : index + 2] for index in range(0, len(shown), 2)).upper()
    return f"The provider's certificate is not the one that is trusted: its SHA-256 fingerprint is {pairs}."


class TlsContexts:
    """The TLS contexts, one for each combination of settings: loading the issuers takes milliseconds."""

    def __init__(self) -> None:
        self._contexts: LRUCache[tuple[str | None, ...], ssl.SSLContext] = LRUCache(MAX_CONTEXTS)
        self._made = threading.Condition()

    def proof_for(self, tls: Tls | None) -> TlsRequirements:
        """What a call with these settings asks of its provider; SettingsIncomplete for what cannot be used."""
        tls = tls or Tls()
        # Read here, since what a file may make one wait for would be waited for by everybody inside the lock.
        own = _own_authorities(tls) if tls.ca_file else None
        pem = own.pem if own is not None else None
        return TlsRequirements(
            context=self._context(tls, pem),
            server_name=tls.server_name,
            fingerprint=tls.fingerprint_sha256,
            own_fingerprints=own.fingerprints if own is not None else None,
        )

    @cachedmethod(
        lambda self: self._contexts,
        key=lambda _, tls, ca_pem: (
            ca_pem,
            "pinned" if tls.fingerprint_sha256 is not None else None,
            tls.client_cert_pem,
            tls.client_key_pem,
        ),
        # Who asks for one that is being made waits for it.
        condition=lambda self: self._made,
    )
    def _context(self, tls: Tls, ca_pem: str | None) -> ssl.SSLContext:
        return _make_context(tls, ca_pem)


def _own_authorities(tls: Tls) -> Authorities:
    try:
        return read_authorities(tls.ca_file or "")
    except UnusableAuthorities as unusable:
        raise _unusable(tls, "ca_file", str(unusable)) from None


def _make_context(tls: Tls, ca_pem: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=None if ca_pem else certifi.where(), cadata=ca_pem)
    except ssl.SSLError:
        raise _unusable(tls, "ca_file", "It contains a certificate that cannot be read.") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Names are compared by `TlsRequirements`, which knows what a person trusts and can say what the certificate names.
    context.check_hostname = False
    if ca_pem is not None:
        # A certificate that a person trusts needs no issuer, nor what stricter readers ask of public ones.
        context.verify_flags = (
            context.verify_flags & ~ssl.VERIFY_X509_STRICT
        ) | ssl.VERIFY_X509_PARTIAL_CHAIN
    if tls.fingerprint_sha256 is not None:
        context.verify_mode = ssl.CERT_NONE
    if tls.client_cert_pem is not None:
        _load_client_certificate(context, tls)
    return context


def _load_client_certificate(context: ssl.SSLContext, tls: Tls) -> None:
    # OpenSSL takes a certificate chain from a file only. The folder is 0700 and gone at once.
    with tempfile.TemporaryDirectory(prefix="patchbay-tls-") as folder:
        path = Path(folder, "client.pem")
        path.touch(mode=0o600)
        path.write_text("\n".join(filter(None, (tls.client_cert_pem, tls.client_key_pem))), encoding="utf-8")
        try:
            # Without a password OpenSSL would ask for one on the terminal.
            context.load_cert_chain(path, password="")
        except (OSError, ValueError):
            why = "The client certificate and its key cannot be read or do not belong together."
            raise _unusable(tls, "client_certificate", why) from None


_UNUSABLE_WORDS = {
    "ca_file": "The CA file for this provider cannot be used.",
    "client_certificate": "The client certificate for this provider cannot be used.",
}


def _unusable(tls: Tls, word: str, why: str) -> SettingsIncomplete:
    """A setting's fault, named after the setting; after the manifest's word where that says it itself."""
    setting = dict(tls.settings).get(word)
    place = f"config.{setting}" if setting else f"manifest.integration.tls.{word}"
    return SettingsIncomplete(f"{_UNUSABLE_WORDS[word]} {why}", errors={place: [why]})


def _untrusted(detail: str) -> UpstreamUnreachable:
    return UpstreamUnreachable(detail, reason="tls")
