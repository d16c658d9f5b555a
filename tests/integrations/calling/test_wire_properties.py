"""Whatever is given, each value reaches its own place and no other: requests read back from the socket."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, unquote_plus

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from errors import Invalid, SettingsIncomplete
from tests.integrations.calling.wire import Recorder

NASTY = [
    "", " ", ".", "..", "/", "a/b", "a:b", "../x", "?x=1", "#x", "&x=1", "a=b", ";", "%", "%2e%2e", "%00", "+", "{p0}", "{{x}}",
    "{secret}", "\r\nX-Evil: 1", "\n", "\0", "\x7f", "\x85", "\u2028", "\ufeff", "ü", "\U0001f326\ufe0f", '"', "\\", "'", "<a>&",
    "]]>", "--x\r\n", "a" * 3000, "null", "true", "0", "-0", "1e400",
]  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.text("ab.:%/ {}"),
)
NUMBERS = st.one_of(st.integers(-(2**53) + 1, 2**53 - 1), st.floats(-1e15, -1e-9) | st.floats(1e-9, 1e15))
SCALARS = st.one_of(TEXTS, st.booleans(), NUMBERS)
WIRE_NAMES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), max_size=6),
    st.text("ab&=+%#?/;:\"'", max_size=6),
)
BODY_FORMATS = ("json", "form", "multipart")


@dataclass(frozen=True, slots=True)
class Case:
    """A manifest's values by the names that they have in it."""

    body_format: str
    path: list[Any]
    query: dict[str, Any]
    header: list[Any]
    header_template: str
    body: dict[str, Any]
    setting: str
    base_path: str
    secret: str
    auth: str

    def parameters(self) -> dict[str, Any]:
        return {
            **{f"p{index}": value for index, value in enumerate(self.path)},
            **self.query,
            **{f"X-H{index}": value for index, value in enumerate(self.header)},
            "t": self.header_template,
            **self.body,
        }

    def unfit(self) -> set[str]:
        """The fields whose values cannot stand in their places, told by rules of the test's own."""
        found = {f"parameters.p{index}" for index, value in enumerate(self.path) if not is_segment(value)}
        found |= {f"parameters.X-H{index}" for index, value in enumerate(self.header) if not is_header(value)}
        found |= set() if is_header(f"<{self.header_template}>") else {"parameters.t"}
        found |= set() if is_header(self.setting) else {"config.setting"}
        found |= set() if is_segment(self.base_path) else {"config.base_path"}
        return found if is_credential(self.auth, self.secret) else found | {"config.secret"}


def is_segment(value: Any) -> bool:
    return not isinstance(value, str) or (
        value not in ("", ".", "..") and not re.search(r"[\x00-\x1f\x7f]", value)
    )


def is_header(value: Any) -> bool:
    return not isinstance(value, str) or (
        re.fullmatch(r"[\t -~]*", value) is not None and value == value.strip("\t ")
    )


def is_credential(auth: str, secret: str) -> bool:
    rules = {
        "bearer": bool(secret) and is_header(secret),
        "cookie": re.fullmatch(r"[!#-+\--:<-\[\]-~]*", secret) is not None,
        "query": True,
        "body": True,
        "basic": ":" not in secret,
    }
    return secret == secret.strip() and rules[auth]


