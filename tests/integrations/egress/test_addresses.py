"""Which spellings name which machine, and what kind of place every address is."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from integrations.egress.addresses import AddressClass, place_of, read_address
from integrations.egress.urls import read_host, read_url

LOOPBACK_SPELLINGS = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.00.0.01",
    "0177.0.0.1",
    "0177.0.0.01",
    "0x7f.0.0.1",
    "0X7F.0.0.1",
    "0x7f.1",
    "0x7f000001",
    "0x7F000001",
    "2130706433",
    "017700000001",
    "127.0x1",
    "127.0.0x0.1",
    "１２７.０.０.１",
    "127。0。0。1",
    "127．0．0．1",
    "①②⑦.⓪.⓪.①",
    "𝟏𝟐𝟕.𝟎.𝟎.𝟏",
    "２１３０７０６４３３",
]


@pytest.mark.parametrize("spelling", LOOPBACK_SPELLINGS)
def test_every_spelling_of_loopback_is_read_as_loopback(spelling: str) -> None:
    assert read_host(spelling) == ("127.0.0.1", ip_address("127.0.0.1"))


@pytest.mark.parametrize(
    ("spelling", "address"),
    [
        ("192.168.257", "192.168.1.1"),
        ("10.1", "10.0.0.1"),
        ("0xa9fea9fe", "169.254.169.254"),
        ("0", "0.0.0.0"),
        ("0x", "0.0.0.0"),
        ("4294967295", "255.255.255.255"),
        ("[::1]", "::1"),
        ("[0:0:0:0:0:0:0:1]", "::1"),
        ("[0000::0001]", "::1"),
        ("[::FFFF:127.0.0.1]", "::ffff:127.0.0.1"),
        ("[::ffff:7f00:1]", "::ffff:127.0.0.1"),
        ("[FD00:EC2::254]", "fd00:ec2::254"),
    ],
)
def test_a_host_that_is_an_address_is_read_as_that_address(spelling: str, address: str) -> None:
    assert read_address(spelling) == ip_address(address)


@pytest.mark.parametrize(
    "spelling",
    [
        "256.0.0.1",
        "1.2.3.4.5",
        "4294967296",
        "08.0.0.1",
        "127.0.0.0x100",
        "1..1",
        "foo.0x7f",
        "foo.1",
        "127.0.0.1..",
        "[::1",
        "[]",
        "[1.2.3.4]",
        "[v1.fe80]",
        "[fe80::1%eth0]",
        "[::1%25lo]",
        "[::ffff:0177.0.0.1]",
    ],
)
def test_what_looks_like_an_address_and_is_none_is_refused(spelling: str) -> None:
    with pytest.raises(ValueError, match=r"host"):
        read_host(spelling)


@pytest.mark.parametrize(
    "name", ["example.com", "0x7f.example", "1.example", "nas_1", "localhost", "xn--bcher-kva.de"]
)
def test_a_name_is_not_taken_for_an_address(name: str) -> None:
    assert read_host(name) == (name, None)


@pytest.mark.parametrize(
    ("given", "canonical"),
    [("EXAMPLE.com", "example.com"), ("example.com.", "example.com"), ("bücher.de", "xn--bcher-kva.de")],
)
def test_a_name_has_one_spelling(given: str, canonical: str) -> None:
    assert read_host(given) == (canonical, None)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "a..b",
        "-a.com",
        "a-.com",
        "a b",
        "a%31",
        "%31%32%37.0.0.1",
        "a" * 64,
        "a." * 127 + "com",
        "ex!ample",
    ],
)
def test_a_host_that_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="host"):
        read_host(name)


@pytest.mark.parametrize(
    ("address", "address_class"),
    [
        ("8.8.8.8", AddressClass.PUBLIC),
        ("1.1.1.1", AddressClass.PUBLIC),
        ("172.15.255.255", AddressClass.PUBLIC),
        ("172.32.0.0", AddressClass.PUBLIC),
        ("100.63.255.255", AddressClass.PUBLIC),
        ("100.128.0.0", AddressClass.PUBLIC),
        ("2606:4700:4700::1111", AddressClass.PUBLIC),
        ("2a00:1450:4001::1", AddressClass.PUBLIC),
        ("127.0.0.1", AddressClass.PRIVATE),
        ("127.255.255.254", AddressClass.PRIVATE),
        ("10.0.0.1", AddressClass.PRIVATE),
        ("172.16.0.1", AddressClass.PRIVATE),
        ("172.31.255.255", AddressClass.PRIVATE),
        ("192.168.0.1", AddressClass.PRIVATE),
        ("100.64.0.1", AddressClass.PRIVATE),
        ("192.0.0.1", AddressClass.PRIVATE),
        ("192.0.2.1", AddressClass.PRIVATE),
        ("198.18.0.1", AddressClass.PRIVATE),
        ("198.51.100.1", AddressClass.PRIVATE),
        ("203.0.113.1", AddressClass.PRIVATE),
        ("192.88.99.1", AddressClass.PRIVATE),
        ("240.0.0.1", AddressClass.PRIVATE),
        ("::1", AddressClass.PRIVATE),
        ("fc00::1", AddressClass.PRIVATE),
        ("fd12:3456::1", AddressClass.PRIVATE),
        ("fec0::1", AddressClass.PRIVATE),
        ("2001:db8::1", AddressClass.PRIVATE),
        ("3fff::1", AddressClass.PRIVATE),
        ("4000::1", AddressClass.PRIVATE),
        ("::127.0.0.1", AddressClass.PRIVATE),
        ("::8.8.8.8", AddressClass.PRIVATE),
        ("::ffff:127.0.0.1", AddressClass.PRIVATE),
        ("::ffff:8.8.8.8", AddressClass.PRIVATE),
        ("::ffff:0:127.0.0.1", AddressClass.PRIVATE),
        ("64:ff9b::127.0.0.1", AddressClass.PRIVATE),
        ("64:ff9b::8.8.8.8", AddressClass.PRIVATE),
        ("64:ff9b:1::10.0.0.1", AddressClass.PRIVATE),
        ("2002:7f00:1::", AddressClass.PRIVATE),
        ("2002:0808:0808::1", AddressClass.PRIVATE),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", AddressClass.PRIVATE),
        ("2a00:1450::5efe:10.0.0.1", AddressClass.PRIVATE),
        ("0.0.0.0", AddressClass.NEVER),
        ("0.1.2.3", AddressClass.NEVER),
        ("255.255.255.255", AddressClass.NEVER),
        ("169.254.169.254", AddressClass.NEVER),
        ("169.254.170.2", AddressClass.NEVER),
        ("169.254.1.1", AddressClass.NEVER),
        ("168.63.129.16", AddressClass.NEVER),
        ("100.100.100.200", AddressClass.NEVER),
        ("192.0.0.192", AddressClass.NEVER),
        ("224.0.0.1", AddressClass.NEVER),
        ("239.255.255.250", AddressClass.NEVER),
        ("::", AddressClass.NEVER),
        ("fe80::1", AddressClass.NEVER),
        ("febf::1", AddressClass.NEVER),
        ("ff02::1", AddressClass.NEVER),
        ("fd00:ec2::254", AddressClass.NEVER),
        ("fd20:ce::254", AddressClass.NEVER),
        ("::ffff:169.254.169.254", AddressClass.NEVER),
        ("::169.254.169.254", AddressClass.NEVER),
        ("::ffff:0:169.254.169.254", AddressClass.NEVER),
        ("::ffff:168.63.129.16", AddressClass.NEVER),
        ("::ffff:0.0.0.0", AddressClass.NEVER),
        ("64:ff9b::169.254.169.254", AddressClass.NEVER),
        ("64:ff9b:1::169.254.169.254", AddressClass.NEVER),
        ("2002:a9fe:a9fe::1", AddressClass.NEVER),
        ("2001:0:a9fe:a9fe::1", AddressClass.NEVER),
        ("2001:0:4136:e378:8000:63bf:5601:5601", AddressClass.NEVER),
        ("2a00:1450::200:5efe:169.254.169.254", AddressClass.NEVER),
    ],
)
def test_every_kind_of_address_has_its_standing(address: str, address_class: AddressClass) -> None:
    assert place_of(ip_address(address)).address_class is address_class


@pytest.mark.parametrize(
    ("url", "origin", "target"),
    [
        ("http://Example.com", "http://example.com:80", "/"),
        ("HTTPS://example.com/", "https://example.com:443", "/"),
        ("https://example.com?q=1", "https://example.com:443", "/?q=1"),
        (
            "http://example.com:8080/a/../b//c/%2e%2E/%7e?x=%zz&y=a+b|{}",
            "http://example.com:8080",
            "/a/../b//c/%2e%2E/%7e?x=%zz&y=a+b|{}",
        ),
        ("http://[::1]:80/x", "http://[::1]:80", "/x"),
        ("http://0x7f.1/", "http://127.0.0.1:80", "/"),
    ],
)
def test_a_url_is_read_without_touching_its_path_and_query(url: str, origin: str, target: str) -> None:
    destination = read_url(url)

    assert (destination.origin, destination.target) == (origin, target)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "//example.com/",
        "http:/example.com",
        "http:example.com",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
        "http+unix://%2Ftmp%2Fs/",
        "http://user@example.com/",
        "http://user:password@example.com/",
        "http://@example.com/",
        "http://example.com\\@127.0.0.1/",
        "http://example.com\\.evil/",
        "http://example.com/#fragment",
        "http://example.com#@127.0.0.1/",
        "http://example.com/a b",
        " http://example.com/",
        "http://example.com/\n",
        "http://exa\tmple.com/",
        "http://example.com/\r\nHost: x",
        "http://example.com/\x00",
        "http://example.com/\x7f",
        "http://example.com/é",
        "http://example.com/?q=é",
        "http://example.com:0/",
        "http://example.com:65536/",
        "http://example.com:/",
        "http://example.com:80:80/",
        "http://example.com:+80/",
        "http://example.com:8o/",
        "http://example.com:８０/",
        "http:///path",
        "http://[::1/",
        "http://::1/",
        "http://[::1]x:80/",
        "http://exa%6dple.com/",
        "http://a" + "a" * 70_000,
    ],
)
def test_a_url_that_a_parser_would_have_to_repair_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"^(The URL|The port|The host|Only http)") as refusal:
        read_url(url)

    assert "example" not in str(refusal.value)
