"""Places credentials in a request. Pure: takes a credential and the settings, returns its place."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from errors import SettingsIncomplete
from integrations.manifests.model import Credential, Signature
from integrations.manifests.namespace import Namespace

_DIGEST_USER = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]*\Z")
_COOKIE_VALUE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*\Z")  # RFC 6265 section 4.1.1


@dataclass(slots=True)
class AppliedCredentials:
    """What the credentials add to a request. `secrets` are further plaintexts that are sent and must be redacted."""

    headers: list[tuple[str, str]] = field(default_factory=list)
    query: list[tuple[str, str]] = field(default_factory=list)
    body: list[tuple[str, str]] = field(default_factory=list)
    cookies: list[tuple[str, str]] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    digest: tuple[str, str] | None = None
    signatures: list[Signature] = field(default_factory=list)

    def __repr__(self) -> str:
        return "<Placed …>"


def place_credentials(
    credentials: Collection[Credential], settings: Namespace, required: Collection[str]
) -> AppliedCredentials:
    """Everything that the credentials add, given the settings and the names of required properties.

    A credential is skipped if its `when` is not set, or if none of its properties is set or required (an optional key).
    Of several for one place the first that applies is used, so alternatives are listed in order of preference. Raises
    SettingsIncomplete that names a missing property otherwise.
    """
    placed = AppliedCredentials()
    for credential in used_credentials(credentials, settings.values, required):
        _PLACEMENTS[credential.location](credential, settings, placed)
    return placed


def used_credentials(
    credentials: Collection[Credential], values: Mapping[str, Any], required: Collection[str]
) -> list[Credential]:
    """The credentials that apply, in order: of several for one place the first."""
    used: list[Credential] = []
    taken: set[tuple[str, str]] = set()
    for credential in credentials:
        place = _place_of(credential)
        if place not in taken and is_used(credential, values, required):
            taken |= {place} if credential.signature is None else set()
            used.append(credential)
    return used


def _place_of(credential: Credential) -> tuple[str, str]:
    """Bearer, basic and digest all use the Authorization header."""
    location = "header" if credential.location in ("basic", "digest") else credential.location
    return location, credential.name.lower() if location == "header" else credential.name


def is_used(credential: Credential, values: Mapping[str, Any], required: Collection[str]) -> bool:
    """Whether the credential applies with these settings. Without a token, none that carries it does."""
    if any(values.get(name) is None for name in credential.token_names):
        return False
    if credential.when is not None:
        return is_set(values.get(credential.when))
    names = credential.names
    return not names or any(name in required or values.get(name) is not None for name in names)


def is_set(value: Any) -> bool:
    """Whether the setting that a `when` names is set."""
    return value not in (None, "", False)


def _header(credential: Credential, settings: Namespace, placed: AppliedCredentials) -> None:
    placed.headers.append((credential.name, settings.fill_header(credential.value, credential.prefix)))


def _query(credential: Credential, settings: Namespace, placed: AppliedCredentials) -> None:
    placed.query.append((credential.name, credential.prefix + _fill(credential, settings)))


def _body(credential: Credential, settings: Namespace, placed: AppliedCredentials) -> None:
    placed.body.append((credential.name, credential.prefix + _fill(credential, settings)))


def _cookie(credential: Credential, settings: Namespace, placed: AppliedCredentials) -> None:
    value = credential.prefix + _fill(credential, settings)
    if not _COOKIE_VALUE.match(value):
        raise _bad_setting(credential, "contains characters that are not allowed in a cookie")
    placed.cookies.append((credential.name, value))


def _basic(credential: Credential, settings: Namespace, placed: AppliedCredentials) -> None:
    user, password = _user_and_password(credential, settings)
    if ":" in user:
        # RFC 7617 section 2: everything after the first colon would be read as the password.
        raise _bad_setting(credential, "must not contain a colon, which basic authentication does not allow")
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    placed.secrets.update({encoded, f"{user}:{password}"})
    placed.headers.append(("Authorization", f"Basic {encoded}"))


def _digest(credential: Credential, settings: Namespace, placed: AppliedCredentials) -> None:
    user, password = _user_and_password(credential, settings)
    if not _DIGEST_USER.match(user):
        raise _bad_setting(
            credential, "must be ASCII without quotes and backslashes for digest authentication"
        )
    placed.digest = user, password


def _signature(credential: Credential, settings: Namespace, placed: AppliedCredentials) -> None:
    assert credential.signature is not None  # noqa: S101 - the compiler makes it with one
    placed.signatures.append(credential.signature)


def _user_and_password(credential: Credential, settings: Namespace) -> tuple[str, str]:
    user = _fill(credential, settings)
    return user, settings.fill(credential.password) if credential.password is not None else ""


_PLACEMENTS: dict[str, Callable[[Credential, Namespace, AppliedCredentials], None]] = {
    "header": _header,
    "query": _query,
    "body": _body,
    "cookie": _cookie,
    "basic": _basic,
    "digest": _digest,
    "signature": _signature,
}


def _fill(credential: Credential, settings: Namespace) -> str:
    text = settings.fill(credential.value)
    if text != text.strip():
        raise _bad_setting(credential, "starts or ends with a space or a line break, perhaps from pasting")
    return text


def _bad_setting(credential: Credential, why: str) -> SettingsIncomplete:
    name = min(credential.value.names, default=credential.name)
    return SettingsIncomplete(f"The setting `{name}` {why}.", errors={f"config.{name}": [f"It {why}."]})
