"""Whether a call carries a token, with its settings. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.calling.auth import is_set, used_credentials
from integrations.calling.parameters import Values
from integrations.manifests.model import Endpoint, Integration, Login, OAuth2


def needed_token(integration: Integration, endpoint: Endpoint, values: Values) -> OAuth2 | Login | None:
    """The source of the token that the call carries; None if it carries none.

    A token whose `when` is not set is never obtained, nor is one that a preferred credential makes unnecessary.
    """
    token = integration.token
    if token is None or endpoint.url_parameter is not None:
        return None
    settings = values.merged()
    if not is_wanted(token, settings):
        return None
    with_token = {**settings, **dict.fromkeys(token.provides, "token")}
    used = used_credentials(endpoint.credentials, with_token, values.required)
    return token if endpoint.token_names or any(credential.token_names for credential in used) else None


def is_wanted(token: OAuth2 | Login, settings: Mapping[str, Any]) -> bool:
    """Whether the settings ask for the token at all."""
    return token.when is None or is_set(settings.get(token.when))
