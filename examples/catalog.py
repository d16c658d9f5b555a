"""The example plugins as registration bodies, and their conversion for the sandbox."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from examples.sandbox.provider import Sample
from examples.sandbox.providers import PROVIDERS

PLUGINS_FOLDER = Path(__file__).parent / "plugins"
PLACEHOLDER = "{sandbox}"

# The members with a called origin: section of `integration`, member.
CALLED_URLS = (("base_url",), ("oauth2", "token_url"), ("oauth2", "authorization_url"), ("login", "url"))


def load_examples() -> list[dict[str, Any]]:
    """Every example as a registration body `{id, name, version, type, manifest}`, by id."""
    return [json.loads(path.read_text("utf-8")) for path in sorted(PLUGINS_FOLDER.glob("*.json"))]


def load_example(plugin_id: str) -> dict[str, Any]:
    """One example by its id. Raises KeyError."""
    for declaration in load_examples():
        if declaration["id"] == plugin_id:
            return declaration
    raise KeyError(plugin_id)


def against_sandbox(declaration: Mapping[str, Any], sandbox_url: str) -> dict[str, Any]:
    """A copy whose calls go to the sandbox: the origin of each called URL is replaced by the provider's prefix.

    Everything else stays unchanged, including `url_patterns`. Placeholders stay too: see `sandbox_config`.
    """
    turned = copy.deepcopy(dict(declaration))
    prefix = f"{sandbox_url.rstrip('/')}/{turned['id']}"
    manifest = turned["manifest"]
    for path in CALLED_URLS:
        _turn(manifest.get("integration"), path, prefix)
    for endpoint in manifest.get("endpoints", ()):
        _turn(endpoint, ("base_url",), prefix)
    return turned


def sandbox_config(plugin_id: str, sandbox_url: str) -> dict[str, Any]:
    """The `config` with which the example works against the sandbox, including fake secrets."""
    provider = PROVIDERS.get(plugin_id)
    return fill_in(dict(provider.config), sandbox_url) if provider else {}


def sandbox_samples(plugin_id: str, sandbox_url: str) -> list[Sample]:
    """A sample for each block of the example, to be rendered and compared."""
    provider = PROVIDERS.get(plugin_id)
    return [
        Sample(
            sample.block,
            fill_in(sample.inputs, sandbox_url),
            fill_in(sample.data, sandbox_url),
            sample.upstream_calls,
        )
        for sample in (provider.samples if provider else ())
    ]


def is_action(declaration: Mapping[str, Any], block_id: str) -> bool:
    """Whether the block changes something at the provider."""
    blocks = declaration["manifest"].get("blocks", ())
    return any(block["id"] == block_id and "action" in block for block in blocks)


def secret_names(declaration: Mapping[str, Any]) -> set[str]:
    """The secure properties of a plugin."""
    return {item["name"] for item in declaration["manifest"].get("properties", ()) if item.get("secure")}


def fill_in(value: Any, sandbox_url: str) -> Any:
    """`value` with `{sandbox}` replaced by the sandbox's URL in every string."""
    if isinstance(value, str):
        return value.replace(PLACEHOLDER, sandbox_url.rstrip("/"))
    if isinstance(value, Mapping):
        return {key: fill_in(item, sandbox_url) for key, item in value.items()}
    if isinstance(value, list):
        return [fill_in(item, sandbox_url) for item in value]
    return value


def _turn(section: Any, path: tuple[str, ...], prefix: str) -> None:
    """Replaces the origin of the URL at `path`, in each element where the path leads through a list."""
    for each in section if isinstance(section, list) else [section]:
        name, *inner = path
        value = each.get(name) if isinstance(each, dict) else None
        if inner:
            _turn(value, tuple(inner), prefix)
        elif isinstance(value, str) and not value.startswith("{"):
            each[name] = prefix + urlsplit(value).path.rstrip("/")
