"""Blocks: what a frontend draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.answers.selection import Selector
from integrations.manifests.display import Display
from integrations.manifests.freshness_policy import FreshnessPolicy
from integrations.manifests.model.endpoints import Endpoint
from integrations.manifests.model.values import Value
from integrations.manifests.patterns import Pattern
from integrations.manifests.schedules import Schedule
from integrations.manifests.templating import Tree
from integrations.manifests.time_placeholders import TimePlaceholder


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a block. Without `parameters` the block's inputs bind to the endpoint's by name."""

    id: str
    endpoint: Endpoint
    parameters: Tree | None
    outputs: tuple[tuple[str, Selector], ...]
    for_each: str | None = None
    """The placeholder of a list, for each of whose items the call is made."""
    may_fail: bool = False
    """Whether the result is null after a failure, instead of the block's failing."""

    @property
    def item_names(self) -> frozenset[str]:
        """The names in its parameters that the list's item fills: `item`, and `item.id` for a member."""
        names = self.parameters.names if self.parameters is not None else frozenset()
        return frozenset(name for name in names if is_item(name))


def is_item(name: str) -> bool:
    """Whether the name is that of a list's item or of its member."""
    return name == "item" or name.startswith("item.")


@dataclass(frozen=True, slots=True)
class Action:
    """What a user is asked before the block's calls are made; `renews` are the blocks to purge afterwards."""

    label: str
    confirm: str | None
    renews: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A block: a provider's data, or an action."""

    id: str
    inputs: tuple[Value, ...]
    steps: tuple[Step, ...]
    problem: str | None
    """Why the block cannot be rendered, where it cannot; told when somebody tries."""
    action: Action | None
    """How it is run, for a block that changes something: by a person, and never by being drawn."""
    selector: Selector | None
    collect: bool
    url_patterns: tuple[Pattern, ...]
    freshness_policy: FreshnessPolicy
    pre_fetch: bool
    refresh_interval_seconds: float | None
    schedule: Schedule | None
    digest: str
    declared: Mapping[str, Any] = field(repr=False)
    display: Display
    time_names: frozenset[str] = frozenset()
    """The times in the parameters of its steps, and in defaults that no input overrides."""
    times: tuple[TimePlaceholder, ...] = ()
    """All times on which the block depends."""
    is_safe: bool = field(init=False)
    config_names: frozenset[str] = field(init=False)
    secret_names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        endpoints = [step.endpoint for step in self.steps]
        expressions = [self.selector, *(selector for step in self.steps for _, selector in step.outputs)]
        config_names = self.time_names.union(
            *(endpoint.config_names for endpoint in endpoints),
            *(selector.config_names for selector in expressions if selector is not None),
        )
        secret_names = frozenset[str]().union(*(endpoint.secret_names for endpoint in endpoints))
        object.__setattr__(self, "is_safe", all(endpoint.is_safe for endpoint in endpoints))
        object.__setattr__(self, "config_names", config_names)
        object.__setattr__(self, "secret_names", secret_names)

    @property
    def depends_on_time(self) -> bool:
        """Whether its own expression asks for the time of the fetch."""
        return self.selector is not None and self.selector.asks_time

    @property
    def endpoints_of_steps(self) -> list[str]:
        """The endpoints whose answers may have artifacts of their own: of all steps but the last, which is the block's.

        The last has one too if it is repeated, or if a step may fail.
        """
        has_own = any(step.may_fail for step in self.steps) or any(step.for_each for step in self.steps[-1:])
        return [step.endpoint.id for step in (self.steps if has_own else self.steps[:-1])]

    @property
    def uses_url(self) -> bool:
        """Whether the input `url` is used in a call itself, not only by the patterns."""
        return any(
            "inputs.url" in step.parameters.names
            if step.parameters is not None
            else any(parameter.name == "url" for parameter in step.endpoint.parameters)
            for step in self.steps
        )
