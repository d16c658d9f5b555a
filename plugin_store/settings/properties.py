"""A plugin's settings as its manifest declares them, and the validation of their values. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import re2

from plugin_store.engine.canonical import UncanonicalError, canonical_json, check_canonical
from plugin_store.settings.formats import FORMATS, TYPE_FORMATS
from plugin_store.settings.value_types import TYPES, choices_of, wrong_type
from schemas.manifests.words import CHOICE_TYPES

Check = Callable[[Any], list[str]]
"""What is wrong with a value, in sentences that never quote it; nothing when it fits."""

Rule = Callable[[Any], str | None]

MAX_PATTERN_LENGTH = 1000
MAX_PATTERN_MEMORY_BYTES = 256 * 1024
UNKNOWN_SETTING = "The plugin has no such setting."
NOT_A_VALUE = "null is not a value. Leave the key out to inherit."


@dataclass(frozen=True, slots=True)
class PropertySpec:
    """One declared setting. `default` and `const` are None if the manifest has none."""

    name: str
    type: str = "string"
    required: bool = False
    secure: bool = False
    default: Any = None
    const: Any = None
    check: Check = field(default=lambda _value: [], compare=False, repr=False)

    def normalized(self, value: Any) -> Any:
        """The value as it is stored: a whole number becomes an integer, however it was written."""
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
    kind = declared.get("type")
    return PropertySpec(
        name=declared["name"],
        type=kind if isinstance(kind, str) else "string",
        required=declared.get("required") is True,
        secure=declared.get("secure") is True,
        default=declared.get("default"),
        const=declared.get("const"),
        check=compile_kept_check(declared),
    )


def compile_check(declared: Mapping[str, Any]) -> Check:
    """A function that validates a value by `type`, `const`, `enum`, `min`, `max`, `pattern` and `format`.

    Without a type any value is valid. Raises ValueError if `pattern` is not an RE2 pattern.
    """
    kind = declared.get("type")
    words = [word for word in RULES if declared.get(word) is not None]
    if kind == "multiselect" and "enum" in words:
        # The value is a list of the choices in `enum`.
        words.remove("enum")
    rules = [RULES[word](declared[word]) for word in words]
    return _check_of(kind, [*_type_rules(kind, declared), *rules])


def compile_kept_check(declared: Mapping[str, Any]) -> Check:
    """The same for a registered manifest, ignoring keywords that are invalid there.

    The settings of a view are its frontend's own data: an unknown type, for example, accepts any value.
    """
    kind = declared.get("type", "string")
    if not isinstance(kind, str) or kind not in TYPES:
        return _check_of(None, [])
    usable = {word: value for word, value in declared.items() if word not in RULES or _compiles(word, value)}
    return compile_check({**usable, "type": kind})


def _compiles(word: str, value: Any) -> bool:
    try:
        RULES[word](value)
    except ValueError:
        return False
    return True


def _check_of(kind: str | None, rules: Sequence[Rule]) -> Check:
    fits_type = TYPES.get(kind or "", lambda _value: True)

    def check(value: Any) -> list[str]:
        if value is None:
            return [NOT_A_VALUE]
        if not fits_type(value):
            return [wrong_type(str(kind))]
        try:
            check_canonical(value)
        except UncanonicalError as error:
            return [str(error)]
        return [message for rule in rules if (message := rule(value))]

    return check


def check_values(properties: Iterable[PropertySpec], values: Mapping[str, Any]) -> dict[str, list[str]]:
    """The errors in a scope's own values, by the property's name. Secure properties are not values."""
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
    """Each property's value: the notebook's, the workspace's, or the default; a const always has its own value.

    Secure properties and unset ones are left out. An invalid value, for example from an older manifest, counts as not
    set: the values shown can always be sent back.
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
    """Whether the plugin is enabled: as the notebook says, else the workspace, else the plugin, else yes."""
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


def _type_rules(kind: str | None, declared: Mapping[str, Any]) -> list[Rule]:
    """The rules of a type beyond its JSON type: a format, or one of the options."""
    if kind in TYPE_FORMATS:
        fits, _ = TYPE_FORMATS[kind]
        return [lambda value: None if fits(value) else wrong_type(kind)]
    choices = choices_of(declared) if kind in CHOICE_TYPES else None
    if choices is None:
        return []
    is_choice = _enum_rule(choices)
    return [is_choice] if kind == "select" else [lambda value: _first_wrong(is_choice, value)]


def _first_wrong(is_choice: Rule, values: list[Any]) -> str | None:
    if len({canonical_json(value) for value in values}) < len(values):
        return "Must not contain an option twice."
    return next((message for value in values if (message := is_choice(value))), None)


def _const_rule(const: Any) -> Rule:
    expected = canonical_json(const)
    return lambda value: (
        None if canonical_json(value) == expected else "Must be the constant that the manifest declares."
    )


def _enum_rule(choices: Any) -> Rule:
    if not isinstance(choices, list):
        raise ValueError("Not a list.")
    expected = {canonical_json(choice) for choice in choices}
    listed = b", ".join(canonical_json(choice) for choice in choices).decode()
    return lambda value: None if canonical_json(value) in expected else f"Must be one of: {listed[:500]}."


def _min_rule(minimum: Any) -> Rule:
    _require_number(minimum)
    return lambda value: f"Must be at least {minimum:g}{_unit(value)}." if _size(value) < minimum else None


def _max_rule(maximum: Any) -> Rule:
    _require_number(maximum)
    return lambda value: f"Must be at most {maximum:g}{_unit(value)}." if _size(value) > maximum else None


def _require_number(bound: Any) -> None:
    if isinstance(bound, bool) or not isinstance(bound, int | float):
        raise ValueError("Not a number.")


def _pattern_rule(pattern: Any) -> Rule:
    if not isinstance(pattern, str):
        raise ValueError("A pattern must be a string.")
    compiled = _compile_pattern(pattern)

    def rule(value: Any) -> str | None:
        return (
            "Does not match the pattern."
            if isinstance(value, str) and not compiled.fullmatch(value)
            else None
        )

    return rule


def _format_rule(name: Any) -> Rule:
    if not isinstance(name, str):
        raise ValueError("Unknown format.")
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
    if len(pattern) > MAX_PATTERN_LENGTH:
        raise ValueError(f"A pattern has at most {MAX_PATTERN_LENGTH} characters.")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_PATTERN_MEMORY_BYTES
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError):
        raise ValueError("Not a valid RE2 pattern.") from None


def _size(value: Any) -> float:
    """The size that `min` and `max` limit: a number itself, or the length of a text or list."""
    return float(value) if isinstance(value, bool | int | float) else len(value)


def _unit(value: Any) -> str:
    if isinstance(value, str):
        return " characters"
    return " entries" if isinstance(value, list | Mapping) else ""
