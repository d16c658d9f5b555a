"""One call of one endpoint: build, send, parse, check, select, log."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from errors import Conflict, DeadlineExceeded, PatchbayError, UpstreamFailed, UpstreamInvalid
from integrations.answers import parse_answer
from integrations.call_log import CallLog, CallRecord, Cause
from integrations.calls import Answer, PreparedCall
from integrations.catalog import Installed
from integrations.freshness import Upstream, read_upstream
from integrations.manifest import Endpoint
from integrations.redaction import Redactor
from integrations.requests_builder import Limits, Values, bind_parameters, build_call
from plugin_store.vault import Vault


class Door(Protocol):
    """The one way out."""

    def send(self, call: PreparedCall, *, deadline_seconds: float | None = None) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """An endpoint's answer, parsed, checked, selected and free of secrets. `fetched_at` is epoch seconds."""

    value: Any
    kind: str
    content_type: str
    upstream: Upstream
    fetched_at: float


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Why a call is made, for which block, and how many seconds are left for it."""

    cause: Cause = "live"
    block_id: str | None = None
    seconds_left: Callable[[], float] | None = None


@dataclass(slots=True)
class _Measure:
    status: int | None = None
    received_bytes: int = 0
    error_code: str | None = None
    started: float = field(default_factory=time.perf_counter)


class Executor:
    """Calls endpoints. At most `max_calls` at a time, so that a slow provider cannot take every thread."""

    def __init__(
        self,
        door: Door,
        vault: Vault,
        log: CallLog,
        limits: Limits,
        clock: Callable[[], float],
        max_calls: int,
    ) -> None:
        self._door = door
        self._vault = vault
        self._log = log
        self._limits = limits
        self._clock = clock
        self._slots = threading.BoundedSemaphore(max_calls)

    def call(
        self,
        installed: Installed,
        endpoint: Endpoint,
        parameters: Mapping[str, Any],
        circumstances: Circumstances,
        values: Values | None = None,
    ) -> Outcome:
        """The endpoint's answer. `values` stand in for the stored settings and secrets, as a test's do.

        Raises Invalid and SettingsIncomplete before anything is sent; EgressRefused, UpstreamFailed and its kin,
        DeadlineExceeded after.
        """
        values = values or self.stored_values(installed, endpoint)
        call = self.prepare(installed, endpoint, parameters, values)
        with self._logged(installed, endpoint, circumstances) as measure:
            answer = self._send(call, circumstances)
            measure.status, measure.received_bytes = answer.status, answer.received_bytes
            _require_success(answer)
            return self._read(endpoint, call, answer)

    def prepare(
        self, installed: Installed, endpoint: Endpoint, parameters: Mapping[str, Any], values: Values
    ) -> PreparedCall:
        """The request that would be sent."""
        integration = installed.integration
        timeout = integration.timeout_seconds or self._limits.timeout_seconds
        bound = bind_parameters(endpoint, parameters, values)
        return build_call(
            endpoint, integration.base_url, bound, values, Limits(timeout, self._limits.max_bytes)
        )

    def stored_values(self, installed: Installed, endpoint: Endpoint) -> Values:
        """The settings and the opened secrets that the endpoint binds. Raises SecretUnreadable and Conflict."""
        installed.require_readable(endpoint.secret_names)
        names = endpoint.secret_names & installed.secrets.keys()
        secrets = {name: self._open(installed, name) for name in sorted(names)}
        return Values(installed.config, secrets, required_names(installed))

    def timeout_seconds(self, installed: Installed) -> float:
        """The seconds that a whole render of the integration may take."""
        return installed.integration.timeout_seconds or self._limits.timeout_seconds

    def _open(self, installed: Installed, name: str) -> str:
        opened = self._vault.open_secret(installed.scope.workspace_id, installed.plugin_id, name)
        known = installed.secrets[name]
        if (opened.revision, opened.bound_to) != (known.revision, known.bound_to):
            # Entered anew since this call was planned, perhaps for another origin: the old plan must not send it.
            raise Conflict(f"The secret `{name}` changed while the call was prepared; try again.")
        return opened.value

    def _send(self, call: PreparedCall, circumstances: Circumstances) -> Answer:
        left = circumstances.seconds_left() if circumstances.seconds_left else call.timeout_seconds
        if left <= 0 or not self._slots.acquire(timeout=min(left, call.timeout_seconds)):
            raise DeadlineExceeded("No time was left for the call.")
        try:
            left = circumstances.seconds_left() if circumstances.seconds_left else left
            return self._door.send(call, deadline_seconds=left)
        finally:
            self._slots.release()

    def _read(self, endpoint: Endpoint, call: PreparedCall, answer: Answer) -> Outcome:
        now = self._clock()
        parsed = parse_answer(
            endpoint.response_type,
            answer.headers.get("Content-Type"),
            answer.body,
            page_url=call.url if endpoint.url_parameter is not None else None,
            status=answer.status,
        )
        if endpoint.schema is not None and (wrong := endpoint.schema.errors(parsed.value)):
            raise UpstreamInvalid(
                "The provider's answer does not match the declared schema.",
                reason="schema",
                mismatches=[{"path": path, "message": message} for path, message in wrong[:20]],
            )
        value = endpoint.selector.apply(parsed.value) if endpoint.selector is not None else parsed.value
        kind = "json" if endpoint.selector is not None else parsed.kind
        return Outcome(
            value=_without_secrets(value, kind, call),
            kind=kind,
            content_type="application/json" if kind == "json" else parsed.content_type,
            upstream=read_upstream(answer.headers, now),
            fetched_at=now,
        )

    @contextmanager
    def _logged(
        self, installed: Installed, endpoint: Endpoint, circumstances: Circumstances
    ) -> Iterator[_Measure]:
        measure = _Measure()
        try:
            yield measure
        except PatchbayError as error:
            measure.error_code = error.code
            measure.status = measure.status or getattr(error, "upstream_status", None)
            raise
        finally:
            self._log.record(
                CallRecord(
                    at=self._clock(),
                    workspace_id=installed.scope.workspace_id,
                    plugin_id=installed.plugin_id,
                    endpoint_id=endpoint.id,
                    block_id=circumstances.block_id,
                    cause=circumstances.cause,
                    status=measure.status,
                    duration_ms=(time.perf_counter() - measure.started) * 1000,
                    response_bytes=measure.received_bytes,
                    error_code=measure.error_code,
                )
            )


def required_names(installed: Installed) -> frozenset[str]:
    """The names of the properties that must be set."""
    return frozenset(name for name, item in installed.integration.properties.items() if item.required)


def to_json(value: Any, kind: str) -> bytes:
    """The value as the JSON of an envelope's `data`: text as a string, bytes as base64."""
    if kind == "binary":
        return orjson.dumps(base64.b64encode(value).decode())
    try:
        return orjson.dumps(value)
    except TypeError:
        # orjson stops at 64 bits where a provider's identifiers need not.
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _require_success(answer: Answer) -> None:
    if answer.status >= 400:
        raise UpstreamFailed(
            f"The provider answered {answer.status}.",
            upstream_status=answer.status,
            retry_after_seconds=_retry_after(answer),
        )
    if answer.status >= 300:
        raise UpstreamFailed(
            "The provider redirects, and this call follows no redirect.",
            upstream_status=answer.status,
            reason="redirect",
        )


def _retry_after(answer: Answer) -> float | None:
    text = (answer.headers.get("Retry-After") or "").strip()
    return float(min(int(text), 86400)) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _without_secrets(value: Any, kind: str, call: PreparedCall) -> Any:
    if not call.secrets:
        return value
    redactor = Redactor(call.secrets)
    if kind == "binary":
        return redactor.redact_bytes(value)
    # Most answers echo nothing: one search of the bytes spares them the walk.
    return redactor.redact_value(value) if redactor.found_in(to_json(value, kind)) else value
