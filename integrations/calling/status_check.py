"""Asks whether an address is up. Whatever comes of the call is the answer, not a failure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from integrations.answers.types.status_answer import describe_answer, describe_failure
from integrations.calling.parameters import Values
from integrations.calling.sender import CallContext, Sender
from integrations.catalog.catalog import Installed
from integrations.egress.messages import Answer, PreparedCall
from integrations.manifests.model import Endpoint

# What servers say that do not implement HEAD.
_METHOD_REFUSED = frozenset({405, 501})

Build = Callable[[Endpoint, Mapping[str, str]], PreparedCall]
"""Makes the request of an endpoint with the values of its tokens."""


def check_status(
    sender: Sender,
    installed: Installed,
    endpoint: Endpoint,
    values: Values,
    context: CallContext,
    build: Build,
) -> dict[str, Any]:
    """`{up, status, milliseconds, reason}`; a HEAD that the server does not implement is repeated as a GET.

    Raises what says nothing about the address: EgressRefused, BudgetSpent, SettingsIncomplete, a failed login.
    """

    def ask(asked: Endpoint) -> dict[str, Any]:
        return sender.exchange(
            installed, asked, values, context, lambda tokens: build(asked, tokens), _read, describe_failure
        )

    found = ask(endpoint)
    if endpoint.method == "HEAD" and found["status"] in _METHOD_REFUSED:
        return ask(replace(endpoint, method="GET"))
    return found


def _read(_call: PreparedCall, answer: Answer) -> dict[str, Any]:
    return describe_answer(answer.status, answer.duration_seconds)
