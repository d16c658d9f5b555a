"""`response_type: prometheus`: the text exposition format, and OpenMetrics."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from integrations.answers.types.received import JSON_TYPE, Parsed, Received, unparsable, wrong_type

if TYPE_CHECKING:
    from prometheus_client import Metric

OPENMETRICS_TYPE = "application/openmetrics-text"
# The parser takes the square of a line's labels, and some 30 microseconds a sample.
MAX_LINE_BYTES = 4_096
MAX_SAMPLES = 50_000
_NAME = re.compile(r"^[ \t]*([A-Za-z_:][A-Za-z0-9_:]*)", re.MULTILINE)


def parse_prometheus(received: Received) -> Parsed:
    """An object of lists: each sample's labels, value and, where it has one, timestamp, by the sample's name.

    Values that JSON does not have (NaN, infinities) are null. Timestamps are epoch seconds.
    """
    if received.is_html or received.is_xml or received.is_media or received.is_json:
        raise wrong_type("Prometheus metrics", received)
    lines = received.body.splitlines()
    if len(lines) > 4 * MAX_SAMPLES or any(len(line) > MAX_LINE_BYTES for line in lines):
        raise unparsable(
            "Prometheus metrics", "the answer is too large, or has lines that are too long", received
        )
    try:
        text = received.body.decode("utf-8")
        families = _families(text, is_open=received.media_type == OPENMETRICS_TYPE)
        found = _samples(families, frozenset(_NAME.findall(text)))
    except TooManySamplesError:
        raise unparsable(
            "Prometheus metrics", f"there are more than {MAX_SAMPLES} samples", received
        ) from None
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise unparsable("Prometheus metrics", "a line cannot be read as that", received) from None
    return Parsed(found, JSON_TYPE, "json")


def _families(text: str, *, is_open: bool) -> Iterable[Metric]:
    # Loaded when it is first needed: few servers read metrics.
    parser = import_module("prometheus_client.openmetrics.parser" if is_open else "prometheus_client.parser")
    return parser.text_string_to_metric_families(text)


class TooManySamplesError(Exception):
    """There are more samples than one answer may have."""


def _samples(families: Iterable[Metric], written: frozenset[str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    count = 0
    for family in families:
        for sample in family.samples:
            count += 1
            if count > MAX_SAMPLES:
                raise TooManySamplesError
            item: dict[str, Any] = {"labels": dict(sample.labels), "value": _number(sample.value)}
            if sample.timestamp is not None:
                item["timestamp"] = _number(float(sample.timestamp))
            found.setdefault(_as_written(sample.name, written), []).append(item)
    return found


def _as_written(name: str, written: frozenset[str]) -> str:
    """The name as the provider wrote it: the parser adds `_total` to counters without it."""
    return name if name in written else name.removesuffix("_total")


def _number(value: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    return int(value) if value == int(value) and abs(value) < 2**53 else value
