"""The caller of the current request, as the gate found it."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from flask import current_app, g

from web.gate.access_tokens import Grant
from web.gate.gate import Caller, Gate
from web.gate.permissions import NOBODY, Permission
from web.gate.sessions import Session


class Party(NamedTuple):
    """Who a caller is, without anything secret.

    `kind` is `owner_token`, `session` or `token`. `id` is that of the session or the named token, `name` the token's.
    """

    kind: str
    id: int | None = None
    name: str | None = None

    def dump(self) -> dict[str, Any]:
        return self._asdict()

    def __str__(self) -> str:
        """Such as `token 3 (Dashboard)`, for a log."""
        if self.kind == "token":
            return f"token {self.id} ({self.name})"
        return "session" if self.kind == "session" else "token"


def gate() -> Gate:
    """The gate of the app that serves this request."""
    return cast(Gate, current_app.extensions["patchbay_gate"])


def calling_session() -> Session | None:
    """The session of the calling browser; None for a program, and where no token is needed."""
    caller: Caller | None = g.get("caller")
    return caller if isinstance(caller, Session) else None


def calling_party() -> Party | None:
    """Who calls: the owner's token, a session or a named token; None where no token is needed."""
    caller: Caller | None = g.get("caller")
    if caller is None:
        return None
    if isinstance(caller, Session):
        return Party("session", caller.id)
    return Party("token", caller.token_id, caller.name) if isinstance(caller, Grant) else Party("owner_token")


def calling_permission() -> Permission:
    """What the caller of this request may do."""
    caller: Caller | None = g.get("caller")
    return NOBODY if caller is None else caller.permission


def calling_grant() -> Grant | None:
    """The named token of the caller; None for the owner, and where no token is needed."""
    caller: Caller | None = g.get("caller")
    return caller if isinstance(caller, Grant) else None
