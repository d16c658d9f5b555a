"""Schemas of requests for a token."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates

from schemas.api.tokens import Scopes, TokenFieldsSchema, TokenName
from schemas.fields import Timestamp


class ConnectSchema(TokenFieldsSchema):
    """What a frontend asks for. The token will be for the origin of the page that asks."""

    class Meta:
        unknown = RAISE
        exclude = ("notebooks", "origins", "expires_at")

    name = TokenName(required=True)
    scopes = Scopes(required=True)

    @validates("scopes")
    def check_scopes(self, scopes: list[str], **_more: Any) -> None:
        if "admin" in scopes:
            raise ValidationError("`admin` cannot be asked for: the owner makes such a token.")


class DeviceCodeSchema(Schema):
    """A request that was noted, with the names of RFC 8628 section 3.2."""

    device_code = fields.String(required=True, metadata={"description": "Fetches the token. Keep it secret."})
    user_code = fields.String(required=True, metadata={"description": "Show it: the user compares it."})
    verification_uri = fields.String(required=True)
    verification_uri_complete = fields.String(required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "Seconds."})
    interval = fields.Integer(required=True, metadata={"description": "Seconds between two polls."})


class PollSchema(Schema):
    """Which request the token is for."""

    class Meta:
        unknown = RAISE

    device_code = fields.String(required=True, validate=validate.Length(1, 200))


class ConnectRequestSchema(Schema):
    """A request that waits for a user."""

    user_code = fields.String(required=True)
    name = fields.String(required=True, metadata={"description": "What the frontend calls itself."})
    origin = fields.String(
        required=True, allow_none=True, metadata={"description": "Of the page that asks; null for a program."}
    )
    address = fields.String(required=True, metadata={"description": "Where the request came from."})
    scopes = fields.List(fields.String(), required=True)
    workspaces = fields.List(fields.Integer(), required=True, allow_none=True)
    integrations = fields.List(fields.String(), required=True, allow_none=True)
    created_at = Timestamp(required=True)
    expires_at = Timestamp(required=True)


class AcceptSchema(TokenFieldsSchema):
    """What is allowed of what was asked for; members that are missing are allowed as asked."""

    class Meta:
        unknown = RAISE
        exclude = ("name", "origins")
