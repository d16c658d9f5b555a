"""A URL is refused, or read as one destination, which reads as itself again."""

from __future__ import annotations

from integrations.egress.urls import read_host, read_url
from integrations.manifests.base_url import parse_base_url

SEEDS = [
    b"http://127.0.0.1:8765/a?b=c",
    b"https://[::ffff:7f00:1]/",
    b"http://0x7f.1/",
    b"http://2130706433/",
    "http://１２７.0.0.1/".encode(),
    b"http://user:word@host/",
    b"https://{host}/api/{path}",
    "https://bücher.example./ä".encode(),
    b"http://host\\@evil/",
    b"http://a_b:65535",
]


def check(data: bytes) -> None:
    url = data.decode("utf-8", "replace")
    try:
        found = read_url(url)
    except ValueError as error:
        assert not url or url not in str(error) or len(url) < 20
    else:
        again = read_url(f"{found.origin}{found.target}")
        assert again == found
        bracketed = found.authority.rpartition(":")[0]
        assert ":" in found.host or read_host(bracketed) == (found.host, found.address)
        assert found.target in (url[-len(found.target) :], "/" + url[len(url) - len(found.target) + 1 :])
        assert not set("@\\ #\r\n\0") & set(found.authority)
    try:
        base = parse_base_url(url)
    except ValueError:
        return
    # Whatever a setting is filled with, nothing but a URL comes out.
    for filler in ("x", "x.example/a", "a@b", "http://y.example"):
        try:
            filled = base.fill(dict.fromkeys(base.names, filler))
        except (ValueError, LookupError, TypeError):
            continue
        read_url(filled)
