"""A declared service over the loopback upstream, for stories told through the API."""

from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug.test import TestResponse

PROPERTIES = [
    {"name": "api_key", "secure": True},
    {"name": "user"},
    {"name": "password", "secure": True},
    {"name": "client_id"},
    {"name": "client_secret", "secure": True},
]


class Service:
    """An integration `svc` of these endpoints and blocks; further words go into its `integration` section."""

    def __init__(
        self,
        client: Any,
        upstream: HTTPServer,
        endpoints: list[dict[str, Any]],
        blocks: list[dict[str, Any]] | None = None,
        **section: Any,
    ) -> None:
        self._client = client
        self.url = upstream.url_for("/").rstrip("/")
        self.manifest = {
            "integration": {"base_url": self.url, **section},
            "properties": PROPERTIES,
            "endpoints": endpoints,
            "blocks": blocks or [],
        }
        self.register()

    def register(self) -> None:
        declaration = {
            "id": "svc",
            "name": "S",
            "version": "1.0.0",
            "type": "integration",
            "manifest": self.manifest,
        }
        answered = self._client.post("/plugins/register", declaration)
        assert answered.status_code in (200, 201), answered.json

    def configure(self, **config: Any) -> None:
        answered = self._client.put("/integrations/svc/config", {"config": config})
        assert answered.status_code == 200, answered.json

    def render(self, block: str, parameters: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        body = {"block_type": block, "parameters": parameters or {}, **more}
        return self._client.post("/integrations/svc/render", body)

    def execute(self, endpoint: str, parameters: dict[str, Any] | None = None) -> TestResponse:
        body = {"endpoint_id": endpoint, "parameters": parameters or {}}
        return self._client.post("/integrations/svc/execute", body)
