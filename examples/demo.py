"""`make demo`: all of Patchbay at work, with the example plugins and a sandbox instead of the internet.

Starts the server and the sandbox, declares the plugins like a frontend, sets them up, renders each block twice and
shows the results. Then it keeps running for a browser, with a few providers in trouble, so that a page shows that, too.
Exits with 1 if anything differs from what is expected.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from examples.api import Api, ApiAnswer
from examples.board import fill_notebook
from examples.catalog import (
    against_sandbox,
    is_action,
    load_examples,
    sandbox_config,
    sandbox_samples,
    secret_names,
)
from examples.sandbox import Sandbox
from examples.sandbox.faults import DOWN, KEY_REVOKED, failing
from examples.sandbox.provider import Sample
from examples.server_process import ServerError, ServerProcess
from examples.sign_in import approve, needs_sign_in, visit

SHOWN_DATA_CHARACTERS = 72
EXPECTED_CACHE_STATES = ("MISS", "HIT")

# What a browser finds. The first keeps its last answer, which is stale after a minute; the second has none.
FAILING_LATER, FAILING_EVER = "nextcloud", "freshdesk"
FAULTS = {FAILING_LATER: DOWN, FAILING_EVER: KEY_REVOKED}
WITHOUT_SECRET = "tailscale"
FIRST_NOTEBOOK = 1


class Stopped(BaseException):
    """A user stopped the demo by Ctrl-C or SIGTERM."""


class DemoError(Exception):
    """The demo cannot continue. The message says what was expected and what happened."""


@dataclass(frozen=True, slots=True)
class Row:
    """One render, as shown in the table."""

    block: str
    status: str
    cache: str
    milliseconds: str
    data: str


class Demo:
    """The steps of the demo against a running server. `differences` lists unexpected results."""

    def __init__(self, api: Api, sandbox: Sandbox) -> None:
        self._api = api
        self._sandbox = sandbox
        self.examples = [against_sandbox(example, sandbox.url) for example in load_examples()]
        self.differences: list[str] = []
        self.rows: list[Row] = []

    def run(self) -> None:
        """Runs all steps in a frontend's order. Raises DemoError if the next step makes no sense."""
        self.register("registered")
        self.configure()
        self.sign_in()
        self.test_connections()
        for example in self.examples:
            for sample in sandbox_samples(example["id"], self._sandbox.url):
                if is_action(example, sample.block):
                    self.act_twice(example["id"], sample)
                else:
                    self.render_twice(example["id"], sample)
        self.register("unchanged")
        self.read_back()
        self.look_for_secrets()

    def register(self, expected: str) -> None:
        """Registers all examples in one batch, as a frontend does at each start."""
        answer = self._api.post("/plugins/register-batch", {"plugins": self.examples})
        results = _required(answer, "POST /plugins/register-batch")["results"]
        for result in results:
            if result.get("status") != expected:
                reason = result.get("errors") or result.get("message")
                got = f"{result.get('status')}: {reason}"
                raise DemoError(f"{result.get('id')}: expected to be {expected}, got {got}")
        if len(results) != len(self.examples):
            raise DemoError(f"{len(self.examples)} plugins were declared, {len(results)} results came.")

    def configure(self) -> None:
        """Sets settings and secrets in one PUT per plugin. GET only shows that a secret is set."""
        for example in self.examples:
            config = sandbox_config(example["id"], self._sandbox.url)
            if not config:
                continue
            path = f"/integrations/{example['id']}/config"
            _required(self._api.put(path, {"config": config}), f"PUT {path}")
            shown = _required(self._api.get(path), f"GET {path}")
            for name in secret_names(example):
                is_set = shown["secrets"].get(name, {}).get("set", False)
                self._expect(f"{path}: {name} is set", is_set, name in config)

    def sign_in(self) -> None:
        """Connects an account for each plugin with a sign-in, as a user's browser would."""
        for example in filter(needs_sign_in, self.examples):
            path = f"/integrations/{example['id']}/oauth2/connect"
            address = _required(self._api.post(path, {}), f"POST {path}")["authorization_url"]
            status, _ = visit(approve(address))
            self._expect(f"{example['id']}: the page that the provider sends back to", status, 200)

    def test_connections(self) -> None:
        for example in self.examples:
            if not example["manifest"].get("integration", {}).get("test_endpoint"):
                continue
            path = f"/integrations/{example['id']}/test"
            result = _required(self._api.post(path, {}), f"POST {path}")
            self._expect(f"{path}: success", result.get("success"), True)

    def render_twice(self, plugin_id: str, sample: Sample) -> None:
        """Renders the block cold, then from its artifact, with the same data and without another upstream call."""
        name = f"{plugin_id}/{sample.block}"
        self._sandbox.journal.forget()
        for expected_cache in EXPECTED_CACHE_STATES:
            body = {"block_type": sample.block, "parameters": sample.inputs}
            answer = self._api.post(f"/integrations/{plugin_id}/render", body)
            cache = answer.headers.get("X-Cache", "-")
            data = (answer.json() or {}).get("data") if answer.status == 200 else None
            shown = _one_line(data) if answer.status == 200 else answer.describe()
            self.rows.append(Row(name, str(answer.status), cache, f"{answer.elapsed_ms:.1f}", shown))
            if answer.status != 200:
                self.differences.append(f"{name}: expected 200, got {answer.describe()}")
                return
            self._expect(f"{name}: X-Cache", cache, expected_cache)
            self._expect(f"{name}: data", data, sample.data)
        self._expect(f"{name}: upstream calls", len(self._sandbox.data_requests()), sample.upstream_calls)

    def act_twice(self, plugin_id: str, sample: Sample) -> None:
        """Renders an action without a call, then runs it twice under one key: it is carried out once."""
        name = f"{plugin_id}/{sample.block}"
        self._sandbox.journal.forget()
        drawn = self._api.post(f"/integrations/{plugin_id}/render", {"block_type": sample.block})
        self._expect(f"{name}: drawn", "action" in (drawn.json() or {}), True)
        self._expect(f"{name}: upstream calls when drawn", len(self._sandbox.data_requests()), 0)
        key = {"Idempotency-Key": str(uuid.uuid4())}
        for is_repeated in (False, True):
            body = {"parameters": sample.inputs}
            answer = self._api.post(f"/integrations/{plugin_id}/actions/{sample.block}", body, key)
            told = (answer.json() or {}) if answer.status == 200 else {}
            shown = _one_line(told.get("data")) if told else answer.describe()
            cache = answer.headers.get("X-Cache", "-")
            self.rows.append(Row(name, str(answer.status), cache, f"{answer.elapsed_ms:.1f}", shown))
            self._expect(f"{name}: status", answer.status, 200)
            self._expect(f"{name}: data", told.get("data"), sample.data)
            self._expect(f"{name}: repeated", told.get("repeated"), is_repeated)
        self._expect(f"{name}: upstream calls", len(self._sandbox.data_requests()), sample.upstream_calls)

    def read_back(self) -> None:
        """Reads everything that could show a secret, and checks that each kind of plugin is stored."""
        stored = _required(self._api.get("/plugins?page_size=100"), "GET /plugins")
        declared = sorted((example["id"], example["type"]) for example in self.examples)
        self._expect("GET /plugins", sorted((plugin["id"], plugin["type"]) for plugin in stored), declared)
        for example in self.examples:
            path = f"/plugins/{example['id']}"
            _required(self._api.get(path), f"GET {path}")
            _required(self._api.get(f"{path}/artifacts?include=data"), f"GET {path}/artifacts")
            if example["type"] == "integration":
                path = f"/integrations/{example['id']}"
                _required(self._api.get(path), f"GET {path}")

    def look_for_secrets(self) -> None:
        for example in self.examples:
            config = sandbox_config(example["id"], self._sandbox.url)
            for name in secret_names(example) & config.keys():
                for asked in self._api.answers_with(config[name]):
                    self.differences.append(f"{example['id']}: the answer to {asked} holds the secret {name}")

    def make_trouble(self) -> None:
        """Leaves one plugin without an answer of its failing provider, and one without its secret."""
        for plugin_id in (FAILING_EVER, WITHOUT_SECRET):
            path = f"/plugins/{plugin_id}/artifacts"
            _required(self._api.call("DELETE", path), f"DELETE {path}")
        example = next(example for example in self.examples if example["id"] == WITHOUT_SECRET)
        for name in secret_names(example):
            path = f"/integrations/{WITHOUT_SECRET}/secrets/{name}"
            _required(self._api.call("DELETE", path), f"DELETE {path}")

    def fill_notebook(self) -> None:
        """Puts blocks on the board of the first notebook."""
        for answer in fill_notebook(self._api, FIRST_NOTEBOOK, self._sandbox.url):
            _required(answer, "Filling the notebook")

    def _expect(self, what: str, got: Any, wanted: Any) -> None:
        if got != wanted:
            self.differences.append(f"{what}: expected {_json(wanted)}, got {_json(got)}")


