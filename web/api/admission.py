"""Whether the caller of a request would still be let in, for what would outlast its own right to call."""

from __future__ import annotations

from flask import request

from errors import InsufficientScope
from web.api.context import services
from web.gate.callers import calling_permission, gate
from web.gate.unauthenticated import refusal


def require_still_admitted() -> None:
    """Raises Unauthorized or InsufficientScope for a caller whose credential was ended or narrowed since it was let in.

    To be called in the transaction that writes: a change is committed before it, and seen here, or after it. So who
    revokes every token can be sure that no request under way makes another one.
    """
    authorization, cookies = (request.environ.get(name) for name in ("HTTP_AUTHORIZATION", "HTTP_COOKIE"))
    gate().follow(services().database.commits)
    caller = gate().admit(authorization, cookies)
    if caller is None:
        raise refusal(authorization, has_cookie=cookies is not None)
    if not caller.permission.covers(calling_permission()):
        raise InsufficientScope("This token was narrowed while its request was under way.")
