"""Sends spans to an OpenTelemetry collector. The only module that knows OpenTelemetry, which is an optional extra."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from integrations.concurrency.spans import Span, Value, trace_with
from settings import version

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
SERVICE = "patchbay"

log = logging.getLogger("patchbay.tracing")


def start_tracing(environ: Mapping[str, str]) -> Callable[[], None]:
    """Traces this process if OpenTelemetry's variables ask for it. Returns what ends that and sends the last spans."""
    is_disabled = environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if is_disabled or not any(environ.get(name) for name in ENDPOINTS):
        return lambda: None
    try:
        provider = _make_provider(environ)
    except ImportError:
        log.warning(
            "Nothing is traced: opentelemetry-sdk and opentelemetry-exporter-otlp-proto-http are not installed "
            "(requirements-otel.txt)."
        )
        return lambda: None
    trace_with(_Tracer(provider).begin)

    def stop() -> None:
        trace_with(None)
        provider.shutdown()

    return stop


def _make_provider(environ: Mapping[str, str]) -> Any:
    sdk, exporting = import_module("opentelemetry.sdk.trace"), import_module("opentelemetry.sdk.trace.export")
    resources = import_module("opentelemetry.sdk.resources")
    otlp = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    named = {} if environ.get("OTEL_SERVICE_NAME") else {"service.name": SERVICE}
    provider = sdk.TracerProvider(
        resource=resources.Resource.create({**named, "service.version": version()}), shutdown_on_exit=False
    )
    # The exporter reads the endpoint and its headers from the variables itself.
    provider.add_span_processor(exporting.BatchSpanProcessor(otlp.OTLPSpanExporter()))
    return provider


class _Tracer:
    """Begins spans of OpenTelemetry."""

    def __init__(self, provider: Any) -> None:
        self._trace = import_module("opentelemetry.trace")
        context = import_module("opentelemetry.trace.propagation.tracecontext")
        self._propagator = context.TraceContextTextMapPropagator()
        self._tracer = provider.get_tracer(SERVICE, version())
        self._context = import_module("opentelemetry.context").Context

    def begin(
        self, name: str, parent: Span | None, attributes: Mapping[str, Value], headers: Mapping[str, str]
    ) -> Span:
        """A span below `parent`; without one, below the span of another process that the headers name."""
        kinds = self._trace.SpanKind
        if isinstance(parent, _OtelSpan):
            context, kind = self._trace.set_span_in_context(parent.otel, self._context()), kinds.INTERNAL
        else:
            context = self._propagator.extract(dict(headers), self._context())
            kind = kinds.SERVER if "http.request.method" in attributes else kinds.INTERNAL
        if name == "upstream call":
            kind = kinds.CLIENT
        return _OtelSpan(self._tracer.start_span(name, context, kind, dict(attributes)), self._trace)


class _OtelSpan:
    """A span of OpenTelemetry. Of an error it has the code or the type only, never a text."""

    def __init__(self, otel: Any, trace: Any) -> None:
        self.otel = otel
        self._trace = trace

    def rename(self, name: str) -> None:
        self.otel.update_name(name)

    def note(self, name: str, value: Value) -> None:
        self.otel.set_attribute(name, value)
        if name == "http.response.status_code" and int(value) >= 500:
            self.otel.set_status(self._trace.StatusCode.ERROR)

    def end(self, error: BaseException | None) -> None:
        if error is not None:
            self.otel.set_attribute("error.type", getattr(error, "code", None) or type(error).__name__)
            self.otel.set_status(self._trace.StatusCode.ERROR)
        self.otel.end()
