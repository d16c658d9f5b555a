"""Calls one endpoint: build, send page by page, parse, validate, redact, select."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import orjson

from errors import Conflict, DeadlineExceeded, PatchbayError, UpstreamFailed, UpstreamInvalid
from integrations.answers.echoes import hide_echoes
from integrations.answers.response_schema import SchemaCheck
from integrations.answers.select_functions import SelectContext
from integrations.budget.retries import asked_wait_seconds
from integrations.caching.conditional_requests import (
    Validators,
    can_be_renewed,
    has_own_conditions,
    renewed_validators,
    validators_of,
    with_conditions,
    without_conditions,
)
from integrations.caching.freshness import Upstream, read_upstream
from integrations.calling.answer_reading import AnswerReading, media_type_without_secrets
from integrations.calling.carried import build_accounted_call
from integrations.calling.identification import identify_call
from integrations.calling.pagination import Position, first_position, next_position, page_items
from integrations.calling.parameters import Values, bind_parameters
from integrations.calling.protocols import unwrap
from integrations.calling.quotation import Quotation
from integrations.calling.requests_builder import FIRST_PAGE, Limits, Page
from integrations.calling.schema_check import require_match, schema_check
from integrations.calling.sender import CallContext, Sender
from integrations.calling.session_end import require_session
from integrations.calling.status_check import check_status
from integrations.calling.token_need import needed_token
from integrations.calling.upstream_caching import changing_headers, upstream_of
from integrations.calling.upstream_error_message import hint_at_slashes, upstream_error_message
from integrations.catalog.catalog import Installed
from integrations.concurrency.spans import span
from integrations.egress.messages import Answer, Headers, PreparedCall
from integrations.json.exact_json import dump_json
from integrations.manifests.model import GRANT, Endpoint, SessionEnd
from plugin_store.vault.destinations import Destination
from plugin_store.vault.vault import OpenedSecret, Vault

MAX_RETRY_AFTER_SECONDS = 86400.0


@dataclass(frozen=True, slots=True)
class EndpointResult:
    """An endpoint's answer: parsed, validated, selected and without secrets. `fetched_at` is epoch seconds.

    `partial` is the error that left something out, if any; such an answer must not be stored. `validators` allow a
    later revalidation, where the provider supports it.
    """

    value: Any
    kind: str
    content_type: str
    upstream: Upstream
    fetched_at: float
    partial: PatchbayError | None = None
    validators: Validators | None = None


@dataclass(frozen=True, slots=True)
class NotModified:
    """The provider's 304: the stored answer is valid at `at` (epoch seconds). `validators` are those from now on."""

    validators: Validators
    upstream: Upstream
    at: float


@dataclass(frozen=True, slots=True)
class _PageRead:
    """One page: its content, and the position of the next page."""

    outcome: EndpointResult
    items: list[Any] | None
    next: Position | None


