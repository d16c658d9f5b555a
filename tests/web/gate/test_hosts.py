from __future__ import annotations

import socket
from contextlib import suppress
from ipaddress import ip_address

import pytest

from settings import load_settings
from web.gate.hosts import HostNames, Origins, is_loopback
from web.gate.machine_addresses import machine_addresses


def environ(settings: dict[str, str]) -> dict[str, str]:
    return {f"PATCHBAY_{name.upper()}": value for name, value in settings.items()}


def names(**settings: str) -> HostNames:
    return HostNames.of(load_settings(environ(settings)))


@pytest.mark.parametrize("header", ["127.0.0.1:8765", "localhost:8765", "LOCALHOST:8765", "[::1]:8765"])
def test_loopback_names_with_the_served_port_are_accepted(header: str):
    assert names().accepts(header)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        " ",
        "localhost",
        "localhost:80",
        "localhost:8766",
        "localhost.:8765",
        "localhost.evil.com:8765",
        "evil.com",
        "evil.com:8765",
        "xlocalhost:8765",
        "127.0.0.1.nip.io:8765",
        "127.0.0.1",
        "127.1:8765",
        "0.0.0.0:8765",
        "2130706433:8765",
        "[::1]",
        "[::]:8765",
        "[::1]evil:8765",
        "[::1%25lo]:8765",
        "::1:8765",
        "[]:8765",
        "user@localhost:8765",
        "localhost:8765@evil.com",
        "localhost:8765, evil.com",
        "localhost:8765/evil",
        "localhost:8765#",
        "localhost:08765x",
        "localhost:",
        "localhost:-1",
        "localhost:999999",
        "localhost\t:8765",
        "loc\u0430lhost:8765",
        "１２７.0.0.1:8765",
        "a" * 5000,
    ],
)
def test_foreign_and_malformed_hosts_are_refused(header: str | None):
    assert not names().accepts(header)


def test_a_configured_name_goes_for_the_default_port_and_for_ours():
    hosts = names(allowed_hosts="nas.lan")
    assert hosts.accepts("nas.lan")
    assert hosts.accepts("NAS.lan:8765")
    assert not hosts.accepts("nas.lan:9000")
    assert not hosts.accepts("x.nas.lan")


def test_a_configured_name_with_a_port_goes_for_that_port_only():
    hosts = names(allowed_hosts="nas.lan:9000,[fd00::5]:81")
    assert hosts.accepts("nas.lan:9000")
    assert hosts.accepts("[fd00:0::5]:81")
    assert not hosts.accepts("nas.lan")
    assert not hosts.accepts("nas.lan:8765")


def test_a_server_on_a_lan_address_answers_to_that_address_and_not_to_loopback_names():
    hosts = names(host="192.168.1.5")
    assert hosts.accepts("192.168.1.5:8765")
    assert not hosts.accepts("localhost:8765")


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_server_on_all_addresses_answers_to_loopback_names_but_not_to_the_wildcard(host: str):
    hosts = names(host=host)
    assert hosts.accepts("localhost:8765")
    assert not hosts.accepts("0.0.0.0:8765")
    assert not hosts.accepts("[::]:8765")


MACHINE = [ip_address("192.168.1.5"), ip_address("fd00::2")]


def names_of_machine(**settings: str) -> HostNames:
    return HostNames.of(load_settings(environ(settings)), lambda: MACHINE)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_server_on_all_addresses_answers_to_those_of_the_machine(host: str):
    hosts = names_of_machine(host=host)
    assert hosts.accepts("192.168.1.5:8765")
    assert hosts.accepts("[fd00::2]:8765")
    assert hosts.accepts("[FD00:0::2]:8765")
    for foreign in ("192.168.1.6:8765", "192.168.1.5", "192.168.1.5:80", "192.168.1.5.nip.io:8765",
                    "192.168.1.05:8765", "3232235781:8765", "[::ffff:192.168.1.5]:8765", "fd00::2:8765"):  # fmt: skip
        assert not hosts.accepts(foreign)
    assert names_of_machine(host=host, port="80").accepts("192.168.1.5")


