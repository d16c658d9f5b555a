"""Protocols inside JSON answers: GraphQL and JSON-RPC. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from errors import UpstreamInvalid
from integrations.calling.quotation import Quotation

MAX_MESSAGES = 5
MAX_MESSAGE_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """The provider's value, and the error in `partial` if only a part of it came."""

    value: Any
    partial: UpstreamInvalid | None = None


def unwrap(protocol: str, value: Any, quotation: Quotation) -> Unwrapped:
    """The value inside the protocol. Raises UpstreamInvalid (reason `protocol`) for an error without data.

    The error quotes the provider's message as far as allowed.
    """
    return _PROTOCOLS[protocol](value, quotation)


def _plain(value: Any, _quotation: Quotation) -> Unwrapped:
    return Unwrapped(value)


def _graphql(value: Any, quotation: Quotation) -> Unwrapped:
    """GraphQL over HTTP: `data`, with `errors` for what could not be resolved."""
    if not isinstance(value, Mapping) or ("data" not in value and "errors" not in value):
        raise UpstreamInvalid("The provider's answer is not a GraphQL response.", reason="protocol")
    errors = value.get("errors")
    if not errors:
        return Unwrapped(value.get("data"))
    failure = _failure("GraphQL", errors if isinstance(errors, list) else [errors], quotation)
    if value.get("data") is None:
        raise failure
    return Unwrapped(value["data"], partial=failure)


def _jsonrpc(value: Any, quotation: Quotation) -> Unwrapped:
    """JSON-RPC 2.0: `result` or `error`."""
    if not isinstance(value, Mapping) or ("result" not in value and "error" not in value):
        raise UpstreamInvalid("The provider's answer is not a JSON-RPC response.", reason="protocol")
    if value.get("error") is not None:
        raise _failure("JSON-RPC", [value["error"]], quotation)
    return Unwrapped(value.get("result"))


def _failure(protocol: str, errors: list[Any], quotation: Quotation) -> UpstreamInvalid:
    messages = [quotation.quote(_message(error), MAX_MESSAGE_LENGTH) for error in errors[:MAX_MESSAGES]]
    return UpstreamInvalid(
        f"The provider answered with a {protocol} error.", reason="protocol", messages=messages
    )


def _message(error: Any) -> str:
    return str(error.get("message") if isinstance(error, Mapping) else error)


_PROTOCOLS: dict[str, Callable[[Any, Quotation], Unwrapped]] = {
    "plain": _plain,
    "graphql": _graphql,
    "jsonrpc": _jsonrpc,
}
