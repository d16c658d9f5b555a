"""Conditional requests that revalidate a stored answer (RFC 9110 section 13, RFC 9111 section 4.3).

Pure. A provider's validators are only sent back to that provider.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from integrations.egress.http_dates import is_http_date
from integrations.egress.messages import Headers, PreparedCall
from integrations.manifests.model import SAFE_METHODS, Endpoint
from integrations.redaction.redactor import Redactor

MAX_VALIDATORS_CHARACTERS = 2048

# Headers that a 304 may change. Date and Age describe one moment and are never stored.
_KEPT = ("Cache-Control", "Expires", "Vary", "ETag", "Last-Modified")
_ENTITY_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"')
_OWN_CONDITIONS = frozenset(
    {"if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range", "range"}
)


@dataclass(frozen=True, slots=True)
class Validators:
    """A provider's headers for a stored answer: its validators and its freshness."""

    headers: Headers

    @property
    def conditions(self) -> tuple[tuple[str, str], ...]:
        """The headers that make the request conditional; empty without a validator."""
        tag, date = self.headers.get("ETag"), self.headers.get("Last-Modified")
        return tuple(
            (name, value) for name, value in (("If-None-Match", tag), ("If-Modified-Since", date)) if value
        )


def validators_of(headers: Headers, secrets: Iterable[str]) -> Validators | None:
    """The validators of an answer; None if it has none that can be sent back, or if one echoes a secret."""
    kept = [
        (name, value) for name in _KEPT if (value := headers.get(name)) is not None and _is_sound(name, value)
    ]
    if not kept:
        return None
    validators = Validators(Headers(tuple(kept)))
    text = "\n".join(value for _, value in kept)
    if not validators.conditions or len(text) > MAX_VALIDATORS_CHARACTERS:
        return None
    return None if Redactor(secrets).found_in(text.encode()) else validators


def renewed_validators(validators: Validators, headers: Headers, secrets: Iterable[str]) -> Validators | None:
    """The validators after a 304 with these headers, which replace stored ones (RFC 9111 section 3.2).

    None if the 304 describes another answer: its strong tag differs from the one that was sent (section 4.3.4).
    """
    asked, said = validators.headers.get("ETag"), headers.get("ETag")
    if said is not None and not said.startswith("W/") and asked is not None and said != asked:
        return None
    merged = Headers(
        tuple(
            (name, value)
            for name in _KEPT
            if (value := headers.get(name) or validators.headers.get(name)) is not None
        )
    )
    # If nothing of the 304 can be stored, the known validators stay as they are.
    return validators_of(merged, secrets) or validators


def can_be_renewed(endpoint: Endpoint) -> bool:
    """Whether the endpoint's answer comes from exactly one safe request, and from nothing else."""
    is_one_call = endpoint.method in SAFE_METHODS and endpoint.is_safe and endpoint.paginator is None
    return is_one_call and not endpoint.depends_on_time and not endpoint.is_check


def has_own_conditions(call: PreparedCall) -> bool:
    """Whether the manifest itself sends a range or a condition. A 304 has another meaning then."""
    return any(name.lower() in _OWN_CONDITIONS for name, _ in call.headers)


def with_conditions(call: PreparedCall, validators: Validators) -> PreparedCall:
    """The call, made conditional with these validators."""
    return replace(call, headers=(*call.headers, *validators.conditions))


def without_conditions(call: PreparedCall, validators: Validators) -> PreparedCall:
    """The call as it was before `with_conditions`."""
    return replace(call, headers=tuple(pair for pair in call.headers if pair not in validators.conditions))


def _is_sound(name: str, value: str) -> bool:
    if name == "ETag":
        # `*` would match any answer, and a list is not the tag of one answer.
        return _ENTITY_TAG.fullmatch(value) is not None
    return name != "Last-Modified" or is_http_date(value)
