"""A provider that echoes a secret where a parser splits it: the answer is a failure, and not shown."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.raw_upstreams import respond
from tests.security.ground import STATUS, Ground, Service

Say = Callable[[str], str]


def asked(
    ground: Ground, response_type: str, media_type: str, say: Callable[[str], str | bytes], **words: Any
) -> Service:
    """A service whose provider answers what `say` makes of the secret."""

    def reply(_request: bytes) -> bytes:
        said = say(ground.secret)
        body = said.encode() if isinstance(said, str) else said
        return respond(body, headers=(f"Content-Type: {media_type}",))

    ground.reply = reply
    service = ground.service()
    service.declare(endpoints=[{**STATUS, "response_type": response_type, "cache_ttl": 60, **words}])
    service.enter()
    return service


def halves(sign: str) -> tuple[str, str]:
    return f"L{secrets.token_hex(6)}", f"{sign}R{secrets.token_hex(6)}"


# What separates the secret's halves, the response type, its media type, and what the provider says.
TAKEN_APART: dict[str, tuple[str, str, str, Say]] = {
    "at a comma": (",", "csv", "text/csv", lambda k: f"a,b\n{k}\n"),
    "at a semicolon": (";", "csv", "text/csv", lambda k: f"a;b\n{k}\n{k}\n"),
    "in one row of many": (",", "csv", "text/csv", lambda k: f'a,b\n"{k}",1\n{k}\n'),
    "by doubled quotes": ('""', "csv", "text/csv", lambda k: f'a\n"{k}"\n'),
    "by blanks in a feed": ("  ", "feed", "application/rss+xml", lambda k: f"<rss version='2.0'><channel><title>{k}</title></channel></rss>"),
    "beside a whole one": ("  ", "feed", "application/rss+xml", lambda k: f"<rss version='2.0'><channel><title>{k}</title><item><description>{k}</description></item></channel></rss>"),
    "by blanks on a page": ("  ", "opengraph", "text/html", lambda k: f"<title>{k}</title>"),
    "by markup in a feed": ("<b>", "feed", "application/rss+xml", lambda k: f"<rss version='2.0'><channel><title><![CDATA[{k}]]></title></channel></rss>"),
    "as an element": ("<b/>", "xml", "application/xml", lambda k: f"<a>{k}</a>"),
    "as an entity": ("&amp;", "xml", "application/xml", lambda k: f"<a>{k}</a>"),
    "by JSON's own signs": ('","', "json", "application/json", lambda k: f'["{k}"]'),
}  # fmt: skip


@pytest.mark.parametrize(
    ("between", "response_type", "media_type", "say"), TAKEN_APART.values(), ids=TAKEN_APART.keys()
)
def test_a_secret_that_parsing_takes_apart_makes_the_answer_a_failure(
    ground: Ground, between: str, response_type: str, media_type: str, say: Say
) -> None:
    left, right = halves(between)
    ground.secret = left + right
    service = asked(ground, response_type, media_type, say)
    for answer in (service.render(), service.execute()):
        assert (answer.status_code, answer.json()["code"]) == (502, "upstream_invalid")
        assert answer.json()["reason"] == "echoed_secret"
    assert service.test().json()["details"]["reason"] == "echoed_secret"
    ground.call("GET", f"/plugins/{service.id}/artifacts?include=data")
    heard = b"\n".join(ground.heard)
    assert left.encode() not in heard
    assert right[-13:].encode() not in heard
    ground.assert_no_leak()


EXTRACTED: dict[str, tuple[str, dict[str, Any], Say]] = {
    "by a pattern": ("text", {"extract": {"a": "key: (L.{8})"}}, lambda k: f"key: {k}\n"),
    "by all matches of a pattern": ("text", {"extract": {"a": {"pattern": "[0-9a-f]{4}", "all": True}}}, str),
    "by a selector": ("html", {"extract": {"a": {"selector": "i", "pattern": "L.{8}"}}}, lambda k: f"<i>{k}</i>"),
    "as an attribute": ("html", {"extract": {"a": {"selector": "i", "attribute": "title", "pattern": "L.{8}"}}}, lambda k: f"<i title='{k}'>"),
    "as a key and a value": ("text", {"lines": {}}, str),
}  # fmt: skip


@pytest.mark.parametrize(("response_type", "words", "say"), EXTRACTED.values(), ids=EXTRACTED.keys())
def test_a_secret_of_which_a_part_is_extracted_makes_it_one_too(
    ground: Ground, response_type: str, words: dict[str, Any], say: Say
) -> None:
    left, right = halves(":")
    ground.secret = left + right
    media_type = "text/html" if response_type == "html" else "text/plain"
    service = asked(ground, response_type, media_type, say, **words)
    assert service.render().json()["reason"] == "echoed_secret"
    heard = b"\n".join(ground.heard)
    assert left[:8].encode() not in heard
    assert right[-12:].encode() not in heard
    ground.assert_no_leak()


def test_a_secret_that_no_pattern_takes_stays_with_the_provider(ground: Ground) -> None:
    words = {"extract": {"charge": "charge: ([0-9]+)"}}
    service = asked(ground, "text", "text/plain", lambda k: f"key: {k}\ncharge: 98\n", **words)
    assert service.render().json()["data"] == {"charge": "98"}
    ground.assert_no_leak()


def test_a_secret_among_the_lost_digits_of_a_number_makes_it_one_too(ground: Ground) -> None:
    ground.secret = "98765432109876543210"
    service = asked(ground, "json", "application/json", lambda k: f"[0.{k}]")
    assert service.render().json()["reason"] == "echoed_secret"


# Where masking is enough, the answer is given.
WHOLE: dict[str, tuple[str, str, Say]] = {
    "a cell": ("csv", "text/csv", lambda k: f'a,b\n1,"{k}"\n'),
    "a column's name": ("csv", "text/csv", lambda k: f'a,"{k}"\n1,2\n'),
    "an attribute": ("xml", "application/xml", lambda k: f'<a k="{k.replace("&", "&amp;")}"/>'),
    "a comment": ("xml", "application/xml", lambda k: f"<a><!-- {k} -->1</a>"),
    "a feed's link": ("feed", "application/rss+xml", lambda k: f"<rss version='2.0'><channel><title>t</title><link>http://x.example/?{quote(k, safe='')}</link></channel></rss>"),
    "a page's script": ("opengraph", "text/html", lambda k: f"<script>var k = '{k}'</script><title>t</title>"),
    "twice in JSON": ("json", "application/json", lambda k: json.dumps({"a": k, k: [k, {"b": f"{k}{k}"}]})),
    "JSON lines": ("ndjson", "application/x-ndjson", lambda k: f"{json.dumps(k)}\n{json.dumps([k])}\n"),
    "text": ("text", "text/plain", lambda k: f"{k}, {quote(k)} and {base64.b64encode(k.encode()).decode()}"),
    "a page": ("html", "text/html", lambda k: f"<p title='{k.replace('&', '&amp;')}'>"),
}  # fmt: skip


@pytest.mark.parametrize(("response_type", "media_type", "say"), WHOLE.values(), ids=WHOLE.keys())
def test_a_secret_that_stays_in_one_piece_is_masked(
    ground: Ground, response_type: str, media_type: str, say: Say
) -> None:
    service = asked(ground, response_type, media_type, say)
    assert service.render().status_code == 200, service.render().text
    ground.call("GET", f"/plugins/{service.id}/artifacts?include=data")
    ground.assert_no_leak()


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in text)


def percent(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


# Forms that were once overlooked, each with where the secret would show.
FORMS: dict[str, Callable[[str], tuple[str, str]]] = {
    "escaped, inside a JSON string": lambda k: (escaped(k),) * 2,
    "escaped twice, inside a JSON string": lambda k: (json.dumps(escaped(k))[1:-1],) * 2,
    "percent-encoded twice": lambda k: (percent(k).replace("%", "%25"),) * 2,
    "hexadecimal": lambda k: (k.encode().hex(),) * 2,
    "HEXADECIMAL": lambda k: (k.encode().hex().upper(),) * 2,
    "base32": lambda k: (base64.b32encode(k.encode()).decode().rstrip("="),) * 2,
    "base64 in lines": lambda k: (base64.encodebytes(b"x" * 45 + k.encode()).decode(), base64.b64encode(k.encode())[:12].decode()),
    "base64 of percent": lambda k: (base64.b64encode(quote(k, safe="").encode()).decode(),) * 2,
    "lower case": lambda k: (k.lower(),) * 2,
    "UPPER CASE": lambda k: (k.upper(),) * 2,
}  # fmt: skip


@pytest.mark.parametrize("write", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("shape", [lambda form: form, lambda form: {"a": f"<{form}>", form: 1}])
def test_a_form_of_the_secret_is_heard_nowhere(
    ground: Ground, write: Callable[[str], tuple[str, str]], shape: Callable[[str], Any]
) -> None:
    service = asked(ground, "json", "application/json", lambda k: json.dumps(shape(write(k)[0])))
    answer = service.render()
    assert answer.status_code == 200, answer.text
    assert "•••" in answer.json()["data"] or "•••" in json.dumps(answer.json()["data"], ensure_ascii=False)
    shown = write(ground.secret)[1]
    assert shown not in json.dumps(answer.json()["data"], ensure_ascii=False)
    assert shown not in answer.text
    ground.assert_no_leak()
