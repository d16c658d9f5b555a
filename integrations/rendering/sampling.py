"""Which numbers of a block's answer are kept, and as whose. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from integrations.catalog.catalog import Installed
from integrations.history.samples import MAX_FIELDS, Samples, SampleSource, number_of
from integrations.manifests.display import History, value_at
from integrations.manifests.model import Block
from integrations.rendering.artifact_keys import history_key


def sampler_of(
    installed: Installed, block: Block, parameters: Mapping[str, Any], inputs: Mapping[str, Any]
) -> Callable[[Any, float], Samples | None] | None:
    """What takes the numbers to keep of a fetched value and its time; None for a block without a history.

    `inputs` are the bound `parameters`.
    """
    history = block.display.history
    if history is None:
        return None

    def take(value: Any, at: float) -> Samples | None:
        numbers = numbers_in(value, history)
        if not numbers:
            return None
        return Samples(_source(installed, block, history, parameters, inputs), int(at), numbers)

    return take


def numbers_in(value: Any, history: History) -> dict[str, float]:
    """The numbers of the value by field, as far as there are any."""
    found = {name: number_of(value_at(value, name)) for name in fields_of(history)}
    return {name: number for name, number in found.items() if number is not None}


def fields_of(history: History) -> tuple[str, ...]:
    """The fields whose numbers are kept, at most twenty."""
    return history.fields[:MAX_FIELDS]


def _source(
    installed: Installed,
    block: Block,
    history: History,
    parameters: Mapping[str, Any],
    inputs: Mapping[str, Any],
) -> SampleSource:
    return SampleSource(
        key=history_key(installed, block, parameters, inputs),
        workspace_id=installed.scope.workspace_id,
        notebook_id=installed.scope.notebook_id if _is_of_notebook(installed, block) else None,
        plugin_id=installed.plugin_id,
        block_id=block.id,
        # Inputs that follow the clock are not those of the next sample.
        parameters=parameters if block.times else inputs,
        keep_seconds=history.keep_seconds,
    )


def _is_of_notebook(installed: Installed, block: Block) -> bool:
    """Whether the block uses a setting that the notebook itself has."""
    own = installed.plugin_state.notebook_config
    return bool(own) and any(
        name in own for name in (*block.config_names, *(item.from_config for item in block.inputs))
    )
