"""Manifests that were registered before.

They go on working with what an earlier version accepted and this one refuses.
"""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.manifests.manifest import BlockSchema, ManifestSchema


class StoredBlockSchema(BlockSchema):
    """A block whose display was perhaps never checked."""

    display = fields.Raw(allow_none=True)


class StoredManifestSchema(ManifestSchema):
    """A manifest whose icon was perhaps never checked."""

    icon = fields.Raw(allow_none=True)
    blocks = fields.List(
        fields.Nested(StoredBlockSchema), load_default=list, validate=validate.Length(max=1000)
    )
