"""What a person is told before an action is run. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from errors import Invalid
from integrations.manifest import MISSING, Action, Block, Value

# How a parameter travels is nothing that a form could use.
_WORDS_OF_THE_CALL = frozenset({"in", "in_"})


def describe_action(block: Block, action: Action) -> dict[str, Any]:
    """`{label, confirm, renews, inputs}`: what the button says, what is asked before, and what can be entered."""
    declared = _declarations(block)
    return {
        "label": action.label,
        "confirm": action.confirm,
        "renews": list(action.renews),
        "inputs": [_describe_input(item, declared.get(item.name, {})) for item in block.inputs],
    }


def _describe_input(item: Value, declared: Mapping[str, Any]) -> dict[str, Any]:
    """The input's words as they are declared, completed by what they mean."""
    words = {word: value for word, value in declared.items() if word not in _WORDS_OF_THE_CALL}
    found = {**words, "name": item.name, "type": item.type, "required": item.required}
    found["from_config"] = item.from_config
    return found if item.default is MISSING else {**found, "default": item.default}


def _declarations(block: Block) -> Mapping[str, Mapping[str, Any]]:
    """What is declared of each input: in the block, else by the parameter of its one endpoint."""
    if "config_schema" in block.declared:
        return block.declared["config_schema"]
    if len(block.steps) == 1 and block.steps[0].parameters is None:
        return {item["name"]: item for item in block.steps[0].endpoint.declared["parameters"]}
    return {}


def not_fetched_ahead() -> Invalid:
    """The refusal to run an action by a schedule."""
    reason = "Only what is read is fetched ahead; this block changes something."
    return Invalid(reason, errors={"block_type": [reason]})
