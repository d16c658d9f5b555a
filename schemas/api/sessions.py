"""Schemas of signed-in browsers."""

from __future__ import annotations

from marshmallow import Schema, fields

from schemas.fields import Timestamp


class SessionSchema(Schema):
    """A signed-in browser, without its cookie."""

    id = fields.Integer(required=True)
    created_at = Timestamp(required=True)
    last_used_at = Timestamp(required=True, metadata={"description": "Accurate to one hour."})
    user_agent = fields.String(required=True, metadata={"description": "Like `Firefox on Linux`."})
    current = fields.Boolean(
        required=True, metadata={"description": "Whether it is the session of this request."}
    )


class EndedSessionsSchema(Schema):
    """The number of ended sessions."""

    ended = fields.Integer(required=True)
