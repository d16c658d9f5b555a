"""Hostile manifests: valid ones, changed by a seeded fuzzer that targets weak points."""

from __future__ import annotations

import copy
import json
import math
import random
from collections.abc import Callable, Iterator
from typing import Any

from settings import ROOT

SCALARS: list[Any] = [
    None, True, False, 0, -1, 1, 5.0, -0.0, 1e308, 5e-324, 2**31, 2**53, 2**63, 2**64, -(2**63) - 1, 10**30, math.nan, math.inf,
    "", " ", ".", "..", "/", "//", "\\", "\0", "\r\n", "a\r\nX-Evil: 1", "\x7f", "\u202e\u2066evil", "\u200b", "\ufeff", "\ud800",
    "\udfff\ud800", "\U0001f326\ufe0f", "e\u0301" * 50, "ﬀ", "１２７.０.０.１", "true", "null", "0", "NaN", "__proto__", "constructor",
    "x" * 3000, "ü" * 25_000,
]  # fmt: skip
TEMPLATES = [
    "{", "}", "{}", "{{", "}}", "{{}", "{}}", "{x}", "{{x}}", "{{{x}}}", "{x", "x}", "{x}{y}{z}", "{ x }", "{x.y.z}", "{x..y}", "{.x}",
    "{0}", "{x!r}", "{x:>10}", "{x.__class__}", "${x}", "{inputs.x}", "{steps.a.b}", "{request.body}", "{request.x}", "{session_token}",
    "{access_token}", "{login.a}", "{api_key}{api_key}", "{" * 500, "{x}" * 3000, "{{" * 5000, "%{x}", "%2{x}", "%zz", "{x}?{y}#{z}",
    "{x}/../{y}", "/%2e%2e/{x}", "/./{x}", "/{x}?a={x}&&=&b", "/a b", "/\u202e", "Bearer {x}", "ü{x}",
]  # fmt: skip
URLS = [
    "http://", "https://", "http:/x", "//host", "http://[", "http://[::1", "http://[::1]:x", "http://u:p@host/", "http://host:99999/",
    "http://host:0", "http://host:-1", "http://ho st/", "http://host\\@evil/", "http://host/?q", "http://host/#f", "http://host/../..",
    "javascript:alert(1)", "file:///etc/passwd", "ftp://host/", "http://{x}", "{x}", "{x}{y}", "{x}.host", "http://{x}:{y}/{z}",
    "http://{x}@host/", "http://host{x}/", "HTTP://HOST/", "http://127.0.0.1:22/", "http://0x7f.1/", "http://xn--/", "http://" + "a" * 70,
    "http://" + "a." * 500 + "b", "data:,x", "http://\u202ehost", "http://host/%", "http://host/%2e%2e/",
]  # fmt: skip
PATTERNS = [
    "(a+)+$", "(a|a)*b", "((a{30}){30}){30}", "a{1000}", "(a{1000}){1000}", "(?P<a>x)(?P<a>y)", "(?P<\u0661>x)", "(?=x)", "(?!x)", "\\1", "[",
    "(", ")", "*", "a)|(b", "(?i)" * 200, "\\p{L}+" * 100, "(" * 400 + ")" * 400, ".*" * 300, "(?:" * 300, "\\C", "\\Q", "[[:foo:]]",
    "https?://(?P<host>[^/]+)/(?P<id>\\d+)", "(?P<url>.*)", "x{0}", "\\x{110000}",
]  # fmt: skip
SELECTS = [
    "@", "*", "a.b.c", "[", "]", "[*]" * 60, "a" + "[]" * 60, "(" * 100, "!" * 200 + "a", "[?a==`1`]" * 60, "map(&a, b)", "map(a)",
    "sort_by(@, &x)", "nope(@)", "`[1,2`", "`" + "[" * 500 + "]" * 500 + "`", "a || " * 300 + "b", "a | " * 200 + "b", "{a: {b: c}}",
    "{" * 60 + "a: b" + "}" * 60, "a[::0]", "a[99999999999999999999]", "'", '"', "&a", "join(`1`, @)", "to_number('x')", "length(", "\ud800",
    "a.\u202eb", "not_null()", "abs(`x`)", "reverse(sort(keys(@)))",
]  # fmt: skip
SCHEMAS: list[Any] = [
    {}, True, False, [], "x", {"type": "nope"}, {"type": []}, {"$ref": "#"}, {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}},
    {"$ref": "https://evil.test/schema.json"}, {"$ref": "file:///etc/passwd"}, {"$ref": "#/nope"}, {"$ref": 5},
    {"$schema": "http://evil.test/"}, {"$schema": "http://json-schema.org/draft-04/schema#", "id": "http://evil.test/"},
    {"$id": "http://evil.test/"}, {"$dynamicRef": "#a", "$dynamicAnchor": "a"}, {"pattern": "(a+)+$"}, {"pattern": "("},
    {"pattern": "((a{30}){30}){30}"}, {"patternProperties": {"(a|a)*": {}}}, {"minimum": "x"}, {"maxLength": -1}, {"maxItems": 1e400},
    {"multipleOf": 0}, {"required": "x"}, {"enum": []}, {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}, {"not": {"not": {"not": {}}}},
    {"anyOf": [{"items": {"$ref": "#"}}] * 50}, {"properties": {str(number): {"type": "string"} for number in range(300)}},
    {"const": {"a": [1] * 500}}, {"format": "regex"}, {"contentMediaType": "x"}, {"unevaluatedProperties": {"$ref": "#"}},
]  # fmt: skip
NAMES = [
    "", " ", "a b", "Host", "Content-Length", "Transfer-Encoding", "Cookie", "cookie", "Proxy-X", "X:Y", "X-Ü", "\r\n", "a=b", "a;b", "[]",
    "a.b", "..", "__proto__", "x" * 200, "\0", "api_key", "url", "id", "in", "name", "\u202e", "_", "$x", "steps", "inputs",
]  # fmt: skip
WORDS = [
    "GET", "get", "TRACE", "CONNECT", "POST", "DELETE", "HEAD", "path", "query", "header", "body", "cookie", "url", "template", "json", "form",
    "multipart", "xml", "text", "jsonrpc", "graphql", "none", "rest", "string", "integer", "number", "boolean", "array", "object", "null",
    "bearer", "basic", "digest", "signature", "api_key", "token", "session_token", "oauth2_client_credentials",
    "oauth2_authorization_code", "cursor", "link", "offset", "page", "hmac_sha256_hex", "now_epoch", "exec", "eval", "any", "same_origin",
    "csv", "feed", "opengraph", "image", "binary", "* * * * *", "@reboot", "*/0 * * * *", "99 99 99 99 99",
]  # fmt: skip
UNKNOWN = [
    "base_uri",
    "pathh",
    "auth-method",
    "x-own",
    "x-",
    "title",
    "type",
    "in",
    "when",
    "safe",
    "\0",
    "headers",
    "query",
    "steps",
]


