"""The reasons for refusing an unauthenticated request."""

from __future__ import annotations

from errors import Unauthorized
from web.gate.mount import mounted


def refusal(authorization: str | None, *, has_cookie: bool) -> Unauthorized:
    """The refusal of a request, by the credentials it sent. Its member `reason` tells a program the same."""
    if authorization is not None:
        return wrong_token()
    if has_cookie:
        return Unauthorized(
            f"This browser is not signed in any more. Sign in again at {mounted('/signin')}.",
            reason="signed_out",
        )
    return Unauthorized(
        "The request has no token. Send the token as `Authorization: Bearer …`, "
        f"or sign in at {mounted('/signin')}.",
        reason="no_token",
    )


def wrong_token() -> Unauthorized:
    return Unauthorized(
        "This is not the token of this server. The right one is in PATCHBAY_TOKEN, "
        "or else in the file `token` in the data folder.",
        reason="wrong_token",
    )
