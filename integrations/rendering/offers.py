"""What a user is shown before an action runs. Pure."""

from __future__ import annotations

from typing import Any

from errors import Invalid
from integrations.manifests.model import Action, Block
from integrations.rendering.block_inputs import Settings, describe_inputs


def describe_action(block: Block, action: Action, settings: Settings) -> dict[str, Any]:
    """`{label, confirm, renews, inputs}`: the button label, the confirmation question, and the inputs."""
    return {
        "label": action.label,
        "confirm": action.confirm,
        "renews": list(action.renews),
        "inputs": describe_inputs(block, settings),
    }


def not_fetched_ahead() -> Invalid:
    """The error for an action that a schedule tries to run."""
    reason = "This block changes something, so it cannot be prefetched."
    return Invalid(reason, errors={"block_type": [reason]})
