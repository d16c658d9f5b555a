"""Whether a call is retried, and after how long. Pure: the random number is an argument."""

from __future__ import annotations

from errors import PatchbayError, UpstreamInvalid, UpstreamUnreachable
from integrations.egress.http_dates import parse_http_date
from integrations.egress.messages import Answer, Headers
from integrations.manifests.model import Retry

FIRST_WAIT_SECONDS = 0.5
MAX_WAIT_SECONDS = 30.0
_PASSING_REASONS = frozenset({"refused", "reset", "connect_timeout", "dns", "truncated"})
_MILLISECONDS_FROM = 1e11


def is_temporary(retry: Retry, outcome: Answer | PatchbayError) -> bool:
    """Whether the outcome may be different the next time."""
    if isinstance(outcome, Answer):
        return outcome.status in retry.status_codes
    return isinstance(outcome, (UpstreamUnreachable, UpstreamInvalid)) and (
        outcome.extensions.get("reason") in _PASSING_REASONS
    )


def wait_seconds(
    retry: Retry, attempt: int, outcome: Answer | PatchbayError, now: float, jitter: float
) -> float:
    """The seconds to wait before attempt number `attempt + 1`, 1 being the first.

    What the provider's headers ask for, else exponential backoff with full jitter: `jitter` is between 0 and 1.
    """
    if isinstance(outcome, Answer):
        asked = asked_wait_seconds(retry, outcome.headers, now)
        if asked is not None:
            return asked
    return jitter * min(MAX_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (attempt - 1))


def asked_wait_seconds(retry: Retry | None, headers: Headers, now: float) -> float | None:
    """The seconds that the provider asks to wait; None if it does not, or not in a readable way."""
    wait = _seconds_or_date(headers.get(retry.wait_header if retry else "Retry-After"), now)
    if wait is not None:
        return wait
    until = _number(headers.get(retry.wait_until_header)) if retry and retry.wait_until_header else None
    if until is None:
        return None
    return max(0.0, (until / 1000 if until > _MILLISECONDS_FROM else until) - now)


def _seconds_or_date(text: str | None, now: float) -> float | None:
    """Retry-After of RFC 9110 section 10.2.3: seconds, or a date."""
    number = _number(text)
    if number is not None:
        return number
    at = parse_http_date(text, now)
    return None if at is None else max(0.0, at - now)


def _number(text: str | None) -> float | None:
    stripped = (text or "").strip()
    if not stripped.replace(".", "", 1).isdigit() or not stripped.isascii() or len(stripped) > 20:
        return None
    return float(stripped)
