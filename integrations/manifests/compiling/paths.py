"""Compiles an endpoint's `path`, which must stay below base_url whatever its values are."""

from __future__ import annotations

from urllib.parse import unquote

from integrations.manifests.base_url import check_escapes
from integrations.manifests.compiling.problems import Problems
from integrations.manifests.templating import Template

MAX_QUERY_PAIRS = 100

NamedTemplates = tuple[tuple[str, Template], ...]


def compile_path(source: str, problems: Problems) -> tuple[Template, NamedTemplates]:
    """The path's template, and the pairs of its own query: each one's name, and its whole text as written."""
    path_source, _, query_source = source.partition("?")
    template = problems.template("path", path_source)
    if path_source and not path_source.startswith("/"):
        problems.add("path", "Start with a slash. The path is appended to base_url.")
    if "#" in source or "\\" in source or any(ord(c) < 0x21 for c in source):
        problems.add("path", "A path cannot contain fragments, backslashes, spaces or control characters.")
    # Decoded too, because a server behind a proxy may read %2e%2e as a parent folder.
    if any(unquote(unquote(segment)) in (".", "..") for segment in path_source.split("/")):
        problems.add("path", "A path cannot contain the segments `.` and `..`.")
    if path_source.startswith("//"):
        problems.add("path", "Two slashes at the start would name another host.")
    pairs = [pair for pair in query_source.split("&") if pair]
    if len(pairs) > MAX_QUERY_PAIRS:
        problems.add("path", f"More than {MAX_QUERY_PAIRS} parameters in its query.")
        return template, ()
    query = tuple((unquote(pair.partition("=")[0]), problems.template("path", pair)) for pair in pairs)
    for item in (template, *(pair for _, pair in query)):
        problems.attempt("path", lambda item=item: check_escapes(item))
    return template, query
