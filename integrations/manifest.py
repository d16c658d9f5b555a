"""What a registered manifest means, typed and immutable: integration, endpoints, blocks, steps.

Made by `integrations.compiling`; everything in here can work, or it would have been refused at registration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from integrations.base_url import BaseUrl
from integrations.freshness import Wishes
from integrations.patterns import Pattern
from integrations.response_schema import SchemaCheck
from integrations.selection import Selector
from integrations.templating import Template, Tree

Location = Literal["path", "query", "header", "body", "url"]
SAFE_METHODS = frozenset({"GET", "HEAD"})


class Missing:
    """The type of MISSING: no value was declared, where null would be one."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


@dataclass(frozen=True, slots=True)
class Property:
    """A setting of the plugin, as far as calls are concerned."""

    name: str
    secure: bool
    required: bool


@dataclass(frozen=True, slots=True)
class Value:
    """What a parameter or an input accepts, and where it comes from when nobody gives it.

    `check` returns what is wrong with a value, nothing when it is fine.
    """

    name: str
    type: str | None
    required: bool
    default: Any
    from_config: str | None
    check: Callable[[Any], list[str]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value that an endpoint takes, and the place where it travels."""

    value: Value
    location: Location

    @property
    def name(self) -> str:
        return self.value.name


@dataclass(frozen=True, slots=True)
class Credential:
    """One credential's place: `api_key` in a header, the query, the body or a cookie, `bearer` or `basic`.

    `value` is the key or token, or the user's half of a basic credential.
    """

    type: str
    location: str
    name: str
    prefix: str
    value: Template
    password: Template | None = None
    when: str | None = None

    @property
    def names(self) -> frozenset[str]:
        return self.value.names | (self.password.names if self.password else frozenset())

    @property
    def placement(self) -> str:
        """The place in words that compare: `header:X-Api-Key`."""
        return f"{self.location}:{self.name}"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Upstream calls that a workspace may make, by window in seconds."""

    calls_by_window: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Retry:
    """When a safe call is made again."""

    max_retries: int
    status_codes: frozenset[int]
    wait_header: str
    wait_until_header: str | None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call that the provider offers."""

    id: str
    method: str
    base_url: BaseUrl | None
    path: Template
    path_query: tuple[tuple[str, Template], ...]
    parameters: tuple[Parameter, ...]
    headers: tuple[tuple[str, Template], ...]
    query: tuple[tuple[str, Template], ...]
    credentials: tuple[Credential, ...]
    body: Tree | None
    body_format: str
    response_type: str
    selector: Selector | None
    schema: SchemaCheck | None
    redirects: Literal["none", "same_origin", "any"]
    timeout_seconds: float | None
    wishes: Wishes
    config_names: frozenset[str]
    secret_names: frozenset[str]
    digest: str
    declared: Mapping[str, Any] = field(repr=False)

    @property
    def is_safe(self) -> bool:
        """Whether the call only reads (RFC 9110 section 9.2.1), so that it may be kept and made again."""
        return self.method in SAFE_METHODS

    @property
    def url_parameter(self) -> Parameter | None:
        """The parameter that gives the whole URL, where one does."""
        return next((item for item in self.parameters if item.location == "url"), None)

    @property
    def needs_input(self) -> bool:
        """Whether somebody must give a value before the endpoint can be called."""
        return any(
            item.value.required and item.value.default is MISSING and item.value.from_config is None
            for item in self.parameters
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a block. Without `parameters` the block's inputs bind to the endpoint's by name."""

    id: str
    endpoint: Endpoint
    parameters: Tree | None
    outputs: tuple[tuple[str, Selector], ...]


@dataclass(frozen=True, slots=True)
class Block:
    """What a frontend draws."""

    id: str
    inputs: tuple[Value, ...]
    steps: tuple[Step, ...]
    problem: str | None
    """Why the block cannot be rendered, where it cannot; told when somebody tries."""
    selector: Selector | None
    collect: bool
    url_patterns: tuple[Pattern, ...]
    wishes: Wishes
    pre_fetch: bool
    refresh_interval_seconds: float | None
    schedule: str | None
    digest: str
    declared: Mapping[str, Any] = field(repr=False)

    @property
    def is_safe(self) -> bool:
        return all(step.endpoint.is_safe for step in self.steps)

    @property
    def config_names(self) -> frozenset[str]:
        return frozenset().union(*(step.endpoint.config_names for step in self.steps))

    @property
    def secret_names(self) -> frozenset[str]:
        return frozenset().union(*(step.endpoint.secret_names for step in self.steps))


@dataclass(frozen=True, slots=True)
class SecretUse:
    """One way in which a secret leaves: by which placement, to the origin of which URL."""

    secret: str
    placement: str
    base_url: BaseUrl


@dataclass(frozen=True, slots=True)
class Integration:
    """Everything that calls need of a plugin."""

    plugin_id: str
    api_type: str
    auth_method: str
    base_url: BaseUrl | None
    properties: Mapping[str, Property]
    endpoints: Mapping[str, Endpoint]
    blocks: Mapping[str, Block]
    secret_uses: tuple[SecretUse, ...]
    timeout_seconds: float | None
    retry: Retry | None
    rate_limit: RateLimit | None
    test_endpoint: str | None

    def destinations(self, config: Mapping[str, Any]) -> dict[str, list[str]]:
        """Where each secret goes with these settings, as `placement@origin`, sorted.

        An origin that the settings do not yet determine reads `unresolved:` and the template.
        """
        found: dict[str, set[str]] = {name: set() for name, item in self.properties.items() if item.secure}
        for use in self.secret_uses:
            found[use.secret].add(f"{use.placement}@{use.base_url.origin(config)}")
        return {name: sorted(places) for name, places in found.items()}
