"""The services that call providers."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.calling.executor import Executor
from integrations.calling.metered_egress import MeteredEgress
from integrations.calling.requests_builder import Limits
from integrations.calling.sender import Sender, TokenSource
from plugin_store.engine.runtime import Runtime
from plugin_store.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class CallingServices:
    """The way out of calls, the sender of one request, and the executor of one endpoint."""

    egress: MeteredEgress
    sender: Sender
    executor: Executor


def limits_of(runtime: Runtime) -> Limits:
    """The limits for calls whose manifest sets none."""
    return Limits(runtime.settings.timeout_seconds, runtime.settings.max_answer_size_bytes)


def build_calling(
    runtime: Runtime, egress: MeteredEgress, tokens: TokenSource, vault: Vault
) -> CallingServices:
    """Builds the services that call endpoints. The settings limit how many calls run at a time."""
    sender = Sender(egress, tokens, runtime.clock, runtime.settings.upstream_calls)
    return CallingServices(egress, sender, Executor(sender, vault, limits_of(runtime), runtime.clock))
