"""The reasons for refusing an unauthenticated request."""

from __future__ import annotations

from errors import Unauthorized

WAY_IN = "Send the token as `Authorization: Bearer …`, or sign in at /signin."


def refusal(authorization: str | None, *, has_cookie: bool) -> Unauthorized:
    """The refusal of a request, by the credentials it sent. Its member `reason` tells a program the same."""
    if authorization is not None:
        return wrong_token()
    if has_cookie:
        return Unauthorized(
            "This browser is not signed in any more. Sign in again at /signin.", reason="signed_out"
        )
    return Unauthorized(f"The request has no token. {WAY_IN}", reason="no_token")


def wrong_token() -> Unauthorized:
    return Unauthorized(
        "This is not the token of this server. The right one is in PATCHBAY_TOKEN, "
        "or else in the file `token` in the data folder.",
        reason="wrong_token",
    )
