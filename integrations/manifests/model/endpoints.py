"""The calls that a provider offers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from integrations.answers.schema_limits import LimitedSchema
from integrations.answers.selection import Selector
from integrations.answers.types.reading import READ_PLAINLY, Reading
from integrations.manifests.base_url import BaseUrl
from integrations.manifests.freshness_policy import FreshnessPolicy
from integrations.manifests.model.credentials import Credential, Signature
from integrations.manifests.model.values import MISSING, Value
from integrations.manifests.templating import Template, Tree
from schemas.manifests.words import VALUE_RESPONSE_TYPES

Location = Literal["path", "query", "header", "body", "url", "template"]
"""Where a parameter travels; `template`: where a header or body template puts it, and nowhere else."""


SAFE_METHODS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an endpoint, and its place in the request."""

    value: Value
    location: Location
    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.value.name)


@dataclass(frozen=True, slots=True)
class Retry:
    """When a safe call is retried."""

    max_retries: int
    status_codes: frozenset[int]
    wait_header: str
    wait_until_header: str | None


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Upstream calls that a workspace may make, by window in seconds."""

    calls_by_window: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Paginator:
    """How the next page is requested: `cursor`, `link` (RFC 8288), `offset` or `page`."""

    type: str
    items: Selector | None
    """Where a page's items are; None when the page itself is the list."""
    cursor: Selector | None
    cursor_header: str | None
    param: str | None
    """The parameter that moves: the cursor's, the page's or the offset's."""
    limit_param: str | None
    limit: int | None
    first: int
    max_pages: int


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call that the provider offers."""

    id: str
    method: str
    base_url: BaseUrl | None
    path: Template
    path_query: tuple[tuple[str, Template], ...]
    """The pairs of the path's own query: each one's name, and all of it as it was written."""
    parameters: tuple[Parameter, ...]
    headers: tuple[tuple[str, Template], ...]
    common_headers: tuple[tuple[str, Template], ...]
    """The integration's own; like `query` they are filled by settings alone, whatever a parameter is called."""
    query: tuple[tuple[str, Template], ...]
    credentials: tuple[Credential, ...]
    body: Tree | None
    body_format: str
    response_type: str
    selector: Selector | None
    schema: LimitedSchema | None
    protocol: Literal["plain", "graphql", "jsonrpc"]
    paginator: Paginator | None
    is_safe: bool
    """Whether the call only reads (RFC 9110 section 9.2.1), so that it may be kept and made again."""
    redirects: Literal["none", "same_origin", "any"]
    timeout_seconds: float | None
    freshness_policy: FreshnessPolicy
    config_names: frozenset[str]
    secret_names: frozenset[str]
    digest: str
    declared: Mapping[str, Any] = field(repr=False)
    reading: Reading = READ_PLAINLY
    computed: Signature | None = None
    """Values that are computed before the request, for its templates."""
    token_names: frozenset[str] = frozenset()
    """What of a token or a login its own headers and body take."""
    parameter_names: frozenset[str] = field(init=False, repr=False)
    names_at: Mapping[Location, tuple[str, ...]] = field(init=False, repr=False)
    """The parameters' names by place, in their order."""

    def __post_init__(self) -> None:
        places: dict[Location, list[str]] = {}
        for item in self.parameters:
            places.setdefault(item.location, []).append(item.name)
        object.__setattr__(self, "parameter_names", frozenset(item.name for item in self.parameters))
        object.__setattr__(self, "names_at", {place: tuple(names) for place, names in places.items()})

    @property
    def has_members(self) -> bool:
        """Whether the answer is a value to select from, and not a text or a file."""
        return self.response_type in VALUE_RESPONSE_TYPES or self.reading.makes_object

    @property
    def is_check(self) -> bool:
        """Whether it asks only if the address is up: every outcome is an answer, and of an answer only the head."""
        return self.response_type == "status"

    @property
    def depends_on_time(self) -> bool:
        """Whether the same bytes of the provider mean something else at another time, so that a 304 is no use."""
        is_asked = self.selector is not None and self.selector.asks_time
        return is_asked or self.response_type == "ical"

    @property
    def url_parameter(self) -> Parameter | None:
        """The parameter that is the whole URL, if there is one."""
        if "url" not in self.names_at:
            return None
        return next(item for item in self.parameters if item.location == "url")

    def default_names(self, given: Collection[str]) -> frozenset[str]:
        """The times in the defaults of parameters that are not given."""
        return frozenset[str]().union(
            *(item.value.default_names for item in self.parameters if item.name not in given)
        )

    @property
    def needed_inputs(self) -> tuple[str, ...]:
        """The parameters that a caller must give, in order."""
        return tuple(
            item.name
            for item in self.parameters
            if item.value.required and item.value.default is MISSING and item.value.from_config is None
        )

    @property
    def needs_input(self) -> bool:
        """Whether a caller must give a value."""
        return bool(self.needed_inputs)
