"""Builds egress from the settings."""

from __future__ import annotations

from integrations.egress.door import Egress
from integrations.egress.guard import EgressPolicy
from plugin_store.engine.runtime import Runtime
from settings import ConfigurationError, version


def build_egress(runtime: Runtime) -> Egress:
    """Egress. Raises ConfigurationError for an allow-list that cannot be read."""
    settings = runtime.settings
    try:
        policy = EgressPolicy.parse(",".join(settings.egress_allow), ",".join(settings.egress_allow_urls))
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    egress = Egress(
        policy,
        user_agent=f"Patchbay/{version()}",
        pool_size=settings.threads,
        own_listeners=[(settings.host, settings.port)],
    )
    return runtime.close_at_end(egress)
