"""An action whose process is killed, and one that two processes receive."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.conftest import TOKEN
from tests.faults.server_process import ServerProcess
from tests.raw_upstreams import Peer, RawUpstream, respond


class Provider(RawUpstream):
    """Takes what it is asked, says that it came, and answers when it may."""

    def __init__(self) -> None:
        self.has_come, self.may_answer = threading.Event(), threading.Event()
        super().__init__(self._answer)

    def _answer(self, peer: Peer) -> None:
        while peer.read_request() is not None:
            self.has_come.set()
            self.may_answer.wait(60)
            peer.send(respond(b'{"ok": true}', headers=("Content-Type: application/json",)))


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider
        provider.may_answer.set()


def register(server: ServerProcess, provider: Provider) -> None:
    manifest = {
        "integration": {"base_url": provider.url("").rstrip("/"), "timeout": 60},
        "endpoints": [{"id": "it", "method": "POST", "path": "/it"}],
        "blocks": [{"id": "it", "endpoint": "it", "action": {"label": "Do it"}}],
    }
    declaration = {"id": "svc", "name": "S", "version": "1.0.0", "type": "integration", "manifest": manifest}
    assert server.ask("POST", "/plugins/register", declaration).status_code == 201


def act(server: ServerProcess, key: str = "one") -> requests.Response:
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": key}
    url = f"{server.origin}/api/v1/integrations/svc/actions/it"
    return requests.post(url, json={"parameters": {}}, headers=headers, timeout=60)


def begin(server: ServerProcess, provider: Provider) -> tuple[threading.Thread, list[requests.Response]]:
    """An action that the provider has received and not answered."""
    answers: list[requests.Response] = []

    def run() -> None:
        try:
            answers.append(act(server))
        except requests.ConnectionError:
            return

    thread = threading.Thread(target=run)
    thread.start()
    assert provider.has_come.wait(60)
    return thread, answers


@pytest.mark.timeout(180)
def test_an_action_that_died_with_its_process_is_never_run_again(tmp_path: Path, provider: Provider) -> None:
    with ServerProcess(tmp_path / "instance") as server:
        register(server, provider)
        thread, answers = begin(server, provider)
        server.end(signal.SIGKILL)
        thread.join()
    provider.may_answer.set()
    with ServerProcess(tmp_path / "instance") as server:
        for _ in range(2):
            refused = act(server)
            assert (refused.status_code, refused.json()["code"]) == (409, "outcome_unknown")
        assert act(server, "another").json()["repeated"] is False
    assert answers == []
    assert len(provider.requests) == 2


@pytest.mark.timeout(180)
def test_two_processes_run_it_once(tmp_path: Path, provider: Provider) -> None:
    instance = tmp_path / "instance"
    with ServerProcess(instance) as one, ServerProcess(instance) as other:
        register(one, provider)
        thread, answers = begin(one, provider)
        refused = act(other)
        assert (refused.status_code, refused.json()["code"]) == (409, "action_in_progress")
        provider.may_answer.set()
        thread.join()
        assert answers[0].json()["repeated"] is False
        assert act(other).json() == {**answers[0].json(), "repeated": True}
    assert len(provider.requests) == 1