def named(prefix: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Values by names that a provider may have, which no template can hold by accident."""
    return st.dictionaries(WIRE_NAMES.map(lambda name: f"{prefix}-[{name}]"), values, max_size=3)


JSON_VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
LISTED = st.one_of(SCALARS, st.lists(SCALARS, max_size=3))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """At most one kind of place holds what does not fit, so that no refusal hides another, and many requests leave."""
    loose = draw(st.sampled_from(["nothing", "path", "header", "base_path", "secret", "secret"]))
    body_format, auth = draw(st.sampled_from(BODY_FORMATS)), draw(st.sampled_from(sorted(AUTH)))
    segments = SCALARS if loose == "path" else SCALARS.filter(is_segment)
    headers = SCALARS if loose == "header" else SCALARS.filter(is_header)
    header_texts = TEXTS if loose == "header" else TEXTS.filter(is_header)
    any_secret = TEXTS | st.text('a:;,"é', min_size=1, max_size=3)
    secrets = any_secret if loose == "secret" else TEXTS.filter(lambda text: is_credential(auth, text))
    return Case(
        body_format=body_format,
        path=draw(st.lists(segments, min_size=1, max_size=3)),
        query=draw(named("q", LISTED)),
        header=draw(st.lists(headers, max_size=2)),
        header_template=draw(header_texts),
        body=draw(named("b", JSON_VALUES if body_format == "json" else LISTED)),
        setting=draw(header_texts),
        base_path=draw(TEXTS if loose == "base_path" else TEXTS.filter(is_segment)),
        secret=draw(secrets),
        auth=auth,
    )


AUTH: dict[str, dict[str, Any]] = {
    "bearer": {"type": "bearer", "token": "{secret}"},
    "basic": {"type": "basic", "username": "{secret}", "password": "p:w"},
    "cookie": {"type": "api_key", "in": "cookie", "name": "sid", "value": "{secret}"},
    "query": {"type": "api_key", "in": "query", "name": "key", "value": "{secret}"},
    "body": {"type": "api_key", "in": "body", "name": "key", "value": "{secret}"},
}


def declared(name: str, value: Any, location: str | None) -> dict[str, Any]:
    kinds = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
    item = {"name": name, "type": kinds[type(value)]}
    return {**item, "in": location} if location else item


def send(wire: Recorder, case: Case) -> bytes:
    locations = {**dict.fromkeys(case.query, "query"), **dict.fromkeys(case.body, "body")}
    locations |= {f"X-H{index}": "header" for index in range(len(case.header))}
    parameters = case.parameters()
    endpoint = {
        "method": "POST",
        "path": "/s" + "".join(f"/x-{{p{index}}}/{{p{index}}}" for index in range(len(case.path))),
        "parameters": [declared(name, value, locations.get(name)) for name, value in parameters.items()],
        "headers": {"X-Template": "<{t}>"},
        "body_format": case.body_format,
        "body": {"fixed": "{{p0}}"},
    }
    return wire.sent_by(
        endpoint,
        parameters,
        {"setting": case.setting, "base_path": case.base_path},
        {"secret": case.secret},
        properties=[{"name": "setting"}, {"name": "base_path"}, {"name": "secret", "secure": True}],
        base_url="http://HOST/root/{base_path}",
        headers={"X-Setting": "{setting}"},
        query={"common": "{setting}"},
        auth=AUTH[case.auth],
    )


def texts_of(value: Any) -> list[Any]:
    """What stands for a value where all is text; numbers stay numbers, to be compared as such."""
    return list(value) if isinstance(value, list) else [value]


def same(text: str, value: Any) -> bool:
    if isinstance(value, str):
        return text == value
    read = json.loads(text)
    return type(read) is type(value) and read == value if isinstance(value, bool) else read == value


def assert_pairs(pairs: list[tuple[str, str]], expected: list[tuple[str, Any]]) -> None:
    assert [name for name, _ in pairs] == [name for name, _ in expected]
    for (_, text), (name, value) in zip(pairs, expected, strict=True):
        assert same(text, value), name


def pairs_of(values: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(name, item) for name, value in values.items() for item in texts_of(value)]


def read_multipart(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """The parts' names and texts, cut at the boundary: no part may hold it."""
    boundary = content_type.partition("boundary=")[2].encode()
    first, *parts, last = body.split(b"--" + boundary)
    assert (first, last) == (b"", b"--\r\n")
    found = []
    for part in parts:
        head, _, text = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = re.fullmatch(rb'Content-Disposition: form-data; name="([^"\r\n]*)"', head)
        assert name
        assert text.endswith(b"\r\n")
        found.append((name[1].decode().replace("%22", '"'), text[:-2].decode()))
    return found


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=cases())
def test_no_value_reaches_another_place_than_its_own(wire: Recorder, case: Case):
    unfit, before = case.unfit(), len(wire.upstream.requests)
    event("refused" if unfit else "sent")
    try:
        request = send(wire, case)
    except (Invalid, SettingsIncomplete) as error:
        assert error.errors
        assert set(error.errors) <= unfit
        assert len(wire.upstream.requests) == before
        return
    assert not unfit
    assert len(wire.upstream.requests) == before + 1
    head, _, body = request.partition(b"\r\n\r\n")
    request_line, *header_lines = head.decode("ascii").split("\r\n")
    method, target, version = request_line.split(" ")
    assert (method, version) == ("POST", "HTTP/1.1")
    path, _, query = target.partition("?")
    assert "#" not in target
    assert_path(path, case)
    assert_query(query, case)
    headers = [tuple(line.split(": ", 1)) for line in header_lines]
    content_type = assert_headers(headers, case, wire, len(body))
    assert_body(body, content_type, case)


def assert_path(path: str, case: Case) -> None:
    root, base, start, *segments = path.removeprefix("/").split("/")
    assert (root, unquote(base, errors="strict"), start) == ("root", case.base_path, "s")
    assert len(segments) == 2 * len(case.path)
    for value, prefixed, alone in zip(case.path, segments[::2], segments[1::2], strict=True):
        assert same(unquote(alone, errors="strict"), value)
        assert same(unquote(prefixed, errors="strict").removeprefix("x-"), value)


def assert_query(query: str, case: Case) -> None:
    expected = [("common", case.setting), *pairs_of(case.query)]
    expected += [("key", case.secret)] if case.auth == "query" else []
    pairs = [pair.partition("=") for pair in query.split("&")]
    # As a form's reader takes it: a plus sign that stands for itself would come out as a blank.
    assert_pairs([(unquote_plus(name), unquote_plus(text)) for name, _, text in pairs], expected)


def assert_headers(headers: list[Any], case: Case, wire: Recorder, body_length: int) -> str:
    """The media type, when all other headers are those that must be there and no more."""
    found = dict(headers)
    assert len(found) == len(headers)
    content_type = found.pop("Content-Type")
    for index, value in enumerate(case.header):
        assert same(found.pop(f"X-H{index}"), value)
    expected = {
        "Host": wire.host,
        "Content-Length": str(body_length),
        "User-Agent": "Patchbay/test",
        "Accept-Encoding": "gzip, deflate, br, zstd",
        "Accept": "application/json",
        "X-Setting": case.setting,
        "X-Template": f"<{case.header_template}>",
    }
    if case.auth == "bearer":
        expected["Authorization"] = f"Bearer {case.secret}"
    if case.auth == "basic":
        kind, _, encoded = found.pop("Authorization").partition(" ")
        assert (kind, base64.b64decode(encoded).decode()) == ("Basic", f"{case.secret}:p:w")
    if case.auth == "cookie":
        expected["Cookie"] = f"sid={case.secret}"
    assert found == expected
    return content_type


def assert_body(body: bytes, content_type: str, case: Case) -> None:
    key = {"key": case.secret} if case.auth == "body" else {}
    members = {"fixed": "{p0}", **case.body, **key}
    if case.body_format == "json":
        assert content_type == "application/json"
        assert json.loads(body) == members
    elif case.body_format == "form":
        assert content_type == "application/x-www-form-urlencoded"
        assert_pairs(
            parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True), pairs_of(members)
        )
    else:
        assert_pairs(read_multipart(content_type, body), pairs_of(members))
