"""A provider that echoes a secret: it is neither shown nor stored."""

from __future__ import annotations

import base64
import gzip
import json
import secrets
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import brotli
import pytest

from integrations.calling.quotation import WITHHELD
from integrations.egress.codings import zstd
from tests.raw_upstreams import respond
from tests.security.ground import API_KEY, BY_HEADER, STATUS, Ground, Service, json_answer

Answer = Callable[[str], bytes]


def typed(media_type: str, body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    return respond(body, status=status, headers=(f"Content-Type: {media_type}", *headers))


def chunked(body: bytes, size: int, *headers: str) -> bytes:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    lines = "\r\n".join(["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *headers]).encode() + b"\r\n\r\n"
    return lines + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def as_json(value: Any, **options: Any) -> bytes:
    return json_answer(json.dumps(value, **options).encode())


def escaped(secret: str) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in secret)


def in_base64(secret: str, before: bytes = b"") -> str:
    return base64.b64encode(before + secret.encode() + b"more").decode()


JSON = "Content-Type: application/json"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

# Response type, and what the provider says when it was sent the secret.
ECHOES: dict[str, tuple[str, Answer]] = {
    "raw": ("json", lambda k: as_json({"you": f"sent {k}!"})),
    "as a key": ("json", lambda k: as_json({k: {f"x{k}": 1}})),
    "alone": ("json", as_json),
    "URL-encoded": ("json", lambda k: as_json([quote(k, safe=""), quote(k)])),
    "URL-encoded twice": ("json", lambda k: as_json(quote(quote(k, safe=""), safe=""))),
    "in a URL": ("json", lambda k: as_json({"next": f"/status?k={quote(k, safe='')}&page=2"})),
    "in base64": ("json", lambda k: as_json([in_base64(k, b"x" * size) for size in range(3)])),
    "in URL-safe base64": ("json", lambda k: as_json(in_base64(k, b"user:").translate(str.maketrans("+/", "-_")))),
    "as it was sent": ("json", lambda k: as_json({"headers": [["x-key", k]]})),
    "escaped": ("json", lambda k: json_answer(f'{{"a": "{escaped(k)}"}}'.encode())),
    "escaped slashes": ("json", lambda k: json_answer(json.dumps({"a": k}).replace("/", "\\/").encode())),
    "as JSON inside JSON": ("json", lambda k: as_json({"a": json.dumps({"b": json.dumps(k)})})),
    "in HTML signs": ("json", lambda k: as_json("".join(f"&#{ord(c)};" for c in k))),
    "deep down": ("json", lambda k: as_json([[[[{"a": [[[k]]]}]]]])),
    "many times": ("json", lambda k: as_json([k] * 2000)),
    "in a large answer": ("json", lambda k: as_json({"pad": ["x" * 100] * 5000, "k": k})),
    "byte by byte": ("json", lambda k: chunked(json.dumps({"k": k}).encode(), 1, JSON)),
    "split in the middle": ("json", lambda k: chunked(json.dumps({"k": k}).encode(), 11, JSON)),
    "in a trailer": ("json", lambda k: chunked(b"{}", 1, JSON)[:-2] + f"X-Echo: {k}\r\n\r\n".encode()),
    "packed": ("json", lambda k: typed("application/json", gzip.compress(json.dumps(k).encode()), "Content-Encoding: gzip")),
    "packed and split": ("json", lambda k: chunked(gzip.compress(json.dumps([k]).encode()), 3, JSON, "Content-Encoding: gzip")),
    "deflated": ("json", lambda k: typed("application/json", zlib.compress(json.dumps(k).encode()), "Content-Encoding: deflate")),
    "in brotli": ("json", lambda k: typed("application/json", brotli.compress(json.dumps(k).encode()), "Content-Encoding: br")),
    "in zstd": ("json", lambda k: typed("application/json", zstd.compress(json.dumps(k).encode()), "Content-Encoding: zstd")),
    "in UTF-16": ("json", lambda k: typed("application/json; charset=utf-16", json.dumps({"k": k}).encode("utf-16"))),
    "in headers": ("json", lambda k: json_answer(b"{}", f"X-Echo: {k}", f"ETag: \"{k}\"", f"Set-Cookie: k={k}", f"Link: </{k}>; rel=next", f"Cache-Control: max-age={k}", f"Expires: {k}", f"Age: {k}", f"Date: {k}")),
    "in a header's name": ("json", lambda k: json_answer(b"{}", f"X-{k.replace('/', '').replace('=', '')}: 1", f"{k}: 1")),
    "in the reason": ("json", lambda k: json_answer(status=f"200 {k}")),
    "in the content type": ("text", lambda k: typed(f"text/plain; note={k}", b"ok")),
    "as the content type": ("binary", lambda k: typed(f"application/{k}", b"ok")),
    "as the content type's end": ("binary", lambda k: typed(f"image/{k.lower()}", b"ok")),
    "as the charset": ("text", lambda k: typed(f"text/plain; charset={k}", b"ok")),
    "as the content coding": ("text", lambda k: typed("text/plain", b"ok", f"Content-Encoding: {k}")),
    "as the framing": ("text", lambda k: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: %s\r\n\r\nok" % k.encode()),
    "as the length": ("text", lambda k: b"HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\nok" % k.encode()),
    "as the protocol": ("text", lambda k: f"{k}/1.1 200 OK\r\n\r\nok".encode()),
    "as the status": ("text", lambda k: f"HTTP/1.1 {k}\r\n\r\nok".encode()),
    "in an error": ("json", lambda k: typed("application/json", json.dumps({"error": k}).encode(), status="401 Unauthorized")),
    "in a server's error": ("text", lambda k: typed("text/html", f"<pre>{k}</pre>".encode(), status=f"500 {k}")),
    "in a wait": ("json", lambda k: json_answer(b"{}", f"Retry-After: {k}", status="429 Too Many")),
    "in a challenge": ("json", lambda k: typed("text/plain", b"", f'WWW-Authenticate: Basic realm="{k}"', status="401 No")),
    "in a redirect": ("json", lambda k: respond(b"", status="302 Found", headers=(f"Location: /status?k={quote(k, safe='')}",))),
    "in a redirect elsewhere": ("json", lambda k: respond(b"", status="302 Found", headers=(f"Location: http://127.0.0.2/?k={k}",))),
    "as a redirect": ("json", lambda k: respond(b"", status="302 Found", headers=(f"Location: {k}://x/",))),
    "as broken JSON": ("json", lambda k: typed("application/json", f'{{"k": {k}}}'.encode())),
    "as cut off JSON": ("json", lambda k: typed("application/json", f'{{"k": "{k}'.encode())),
    "as a page where JSON should be": ("json", lambda k: typed("text/html", f"<title>{k}</title>".encode())),
    "cut off": ("json", lambda k: b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + k.encode()),
    "as text": ("text", lambda k: typed("text/plain", f"you sent {k}".encode())),
    "as text in UTF-16": ("text", lambda k: typed("text/plain; charset=utf-16-le", f"you sent {k}".encode("utf-16-le"))),
    "as HTML": ("html", lambda k: typed("text/html", f'<a href="/?{quote(k)}" title="{k}">{k}</a><!-- {k} -->'.encode())),
    "torn apart by a comment": ("html", lambda k: typed("text/html", f"<p>{k[:9]}<!-- -->{k[9:]}</p>".encode())),
    "as XML": ("xml", lambda k: typed("application/xml", f'<a k="{k.replace("&", "&amp;")}"><![CDATA[{k}]]></a>'.encode())),
    "as XML signs": ("xml", lambda k: typed("application/xml", "<a>{}</a>".format("".join(f"&#x{ord(c):x};" for c in k)).encode())),
    "as CSV": ("csv", lambda k: typed("text/csv", f'a,"{k}"\n1,"{k}"\n'.encode())),
    "as JSON lines": ("ndjson", lambda k: typed("application/x-ndjson", (json.dumps({"k": k}) + "\n" + json.dumps(k) + "\n").encode())),
    "as a feed": ("feed", lambda k: typed("application/rss+xml", f"<rss version='2.0'><channel><title><![CDATA[{k}]]></title><item><title>&lt;b&gt;{k[:7]}&lt;/b&gt;{k[7:].replace('&', '&amp;amp;')}</title><link>http://x/?{quote(k)}</link></item></channel></rss>".encode())),
    "as a page's data": ("opengraph", lambda k: typed("text/html", f'<meta property="og:title" content="{k.replace("&", "&amp;")}"><title>{k}</title>'.encode())),
    "as a file": ("binary", lambda k: typed("application/octet-stream", b"\0\1" + k.encode() + b"\xff" + in_base64(k).encode())),
    "in an image": ("image", lambda k: typed("image/png", PNG + k.encode())),
}  # fmt: skip


def asked(ground: Ground, **declared: Any) -> Service:
    service = ground.service()
    service.declare(**declared)
    service.enter()
    return service


def ask_for_all(service: Service) -> None:
    """Everything that makes it answer, or show what it answered before."""
    service.ask_in_every_way()
    service.render()
    service.render(use_cache=False)
    service.ground.call("GET", f"/integrations/{service.id}/render?block_type=status")
    service.ground.call("GET", f"/plugins/{service.id}/artifacts?include=data")


@pytest.mark.parametrize(("response_type", "answer"), ECHOES.values(), ids=ECHOES.keys())
def test_no_echo_is_heard_or_kept(ground: Ground, response_type: str, answer: Answer) -> None:
    ground.reply, ground.hangs_up = lambda _request: answer(ground.secret), True
    kept = {"cache_ttl": 60, "stale_if_error": 60}
    service = asked(ground, timeout=1, endpoints=[{**STATUS, "response_type": response_type, **kept}])
    ask_for_all(service)
    assert ground.secret.encode() in ground.sent()
    ground.assert_nobody_else_was_called()


# How a provider writes the secret into what it says of a failure.
SAID: dict[str, Callable[[str], str]] = {
    "raw": str,
    "URL-encoded": lambda k: quote(k, safe=""),
    "URL-encoded twice": lambda k: quote(quote(k, safe=""), safe=""),
    "in base64": lambda k: " ".join(in_base64(k, b"x" * size) for size in range(3)),
    "escaped": escaped,
    "in HTML signs": lambda k: "".join(f"&#{ord(c)};" for c in k),
    "as JSON inside JSON": lambda k: json.dumps({"b": json.dumps(k)}),
    "at our own limit": lambda k: "y" * 186 + k,
    "behind blanks": lambda k: " " * 1000 + k,
    "cut off by the provider": lambda k: k[:-1] + "…",
}
FAILURES: dict[str, Callable[[str], bytes]] = {
    "detail": lambda t: typed("application/problem+json", json.dumps({"detail": t}).encode(), status="400 No"),
    "error.message": lambda t: typed("application/json", json.dumps({"error": {"message": t}}).encode(), status="401 No"),
    "by field": lambda t: typed("application/json", json.dumps({"errors": {t: [t]}}).encode(), status="422 No"),
    "text": lambda t: typed("text/plain", t.encode(), status="500 No"),
    "page": lambda t: typed("text/html", f"<title>{t}</title>".encode(), status="502 No"),
    "XML": lambda t: typed("application/xml", f"<Error><Message><![CDATA[{t}]]></Message></Error>".encode(), status="403 No"),
}  # fmt: skip


@pytest.mark.parametrize("say", SAID.values(), ids=SAID.keys())
@pytest.mark.parametrize("fail", FAILURES.values(), ids=FAILURES.keys())
def test_what_a_provider_says_of_a_failure_tells_no_secret(
    ground: Ground, say: Callable[[str], str], fail: Callable[[str], bytes]
) -> None:
    ground.reply = lambda _request: fail("No: " + say(ground.secret))
    service = asked(ground)
    assert service.render().json()["upstream_message"] == WITHHELD
    # Nor most of it: the provider may have cut the rest off.
    heard = b"\n".join(ground.heard)
    assert ground.secret[:-1].encode() not in heard
    ask_for_all(service)
    ground.assert_nobody_else_was_called()


@pytest.mark.parametrize(
    "value",
    [
        int,
        lambda k: {"id": int(k)},
        float,
        lambda k: -int(k),
        lambda k: int(k + "77"),
        lambda k: [k, {k: k}],
    ],
)
def test_a_secret_of_digits_is_not_said_as_a_number(ground: Ground, value: Callable[[str], Any]) -> None:
    ground.secret = str(secrets.randbelow(9 * 10**14) + 10**14)
    ground.reply = lambda _request: as_json(value(ground.secret))
    service = asked(ground)
    assert service.render().status_code == 200
    ask_for_all(service)
    ground.assert_no_leak()


PLACEMENTS: dict[str, dict[str, Any]] = {
    "bearer": {"auth": {"type": "bearer", "token": "{api_key}"}},
    "basic": {"auth": {"type": "basic", "username": "user", "password": "{api_key}"}},
    "query": {"auth": {**BY_HEADER, "in": "query"}},
    "cookie": {"auth": {**BY_HEADER, "in": "cookie"}},
    "path": {"auth": None, "endpoints": [{**STATUS, "path": "/status/{api_key}"}]},
    "base URL": {"auth": None, "base_url": "{provider}/bot{api_key}"},
    "body": {"auth": None, "endpoints": [{**STATUS, "method": "POST", "safe": True, "body": {"k": "{api_key}"}}]},
    "form": {"auth": None, "endpoints": [{**STATUS, "method": "POST", "safe": True, "body_format": "form", "body": {"k": "{api_key}"}}]},
}  # fmt: skip


@pytest.mark.parametrize("declared", PLACEMENTS.values(), ids=PLACEMENTS.keys())
@pytest.mark.parametrize("status", ["200 OK", "403 Forbidden"])
def test_the_request_said_back_word_for_word_tells_nothing(
    ground: Ground, declared: dict[str, Any], status: str
) -> None:
    ground.reply = lambda request: json_answer(
        json.dumps(
            {"head": request.decode("latin-1"), "base64": base64.b64encode(request).decode()}
        ).encode(),
        status=status,
    )
    declared = {
        name: value.replace("{provider}", ground.provider_url) if isinstance(value, str) else value
        for name, value in declared.items()
    }
    ask_for_all(asked(ground, **declared))
    ground.assert_nobody_else_was_called()


def test_a_mismatch_with_the_schema_quotes_nothing(ground: Ground) -> None:
    shape = {
        "type": "object",
        "properties": {"k": {"enum": ["a"]}},
        "additionalProperties": {"type": "integer"},
        "propertyNames": {"maxLength": 3},
    }
    ground.reply = lambda _request: as_json({"k": ground.secret, ground.secret: ground.secret})
    service = asked(ground, endpoints=[{**STATUS, "response_schema": shape}])
    assert service.render().json()["reason"] == "schema"
    ask_for_all(service)
    ground.assert_no_leak()


@pytest.mark.parametrize("select", ["to_string(@)", "keys(@)", "{x: c, y: to_string(c)}", "join(', ', c)"])
def test_what_is_selected_from_an_echo_tells_nothing(ground: Ground, select: str) -> None:
    ground.reply = lambda _request: as_json({"c": [ground.secret, "more"], ground.secret: 1})
    service = asked(ground, endpoints=[{**STATUS, "select": select}])
    assert service.render().status_code == 200
    ask_for_all(service)
    ground.assert_no_leak()


@pytest.mark.parametrize(
    ("said", "protocol"),
    [
        (lambda k: {"errors": [{"message": f"bad key {k}", "path": [k]}]}, "graphql"),
        (lambda k: {"data": {"a": k}, "errors": [{"message": f"bad key {k}"}]}, "graphql"),
        (lambda k: {"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": f"bad key {k}"}}, "jsonrpc"),
        (lambda k: {"jsonrpc": "2.0", "id": 1, "result": k}, "jsonrpc"),
    ],
)
def test_an_error_inside_a_good_answer_tells_nothing(
    ground: Ground, said: Callable[[str], Any], protocol: str
) -> None:
    ground.reply = lambda _request: as_json(said(ground.secret))
    endpoint = {**STATUS, "method": "POST", "safe": True}
    section: dict[str, Any] = {}
    if protocol == "graphql":
        section["api_type"], endpoint["body"] = "graphql", {"query": "{ a }"}
    else:
        endpoint |= {"body_format": "jsonrpc", "body": {"method": "m", "params": []}}
    ask_for_all(asked(ground, endpoints=[endpoint], **section))
    ground.assert_no_leak()


def test_what_a_step_hands_on_is_redacted_first(ground: Ground) -> None:
    ground.reply = lambda _request: as_json([{"id": ground.secret}])
    service = ground.service([API_KEY])
    service.declare()
    chain = [
        {"id": "a", "endpoint": "first", "outputs": {"id": "[0].id"}},
        {"id": "b", "endpoint": "second", "parameters": {"id": "{steps.a.id}"}},
    ]
    manifest = {
        "integration": {"base_url": ground.provider_url, "auth": BY_HEADER},
        "properties": [API_KEY],
        "endpoints": [
            {"id": "first", "path": "/first"},
            {"id": "second", "path": "/second", "parameters": [{"name": "id"}]},
        ],
        "blocks": [{"id": "status", "steps": chain, "collect": True}],
    }
    assert service.register(manifest).status_code == 200
    service.enter()
    ask_for_all(service)
    second = [request for request in ground.provider.requests if request.startswith(b"GET /second")]
    assert second
    assert quote(ground.secret, safe="").encode() not in second[0]
    ground.assert_no_leak()


def test_a_whole_url_of_the_caller_s_gets_no_secret(ground: Ground) -> None:
    fetch = {"id": "status", "parameters": [{"name": "url", "in": "url"}], "response_type": "json"}
    service = asked(ground, endpoints=[fetch], headers={"X-Copy": "{api_key}"}, query={"k": "{api_key}"})
    answer = service.render(parameters={"url": f"{ground.stranger_url}/page"})
    assert answer.json()["data"] == {"stranger": True}
    ground.assert_no_leak()
    assert ground.secret.encode() not in b"".join(ground.stranger.requests)