def main(arguments: list[str] | None = None) -> int:
    """0 if everything was as expected, else 1. Also 0 if it was stopped after that."""
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="exit after the table instead of continuing to run"
    )
    parser.add_argument("--port", type=int, default=0, help="the server's port; 0 takes a free one (default)")
    options = parser.parse_args(arguments)
    try:
        with stoppable():
            return run_demo(options.port, stay=not options.check)
    except Stopped:
        print("Stopped before the end.", file=sys.stderr)
        return 1
    except (DemoError, ServerError, OSError) as failed:
        print(f"The demo failed. {failed}", file=sys.stderr)
        return 1


def run_demo(port: int, *, stay: bool) -> int:
    """The exit code. Server and sandbox have ended when this returns or raises."""
    with Sandbox(lifetime_seconds=None) as sandbox:
        allowed = urlsplit(sandbox.url).netloc
        settings = {
            "PATCHBAY_EGRESS_ALLOW": allowed,
            "PATCHBAY_EGRESS_ALLOW_URLS": allowed,
            "PATCHBAY_PREFETCH": "off",
            # The notebook page declares its plugins too, and must use the same providers.
            "PATCHBAY_SANDBOX": sandbox.url,
        }
        with ServerProcess(port, settings) as server:
            demo = Demo(Api(server.url, server.token), sandbox)
            try:
                demo.run()
            finally:
                print_table(demo.rows)
            if demo.differences:
                print(f"\n{len(demo.differences)} differences:", file=sys.stderr)
                print("\n".join(f"  {difference}" for difference in demo.differences), file=sys.stderr)
                return 1
            print(
                f"\n{len(demo.examples)} plugins, {len(demo.rows) // 2} blocks: all as it should be.",
                flush=True,
            )
            if stay:
                with failing(FAULTS):
                    demo.make_trouble()
                    demo.fill_notebook()
                    stay_up(server, sandbox)
    return 0


