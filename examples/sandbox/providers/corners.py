"""Misbehaving providers: slow, wrong, endless, refusing or redirecting answers; and plain answers to compare.

Every answer ends by itself, within `LONGEST_SECONDS` or `LARGEST_MEGABYTES`.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from functools import lru_cache

from examples.sandbox.exchange import Reply, Request, json_reply, text_reply
from examples.sandbox.pictures import tiny_png
from examples.sandbox.provider import Provider
from examples.sandbox.providers.link_preview import page_reply
from examples.sandbox.providers.rss_feed import rss_reply

LONGEST_SECONDS = 60.0
LARGEST_MEGABYTES = 256
MEGABYTE = 1024 * 1024
LAST_MODIFIED = "Thu, 01 Jan 2026 12:00:00 GMT"

provider = Provider("corners")


@provider.route("/ok")
def answer(request: Request) -> Reply:
    """`{"ok": true, "number": n}`, counting calls, with headers of `?cache_control=&age=&expires=&vary=`."""
    names = {"cache_control": "Cache-Control", "age": "Age", "expires": "Expires", "vary": "Vary"}
    headers = {header: request.query[name] for name, header in names.items() if name in request.query}
    return json_reply({"ok": True, "number": request.count("ok")}, headers=headers)


@provider.route("/status/{status}")
def answer_with_status(_request: Request, status: str) -> Reply:
    """That status, 200 to 599, with a small JSON body."""
    code = int(status) if status.isdecimal() and 200 <= int(status) <= 599 else 400
    return json_reply({"status": code}, code)


@provider.route("/slow")
def answer_slowly(request: Request) -> Reply:
    """The answer after `?seconds=` (1)."""
    seconds = request.number("seconds", 1, LONGEST_SECONDS)
    request.pause(seconds)
    return json_reply({"slept_seconds": seconds})


@provider.route("/drip")
def drip(request: Request) -> Reply:
    """A byte each `?interval=` (0.2) seconds for `?seconds=` (30), of the body or of `?part=headers`."""
    interval = request.number("interval", 0.2, LONGEST_SECONDS) or 0.2
    count = int(request.number("seconds", 30, LONGEST_SECONDS) / interval)
    if request.query.get("part") == "headers":
        return Reply(raw=_drip(request, interval, count, b"HTTP/1.1 200 OK\r\nX-Drip: "))
    return Reply(chunks=_drip(request, interval, count, b'"'), content_type="application/json")


def _drip(request: Request, interval: float, count: int, start: bytes) -> Iterator[bytes]:
    yield start
    for _ in range(count):
        request.pause(interval)
        yield b"x"
    yield b"\r\nContent-Length: 2\r\n\r\n{}" if start.startswith(b"HTTP") else b'"'


@provider.route("/flaky")
def fail_each_second(request: Request) -> Reply:
    """200, 503, 200, 503 …, counted by `?name=`."""
    number = request.count(f"flaky {request.query.get('name', '')}")
    return json_reply({"number": number}, 503 if number % 2 == 0 else 200)


@provider.route("/down")
def be_down(_request: Request) -> Reply:
    return json_reply({"error": "down for maintenance"}, 503)


@provider.route("/rate-limited")
def limit_rate(request: Request) -> Reply:
    """429 with `Retry-After: ?retry_after=` (30), seconds or a date."""
    return json_reply({"error": "slow down"}, 429, {"Retry-After": request.query.get("retry_after", "30")})


@provider.route("/redirect/same")
def redirect_here(request: Request) -> Reply:
    """`?status=` (302) to this origin's `/corners/echo`."""
    return _redirect(request, f"{request.origin}/corners/echo")


@provider.route("/redirect/elsewhere")
def redirect_elsewhere(request: Request) -> Reply:
    """`?status=` (302) to `?to=`, as it is given."""
    to = request.query.get("to", "")
    if not to or any(sign in to for sign in "\r\n"):
        return json_reply({"error": "`to` is needed"}, 400)
    return _redirect(request, to)


@provider.route("/loop")
def redirect_in_a_loop(request: Request) -> Reply:
    return _redirect(request, f"{request.origin}/corners/loop")