class Executor:
    """Calls endpoints."""

    def __init__(self, sender: Sender, vault: Vault, limits: Limits, clock: Callable[[], float]) -> None:
        self._sender = sender
        self._vault = vault
        self._limits = limits
        self._clock = clock

    def call(
        self,
        installed: Installed,
        endpoint: Endpoint,
        parameters: Mapping[str, Any],
        context: CallContext,
        values: Values | None = None,
    ) -> EndpointResult:
        """The endpoint's answer, all pages together under one deadline.

        `values` replace the stored settings and secrets, as in a connection test. Raises Invalid and SettingsIncomplete
        before anything is sent; EgressRefused, UpstreamFailed and its subclasses, DeadlineExceeded after.
        """
        values = values or self.stored_values(installed, endpoint)
        context = self._with_deadline(installed, endpoint, context)
        if endpoint.is_check:
            return _selected(
                endpoint, self._check(installed, endpoint, parameters, context, values), parameters, values
            )
        first = self._page(installed, endpoint, parameters, context, values, first_position(endpoint))
        outcome = first.outcome
        if first.items is not None:
            outcome = self._collect(installed, endpoint, parameters, context, values, first)
        return _selected(endpoint, outcome, parameters, values)

    def renew(
        self,
        installed: Installed,
        endpoint: Endpoint,
        parameters: Mapping[str, Any],
        context: CallContext,
        validators: Validators,
    ) -> EndpointResult | NotModified:
        """The endpoint's answer, or NotModified if the provider confirms the one with these validators.

        Raises as `call` does.
        """
        values = self.stored_values(installed, endpoint)
        context = self._with_deadline(installed, endpoint, context)
        end = _session_end(installed, endpoint, values)

        def build(tokens: Mapping[str, str]) -> PreparedCall:
            call = self.prepare(installed, endpoint, parameters, replace(values, tokens=tokens))
            return call if has_own_conditions(call) else with_conditions(call, validators)

        def read(call: PreparedCall, answer: Answer) -> EndpointResult | NotModified | None:
            unconditional = without_conditions(call, validators)
            if answer.status == 304 and not answer.redirected and unconditional != call:
                return self._unchanged(endpoint, call, answer, validators)
            reading = AnswerReading(endpoint, unconditional, answer, self._clock(), installed.zone)
            require_session(end, reading)
            quotation = _quotation(endpoint, call, parameters, values)
            self._require_success(installed, answer, quotation)
            outcome = self._read(reading, quotation, schema_check(endpoint, parameters, values))
            return _selected(endpoint, outcome, parameters, values)

        renewed = self._sender.exchange(installed, endpoint, values, context, build, read)
        if renewed is not None:
            return renewed
        return self.call(installed, endpoint, parameters, context, values)

    def prepare(
        self,
        installed: Installed,
        endpoint: Endpoint,
        parameters: Mapping[str, Any],
        values: Values,
        page: Page = FIRST_PAGE,
    ) -> PreparedCall:
        """The request that would be sent."""
        bound = bind_parameters(endpoint, parameters, values)
        call = build_accounted_call(
            installed.integration, endpoint, bound, values, self._limits, self._clock(), page
        )
        identify = partial(identify_call, installed, endpoint, parameters, values, self._limits, page)
        return replace(call, identify=identify)

    def stored_values(self, installed: Installed, endpoint: Endpoint) -> Values:
        """The settings and the decrypted secrets that the endpoint binds. Raises SecretUnreadable and Conflict."""
        installed.require_readable(endpoint.secret_names)
        names = (endpoint.secret_names & installed.secrets.keys()) - {GRANT}
        opened = {name: self._open(installed, name) for name in sorted(names)}
        return Values(
            installed.config,
            {name: secret.value for name, secret in opened.items()},
            required_names(installed),
            sealed={name: secret.bound_to for name, secret in opened.items()} | sealed_grant(installed),
        )

    def timeout_seconds(self, installed: Installed) -> float:
        """The timeout of a whole render of the integration, in seconds."""
        return installed.integration.timeout_seconds or self._limits.timeout_seconds

    def _open(self, installed: Installed, name: str) -> OpenedSecret:
        opened = self._vault.open_secret(installed.scope.workspace_id, installed.plugin_id, name)
        known = installed.secrets[name]
        if (opened.revision, opened.bound_to) != (known.revision, known.bound_to):
            # The secret changed since this call was planned, perhaps for another origin. The old plan must not send it.
            raise Conflict(f"The secret `{name}` changed while the call was prepared. Try again.")
        return opened

    def _check(
        self,
        installed: Installed,
        endpoint: Endpoint,
        parameters: Mapping[str, Any],
        context: CallContext,
        values: Values,
    ) -> EndpointResult:
        """Whether the address is up, and how fast it answers. What its headers say of caching is about its body."""

        def build(asked: Endpoint, tokens: Mapping[str, str]) -> PreparedCall:
            return self.prepare(installed, asked, parameters, replace(values, tokens=tokens))

        found = check_status(self._sender, installed, endpoint, values, context, build)
        check = schema_check(endpoint, parameters, values)
        if check is not None:
            require_match(check, found)
        return EndpointResult(found, "json", "application/json", Upstream(), self._clock())

    def _with_deadline(self, installed: Installed, endpoint: Endpoint, context: CallContext) -> CallContext:
        """Sets one deadline over all pages and attempts, within an existing one."""
        seconds = endpoint.timeout_seconds or self.timeout_seconds(installed)
        ends_at = time.monotonic() + seconds
        outer = context.seconds_left

        def seconds_left() -> float:
            own = ends_at - time.monotonic()
            return min(own, outer()) if outer is not None else own

        return replace(context, seconds_left=seconds_left)

    # -- pages -------------------------------------------------------------------------------------------------------

    def _collect(
        self,
        installed: Installed,
        endpoint: Endpoint,
        parameters: Mapping[str, Any],
        context: CallContext,
        values: Values,
        page: _PageRead,
    ) -> EndpointResult:
        """The items of all pages in one list. A failure ends the list there and is reported as `partial`."""
        items = list(page.items or [])
        first, partial = page.outcome, page.outcome.partial
        while page.next is not None:
            try:
                page = self._page(installed, endpoint, parameters, context, values, page.next)
            except (UpstreamFailed, DeadlineExceeded) as error:
                partial = error
                break
            items += page.items or []
            partial = partial or page.outcome.partial
        return replace(first, value=items, partial=partial)

    def _page(
        self,
        installed: Installed,
        endpoint: Endpoint,
        parameters: Mapping[str, Any],
        context: CallContext,
        values: Values,
        position: Position,
    ) -> _PageRead:
        given = {**parameters, **position.parameters}
        end = _session_end(installed, endpoint, values)

        def build(tokens: Mapping[str, str]) -> PreparedCall:
            held = replace(values, tokens=tokens) if tokens else values
            return self.prepare(installed, endpoint, given, held, position.page)

        def read(call: PreparedCall, answer: Answer) -> _PageRead:
            reading = AnswerReading(endpoint, call, answer, self._clock(), installed.zone)
            require_session(end, reading)
            quotation = _quotation(endpoint, call, given, values)
            self._require_success(installed, answer, quotation)
            outcome = self._read(reading, quotation, schema_check(endpoint, given, values))
            if endpoint.paginator is None:
                return _PageRead(outcome, None, None)
            items = page_items(endpoint.paginator, outcome.value)
            following = next_position(endpoint, position, call.url, answer.headers, outcome.value, items)
            return _PageRead(outcome, items, following)

        return self._sender.exchange(installed, endpoint, values, context, build, read)

    def _read(
        self, reading: AnswerReading, quotation: Quotation, check: SchemaCheck | None
    ) -> EndpointResult:
        """The answer as a value that a frontend may see."""
        endpoint, call, answer, now = reading.endpoint, reading.call, reading.answer, reading.now
        validators = None
        if can_be_renewed(endpoint) and not answer.redirected and not has_own_conditions(call):
            validators = validators_of(answer.headers, call.secrets)
        parsed = reading.parsed
        value = parsed.value
        if call.secrets:
            value = hide_echoes(endpoint.response_type, parsed, answer.body, call.secrets, reading.parse)
        unwrapped = unwrap(endpoint.protocol, value, quotation)
        if check is not None:
            require_match(check, unwrapped.value)
        return EndpointResult(
            value=unwrapped.value,
            kind=parsed.kind,
            content_type=media_type_without_secrets(parsed.content_type, call),
            upstream=upstream_of(endpoint, answer.headers, now),
            fetched_at=now,
            partial=unwrapped.partial,
            validators=validators,
        )

    def _unchanged(
        self, endpoint: Endpoint, call: PreparedCall, answer: Answer, validators: Validators
    ) -> NotModified | None:
        """The provider's confirmation; None if the 304 describes another answer than the stored one."""
        now = self._clock()
        renewed = renewed_validators(validators, answer.headers, call.secrets)
        if renewed is None:
            return None
        moment = [(name, value) for name, value in answer.headers if name.lower() in ("date", "age")]
        headers = Headers((*renewed.headers, *moment))
        return NotModified(renewed, read_upstream(headers, now, changing_headers(endpoint)), now)

    def _require_success(self, installed: Installed, answer: Answer, quotation: Quotation) -> None:
        if answer.status >= 400:
            wait = asked_wait_seconds(installed.integration.retry, answer.headers, self._clock())
            words = upstream_error_message(answer, quotation)
            raise UpstreamFailed(
                f"The provider answered {answer.status}.{hint_at_slashes(quotation, answer.status)}",
                upstream_status=answer.status,
                retry_after_seconds=None if wait is None else min(wait, MAX_RETRY_AFTER_SECONDS),
                **({"upstream_message": words} if words else {}),
            )
        if answer.status == 304:
            raise UpstreamInvalid(
                "The provider answered 304 Not Modified to a request without a condition.",
                upstream_status=answer.status,
                reason="not_modified",
            )
        if answer.status >= 300:
            raise UpstreamFailed(
                "The provider redirects, but this call follows no redirects.",
                upstream_status=answer.status,
                reason="redirect",
            )


