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

Location = Literal["path", "query", "header", "body", "url", "template"]
"""Where a parameter travels; `template`: where a header or body template puts it, and nowhere else."""

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
class SignatureValue:
    """One named value of a signature: a function of `integrations.signatures` over a template, with its key."""

    name: str
    function: str
    input: Template | None
    key: Template | None


@dataclass(frozen=True, slots=True)
class Signature:
    """What is computed over a request, in order, and the headers and query parameters that carry it."""

    values: tuple[SignatureValue, ...]
    headers: tuple[tuple[str, Template], ...]
    query: tuple[tuple[str, Template], ...]

    @property
    def names(self) -> frozenset[str]:
        """The names that settings must fill: neither the signature's own nor the request's parts."""
        templates = [template for item in self.values for template in (item.input, item.key) if template]
        templates += [template for _, template in (*self.headers, *self.query)]
        own = {item.name for item in self.values}
        names = frozenset().union(*(template.names for template in templates))
        return frozenset(name for name in names if name not in own and not name.startswith("request."))


@dataclass(frozen=True, slots=True)
class Credential:
    """One credential's place: in a header, the query, the body or a cookie; `basic`, `digest` or `signature`.

    `value` is the key or token, or the user's half of a basic or digest credential.
    """

    type: str
    location: str
    name: str
    prefix: str
    value: Template
    password: Template | None = None
    when: str | None = None
    signature: Signature | None = None

    @property
    def names(self) -> frozenset[str]:
        password = self.password.names if self.password else frozenset()
        return self.value.names | password | (self.signature.names if self.signature else frozenset())

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
class Paginator:
    """How the next page is asked for: `cursor`, `link` (RFC 8288), `offset` or `page`."""

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
class OAuth2:
    """Where an OAuth 2.0 token comes from: `client_credentials` or `authorization_code` (RFC 6749)."""

    grant_type: Literal["client_credentials", "authorization_code"]
    token_url: BaseUrl
    authorization_url: BaseUrl | None
    client_id: Template
    client_secret: Template | None
    scopes: tuple[Template, ...]
    scope_separator: str
    token_params: tuple[tuple[str, Template], ...]
    authorization_params: tuple[tuple[str, Template], ...]
    body_format: Literal["form", "json"]
    endpoint_auth_method: Literal["client_secret_basic", "client_secret_post", "none"]

    @property
    def names(self) -> frozenset[str]:
        """The properties that getting a token binds."""
        templates = [self.client_id, *self.scopes, *(item for _, item in self.token_params)]
        templates += [item for _, item in self.authorization_params]
        templates += [self.client_secret] if self.client_secret else []
        urls = self.token_url.names | (
            self.authorization_url.names if self.authorization_url else frozenset()
        )
        return urls.union(*(template.names for template in templates))

    @property
    def provides(self) -> frozenset[str]:
        """The names that a token fills in credentials."""
        return frozenset({"access_token"})


@dataclass(frozen=True, slots=True)
class LoginStep:
    """One request of a login. `url` is whole; else `path` is appended to the integration's base URL.

    Templates may use properties and `{login.name}` for what earlier steps put out.
    """

    method: str
    url: BaseUrl | None
    path: Template | None
    headers: tuple[tuple[str, Template], ...]
    query: tuple[tuple[str, Template], ...]
    body: Tree | None
    body_format: str
    outputs: tuple[tuple[str, Selector], ...]
    token_path: Selector | None
    token_header: str | None
    token_cookie: str | None
    expires_in: Selector | None
    expires_at: Selector | None
    duration_seconds: float | None

    @property
    def names(self) -> frozenset[str]:
        templates = [template for _, template in (*self.headers, *self.query)]
        templates += [self.path] if self.path else []
        names = frozenset().union(*(template.names for template in templates))
        names |= self.url.names if self.url else frozenset()
        names |= self.body.names if self.body else frozenset()
        return frozenset(name for name in names if not name.startswith("login."))

    @property
    def gives_token(self) -> bool:
        return bool(self.token_path or self.token_header or self.token_cookie)


@dataclass(frozen=True, slots=True)
class Login:
    """Requests that yield a session's token, in order."""

    steps: tuple[LoginStep, ...]

    @property
    def names(self) -> frozenset[str]:
        return frozenset().union(*(step.names for step in self.steps))

    @property
    def provides(self) -> frozenset[str]:
        """The names that a session fills in credentials: `{session_token}` and `{login.name}`."""
        outputs = {f"login.{name}" for step in self.steps for name, _ in step.outputs}
        return frozenset(outputs | {"session_token"})


@dataclass(frozen=True, slots=True)
class TlsTemplates:
    """Settings that say whom to trust and what to show."""

    ca_file: Template | None
    client_certificate: Template | None
    client_key: Template | None

    @property
    def names(self) -> frozenset[str]:
        given = (self.ca_file, self.client_certificate, self.client_key)
        return frozenset().union(*(template.names for template in given if template))


GRANT = "oauth2:grant"
"""The name under which the vault keeps what a person granted by signing in at the provider."""


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
    protocol: Literal["plain", "graphql", "jsonrpc"]
    paginator: Paginator | None
    reads_only: bool
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
        return self.method in SAFE_METHODS or self.reads_only

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
    def uses_url(self) -> bool:
        """Whether the input `url` goes into a call itself, and not only through the patterns."""
        return any(
            "inputs.url" in step.parameters.names
            if step.parameters is not None
            else any(parameter.name == "url" for parameter in step.endpoint.parameters)
            for step in self.steps
        )

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
    token: OAuth2 | Login | None
    tls: TlsTemplates | None

    def destinations(self, config: Mapping[str, Any]) -> dict[str, list[str]]:
        """Where each secret goes with these settings, as `placement@origin`, sorted.

        An origin that the settings do not yet determine reads `unresolved:` and the template.
        """
        found: dict[str, set[str]] = {name: set() for name, item in self.properties.items() if item.secure}
        if isinstance(self.token, OAuth2) and self.token.grant_type == "authorization_code":
            found[GRANT] = set()
        for use in self.secret_uses:
            found[use.secret].add(f"{use.placement}@{use.base_url.origin(config)}")
        return {name: sorted(places) for name, places in found.items()}
