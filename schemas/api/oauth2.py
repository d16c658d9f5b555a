"""Schemas of signing in at a provider."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from schemas.fields import RowId, Timestamp


class ConnectionScopeSchema(Schema):
    """Which workspace is connected; the first one by default. Notebooks use their workspace's account."""

    workspace_id = RowId()


class ConnectionSchema(Schema):
    """Whether a workspace is signed in at the provider, and the granted scopes."""

    connected = fields.Boolean(required=True)
    status = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(["ok", "unreadable", "locked", None]),
        metadata={"description": "null while no account is connected."},
    )
    scopes = fields.List(fields.String(), required=True)
    connected_at = Timestamp(required=True, allow_none=True)
    expires_at = Timestamp(
        required=True,
        allow_none=True,
        metadata={"description": "When a user must sign in again, if the provider says so."},
    )
    redirect_uri = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The address to register with the provider; null if there is an obstacle."},
    )
    obstacle = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Why nobody can sign in from this address, and which setting to change."},
    )


class AuthorizationSchema(Schema):
    """The URL where a user signs in."""

    authorization_url = fields.String(required=True)
    redirect_uri = fields.String(
        required=True, metadata={"description": "The address to register with the provider."}
    )