def stay_up(server: ServerProcess, sandbox: Sandbox) -> None:
    """Returns when a user stops the demo. Raises ServerError if the server ends by itself."""
    print(f"\nOpen    {server.signin_link}\nSandbox {sandbox.url}\nCtrl-C ends both.", flush=True)
    try:
        while True:
            server.wait(1.0)
            server.check_running()
    except Stopped:
        print("\nEnded.")


@contextmanager
def stoppable() -> Iterator[None]:
    """SIGINT and SIGTERM raise Stopped inside, so that all child processes are ended on exit."""

    def stop(_number: int, _frame: Any) -> None:
        # A second signal must not interrupt the shutdown.
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        raise Stopped

    previous = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in previous.items():
            signal.signal(each, handler)


def print_table(rows: list[Row]) -> None:
    """Columns as wide as their widest cell."""
    cells = [("block", "status", "X-Cache", "ms", "data")]
    cells += [(row.block, row.status, row.cache, row.milliseconds, row.data) for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    for *fields, milliseconds, data in cells:
        left = "  ".join(f"{field:<{width}}" for field, width in zip(fields, widths, strict=False))
        print(f"{left}  {milliseconds:>{widths[3]}}  {data}".rstrip())
    sys.stdout.flush()


def _required(answer: ApiAnswer, asked: str) -> Any:
    if answer.status not in {200, 201, 204}:
        raise DemoError(f"{asked}: expected 200, got {answer.describe()}")
    return answer.json()


def _one_line(data: Any) -> str:
    text = _json(data)
    return text if len(text) <= SHOWN_DATA_CHARACTERS else text[: SHOWN_DATA_CHARACTERS - 1] + "…"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    raise SystemExit(main())
