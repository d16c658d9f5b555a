"""docs/manifest.md documents every member of a manifest."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from marshmallow import Schema

from schemas.manifests import answers, credentials, display, logins, manifest, words

DOCS = (Path(__file__).parent.parent / "docs" / "manifest.md").read_text(encoding="utf-8")
SECTIONS = [
    item
    for module in (manifest, credentials, logins, answers, display)
    for item in vars(module).values()
    if isinstance(item, type) and issubclass(item, Schema) and item.__module__ == module.__name__
]
WORDS = sorted({field.data_key or name for section in SECTIONS for name, field in section().fields.items()})
CHOICES = sorted(
    {
        *words.API_TYPES,
        *words.AUTH_METHODS,
        *words.VALUE_TYPES,
        *words.METHODS,
        *words.LOCATIONS,
        *words.RESPONSE_TYPES,
        *words.BODY_FORMATS,
        *words.PAGINATORS,
        *words.SIGNATURE_FUNCTIONS,
        *words.PROPERTY_FORMATS,
        *words.CREDENTIAL_WORDS,
        *words.EXTRACT_TYPES,
        *words.DISPLAY_KINDS,
        *words.LEVELS,
        *words.TEXT_FORMATS,
    }
)


@pytest.mark.parametrize("word", [*WORDS, *CHOICES])
def test_every_word_and_choice_is_documented(word: str):
    in_code = "|".join(re.findall(r"```.*?```|`[^`\n]+`|^\|.*$", DOCS, re.DOTALL | re.MULTILINE))
    assert re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", in_code), word
