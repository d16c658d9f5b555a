"""The demo as a user starts it: a child process with a server and a sandbox, ended properly."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from examples.api import Api
from examples.catalog import is_action, load_examples
from examples.demo import FAILING_EVER, FAILING_LATER, WITHOUT_SECRET, Row, main, print_table
from examples.sandbox.providers import PROVIDERS

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "examples.demo"]
GENEROUS_SECONDS = 55


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A person's environment with settings that the demo must not touch."""
    untouched = tmp_path / "instance"
    return {
        **os.environ,
        "PATCHBAY_INSTANCE": str(untouched),
        "PATCHBAY_PORT": "1",
        "http_proxy": "http://127.0.0.1:1",
    }


def test_the_demo_checks_every_block_twice_and_ends(environment, tmp_path):
    ran = subprocess.run(
        [*COMMAND, "--check"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=GENEROUS_SECONDS,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout + ran.stderr
    rows = [line.split() for line in ran.stdout.splitlines() if re.match(r"\S+/\S+ ", line)]
    examples = {example["id"]: example for example in load_examples()}
    blocks, actions = set(), set()
    for id_, provider in PROVIDERS.items():
        for sample in provider.samples:
            kind = actions if is_action(examples[id_], sample.block) else blocks
            kind.add(f"{id_}/{sample.block}")
    assert sorted(row[0] for row in rows if row[2] == "MISS") == sorted(blocks)
    assert sorted(row[0] for row in rows if row[2] == "HIT") == sorted(blocks)
    assert sorted(row[0] for row in rows if row[2] == "BYPASS") == sorted([*actions, *actions])
    assert {row[1] for row in rows} == {"200"}
    assert f"{len(load_examples())} plugins" in ran.stdout
    assert not (tmp_path / "instance").exists()


def render_troubles(api: Api) -> dict[str, Any]:
    """What a page gets of the blocks that the demo leaves in trouble."""
    blocks = {FAILING_LATER: "server", FAILING_EVER: "tickets", WITHOUT_SECRET: "devices"}
    return {
        plugin_id: api.post(
            f"/integrations/{plugin_id}/render", {"block_type": block, "use_cache": False}
        ).json()
        for plugin_id, block in blocks.items()
    }


def test_the_demo_stays_up_until_it_is_stopped_and_takes_the_server_with_it(environment):
    with subprocess.Popen(COMMAND, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        link = next(line.split()[1] for line in demo.stdout if line.startswith("Open "))
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor()
        )
        with opener.open(link, timeout=GENEROUS_SECONDS) as page:
            assert page.status == 200
            assert "token=" not in page.url
        troubles = render_troubles(Api(link.partition("/signin")[0], link.partition("token=")[2]))

        demo.send_signal(signal.SIGTERM)

        assert demo.wait(GENEROUS_SECONDS) == 0
    old = troubles[FAILING_LATER]
    assert (old["stale"], old["data"] is None, old["error"]["upstream_status"]) == (True, False, 503)
    refused = troubles[FAILING_EVER]
    assert (refused["code"], refused["upstream_status"]) == ("upstream_failed", 401)
    assert troubles[WITHOUT_SECRET]["code"] == "settings_incomplete"
    port = int(link.split(":")[2].partition("/")[0])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_a_port_that_is_taken_is_told_with_the_servers_own_words(capfd):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        assert main(["--check", "--port", str(taken.getsockname()[1])]) == 1

    told = capfd.readouterr().err
    assert "The server ended with exit code 1." in told
    assert "Cannot listen on" in told


def test_a_difference_is_told_exactly_and_ends_with_1(monkeypatch, capfd):
    sample = PROVIDERS["open-meteo"].samples[0]
    monkeypatch.setitem(sample.data, "temperature", 99)

    assert main(["--check"]) == 1

    told = capfd.readouterr().err
    assert "2 differences:" in told
    assert "open-meteo/current: data: expected" in told
    assert '"temperature": 99' in told


def test_the_table_is_aligned(capsys):
    print_table([Row("a/b", "200", "MISS", "12.5", "{}"), Row("long/block", "200", "HIT", "0.9", "[1]")])

    assert capsys.readouterr().out.splitlines() == [
        "block       status  X-Cache    ms  data",
        "a/b         200     MISS     12.5  {}",
        "long/block  200     HIT       0.9  [1]",
    ]
