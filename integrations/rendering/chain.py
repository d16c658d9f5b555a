"""The steps of a block in order: the parameters of each step, and the outcome built from their results. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from errors import PatchbayError
from integrations.answers.select_functions import SelectContext
from integrations.caching.freshness import Upstream
from integrations.calling.executor import EndpointResult
from integrations.json.exact_json import load_json
from integrations.manifests.model import Block, Step
from integrations.rendering.inputs import step_parameters
from integrations.rendering.read_through import Rendered
from integrations.rendering.step_calls import step_calls


class Chain:
    """The state of one run of a block. `partial` is the error that left something out, if any."""

    def __init__(
        self, block: Block, inputs: Mapping[str, Any], config: Mapping[str, Any], now: float
    ) -> None:
        self._block = block
        self._inputs = inputs
        self._context = SelectContext(now, config, inputs)
        self._values: dict[str, Any] = {f"inputs.{name}": value for name, value in inputs.items()}
        self._values |= {name: config[name] for name in block.time_names if name in config}
        self._results: dict[str, Any] = {}
        self.partial: PatchbayError | None = None
        self.left_out = False
        """Whether a step failed that may."""

    def parameters(self, step: Step) -> dict[str, Any]:
        """The parameters that the step passes to its endpoint. Raises as `step_parameters` does."""
        return step_parameters(self._block, step, self._inputs, self._values)

    def calls(self, step: Step) -> list[dict[str, Any]]:
        """The parameters of each of the step's calls. Raises as `step_calls` does."""
        return step_calls(self._block, step, self._inputs, self._values)

    def note(self, step: Step, result: Any, partial: PatchbayError | None) -> None:
        """Stores the step's result, from which later steps take its outputs."""
        self.partial = self.partial or partial
        self._results[step.id] = result
        self._values |= {
            f"steps.{step.id}.{name}": selector.apply(result, self._context)
            for name, selector in step.outputs
        }

    def note_answers(self, step: Step, answers: Sequence[Rendered | PatchbayError]) -> None:
        """Stores what the step's calls were answered; a failure is a null in its place, and told as `partial`."""
        results, errors = [], []
        for answer in answers:
            failed = isinstance(answer, PatchbayError)
            results.append(None if failed else load_json(answer.artifact.data))
            errors.append(answer if failed else answer.error)
            self.left_out = self.left_out or failed
        partial = next((error for error in errors if error is not None), None)
        self.note(step, results if step.for_each is not None else results[0], partial)

    def leave_out(self, step: Step, error: PatchbayError) -> None:
        """Stores null as the result of a step that failed and may."""
        self.left_out = True
        self.note(step, None, error)

    def outcome_of_steps(self, last: Step, fetched_at: float) -> EndpointResult:
        """The block's outcome if the last step, too, was answered by artifacts of its own.

        `fetched_at` is when the oldest of them was fetched, in epoch seconds.
        """
        value = self._results[last.id]
        return self.outcome(
            EndpointResult(value, "json", "application/json", Upstream(), fetched_at, self.partial)
        )

    def outcome(self, last: EndpointResult) -> EndpointResult:
        """The block's outcome, built from the outcome of its last step."""
        outcome = last if self.partial is last.partial else replace(last, partial=self.partial)
        if self._block.collect:
            outcome = _as_json(outcome, self._results)
        if self._block.selector is not None:
            outcome = _as_json(outcome, self._block.selector.apply(outcome.value, self._context))
        return outcome


def _as_json(outcome: EndpointResult, value: Any) -> EndpointResult:
    return replace(outcome, value=value, kind="json", content_type="application/json")
