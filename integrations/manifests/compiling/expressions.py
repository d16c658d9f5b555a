"""JMESPath in a manifest: compiled, and every setting and input that it asks for known."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from integrations.answers.selection import Selector, compile_select
from integrations.manifests.compiling.problems import Problems
from integrations.manifests.compiling.templates import secure_names
from integrations.manifests.model import Property


def compile_expression(
    field: str,
    expression: str,
    problems: Problems,
    properties: Mapping[str, Property],
    inputs: Collection[str] | None,
) -> Selector | None:
    """The selector; None after a problem was noted.

    It may ask for plain `properties` and for `inputs` by name. Where inputs is None, `check_inputs` checks them later.
    """
    selector = problems.attempt(field, lambda: compile_select(expression))
    if selector is None:
        return None
    for name in sorted(selector.config_names - properties.keys()):
        problems.add(field, f"`config('{name}')`: `{name}` is not a declared property.")
    for name in secure_names(selector.config_names, properties):
        problems.add(field, f"`config('{name}')`: a secret cannot be used in an expression.")
    for name in sorted(selector.placeholders & properties.keys()):
        problems.add_new(field, f"`{{{name}}}` is not replaced here. Use `config('{name}')`.")
    if inputs is not None:
        check_inputs(field, selector, inputs, problems)
    return selector


def check_inputs(field: str, selector: Selector, inputs: Collection[str], problems: Problems) -> None:
    """Notes every input that an expression asks for and that is none, and those that it means and does not ask for."""
    for name in sorted(selector.input_names.difference(inputs)):
        problems.add(field, f"`inputs('{name}')`: there is no input `{name}`.")
    for name in sorted(selector.placeholders):
        own_name = name.removeprefix("inputs.")
        if own_name in inputs:
            problems.add_new(field, f"`{{{name}}}` is not replaced here. Use `inputs('{own_name}')`.")
