"""The services that get tokens."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.calling.metered_egress import MeteredEgress
from integrations.calling.services import limits_of
from integrations.catalog.catalog import Catalog
from integrations.tokens.exchange import TokenExchange
from integrations.tokens.sign_ins import SignIns
from integrations.tokens.token_cache import TokenCache
from plugin_store.engine.runtime import Runtime
from plugin_store.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class TokenServices:
    """Tokens for calls, and the sign-ins of users that some tokens come from."""

    cache: TokenCache
    sign_ins: SignIns


def build_tokens(runtime: Runtime, egress: MeteredEgress, vault: Vault, catalog: Catalog) -> TokenServices:
    """Builds the token services. Only one process at a time fetches a token."""
    database, clock, limits = runtime.database, runtime.clock, limits_of(runtime)
    exchange = TokenExchange(egress)
    return TokenServices(
        cache=TokenCache(database, vault, exchange, limits, clock, database.locks),
        sign_ins=SignIns(database, vault, catalog, exchange, limits, clock),
    )