def _redirect(request: Request, to: str) -> Reply:
    status = int(request.number("status", 302, 399))
    return Reply(status if status in {301, 302, 303, 307, 308} else 302, headers=(("Location", to),))


@provider.route("/truncated")
def cut_short(_request: Request) -> Reply:
    """Half of what Content-Length announces, then the end."""
    body = json.dumps({"complete": True, "filler": "x" * 400}).encode()
    return Reply(body=body[: len(body) // 2], declared_length=len(body))


@provider.route("/gzip-bomb")
def send_bomb(request: Request) -> Reply:
    """A few kilobytes that unpack to `?megabytes=` (100)."""
    megabytes = int(request.number("megabytes", 100, LARGEST_MEGABYTES))
    return Reply(body=_bomb(megabytes), headers=(("Content-Encoding", "gzip"),))


@lru_cache(maxsize=2)
def _bomb(megabytes: int) -> bytes:
    # A gzip file may be many gzip members in a row (RFC 1952 section 2.2): one is packed, the rest copied.
    return gzip.compress(b" " * MEGABYTE) * megabytes


@provider.route("/endless")
def send_without_end(request: Request) -> Reply:
    """A body without a length, of `?megabytes=` (256)."""
    megabytes = int(request.number("megabytes", LARGEST_MEGABYTES, LARGEST_MEGABYTES))
    return Reply(chunks=(b" " * MEGABYTE for _ in range(megabytes)), content_type="application/json")


@provider.route("/many-headers")
def send_many_headers(request: Request) -> Reply:
    """`?count=` (5000) headers."""
    count = int(request.number("count", 5000, 20_000))
    return Reply(body=b"{}", headers=tuple((f"X-Filler-{number}", "x") for number in range(count)))


@provider.route("/wrong-type")
def send_page_for_json(_request: Request) -> Reply:
    return text_reply(
        "<!doctype html><title>Sign in to the hotel's network</title>", content_type="text/html"
    )


@provider.route("/broken-json")
def send_broken_json(_request: Request) -> Reply:
    return text_reply('{"temperature": 4.2,', content_type="application/json")


@provider.route("/echo")
def echo(request: Request) -> Reply:
    """The request line, the headers and the body as JSON; `body` as text, or base64 when it is none."""
    try:
        body = request.body.decode()
    except UnicodeDecodeError:
        body = base64.b64encode(request.body).decode()
    return json_reply(
        {
            "request_line": f"{request.method} {request.target} HTTP/1.1",
            "method": request.method,
            "target": request.target,
            "query": dict(request.query),
            "headers": [[name.lower(), value] for name, value in request.headers.items()],
            "body": body,
        }
    )


for _method in ("POST", "PUT", "PATCH", "DELETE"):
    provider.route("/echo", _method)(echo)


@provider.route("/image.png")
def show_image(_request: Request) -> Reply:
    return Reply(body=tiny_png(), content_type="image/png")


@provider.route("/binary")
def send_binary(_request: Request) -> Reply:
    """Each byte once, 0 to 255."""
    return Reply(body=bytes(range(256)), content_type="application/octet-stream")


@provider.route("/page")
def show_page(request: Request) -> Reply:
    return page_reply(request.origin, f"{request.origin}/corners/page")


provider.route("/feed.xml")(rss_reply)


@provider.route("/etag")
def answer_with_validators(request: Request) -> Reply:
    """ETag of `?version=` (1) and Last-Modified; 304 where the caller has them. `?max_age=` (0)."""
    version = "".join(sign for sign in request.query.get("version", "1") if sign.isalnum())
    tag = f'"v{version}"'
    max_age = int(request.number("max_age", 0, 86400))
    headers = {"ETag": tag, "Last-Modified": LAST_MODIFIED, "Cache-Control": f"max-age={max_age}"}
    if _has_current(request, tag):
        return Reply(304, content_type="", headers=tuple(headers.items()))
    return json_reply({"version": version}, headers=headers)


def _has_current(request: Request, tag: str) -> bool:
    # If-Modified-Since counts only without If-None-Match (RFC 9110 section 13.1.3).
    known = request.headers.get("If-None-Match")
    if known is not None:
        return known.strip() == "*" or tag in [part.strip().removeprefix("W/") for part in known.split(",")]
    return request.headers.get("If-Modified-Since") == LAST_MODIFIED
