"""The settings of a plugin that calls nothing: its frontend's own data, stored unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError

from integrations.manifests.compiling.problems import Problems
from plugin_store.settings.properties import compile_check
from plugin_store.settings.value_types import TYPES
from schemas.manifests.manifest import PropertySchema

_SCHEMA = PropertySchema()
MAX_SETTINGS = 200
# The name, whether it is required, and whether it is a secret: here a mistake does harm.
_FIRM = frozenset({"name", "required", "secure"})
_FIRM_IN_SECRETS = _FIRM | {"const", "default", "enum", "options"}


@dataclass(frozen=True, slots=True)
class Fault:
    """A member of a setting that is unknown or invalid here, so it is stored and ignored."""

    index: int
    word: str
    message: str

    @property
    def path(self) -> str:
        return f"properties[{self.index}].{self.word}"


def calls_nothing(manifest: Mapping[str, Any]) -> bool:
    """Whether the manifest is only its frontend's own data."""
    return "integration" not in manifest


def find_faults(manifest: Mapping[str, Any]) -> list[Fault]:
    """Every ignored member of the settings; none for a plugin that can be called."""
    declared = manifest.get("properties")
    if not calls_nothing(manifest) or not isinstance(declared, list) or len(declared) > MAX_SETTINGS:
        return []
    return [
        Fault(index, word, message)
        for index, item in enumerate(declared)
        if isinstance(item, Mapping)
        for word, message in _faults_of(item).items()
    ]


def without_faults(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """The manifest without the ignored members of its settings."""
    faults = find_faults(manifest)
    if not faults:
        return manifest
    dropped: dict[int, set[str]] = {}
    for fault in faults:
        dropped.setdefault(fault.index, set()).add(fault.word)
    declared = [_without(item, dropped.get(index, ())) for index, item in enumerate(manifest["properties"])]
    return {**manifest, "properties": declared}


def _faults_of(declared: Mapping[str, Any]) -> dict[str, str]:
    """The message for each ignored member."""
    firm = _FIRM_IN_SECRETS if declared.get("secure") else _FIRM
    words, found = dict(declared), {}
    while faults := {
        word: text for word, text in _errors_of(words).items() if word not in firm | found.keys()
    }:
        if "type" in faults:
            faults = {"type": faults["type"]}
        found |= {word: _told(declared, word, text) for word, text in faults.items()}
        words = _without(declared, found)
    return found


def _without(declared: Mapping[str, Any], dropped: Any) -> dict[str, Any]:
    if "type" in dropped or "options" in dropped:
        # Without a valid type, other members cannot be told from mistakes.
        return {word: value for word, value in declared.items() if word in _FIRM}
    return {word: value for word, value in declared.items() if word not in dropped}


def _told(declared: Mapping[str, Any], word: str, message: str) -> str:
    kind = declared.get("type")
    if word == "type" and (not isinstance(kind, str) or kind not in TYPES):
        return "This type is unknown. The setting accepts any value, unchecked."
    return f"{message} It is stored but has no effect."


def _errors_of(words: Mapping[str, Any]) -> dict[str, str]:
    """The first error of each member."""
    problems = Problems("")
    try:
        _SCHEMA.load(dict(words))
    except ValidationError as error:
        return {str(word): _first_text(messages) for word, messages in error.normalized_messages().items()}
    problems.check_value_declaration(words)
    check_own_values(words, problems)
    return {path.removeprefix("."): messages[0] for path, messages in problems.errors.items()}


def _first_text(messages: Any) -> str:
    while not isinstance(messages, str):
        messages = next(iter(messages.values() if isinstance(messages, Mapping) else messages))
    return messages


def check_own_values(declared: Mapping[str, Any], problems: Problems) -> None:
    """Adds a problem for a default or constant that the property's own rules refuse, so it would never be used."""
    try:
        check = compile_check(declared)
    except ValueError:
        return
    for word in ("default", "const"):
        if declared.get(word) is not None:
            for message in check(declared[word]):
                problems.add(word, message)
