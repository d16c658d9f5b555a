"""Compiles `endpoints` into calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.answers.schema_limits import LimitedSchema
from integrations.answers.selection import Selector
from integrations.json.canonical_json import digest
from integrations.manifests.base_url import BaseUrl
from integrations.manifests.compiling.expressions import compile_expression
from integrations.manifests.compiling.graphql import is_mutation
from integrations.manifests.compiling.paginators import compile_paginator
from integrations.manifests.compiling.paths import NamedTemplates, compile_path
from integrations.manifests.compiling.places import BODY_METHODS, KnownRequest, Protocol, check_places
from integrations.manifests.compiling.problems import Problems
from integrations.manifests.compiling.readings import compile_reading
from integrations.manifests.compiling.response_schemas import compile_schema
from integrations.manifests.compiling.templates import (
    check_header,
    check_names,
    compile_base_url,
    named_templates,
)
from integrations.manifests.compiling.values import compile_parameter
from integrations.manifests.freshness_policy import read_policy
from integrations.manifests.model import (
    GRANT,
    MISSING,
    SAFE_METHODS,
    Credential,
    Endpoint,
    Location,
    Login,
    OAuth2,
    Parameter,
    Property,
    TlsTemplates,
)
from integrations.manifests.templating import MAX_TEMPLATE_LENGTH, Template, Tree
from plugin_store.settings.value_types import json_type

# What determines a request besides the endpoint itself. A change of these changes the artifact keys.
_SHAPING = ("api_type", "base_url", "auth_method", "auth", "oauth2", "login", "headers", "query", "tls")


@dataclass(frozen=True, slots=True)
class IntegrationContext:
    """What all calls of an integration have in common."""

    api_type: str
    properties: Mapping[str, Property]
    base_url: BaseUrl | None
    credentials: tuple[Credential, ...]
    token: OAuth2 | Login | None
    tls: TlsTemplates | None
    headers: NamedTemplates
    query: NamedTemplates
    shaping_digest: str
    """Of what shapes every request beside the endpoint itself."""

    @classmethod
    def of(
        cls,
        section: Mapping[str, Any],
        properties: Mapping[str, Property],
        base_url: BaseUrl | None,
        credentials: tuple[Credential, ...],
        token: OAuth2 | Login | None,
        tls: TlsTemplates | None,
        problems: Problems,
    ) -> IntegrationContext:
        """The section's own headers and query parameters compiled, together with what was compiled before."""
        with problems.under("integration"):
            headers = named_templates(section["headers"], "headers", problems)
            query = named_templates(section["query"], "query", problems)
            check_names(names_of(headers), properties, "headers", problems, with_times=True)
            check_names(names_of(query), properties, "query", problems, with_times=True)
        shaping = digest({word: section[word] for word in _SHAPING if word in section})
        return cls(
            section["api_type"], properties, base_url, credentials, token, tls, headers, query, shaping
        )

    def is_secure(self, name: str) -> bool:
        return name == GRANT or (name in self.properties and self.properties[name].secure)

    def token_names(self) -> frozenset[str]:
        """The settings that getting the token binds, including the user's grant."""
        if self.token is None:
            return frozenset()
        granted = frozenset({GRANT}) if needs_grant(self.token) else frozenset[str]()
        return self.token.names | granted | self._login_base_names()

    def _login_base_names(self) -> frozenset[str]:
        """What a login that starts at the base URL sends in its path."""
        is_there = isinstance(self.token, Login) and any(step.url is None for step in self.token.steps)
        return self.base_url.names if is_there and self.base_url is not None else frozenset()


def needs_grant(token: OAuth2 | Login | None) -> bool:
    """Whether a user must have signed in at the provider."""
    return isinstance(token, OAuth2) and token.grant_type == "authorization_code"


def names_of(templates: NamedTemplates) -> frozenset[str]:
    return frozenset(name for _, template in templates for name in template.names)


def compile_endpoints(
    declared: Sequence[Mapping[str, Any]], around: IntegrationContext, problems: Problems
) -> dict[str, Endpoint]:
    """The endpoints by id, in order."""
    found: dict[str, Endpoint] = {}
    for index, item in enumerate(declared):
        with problems.under(f"endpoints[{index}]"):
            if item["id"] in found:
                problems.add("id", f"`{item['id']}` is declared twice.")
                continue
            found[item["id"]] = _EndpointCompiler(item, around, problems).compile()
    return found


