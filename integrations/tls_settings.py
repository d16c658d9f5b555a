"""Certificates and keys that settings give to a call. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.calls import Tls
from integrations.manifest import TlsTemplates
from integrations.namespace import Namespace
from integrations.templating import Template


def fill_tls(templates: TlsTemplates | None, settings: Mapping[str, Any]) -> Tls | None:
    """Whom to trust and what to show, with these settings; None where nothing is declared or set.

    Raises SettingsIncomplete for a certificate without its key, and the other way round.
    """
    if templates is None:
        return None
    names = Namespace(settings)

    def fill(template: Template | None) -> str | None:
        if template is None:
            return None
        is_unset = template.names and all(settings.get(name) is None for name in template.names)
        return None if is_unset else names.fill(template)

    certificate, key = fill(templates.client_certificate), fill(templates.client_key)
    if (certificate is None) != (key is None):
        # Half of the two would be left out without a word; what is not set says so by name.
        absent = templates.client_certificate if certificate is None else templates.client_key
        raise names.unset(min(absent.names if absent else frozenset(), default="client_certificate"))
    tls = Tls(fill(templates.ca_file), certificate, key)
    return tls if tls != Tls() else None
