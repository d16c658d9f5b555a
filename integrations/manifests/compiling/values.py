"""Compiles the rules of a parameter or an input."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC
from typing import Any

from integrations.manifests.compiling.problems import Problems
from integrations.manifests.model import MISSING, Property, Value
from integrations.manifests.namespace import NOT_TEXT
from integrations.manifests.templating import Tree, placeholder_names
from integrations.manifests.time_placeholders import EXAMPLES, parse_time_placeholder, split_times
from plugin_store.settings.properties import Check, compile_check
from plugin_store.settings.value_types import json_type
from schemas.manifests.words import CHOICE_TYPES

# Any moment of a year with four digits will do.
_SOME_MOMENT = 1_700_000_000.0


def compile_value(name: str, declared: Mapping[str, Any], problems: Problems, *, required: bool) -> Value:
    """The value's rules. An invalid default is a problem. Without a type any value is valid."""
    return _compile(name, declared, problems, required, lambda check: check)


def compile_parameter(
    declared: Mapping[str, Any], properties: Mapping[str, Property], problems: Problems, *, required: bool
) -> Value:
    """A parameter's rules. Without a type it has that of the setting that fills it; else any scalar is valid."""
    if "type" not in declared and (kind := _implied_type(declared, properties)) is not None:
        declared = {**declared, "type": kind}
    check_setting_type(declared, properties, problems)
    only_scalars = "type" not in declared
    return _compile(
        declared["name"], declared, problems, required, _scalar_check if only_scalars else lambda check: check
    )


def _implied_type(declared: Mapping[str, Any], properties: Mapping[str, Property]) -> str | None:
    """The type of a parameter that declares none; None if any scalar is valid."""
    setting = properties.get(declared.get("from_config") or "")
    if setting is not None and not setting.secure:
        # The options belong to the setting.
        return json_type(setting.type) if setting.type in CHOICE_TYPES else setting.type
    # These rules only apply to texts, and a list must not bypass them.
    is_text = "pattern" in declared or "format" in declared or setting is not None
    return "string" if is_text else None


def check_setting_type(
    declared: Mapping[str, Any], properties: Mapping[str, Property], problems: Problems
) -> None:
    """Adds a problem for a setting of which the declared type would refuse every value."""
    setting, wanted = properties.get(declared.get("from_config") or ""), declared.get("type")
    if setting is not None and not setting.secure and not may_fit(setting.type, wanted):
        problems.add("from_config", f"`{setting.name}` is of type `{setting.type}`, and this of `{wanted}`.")


def may_fit(given: str | None, wanted: str | None) -> bool:
    """Whether a value of one type may be valid for the other. Integers are numbers, dates are strings."""
    given, wanted = json_type(given), json_type(wanted)
    numbers = {"integer", "number"}
    return given is None or wanted is None or given == wanted or {given, wanted} <= numbers


def _scalar_check(check: Check) -> Check:
    return lambda value: [NOT_TEXT] if isinstance(value, list | Mapping) else check(value)


def _compile(
    name: str,
    declared: Mapping[str, Any],
    problems: Problems,
    required: bool,
    bounded: Callable[[Check], Check],
) -> Value:
    problems.check_value_declaration(declared)
    check = bounded(problems.attempt("pattern", lambda: compile_check(declared)) or (lambda _value: []))
    default = declared.get("default")
    tree = _default_tree(default, problems)
    if default is not None:
        for message in check(default if tree is None else tree.value(_SomeTimes())):
            problems.add("default", message)
    return Value(
        name=name,
        type=json_type(declared.get("type")),
        required=required,
        default=default if default is not None else MISSING,
        from_config=declared.get("from_config"),
        check=check,
        default_tree=tree,
    )


def _default_tree(default: Any, problems: Problems) -> Tree | None:
    """The default as a tree of templates where it contains times; else it is taken as it is."""
    names = placeholder_names(default)
    times, others = split_times(names)
    for name in sorted(others):
        problems.add_new("default", _not_filled(name))
    return problems.tree("default", default) if times and not others else None


def _not_filled(name: str) -> str:
    try:
        parse_time_placeholder(name)
    except ValueError as error:
        return f"`{{{name}}}`: {error}"
    return f"Nothing fills `{{{name}}}` in a default. `from_config` takes a setting; times are filled, like {EXAMPLES}."


class _SomeTimes(Mapping[str, Any]):
    """A value for every time, to check what a default will be like."""

    def __getitem__(self, name: str) -> Any:
        placeholder = parse_time_placeholder(name)
        if placeholder is None:
            raise KeyError(name)
        return placeholder.value_at(_SOME_MOMENT, UTC)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
