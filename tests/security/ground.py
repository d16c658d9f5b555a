"""One real server between an allowed provider, a foreign host and a canary; and a search for one secret."""

from __future__ import annotations

import base64
import contextlib
import io
import logging
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import requests

from settings import load_settings
from tests.conftest import API, TOKEN, RunningServer, open_apps, running_server
from tests.databases import contents_of
from tests.raw_upstreams import Peer, RawUpstream, canary, respond
from tests.security.signed_in import SignedIn

Reply = Callable[[bytes], bytes]

API_KEY = {"name": "api_key", "secure": True}
BY_HEADER = {"type": "api_key", "in": "header", "name": "X-Key"}
STATUS = {"id": "status", "path": "/status"}
# One for every blank, quote and sign that an encoder changes, and none that a header or cookie cannot carry.
SIGNS = "/+&=%'"


def json_answer(body: bytes = b'{"ok": true}', *headers: str, status: str = "200 OK") -> bytes:
    return respond(body, status=status, headers=("Content-Type: application/json", *headers))


def block_over(endpoint: Mapping[str, Any]) -> dict[str, Any]:
    """A block over the endpoint, which is an action where the endpoint writes."""
    reads = endpoint.get("safe", endpoint.get("method", "GET") in ("GET", "HEAD"))
    block = {"id": endpoint["id"], "endpoint": endpoint["id"]}
    return block if reads else {**block, "action": {"label": "Run"}}


def new_secret() -> str:
    return f"K{secrets.token_hex(6)}{SIGNS}{secrets.token_hex(6)}"


