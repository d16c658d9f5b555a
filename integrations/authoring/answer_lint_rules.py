"""Lint rules about how answers are parsed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from integrations.authoring.findings import LintWarning, Reviewed
from integrations.manifests.model import Endpoint

# Paths of metrics for Prometheus and similar tools, and of plain text files.
_PLAIN_TEXT_PATH = re.compile(
    r"(?:^|/)(?:metrics|federate)(?:/(?:prometheus|cadvisor))?/?$|\.(?:txt|log|prom)$"
)
_PLAIN_TEXT_TYPES = re.compile(r"text/plain|application/openmetrics-text", re.IGNORECASE)


def path_into_text(reviewed: Reviewed) -> Iterator[LintWarning]:
    """Paths and schemas for answers that have no members."""
    for path, item, endpoint in reviewed.endpoints():
        if "response_schema" in item and not endpoint.has_members:
            yield f"{path}.response_schema", f"An answer of type `{endpoint.response_type}` is not JSON."
    for path, _, block in reviewed.blocks():
        for index, step in enumerate(block.steps):
            if step.outputs and not step.endpoint.has_members:
                yield f"{path}.steps[{index}].outputs", _no_members(step.endpoint)
        last = block.steps[-1].endpoint if block.steps else None
        if block.selector and last and not block.collect and not last.has_members:
            yield f"{path}.select", _no_members(last)


def _no_members(endpoint: Endpoint) -> str:
    return f"`{endpoint.id}` answers `{endpoint.response_type}`, in which there is nothing to select."


def plain_text(reviewed: Reviewed) -> Iterator[LintWarning]:
    """Endpoints that are parsed as JSON, although their path or `Accept` indicates plain text."""
    for path, item, endpoint in reviewed.endpoints():
        if endpoint.response_type == "json" and _looks_like_plain_text(item):
            yield (
                f"{path}.response_type" if "response_type" in item else path,
                "This looks like plain text, which `json` refuses. Declare `response_type: "
                "prometheus` for Prometheus metrics, or `response_type: text`. `select` works on metrics, and on a "
                "text with `extract` or `lines`.",
            )


def _looks_like_plain_text(item: Mapping[str, Any]) -> bool:
    accept = [text for name, text in (item.get("headers") or {}).items() if name.lower() == "accept"]
    address = str(item.get("path", "")).partition("?")[0]
    is_asked_for = any(_PLAIN_TEXT_TYPES.match(str(text)) for text in accept)
    return is_asked_for or (not accept and _PLAIN_TEXT_PATH.search(address) is not None)