def test_an_address_that_the_machine_gets_later_is_answered_to():
    machine = [ip_address("192.168.1.5")]
    hosts = HostNames.of(load_settings({"PATCHBAY_HOST": "0.0.0.0"}), lambda: machine)
    assert not hosts.accepts("10.0.0.9:8765")
    machine.append(ip_address("10.0.0.9"))
    assert hosts.accepts("10.0.0.9:8765")


@pytest.mark.parametrize("host", ["127.0.0.1", "192.168.1.9"])
def test_a_server_on_one_address_does_not_answer_to_the_machines_others(host: str):
    assert not names_of_machine(host=host).accepts("192.168.1.5:8765")


@pytest.mark.parametrize(
    ("url", "accepted", "refused"),
    [
        (
            "https://patchbay.lan",
            ["patchbay.lan", "patchbay.lan:8765", "PATCHBAY.lan"],
            ["patchbay.lan:9000"],
        ),
        ("https://patchbay.lan:8443", ["patchbay.lan:8443", "patchbay.lan"], ["patchbay.lan:8444"]),
        ("http://[fd00::9]", ["[fd00::9]"], ["[fd00::8]"]),
    ],
)
def test_the_public_address_is_one_of_the_names(url: str, accepted: list[str], refused: list[str]):
    hosts = names(public_url=url)
    assert all(map(hosts.accepts, accepted))
    assert not any(map(hosts.accepts, [*refused, "x.patchbay.lan", "patchbay.lan.evil.com"]))


def test_pages_at_the_public_address_are_of_our_own_origin():
    origins = Origins.of(load_settings({"PATCHBAY_PUBLIC_URL": "https://patchbay.lan"}))
    assert origins.is_trusted_origin("https://patchbay.lan", "same-origin", OWN)
    for foreign in ("http://patchbay.lan", "https://patchbay.lan:444", "https://x.patchbay.lan"):
        assert not origins.is_trusted_origin(foreign, "same-origin", OWN)


def test_this_machines_addresses_are_found_without_loopback():
    addresses = machine_addresses()
    assert len(set(addresses)) == len(addresses)
    assert not [address for address in addresses if address.is_loopback or address.is_unspecified]
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # Nothing is sent: this only asks which interface would be used, and fails where there is none.
        probe.connect(("192.0.2.1", 9))
        assert ip_address(probe.getsockname()[0]) in [*addresses, ip_address("127.0.0.1")]


def test_the_default_port_may_be_left_out_where_it_is_the_served_one():
    assert names(port="80").accepts("localhost")


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("nas.lan", False),
        ("localhost.evil.com", False),
    ],
)
def test_loopback_is_told_from_what_others_can_reach(host: str, loopback: bool):
    assert is_loopback(host) is loopback


OWN = "http://127.0.0.1:8765"
ORIGINS = Origins(frozenset({"http://localhost:5173"}))


@pytest.mark.parametrize(
    ("origin", "fetch_site", "allowed"),
    [
        (None, None, True),
        (None, "same-origin", True),
        (None, "none", True),
        (OWN, "same-origin", True),
        ("http://localhost:5173", "cross-site", True),
        ("http://localhost:5173", "same-site", True),
        (None, "cross-site", False),
        (None, "same-site", False),
        (None, "anything else", False),
        ("null", None, False),
        ("null", "same-origin", False),
        ("", None, False),
        ("http://localhost:5174", None, False),
        ("https://localhost:5173", None, False),
        ("http://localhost:5173.evil.com", None, False),
        ("http://localhost:5173/", None, False),
        ("http://localhost", None, False),
        ("HTTP://LOCALHOST:5173", None, False),
        ("http://127.0.0.1:8766", None, False),
        ("https://127.0.0.1:8765", None, False),
        ("http://evil.com", "same-origin", False),
        ("http://localhost:5173, http://evil.com", None, False),
    ],
)
def test_a_request_comes_from_us_when_a_program_or_a_page_of_ours_sends_it(
    origin: str | None, fetch_site: str | None, allowed: bool
):
    assert ORIGINS.is_trusted_origin(origin, fetch_site, OWN) is allowed
