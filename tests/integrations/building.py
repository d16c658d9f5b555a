"""Short ways to a compiled integration and to the request that it would send."""

from typing import Any

from integrations.calling.carried import build_accounted_call
from integrations.calling.parameters import Values, bind_parameters
from integrations.calling.requests_builder import Limits
from integrations.egress.messages import PreparedCall
from integrations.manifests.compiling import compile_plugin
from integrations.manifests.model import Integration

ANY_PROPERTIES = [
    {"name": "api_key", "secure": True},
    {"name": "access_token", "secure": True},
    {"name": "username"},
    {"name": "password", "secure": True},
    {"name": "user"},
    {"name": "units"},
    {"name": "server"},
]


def integration_of(
    endpoints: list[dict[str, Any]],
    blocks: list[dict[str, Any]] | None = None,
    properties: list[dict[str, Any]] | None = None,
    **section: Any,
) -> Integration:
    """The compiled integration of these endpoints and blocks, at https://api.test/v1 unless told otherwise."""
    manifest = {
        "integration": {"base_url": "https://api.test/v1", **section},
        "properties": ANY_PROPERTIES if properties is None else properties,
        "endpoints": endpoints,
        "blocks": blocks or [],
    }
    integration = compile_plugin("example", "integration", manifest)
    assert integration is not None
    return integration


def call_of(
    endpoint: dict[str, Any],
    parameters: dict[str, Any] | None = None,
    config: dict[str, Any] | None = None,
    secrets: dict[str, str] | None = None,
    now: float = 1_800_000_000.0,
    **section: Any,
) -> PreparedCall:
    """The request that one endpoint would send, with secrets that were entered for what its manifest says."""
    integration = integration_of([{"id": "it", **endpoint}], **section)
    compiled = integration.endpoints["it"]
    values = Values(config or {}, secrets or {}, sealed=integration.destinations(config or {}))
    bound = bind_parameters(compiled, parameters or {}, values)
    return build_accounted_call(integration, compiled, bound, values, Limits(), now)


def headers_of(call: PreparedCall) -> dict[str, str]:
    return {name.lower(): value for name, value in call.headers}
