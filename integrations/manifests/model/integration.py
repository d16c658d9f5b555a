"""A complete integration, with the ways in which its secrets are sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.manifests.base_url import BaseUrl
from integrations.manifests.model.blocks import Block
from integrations.manifests.model.credentials import GRANT, Login, OAuth2, TlsTemplates
from integrations.manifests.model.endpoints import Endpoint, RateLimit, Retry
from integrations.manifests.model.values import Property
from integrations.manifests.time_placeholders import TimePlaceholder, parse_time_placeholder, split_times
from plugin_store.vault.destinations import Destination, sort_destinations


@dataclass(frozen=True, slots=True)
class SecretUse:
    """One way in which a secret is sent: the place in a request, and the URL whose origin receives it."""

    secret: str
    request: str
    placement: str
    name: str
    base_url: BaseUrl

    def destination(self, config: Mapping[str, Any]) -> Destination:
        """The destination with these settings."""
        origin = self.base_url.origin(config)
        template = self.base_url.source if origin is None else None
        return Destination(self.request, self.placement, self.name, origin, template)


@dataclass(frozen=True, slots=True)
class Integration:
    """Everything about a plugin that calls need."""

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
    token_secrets: frozenset[str] = frozenset()
    """The secrets that buy the token, a person's grant included: they answer for where it goes."""
    times: Mapping[str, TimePlaceholder] = field(init=False, repr=False)
    """What the clock fills, by name."""

    def __post_init__(self) -> None:
        names = frozenset[str]().union(
            *(endpoint.config_names | endpoint.default_names(()) for endpoint in self.endpoints.values())
        )
        own, _ = split_times(names, self.properties)
        found = {time.name: time for block in self.blocks.values() for time in block.times}
        found |= {name: time for name in own if (time := parse_time_placeholder(name)) is not None}
        object.__setattr__(self, "times", found)

    def destinations(self, config: Mapping[str, Any]) -> dict[str, list[Destination]]:
        """The destinations of each secret with these settings, in a fixed order."""
        found: dict[str, set[Destination]] = {
            name: set() for name, item in self.properties.items() if item.secure
        }
        if isinstance(self.token, OAuth2) and self.token.grant_type == "authorization_code":
            found[GRANT] = set()
        for use in self.secret_uses:
            found[use.secret].add(use.destination(config))
        return {name: sort_destinations(places) for name, places in found.items()}
