"""`auth_method` and `auth` made credentials, by convention where the manifest is short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.compiling.problems import Problems
from integrations.manifest import Credential, Property

FORBIDDEN_HEADERS = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "cookie",
        "te",
        "trailer",
        "upgrade",
        "expect",
    }
)


def compile_credentials(
    section: Mapping[str, Any],
    endpoints: Sequence[Mapping[str, Any]],
    properties: Mapping[str, Property],
    problems: Problems,
) -> tuple[Credential, ...]:
    """The credentials of every call to base_url, in the order in which they are declared."""
    declared = section.get("auth")
    if declared is None:
        declared = _conventional(section["auth_method"], endpoints)
        where = "integration.auth_method"
        paths = [where] * len(declared)
    else:
        paths = [f"integration.auth[{index}]" for index in range(len(declared))]
    found = [_credential(item, path, problems) for item, path in zip(declared, paths, strict=True)]
    for credential, path in zip(found, paths, strict=True):
        if credential is not None:
            _check_names(credential, path, properties, problems)
    return tuple(item for item in found if item is not None)


def forbidden_header(name: str) -> bool:
    """Whether a manifest may not set the header: framing, the host and the hops are the connection's business."""
    return name.lower() in FORBIDDEN_HEADERS or name.lower().startswith("proxy-")


def _conventional(method: str, endpoints: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if method == "token":
        return [{"type": "bearer", "token": "{access_token}"}]
    if method == "basic":
        return [{"type": "basic", "username": "{username}", "password": "{password}"}]
    if method == "api_key":
        travels_as_parameter = any(
            parameter.get("from_config") == "api_key"
            for endpoint in endpoints
            for parameter in endpoint.get("parameters", ())
        )
        if not travels_as_parameter:
            return [{"type": "api_key", "in_": "header", "name": "X-API-Key", "value": "{api_key}"}]
    return []


def _credential(item: Mapping[str, Any], path: str, problems: Problems) -> Credential | None:
    kind = item["type"]
    with problems.under(path):
        if kind == "api_key":
            return _api_key(item, problems)
        if kind == "bearer":
            token = problems.template("token", item.get("token", "{access_token}"))
            return Credential(
                "bearer",
                "header",
                "Authorization",
                item.get("prefix", "Bearer "),
                token,
                None,
                item.get("when"),
            )
        if kind == "basic":
            user = problems.template("username", item.get("username", "{username}"))
            password = problems.template("password", item.get("password", "{password}"))
            return Credential("basic", "basic", "Authorization", "", user, password, item.get("when"))
        problems.add("type", f"`{kind}` is not supported.")
        return None


def _api_key(item: Mapping[str, Any], problems: Problems) -> Credential:
    location = item.get("in_", "header")
    if location == "header" and forbidden_header(item["name"]):
        problems.add("name", "A manifest cannot set this header.")
    value = problems.template("value", item.get("value", "{api_key}"))
    return Credential(
        "api_key", location, item["name"], item.get("prefix", ""), value, None, item.get("when")
    )


def _check_names(
    credential: Credential, path: str, properties: Mapping[str, Property], problems: Problems
) -> None:
    wanted = credential.names | ({credential.when} if credential.when else set())
    for name in sorted(wanted):
        if name not in properties:
            problems.add(path, f"It needs a property `{name}`; declare it under `properties`.")
