from __future__ import annotations

import stat
import threading
from dataclasses import replace

import pytest

from settings import ConfigurationError, Settings
from web.gate.tokens import digest_token, equal_in_constant_time, load_token, rotate_token, token_path


@pytest.fixture
def unset(settings: Settings) -> Settings:
    """Settings without a token, and with a data folder."""
    settings.instance.mkdir(parents=True)
    return replace(settings, token=None)


def test_a_token_is_made_once_and_kept_to_its_owner(unset: Settings):
    token = load_token(unset)
    assert len(token) >= 43
    assert load_token(unset) == token
    assert stat.S_IMODE(token_path(unset).stat().st_mode) == 0o600
    assert [path.name for path in unset.instance.iterdir()] == ["token"]


def test_first_starts_at_once_agree_on_one_token(unset: Settings):
    found: set[str] = set()
    gate = threading.Barrier(8)

    def start() -> None:
        gate.wait()
        found.add(load_token(unset))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1


def test_a_configured_token_makes_no_file(settings: Settings):
    assert load_token(settings) == settings.token
    assert not token_path(settings).exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "nas.lan"])
def test_beyond_loopback_nothing_starts_without_a_configured_token(unset: Settings, host: str):
    load_token(unset)
    with pytest.raises(ConfigurationError, match="PATCHBAY_TOKEN"):
        load_token(replace(unset, host=host))
    chosen = "chosen-by-somebody-at-length"
    assert load_token(replace(unset, host=host, token=chosen)) == chosen


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_token_that_others_can_read_is_refused(unset: Settings, mode: int):
    load_token(unset)
    token_path(unset).chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        load_token(unset)


@pytest.mark.parametrize("content", [b"", b"\xff", b"two words"])
def test_a_damaged_token_is_refused(unset: Settings, content: bytes):
    load_token(unset)
    token_path(unset).write_bytes(content)
    with pytest.raises(ConfigurationError, match="token"):
        load_token(unset)


def test_rotation_puts_another_token_in_place(unset: Settings):
    before = load_token(unset)
    after = rotate_token(unset)
    assert after != before
    assert load_token(unset) == after
    assert stat.S_IMODE(token_path(unset).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "reach", [{"host": "0.0.0.0"}, {"host": "nas.lan"}, {"public_url": "https://patchbay.example"}]
)
def test_beyond_loopback_a_short_token_refuses_to_start(unset: Settings, reach: dict[str, str]):
    with pytest.raises(ConfigurationError, match="at least 20 characters") as refusal:
        load_token(replace(unset, **reach, token="a-short-token-of-19"))
    assert "a-short-token" not in refusal.value.message
    assert load_token(replace(unset, **reach, token="a-longer-token-of-20")) == "a-longer-token-of-20"


@pytest.mark.parametrize("public_url", [None, "http://localhost:9000", "http://[::1]:9000"])
def test_on_loopback_a_short_token_will_do(unset: Settings, public_url: str | None):
    assert load_token(replace(unset, token="short", public_url=public_url)) == "short"


def test_what_the_store_keeps_of_a_token_does_not_hold_it():
    assert "a-token" not in digest_token("a-token")
    assert digest_token("a-token") != digest_token("b-token")


@pytest.mark.parametrize(
    "given", ["", "tokem", "token ", "TOKEN", "tökén", "\udcff", "t\x00ken", "token" * 10_000]
)
def test_whatever_is_not_the_token_is_unequal(given: str):
    assert not equal_in_constant_time(given, "token")
    assert equal_in_constant_time("token", "token")
