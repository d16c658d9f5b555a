"""The base URL of an integration: a template over settings, validated at registration and when filled. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from integrations.egress.messages import DEFAULT_PORTS, origin_of
from integrations.egress.urls import read_authority
from integrations.manifests.templating import (
    Name,
    NotText,
    Template,
    TemplateError,
    UnresolvedName,
    parse_template,
    resolve_text,
)

_AUTHORITY = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\.?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?\Z"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SEGMENT_SAFE = "!$&'()*+,;=:@~-._"
PATH_SAFE = "/%" + _SEGMENT_SAFE
"""What stays as it is in a path (RFC 3986), escapes among it."""


class BadBaseUrl(ValueError):
    """A base URL that cannot be used. The message explains the error to a user."""


class BadSetting(BadBaseUrl):
    """A setting's value that makes the base URL invalid. `name` is the setting's."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """A validated template of a base URL. Placeholders may be in host and path, or one is the whole start."""

    template: Template
    _scheme: str = field(init=False, compare=False, repr=False)
    _authority: Template | None = field(init=False, compare=False, repr=False)
    """None where one setting gives the whole start."""
    _path_template: Template = field(init=False, compare=False, repr=False)
    _always: str | None = field(init=False, compare=False, repr=False)
    """The URL of every call, where no setting is in it."""

    def __post_init__(self) -> None:
        scheme, _, rest = self.source.partition("://")
        authority, slash, path = rest.partition("/")
        is_whole = isinstance(self.template.parts[0], Name)
        object.__setattr__(self, "_scheme", scheme.lower())
        object.__setattr__(self, "_authority", None if is_whole else parse_template(authority))
        rest_template = Template("", self.template.parts[1:]) if is_whole else parse_template(slash + path)
        object.__setattr__(self, "_path_template", rest_template)
        object.__setattr__(self, "_always", None if self.names else self._start({}) + self._path({}))

    @property
    def names(self) -> frozenset[str]:
        return self.template.names

    @property
    def source(self) -> str:
        return self.template.source

    def fill(self, values: Mapping[str, Any]) -> str:
        """The URL, normalised, without a final slash. Raises UnresolvedName, NotText and BadSetting."""
        return self.fill_whole(values).rstrip("/")

    def fill_whole(self, values: Mapping[str, Any], starts: Mapping[str, Any] | None = None) -> str:
        """The URL of one call, normalised. A final slash stays, because servers distinguish the two.

        `starts` are the values for the start of the URL, if they differ from those of the path.
        """
        return self._always or self._start(values if starts is None else starts) + self._path(values)

    @property
    def start_names(self) -> frozenset[str]:
        """The placeholders that determine the URL's destination: in host and port, or for the whole start."""
        if self._authority is not None:
            return self._authority.names
        return frozenset({self.whole_start}) if self.whole_start is not None else frozenset()

    @property
    def whole_start(self) -> str | None:
        """The setting that is the whole start of the URL, if there is one."""
        first = self.template.parts[0]
        return first.value if isinstance(first, Name) else None

    @property
    def path_names(self) -> frozenset[str]:
        """The placeholders in the path."""
        return self._path_template.names

    @property
    def path_parts(self) -> tuple[str | Name, ...]:
        """The path's literals, encoded as they are sent, and its placeholders."""
        # The path inside a setting for the whole URL is not one of our literals.
        start = ("/", Name(self.whole_start)) if self.whole_start is not None else ()
        return (
            *start,
            *(
                encode_path_literal(part) if isinstance(part, str) else part
                for part in self._path_template.parts
            ),
        )

    def origin(self, values: Mapping[str, Any]) -> str | None:
        """The origin with these settings; None if they are incomplete."""
        try:
            return origin_of(self._start(values))
        except (UnresolvedName, NotText, BadBaseUrl):
            return None

    def _start(self, values: Mapping[str, Any]) -> str:
        """Scheme and authority, or the whole URL from one setting."""
        first = self.template.parts[0]
        if isinstance(first, Name):
            url = _whole_url(first.value, resolve_text(first.value, values))
            return url if self.template.lone else url.rstrip("/")
        assert self._authority is not None  # noqa: S101 - there is one where no placeholder stands for the start
        authority = self._authority.text(values)
        if not _is_authority(authority):
            name = min(self._authority.names, default="")
            raise BadSetting(name, "This is not a valid host name. Leave out the scheme and the path.")
        return f"{self._scheme}://{authority.lower()}"

    def _path(self, values: Mapping[str, Any]) -> str:
        return "".join(
            encode_path_literal(part)
            if isinstance(part, str)
            else encode_segment(resolve_text(part.value, values), part.value)
            for part in self._path_template.parts
        )


