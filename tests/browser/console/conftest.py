"""The console in a real browser, and examples declared to it as a frontend does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from examples.catalog import against_sandbox, load_examples, sandbox_config
from examples.sandbox import Sandbox
from tests.browser.conftest import Api

OpenConsole = Callable[..., Page]


def example(name: str, sandbox: Sandbox) -> dict[str, Any]:
    [found] = [one for one in load_examples() if one["id"] == name]
    return against_sandbox(found, sandbox.url)


@pytest.fixture
def declare(api: Api, sandbox: Sandbox) -> Callable[..., dict[str, Any]]:
    """Registers an example and, unless told otherwise, sets it up."""

    def register(name: str, *, is_set_up: bool = True) -> dict[str, Any]:
        declaration = example(name, sandbox)
        api("POST", "/plugins/register", declaration)
        config = sandbox_config(name, sandbox.url)
        if is_set_up and config:
            api("PUT", f"/integrations/{name}/config", {"config": config})
        return declaration

    return register
