"""The blocks of a declaration, and which of them differ from before. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from integrations.authoring.lint import is_registration_body
from integrations.manifests.compiling import compile_plugin
from integrations.manifests.model import Block
from integrations.rendering.block_inputs import describe_inputs, settings_of

Declaration = Mapping[str, Any]
"""A registration body: `{id, name, version, type, manifest}`."""


@dataclass(frozen=True, slots=True)
class DeclaredBlock:
    """A block to render: its inputs, and whether it is an action, which nobody runs but a person."""

    id: str
    inputs: Sequence[Mapping[str, Any]]
    is_action: bool
    digest: str
    """Covers what the block declares, and the endpoints and the address that it uses."""


def is_declaration(value: Any) -> TypeGuard[Declaration]:
    """Whether the file's content can be registered as it is."""
    return isinstance(value, Mapping) and is_registration_body(value)


def blocks_of(declaration: Declaration) -> dict[str, DeclaredBlock]:
    """Each block that can be rendered, by id; empty without an integration. Raises Invalid."""
    manifest = declaration["manifest"]
    integration = compile_plugin(declaration["id"], declaration["type"], manifest)
    settings = settings_of(manifest)
    blocks = integration.blocks.values() if integration is not None else ()
    return {block.id: _declared(block, settings) for block in blocks if block.problem is None}


def changed_blocks(
    before: Mapping[str, DeclaredBlock], after: Mapping[str, DeclaredBlock]
) -> list[DeclaredBlock]:
    """The blocks that are new or differ from before, in the order of the manifest."""
    digests = {block.id: block.digest for block in before.values()}
    return [block for block in after.values() if digests.get(block.id) != block.digest]


def _declared(block: Block, settings: Mapping[str, Mapping[str, Any]]) -> DeclaredBlock:
    return DeclaredBlock(block.id, describe_inputs(block, settings), block.action is not None, block.digest)