def _deep_list(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


def _deep_object(depth: int) -> Any:
    value: Any = "{x}"
    for _ in range(depth):
        value = {"a": value}
    return value


BUILT: list[Callable[[random.Random], Any]] = [
    lambda rng: _deep_list(rng.choice([5, 60, 99, 200, 2000])),
    lambda rng: _deep_object(rng.choice([5, 60, 99, 200, 2000])),
    lambda rng: [copy.deepcopy(rng.choice(SCALARS)) for _ in range(rng.choice([2, 20, 300]))],
    lambda rng: {f"k{number}": rng.choice(TEMPLATES) for number in range(rng.choice([2, 20, 300]))},
    lambda rng: {rng.choice(NAMES): rng.choice(SCALARS) for _ in range(3)},
    lambda rng: "x" * rng.choice([1001, 2001, 20_001, 200_000]),
    lambda rng: rng.choice([1, -1]) * 10 ** rng.choice([16, 20, 400, 4000]),
    lambda rng: "".join(chr(rng.choice([rng.randrange(0xD800), rng.randrange(0xE000, 0x110000)])) for _ in range(40)),
    lambda rng: _soup(rng),  # noqa: PLW0108 - defined below
]  # fmt: skip


def _soup(rng: random.Random) -> str:
    pieces = [*TEMPLATES[:30], *URLS[:20], *PATTERNS[:10], *SELECTS[:10], "/", "a", " ", "&", "="]
    return "".join(rng.choice(pieces) for _ in range(rng.randrange(1, 8)))


POOLS: list[list[Any]] = [SCALARS, TEMPLATES, URLS, PATTERNS, SELECTS, SCHEMAS, NAMES, WORDS]
Slot = tuple[Any, Any]
"""A container and the key or index of one of its values."""


def slots(value: Any) -> list[Slot]:
    """Every place of a JSON value, without going deeper than a good manifest does."""
    found: list[Slot] = []
    pending: list[tuple[Any, int]] = [(value, 0)]
    while pending:
        current, depth = pending.pop()
        items = current.items() if isinstance(current, dict) else enumerate(current)
        for key, item in items:
            found.append((current, key))
            if isinstance(item, (dict, list)) and depth < 12 and len(item) < 100:
                pending.append((item, depth + 1))
    return found


def hostile_value(rng: random.Random) -> Any:
    if rng.random() < 0.2:
        return rng.choice(BUILT)(rng)
    return copy.deepcopy(rng.choice(rng.choice(POOLS)))


def _replace(rng: random.Random, slot: Slot, _good: Any) -> None:
    container, key = slot
    container[key] = hostile_value(rng)


def _remove(rng: random.Random, slot: Slot, _good: Any) -> None:
    container, key = slot
    del container[key]


def _splice(rng: random.Random, slot: Slot, _good: Any) -> None:
    container, key = slot
    text, garbage = container[key], str(rng.choice(rng.choice([TEMPLATES, URLS, NAMES, PATTERNS])))
    if isinstance(text, str):
        place = rng.randrange(len(text) + 1)
        container[key] = text[:place] + garbage + text[place:]
    else:
        container[key] = [text]


def _repeat(rng: random.Random, slot: Slot, _good: Any) -> None:
    container, key = slot
    if isinstance(container, list):
        container.extend(container[key] for _ in range(rng.choice([1, 3, 250])))
    elif isinstance(container[key], list):
        container[key] = container[key] * 2


def _rename(rng: random.Random, slot: Slot, _good: Any) -> None:
    container, key = slot
    if isinstance(container, dict):
        container[rng.choice([*NAMES, *UNKNOWN, str(key)[:-1], f"{key}s"])] = container.pop(key)


def _add(rng: random.Random, slot: Slot, _good: Any) -> None:
    container, key = slot
    target = container[key] if isinstance(container[key], dict) else container
    if isinstance(target, dict):
        target[rng.choice(UNKNOWN)] = hostile_value(rng)


def _move(rng: random.Random, slot: Slot, good: Any) -> None:
    """A part of the manifest, as it was when it was good, where another belongs; maybe the whole of it."""
    container, key = slot
    other, other_key = rng.choice(slots(good))
    container[key] = copy.deepcopy(rng.choice([other[other_key], good]))


MUTATIONS = [_replace, _replace, _replace, _splice, _splice, _remove, _repeat, _rename, _add, _move]


def good_manifests() -> list[dict[str, Any]]:
    """What the examples declare; every word of the vocabulary is in one of them."""
    files = sorted((ROOT / "examples" / "plugins").glob("*.json"))
    return [json.loads(file.read_text("utf-8"))["manifest"] for file in files]


def hostile_manifests(seed: int, count: int) -> Iterator[Any]:
    """`count` manifests that were good once. The same seed gives the same ones."""
    rng = random.Random(seed)
    good = good_manifests()
    for _ in range(count):
        original = rng.choice(good)
        manifest = copy.deepcopy(original)
        for _ in range(rng.choice([1, 1, 1, 2, 3, 6])):
            places = slots(manifest)
            if places:
                rng.choice(MUTATIONS)(rng, rng.choice(places), original)
        yield manifest
