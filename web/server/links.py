"""The URLs of this server, as printed at start and by the token commands."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from settings import Settings
from web.gate.hosts import Address, is_any_address
from web.gate.machine_addresses import machine_addresses
from web.gate.tokens import token_path

LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound


def own_urls(settings: Settings, addresses: Iterable[Address]) -> list[str]:
    """The URLs at which a browser reaches this server, the best first. `addresses` are the machine's own.

    A configured public URL is the only one, because its owner wants no other URL used.
    """
    if settings.public_url:
        return [settings.public_url]
    first = LOOPBACK.get(settings.host, settings.host)
    further = _served(addresses, settings.host) if is_any_address(settings.host) else []
    return [_url(host, settings.port) for host in (first, *further)]


def signin_url(settings: Settings, token: str) -> str:
    """The link that signs a browser in."""
    return _signin_link(own_urls(settings, ())[0], token)


def ready_lines(
    settings: Settings, token: str, *, to_terminal: bool, addresses: Iterable[Address] | None = None
) -> list[str]:
    """The lines printed at start: sign-in links at a terminal, elsewhere where to find the token.

    A journal or a file is stored and read by others, so the token is not written there.
    """
    urls = own_urls(settings, machine_addresses() if addresses is None else addresses)
    if to_terminal:
        first, *further = (_signin_link(url, token) for url in urls)
        return [
            f"Patchbay is ready: open {first}",
            *(f"From another machine:  {link}" for link in further),
        ]
    return [f"Patchbay is ready: open {', '.join(urls)} and sign in with {token_place(settings)}"]


def token_place(settings: Settings) -> str:
    """Where a user finds the token, in words."""
    if settings.token:
        return "the token that PATCHBAY_TOKEN sets"
    return f"the token in {token_path(settings)}"


def _served(addresses: Iterable[Address], host: str) -> list[str]:
    versions = {4} if ipaddress.ip_address(host).version == 4 else {4, 6}
    return [str(address) for address in addresses if address.version in versions]


def _signin_link(url: str, token: str) -> str:
    return f"{url}/signin?token={token}"


def _url(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
