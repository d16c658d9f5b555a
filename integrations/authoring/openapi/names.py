"""Makes valid and unique names for a manifest."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Any

from marshmallow import ValidationError, validate

_MAX_NAME = 64
_MAX_DESCRIPTION = 200


def valid_name(text: str, fallback: str = "x") -> str:
    """The text as a name of letters, digits, `_` and `-` that starts with a letter."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_-")
    if not name:
        return fallback
    return (name if name[0].isalpha() else f"{fallback}_{name}")[:_MAX_NAME]


def fits(rule: validate.Regexp, text: str) -> bool:
    """Whether a text matches a rule."""
    try:
        rule(text)
    except ValidationError:
        return False
    return True


def snake_case(text: str) -> str:
    """`ApiKeyAuth` as `api_key_auth`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text)
    return valid_name(spaced.replace("-", "_")).lower()


def unique_name(name: str, taken: Container[str]) -> str:
    """The name, numbered if it is taken."""
    if name not in taken:
        return name
    number = 2
    while (numbered := f"{name[: _MAX_NAME - 1 - len(str(number))]}_{number}") in taken:
        number += 1
    return numbered


def escape_braces(text: str) -> str:
    """Literal text as a template."""
    return text.replace("{", "{{").replace("}", "}}")


def first_sentence(text: Any) -> str | None:
    """A short description of a long one: its first paragraph's first sentence."""
    if not isinstance(text, str):
        return None
    plain = re.sub(r"</?[A-Za-z][^<>]*>", "", text).strip()
    paragraph = " ".join(plain.partition("\n\n")[0].split())
    sentence = re.split(r"(?<=[.!?])\s", paragraph, maxsplit=1)[0]
    if len(sentence) > _MAX_DESCRIPTION:
        sentence = sentence[: _MAX_DESCRIPTION - 1].rsplit(" ", 1)[0] + "…"
    return sentence or None


def described(spec: Any, *words: str) -> dict[str, str]:
    """`description` from the first of these members that has a text."""
    if not isinstance(spec, Mapping):
        return {}
    for word in words or ("description",):
        if sentence := first_sentence(spec.get(word)):
            return {"description": sentence}
    return {}
