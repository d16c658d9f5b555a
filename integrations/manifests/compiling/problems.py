"""Collects the errors of a manifest by field during compilation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from errors import Invalid
from integrations.manifests.patterns import compile_pattern
from integrations.manifests.templating import Template, TemplateError, Tree, parse_template, parse_tree
from plugin_store.settings.value_types import TYPES, choices_of
from schemas.manifests.words import CHOICE_TYPES

Made = TypeVar("Made")


class Problems:
    """Errors by path; `under` enters a part of the manifest.

    `is_stored` means that the manifest was registered before.
    """

    def __init__(self, root: str, *, is_stored: bool = False) -> None:
        self._path = root
        self.is_stored = is_stored
        self._errors: dict[str, list[str]] = {}

    @contextmanager
    def under(self, part: str) -> Iterator[None]:
        """Errors added inside are placed below `part`."""
        outer = self._path
        self._path = f"{outer}.{part}"
        try:
            yield
        finally:
            self._path = outer

    def add(self, field: str, message: str) -> None:
        path = f"{self._path}.{field}" if field else self._path
        self._errors.setdefault(path, []).append(message)

    def add_new(self, field: str, message: str) -> None:
        """Adds an error that earlier versions accepted. Stored manifests continue to work as before."""
        if not self.is_stored:
            self.add(field, message)

    def add_tree(self, messages: Any, path: str = "") -> None:
        """Adds marshmallow's nested messages."""
        if isinstance(messages, Mapping):
            for key, value in messages.items():
                self.add_tree(value, _joined(path, key))
        else:
            for message in messages if isinstance(messages, list) else [messages]:
                self.add(path, str(message))

    def attempt(self, field: str, make: Callable[[], Made]) -> Made | None:
        """The result of `make`. Its ValueError is added as the field's error."""
        try:
            return make()
        except ValueError as error:
            self.add(field, str(error))
            return None

    def template(self, field: str, source: Any) -> Template:
        """The template of a scalar; an empty one after an error was added."""

        def parse() -> Template:
            text = source if isinstance(source, str) else str(source)
            return parse_template(text.lower() if isinstance(source, bool) else text)

        return self.attempt(field, parse) or Template("", ("",))

    def tree(self, field: str, value: Any) -> Tree:
        try:
            return parse_tree(value)
        except TemplateError as error:
            self.add(field, str(error))
            return Tree(None)

    def check_value_declaration(self, declared: Mapping[str, Any]) -> None:
        """Checks that the rules of a value (pattern, default, enum, min, max) are consistent."""
        if "pattern" in declared:
            self.attempt("pattern", lambda: compile_pattern(declared["pattern"]))
        if "min" in declared and "max" in declared and declared["min"] > declared["max"]:
            self.add("min", "Greater than `max`.")
        kind = declared.get("type")
        if kind in CHOICE_TYPES and choices_of(declared) is None:
            self.add("options", f"A `{kind}` needs options to choose from.")
        fits = TYPES.get(kind or "") if kind not in CHOICE_TYPES else None
        if fits is not None and "enum" in declared and not any(fits(choice) for choice in declared["enum"]):
            self.add("enum", f"No option has the type `{kind}`.")

    @property
    def errors(self) -> Mapping[str, list[str]]:
        """The added errors, by path."""
        return self._errors

    def raise_if_any(self) -> None:
        """Raises Invalid with all errors, if there are any."""
        if self._errors:
            first_field, first = next(iter(self._errors.items()))
            raise Invalid(f"{first_field}: {first[0]}", errors=self._errors)


def _joined(path: str, key: Any) -> str:
    if key == "_schema":
        return path
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else str(key)