def _session_end(installed: Installed, endpoint: Endpoint, values: Values) -> SessionEnd | None:
    """What shows the end of the session, if the call has one."""
    token = needed_token(installed.integration, endpoint, values)
    return token.expired_when if token is not None else None


def _quotation(
    endpoint: Endpoint, call: PreparedCall, parameters: Mapping[str, Any], values: Values
) -> Quotation:
    """Decides what may be quoted of the answer. The caller may have chosen the parameters, and the settings too."""
    settings = [values.config.get(name) for name in sorted(endpoint.config_names)]
    return Quotation(call, (*parameters.values(), *settings))


def _selected(
    endpoint: Endpoint, outcome: EndpointResult, parameters: Mapping[str, Any], values: Values
) -> EndpointResult:
    selector = endpoint.selector
    if selector is None:
        return outcome
    inputs = bind_parameters(endpoint, parameters, values) if selector.input_names else {}
    context = SelectContext(outcome.fetched_at, values.config, inputs)
    with span("select"):
        selected = selector.apply(outcome.value, context)
    return replace(outcome, value=selected, kind="json", content_type="application/json")


def required_names(installed: Installed) -> frozenset[str]:
    """The names of the properties that must be set."""
    return frozenset(name for name, item in installed.integration.properties.items() if item.required)


def sealed_grant(installed: Installed) -> dict[str, tuple[Destination, ...]]:
    """The allowed destinations of a sign-in's grant, by its name; empty without a sign-in."""
    granted = installed.secrets.get(GRANT)
    return {GRANT: granted.bound_to} if granted is not None else {}


def to_json(value: Any, kind: str) -> bytes:
    """The value as the JSON of an envelope's `data`: text as a string, bytes as base64.

    Raises UpstreamInvalid for a value that JSON cannot hold.
    """
    if kind == "binary":
        return orjson.dumps(base64.b64encode(value).decode())
    try:
        return dump_json(value)
    except ValueError:
        raise UpstreamInvalid(
            "The provider's answer cannot be written as JSON.", reason="unparsable"
        ) from None
