"""The names in a certificate (RFC 9525). Pure: works on the result of `SSLSocket.getpeercert`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

MAX_TOLD = 5

_TELLABLE = re.compile(r"[A-Za-z0-9*._:-]{1,100}")


def is_for(certificate: Mapping[str, Any], host: str, *, is_trusted_by_person: bool) -> bool:
    """Whether the certificate names the host: a name in ASCII, or an address.

    Under an authority that a person named for this provider, one without any other name may name itself by its common
    name, and a wildcard may stand before a single label, as in `*.home`.
    """
    return any(
        _is_name_of(name, host, min_labels=1 if is_trusted_by_person else 2)
        for name in _names(certificate, with_common_name=is_trusted_by_person)
    )


def told_names(certificate: Mapping[str, Any]) -> str:
    """The certificate's names as text for a message; empty if there are none that can be shown."""
    names = [name for name in _names(certificate, with_common_name=True) if _TELLABLE.fullmatch(name)]
    return ", ".join(names[:MAX_TOLD]) + (" and others" if len(names) > MAX_TOLD else "")


def _names(certificate: Mapping[str, Any], *, with_common_name: bool) -> list[str]:
    kinds = ("DNS", "IP Address")
    names = [text.strip() for kind, text in certificate.get("subjectAltName", ()) if kind in kinds]
    if names or not with_common_name:
        return names
    subject = certificate.get("subject", ())
    return [text.strip() for parts in subject for kind, text in parts if kind == "commonName"]


def _is_name_of(name: str, host: str, min_labels: int) -> bool:
    address = _address(host)
    if address is not None:
        return _address(name) == address
    first, _, rest = name.lower().removesuffix(".").partition(".")
    if first != "*":
        return name.lower().removesuffix(".") == host
    # Only a whole first label is a wildcard, and it stands for one label (RFC 9525 section 6.3).
    _, dot, domain = host.partition(".")
    return bool(dot) and rest == domain and rest.count(".") + 1 >= min_labels


def _address(text: str) -> Any:
    try:
        return ip_address(text)
    except ValueError:
        return None
