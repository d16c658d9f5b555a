"""An integration's own certificates: a private authority by a setting, a client certificate from the vault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from integrations.manifests.tls_settings import read_fingerprint
from tests.certificates import Authority, fingerprint_of
from tests.upstreams import Upstream

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
    with Upstream(host="127.0.0.1", ssl_context=context) as server:
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


def test_a_file_that_is_not_there_is_a_settings_fault_and_no_call(
    ask: Any, tmp_path: Path, authority: Authority, provider: HTTPServer, client: Any
):
    certificate, key = authority.issue("patchbay")
    problem = ask(ca_file=str(tmp_path / "none.pem"), certificate=certificate, key=key)
    answers = [client.post("/integrations/svc/execute", {"endpoint_id": "status"}) for _ in range(12)]

    assert (problem["status"], list(problem["errors"])) == (409, ["config.ca_file"])
    assert {(answer.status_code, answer.json["code"]) for answer in answers} == {(409, "settings_incomplete")}
    assert provider.log == []
    # Neither logged nor counted, and no breaker opened: the next right setting counts at once.
    assert [usage["calls"] for usage in client.get("/usage").json["integrations"]] in ([], [0])
    assert ask(ca_file=authority.ca_file, certificate=certificate, key=key)["success"] is True


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


HOME = [{"name": "ca_file"}, {"name": "expected"}, {"name": "pin"}, {"name": "key", "secure": True}]
HOME_TLS = {"ca_file": "{ca_file}", "server_name": "{expected}", "fingerprint_sha256": "{pin}"}


def at_home(base_url: str, tls: dict[str, str], **section: Any) -> dict[str, Any]:
    manifest = {
        "integration": {"base_url": base_url, "tls": tls, **section},
        "properties": HOME,
        "endpoints": [{"id": "status", "path": "/status"}],
    }
    return {"id": "home", "name": "H", "version": "1.0.0", "type": "integration", "manifest": manifest}


def serve(authority: Authority, certificate: tuple[str, str]) -> HTTPServer:
    server = Upstream(host="127.0.0.1", ssl_context=authority.server_context(certificate))
    server.expect_request("/status").respond_with_json({"ok": True})
    return server


def test_a_person_says_whom_to_expect_by_settings(client: Any, authority: Authority):
    certificate = authority.issue("nas.home")
    with serve(authority, certificate) as server:
        declared = at_home(server.url_for("").rstrip("/"), HOME_TLS)
        assert client.post("/plugins/register", declared).status_code == 201

        def ask(**config: str) -> dict[str, Any]:
            assert client.put("/integrations/home/config", {"config": config}).status_code == 200
            return client.post("/integrations/home/test", {}).json

        unexpected = ask(ca_file=authority.ca_file)
        named = ask(ca_file=Path(authority.ca_file).read_text(), expected="NAS.home")
        pinned = ask(pin=f"sha256 Fingerprint={fingerprint_of(certificate[0]).upper()}")
        unreadable = ask(pin="12:34")
        no_name = ask(ca_file=authority.ca_file, expected="https://nas.home/")

    assert "nas.home, not 127.0.0.1" in unexpected["message"]
    assert [named["success"], pinned["success"]] == [True, True]
    assert (unreadable["status"], list(unreadable["errors"])) == (409, ["config.pin"])
    assert (no_name["status"], list(no_name["errors"])) == (409, ["config.expected"])


def test_name_and_pin_are_those_of_the_base_url_only(client: Any, authority: Authority):
    with (
        serve(authority, authority.issue("127.0.0.1")) as auth,
        serve(authority, authority.issue("nas.home")) as nas,
    ):
        auth.expect_request("/token").respond_with_json({"access_token": "t", "expires_in": 60})
        declared = at_home(
            nas.url_for("").rstrip("/"),
            HOME_TLS,
            auth_method="oauth2_client_credentials",
            oauth2={"token_url": auth.url_for("/token"), "client_id": "c", "client_secret": "{key}"},
        )
        assert client.post("/plugins/register", declared).status_code == 201
        config = {"ca_file": authority.ca_file, "expected": "nas.home", "key": "secret-secret"}
        assert client.put("/integrations/home/config", {"config": config}).status_code == 200

        assert client.post("/integrations/home/test", {}).json["success"] is True
        assert (len(auth.log), len(nas.log)) == (1, 1)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("fingerprint_sha256", "12:34"),
        ("fingerprint_sha256", "zz" * 32),
        ("fingerprint_sha256", "{key}"),
        ("server_name", "https://nas.home"),
        ("server_name", "nas.home:443"),
        ("server_name", "{key}"),
        ("server_name", "{unknown}"),
    ],
)
def test_what_a_manifest_cannot_mean_is_refused_by_field(client: Any, word: str, value: str):
    problem = client.post("/plugins/register", at_home("https://192.168.1.5", {word: value}))
    assert (problem.status_code, list(problem.json["errors"])) == (422, [f"manifest.integration.tls.{word}"])


@pytest.mark.parametrize(
    "text",
    [
        "AB" * 32,
        ":".join(["ab"] * 32),
        " ".join(["AB"] * 32),
        "SHA256:" + "ab" * 32,
        "sha-256 = " + "ab" * 32,
    ],
)
def test_a_fingerprint_is_read_as_programs_write_it(text: str):
    assert read_fingerprint(text) == "ab" * 32


@pytest.mark.parametrize("text", ["", "ab" * 31, "ab" * 33, "ab" * 16, "gh" * 32, "\uff41b" * 32])
def test_what_is_no_fingerprint_is_refused(text: str):
    with pytest.raises(ValueError, match="64 hex digits"):
        read_fingerprint(text)
