"""An app in which every example is registered, set up and connected against a sandbox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from werkzeug.test import TestResponse

from app import close_app, create_app
from examples.catalog import against_sandbox, load_examples, sandbox_config
from examples.sandbox import Sandbox
from examples.sandbox.provider import Sample
from examples.sign_in import approve, needs_sign_in
from settings import load_settings
from tests.conftest import TOKEN, Client
from tests.databases import seed_database

EXAMPLES = {example["id"]: example for example in load_examples()}
INTEGRATIONS = {id_: example for id_, example in EXAMPLES.items() if example["type"] == "integration"}


@contextmanager
def staged_app(sandbox: Sandbox, instance: Path) -> Iterator[Client]:
    """A client of the app, with the token."""
    allowed = urlsplit(sandbox.url).netloc
    settings = load_settings(
        {
            "PATCHBAY_INSTANCE": str(instance),
            "PATCHBAY_TOKEN": TOKEN,
            "PATCHBAY_EGRESS_ALLOW": allowed,
            "PATCHBAY_EGRESS_ALLOW_URLS": allowed,
            "PATCHBAY_PREFETCH": "off",
        }
    )
    seed_database(instance)
    app = create_app(settings)
    client = Client(app)
    plugins = [against_sandbox(example, sandbox.url) for example in EXAMPLES.values()]
    registered = client.post("/plugins/register-batch", {"plugins": plugins}).get_json()
    assert registered["failed"] == 0, [result for result in registered["results"] if not result["registered"]]
    for plugin_id in INTEGRATIONS:
        configure(client, plugin_id, sandbox_config(plugin_id, sandbox.url))
    for plugin in filter(needs_sign_in, plugins):
        sign_in(client, plugin["id"])
    yield client
    close_app(app)


def configure(client: Client, plugin_id: str, config: Mapping[str, object]) -> None:
    answer = client.put(f"/integrations/{plugin_id}/config", {"config": config})
    assert answer.status_code == 200, answer.get_data(as_text=True)


def sign_in(client: Client, plugin_id: str) -> None:
    """As a person does who says yes at the provider."""
    answer = client.post(f"/integrations/{plugin_id}/oauth2/connect", {})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    back = urlsplit(approve(answer.get_json()["authorization_url"]))
    assert client.open(f"{back.path}?{back.query}").status_code == 200


def render(client: Client, plugin_id: str, sample: Sample, *, use_cache: bool = True) -> TestResponse:
    body = {"block_type": sample.block, "parameters": sample.inputs}
    return client.post(
        f"/integrations/{plugin_id}/render", body | ({} if use_cache else {"use_cache": False})
    )
