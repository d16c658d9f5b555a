"""The artifact keys of an installed integration: which of its settings and secrets are part of the key. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from integrations.caching.cache_key import KeyPrefix, Kind
from integrations.calling.parameters import Values, bind_parameters
from integrations.catalog.catalog import Installed
from integrations.manifests.model import Block, Endpoint
from integrations.rendering.inputs import bind_inputs

# Key prefixes cached for one integration. Only a schedule cycles through more blocks than this, and it has the time.
MAX_FRAMES = 4
SAMPLED: Mapping[str, Kind] = {
    "block": "sampled-block",
    "endpoint": "sampled-endpoint",
    "history": "sampled-history",
}


@dataclass(frozen=True, slots=True)
class ArtifactKey:
    """The key of an artifact, and the parameters that may be shown."""

    key: str
    parameters: Mapping[str, Any]


def block_key(installed: Installed, block: Block, inputs: Mapping[str, Any]) -> ArtifactKey:
    """The artifact key of a block with these inputs. No secret is decrypted for it."""
    return ArtifactKey(_frame(installed, "block", block).key(inputs), inputs)


def job_key(
    installed: Installed, block: Block, parameters: Mapping[str, Any], artifact_key: str | None = None
) -> str:
    """The key under which a block's inputs are known as one prefetch job, whatever the clock says.

    It is the artifact key, which may be given, unless the block depends on times: then it is the key of one fixed
    moment. Raises as `bind_inputs` does.
    """
    if artifact_key is not None and not block.times:
        return artifact_key
    fixed = installed.at(0.0)
    return block_key(fixed, block, bind_inputs(block, parameters, fixed.config)).key


def endpoint_key(installed: Installed, endpoint: Endpoint, parameters: Mapping[str, Any]) -> ArtifactKey:
    """The artifact key of an endpoint with these parameters, which `bind_parameters` binds and validates.

    Raises as `bind_parameters` does. No secret is decrypted for it.
    """
    # Only which secrets are set, not their values: enough to see whether a parameter can be filled.
    visible = Values(installed.config, dict.fromkeys(installed.secrets, "set"), frozenset())
    bound = bind_parameters(endpoint, parameters, visible)
    secure = {item.name for item in endpoint.parameters if item.value.from_config in endpoint.secret_names}
    shown = {name: value for name, value in bound.items() if name not in secure or name in parameters}
    return ArtifactKey(_frame(installed, "endpoint", endpoint).key(shown), shown)


def history_key(
    installed: Installed, block: Block, parameters: Mapping[str, Any], inputs: Mapping[str, Any]
) -> str:
    """The key under which the numbers of a block are kept, whatever the clock says. `inputs` are bound `parameters`.

    It depends on the block's id and settings, not on its declaration and its secrets: a series continues when the
    manifest changes or a key is renewed.
    """
    fixed = installed.at(0.0) if block.times else installed
    bound = bind_inputs(block, parameters, fixed.config) if block.times else inputs
    prefix = KeyPrefix(
        kind=_kind(fixed, "history"),
        workspace_id=fixed.scope.workspace_id,
        plugin_id=fixed.plugin_id,
        declaration_digest=block.id,
        config=_bound_config(fixed, block.config_names),
        secret_revisions={},
    )
    return prefix.key(bound)


def _frame(installed: Installed, kind: Literal["block", "endpoint"], declared: Block | Endpoint) -> KeyPrefix:
    """The prefix of the block's or endpoint's keys. The first few are cached with the installed integration."""
    frame = installed.key_frames.get((kind, declared.id))
    if frame is None:
        frame = KeyPrefix(
            kind=_kind(installed, kind),
            workspace_id=installed.scope.workspace_id,
            plugin_id=installed.plugin_id,
            declaration_digest=declared.digest,
            config=_bound_config(installed, declared.config_names),
            secret_revisions=_bound_revisions(installed, declared.secret_names),
        )
        if len(installed.key_frames) < MAX_FRAMES:
            installed.key_frames[kind, declared.id] = frame
    return frame


def _kind(installed: Installed, kind: Literal["block", "endpoint", "history"]) -> Kind:
    """The kind of key; samples have their own, so that none ever answers for a provider."""
    return SAMPLED[kind] if installed.is_sampled else kind


def _bound_config(installed: Installed, names: frozenset[str]) -> dict[str, Any]:
    return {name: installed.config[name] for name in names if name in installed.config}


def _bound_revisions(installed: Installed, names: frozenset[str]) -> dict[str, str]:
    return {name: installed.secrets[name].revision for name in names if name in installed.secrets}
