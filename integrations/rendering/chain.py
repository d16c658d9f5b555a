"""A block's steps, one after the other: what each is given, and what the block makes of their answers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from errors import PatchbayError
from integrations.calling.executor import EndpointResult
from integrations.manifests.model import Block, Step
from integrations.rendering.inputs import step_parameters


class Chain:
    """What is known so far of one run of a block. `partial` is why something is missing, where something is."""

    def __init__(self, block: Block, inputs: Mapping[str, Any]) -> None:
        self._block = block
        self._inputs = inputs
        self._values: dict[str, Any] = {f"inputs.{name}": value for name, value in inputs.items()}
        self._results: dict[str, Any] = {}
        self.partial: PatchbayError | None = None

    def parameters(self, step: Step) -> dict[str, Any]:
        """What the step gives to its endpoint; raises as `step_parameters` does."""
        return step_parameters(self._block, step, self._inputs, self._values)

    def note(self, step: Step, result: Any, partial: PatchbayError | None) -> None:
        """The step's result, from which later ones take its outputs."""
        self.partial = self.partial or partial
        self._results[step.id] = result
        self._values |= {f"steps.{step.id}.{name}": selector.apply(result) for name, selector in step.outputs}

    def outcome(self, last: EndpointResult) -> EndpointResult:
        """The block's outcome, given that of its last step."""
        outcome = last if self.partial is last.partial else replace(last, partial=self.partial)
        if self._block.collect:
            outcome = _as_json(outcome, self._results)
        if self._block.selector is not None:
            outcome = _as_json(outcome, self._block.selector.apply(outcome.value))
        return outcome


def _as_json(outcome: EndpointResult, value: Any) -> EndpointResult:
    return replace(outcome, value=value, kind="json", content_type="application/json")
