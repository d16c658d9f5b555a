"""Schemas of batch renders."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from schemas.api.integrations import RenderSchema
from schemas.fields import RowId

MAX_BLOCKS = 200
MAX_KEY_LENGTH = 200


class BatchBlockSchema(RenderSchema):
    """One block to render, and the key of its answer."""

    key = fields.String(required=True, validate=validate.Length(1, MAX_KEY_LENGTH))
    integration_id = fields.String(required=True)
    notebook_id = RowId(
        allow_none=True,
        load_default=None,
        metadata={
            "description": "The notebook of this block, if it is not the notebook of the whole request."
        },
    )


class UniqueKeysSchema(Schema):
    """A batch in which no two blocks have the same key."""

    @validates_schema
    def check_keys(self, data: dict[str, Any], **_more: Any) -> None:
        keys = [block["key"] for block in data["blocks"]]
        repeated = [index for index, key in enumerate(keys) if key in keys[:index]]
        if repeated:
            message = {"key": ["Another block of the batch has this key."]}
            raise ValidationError({"blocks": dict.fromkeys(repeated, message)})


class RenderBatchSchema(UniqueKeysSchema):
    """The blocks of a page, each with a unique key."""

    blocks = fields.List(
        fields.Nested(BatchBlockSchema), required=True, validate=validate.Length(1, MAX_BLOCKS)
    )
