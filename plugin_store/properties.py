"""What a plugin's settings are, as its manifest declares them, and whether a value fits one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import re2

from plugin_store.canonical import UncanonicalError, canonical_json, check_canonical
from plugin_store.formats import FORMATS

Check = Callable[[Any], list[str]]
"""What is wrong with a value, in sentences that never quote it; nothing when it fits."""

MAX_PATTERN_LENGTH = 1000
MAX_PATTERN_MEMORY_BYTES = 256 * 1024
UNKNOWN_SETTING = "The plugin has no such setting."
NOT_A_VALUE = "null is no value: leave the key out to inherit."


@dataclass(frozen=True, slots=True)
class PropertySpec:
    """One declared setting. `default` and `const` are None where the manifest gives none."""

    name: str
    type: str = "string"
    required: bool = False
    secure: bool = False
    default: Any = None
    const: Any = None
    check: Check = field(default=lambda _value: [], compare=False, repr=False)

    def normalized(self, value: Any) -> Any:
        """The value as it is kept: a whole number is an integer, however it was written."""
        return int(value) if self.type == "integer" and isinstance(value, float) else value


def properties_of(manifest: Mapping[str, Any]) -> tuple[PropertySpec, ...]:
    """The settings that a registered manifest declares, in its order."""
    declared = manifest.get("properties")
    if not isinstance(declared, list):
        return ()
    return tuple(_property_of(entry) for entry in declared if _is_named(entry))


def _is_named(entry: Any) -> bool:
    return isinstance(entry, Mapping) and isinstance(entry.get("name"), str)


def _property_of(declared: Mapping[str, Any]) -> PropertySpec:
    kind = declared.get("type", "string")
    return PropertySpec(
        name=declared["name"],
        type=kind,
        required=declared.get("required") is True,
        secure=declared.get("secure") is True,
        default=declared.get("default"),
        const=declared.get("const"),
        check=compile_check({"type": kind, **declared}),
    )


def compile_check(declared: Mapping[str, Any]) -> Check:
    """What tells whether a value fits `type`, `const`, `enum`, `min`, `max`, `pattern` and `format`.

    Without a type any value will do. Raises ValueError when `pattern` is no RE2 pattern.
    """
    rules = [make(declared[word]) for word, make in RULES.items() if declared.get(word) is not None]
    fits_type = TYPES.get(declared.get("type", ""), lambda _value: True)
    wrong_type = f"Must be {_article(str(declared.get('type')))}."

    def check(value: Any) -> list[str]:
        if value is None:
            return [NOT_A_VALUE]
        if not fits_type(value):
            return [wrong_type]
        try:
            check_canonical(value)
        except UncanonicalError as error:
            return [str(error)]
        return [message for rule in rules if (message := rule(value))]

    return check


def check_values(properties: Iterable[PropertySpec], values: Mapping[str, Any]) -> dict[str, list[str]]:
    """What is wrong with a scope's own values, by the property's name; secure ones are no values."""
    specs = {spec.name: spec for spec in properties if not spec.secure}
    checked = {
        key: specs[key].check(value) if key in specs else [UNKNOWN_SETTING] for key, value in values.items()
    }
    return {key: messages for key, messages in checked.items() if messages}


def effective_config(
    properties: Iterable[PropertySpec],
    workspace_values: Mapping[str, Any],
    notebook_values: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Each property's value: the notebook's, the workspace's, or the default; a const is always itself.

    Secure properties are left out, and so are those that nothing sets. A value that its property refuses, kept
    from an older manifest say, counts as not set: what is shown can always be sent back.
    """
    effective: dict[str, Any] = {}
    for spec in properties:
        if spec.secure:
            continue
        candidates = [(notebook_values or {}).get(spec.name), workspace_values.get(spec.name), spec.default]
        if spec.const is not None:
            candidates = [spec.const]
        fitting = (value for value in candidates if value is not None and not spec.check(value))
        if (value := next(fitting, None)) is not None:
            effective[spec.name] = value
    return effective


def effective_enabled(plugin: bool | None, workspace: bool | None, notebook: bool | None = None) -> bool:
    """Whether the plugin is on: as the notebook says, else the workspace, else the plugin, else yes."""
    return next((enabled for enabled in (notebook, workspace, plugin) if enabled is not None), True)


def missing_required(
    properties: Iterable[PropertySpec], effective: Mapping[str, Any], secret_keys_set: Collection[str]
) -> list[str]:
    """The required properties that are set nowhere, in the manifest's order."""
    return [
        spec.name
        for spec in properties
        if spec.required and spec.name not in (secret_keys_set if spec.secure else effective)
    ]


Rule = Callable[[Any], str | None]


def _const_rule(const: Any) -> Rule:
    expected = canonical_json(const)
    return lambda value: (
        None if canonical_json(value) == expected else "Must be the value that the manifest fixes."
    )


def _enum_rule(choices: Any) -> Rule:
    expected = {canonical_json(choice) for choice in choices}
    listed = b", ".join(canonical_json(choice) for choice in choices).decode()
    return lambda value: None if canonical_json(value) in expected else f"Must be one of: {listed[:500]}."


def _min_rule(minimum: Any) -> Rule:
    return lambda value: f"Must be at least {minimum:g}{_unit(value)}." if _size(value) < minimum else None


def _max_rule(maximum: Any) -> Rule:
    return lambda value: f"Must be at most {maximum:g}{_unit(value)}." if _size(value) > maximum else None


def _pattern_rule(pattern: Any) -> Rule:
    compiled = _compile_pattern(pattern)

    def rule(value: Any) -> str | None:
        return (
            "Does not match the pattern."
            if isinstance(value, str) and not compiled.fullmatch(value)
            else None
        )

    return rule


def _format_rule(name: Any) -> Rule:
    fits = FORMATS.get(name, lambda _text: True)
    return lambda value: f"Is not a valid {name}." if isinstance(value, str) and not fits(value) else None


RULES: dict[str, Callable[[Any], Rule]] = {
    "const": _const_rule,
    "enum": _enum_rule,
    "min": _min_rule,
    "max": _max_rule,
    "pattern": _pattern_rule,
    "format": _format_rule,
}


@lru_cache(maxsize=1024)
def _compile_pattern(pattern: str) -> Any:
    if not isinstance(pattern, str) or len(pattern) > MAX_PATTERN_LENGTH:
        raise ValueError(f"A pattern has at most {MAX_PATTERN_LENGTH} characters.")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_PATTERN_MEMORY_BYTES
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError):
        raise ValueError("Not a pattern that RE2 understands.") from None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    return _is_number(value) and (isinstance(value, int) or value.is_integer())


TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": _is_integer,
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, Mapping),
    "array": lambda value: isinstance(value, list),
}


def _size(value: Any) -> float:
    """What `min` and `max` bound: a number itself, the length of anything that has one."""
    return float(value) if isinstance(value, bool | int | float) else len(value)


def _unit(value: Any) -> str:
    if isinstance(value, str):
        return " characters"
    return " entries" if isinstance(value, list | Mapping) else ""


def _article(kind: str) -> str:
    return f"an {kind}" if kind[:1] in "aeiou" else f"a {kind}"
