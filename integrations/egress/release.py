"""The last check of a request before it is sent: whether every secret in it may go to its destination."""

from __future__ import annotations

from errors import ReviewDue
from integrations.egress.messages import CarriedSecret, PreparedCall
from plugin_store.settings.secret_destinations import make_review
from plugin_store.vault.destinations import allows


def require_release(call: PreparedCall) -> None:
    """Raises ReviewDue unless each secret in the request is sealed for its place there and for its origin.

    It hangs on nothing that was decided before: on the built request, and on what came out of the vault with each
    secret. A request with secrets of which nobody gave an account is not sent either.
    """
    if call.carried is None:
        if call.secrets or call.digest is not None or (call.tls is not None and call.tls.client_key_pem):
            raise ReviewDue("The places of the secrets in this request are not known, so it was not sent.")
        return
    if not call.carried:
        return
    origin = call.origin
    astray = [item for item in call.carried if not _may_go(item, origin)]
    if astray:
        raise ReviewDue(
            "The call would send a secret to a destination that it was not entered for, so it was not sent. "
            "Accept the change or enter the secret again.",
            review=_review_of(astray),
        )


def _may_go(item: CarriedSecret, origin: str) -> bool:
    return item.destination.origin == origin and allows(item.sealed, item.destination)


def _review_of(astray: list[CarriedSecret]) -> dict[str, object]:
    names = sorted({item.name for item in astray})
    sealed = (destination for item in astray for destination in item.sealed)
    return make_review(names, sealed, (item.destination for item in astray)).as_shown()
