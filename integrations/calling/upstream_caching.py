"""What a provider says about caching an endpoint's answer. Pure."""

from __future__ import annotations

from dataclasses import replace

from integrations.caching.freshness import Upstream, read_upstream
from integrations.egress.messages import Headers
from integrations.manifests.model import Endpoint

MAX_TIMED_LIFETIME_SECONDS = 86400.0


def changing_headers(endpoint: Endpoint) -> frozenset[str]:
    """The headers that differ in each request, in lower case: signature headers, which contain the time."""
    return frozenset(
        name.lower()
        for credential in endpoint.credentials
        if credential.signature is not None
        for name, _ in credential.signature.headers
    )


def upstream_of(endpoint: Endpoint, headers: Headers, now: float) -> Upstream:
    """What the provider says about caching. It knows nothing of the window that is shown of its calendar."""
    upstream = read_upstream(headers, now, changing_headers(endpoint))
    if not endpoint.depends_on_time or upstream.ttl_seconds is None:
        return upstream
    return replace(upstream, ttl_seconds=min(upstream.ttl_seconds, MAX_TIMED_LIFETIME_SECONDS))
