"""Short ways from an OpenAPI document to what is registered, and to the requests that come of it."""

from pathlib import Path
from typing import Any

from integrations.authoring.files import read_file
from integrations.authoring.openapi.document import NotConvertible
from integrations.authoring.openapi_import import Imported, ImportOptions, import_openapi
from integrations.calling.parameters import Values, bind_parameters
from integrations.calling.requests_builder import Limits, build_call
from integrations.egress.messages import PreparedCall
from integrations.manifests.compiling import compile_plugin
from integrations.manifests.model import Integration

DOCUMENTS = Path(__file__).parent / "documents"


def import_file(name: str, **options: Any) -> Imported:
    return import_openapi(read_file(str(DOCUMENTS / name)).value, ImportOptions("it", **options))


def import_document(paths: dict[str, Any], options: dict[str, Any] | None = None, **rest: Any) -> Imported:
    """A small document of OpenAPI 3.1 at https://api.test."""
    document = {
        "openapi": "3.1.0",
        "info": {"title": "It", "version": "1.0.0"},
        "servers": [{"url": "https://api.test"}],
        "paths": paths,
        **rest,
    }
    return import_openapi(document, ImportOptions("it", **(options or {})))


def import_parameter(parameter: dict[str, Any], **rest: Any) -> Imported:
    """A document whose only operation, `get`, has this parameter."""
    path = f"/x/{{{parameter['name']}}}" if parameter.get("in") == "path" else "/x"
    operation = {"operationId": "get", "parameters": [parameter], "responses": {}}
    return import_document({path: {"get": operation}}, **rest)


def import_body(body: dict[str, Any], **rest: Any) -> Imported:
    """A document whose only operation, `send`, has this body."""
    return import_document(
        {"/x": {"post": {"operationId": "send", "requestBody": body, "responses": {}}}}, **rest
    )


def reasons_of(imports: Any, *args: Any, **rest: Any) -> str:
    """Why nothing can be imported."""
    try:
        imports(*args, **rest)
    except NotConvertible as unfit:
        return str(unfit)
    raise AssertionError("It was imported.")


def compiled(imported: Imported) -> Integration:
    declaration = imported.declaration
    integration = compile_plugin(declaration["id"], declaration["type"], declaration["manifest"])
    assert integration is not None
    return integration


def endpoint_of(imported: Imported, endpoint_id: str = "get") -> dict[str, Any]:
    (found,) = [item for item in imported.declaration["manifest"]["endpoints"] if item["id"] == endpoint_id]
    return found


def parameters_of(imported: Imported, endpoint_id: str = "get") -> list[dict[str, Any]]:
    return endpoint_of(imported, endpoint_id).get("parameters", [])


def call_of(
    imported: Imported,
    endpoint_id: str = "get",
    parameters: dict[str, Any] | None = None,
    config: dict[str, Any] | None = None,
    secrets: dict[str, str] | None = None,
    tokens: dict[str, str] | None = None,
) -> PreparedCall:
    """The request that one endpoint would send."""
    integration = compiled(imported)
    endpoint = integration.endpoints[endpoint_id]
    properties = imported.declaration["manifest"].get("properties", ())
    defaults = {item["name"]: item["default"] for item in properties if "default" in item}
    values = Values({**defaults, **(config or {})}, secrets or {}, tokens=tokens or {})
    bound = bind_parameters(endpoint, parameters or {}, values)
    return build_call(integration, endpoint, bound, values, Limits(), 1_800_000_000.0)
