"""Builds the gate."""

from __future__ import annotations

from plugin_store.engine.runtime import Runtime
from web.gate.access_tokens import AccessTokens
from web.gate.attempts import Attempts
from web.gate.connect_requests import ConnectRequests
from web.gate.gate import Gate
from web.gate.sessions import Sessions
from web.gate.tokens import HeldToken


def build_gate(runtime: Runtime) -> Gate:
    """The gate, with the token and the sessions. Raises ConfigurationError for an unusable token."""
    settings = runtime.settings
    held = HeldToken(settings)
    sessions = Sessions(
        runtime.database,
        held,
        runtime.clock,
        idle_days=settings.session_idle_days,
        lifetime_days=settings.session_lifetime_days,
    )
    tokens = AccessTokens(runtime.database, runtime.clock)
    connects = ConnectRequests(runtime.database, tokens, runtime.clock)
    runtime.closing.callback(sessions.write_uses)
    runtime.closing.callback(tokens.write_uses)
    return Gate.of(settings, held, sessions, tokens, connects, Attempts(runtime.clock))
