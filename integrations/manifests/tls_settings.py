"""The `tls` section of a manifest, filled for one call. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from integrations.egress.messages import Tls, origin_of
from integrations.egress.urls import read_host
from integrations.manifests.model import Integration, TlsTemplates
from integrations.manifests.namespace import Namespace
from integrations.manifests.templating import Template

NO_FINGERPRINT = "Write the certificate's SHA-256 fingerprint: 64 hex digits, with or without colons."
NO_SERVER_NAME = "Write a host name or an address, without a scheme, a port or a path."

# The format of `openssl x509 -fingerprint -sha256` and browsers.
_FINGERPRINT_START = re.compile(r"\s*sha-?256(?:\s+fingerprint)?\s*[=:]", re.IGNORECASE)
_FINGERPRINT_GAPS = re.compile(r"[\s:]")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


def fill_tls(integration: Integration, settings: Mapping[str, Any], url: str) -> Tls | None:
    """The TLS options of the call of `url` with these settings; None if nothing is declared or set.

    Name and fingerprint belong to one service, so they only apply to the origin of `base_url`, if there is one. Raises
    SettingsIncomplete for a certificate without its key or the reverse, and for unreadable values.
    """
    templates = integration.tls
    if templates is None:
        return None
    names = Namespace(settings)
    certificate, key = _client(templates, names)
    is_own = integration.base_url is None or origin_of(url) == integration.base_url.origin(settings)
    tls = Tls(
        ca_file=_fill(templates.ca_file, names),
        client_cert_pem=certificate,
        client_key_pem=key,
        server_name=_read(templates.server_name, names, read_server_name) if is_own else None,
        fingerprint_sha256=_read(templates.fingerprint_sha256, names, read_fingerprint) if is_own else None,
        settings=tuple((word, _setting(template)) for word, template in templates.items()),
    )
    return tls if tls != Tls() else None


def read_fingerprint(text: str) -> str:
    """The fingerprint as 64 hex digits in lower case; ValueError for anything else."""
    digits = _FINGERPRINT_GAPS.sub("", _FINGERPRINT_START.sub("", text, count=1)).lower()
    if not _FINGERPRINT.fullmatch(digits):
        raise ValueError(NO_FINGERPRINT)
    return digits


def read_server_name(text: str) -> str:
    """The name or address in normalised form; ValueError for anything else."""
    try:
        return read_host(text.strip())[0]
    except ValueError:
        raise ValueError(NO_SERVER_NAME) from None


def _client(templates: TlsTemplates, names: Namespace) -> tuple[str | None, str | None]:
    certificate, key = _fill(templates.client_certificate, names), _fill(templates.client_key, names)
    if (certificate is None) != (key is None):
        # A certificate without its key, or the reverse, would be ignored silently. The error names the unset one.
        absent = templates.client_certificate if certificate is None else templates.client_key
        raise names.unset(min(absent.names if absent else frozenset(), default="client_certificate"))
    return certificate, key


def _fill(template: Template | None, names: Namespace) -> str | None:
    if template is None:
        return None
    is_unset = template.names and all(names.values.get(name) in (None, "") for name in template.names)
    return None if is_unset else names.fill(template)


def _read(template: Template | None, names: Namespace, read: Any) -> str | None:
    text = _fill(template, names)
    if template is None or text is None:
        return None
    try:
        return read(text)
    except ValueError as error:
        raise names.unfit(_setting(template) or template.source, str(error)) from None


def _setting(template: Template) -> str:
    """The setting that a user would have to correct; empty if the manifest contains the value itself."""
    return min(template.names, default="")
