"""The caller of the current request, as the gate found it."""

from __future__ import annotations

from typing import cast

from flask import current_app, g

from web.gate.gate import Caller, Gate
from web.gate.sessions import Session


def gate() -> Gate:
    """The gate of the app that serves this request."""
    return cast(Gate, current_app.extensions["patchbay_gate"])


def calling_session() -> Session | None:
    """The session of the calling browser; None for a program, and where no token is needed."""
    caller: Caller | None = g.get("caller")
    return caller if isinstance(caller, Session) else None
