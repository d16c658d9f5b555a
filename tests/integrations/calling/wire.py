"""A provider that keeps the bytes it got, and ways to send it what a manifest makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from integrations.egress import Egress
from integrations.egress.messages import PreparedCall
from tests.egress_calls import answers, egress_maker
from tests.integrations.building import call_of
from tests.integrations.calling.wire_places import NOW, Sent
from tests.raw_upstreams import RawUpstream, answering, respond

PROPERTIES = ("value", "other")


class Recorder:
    """Sends calls over a real socket; `HOST` in a manifest stands for the provider's address."""

    def __init__(self, upstream: RawUpstream, egress: Egress) -> None:
        self.upstream = upstream
        self.host = upstream.authority
        self._egress = egress

    def sent(self, call: PreparedCall) -> bytes:
        """The bytes of the last request that left for the call."""
        self._egress.send(call)
        return self.upstream.requests[-1]

    def sent_by(
        self,
        endpoint: Mapping[str, Any],
        parameters: Mapping[str, Any] | None = None,
        config: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        **section: Any,
    ) -> bytes:
        """The bytes that an endpoint sends; its path is /x and base_url ends in /base unless told otherwise."""
        properties = section.pop("properties", None)
        if properties is None:
            properties = [{"name": name, "secure": name in (secrets or {})} for name in PROPERTIES]
        declared = {"path": "/x", **endpoint}
        if "base_url" in declared:
            declared["base_url"] = declared["base_url"].replace("HOST", self.host)
        section["base_url"] = section.get("base_url", "http://HOST/base").replace("HOST", self.host)
        call = call_of(
            declared,
            dict(parameters or {}),
            dict(config or {}),
            dict(secrets or {}),
            NOW,
            properties=properties,
            **section,
        )
        return self.sent(call)

    def expected(self, sent: Sent, host: str | None = None) -> bytes:
        """The whole request as it must have left."""
        body = None if sent.body is None else sent.body.encode()
        lines = [f"{sent.method} {sent.target} HTTP/1.1", f"Host: {host or self.host}"]
        if body is not None or sent.method in ("POST", "PUT", "PATCH"):
            lines.append(f"Content-Length: {len(body or b'')}")
        lines += [
            "User-Agent: Patchbay/test",
            "Accept-Encoding: gzip, deflate, br, zstd",
            "Accept: application/json",
        ]
        lines += [f"{name}: {value}" for name, value in sent.headers]
        return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


@contextmanager
def recorder(*answer: bytes) -> Iterator[Recorder]:
    """A recorder whose provider gives the answers in turn; every name leads to it."""
    handler = answering(*(answer or (respond(b"{}"),)))
    with RawUpstream(handler) as upstream, egress_maker() as make_egress:
        egress = make_egress(allow="127.0.0.1/32", url_allow="127.0.0.1/32", resolve=answers("127.0.0.1"))
        yield Recorder(upstream, egress)
