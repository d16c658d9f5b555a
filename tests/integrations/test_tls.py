"""An integration's own certificates: a private authority by a setting, a client certificate from the vault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.certificates import Authority

PROPERTIES = [
    {"name": "ca_file"},
    {"name": "certificate", "secure": True},
    {"name": "key", "secure": True},
]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def provider(authority: Authority) -> Iterator[HTTPServer]:
    """A provider that shows a certificate of the private authority and asks for one in return."""
    context = authority.server_context(authority.issue("127.0.0.1"), asks_client=True)
    with HTTPServer(host="127.0.0.1", ssl_context=context) as server:
        server.expect_request("/status").respond_with_json({"ok": True})
        yield server


@pytest.fixture
def ask(client: Any, provider: HTTPServer) -> Any:
    """Configures the integration and tests its connection."""
    return asking(client, provider, "{ca_file}")


def asking(client: Any, provider: HTTPServer, ca_file: str) -> Any:
    tls = {"ca_file": ca_file, "client_certificate": "{certificate}", "client_key": "{key}"}
    manifest = {
        "integration": {"base_url": provider.url_for("").rstrip("/"), "tls": tls},
        "properties": PROPERTIES,
        "endpoints": [{"id": "status", "path": "/status"}],
    }
    declaration = {"id": "svc", "name": "S", "version": "1.0.0", "type": "integration", "manifest": manifest}
    assert client.post("/plugins/register", declaration).status_code == 201

    def configure_and_ask(**config: str | None) -> dict[str, Any]:
        assert client.put("/integrations/svc/config", {"config": config}).status_code == 200
        return client.post("/integrations/svc/test", {}).json

    return configure_and_ask


def test_both_sides_prove_who_they_are(ask: Any, authority: Authority, provider: HTTPServer, client: Any):
    certificate, key = authority.issue("patchbay")
    verdict = ask(ca_file=authority.ca_file, certificate=certificate, key=key)
    assert verdict["success"] is True, verdict
    assert len(provider.log) == 1
    assert key.splitlines()[1] not in client.get("/integrations/svc/config").text


def test_an_unknown_authority_is_told_and_nothing_is_sent(ask: Any, provider: HTTPServer):
    verdict = ask()
    assert (verdict["success"], verdict["details"]["reason"]) == (False, "tls")
    assert "certificate" in verdict["message"]
    assert provider.log == []


def test_without_its_certificate_the_provider_does_not_let_us_in(
    ask: Any, authority: Authority, provider: HTTPServer
):
    assert ask(ca_file=authority.ca_file)["success"] is False
    assert provider.log == []


def test_a_file_that_is_not_there_is_told(ask: Any, tmp_path: Path, provider: HTTPServer):
    verdict = ask(ca_file=str(tmp_path / "none.pem"))
    assert verdict["success"] is False
    assert provider.log == []


def test_a_file_that_the_manifest_itself_names_counts(
    client: Any, authority: Authority, provider: HTTPServer
):
    certificate, key = authority.issue("patchbay")
    ask = asking(client, provider, authority.ca_file)
    assert ask(certificate=certificate, key=key)["success"] is True


@pytest.mark.parametrize(("given", "missing"), [("certificate", "key"), ("key", "certificate")])
def test_half_of_a_client_certificate_is_told_by_name(
    ask: Any, authority: Authority, provider: HTTPServer, given: str, missing: str
):
    parts = dict(zip(("certificate", "key"), authority.issue("patchbay"), strict=True))
    problem = ask(ca_file=authority.ca_file, **{given: parts[given]})
    assert (problem["status"], list(problem["errors"])) == (409, [f"config.{missing}"])
    assert provider.log == []
