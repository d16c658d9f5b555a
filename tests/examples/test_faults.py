"""Providers that fail for a while."""

from __future__ import annotations

from examples.sandbox import Sandbox
from examples.sandbox.faults import DOWN, failing
from tests.examples.asking import ask


def test_a_provider_fails_until_it_is_mended_and_others_do_not(sandbox: Sandbox) -> None:
    forecast = "/open-meteo/v1/forecast?latitude=1&longitude=1&current=temperature_2m"
    with failing({"open-meteo": DOWN}):
        assert ask(sandbox, forecast).status == 503
        assert ask(sandbox, "/nextcloud/").status != 503
    assert ask(sandbox, forecast).status == 200
