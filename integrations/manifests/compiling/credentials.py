"""Compiles `auth_method` and `auth` into credentials, by convention if the manifest only names a method."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from integrations.manifests.compiling.problems import Problems
from integrations.manifests.compiling.templates import check_header_text, named_templates
from integrations.manifests.model import Credential, Property, Signature, SignatureValue
from integrations.manifests.templating import Template, placeholder_names


def compile_credentials(
    section: Mapping[str, Any],
    endpoints: Sequence[Mapping[str, Any]],
    properties: Mapping[str, Property],
    provided: frozenset[str],
    problems: Problems,
) -> tuple[Credential, ...]:
    """The credentials of every call to base_url, in declared order.

    `provided` are the names that a token fills: those of an OAuth 2.0 server or a login.
    """
    declared = section.get("auth")
    if declared is None:
        declared = _conventional(section["auth_method"], endpoints)
        where = "integration.auth_method"
        paths = [where] * len(declared)
    else:
        paths = [f"integration.auth[{index}]" for index in range(len(declared))]
    found = [_credential(item, path, problems) for item, path in zip(declared, paths, strict=True)]
    for credential, path in zip(found, paths, strict=True):
        _check_names(credential, path, {*properties, *provided}, problems)
    found = [replace(item, token_names=item.names & provided) for item in found]
    if provided and not any(item.names & provided for item in found) and not _carries(endpoints, provided):
        names = " or ".join(f"`{{{name}}}`" for name in sorted(provided))
        problems.add("integration.auth", f"No credential and no body uses the token: {names}.")
    return tuple(found)


def _carries(endpoints: Sequence[Mapping[str, Any]], provided: frozenset[str]) -> bool:
    """Whether headers or the body of an endpoint take what a token provides."""
    written = ({"headers": item.get("headers"), "body": item.get("body")} for item in endpoints)
    return any(placeholder_names(value) & provided for value in written)


def compile_login_credentials(
    declared: Sequence[Mapping[str, Any]],
    properties: Mapping[str, Property],
    outputs: Collection[str],
    problems: Problems,
) -> tuple[Credential, ...]:
    """The credentials of one request of a login. `outputs` are the names that its earlier requests fill."""
    found = []
    for index, item in enumerate(declared):
        credential = _credential(item, f"auth[{index}]", problems)
        _check_names(credential, f"auth[{index}]", {*properties, *outputs}, problems)
        found.append(credential)
    return tuple(found)


def compile_computed(
    declared: Sequence[Mapping[str, Any]] | None, properties: Mapping[str, Property], problems: Problems
) -> Signature | None:
    """Values that are computed before a request, and so of no part of it; None where none are declared."""
    if declared is None:
        return None
    values = _signature_values(declared, problems)
    for index, item in enumerate(values):
        if item.name in properties:
            problems.add(
                f"values[{index}].name", f"`{item.name}` is a property; give the value another name."
            )
    computed = Signature(values, (), ())
    for name in sorted(_request_parts(computed)):
        problems.add(
            "values", f"`{{{name}}}` is not known yet: these values are computed before the request."
        )
    return computed


def _conventional(method: str, endpoints: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if method in ("token", "oauth2_client_credentials", "oauth2_authorization_code"):
        return [{"type": "bearer", "token": "{access_token}"}]
    if method == "session_token":
        return [{"type": "bearer", "token": "{session_token}"}]
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


def _credential(item: Mapping[str, Any], path: str, problems: Problems) -> Credential:
    with problems.under(path):
        return _COMPILERS[item["type"]](item, problems)


def _api_key(item: Mapping[str, Any], problems: Problems) -> Credential:
    location, name, prefix = item.get("in_", "header"), item["name"], item.get("prefix", "")
    value = problems.template("value", item.get("value", "{api_key}"))
    if location == "header":
        check_header_text(value, "value", problems, prefix)
    return Credential("api_key", location, name, prefix, value, None, item.get("when"))


def _bearer(item: Mapping[str, Any], problems: Problems) -> Credential:
    token = problems.template("token", item.get("token", "{access_token}"))
    prefix = item.get("prefix", "Bearer ")
    check_header_text(token, "token", problems, prefix)
    return Credential("bearer", "header", "Authorization", prefix, token, None, item.get("when"))


def _user_and_password(item: Mapping[str, Any], problems: Problems) -> Credential:
    user = problems.template("username", item.get("username", "{username}"))
    password = problems.template("password", item.get("password", "{password}"))
    return Credential(item["type"], item["type"], "Authorization", "", user, password, item.get("when"))


def _signature(item: Mapping[str, Any], problems: Problems) -> Credential:
    values = _signature_values(item.get("values") or (), problems)
    headers = named_templates(item.get("headers") or {}, "headers", problems)
    query = named_templates(item.get("query") or {}, "query", problems)
    signature = Signature(values, headers, query)
    for name in sorted(_request_parts(signature) - REQUEST_PARTS):
        problems.add("values", f"`{{{name}}}` is not a part of a request.")
    return Credential(
        "signature", "signature", "", "", Template("", ("",)), None, item.get("when"), signature
    )


def _signature_values(
    declared: Sequence[Mapping[str, Any]], problems: Problems
) -> tuple[SignatureValue, ...]:
    known: set[str] = set()
    values = []
    for index, item in enumerate(declared):
        with problems.under(f"values[{index}]"):
            values.append(_signature_value(item, known, problems))
    _check_order(values, problems)
    return tuple(values)


def _signature_value(declared: Mapping[str, Any], known: set[str], problems: Problems) -> SignatureValue:
    name, function = declared["name"], declared["function"]
    if name in known:
        problems.add("name", f"`{name}` is declared twice.")
    known.add(name)
    return SignatureValue(
        name=name,
        function=function,
        input=problems.template("input", declared["input"]) if "input" in declared else None,
        key=problems.template("key", declared["key"]) if "key" in declared else None,
    )


def _check_order(values: Sequence[SignatureValue], problems: Problems) -> None:
    """Adds a problem for a value that is computed from a later one."""
    later = {item.name for item in values}
    for index, item in enumerate(values):
        for word, template in (("input", item.input), ("key", item.key)):
            for name in sorted(template.names & later if template else ()):
                problems.add(f"values[{index}].{word}", f"`{{{name}}}` is not computed before this value.")
        later.discard(item.name)


def _request_parts(signature: Signature) -> set[str]:
    templates = [template for item in signature.values for template in (item.input, item.key) if template]
    templates += [template for _, template in (*signature.headers, *signature.query)]
    return {name for template in templates for name in template.names if name.startswith("request.")}


REQUEST_PARTS = frozenset(
    {
        "request.method",
        "request.url",
        "request.origin",
        "request.host",
        "request.path",
        "request.query",
        "request.target",
        "request.body",
    }
)

_COMPILERS = {
    "api_key": _api_key,
    "bearer": _bearer,
    "basic": _user_and_password,
    "digest": _user_and_password,
    "signature": _signature,
}


def _check_names(credential: Credential, path: str, known: Collection[str], problems: Problems) -> None:
    wanted = credential.names | ({credential.when} if credential.when else set())
    for name in sorted(wanted):
        if name not in known:
            problems.add(path, f"The credential needs a property `{name}`. Declare it under `properties`.")
