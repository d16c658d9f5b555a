"""The check of an answer against its endpoint's response schema. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from errors import UpstreamInvalid
from integrations.answers.response_schema import SchemaCheck
from integrations.calling.parameters import Values, bind_parameters
from integrations.manifests.model import Endpoint


def schema_check(endpoint: Endpoint, parameters: Mapping[str, Any], values: Values) -> SchemaCheck | None:
    """The check of the endpoint's answers, with the limits that settings and parameters set; None without a schema."""
    schema = endpoint.schema
    if schema is None:
        return None
    inputs = bind_parameters(endpoint, parameters, values) if schema.input_names else {}
    return schema.bound(values.config, inputs)


def require_match(check: SchemaCheck, value: Any) -> None:
    """Raises UpstreamInvalid if the value does not match."""
    if wrong := check.errors(value):
        raise UpstreamInvalid(
            "The provider's answer does not match the declared schema.",
            reason="schema",
            mismatches=[{"path": path, "message": message} for path, message in wrong[:20]],
        )
