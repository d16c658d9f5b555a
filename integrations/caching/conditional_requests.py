"""Asking whether a kept answer is still right, instead of asking for it (RFC 9110 section 13, RFC 9111 section 4.3).

Pure. What a provider says here goes back to that provider and to nobody else.
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

# What a 304 may change; Date and Age are about one moment and never kept.
_KEPT = ("Cache-Control", "Expires", "Vary", "ETag", "Last-Modified")
_ENTITY_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"')
_OWN_CONDITIONS = frozenset(
    {"if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range", "range"}
)


@dataclass(frozen=True, slots=True)
class Validators:
    """What a provider said of an answer that can be asked about again: its validators, and how long it is good."""

    headers: Headers

    @property
    def conditions(self) -> tuple[tuple[str, str], ...]:
        """The headers that ask whether the answer is still right; empty where nothing identifies it."""
        tag, date = self.headers.get("ETag"), self.headers.get("Last-Modified")
        return tuple(
            (name, value) for name, value in (("If-None-Match", tag), ("If-Modified-Since", date)) if value
        )


def validators_of(headers: Headers, secrets: Iterable[str]) -> Validators | None:
    """The terms of an answer; None for one that has no validator that could be sent back, or echoes a secret."""
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
    """The terms after a 304 with these headers, which replace those of their names (RFC 9111 section 3.2).

    None when the 304 is about another answer: its strong tag is not the one that was asked about (section 4.3.4).
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
    # What the 304 adds may be nothing to keep; then what is known already stays as it is.
    return validators_of(merged, secrets) or validators


def can_be_renewed(endpoint: Endpoint) -> bool:
    """Whether one answer to one safe request is all there is to the endpoint."""
    return endpoint.method in SAFE_METHODS and endpoint.is_safe and endpoint.paginator is None


def has_own_conditions(call: PreparedCall) -> bool:
    """Whether the manifest itself asks for a part, or on a condition: then a 304 means something else."""
    return any(name.lower() in _OWN_CONDITIONS for name, _ in call.headers)


def with_conditions(call: PreparedCall, validators: Validators) -> PreparedCall:
    """The call, asking for the answer only if it is another one than that with these terms."""
    return replace(call, headers=(*call.headers, *validators.conditions))


def without_conditions(call: PreparedCall, validators: Validators) -> PreparedCall:
    """The call as it was before `with_conditions`."""
    return replace(call, headers=tuple(pair for pair in call.headers if pair not in validators.conditions))


def _is_sound(name: str, value: str) -> bool:
    if name == "ETag":
        # `*` would match anything, and a list is not one answer's tag.
        return _ENTITY_TAG.fullmatch(value) is not None
    return name != "Last-Modified" or is_http_date(value)
