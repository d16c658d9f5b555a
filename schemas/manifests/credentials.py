"""The credentials of calls, and where OAuth 2.0 tokens come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate

from schemas.manifests.credential_rules import (
    CREDENTIAL_RULES,
    OAUTH2_RULES,
    SESSION_END_RULES,
    SIGNATURE_VALUE_RULES,
)
from schemas.manifests.declared import (
    HEADER_NAME,
    NAME,
    WIRE_NAME,
    Count,
    Declared,
    Text,
    one_of,
    scalars_by,
)
from schemas.manifests.words import CLIENT_ENCODINGS, CREDENTIAL_WORDS, SIGNATURE_FUNCTIONS

LOGIN_PAGE = validate.Regexp(
    r"(?:/[^/?#\s]+)+/?\Z", error="The path of a page, such as `/login`, without a query."
)


class SignatureValueSchema(Declared):
    """One named value of a signature: a function over a template, with a key if it needs one."""

    name = fields.String(required=True, validate=NAME)
    function = fields.String(required=True, validate=one_of(*SIGNATURE_FUNCTIONS))
    input = Text(4000)
    key = Text(4000)

    rules = SIGNATURE_VALUE_RULES


class CredentialSchema(Declared):
    """The place of one credential."""

    type = fields.String(required=True, validate=one_of(*CREDENTIAL_WORDS))
    in_ = fields.String(data_key="in", validate=one_of("header", "query", "body", "cookie"))
    name = fields.String(validate=WIRE_NAME)
    prefix = Text(200)
    value = Text()
    token = Text()
    username = Text()
    password = Text()
    when = fields.String(validate=NAME)
    values = fields.List(fields.Nested(SignatureValueSchema), validate=validate.Length(1, 20))
    headers = scalars_by(HEADER_NAME)
    query = scalars_by(WIRE_NAME)

    rules = CREDENTIAL_RULES


class AuthField(fields.Field[list[dict[str, Any]]]):
    """One credential or a list of them; loads to a list."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> list[dict[str, Any]]:
        if isinstance(value, list):
            if len(value) > 10:
                raise ValidationError("At most 10 credentials.")
            return CredentialSchema(many=True).load(value)  # type: ignore[return-value]
        if isinstance(value, Mapping):
            return CredentialSchema(many=True).load([value])  # type: ignore[return-value]
        raise ValidationError("Must be a credential or a list of them.")


class SessionEndSchema(Declared):
    """What in an answer shows that the session or token has ended; any of the members alone is enough."""

    body = Text(minimum=1)
    status_codes = fields.List(Count(200, 599), validate=validate.Length(1, 20))
    header = fields.String(validate=HEADER_NAME)
    pattern = Text(1000, minimum=1)
    redirect = fields.String(validate=LOGIN_PAGE)

    rules = SESSION_END_RULES


class SessionEndField(fields.Field[dict[str, Any]]):
    """The conditions; a string is the one over the body."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, Any]:
        if isinstance(value, Mapping):
            return SessionEndSchema().load(value)  # type: ignore[return-value]
        return {"body": Text(minimum=1).deserialize(value)}


class OAuth2Schema(Declared):
    """Where an OAuth 2.0 token comes from (RFC 6749)."""

    when = fields.String(validate=NAME)
    expired_when = SessionEndField()
    token_url = Text(minimum=1, required=True)
    authorization_url = Text(minimum=1)
    client_id = Text(load_default="{client_id}")
    client_secret = Text()
    client_secret_encoding = fields.String(validate=one_of(*CLIENT_ENCODINGS))
    scopes = fields.List(Text(500, minimum=1), load_default=list, validate=validate.Length(max=100))
    scope_separator = fields.String(load_default=" ", validate=one_of(" ", ","))
    query = scalars_by(WIRE_NAME, load_default=dict)
    token_params = scalars_by(WIRE_NAME, load_default=dict)
    authorization_params = scalars_by(WIRE_NAME, load_default=dict)
    body_format = fields.String(load_default="form", validate=one_of("form", "json", "none"))
    token_endpoint_auth_method = fields.String(
        load_default="client_secret_basic",
        validate=one_of("client_secret_basic", "client_secret_post", "none"),
    )

    rules = OAUTH2_RULES
