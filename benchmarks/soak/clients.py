"""The clients of a soak: threads that render and write, and know what they must get."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any

import requests

from benchmarks.loopback import declaration
from benchmarks.soak.journal import Journal
from benchmarks.soak.processes import PATIENCE_SECONDS, TOKEN
from benchmarks.soak.provider import Provider

PLUGINS = ("hot", "cold", "fail", "hang")
COLD_KEYS = 500
KEPT_WORKSPACES = 20
BETWEEN_WRITES_SECONDS = 0.02

Client = Callable[["Caller"], None]


class Caller:
    """Calls one server. What a killed one did not answer is no answer, and nothing was promised."""

    def __init__(self, origin: str, journal: Journal) -> None:
        self.journal = journal
        self.origin = origin
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {TOKEN}"

    def ask(
        self, kind: str, method: str, path: str, body: Any = None, expected: set[int] | None = None
    ) -> Any:
        """The JSON of a successful answer (True where there is none), or None."""
        began = time.monotonic()
        try:
            answer = self._session.request(
                method, f"{self.origin}/api/v1{path}", json=body, timeout=PATIENCE_SECONDS
            )
        except requests.RequestException:
            time.sleep(BETWEEN_WRITES_SECONDS)
            return None
        said = _json_of(answer)
        code = said.get("code") if isinstance(said, dict) and answer.status_code >= 400 else None
        text = answer.content + repr(answer.headers).encode()
        self.journal.note(kind, answer.status_code, code, text, expected or {200, 201, 204}, began)
        return (said if answer.content else True) if answer.status_code < 300 else None

    def render(self, plugin: str, n: int, expected: set[int] | None = None, **more: Any) -> Any:
        body = {"block_type": "item", "parameters": {"n": n}, **more}
        return self.ask(plugin, "POST", f"/integrations/{plugin}/render", body, expected)


def declare_plugin(caller: Caller, plugin: str, manifest: dict[str, Any]) -> None:
    """Declares an integration and enters its secret."""
    caller.ask("set-up", "POST", "/plugins/register", declaration(plugin, manifest))
    path = f"/integrations/{plugin}/secrets/api_key"
    caller.ask("set-up", "PUT", path, {"value": caller.journal.canary.secret(0)})


def _json_of(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


class Load:
    """The clients, until they are told to end."""

    pause_seconds = 0.0
    """How long each client rests after each turn, besides its own rests."""
    settle_seconds = 0.0
    """How long after an acknowledgement every server must know of it."""

    def __init__(self, journal: Journal, provider: Provider) -> None:
        self.journal, self.provider = journal, provider
        self.is_over = threading.Event()
        self.numbers = {kind: count(1) for kind in ("note", "secret", "workspace", "cold", "probe")}
        self._threads: list[threading.Thread] = []
        self.failures: list[BaseException] = []
        self.workspaces: deque[tuple[int, str]] = deque()
        self.deleted: set[str] = set()
        """Names; the last one may be of a deletion without an answer."""
        self.note = self.secret = 0
        """The last acknowledged ones."""

    def start(self, origins: list[str]) -> None:
        """All readers at each server, and each writer at one of them."""
        readers = [self._render_hot, self._render_cold, self._render_batch, self._fail, self._hang]
        for origin in origins:
            for client in readers:
                self.start_client(client, origin)
        writers = [self._write_note, self._write_secret, self._write_workspaces, self._check]
        for number, client in enumerate(writers):
            self.start_client(client, origins[number % len(origins)])

    def end(self) -> None:
        self.is_over.set()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)

    def start_client(self, client: Client, origin: str) -> None:
        def run() -> None:
            caller = Caller(origin, self.journal)
            try:
                while not self.is_over.is_set():
                    client(caller)
                    self.is_over.wait(self.pause_seconds)
            except BaseException as error:
                self.failures.append(error)
                raise

        thread = threading.Thread(target=run, name=client.__name__)
        self._threads.append(thread)
        thread.start()

    def _render_hot(self, caller: Caller) -> None:
        began = time.monotonic()
        if caller.render("hot", 0) is not None:
            took = (time.monotonic() - began) * 1000
            self.journal.hot_ms.append((began, took))
        self.is_over.wait(0.005)

    def _render_cold(self, caller: Caller) -> None:
        # 409: its secret was entered anew meanwhile.
        caller.render("cold", next(self.numbers["cold"]) % COLD_KEYS, {200, 409})

    def _render_batch(self, caller: Caller) -> None:
        blocks = [
            {"key": plugin, "integration_id": plugin, "block_type": "item", "parameters": {"n": 1}}
            for plugin in PLUGINS
        ]
        # Its lines are JSON each, so that the whole is none.
        caller.ask("batch", "POST", "/render-batch", {"blocks": blocks})
        self.is_over.wait(0.2)

    def _fail(self, caller: Caller) -> None:
        # 429: until the provider's Retry-After is over.
        caller.render("fail", 0, {200, 429, 502, 503, 504}, use_cache=False)
        self.is_over.wait(0.1)

    def _hang(self, caller: Caller) -> None:
        caller.render("hang", 0, {502, 503, 504}, use_cache=False)
        self.is_over.wait(0.05)

    def _write_note(self, caller: Caller) -> None:
        number = next(self.numbers["note"])
        body = {"config": {"note": str(number)}}
        if caller.ask("note", "PUT", "/workspaces/1/plugins/hot", body) is not None:
            self.note = number
            self.journal.acknowledge("note")
        self.is_over.wait(BETWEEN_WRITES_SECONDS)

    def _write_secret(self, caller: Caller) -> None:
        number = next(self.numbers["secret"])
        body = {"value": self.journal.canary.secret(number)}
        if caller.ask("secret", "PUT", "/integrations/cold/secrets/api_key", body) is not None:
            self.secret = number
            self.journal.acknowledge("secret")
        self.is_over.wait(BETWEEN_WRITES_SECONDS)

    def _write_workspaces(self, caller: Caller) -> None:
        name = f"w{next(self.numbers['workspace'])}"
        created = caller.ask("workspace", "POST", "/workspaces", {"name": name})
        if created is not None:
            self.workspaces.append((created["id"], name))
            self.journal.acknowledge("workspace")
        while len(self.workspaces) > KEPT_WORKSPACES and not self.is_over.is_set():
            workspace_id, name = self.workspaces.popleft()
            # 404: deleted by an attempt that a kill left without an answer.
            path = f"/workspaces/{workspace_id}"
            if caller.ask("deletion", "DELETE", path, expected={204, 404}) is not None:
                self.deleted.add(name)
                self.journal.acknowledge("deletion")
        self.is_over.wait(BETWEEN_WRITES_SECONDS)

    def _check(self, caller: Caller) -> None:
        self.check(caller)
        self.is_over.wait(1)

    def check(self, caller: Caller) -> None:
        """Compares what a server knows with what was acknowledged before it was asked."""
        note, secret = self.note, self.secret
        workspaces, deleted = {name for _, name in list(self.workspaces)}, set(self.deleted)
        time.sleep(self.settle_seconds)
        kept = caller.ask("check", "GET", "/workspaces/1/plugins/hot")
        if kept is not None and int(kept["config"].get("note", 0)) < note:
            self.journal.lose(f"note {note}: {kept['config']}")
        listed = caller.ask("check", "GET", "/workspaces")
        if listed is not None:
            names = {workspace["name"] for workspace in listed}
            # The writer takes a name from its list before it asks for the deletion.
            gone = workspaces.intersection(name for _, name in list(self.workspaces)) - names
            self.journal.lost.extend(f"workspace {name}" for name in sorted(gone))
            self.journal.lost.extend(f"deletion of {name}" for name in sorted(deleted & names))
        self._check_secret(caller, secret)

    def _check_secret(self, caller: Caller, secret: int) -> None:
        n = COLD_KEYS + next(self.numbers["probe"])
        if caller.render("cold", n, {200, 409}, use_cache=False) is None:
            return
        sent = self.journal.canary.number_of(self.provider.keys.pop(f"/cold {n}", "-0"))
        if sent < secret:
            self.journal.lose(f"secret {secret}: {sent} was sent")
