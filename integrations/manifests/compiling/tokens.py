"""Compiles `oauth2` and `login`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from integrations.answers.selection import compile_select
from integrations.manifests.compiling.credentials import compile_computed, compile_login_credentials
from integrations.manifests.compiling.expressions import compile_expression
from integrations.manifests.compiling.paths import NamedTemplates, compile_path
from integrations.manifests.compiling.places import KnownRequest, check_places
from integrations.manifests.compiling.problems import Problems
from integrations.manifests.compiling.templates import (
    check_names,
    compile_base_url,
    named_templates,
    secure_names,
)
from integrations.manifests.model import (
    Credential,
    Login,
    LoginOutput,
    LoginStep,
    OAuth2,
    Property,
    SessionEnd,
)
from plugin_store.settings.properties import compile_check

_GRANTS = {
    "oauth2_client_credentials": "client_credentials",
    "oauth2_authorization_code": "authorization_code",
}


def compile_token(
    section: Mapping[str, Any], properties: Mapping[str, Property], problems: Problems
) -> OAuth2 | Login | None:
    """How the integration gets its token; None if its credentials need none."""
    method = section["auth_method"]
    if method in _GRANTS:
        agent = _user_agent(section["headers"], properties)
        with problems.under("oauth2"):
            return _oauth2(section["oauth2"], _GRANTS[method], agent, properties, problems)
    if method == "session_token":
        login = _login(section["login"], properties, problems)
        return _as_caller(login, _user_agent(section["headers"], properties))
    return None


def provided_names(section: Mapping[str, Any], token: OAuth2 | Login | None) -> frozenset[str]:
    """The names that a token fills, also where its declaration has a problem."""
    if token is not None:
        return token.provides
    return frozenset({"access_token"}) if section["auth_method"] in _GRANTS else frozenset()


def _user_agent(headers: Mapping[str, Any], properties: Mapping[str, Property]) -> NamedTemplates:
    """The integration's User-Agent. Providers that require one want it with token requests too.

    Its errors are added where the integration's headers are compiled.
    """
    declared = {name: text for name, text in headers.items() if name.lower() == "user-agent"}
    found = named_templates(declared, "headers", Problems(""))
    return tuple(item for item in found if item[1].names <= properties.keys())


def _as_caller(login: Login, agent: NamedTemplates) -> Login:
    """The login with the User-Agent on each request without its own."""
    return replace(
        login,
        steps=tuple(
            step
            if any(name.lower() == "user-agent" for name, _ in step.headers)
            else replace(step, headers=(*agent, *step.headers))
            for step in login.steps
        ),
    )


def with_credentials(
    token: OAuth2 | Login | None, credentials: tuple[Credential, ...]
) -> OAuth2 | Login | None:
    """The login with the credentials of every call to base_url, except those that need its token."""
    if not isinstance(token, Login):
        return token
    fixed = tuple(item for item in credentials if not item.names & token.provides)
    return replace(
        token,
        steps=tuple(
            # Of several for one place the first is used, so a request's own credentials come first.
            step if step.url is not None else replace(step, credentials=(*step.credentials, *fixed))
            for step in token.steps
        ),
    )


def _oauth2(
    declared: Mapping[str, Any],
    grant_type: Any,
    agent: NamedTemplates,
    properties: Mapping[str, Property],
    problems: Problems,
) -> OAuth2 | None:
    token_url = compile_base_url(declared["token_url"], properties, problems, "token_url")
    authorization_url = compile_base_url(
        declared.get("authorization_url"), properties, problems, "authorization_url"
    )
    if "access_token" in properties:
        problems.add("", "The name `access_token` is reserved for the token. Rename the property.")
    public = declared["token_endpoint_auth_method"] == "none"  # noqa: S105 - the name of a method
    found = OAuth2(
        grant_type=grant_type,
        token_url=token_url,  # type: ignore[arg-type] - a problem was noted where there is none
        authorization_url=authorization_url,
        client_id=problems.template("client_id", declared["client_id"]),
        client_secret=None
        if public
        else problems.template("client_secret", declared.get("client_secret", "{client_secret}")),
        scopes=tuple(problems.template("scopes", scope) for scope in declared["scopes"]),
        scope_separator=declared["scope_separator"],
        query=named_templates(declared["query"], "query", problems),
        token_params=named_templates(declared["token_params"], "token_params", problems),
        authorization_params=named_templates(
            declared["authorization_params"], "authorization_params", problems
        ),
        body_format=declared["body_format"],
        endpoint_auth_method=declared["token_endpoint_auth_method"],
        client_secret_encoding=declared.get("client_secret_encoding"),
        headers=agent,
        when=declared.get("when"),
        expired_when=_session_end(declared.get("expired_when"), problems),
    )
    _check_when(found.when, properties, problems)
    if token_url is None:
        return None
    in_query = frozenset[str]().union(*(template.names for _, template in found.query))
    check_names(in_query, properties, "query", problems)
    elsewhere = token_url.names | in_query | {found.when or ""}
    check_names(found.names - elsewhere, properties, "client_id", problems)
    _check_shown(found, properties, problems)
    return found


def _check_shown(oauth2: OAuth2, properties: Mapping[str, Property], problems: Problems) -> None:
    """Adds a problem for secrets in the URL where a user signs in: API caller and browser can see it."""
    shown = {"authorization_params": [template for _, template in oauth2.authorization_params]}
    if oauth2.grant_type == "authorization_code":
        shown |= {"scopes": list(oauth2.scopes), "client_id": [oauth2.client_id]}
    names = {
        field: frozenset().union(*(item.names for item in templates)) for field, templates in shown.items()
    }
    if oauth2.authorization_url is not None:
        names["authorization_url"] = oauth2.authorization_url.path_names
    for field, found in names.items():
        for name in secure_names(found, properties):
            problems.add(
                field,
                f"The secret `{name}` would stand in the address that a browser is sent to, for all to see.",
            )


def _login(
    declared: list[Mapping[str, Any]],
    properties: Mapping[str, Property],
    problems: Problems,
) -> Login:
    steps: list[LoginStep] = []
    outputs: set[str] = set()
    for index, item in enumerate(declared):
        with problems.under(f"login[{index}]"):
            step = _login_step(item, properties, problems)
            step = replace(step, credentials=_own_credentials(item, step, properties, outputs, problems))
            used = {name for name in _login_names(step) if name not in outputs}
            for name in sorted(used):
                problems.add("", f"`{{{name}}}` is not an output of an earlier request of the login.")
            outputs |= {f"login.{output.name}" for output in step.outputs}
            steps.append(step)
    with problems.under("login"):
        if "session_token" in properties:
            problems.add("", "The name `session_token` is reserved for the token. Rename the property.")
    when = declared[0].get("when")
    with problems.under("login[0]"):
        _check_when(when, properties, problems)
        end = _session_end(declared[0].get("expired_when"), problems)
    return Login(tuple(steps), when, end)


def _session_end(declared: Mapping[str, Any] | None, problems: Problems) -> SessionEnd | None:
    if declared is None:
        return None
    with problems.under("expired_when"):
        pattern = declared.get("pattern")
        matches = (
            problems.attempt("pattern", lambda: compile_check({"pattern": pattern})) if pattern else None
        )
        return SessionEnd(
            body=compile_expression("body", declared["body"], problems, {}, ())
            if "body" in declared
            else None,
            status_codes=frozenset(declared.get("status_codes", ())),
            header=declared.get("header"),
            redirect=declared.get("redirect"),
            **({"mismatches": matches} if matches is not None else {}),
        )


def _check_when(when: str | None, properties: Mapping[str, Property], problems: Problems) -> None:
    if when is not None and when not in properties:
        problems.add("when", f"There is no property `{when}`.")


def _login_step(item: Mapping[str, Any], properties: Mapping[str, Property], problems: Problems) -> LoginStep:
    path, path_query = compile_path(item["path"], problems) if "path" in item else (None, ())
    if path_query:
        problems.add("path", "Move the part after the question mark to `query`.")
    body = problems.tree("body", item["body"]) if item.get("body") is not None else None

    def select(word: str) -> Any:
        return problems.attempt(word, lambda: compile_select(item[word])) if word in item else None

    step = LoginStep(
        method=item["method"],
        url=compile_base_url(item.get("url"), properties, problems, "url"),
        path=path,
        headers=named_templates(item["headers"], "headers", problems),
        query=named_templates(item["query"], "query", problems),
        body=body,
        body_format=item["body_format"],
        outputs=tuple(_output(name, source, problems) for name, source in item["outputs"].items()),
        token_path=select("token_path"),
        token_header=item.get("token_header"),
        token_cookie=item.get("token_cookie"),
        expires_in=select("expires_in_path"),
        expires_at=select("expires_at_path"),
        duration_seconds=item.get("expiration_duration"),
        computed=compile_computed(item.get("values"), properties, problems),
    )
    check_names(step.names, properties, "body", problems)
    return step


def _own_credentials(
    item: Mapping[str, Any],
    step: LoginStep,
    properties: Mapping[str, Property],
    outputs: Collection[str],
    problems: Problems,
) -> tuple[Credential, ...]:
    """The request's own credentials, each with a place in it."""
    found = compile_login_credentials(item.get("auth") or (), properties, outputs, problems)
    known = KnownRequest({**item, "parameters": ()}, step.method, "plain", (), step.headers, step.body)
    check_places(known, (), found, problems)
    return found


def _output(name: str, source: str | Mapping[str, str], problems: Problems) -> LoginOutput:
    if isinstance(source, str):
        selector = problems.attempt(f"outputs.{name}", lambda: compile_select(source))
        return LoginOutput(name, selector=selector)
    return LoginOutput(name, header=source.get("header"), cookie=source.get("cookie"))


def _login_names(step: LoginStep) -> set[str]:
    templates = [template for _, template in (*step.headers, *step.query)] + (
        [step.path] if step.path else []
    )
    names = {name for template in templates for name in template.names} | (
        step.body.names if step.body else set()
    )
    names |= step.computed.names if step.computed is not None else frozenset()
    return {name for name in names if name.startswith("login.")}
