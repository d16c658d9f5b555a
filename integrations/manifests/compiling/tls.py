"""Compiles `tls`: which certificates to trust and which to send."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from integrations.manifests.compiling.problems import Problems
from integrations.manifests.compiling.templates import check_names
from integrations.manifests.model import TLS_WORDS, Property, TlsTemplates
from integrations.manifests.templating import Template
from integrations.manifests.tls_settings import read_fingerprint, read_server_name

_READERS: Mapping[str, Callable[[str], str]] = {
    "server_name": read_server_name,
    "fingerprint_sha256": read_fingerprint,
}


def compile_tls(
    declared: Mapping[str, Any] | None, properties: Mapping[str, Property], problems: Problems
) -> TlsTemplates | None:
    """The trusted certificates, the expected name or fingerprint, and the client certificate, if declared."""
    if declared is None:
        return None
    given = {word: problems.template(word, declared[word]) for word in TLS_WORDS if word in declared}
    for word, template in given.items():
        check_names(template.names, properties, word, problems)
    key = given.get("client_key")
    if key is not None and not all(properties[name].secure for name in key.names & properties.keys()):
        problems.add("client_key", "A private key must be a secure property.")
    if key is not None and key.literal is not None:
        problems.add("client_key", "A manifest cannot contain a private key. Name a secure property.")
    for word, read in _READERS.items():
        if word in given:
            _check_shown(word, given[word], read, properties, problems)
    return TlsTemplates(**given)


def _check_shown(
    word: str,
    template: Template,
    read: Callable[[str], str],
    properties: Mapping[str, Property],
    problems: Problems,
) -> None:
    """Adds a problem for a secret that a server shows to everybody, and for an invalid literal."""
    if any(properties[name].secure for name in template.names & properties.keys()):
        problems.add(word, "This is not a secret. Name a property that is not secure.")
    if template.literal is not None:
        try:
            read(template.literal)
        except ValueError as error:
            problems.add(word, str(error))
