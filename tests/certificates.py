"""Certificates made for one test run: an authority, what it signs, and server contexts that use them."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


class Authority:
    """A certificate authority of our own; `ca_file` is what a client must trust."""

    def __init__(self, folder: Path, name: str = "Test Authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._certificate = (
            self._draft(self._name, self._key, -DAY, DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.ca_file = str(folder / f"{name}.pem")
        Path(self.ca_file).write_bytes(_pem(self._certificate))

    def issue(
        self,
        *hosts: str,
        starts: datetime.timedelta = -DAY,
        ends: datetime.timedelta = DAY,
        password: bytes | None = None,
        common_name: str = "leaf",
        is_self_signed: bool = False,
    ) -> tuple[str, str]:
        """A certificate for the hosts and its key, both PEM; the key is encrypted if there is a password.

        Without hosts it names itself by its common name only.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        draft = self._draft(subject, key, starts, ends, subject if is_self_signed else None)
        if hosts:
            names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
            draft = draft.add_extension(names, critical=False)
        certificate = draft.sign(key if is_self_signed else self._key, hashes.SHA256())
        return _pem(certificate).decode(), _key_pem(key, password).decode()

    def server_context(self, certificate: tuple[str, str], *, asks_client: bool = False) -> ssl.SSLContext:
        """A server's side of TLS with the certificate; `asks_client`: only our own clients are let in."""
        path = self._folder / "server.pem"
        path.write_text("".join(certificate))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        if asks_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca_file)
        return context

    def _draft(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        starts: datetime.timedelta,
        ends: datetime.timedelta,
        issuer: x509.Name | None = None,
    ) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer or self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + starts)
            .not_valid_after(now + ends)
        )


def fingerprint_of(certificate: str) -> str:
    """The certificate's SHA-256 in hex."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest()


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey, password: bytes | None) -> bytes:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
