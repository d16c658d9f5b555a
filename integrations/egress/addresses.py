"""Reads an address in any spelling and says what kind of place it names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class AddressClass(Enum):
    """Who may call an address: everybody, only those whom a setting allows, or nobody."""

    PUBLIC = "public"
    PRIVATE = "private"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Place:
    """What an address leads to; `words` say it in a refusal."""

    address_class: AddressClass
    words: str


PUBLIC = Place(AddressClass.PUBLIC, "a public address")
_LOOPBACK = Place(AddressClass.PRIVATE, "a loopback address")
_PRIVATE = Place(AddressClass.PRIVATE, "a private address")
_RESERVED = Place(AddressClass.PRIVATE, "a reserved address")
_TRANSITION = Place(AddressClass.PRIVATE, "an IPv6 address that stands for an IPv4 address")
_METADATA = Place(AddressClass.NEVER, "a cloud metadata address")
_LINK_LOCAL = Place(AddressClass.NEVER, "a link-local address")
_MULTICAST = Place(AddressClass.NEVER, "a multicast address")
_UNSPECIFIED = Place(AddressClass.NEVER, "the unspecified address")
_BROADCAST = Place(AddressClass.NEVER, "the broadcast address")

# The first network that holds an address decides, so single addresses stand before the ranges around them.
_PLACES: tuple[tuple[Network, Place], ...] = tuple(
    (ip_network(text), place)
    for text, place in (
        ("169.254.169.254/32", _METADATA),
        ("169.254.170.2/32", _METADATA),  # task credentials of Amazon ECS
        ("168.63.129.16/32", _METADATA),  # Azure's host agent
        ("100.100.100.200/32", _METADATA),  # Alibaba Cloud
        ("192.0.0.192/32", _METADATA),  # Oracle Cloud
        ("255.255.255.255/32", _BROADCAST),
        ("0.0.0.0/8", _UNSPECIFIED),
        ("169.254.0.0/16", _LINK_LOCAL),
        ("224.0.0.0/4", _MULTICAST),
        ("127.0.0.0/8", _LOOPBACK),
        ("10.0.0.0/8", _PRIVATE),
        ("172.16.0.0/12", _PRIVATE),
        ("192.168.0.0/16", _PRIVATE),
        ("100.64.0.0/10", _PRIVATE),  # carrier-grade NAT, RFC 6598
        ("192.0.0.0/24", _RESERVED),
        ("192.0.2.0/24", _RESERVED),
        ("192.88.99.0/24", _RESERVED),  # 6to4 relays, RFC 7526
        ("198.18.0.0/15", _RESERVED),
        ("198.51.100.0/24", _RESERVED),
        ("203.0.113.0/24", _RESERVED),
        ("240.0.0.0/4", _RESERVED),
        ("fd00:ec2::/32", _METADATA),  # Amazon's link services: .254 metadata, .23 pod identity, .253 DNS
        ("fd20:ce::254/128", _METADATA),  # Google Cloud
        ("::/128", _UNSPECIFIED),
        ("::1/128", _LOOPBACK),
        ("fe80::/10", _LINK_LOCAL),
        ("ff00::/8", _MULTICAST),
        ("fc00::/7", _PRIVATE),
        ("fec0::/10", _PRIVATE),  # site-local, RFC 3879
        ("100::/64", _RESERVED),
        ("2001::/23", _RESERVED),
        ("2001:db8::/32", _RESERVED),
        ("3fff::/20", _RESERVED),
    )
)
_UNICAST_IPV6 = IPv6Network("2000::/3")

_MAPPED = IPv6Network("::ffff:0:0/96")
_LOW_32_BITS = 0xFFFF_FFFF
# Where IPv6 networks keep an IPv4 address, in bits from the right (RFC 4291, 2765, 6052, 8215, 3056).
_EMBEDDINGS: tuple[tuple[IPv6Network, tuple[int, ...]], ...] = (
    (IPv6Network("::/96"), (0,)),
    (_MAPPED, (0,)),
    (IPv6Network("::ffff:0:0:0/96"), (0,)),
    (IPv6Network("64:ff9b::/96"), (0,)),
    (IPv6Network("64:ff9b:1::/48"), (0,)),
    (IPv6Network("2002::/16"), (80,)),
)
_TEREDO = IPv6Network("2001::/32")
_ISATAP_MARK = 0x5EFE

_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")


def read_address(host: str) -> Address | None:
    """The address that a URL's host spells, in whatever spelling; None for a name.

    Octal, hexadecimal, decimal and short IPv4 spellings are read as inet_aton and the WHATWG URL standard
    read them. Raises ValueError for what looks like an address and is none.
    """
    if host.startswith("["):
        return _read_ipv6(host)
    labels = host.removesuffix(".").split(".")
    if not _NUMBER.fullmatch(labels[-1]):
        return None
    return _read_ipv4(labels)


def _read_ipv6(host: str) -> IPv6Address:
    # A zone picks an interface, which only a link-local address needs.
    if not host.endswith("]") or "%" in host:
        raise ValueError("The host is not an IPv6 address.")
    try:
        return IPv6Address(host[1:-1])
    except ValueError:
        raise ValueError("The host is not an IPv6 address.") from None


def _read_ipv4(labels: list[str]) -> IPv4Address:
    if len(labels) > 4 or not all(_NUMBER.fullmatch(label) for label in labels):
        raise ValueError("The host ends in a number but is not an IPv4 address.")
    *leading, last = [_read_number(label) for label in labels]
    if any(number > 255 for number in leading) or last >= 256 ** (4 - len(leading)):
        raise ValueError("The host ends in a number but is not an IPv4 address.")
    for position, number in enumerate(leading):
        last += number << (24 - 8 * position)
    return IPv4Address(last)


def _read_number(label: str) -> int:
    if label[:2] in ("0x", "0X"):
        return int(label[2:] or "0", 16)
    try:
        return int(label, 8 if label.startswith("0") else 10)
    except ValueError:
        raise ValueError("The host ends in a number but is not an IPv4 address.") from None


def embedded_ipv4(address: Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that a gateway or this machine may translate an IPv6 address to."""
    number = int(address)
    if isinstance(address, IPv4Address) or number <= 1:
        return ()
    found = [
        IPv4Address(number >> offset & _LOW_32_BITS)
        for network, offsets in _EMBEDDINGS
        if address in network
        for offset in offsets
    ]
    if address in _TEREDO:
        found += [IPv4Address(number >> 64 & _LOW_32_BITS), IPv4Address(~number & _LOW_32_BITS)]
    if number >> 32 & 0xFDFF_FFFF == _ISATAP_MARK:
        found.append(IPv4Address(number & _LOW_32_BITS))
    return tuple(found)


def as_mapped(address: Address) -> IPv4Address | None:
    """The IPv4 address that this machine itself calls for `::ffff:a.b.c.d`; None for any other."""
    return address.ipv4_mapped if isinstance(address, IPv6Address) else None


@lru_cache(maxsize=4096)
def place_of(address: Address) -> Place:
    """What an address leads to. An IPv6 address that embeds a forbidden IPv4 address is forbidden too."""
    inner = embedded_ipv4(address)
    for hidden in inner:
        place = place_of(hidden)
        if place.address_class is AddressClass.NEVER:
            return place
    for network, place in _PLACES:
        if address in network:
            return place
    if inner:
        return _TRANSITION
    # An address that no table names is treated as reserved.
    if isinstance(address, IPv6Address) and address not in _UNICAST_IPV6:
        return _RESERVED
    return PUBLIC if address.is_global else _RESERVED