def forms_of(secret: str) -> set[bytes]:
    """The secret as it is, URL-encoded, and as it shows inside the base64 of a text around it."""
    texts = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)}
    texts |= {quote(secret, safe="").replace("%2B", "%2b").replace("%2F", "%2f")}
    forms = {text.encode() for text in texts}
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + secret.encode())
        # The digits at both ends also hold bits of what stands around.
        core = encoded[4 if before else 0 : len(encoded) // 4 * 4 - 4]
        forms |= {core, core.translate(bytes.maketrans(b"+/", b"-_"))}
    return forms


@dataclass
class Service:
    """One plugin on the ground, and what a frontend does with it."""

    ground: Ground
    id: str
    properties: list[dict[str, Any]] = field(default_factory=lambda: [API_KEY])

    def declare(
        self,
        *,
        status: Collection[int] = (200, 201),
        endpoints: list[dict[str, Any]] | None = None,
        **section: Any,
    ) -> requests.Response:
        """Registers it: `section` over a base URL at the provider and a key in the header X-Key."""
        declared = {"base_url": self.ground.provider_url, "auth": BY_HEADER, **section}
        endpoints = endpoints if endpoints is not None else [STATUS]
        manifest = {
            "integration": {name: value for name, value in declared.items() if value is not None},
            "properties": self.properties,
            "endpoints": endpoints,
            "blocks": [block_over(endpoint) for endpoint in endpoints],
        }
        answer = self.register(manifest)
        assert answer.status_code in status, answer.text
        return answer

    def register(self, manifest: Mapping[str, Any]) -> requests.Response:
        declaration = {"id": self.id, "name": "Service", "version": "1.0.0", "type": "integration"}
        return self.ground.call("POST", "/plugins/register", {**declaration, "manifest": manifest})

    def configure(self, *, scope: str = "", **config: Any) -> requests.Response:
        answer = self.ground.call("PUT", f"/integrations/{self.id}/config{scope}", {"config": config})
        assert answer.status_code == 200, answer.text
        return answer

    def enter(self, key: str = "api_key", value: str | None = None) -> None:
        path = f"/integrations/{self.id}/secrets/{key}"
        answer = self.ground.call("PUT", path, {"value": value or self.ground.secret})
        assert answer.status_code == 200, answer.text

    def status_of(self, key: str = "api_key", scope: str = "") -> str | None:
        return self.ground.call("GET", f"/integrations/{self.id}/secrets/{key}{scope}").json()["status"]

    def details(self, scope: str = "") -> dict[str, Any]:
        return self.ground.call("GET", f"/integrations/{self.id}{scope}").json()

    def render(
        self, block: str = "status", parameters: Any = None, *, scope: str = "", **more: Any
    ) -> requests.Response:
        body = {"block_type": block, "parameters": parameters or {}, **more}
        return self.ground.call("POST", f"/integrations/{self.id}/render{scope}", body)

    def execute(
        self, endpoint: str = "status", parameters: Any = None, *, scope: str = ""
    ) -> requests.Response:
        body = {"endpoint_id": endpoint, "parameters": parameters or {}}
        return self.ground.call("POST", f"/integrations/{self.id}/execute{scope}", body)

    def test(self, config: Any = None, *, scope: str = "") -> requests.Response:
        body = {} if config is None else {"config": config}
        return self.ground.call("POST", f"/integrations/{self.id}/test{scope}", body)

    def ask_in_every_way(self, scope: str = "") -> list[requests.Response]:
        """Its render, execution and test, each for the endpoint that all of them can reach."""
        return [self.render(scope=scope), self.execute(scope=scope), self.test(scope=scope)]


@dataclass
class Ground:
    """What stands while a module's tests run; `begin` clears what an earlier test left."""

    server: RunningServer
    provider: RawUpstream
    stranger: RawUpstream
    forbidden: RawUpstream
    log: io.StringIO
    secret: str = ""
    reply: Reply = lambda _request: json_answer()
    hangs_up: bool = False
    """Whether the provider closes after each answer."""
    heard: list[bytes] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(10_000)))

    @property
    def provider_url(self) -> str:
        return self.provider.url("")

    @property
    def stranger_url(self) -> str:
        return self.stranger.url("")

    @property
    def instance(self) -> Path:
        return self.server.settings.instance

    def begin(self) -> None:
        self.secret = new_secret()
        self.reply, self.hangs_up = lambda _request: json_answer(), False
        self.heard.clear()
        self.provider.requests.clear()
        self.stranger.requests.clear()
        self.stranger.accepts = 0

    def service(self, properties: list[dict[str, Any]] | None = None) -> Service:
        """A plugin of an id of its own, not registered yet."""
        service = Service(self, f"svc-{next(self.numbers)}")
        if properties is not None:
            service.properties = properties
        return service

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        """A call to the API; whatever comes back is kept for the search."""
        if body is not None:
            options["json"] = body
        return self.open(method, API + path, **options)

    def open(self, method: str, path: str, **options: Any) -> requests.Response:
        answer = self.server.request(method, path, **options)
        assert answer.headers.get("Content-Type") != "text/event-stream"
        self.heard.append(repr(sorted(answer.headers.items())).encode() + b"\n" + answer.content)
        return answer

    def decide(self, service: Service, *, scope: str = "", **body: Any) -> requests.Response:
        """What a signed-in browser says of a review, on a page of the server's own."""
        browser = SignedIn.at(self.server.url, self.server.token)
        answer = browser.call(
            "POST", f"/integrations/{service.id}/review{scope}", body, Sec_Fetch_Site="same-origin"
        )
        self.heard.append(answer.content)
        return answer

    def sent(self) -> bytes:
        """Everything that the provider was sent."""
        return b"\n".join(self.provider.requests)

    def places_of(self, *secret: str) -> list[str]:
        """Where a secret shows, the provider aside: answers, the log, files, the stranger, the canary."""
        places = {
            "an answer": b"\n".join(self.heard),
            "the log": self.log.getvalue().encode(),
            "the stranger": b"\n".join(self.stranger.requests),
            "the canary": b"\n".join(self.forbidden.requests),
        }
        places |= contents_of(self.instance)
        forms = set().union(*(forms_of(each) for each in secret or (self.secret,)))
        return [place for place, content in places.items() if any(form in content for form in forms)]

    def assert_no_leak(self, *secret: str) -> None:
        self.server.app.extensions["patchbay"].usage.call_log.flush()
        assert self.places_of(*secret) == []
        assert self.forbidden.accepts == 0

    def assert_nobody_else_was_called(self) -> None:
        assert (self.stranger.accepts, self.stranger.requests) == (0, [])
        self.assert_no_leak()


@contextlib.contextmanager
def standing_ground(folder: Path) -> Iterator[Ground]:
    """A server that logs everything, in this process, with its three neighbours on loopback."""
    environ = {
        "PATCHBAY_INSTANCE": str(folder / "instance"),
        "PATCHBAY_TOKEN": TOKEN,
        "PATCHBAY_PREFETCH": "off",
        "PATCHBAY_EGRESS_ALLOW": "127.0.0.1/32",
        "PATCHBAY_EGRESS_ALLOW_URLS": "127.0.0.1/32",
    }
    grounds: list[Ground] = []

    def answer(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            peer.send(grounds[0].reply(request))
            if grounds[0].hangs_up:
                return

    def greet(peer: Peer) -> None:
        while peer.read_request() is not None:
            peer.send(json_answer(b'{"stranger": true}'))

    with (
        everything_logged() as log,
        RawUpstream(answer) as provider,
        RawUpstream(greet) as stranger,
        canary() as forbidden,
        open_apps() as make_app,
        running_server(load_settings(environ), make_app) as server,
    ):
        grounds.append(Ground(server, provider, stranger, forbidden, log))
        yield grounds[0]


@contextlib.contextmanager
def everything_logged() -> Iterator[io.StringIO]:
    log = io.StringIO()
    root, handler = logging.getLogger(), logging.StreamHandler(log)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s"))
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield log
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
