"""The IP addresses of this machine's network interfaces, by getifaddrs(3), which Linux and macOS share."""

from __future__ import annotations

import ctypes
import ipaddress
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from web.gate.hosts import Address

# The offset of the address in a sockaddr_in and a sockaddr_in6, and its length.
PLACES: dict[int, tuple[int, int]] = {socket.AF_INET: (4, 4), socket.AF_INET6: (8, 16)}


class _Interface(ctypes.Structure):
    """The head of `struct ifaddrs`."""


_Interface._fields_ = [
    ("next", ctypes.POINTER(_Interface)),
    ("name", ctypes.c_char_p),
    ("flags", ctypes.c_uint),
    ("address", ctypes.c_void_p),
]


def machine_addresses() -> list[Address]:
    """The addresses at which other machines may reach this one, IPv4 first; empty if they cannot be read.

    Loopback is left out, and link-local IPv6, which a URL in a browser cannot contain.
    """
    try:
        with _interfaces() as found:
            addresses = {address for address in map(_read_address, found) if address is not None}
    except (OSError, AttributeError):
        return []
    return sorted(filter(_is_reachable, addresses), key=lambda address: (address.version, int(address)))


def _is_reachable(address: Address) -> bool:
    is_local_only = address.version == 6 and address.is_link_local
    return not (address.is_loopback or address.is_unspecified or is_local_only)


@contextmanager
def _interfaces() -> Iterator[Iterator[_Interface]]:
    library = ctypes.CDLL(None, use_errno=True)
    first = ctypes.POINTER(_Interface)()
    if library.getifaddrs(ctypes.byref(first)) != 0:
        raise OSError(ctypes.get_errno(), "getifaddrs")
    try:
        yield _walk(first)
    finally:
        library.freeifaddrs(first)


def _walk(pointer: ctypes._Pointer[_Interface]) -> Iterator[_Interface]:
    while pointer:
        yield pointer.contents
        pointer = pointer.contents.next


def _read_address(interface: _Interface) -> Address | None:
    """An interface's address; None for another address family or without an address."""
    if not interface.address:
        return None
    place = PLACES.get(_family(ctypes.string_at(interface.address, 2)))
    if place is None:
        return None
    start, length = place
    return ipaddress.ip_address(ctypes.string_at(interface.address + start, length))


def _family(head: bytes) -> int:
    """The family in the first two bytes of a sockaddr. On BSD the first byte is a length, the second the family."""
    return head[1] if hasattr(socket, "AF_LINK") else int.from_bytes(head, sys.byteorder)
