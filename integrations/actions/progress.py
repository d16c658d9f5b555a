"""How far an action got, and what is known of its outcome after a failure. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from errors import (
    BreakerOpen,
    BudgetSpent,
    DeadlineExceeded,
    EgressRefused,
    PatchbayError,
    ReviewDue,
    SampleMissing,
    UpstreamFailed,
    UpstreamInvalid,
    UpstreamUnreachable,
)

Result = Literal["none", "refused", "unknown", "partial"]
"""`none`: nothing was sent that changes anything. `refused`: the provider said that it did not do it.

`unknown`: it was sent, and nothing says whether it was done. `partial`: an earlier step was done, not all of them.
"""

# Reasons of an UpstreamUnreachable that end a call before its request is written.
_BEFORE_SENDING = frozenset({"dns", "refused", "connect_timeout", "tls"})
_REQUEST_TIMEOUT = 408


@dataclass(slots=True)
class Progress:
    """Which of the writing calls were made: `done` of them, and one more if `is_sent`."""

    done: int = 0
    is_sent: bool = False

    def note_sent(self) -> None:
        self.is_sent = True

    def note_done(self) -> None:
        self.done, self.is_sent = self.done + 1, False

    def result(self, error: PatchbayError) -> Result:
        """What is known after the action failed with `error`."""
        if self.done:
            return "partial"
        if not self.is_sent or _was_never_sent(error):
            return "none"
        return "refused" if _is_refusal(error) else "unknown"


def _was_never_sent(error: PatchbayError) -> bool:
    reason = error.extensions.get("reason")
    if isinstance(error, UpstreamUnreachable):
        return reason in _BEFORE_SENDING
    if isinstance(error, EgressRefused):
        # If a redirect is refused, the request itself was already sent.
        return reason != "redirect"
    return isinstance(error, BudgetSpent | BreakerOpen | ReviewDue | SampleMissing) or (
        isinstance(error, DeadlineExceeded) and reason == "busy"
    )


def _is_refusal(error: PatchbayError) -> bool:
    """Whether the provider answered with a client error (RFC 9110 section 15.5)."""
    if not isinstance(error, UpstreamFailed) or isinstance(error, UpstreamInvalid):
        return False
    status = error.upstream_status or 0
    return 400 <= status < 500 and status != _REQUEST_TIMEOUT
