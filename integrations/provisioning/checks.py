"""Whether what the files want fits the plugins: settings, secrets and pins against the manifests. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from integrations.provisioning.faults import Fault
from integrations.provisioning.places import Place
from integrations.provisioning.present import Present
from integrations.provisioning.wanted import MAX_PARAMETERS_BYTES, Entry, Wanted
from plugin_store.registrations import Declaration
from plugin_store.settings.properties import UNKNOWN_SETTING, PropertySpec, properties_of
from plugin_store.settings.secret_settings import check_secret
from plugin_store.workspaces import Scope
from schemas.provisioning import A_REFERENCE

Manifest = Mapping[str, Any]
ManifestOf = Callable[[str], Manifest | None]
"""The stored manifest of a plugin."""

NOT_A_SECRET = "This setting is not a secret. Set it in `config`."  # noqa: S105 - no password


def find_faults(
    wanted: Wanted, present: Present, secrets: Mapping[Place, str], stored_manifest: ManifestOf
) -> list[Fault]:
    """Everything that the store would refuse. `secrets` are their values, which no fault quotes."""
    manifests: dict[str | None, Manifest | None] = {
        place.plugin: entry.value.manifest
        for place, entry in wanted.items()
        if isinstance(entry.value, Declaration)
    }
    faults: list[Fault] = []
    for place, entry in wanted.items():
        if place in present.repeated:
            faults.append(entry.fault(f"There are several of this name ({place}): rename the others."))
        if place.kind == "plugin" or place.plugin is None:
            continue
        if place.plugin not in manifests:
            manifests[place.plugin] = stored_manifest(place.plugin)
        manifest = manifests[place.plugin]
        if manifest is None:
            faults.append(entry.fault(f"There is no plugin {place.plugin}. Declare it under `plugins`."))
        else:
            faults += map(entry.fault, _messages(place, entry, manifest, secrets.get(place)))
    return faults


def _messages(place: Place, entry: Entry, manifest: Manifest, secret: str | None) -> list[str]:
    if place.kind == "pin":
        return list(_pin_messages(entry, manifest))
    if place.kind == "enabled":
        return []
    spec = next((spec for spec in properties_of(manifest) if spec.name == place.name), None)
    if spec is None:
        return [UNKNOWN_SETTING]
    if place.kind == "secret":
        return _secret_messages(spec, secret)
    return [A_REFERENCE + " It stands under `secrets`."] if spec.secure else spec.check(entry.value)


def _secret_messages(spec: PropertySpec, value: str | None) -> list[str]:
    if not spec.secure:
        return [NOT_A_SECRET]
    return [] if value is None else check_secret(spec, value, Scope(0))


def _pin_messages(entry: Entry, manifest: Manifest) -> Iterator[str]:
    blocks = manifest.get("blocks")
    known = (
        {block.get("id") for block in blocks if isinstance(block, dict)}
        if isinstance(blocks, list)
        else set()
    )
    if entry.value.block_id not in known:
        yield f"The plugin has no block {entry.value.block_id}."
    if len(orjson.dumps(entry.value.parameters)) > MAX_PARAMETERS_BYTES:
        yield f"At most {MAX_PARAMETERS_BYTES} bytes of JSON can be stored for a prefetch."
