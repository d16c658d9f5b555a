"""Caching headers give bounded, ordered times (RFC 9111), and a wait that is none or not negative."""

from __future__ import annotations

import math

from integrations.budget.retries import asked_wait_seconds
from integrations.caching.freshness import MAX_LIFETIME_SECONDS, decide_freshness, read_upstream
from integrations.egress.http_dates import is_http_date, parse_http_date
from integrations.egress.messages import Headers
from integrations.manifests.freshness_policy import FreshnessPolicy

NOW = 1_800_000_000.0

SEEDS = [
    b'Cache-Control: max-age=60, stale-while-revalidate=30, stale-if-error="600"\nAge: 5',
    b"Expires: Thu, 01 Dec 2033 16:00:00 GMT\nDate: Thu, 01 Dec 1994 16:00:00 GMT",
    b"Expires: Sunday, 06-Nov-94 08:49:37 GMT",
    b"Expires: Sun Nov  6 08:49:37 1994",
    b"Expires: 0\nRetry-After: 120",
    b'Cache-Control: no-store, private="a, b", must-revalidate\nVary: *, Cookie',
    b"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\nAge: 99999999999999999999",
    b"Cache-Control: max-age=1e9, s-maxage=-1, max-age",
]


def check(data: bytes) -> None:
    lines = [line.partition(":") for line in data.decode("latin-1").split("\n")]
    headers = Headers(tuple((name.strip(), value.strip()) for name, _, value in lines))
    said = read_upstream(headers, NOW, ("cookie",))
    spans = (said.ttl_seconds, said.stale_while_revalidate_seconds, said.stale_if_error_seconds)
    assert all(span is None or 0 <= span <= MAX_LIFETIME_SECONDS for span in spans), spans
    kept = decide_freshness(NOW, FreshnessPolicy(), FreshnessPolicy(), said, 300, is_renewable=True)
    assert (kept is None) == said.no_store
    if kept is not None:
        assert NOW <= kept.expires_at <= kept.stale_until <= kept.kept_until < math.inf
        kept.state_at(NOW)
    wait = asked_wait_seconds(None, headers, NOW)
    assert wait is None or 0 <= wait < math.inf, wait
    for name, value in headers:
        found = parse_http_date(value, NOW)
        assert found is None or math.isfinite(found), name
        assert is_http_date(value) or found is None
