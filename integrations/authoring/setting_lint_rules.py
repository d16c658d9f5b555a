"""Lint rules about the settings of a plugin of any type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from integrations.authoring.findings import LintWarning
from integrations.authoring.openapi.names import snake_case
from integrations.manifests.compiling.own_settings import find_faults

_CREDENTIAL_WORDS = frozenset(
    ("key", "token", "secret", "password", "passwd", "passphrase", "pwd", "pat", "apikey", "pin")
)
_NOT_SECRET = re.compile(r"(^|_)(public|sort|order|partition|primary|foreign)_key$")
_TEXT_TYPES = ("string", "text", "password")


def open_credentials(manifest: Mapping[str, Any]) -> Iterator[LintWarning]:
    """Settings that look like credentials but are not stored in the vault."""
    for index, item in enumerate(_settings(manifest)):
        if item.get("secure"):
            continue
        if item.get("type") == "password":
            why = "`password` only hides the text while it is typed"
        elif _is_named_like_one(item):
            why = f"`{item['name']}` looks like a credential"
        else:
            continue
        yield f"properties[{index}]", f"{why}; with `secure: true` it is stored encrypted."


def _is_named_like_one(item: Mapping[str, Any]) -> bool:
    name = snake_case(item["name"])
    has_value = any(word in item for word in ("enum", "const", "default", "options"))
    is_text = item.get("type", "string") in _TEXT_TYPES
    looks_secret = name.rpartition("_")[2] in _CREDENTIAL_WORDS and not _NOT_SECRET.search(name)
    return looks_secret and is_text and not has_value


def unchecked_settings(manifest: Mapping[str, Any]) -> Iterator[LintWarning]:
    """Members of a frontend's own settings that are unknown here."""
    for fault in find_faults(manifest):
        yield fault.path, fault.message


def _settings(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(manifest.get("properties") or ())
