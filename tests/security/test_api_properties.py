"""Requests made up from the API's own description: whatever it allows, and more, gets a described answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from schemathesis.checks import CheckFunction
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from settings import Settings
from tests.conftest import RunningServer

CHECKS: list[CheckFunction] = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# A provider's failure is an answer; a 500 never is.
PROVIDER_FAILURES = {502, 503, 504}
EXAMPLES_PER_OPERATION = 8
PLUGIN_ID = "sample"

MANIFEST: dict[str, Any] = {
    "properties": [
        {"name": "api_key", "type": "string", "secure": True},
        {"name": "units", "type": "string", "default": "metric"},
    ],
    "integration": {"api_type": "rest", "auth_method": "none"},
    "endpoints": [
        {
            "id": "now",
            "method": "GET",
            "path": "/now",
            "parameters": [{"name": "q", "in": "query", "type": "string"}],
        }
    ],
    "blocks": [{"id": "weather", "endpoint": "now", "config_schema": {"q": {"type": "string"}}}],
}


@pytest.fixture
def peopled(
    settings: Settings, start_server: Callable[[Settings], RunningServer], upstream: HTTPServer
) -> RunningServer:
    """A server with a plugin that answers, so that made-up requests get beyond the first 404.

    It refuses every stream of live events, whose answer would not end.
    """
    server = start_server(replace(settings, event_streams=0))
    upstream.expect_request("/now").respond_with_json({"temp": 20})
    integration = {**MANIFEST["integration"], "base_url": upstream.url_for("").rstrip("/")}
    declaration = {
        "id": PLUGIN_ID,
        "name": "Sample",
        "version": "1.0.0",
        "type": "integration",
        "manifest": {**MANIFEST, "integration": integration},
    }
    assert server.request("POST", "/api/v1/plugins/register", json=declaration).status_code == 201
    return server


def operations(server: RunningServer) -> Iterator[Any]:
    document = server.request("GET", "/api/v1/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=server.url)
    for found in schema.get_all_operations():
        yield found.ok()


def known_ids(case: schemathesis.Case) -> dict[str, Any]:
    return {
        name: {"plugin_id": PLUGIN_ID, "key": "api_key"}.get(name, 1) for name in case.path_parameters or {}
    }


@pytest.mark.timeout(180)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_made_up_request_gets_a_described_answer(peopled: RunningServer, mode: GenerationMode):
    headers = {"Authorization": f"Bearer {peopled.token}"}
    asked = 0

    def ask(operation: Any) -> None:
        @given(case=operation.as_strategy(generation_mode=mode), known=st.booleans())
        @hypothesis_settings(
            max_examples=EXAMPLES_PER_OPERATION,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def check(case: schemathesis.Case, known: bool) -> None:
            nonlocal asked
            if known and case.path_parameters:
                case.path_parameters = known_ids(case)
            response = case.call(headers=headers, session=peopled.session)
            asked += 1
            assert response.status_code < 500 or response.status_code in PROVIDER_FAILURES, response.text
            case.validate_response(response, checks=CHECKS, headers=headers)

        check()

    for operation in operations(peopled):
        ask(operation)
    assert asked > 100