class _EndpointCompiler:
    """One endpoint's declaration and the names it may use."""

    def __init__(self, item: Mapping[str, Any], around: IntegrationContext, problems: Problems) -> None:
        self.item = item
        self.around = around
        self.properties = around.properties
        self.problems = problems
        self.method: str = item.get("method") or ("POST" if self._protocol() != "plain" else "GET")

    def compile(self) -> Endpoint:
        item, problems, around = self.item, self.problems, self.around
        path, path_query = compile_path(item["path"], problems)
        headers = named_templates(item["headers"], "headers", problems)
        body = self._body()
        parameters = self._parameters(path, path_query, headers, body)
        own_base_url = compile_base_url(item.get("base_url"), self.properties, problems)
        is_whole_url = any(parameter.location == "url" for parameter in parameters)
        base_url = None if is_whole_url else own_base_url or around.base_url
        credentials = () if is_whole_url else around.credentials
        if is_whole_url:
            self._check_whole_url()
        elif base_url is None:
            problems.add("path", "There is no base_url to which the path could be appended.")
        self._check_method()
        self._check_templates(path, path_query, headers, body, parameters)
        common_headers, query = ((), ()) if is_whole_url else (around.headers, around.query)
        # The more specific declaration wins, in the query as among the headers.
        in_path = {name for name, _ in path_query}
        query = tuple((name, template) for name, template in query if name not in in_path)
        asked = KnownRequest(
            item, self.method, self._protocol(), path_query, (*common_headers, *headers), body
        )
        check_places(asked, parameters, credentials, problems)
        names = self._setting_names(base_url, path, (*path_query, *headers), parameters, body)
        names |= names_of((*common_headers, *query))
        secure = frozenset(name for name in names if around.is_secure(name))
        inputs = self._inputs(parameters)
        selector, schema = self._selector(list(inputs)), self._schema(inputs)
        provided = around.token.provides if around.token and base_url is not None else frozenset[str]()
        return Endpoint(
            id=item["id"],
            method=self.method,
            base_url=own_base_url,
            path=path,
            path_query=path_query,
            parameters=parameters,
            headers=headers,
            common_headers=common_headers,
            query=query,
            credentials=credentials,
            body=body,
            body_format=item["body_format"],
            response_type=item["response_type"],
            selector=selector,
            schema=schema,
            protocol=self._protocol(),
            paginator=compile_paginator(item, self.method, path_query, parameters, problems),
            is_safe=self._is_safe(),
            redirects=item.get("redirects", "same_origin"),
            timeout_seconds=item.get("timeout"),
            freshness_policy=read_policy(item),
            config_names=(names - secure).union(
                *(asked.config_names for asked in (selector, schema) if asked)
            ),
            secret_names=secure,
            digest=digest([around.shaping_digest, plain_json(item)]),
            declared=item,
            reading=compile_reading(item, problems),
            token_names=provided & self._own_names(path, headers, parameters, body),
        )

    def _protocol(self) -> Protocol:
        if self.item["body_format"] == "jsonrpc":
            return "jsonrpc"
        return "graphql" if self.around.api_type == "graphql" else "plain"

    def _is_safe(self) -> bool:
        """Whether the call only reads: as the manifest declares, else by its method, or a GraphQL query."""
        if "safe" in self.item:
            return bool(self.item["safe"])
        is_query = self._protocol() == "graphql" and not is_mutation(self.item.get("body"))
        return self.method in SAFE_METHODS or is_query

    def _selector(self, inputs: Sequence[str]) -> Selector | None:
        if "select" not in self.item:
            return None
        return compile_expression("select", self.item["select"], self.problems, self.properties, inputs)

    def _inputs(self, parameters: Sequence[Parameter]) -> dict[str, str | None]:
        """The parameters that expressions may ask for, with their types.

        What a secret fills is not among them: it would leave with the answer.
        """
        return {
            parameter.name: parameter.value.type
            for parameter in parameters
            if parameter.value.from_config is None or not self.around.is_secure(parameter.value.from_config)
        }

    def _schema(self, inputs: Mapping[str, str | None]) -> LimitedSchema | None:
        if self.item.get("response_schema") is None:
            return None
        return compile_schema(self.item["response_schema"], self.problems, self.properties, inputs)

    def _body(self) -> Tree | None:
        if self.item.get("body") is None:
            return None
        return self._graphql_tree() if self._protocol() == "graphql" else self._plain_tree()

    def _plain_tree(self) -> Tree:
        return self.problems.tree("body", self.item["body"])

    def _graphql_tree(self) -> Tree:
        """The variables are templates. The query contains literal braces and stays unchanged."""
        body = self.item["body"]
        if len(body["query"]) > MAX_TEMPLATE_LENGTH:
            self.problems.add("body", f"The query is longer than {MAX_TEMPLATE_LENGTH} characters.")
            return Tree(None)
        rest = self.problems.tree("body", {key: item for key, item in body.items() if key != "query"})
        query = Template(body["query"], (body["query"],))
        return Tree({"query": query, **(rest.node or {})})

    def _parameters(
        self, path: Template, path_query: NamedTemplates, headers: NamedTemplates, body: Tree | None
    ) -> tuple[Parameter, ...]:
        found: dict[tuple[str, str], Parameter] = {}
        names: set[str] = set()
        in_templates = {
            "query": names_of(path_query),
            "header": names_of(headers),
            "body": body.names if body else frozenset[str](),
        }
        filled = path.names | in_templates["query"] | in_templates["header"]
        # Earlier versions treated it as optional, and stored chains may leave it out.
        filled |= body.text_names if body and not self.problems.is_stored else frozenset()
        for index, item in enumerate(self.item["parameters"]):
            with self.problems.under(f"parameters[{index}]"):
                location = self._location(item, path, in_templates)
                if item["name"] in names:
                    self.problems.add("name", f"`{item['name']}` is declared twice.")
                names.add(item["name"])
                self._check_from_config(item)
                required = item["name"] in filled or location == "url" or item.get("required", False)
                value = compile_parameter(item, self.properties, self.problems, required=required)
                found[(location, item["name"])] = Parameter(value, location)
        return tuple(found.values())

    def _location(
        self, item: Mapping[str, Any], path: Template, in_templates: Mapping[str, frozenset[str]]
    ) -> Location:
        name, declared = item["name"], item.get("in_")
        in_path = name in path.names
        if in_path and declared not in (None, "path"):
            self.problems.add("in", f"`{{{name}}}` is in the path, so the parameter must be `in: path`.")
        if declared == "path" and not in_path:
            self.problems.add("name", f"`{{{name}}}` is not in the path.")
        # A template of its place already contains it; it must not be sent twice.
        placed = frozenset().union(*in_templates.values()) if declared is None else in_templates.get(declared)
        location: Location = (
            ("template" if placed and name in placed and not in_path else None)
            or declared
            or ("path" if in_path else None)
            or ("body" if self.method in BODY_METHODS else "query")
        )
        if location == "header":
            check_header(name, "name", self.problems)
        if location in ("path", "header") and json_type(item.get("type")) in ("array", "object"):
            self.problems.add("type", f"A value `in: {location}` is a string, a number or a boolean.")
        return location

    def _check_from_config(self, item: Mapping[str, Any]) -> None:
        name = item.get("from_config")
        if name is not None and name not in self.properties:
            self.problems.add("from_config", f"There is no property `{name}`.")

    def _check_whole_url(self) -> None:
        if self.method != "GET" and not self._is_head_check():
            self.problems.add("method", "A whole URL from an input can only be fetched with GET.")

    def _is_head_check(self) -> bool:
        return self.method == "HEAD" and self.item["response_type"] == "status"

    def _check_method(self) -> None:
        # The method may come from the protocol.
        if self.item["response_type"] == "status" and self.method not in SAFE_METHODS:
            self.problems.add("response_type", "A status is checked with GET or HEAD.")

    def _check_templates(
        self,
        path: Template,
        path_query: NamedTemplates,
        headers: NamedTemplates,
        body: Tree | None,
        parameters: Sequence[Parameter],
    ) -> None:
        own = [parameter.name for parameter in parameters]
        provided = self.around.token.provides if self.around.token else frozenset[str]()
        for field, names, tokens in (
            ("path", path.names | names_of(path_query), frozenset[str]()),
            ("headers", names_of(headers), provided),
            ("body", body.names if body else frozenset[str](), provided),
        ):
            known = {*own, *self.properties, *tokens}
            why = "is neither a parameter nor a property."
            check_names(names, known, field, self.problems, why=why, with_times=True)

    def _setting_names(
        self,
        base_url: BaseUrl | None,
        path: Template,
        templates: NamedTemplates,
        parameters: Sequence[Parameter],
        body: Tree | None,
    ) -> frozenset[str]:
        """The properties and the times that the call binds, without parameters' names."""
        names = self._own_names(path, templates, parameters, body)
        names |= {parameter.value.from_config for parameter in parameters if parameter.value.from_config}
        if base_url is None:
            return names
        names |= base_url.names | (self.around.tls.names if self.around.tls else frozenset())
        for credential in self.around.credentials:
            names |= credential.names | ({credential.when} if credential.when else frozenset())
        provided = self.around.token.provides if self.around.token else frozenset()
        return (names - provided) | self.around.token_names()

    @staticmethod
    def _own_names(
        path: Template, templates: NamedTemplates, parameters: Sequence[Parameter], body: Tree | None
    ) -> frozenset[str]:
        """The names in the endpoint's templates that are no parameters."""
        names = path.names | names_of(templates) | (body.names if body else frozenset())
        return names - {parameter.name for parameter in parameters}


def plain_json(value: Any) -> Any:
    """The declaration as JSON. marshmallow's renaming and defaults are stable, so a digest of it is stable too."""
    if isinstance(value, Mapping):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_json(item) for item in value]
    return None if value is MISSING else value
