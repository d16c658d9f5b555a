"""Proof of who is called, and what to say when it fails."""

from __future__ import annotations

import ssl
import tempfile
import threading
from pathlib import Path

import certifi
from cachetools import LRUCache, cachedmethod

from errors import UpstreamUnreachable
from integrations.calls import Tls

MAX_CONTEXTS = 64

# OpenSSL's verification results: X509_V_ERR_… in x509_vfy.h.
_CERTIFICATE_WORDS = {
    9: "The provider's certificate is not valid yet.",
    10: "The provider's certificate has expired.",
    18: "The provider's certificate is signed by itself, and no CA file vouches for it.",
    19: "The provider's certificate comes from an unknown issuer.",
    20: "The provider's certificate comes from an unknown issuer.",
    21: "The provider's certificate comes from an unknown issuer.",
    23: "The provider's certificate was revoked.",
    62: "The provider's certificate is for another host.",
    64: "The provider's certificate is for another address.",
}
_HANDSHAKE_WORDS = {
    "WRONG_VERSION_NUMBER": "The provider does not speak TLS on this port: should the URL start with http://?",
    "HTTP_REQUEST": "The provider does not speak TLS on this port: should the URL start with http://?",
    "UNSUPPORTED_PROTOCOL": "The provider only speaks a version of TLS that is no longer safe.",
    "TLSV1_ALERT_PROTOCOL_VERSION": "The provider does not accept the versions of TLS that are safe.",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "The provider asks for a client certificate.",
    "TLSV1_ALERT_UNKNOWN_CA": "The provider does not accept the client certificate.",
    "SSLV3_ALERT_BAD_CERTIFICATE": "The provider does not accept the client certificate.",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "The client certificate has expired.",
}
_OTHER_WORDS = "The provider and Patchbay cannot agree on a secure connection."


def tls_failure(error: ssl.SSLError) -> UpstreamUnreachable:
    """The failure of a TLS handshake, in words chosen by OpenSSL's code and never by its message."""
    if isinstance(error, ssl.SSLCertVerificationError):
        detail = _CERTIFICATE_WORDS.get(error.verify_code, "The provider's certificate cannot be trusted.")
    else:
        detail = _HANDSHAKE_WORDS.get(error.reason or "", _OTHER_WORDS)
    return UpstreamUnreachable(detail, reason="tls")


class TlsContexts:
    """The TLS settings of every kind of call, made once each: loading the issuers takes milliseconds."""

    def __init__(self) -> None:
        self._contexts: LRUCache[tuple[Tls, int], ssl.SSLContext] = LRUCache(MAX_CONTEXTS)
        self._made = threading.Condition()

    def context_for(self, tls: Tls | None) -> ssl.SSLContext:
        """A context that verifies chain and host; UpstreamUnreachable (reason "tls") for unusable files."""
        tls = tls or Tls()
        try:
            # A CA file that was replaced counts from the next call on.
            changed_at = Path(tls.ca_file).stat().st_mtime_ns if tls.ca_file else 0
        except OSError:
            raise _unusable("The CA file for this provider cannot be read.") from None
        return self._context(tls, changed_at)

    @cachedmethod(
        lambda self: self._contexts,
        key=lambda _, tls, changed_at: (tls, changed_at),
        # Who asks for one that is being made waits for it.
        condition=lambda self: self._made,
    )
    def _context(self, tls: Tls, changed_at: int) -> ssl.SSLContext:
        return _make_context(tls)


def _make_context(tls: Tls) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=tls.ca_file or certifi.where())
    except (OSError, ssl.SSLError):
        raise _unusable("The CA file for this provider cannot be read.") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.client_cert_pem is not None:
        _load_client_certificate(context, tls.client_cert_pem, tls.client_key_pem)
    return context


def _load_client_certificate(context: ssl.SSLContext, cert_pem: str, key_pem: str | None) -> None:
    # OpenSSL takes a certificate chain from a file only. The folder is 0700 and gone at once.
    with tempfile.TemporaryDirectory(prefix="patchbay-tls-") as folder:
        path = Path(folder, "client.pem")
        path.touch(mode=0o600)
        path.write_text("\n".join(filter(None, (cert_pem, key_pem))), encoding="utf-8")
        try:
            # Without a password OpenSSL would ask for one on the terminal.
            context.load_cert_chain(path, password="")
        except (OSError, ValueError):
            raise _unusable("The client certificate and its key cannot be read or do not fit.") from None


def _unusable(detail: str) -> UpstreamUnreachable:
    return UpstreamUnreachable(detail, reason="tls")
