"""The types of a setting, an input or a parameter, and their values. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from plugin_store.settings.formats import TYPE_FORMATS
from schemas.manifests.words import TEXT_TYPES

_SCALARS = (str, int, float, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    return _is_number(value) and (isinstance(value, int) or value.is_integer())


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, _SCALARS)


def _is_list_of_scalars(value: Any) -> bool:
    return isinstance(value, list) and all(_is_scalar(item) for item in value)


TYPES: dict[str, Callable[[Any], bool]] = {
    "string": _is_text,
    "integer": _is_integer,
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, Mapping),
    "array": lambda value: isinstance(value, list),
    **dict.fromkeys(TEXT_TYPES, _is_text),
    "select": _is_scalar,
    "multiselect": _is_list_of_scalars,
}
"""Whether a value has the JSON type that a type asks for; the format of a date, say, is looked at beside."""

_JSON_TYPES = {**dict.fromkeys(TEXT_TYPES, "string"), "select": None, "multiselect": "array"}
_WORDS = {
    "text": "a string",
    "password": "a string",
    "select": "one of its options",
    "multiselect": "a list of its options",
    **{kind: words for kind, (_, words) in TYPE_FORMATS.items()},
}


def json_type(kind: str | None) -> str | None:
    """The JSON type of a value; None if several are possible."""
    return kind if kind is None else _JSON_TYPES.get(kind, kind)


def wrong_type(kind: str) -> str:
    """The error message for a value of another type."""
    return f"Must be {_WORDS.get(kind) or _with_article(kind)}."


def _with_article(kind: str) -> str:
    return f"an {kind}" if kind[:1] in "aeiou" else f"a {kind}"


def options_of(declared: Mapping[str, Any]) -> list[Any] | None:
    """The declared options, from `options`, `ui.options` or `enum`; None if any value is allowed."""
    ui = declared.get("ui")
    within = ui.get("options") if isinstance(ui, Mapping) else None
    found = (declared.get("options"), within, declared.get("enum"))
    return next((options for options in found if isinstance(options, list) and options), None)


def choices_of(declared: Mapping[str, Any]) -> list[Any] | None:
    """The values of the options; None without options."""
    options = options_of(declared)
    return None if options is None else [choice_of(option) for option in options]


def choice_of(option: Any) -> Any:
    """The value of an option, which may come as `{value, label}`."""
    return option.get("value") if isinstance(option, Mapping) else option
