"""All errors that Patchbay reports: one class per decision, each with a stable `code` and HTTP `status`.

Raised anywhere, turned into an RFC 9457 problem in one place (`web/api/problems.py`). A `detail` is our own text for
the user: it never quotes an exception, a secret, or a provider's URL or headers. The provider's own message is
separate, in `upstream_message`, if it may be quoted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar


class PatchbayError(Exception):
    """An error that ends a request. `errors` maps a field's path to its error messages."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"

    def __init__(
        self,
        detail: str,
        *,
        errors: Mapping[str, list[str]] | None = None,
        retry_after_seconds: float | None = None,
        **extensions: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = dict(errors) if errors else None
        self.retry_after_seconds = retry_after_seconds
        self.extensions = extensions


class Malformed(PatchbayError):
    code, status, title = "malformed", 400, "The request cannot be read"


class UnknownHost(Malformed):
    """The Host header names another server. `entry` is what to add to PATCHBAY_ALLOWED_HOSTS, if possible."""

    def __init__(self, detail: str, *, entry: str | None) -> None:
        super().__init__(detail)
        self.entry = entry


class Unauthorized(PatchbayError):
    code, status, title = "unauthorized", 401, "A token is needed"


class PluginDisabled(PatchbayError):
    code, status, title = "plugin_disabled", 403, "The plugin is disabled"


class ForeignOrigin(PatchbayError):
    code, status, title = "foreign_origin", 403, "This origin is not allowed"


class InsufficientScope(PatchbayError):
    """A named token is valid, but not for this request (RFC 6750). `scopes` are those of which one is needed."""

    code, status, title = "insufficient_scope", 403, "The token does not allow this"

    def __init__(self, detail: str, *, scopes: Iterable[str] = ()) -> None:
        super().__init__(detail)
        self.scopes = tuple(scopes)


class DeclaredByAnother(PatchbayError):
    code, status, title = "declared_by_another", 403, "Another caller declared the plugin"


class PersonNeeded(PatchbayError):
    code, status, title = "person_needed", 403, "A user must do this in a browser"


class EgressRefused(PatchbayError):
    """The call's destination is not allowed. The error never names what an address resolved to."""

    code, status, title = "egress_refused", 403, "The address is not allowed"


class NotFound(PatchbayError):
    code, status, title = "not_found", 404, "Not found"


class SettingsIncomplete(PatchbayError):
    code, status, title = "settings_incomplete", 409, "A setting is missing or invalid"


class SecretUnreadable(PatchbayError):
    code, status, title = "secret_unreadable", 409, "A secret cannot be decrypted"


class SecretLocked(PatchbayError):
    code, status, title = "secret_locked", 409, "A secret is locked"


class ReviewDue(PatchbayError):
    code, status, title = "review_due", 409, "A user must accept a change first"


class Conflict(PatchbayError):
    code, status, title = "conflict", 409, "The request conflicts with stored data"


class Provisioned(PatchbayError):
    """A provisioning file sets this, so only the file can change it. `file` is its name."""

    code, status, title = "provisioned", 409, "A file sets this"

    def __init__(self, detail: str, *, file: str) -> None:
        super().__init__(detail, managed_by=file)
        self.file = file


class OlderVersion(PatchbayError):
    code, status, title = "older_version", 409, "A newer version is stored"


class PreconditionFailed(PatchbayError):
    code, status, title = "precondition_failed", 412, "It was changed meanwhile"


class TooLarge(PatchbayError):
    code, status, title = "too_large", 413, "The request is too large"


class NotJson(PatchbayError):
    code, status, title = "not_json", 415, "The body must be JSON"


class AuthorizationPending(PatchbayError):
    code, status, title = "authorization_pending", 400, "The owner has not decided yet"


class SlowDown(PatchbayError):
    code, status, title = "slow_down", 400, "Ask less often"


class AccessDenied(PatchbayError):
    code, status, title = "access_denied", 400, "The owner denied the request"


class ExpiredToken(PatchbayError):
    """No request has this device code, or it is over. The name is that of RFC 8628."""

    code, status, title = "expired_token", 400, "The request is over"


class IdempotencyKeyMissing(PatchbayError):
    code, status, title = "idempotency_key_missing", 400, "An Idempotency-Key is needed"


class IdempotencyKeyReused(PatchbayError):
    code, status, title = "idempotency_key_reused", 422, "The Idempotency-Key belongs to another request"


class ActionInProgress(PatchbayError):
    code, status, title = "action_in_progress", 409, "The action is still running"


class OutcomeUnknown(PatchbayError):
    """The server ended while the action was running. It may have been carried out, and is not run again."""

    code, status, title = "outcome_unknown", 409, "It is unknown whether the action was carried out"


class Invalid(PatchbayError):
    """Bad input, by field: `errors={"manifest.endpoints[2].path": ["…"]}`."""

    code, status, title = "invalid", 422, "Some fields are invalid"


class TooManySignIns(PatchbayError):
    code, status, title = "too_many_sign_ins", 429, "Too many wrong tokens"


class TooManyConnects(PatchbayError):
    code, status, title = "too_many_connects", 429, "Too many tokens were asked for"


class BudgetSpent(PatchbayError):
    code, status, title = "budget_spent", 429, "The call budget is used up"


class UpstreamFailed(PatchbayError):
    """The provider answered with a failure, or with something that does not match the manifest.

    `upstream_status` is its HTTP status, if there was one.
    """

    code, status, title = "upstream_failed", 502, "The provider failed"

    def __init__(self, detail: str, *, upstream_status: int | None = None, **more: Any) -> None:
        super().__init__(detail, **more)
        self.upstream_status = upstream_status
        if upstream_status is not None:
            self.extensions["upstream_status"] = upstream_status


class UpstreamUnreachable(UpstreamFailed):
    """No connection: `reason` is one of dns, refused, tls, reset, connect_timeout."""

    code, title = "upstream_unreachable", "The provider cannot be reached"


class UpstreamInvalid(UpstreamFailed):
    """The answer is truncated, too large, of the wrong type, unparsable, or does not match its schema."""

    code, title = "upstream_invalid", "The provider's answer cannot be used"


class SampleMissing(PatchbayError):
    """Samples answer in place of providers, and none is there for this call. `sample` names the missing file."""

    code, status, title = "sample_missing", 502, "No sample answers this call"


class StorageFailed(PatchbayError):
    code, status, title = "storage_failed", 503, "The store cannot be read or written"


class TooManyStreams(PatchbayError):
    code, status, title = "too_many_streams", 503, "Too many event streams are open"


class BreakerOpen(PatchbayError):
    code, status, title = "breaker_open", 503, "The provider is not called for now, because it failed"


class DeadlineExceeded(PatchbayError):
    code, status, title = "deadline_exceeded", 504, "The provider took too long"


def kinds_by_code() -> dict[str, type[PatchbayError]]:
    """Every error class by its code."""
    kinds, waiting = {}, [PatchbayError]
    while waiting:
        kind = waiting.pop()
        # A subclass without a code of its own is told, and built again, as its parent.
        kinds.setdefault(kind.code, kind)
        waiting += kind.__subclasses__()
    return kinds
