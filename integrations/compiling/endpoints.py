"""`endpoints` made calls that can go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from integrations.base_url import BaseUrl, parse_base_url
from integrations.cache_key import digest
from integrations.compiling.credentials import forbidden_header
from integrations.compiling.problems import Problems
from integrations.compiling.values import compile_value
from integrations.freshness import Wishes
from integrations.manifest import MISSING, SAFE_METHODS, Credential, Endpoint, Location, Parameter, Property
from integrations.response_schema import compile_response_schema
from integrations.selection import compile_select
from integrations.templating import Template, Tree

_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
# What shapes a request beside the endpoint itself; a change of these makes other artifacts.
_SHAPING = ("api_type", "base_url", "auth_method", "auth", "headers", "query")


def compile_endpoints(
    declared: Sequence[Mapping[str, Any]],
    section: Mapping[str, Any],
    base_url: BaseUrl | None,
    credentials: tuple[Credential, ...],
    properties: Mapping[str, Property],
    problems: Problems,
) -> dict[str, Endpoint]:
    """The endpoints by id, in their order."""
    found: dict[str, Endpoint] = {}
    shaping = {word: section[word] for word in _SHAPING if word in section}
    common_headers = _named_templates(section["headers"], "integration.headers", problems)
    common_query = _named_templates(section["query"], "integration.query", problems)
    for name, template in (*common_headers, *common_query):
        _check_names(template, f"integration: {name}", properties, (), problems, "integration")
    for index, item in enumerate(declared):
        with problems.under(f"endpoints[{index}]"):
            if item["id"] in found:
                problems.add("id", f"`{item['id']}` is declared twice.")
                continue
            compiler = _EndpointCompiler(item, properties, problems)
            found[item["id"]] = compiler.compile(
                base_url, credentials, common_headers, common_query, digest([shaping, plain_json(item)])
            )
    return found


def compile_base_url(
    source: str | None, properties: Mapping[str, Property], problems: Problems
) -> BaseUrl | None:
    """The checked base URL; None where there is none, and after a problem was noted."""
    base_url = problems.attempt("base_url", lambda: parse_base_url(source)) if source is not None else None
    if base_url is None:
        return None
    for name in sorted(base_url.names):
        if name not in properties:
            problems.add("base_url", f"`{{{name}}}` is not among the properties.")
        elif name in base_url.host_names and properties[name].secure:
            problems.add("base_url", f"The secret `{name}` cannot be part of a host name, which is public.")
    return base_url


class _EndpointCompiler:
    """One endpoint's declaration and what it may refer to."""

    def __init__(
        self, item: Mapping[str, Any], properties: Mapping[str, Property], problems: Problems
    ) -> None:
        self.item = item
        self.properties = properties
        self.problems = problems

    def compile(
        self,
        integration_base_url: BaseUrl | None,
        credentials: tuple[Credential, ...],
        common_headers: tuple[tuple[str, Template], ...],
        common_query: tuple[tuple[str, Template], ...],
        declaration_digest: str,
    ) -> Endpoint:
        item, problems = self.item, self.problems
        path, path_query = self._path()
        headers = _named_templates(item["headers"], "headers", problems)
        body = self._body()
        parameters = self._parameters(path, (*path_query, *headers))
        own_base_url = compile_base_url(item.get("base_url"), self.properties, problems)
        is_whole_url = any(parameter.location == "url" for parameter in parameters)
        base_url = own_base_url or integration_base_url
        if is_whole_url:
            self._check_whole_url()
            credentials, common_headers, common_query = (), (), ()
        elif base_url is None:
            problems.add("path", "There is no base_url to append it to.")
        self._check_templates(path, path_query, headers, body, parameters)
        names = self._setting_names(
            base_url if not is_whole_url else None,
            path,
            path_query,
            (*common_headers, *headers),
            common_query,
            credentials,
            parameters,
            body,
        )
        secure = frozenset(name for name in names if name in self.properties and self.properties[name].secure)
        return Endpoint(
            id=item["id"],
            method=item["method"],
            base_url=own_base_url,
            path=path,
            path_query=path_query,
            parameters=parameters,
            headers=(*common_headers, *headers),
            query=common_query,
            credentials=credentials,
            body=body,
            body_format=item["body_format"],
            response_type=item["response_type"],
            selector=problems.attempt("select", lambda: compile_select(item["select"]))
            if "select" in item
            else None,
            schema=(
                problems.attempt("response_schema", lambda: compile_response_schema(item["response_schema"]))
                if item.get("response_schema") is not None
                else None
            ),
            redirects=item.get("redirects", "same_origin"),
            timeout_seconds=item.get("timeout"),
            wishes=Wishes(
                item.get("cache_ttl"), item.get("stale_while_revalidate"), item.get("stale_if_error")
            ),
            config_names=names - secure,
            secret_names=secure,
            digest=declaration_digest,
            declared=item,
        )

    def _path(self) -> tuple[Template, tuple[tuple[str, Template], ...]]:
        source: str = self.item["path"]
        path_source, _, query_source = source.partition("?")
        template = self.problems.template("path", path_source)
        if path_source and not path_source.startswith("/"):
            self.problems.add("path", "Start with a slash; it is appended to base_url.")
        if "#" in source or "\\" in source or any(ord(c) < 0x21 for c in source):
            self.problems.add(
                "path", "Fragments, backslashes, blanks and control characters do not belong here."
            )
        # Decoded too, for a server behind a proxy may read %2e%2e as a step up.
        if any(unquote(unquote(segment)) in (".", "..") for segment in path_source.split("/")):
            self.problems.add("path", "`.` and `..` do not belong into a path.")
        if path_source.startswith("//"):
            self.problems.add("path", "Two slashes at the start would name another host.")
        pairs = [pair.partition("=") for pair in query_source.split("&") if pair]
        query = tuple(
            (unquote(name), self.problems.template("path", unquote(text))) for name, _, text in pairs
        )
        return template, query

    def _body(self) -> Tree | None:
        if self.item.get("body") is None:
            return None
        if self.item["method"] not in _BODY_METHODS and self.item["method"] != "DELETE":
            self.problems.add("body", f"{self.item['method']} carries no body.")
        tree = self.problems.tree("body", self.item["body"])
        body_format = self.item["body_format"]
        if body_format in ("form", "multipart") and not isinstance(tree.node, dict):
            self.problems.add("body", "A form is an object.")
        if body_format in ("text", "xml") and not isinstance(tree.node, Template):
            self.problems.add("body", "Text is a string.")
        return tree

    def _parameters(self, path: Template, templates: Sequence[tuple[str, Template]]) -> tuple[Parameter, ...]:
        found: dict[tuple[str, str], Parameter] = {}
        names: set[str] = set()
        filled = path.names | {name for _, template in templates for name in template.names}
        for index, item in enumerate(self.item["parameters"]):
            with self.problems.under(f"parameters[{index}]"):
                location = self._location(item, path, filled)
                if item["name"] in names:
                    self.problems.add("name", f"`{item['name']}` is declared twice.")
                names.add(item["name"])
                self._check_from_config(item)
                value = compile_value(
                    item["name"],
                    item,
                    self.problems,
                    required=item["name"] in filled or item.get("required", False),
                )
                found[(location, item["name"])] = Parameter(value, location)
        return tuple(found.values())

    def _location(
        self, item: Mapping[str, Any], path: Template, filled: frozenset[str] | set[str]
    ) -> Location:
        name, declared = item["name"], item.get("in_")
        in_path = name in path.names
        if in_path and declared not in (None, "path"):
            self.problems.add("in", f"`{{{name}}}` stands in the path, so it is `in: path`.")
        if declared == "path" and not in_path:
            self.problems.add("name", f"`{{{name}}}` does not stand in the path.")
        location: Location = (
            declared
            or ("path" if in_path else None)
            or ("body" if self.item["method"] in _BODY_METHODS else "query")
        )
        if location == "header" and forbidden_header(name):
            self.problems.add("name", "A manifest cannot set this header.")
        if location == "body" and self.item["method"] in SAFE_METHODS:
            self.problems.add("in", f"{self.item['method']} carries no body.")
        if location in ("path", "header") and item["type"] in ("array", "object"):
            self.problems.add("type", f"A value `in: {location}` is a string, a number or a boolean.")
        return location

    def _check_from_config(self, item: Mapping[str, Any]) -> None:
        name = item.get("from_config")
        if name is not None and name not in self.properties:
            self.problems.add("from_config", f"There is no property `{name}`.")
        if name is not None and item.get("in_") == "url":
            self.problems.add("from_config", "A whole URL comes from an input, not from a setting.")

    def _check_whole_url(self) -> None:
        if self.item["method"] != "GET":
            self.problems.add("method", "A whole URL from an input is only fetched by GET.")
        for word in ("path", "headers", "body", "base_url"):
            if self.item.get(word):
                self.problems.add(word, "Nothing is added to a whole URL from an input.")
        if len(self.item["parameters"]) > 1:
            self.problems.add("parameters", "Beside a whole URL there is no other parameter.")

    def _check_templates(
        self,
        path: Template,
        path_query: Sequence[tuple[str, Template]],
        headers: Sequence[tuple[str, Template]],
        body: Tree | None,
        parameters: Sequence[Parameter],
    ) -> None:
        own = [parameter.name for parameter in parameters]
        for field, names in (
            ("path", path.names | {name for _, template in path_query for name in template.names}),
            ("headers", {name for _, template in headers for name in template.names}),
            ("body", body.names if body else frozenset()),
        ):
            for name in sorted(names):
                if name not in own and name not in self.properties:
                    self.problems.add(field, f"`{{{name}}}` is neither a parameter nor a property.")

    @staticmethod
    def _setting_names(
        base_url: BaseUrl | None,
        path: Template,
        path_query: Sequence[tuple[str, Template]],
        headers: Sequence[tuple[str, Template]],
        query: Sequence[tuple[str, Template]],
        credentials: Sequence[Credential],
        parameters: Sequence[Parameter],
        body: Tree | None,
    ) -> frozenset[str]:
        """The properties that the call binds, parameters' names aside."""
        own = {parameter.name for parameter in parameters}
        names: set[str] = set(path.names) | {
            name for _, template in (*path_query, *headers, *query) for name in template.names
        }
        names |= body.names if body else frozenset()
        names -= own
        names |= base_url.names if base_url else frozenset()
        for credential in credentials:
            names |= credential.names | ({credential.when} if credential.when else frozenset())
        names |= {parameter.value.from_config for parameter in parameters if parameter.value.from_config}
        return frozenset(names)


def _named_templates(
    declared: Mapping[str, Any], field: str, problems: Problems
) -> tuple[tuple[str, Template], ...]:
    found = []
    for name, source in declared.items():
        if "headers" in field and forbidden_header(name):
            problems.add(f"{field}.{name}", "A manifest cannot set this header.")
        found.append((name, problems.template(f"{field}.{name}", source)))
    return tuple(found)


def _check_names(
    template: Template,
    _what: str,
    properties: Mapping[str, Property],
    own: Sequence[str],
    problems: Problems,
    field: str,
) -> None:
    for name in sorted(template.names - properties.keys() - set(own)):
        problems.add(field, f"`{{{name}}}` is not among the properties.")


def plain_json(value: Any) -> Any:
    """The declaration as JSON again: what marshmallow renamed or filled in is stable, so a digest of it is too."""
    if isinstance(value, Mapping):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_json(item) for item in value]
    return None if value is MISSING else value
