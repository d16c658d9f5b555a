"""Where credentials are placed, and where tokens come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Literal

from integrations.answers.selection import Selector
from integrations.manifests.base_url import BaseUrl
from integrations.manifests.templating import Template, Tree


@dataclass(frozen=True, slots=True)
class SignatureValue:
    """One named value of a signature: a function of `integrations.calling.signatures` over a template, with its key."""

    name: str
    function: str
    input: Template | None
    key: Template | None


@dataclass(frozen=True, slots=True)
class Signature:
    """Values computed over a request, in order, and the headers and query parameters that contain them."""

    values: tuple[SignatureValue, ...]
    headers: tuple[tuple[str, Template], ...]
    query: tuple[tuple[str, Template], ...]

    @property
    def names(self) -> frozenset[str]:
        """The names that settings must fill: without the signature's own names and the request's parts."""
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
    token_names: frozenset[str] = frozenset()
    """The names that a token fills. Without a token the credential is not used."""

    @property
    def names(self) -> frozenset[str]:
        password = self.password.names if self.password else frozenset()
        return self.value.names | password | (self.signature.names if self.signature else frozenset())

    @property
    def placement(self) -> str:
        """The place as comparable text: `header:X-Api-Key`."""
        return f"{self.location}:{self.name}"


@dataclass(frozen=True, slots=True)
class SessionEnd:
    """What in an answer shows that the session or token has ended, besides the usual statuses: any of these."""

    body: Selector | None = None
    status_codes: frozenset[int] = frozenset()
    header: str | None = None
    mismatches: Callable[[str], list[str]] = lambda _text: []
    """Why the header's value does not match its pattern; empty if it does, or if any value counts."""
    redirect: str | None = None


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
    query: tuple[tuple[str, Template], ...]
    """Sent in the query of every token request. A name in it is not sent in the body."""
    token_params: tuple[tuple[str, Template], ...]
    authorization_params: tuple[tuple[str, Template], ...]
    body_format: Literal["form", "json", "none"]
    """With `none` the query also holds what the body would."""
    endpoint_auth_method: Literal["client_secret_basic", "client_secret_post", "none"]
    client_secret_encoding: Literal["form", "raw"] | None
    """How Basic carries id and secret; None if the provider has to show it."""
    headers: tuple[tuple[str, Template], ...] = ()
    """The integration's User-Agent, where it declares one."""
    when: str | None = None
    """The setting without which no token is obtained."""
    expired_when: SessionEnd | None = None

    @property
    def names(self) -> frozenset[str]:
        """The properties that getting a token binds."""
        templates = [self.client_id, *self.scopes, *(item for _, item in (*self.query, *self.token_params))]
        templates += [item for _, item in (*self.authorization_params, *self.headers)]
        templates += [self.client_secret] if self.client_secret else []
        urls = self.token_url.names | (
            self.authorization_url.names if self.authorization_url else frozenset()
        )
        return urls.union(*(template.names for template in templates), _switch_names(self.when))

    @property
    def provides(self) -> frozenset[str]:
        """The names that a token fills in credentials."""
        return frozenset({"access_token"})

    @property
    def rejections(self) -> frozenset[int]:
        """The statuses with which a provider rejects the token (RFC 6750 section 3.1)."""
        return frozenset({401})


@dataclass(frozen=True, slots=True)
class LoginOutput:
    """A value of a login's answer for later requests: from the body, a header or a cookie."""

    name: str
    selector: Selector | None = None
    header: str | None = None
    cookie: str | None = None


@dataclass(frozen=True, slots=True)
class LoginStep:
    """One request of a login. `url` is absolute; else `path` is appended to the integration's base URL.

    Templates may use properties, and `{login.name}` for outputs of earlier steps.
    """

    method: str
    url: BaseUrl | None
    path: Template | None
    headers: tuple[tuple[str, Template], ...]
    query: tuple[tuple[str, Template], ...]
    body: Tree | None
    body_format: str
    outputs: tuple[LoginOutput, ...]
    token_path: Selector | None
    token_header: str | None
    token_cookie: str | None
    expires_in: Selector | None
    expires_at: Selector | None
    duration_seconds: float | None
    credentials: tuple[Credential, ...] = ()
    """Its own, and those of the integration that need no token; the latter only go to base_url, so never to a `url`."""
    computed: Signature | None = None
    """Values that are computed before it, for its templates."""

    @property
    def names(self) -> frozenset[str]:
        templates = [template for _, template in (*self.headers, *self.query)]
        templates += [self.path] if self.path else []
        names = frozenset().union(*(template.names for template in templates))
        for credential in self.credentials:
            names |= credential.names | ({credential.when} if credential.when else frozenset())
        names |= self.url.names if self.url else frozenset()
        names |= self.body.names if self.body else frozenset()
        if self.computed is not None:
            names = names - {item.name for item in self.computed.values} | self.computed.names
        return frozenset(name for name in names if not name.startswith("login."))

    @property
    def gives_token(self) -> bool:
        return bool(self.token_path or self.token_header or self.token_cookie)


@dataclass(frozen=True, slots=True)
class Login:
    """Requests that yield a session's token, in order."""

    steps: tuple[LoginStep, ...]
    when: str | None = None
    """The setting without which nobody logs in."""
    expired_when: SessionEnd | None = None

    @property
    def names(self) -> frozenset[str]:
        return _switch_names(self.when).union(*(step.names for step in self.steps))

    @property
    def provides(self) -> frozenset[str]:
        """The names that a session fills in credentials: `{session_token}` and `{login.name}`."""
        outputs = {f"login.{output.name}" for step in self.steps for output in step.outputs}
        return frozenset(outputs | {"session_token"})

    @property
    def rejections(self) -> frozenset[int]:
        """The statuses with which a provider says that the session has ended.

        A provider that returns its session id in a header may do so with a 409, as Transmission does.
        """
        in_header = any(step.token_header for step in self.steps)
        return frozenset({401, 403, 409} if in_header else {401, 403})


def _switch_names(when: str | None) -> frozenset[str]:
    return frozenset() if when is None else frozenset({when})


@dataclass(frozen=True, slots=True)
class TlsTemplates:
    """The settings for trusted certificates, expected names, and the client certificate."""

    ca_file: Template | None = None
    client_certificate: Template | None = None
    client_key: Template | None = None
    server_name: Template | None = None
    fingerprint_sha256: Template | None = None

    @property
    def names(self) -> frozenset[str]:
        return frozenset().union(*(template.names for _, template in self.items()))

    def items(self) -> Iterator[tuple[str, Template]]:
        """The declared templates, by member."""
        for word in TLS_WORDS:
            if (template := getattr(self, word)) is not None:
                yield word, template


TLS_WORDS = tuple(item.name for item in fields(TlsTemplates))
"""The vocabulary of `tls`."""


GRANT = "oauth2:grant"
"""The name under which the vault keeps what a person granted by signing in at the provider."""
