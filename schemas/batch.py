"""What goes over the wire about many renders at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from schemas.fields import RowId
from schemas.integrations import RenderSchema

MAX_BLOCKS = 200
MAX_KEY_LENGTH = 200


class BatchBlockSchema(RenderSchema):
    """One block to draw, and the key that its answer will carry."""

    key = fields.String(required=True, validate=validate.Length(1, MAX_KEY_LENGTH))
    integration_id = fields.String(required=True)
    notebook_id = RowId(
        allow_none=True,
        load_default=None,
        metadata={"description": "The notebook that the block is in, where it is not the call's own."},
    )


def check_keys(blocks: Sequence[dict[str, Any]]) -> None:
    """Raises ValidationError for each key that came before."""
    seen: set[str] = set()
    errors: dict[int | str, Any] = {}
    for index, block in enumerate(blocks):
        if block["key"] in seen:
            errors[index] = {"key": ["Another block of the batch has this key."]}
        seen.add(block["key"])
    if errors:
        raise ValidationError(errors)


class RenderBatchSchema(Schema):
    """The blocks of a page, each with a key of its own."""

    blocks = fields.List(
        fields.Nested(BatchBlockSchema),
        required=True,
        validate=[validate.Length(1, MAX_BLOCKS), check_keys],
    )
