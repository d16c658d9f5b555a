"""Every example registers, and every block of it renders the provider's data."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from examples.catalog import (
    PLUGINS_FOLDER,
    against_sandbox,
    load_example,
    sandbox_config,
    sandbox_samples,
    secret_names,
)
from examples.sandbox import Sandbox
from examples.sandbox.provider import Sample
from integrations.authoring.lint import check_manifest
from integrations.manifests.compiling import compile_plugin
from schemas.manifests.display import is_icon
from tests.conftest import Client
from tests.examples.stage import EXAMPLES, INTEGRATIONS, render, staged_app

ALL_BLOCKS = [
    (id_, block) for id_, example in INTEGRATIONS.items() for block in example["manifest"]["blocks"]
]
BLOCKS = [(id_, block) for id_, block in ALL_BLOCKS if "action" not in block]
ACTIONS = [(id_, block) for id_, block in ALL_BLOCKS if "action" in block]
SANDBOX_PLACEHOLDER = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def client(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with staged_app(sandbox, tmp_path_factory.mktemp("patchbay") / "instance") as staged:
        yield staged


@pytest.mark.parametrize("path", sorted(PLUGINS_FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_each_file_is_a_registration_body_named_after_its_plugin(path: Path):
    declaration = json.loads(path.read_text("utf-8"))

    assert set(declaration) == {"id", "name", "version", "type", "manifest"}
    assert declaration["id"] == path.stem
    assert declaration["manifest"]["description"]


def test_every_example_is_an_integration_that_stands_in_the_readme():
    readme = (PLUGINS_FOLDER.parent / "README.md").read_text("utf-8")

    assert [id_ for id_ in EXAMPLES if f"`{id_}.json`" not in readme] == []
    assert {item["type"] for item in EXAMPLES.values()} == {"integration"}


@pytest.mark.parametrize("plugin_id", EXAMPLES)
def test_each_example_compiles(plugin_id):
    example = EXAMPLES[plugin_id]

    compiled = compile_plugin(plugin_id, example["type"], example["manifest"])

    assert compiled is not None


def test_the_plugin_in_the_readme_compiles():
    readme = (PLUGINS_FOLDER.parent / "README.md").read_text("utf-8")
    declared = json.loads(readme.partition("```json\n")[2].partition("```")[0])

    compiled = compile_plugin(declared["id"], declared["type"], declared["manifest"])

    assert compiled is not None
    assert list(compiled.blocks) == ["joke"]


@pytest.mark.parametrize("plugin_id", INTEGRATIONS)
def test_each_integration_links_its_documentation_and_calls_by_https_or_where_it_is_told(plugin_id):
    manifest = INTEGRATIONS[plugin_id]["manifest"]
    base_url = manifest["integration"].get("base_url", "https://")

    assert manifest["docs"].startswith("https://")
    assert base_url.startswith(("https://", "{"))


@pytest.mark.parametrize(
    ("plugin_id", "block"), BLOCKS, ids=lambda part: part if isinstance(part, str) else part["id"]
)
def test_each_block_says_how_long_it_is_good_and_selects_what_is_drawn(plugin_id, block):
    endpoints = {item["id"]: item for item in INTEGRATIONS[plugin_id]["manifest"]["endpoints"]}
    last = block["endpoint"] if "endpoint" in block else block["steps"][-1]["endpoint"]
    is_text = endpoints[last].get("response_type", "json") in {"text", "html", "image", "binary"}
    is_data = not is_text or bool({"extract", "lines"} & endpoints[last].keys())

    assert bool(block.get("select")) == is_data
    assert 0 < block["stale_while_revalidate"] <= block["stale_if_error"]
    assert block["cache_ttl"] > 0
    assert block["name"]
    assert block["description"]


@pytest.mark.parametrize("plugin_id", INTEGRATIONS)
def test_each_integration_has_an_icon_and_nothing_in_its_drawings_is_ignored(plugin_id):
    example = INTEGRATIONS[plugin_id]
    warned = {warning.code for warning in check_manifest(plugin_id, example["type"], example["manifest"])}

    assert is_icon(example["manifest"]["icon"])
    assert not warned & {"unknown-display", "unknown-icon"}


@pytest.mark.parametrize(
    ("plugin_id", "block"), BLOCKS, ids=lambda part: part if isinstance(part, str) else part["id"]
)
def test_each_block_declares_how_it_is_drawn_by_fields_that_its_data_has(plugin_id, block):
    (sample,) = [one for one in sandbox_samples(plugin_id, SANDBOX_PLACEHOLDER) if one.block == block["id"]]
    display = block["display"]
    fields = {*display.get("fields", []), *display.get("units", {}), *display.get("links", {}).values()}
    fields |= {display[word] for word in ("title", "value", "caption", "x", "latitude") if word in display}
    fields |= {*display.get("history", {}).get("fields", [])}

    assert display.get("kind") or isinstance(sample.data, str)
    assert [name for name in sorted(fields) if not has_field(sample.data, name)] == []


def has_field(data: Any, name: str) -> bool:
    """Whether the data, one of its records or a list in it has the field."""
    if isinstance(data, dict):
        return name in data or any(has_field(value, name) for value in data.values())
    return isinstance(data, list) and any(has_field(item, name) for item in data)


@pytest.mark.parametrize("plugin_id", INTEGRATIONS)
def test_each_block_has_a_sample(plugin_id):
    sampled = [sample.block for sample in sandbox_samples(plugin_id, SANDBOX_PLACEHOLDER)]

    assert sampled == [block["id"] for block in INTEGRATIONS[plugin_id]["manifest"]["blocks"]]


@pytest.mark.parametrize(
    ("plugin_id", "block"), BLOCKS, ids=lambda part: part if isinstance(part, str) else part["id"]
)
def test_each_block_draws_the_data_once_fetched_and_then_kept(client, sandbox, plugin_id, block):
    (sample,) = [item for item in sandbox_samples(plugin_id, sandbox.url) if item.block == block["id"]]
    sandbox.journal.forget()

    answers = [render(client, plugin_id, sample) for _ in range(2)]

    for answer in answers:
        assert answer.status_code == 200, answer.get_data(as_text=True)
        assert answer.get_json()["data"] == sample.data
    assert [answer.headers["X-Cache"] for answer in answers] == ["MISS", "HIT"]
    assert len(sandbox.data_requests()) == sample.upstream_calls


@pytest.mark.parametrize(
    ("plugin_id", "block"), ACTIONS, ids=lambda part: part if isinstance(part, str) else part["id"]
)
def test_each_action_is_drawn_without_a_call_and_run_once_for_a_key(client, sandbox, plugin_id, block):
    (sample,) = [item for item in sandbox_samples(plugin_id, sandbox.url) if item.block == block["id"]]
    sandbox.journal.forget()

    drawn = render(client, plugin_id, sample)
    assert drawn.get_json()["action"]["label"] == block["action"]["label"]
    assert sandbox.data_requests() == []

    path, headers = f"/integrations/{plugin_id}/actions/{block['id']}", {"Idempotency-Key": "one"}
    answers = [client.post(path, {"parameters": sample.inputs}, headers=headers) for _ in range(2)]
    assert [answer.get_json()["data"] for answer in answers] == [sample.data] * 2
    assert [answer.get_json()["repeated"] for answer in answers] == [False, True]
    assert answers[0].get_json()["renewed"] == block["action"].get("renews", [])
    assert len(sandbox.data_requests()) == sample.upstream_calls


@pytest.mark.parametrize("plugin_id", [id_ for id_, item in INTEGRATIONS.items() if secret_names(item)])
def test_secrets_go_where_the_provider_wants_them_and_nowhere_else(client, sandbox, plugin_id):
    config = sandbox_config(plugin_id, sandbox.url)
    secrets = [config[name] for name in secret_names(INTEGRATIONS[plugin_id]) if name in config]
    sandbox.journal.forget()

    verdict = client.post(f"/integrations/{plugin_id}/test", {})

    assert verdict.get_json()["success"] is True, verdict.get_data(as_text=True)
    assert {entry.path.split("/")[1] for entry in sandbox.requests()} == {plugin_id}
    for path in (f"plugins/{plugin_id}", f"integrations/{plugin_id}", f"integrations/{plugin_id}/config"):
        shown = client.get(f"/{path}")
        assert shown.status_code == 200
        assert [secret for secret in secrets if secret in shown.get_data(as_text=True)] == []


def test_github_is_asked_in_the_way_its_documentation_wants(client, sandbox):
    sandbox.journal.forget()

    client.post("/integrations/github/execute", {"endpoint_id": "show_user", "parameters": {}})

    (entry,) = sandbox.requests()
    assert entry.header("accept") == "application/vnd.github+json"
    assert entry.header("x-github-api-version") == "2022-11-28"
    assert entry.header("user-agent") == "Patchbay"
    assert entry.header("authorization") == f"Bearer {sandbox_config('github', sandbox.url)['access_token']}"


@pytest.mark.parametrize(
    ("block", "url"),
    [
        ("issue", "https://github.com/octocat/hello-world/issues/42#issuecomment-1"),
        ("pull-request", "https://github.com/octocat/hello-world/pull/44/files"),
        ("repository", "https://github.com/octocat/hello-world?tab=readme"),
    ],
)
def test_addresses_as_they_stand_in_the_browser_are_understood(client, sandbox, block, url):
    answer = render(client, "github", Sample(block, {"url": url}, None))

    assert answer.status_code == 200, answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "url", ["https://github.com.evil.example/octocat/hello-world/issues/42", "http://github.com/a/b/issues/1"]
)
def test_addresses_of_other_sites_are_not(client, sandbox, url):
    sandbox.journal.forget()

    answer = render(client, "github", Sample("issue", {"url": url}, None))

    assert answer.status_code == 422
    assert sandbox.requests() == []


def test_an_atom_feed_reads_like_an_rss_feed(client, sandbox):
    (sample,) = sandbox_samples("rss-feed", sandbox.url)

    answer = render(client, "rss-feed", replace(sample, inputs={"url": f"{sandbox.url}/rss-feed/atom.xml"}))

    assert answer.get_json()["data"] == sample.data


def test_an_unknown_place_is_a_failure_and_no_weather_of_somewhere_else(client, sandbox):
    answer = render(client, "openweathermap", Sample("weather", {"location": "Atlantis"}, None))

    assert answer.status_code in {422, 502}
    assert "data" not in answer.get_json()


def test_only_the_origin_of_what_is_called_gives_way_to_the_sandbox():
    original = load_example("openweathermap")
    before = copy.deepcopy(original)
    original["manifest"]["integration"] |= {
        "oauth2": {
            "token_url": "https://login.example.com/oauth/token",
            "authorization_url": "https://login.example.com/oauth/authorize",
        },
        "login": [{"url": "https://api.example.com:8443/session/"}, {"path": "/second"}],
    }

    turned = against_sandbox(original, "http://127.0.0.1:9/")["manifest"]["integration"]

    assert turned["base_url"] == "http://127.0.0.1:9/openweathermap"
    assert turned["oauth2"]["token_url"] == "http://127.0.0.1:9/openweathermap/oauth/token"
    assert turned["oauth2"]["authorization_url"] == "http://127.0.0.1:9/openweathermap/oauth/authorize"
    assert turned["login"] == [{"url": "http://127.0.0.1:9/openweathermap/session"}, {"path": "/second"}]
    assert original["manifest"]["integration"]["base_url"] == before["manifest"]["integration"]["base_url"]


def test_the_path_of_a_base_url_and_all_else_stay():
    turned = against_sandbox(load_example("open-meteo"), "http://127.0.0.1:9")
    github = load_example("github")

    assert turned["manifest"]["integration"]["base_url"] == "http://127.0.0.1:9/open-meteo/v1"
    assert against_sandbox(github, "http://127.0.0.1:9")["manifest"]["blocks"] == github["manifest"]["blocks"]
    syncthing = load_example("syncthing")
    assert against_sandbox(syncthing, "http://127.0.0.1:9") == syncthing
    assert sandbox_config("syncthing", "http://127.0.0.1:9")["server"] == "http://127.0.0.1:9/syncthing"
    assert sandbox_config("unknown", "http://127.0.0.1:9") == {}


@pytest.mark.parametrize(
    ("name", "regions"),
    [("San Marino", ["San Marino"]), ("Berl", ["State of Berlin, Germany"]), ("Nowhere", [])],
)
def test_places_are_found_with_or_without_a_region_and_none_is_an_empty_list(client, sandbox, name, regions):
    answer = render(client, "open-meteo-geocoding", Sample("search", {"name": name}, None))

    assert [place["region"] for place in answer.get_json()["data"]] == regions
