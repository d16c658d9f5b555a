"""OAuth 2.0 token requests (RFC 6749), built with Authlib's pure functions. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import parse_qsl, quote_plus, urlencode

import orjson
from authlib.common.urls import add_params_to_qs
from authlib.oauth2 import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_token_request

from errors import SettingsIncomplete
from integrations.calling.parameters import Values
from integrations.calling.requests_builder import Limits, fill_whole_url, query_pair, with_query
from integrations.egress.messages import PreparedCall
from integrations.manifests.model import Integration, OAuth2
from integrations.manifests.namespace import Namespace
from integrations.manifests.templating import Template, UnresolvedName
from integrations.manifests.tls_settings import fill_tls

MAX_ANSWER_BYTES = 1024 * 1024
_FORM_TYPE = "application/x-www-form-urlencoded"
ClientEncoding = Literal["form", "raw"]
"""How Basic carries a client's id and secret: form-encoded as in RFC 6749 section 2.3.1, or as they are."""
_CLIENT_NAMES = frozenset({"client_id", "client_secret"})


def token_call(
    integration: Integration,
    oauth2: OAuth2,
    values: Values,
    limits: Limits,
    grant: Mapping[str, str],
    starts: Mapping[str, Any] | None = None,
    encoding: ClientEncoding = "form",
) -> PreparedCall:
    """The token request. `grant` holds the grant's own parameters including `grant_type`, but not the scopes.

    `starts` is passed to `fill_whole_url`. `encoding` is for Basic, unless the manifest declares one.

    Raises SettingsIncomplete for a setting that is missing or does not fit.
    """
    settings = values.merged()
    url = fill_whole_url(oauth2.token_url, settings, starts)
    client_id = fill_setting(oauth2.client_id, settings)
    client_secret = fill_setting(oauth2.client_secret, settings) if oauth2.client_secret else ""
    query = [(name, fill_setting(template, settings)) for name, template in oauth2.query]
    form = _grant_form(oauth2, settings, grant)
    headers = {"Accept": "application/json"}
    is_basic = oauth2.endpoint_auth_method == "client_secret_basic"
    encoding = oauth2.client_secret_encoding or encoding
    client = (
        _basic_client(oauth2, client_id, client_secret, encoding) if is_basic else (client_id, client_secret)
    )
    _, headers, form = ClientAuth(*client, oauth2.endpoint_auth_method).prepare("POST", url, headers, form)
    fields = _fields_beside(form, query)
    if oauth2.body_format == "none":
        query, fields = [*query, *fields], []
    typed, body = _encode(fields, oauth2.body_format)
    return PreparedCall(
        method="POST",
        url=with_query(url, [query_pair(*pair) for pair in query]),
        headers=(
            *((name, Namespace(settings).fill_header(template)) for name, template in oauth2.headers),
            *headers.items(),
            *typed,
        ),
        body=body,
        timeout_seconds=integration.timeout_seconds or limits.timeout_seconds,
        max_bytes=min(limits.max_bytes, MAX_ANSWER_BYTES),
        redirects="none",
        secrets=_secrets(values, grant, client if is_basic else None),
        tls=fill_tls(integration, settings, url),
    )


def scope_of(oauth2: OAuth2, settings: Mapping[str, Any]) -> str:
    """The scopes as one parameter, empty if none are declared."""
    return oauth2.scope_separator.join(fill_setting(scope, settings) for scope in oauth2.scopes)


def fill_setting(template: Template, settings: Mapping[str, Any]) -> str:
    """The text filled with these settings. Raises SettingsIncomplete by field."""
    try:
        return template.text(settings)
    except UnresolvedName as missing:
        raise SettingsIncomplete(
            f"The setting `{missing.name}` is not set.", errors={f"config.{missing.name}": ["Not set."]}
        ) from None
    except TypeError:
        name = min(template.names)
        raise SettingsIncomplete(
            f"The setting `{name}` does not fit.",
            errors={f"config.{name}": ["Must be a string, a number or a boolean."]},
        ) from None


def _grant_form(oauth2: OAuth2, settings: Mapping[str, Any], grant: Mapping[str, str]) -> str:
    """The form of a grant. The manifest's own parameters come first and cannot replace the grant's."""
    grant = {**grant, **_scope_form(oauth2, settings)}
    own = {name: fill_setting(template, settings) for name, template in oauth2.token_params}
    if oauth2.grant_type == "client_credentials":
        # Some providers use their own grant name, with everything else as in the standard.
        grant["grant_type"] = own.pop("grant_type", grant["grant_type"])
    in_form = oauth2.endpoint_auth_method != "client_secret_basic"
    taken = grant.keys() | {"grant_type"} | (_CLIENT_NAMES if in_form else frozenset())
    form = add_params_to_qs("", [(name, text) for name, text in own.items() if name not in taken])
    return prepare_token_request(grant.pop("grant_type"), form, **grant)


def _scope_form(oauth2: OAuth2, settings: Mapping[str, Any]) -> dict[str, str]:
    """RFC 6749 section 4.4.2. With a sign-in, the user grants the scopes there instead."""
    scope = scope_of(oauth2, settings) if oauth2.grant_type == "client_credentials" else ""
    return {"scope": scope} if scope else {}


def _basic_client(
    oauth2: OAuth2, client_id: str, client_secret: str, encoding: ClientEncoding
) -> tuple[str, str]:
    """The id and secret as Basic carries them. Raises SettingsIncomplete for an id that cannot be sent as it is."""
    if encoding == "form":
        # Form-encoded, both may contain a colon or an umlaut.
        return quote_plus(client_id), quote_plus(client_secret)
    if ":" in client_id:
        # RFC 7617 section 2: everything after the first colon would be read as the secret.
        name, why = min(oauth2.client_id.names, default="client_id"), "must not hold a colon, if sent raw"
        raise SettingsIncomplete(f"The setting `{name}` {why}.", errors={f"config.{name}": [f"It {why}."]})
    return client_id, client_secret


def _fields_beside(form: str, query: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The form's fields that the query does not hold."""
    in_query = {name for name, _ in query}
    return [pair for pair in parse_qsl(form, keep_blank_values=True) if pair[0] not in in_query]


def _encode(
    fields: Sequence[tuple[str, str]], body_format: str
) -> tuple[list[tuple[str, str]], bytes | None]:
    """The header of the body's type, and the body. Neither with `none`."""
    if body_format == "none":
        return [], None
    if body_format == "json":
        return [("Content-Type", "application/json")], orjson.dumps(dict(fields))
    return [("Content-Type", _FORM_TYPE)], urlencode(fields).encode()


def _secrets(values: Values, grant: Mapping[str, str], basic: tuple[str, str] | None) -> frozenset[str]:
    carried = {*values.secrets.values()}
    carried |= {text for name, text in grant.items() if name in ("code", "refresh_token", "code_verifier")}
    if basic is not None:
        carried.add(base64.b64encode(":".join(basic).encode()).decode())
    return frozenset(carried)
