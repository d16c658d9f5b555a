"""An integration whole, with the ways in which its secrets leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.base_url import BaseUrl
from integrations.manifest.blocks import Block
from integrations.manifest.credentials import GRANT, Login, OAuth2, TlsTemplates
from integrations.manifest.endpoints import Endpoint, RateLimit, Retry
from integrations.manifest.values import Property


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
