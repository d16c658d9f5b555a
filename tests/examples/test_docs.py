"""The examples in the documentation work as written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from examples.catalog import load_examples
from settings import ROOT
from tests.conftest import Client

SHOWN_CALL = re.compile(r"-d '(\{.*?\})'\n", re.DOTALL)


def shown_calls(document: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The command and the JSON body of every curl call that a document shows."""
    for block in re.findall(
        r"^```sh\n(.*?)^```", (ROOT / document).read_text("utf-8"), re.DOTALL | re.MULTILINE
    ):
        start = 0
        for found in SHOWN_CALL.finditer(block):
            yield block[start : found.start()], json.loads(found[1])
            start = found.end()


def shown_questions() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each block that docs/api.md asks for: integration, block and parameters."""
    for command, body in shown_calls("docs/api.md"):
        named = re.findall(r"/integrations/([a-z0-9-]+)/", command)
        for asked in body.get("blocks", [body]):
            if "block_type" not in asked:
                continue
            yield asked.get("integration_id") or named[-1], asked["block_type"], asked["parameters"]


def test_the_first_manifest_registers_and_can_be_rendered(client: Client):
    (_, declaration), (_, asked) = shown_calls("README.md")
    answer: Any = client.post("/plugins/register", declaration)
    assert (answer.status_code, answer.json["status"]) == (201, "registered")
    explained: Any = client.post(f"/integrations/{declaration['id']}/explain", asked).json
    assert explained["problems"] == []
    assert [step["request"]["url"].partition("?")[0] for step in explained["steps"]] == [
        "https://air-quality-api.open-meteo.com/v1/air-quality"
    ]


@pytest.mark.parametrize(("integration_id", "block_type", "parameters"), list(shown_questions()))
def test_the_blocks_that_the_api_page_asks_for_take_those_inputs(
    client: Client, integration_id: str, block_type: str, parameters: dict[str, Any]
):
    client.post("/plugins/register-batch", {"plugins": load_examples()})
    explained: Any = client.post(
        f"/integrations/{integration_id}/explain", {"block_type": block_type, "parameters": parameters}
    ).json
    assert [problem for problem in explained["problems"] if problem["code"] == "invalid"] == []
