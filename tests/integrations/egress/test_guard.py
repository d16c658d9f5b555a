"""Which machines may be called, and what a person is told."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from integrations.egress.guard import AllowList, EgressPolicy, OwnListeners
from integrations.egress.urls import read_url

NOBODY = OwnListeners.of((), lambda address: False)


def _may_call(url: str, allow: str = "", url_allow: str = "", *, public_only: bool = False) -> bool:
    policy = EgressPolicy.parse(allow, url_allow)
    return policy.judge_host(read_url(url), NOBODY, public_only=public_only).allowed


@pytest.mark.parametrize(
    ("url", "allow", "allowed"),
    [
        ("http://127.0.0.1:8384/", "", False),
        ("http://127.0.0.1:8384/", "127.0.0.1:8384", True),
        ("http://2130706433:8384/", "127.0.0.1:8384", True),
        ("http://127.0.0.1:8384/", "127.1:8384", True),
        ("http://127.0.0.1:8385/", "127.0.0.1:8384", False),
        ("http://127.0.0.2:8384/", "127.0.0.1:8384", False),
        ("http://127.0.0.1/", "127.0.0.1:80", True),
        ("https://127.0.0.1/", "127.0.0.1:443", True),
        ("http://[::1]:9/", "[::1]:9", True),
        ("http://[::1]:9/", "[0:0::1]:9", True),
        ("http://[::ffff:127.0.0.1]:9/", "127.0.0.1:9", False),
        ("http://[::ffff:127.0.0.1]:9/", "127.0.0.0/8", True),
        ("http://[::ffff:127.0.0.1]:9/", "[::ffff:127.0.0.1]:9", True),
        ("http://[64:ff9b::10.0.0.1]/", "10.0.0.0/8", False),
        ("http://192.168.1.5:1/", "192.168.1.0/24", True),
        ("http://192.168.2.5:1/", "192.168.1.0/24", False),
        ("http://192.168.1.5:81/", "192.168.1.0/24:80", False),
        ("http://192.168.1.5:80/", "192.168.1.0/24:80", True),
        ("http://[fd12::5]:80/", "[fd12::/16]:80", True),
        ("http://[fd12::5]:81/", "fd12::/16:80", False),
        ("http://[fd12::5]:81/", " 10.0.0.0/8 , fd12::/16, ", True),
        ("http://localhost:1/", "", False),
        ("http://LOCALHOST.:1/", "", False),
        ("http://app.localhost:1/", "", False),
        ("http://localhost:1/", "localhost:1", True),
        ("http://8.8.8.8/", "", True),
        ("http://nas.local/", "", True),
        ("http://169.254.169.254/", "0.0.0.0/0", False),
        ("http://0.0.0.0:80/", "0.0.0.0/0", False),
        ("http://[::]:80/", "::/0", False),
        ("http://[fe80::1]:80/", "::/0", False),
        ("http://[fd00:ec2::254]:80/", "::/0", False),
        ("http://224.0.0.1/", "0.0.0.0/0", False),
        ("http://255.255.255.255/", "0.0.0.0/0", False),
        ("http://168.63.129.16/", "0.0.0.0/0", False),
        ("http://100.100.100.200/", "0.0.0.0/0", False),
        ("http://metadata.google.internal/", "0.0.0.0/0", False),
        ("http://METADATA.google.internal./", "0.0.0.0/0", False),
        ("http://10.0.0.1/", "0.0.0.0/0", True),
    ],
)
def test_private_places_are_called_only_where_the_setting_says(url: str, allow: str, allowed: bool) -> None:
    assert _may_call(url, allow) is allowed


def test_an_entered_url_does_not_profit_from_what_manifests_may_call() -> None:
    assert not _may_call("http://127.0.0.1:9/", "127.0.0.1:9,127.0.0.0/8", public_only=True)
    assert _may_call("http://127.0.0.1:9/", "", "127.0.0.1:9", public_only=True)
    assert not _may_call("http://127.0.0.1:9/", "", "127.0.0.1:9", public_only=False)


def test_a_name_on_the_list_opens_private_addresses_on_that_port_only() -> None:
    policy = EgressPolicy.parse("nas.local:8384", "")

    def judge(url: str, *addresses: str) -> bool:
        found = [ip_address(address) for address in addresses]
        return policy.judge_addresses(read_url(url), found, NOBODY, public_only=False).allowed

    assert judge("http://nas.local:8384/", "192.168.1.5")
    assert judge("http://NAS.local.:8384/", "192.168.1.5", "fd00::5")
    assert not judge("http://nas.local:8385/", "192.168.1.5")
    assert not judge("http://other.local:8384/", "192.168.1.5")
    assert not judge("http://nas.local:8384/", "169.254.169.254")
    assert not judge("http://nas.local:8384/", "192.168.1.5", "fe80::1")


def test_one_private_answer_among_public_ones_refuses_the_name() -> None:
    policy = EgressPolicy()
    destination = read_url("https://example.com/")
    public, private = ip_address("8.8.8.8"), ip_address("10.0.0.1")

    assert policy.judge_addresses(destination, [public], NOBODY, public_only=False).allowed
    assert not policy.judge_addresses(destination, [public, private], NOBODY, public_only=False).allowed
    assert not policy.judge_addresses(destination, [private, public], NOBODY, public_only=False).allowed
    assert not policy.judge_addresses(destination, [], NOBODY, public_only=False).allowed


@pytest.mark.parametrize(
    ("listener", "url", "is_own"),
    [
        (("127.0.0.1", 8765), "http://127.0.0.1:8765/", True),
        (("127.0.0.1", 8765), "http://[::ffff:127.0.0.1]:8765/", True),
        (("127.0.0.1", 8765), "http://127.0.0.1:8766/", False),
        (("127.0.0.1", 8765), "http://192.168.1.5:8765/", False),
        (("::1", 8765), "http://[::1]:8765/", True),
        (("0.0.0.0", 8765), "http://192.168.1.5:8765/", True),
        (("::", 8765), "http://192.168.1.5:8765/", True),
        (("", 8765), "http://127.0.0.1:8765/", True),
        (("0.0.0.0", 8765), "http://192.168.1.6:8765/", False),
        (("localhost", 8765), "http://127.0.0.1:8765/", True),
    ],
)
def test_our_own_listener_is_never_called(listener: tuple[str, int], url: str, is_own: bool) -> None:
    local = {"127.0.0.1", "::1", "192.168.1.5"}
    own = OwnListeners.of([listener], lambda address: str(address) in local)
    verdict = EgressPolicy.parse("0.0.0.0/0,::/0", "").judge_host(read_url(url), own, public_only=False)

    assert verdict.allowed is not is_own
    assert ("Patchbay itself" in verdict.reason) is is_own


@pytest.mark.parametrize(
    ("entry", "hint"),
    [
        ("nas.local", "host:port"),
        ("192.168.1.5", "host:port"),
        ("http://nas.local:80", "without http://"),
        ("nas.local:80/path", "without http://"),
        ("nas.local:0", "65535"),
        ("nas.local:99999", "65535"),
        ("nas.local:http", "host:port"),
        ("::1:80", "host:port"),
        ("[::1]", "host:port"),
        ("*:80", "valid name"),
        ("192.168.1.5/24", "192.168.1.0/24"),
        ("192.168.1.0/33", "CIDR"),
        ("999.1.1.1:80", "IPv4"),
        ("169.254.169.254:80", "never called"),
        ("169.254.0.0/16", "never called"),
        ("[fe80::1]:80", "never called"),
        ("0.0.0.0:80", "never called"),
        ("metadata.google.internal:80", "never called"),
        ("user@nas.local:80", "valid name"),
    ],
)
def test_a_wrong_entry_in_the_setting_is_explained(entry: str, hint: str) -> None:
    with pytest.raises(ValueError, match=r"PATCHBAY_EGRESS_ALLOW_URLS") as refusal:
        EgressPolicy.parse("nas.local:80", f"10.0.0.0/8,{entry}")

    assert entry in str(refusal.value)
    assert hint in str(refusal.value)


def test_an_empty_setting_opens_nothing() -> None:
    assert AllowList.parse(" , ,") == AllowList()


@pytest.mark.parametrize(
    ("url", "public_only", "told"),
    [
        ("http://192.168.1.5:8384/x?key=1", False, "PATCHBAY_EGRESS_ALLOW=192.168.1.5:8384"),
        ("http://[fd12::5]/", False, "PATCHBAY_EGRESS_ALLOW=[fd12::5]:80"),
        ("http://192.168.1.5:8384/", True, "only lead to public addresses"),
        ("http://169.254.169.254/", False, "never called"),
    ],
)
def test_a_refusal_says_what_would_allow_it(url: str, public_only: bool, told: str) -> None:
    verdict = EgressPolicy().judge_host(read_url(url), NOBODY, public_only=public_only)

    assert told in verdict.reason
    assert "key" not in verdict.reason


def test_a_refused_name_is_not_told_what_it_leads_to() -> None:
    reasons = {
        EgressPolicy()
        .judge_addresses(read_url("http://x.test/"), [ip_address(address)], NOBODY, public_only=True)
        .reason
        for address in ("10.1.2.3", "127.0.0.1", "::1", "fd12::1", "::ffff:8.8.8.8")
    }

    assert len(reasons) == 1
    assert "x.test is not at a public address" in reasons.pop()
