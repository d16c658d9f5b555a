"""`response_type: status`: whether an address is up, and how fast it answers. Pure."""

from __future__ import annotations

from typing import Any

from errors import DeadlineExceeded, PatchbayError, UpstreamFailed, UpstreamInvalid, UpstreamUnreachable

# A service that asks for a sign-in works.
_GUARDED_STATUSES = frozenset({401, 403})
_FIRST_ERROR_STATUS = 400
_WORDS = {"connect_timeout": "timeout", "redirect_loop": "redirects"}


def describe_answer(status: int, duration_seconds: float | None) -> dict[str, Any]:
    """What a frontend gets for an answer with this status, of which the head came after so many seconds."""
    is_up = status < _FIRST_ERROR_STATUS or status in _GUARDED_STATUSES
    milliseconds = None if duration_seconds is None else round(duration_seconds * 1000, 1)
    return {
        "up": is_up,
        "status": status,
        "milliseconds": milliseconds,
        "reason": None if is_up else "status",
    }


def describe_failure(error: PatchbayError) -> dict[str, Any] | None:
    """What a frontend gets for an address that does not answer; None for a failure that says nothing about it."""
    if isinstance(error, UpstreamFailed) and error.upstream_status is not None:
        return describe_answer(error.upstream_status, None)
    reason = _reason_of(error)
    return None if reason is None else {"up": False, "status": None, "milliseconds": None, "reason": reason}


def _reason_of(error: PatchbayError) -> str | None:
    told = str(error.extensions.get("reason"))
    if isinstance(error, DeadlineExceeded):
        # The call never left if all slots were taken.
        return None if told == "busy" else "timeout"
    if isinstance(error, UpstreamUnreachable):
        return _WORDS.get(told, told)
    return _WORDS.get(told, "invalid") if isinstance(error, UpstreamInvalid) else None