def parse_base_url(source: str) -> BaseUrl:
    """The base URL of a manifest. Raises BadBaseUrl for userinfo, backslash, fragment, query, another scheme."""
    try:
        template = parse_template(source)
    except TemplateError as error:
        raise BadBaseUrl(str(error)) from None
    if _FORBIDDEN.search(source):
        raise BadBaseUrl("A URL cannot contain spaces, control characters or backslashes.")
    check_escapes(template)
    first = template.parts[0]
    if isinstance(first, Name):
        rest = "".join("x" if isinstance(part, Name) else part for part in template.parts[1:])
        if rest and not rest.startswith("/"):
            raise BadBaseUrl("Only a path may follow a placeholder for the whole URL.")
        _check_shape("http://host" + rest)
        return BaseUrl(template)
    scheme, separator, rest = source.partition("://")
    if not separator or scheme.lower() not in ("http", "https"):
        raise BadBaseUrl("Start with http:// or https://, or with one placeholder for the whole URL.")
    _check_shape(template.text(dict.fromkeys(template.names, "1")))
    if not _may_become_authority(rest.partition("/")[0]):
        raise BadBaseUrl("The host is not a host name or an address.")
    return BaseUrl(template)


def check_escapes(template: Template) -> None:
    """Raises BadBaseUrl for a literal `%` that is not an escape, because the text after it could complete one."""
    if any(isinstance(part, str) and _BROKEN_ESCAPE.search(part) for part in template.parts):
        raise BadBaseUrl("A percent sign starts an escape such as %20. Write %25 for a percent sign.")


def encode_segment(value: str, name: str) -> str:
    """The value as one path segment (RFC 3986 section 3.3). Raises BadSetting for a value that could leave it."""
    if value in ("", ".", ".."):
        raise BadSetting(name, "Must not be empty, `.` or `..`.")
    if _CONTROL.search(value):
        raise BadSetting(name, "Must not contain control characters.")
    return quote(value, safe=_SEGMENT_SAFE)


@lru_cache(maxsize=4096)
def encode_path_literal(part: str) -> str:
    """The text of a path as it is sent; encoded parts stay unchanged."""
    return quote(part, safe=PATH_SAFE)


def _check_shape(url: str) -> None:
    if "?" in url or "#" in url:
        raise BadBaseUrl("A base URL cannot contain a query or a fragment. Use `query`.")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BadBaseUrl("The host is not a host name or an address.") from None
    if "@" in parts.netloc:
        raise BadBaseUrl("A URL cannot contain a user name or a password. Use `auth`.")
    # Decoded too, because a server behind a proxy may read %2e%2e as a parent folder.
    if any(unquote(unquote(segment)) in (".", "..") for segment in parts.path.split("/")):
        raise BadBaseUrl("A path cannot contain the segments `.` and `..`.")


def _whole_url(name: str, value: str) -> str:
    text = value.strip()
    if _FORBIDDEN.search(text) or not text.isascii():
        raise BadSetting(name, "This is not a URL: it contains spaces, backslashes or non-ASCII characters.")
    scheme, separator, _ = text.partition("://")
    if not separator or scheme.lower() not in ("http", "https"):
        raise BadSetting(name, "Write the whole URL, starting with http:// or https://.")
    try:
        _check_shape(text)
    except BadBaseUrl as error:
        raise BadSetting(name, str(error)) from None
    parts = urlsplit(text)
    if not _is_authority(parts.netloc):
        raise BadSetting(name, "The host is not a host name or an address.")
    return f"{scheme.lower()}://{parts.netloc.lower()}{parts.path}"


def _may_become_authority(source: str) -> bool:
    """Whether settings can turn this template into a host and optional port: a name or a numeric address."""
    host, port = source, ""
    if ":" in source and not source.endswith("]"):
        host, _, port = source.rpartition(":")
    colon = ":" if host != source else ""
    authorities = (_filled(host, sample) + colon + _filled(port, "1") for sample in ("x", "1"))
    return any(_is_authority(authority) for authority in authorities)


def _filled(source: str, sample: str) -> str:
    template = parse_template(source)
    return template.text(dict.fromkeys(template.names, sample))


def _is_authority(text: str) -> bool:
    """Whether the text is a host and optional port that the egress door accepts; names are ASCII here."""
    if not _AUTHORITY.match(text):
        return False
    try:
        read_authority(text, DEFAULT_PORTS["http"])
    except ValueError:
        return False
    return True
