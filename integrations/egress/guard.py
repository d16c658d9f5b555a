"""Which destinations may be called: pure decisions on names and addresses; nothing is looked up or opened here."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from ipaddress import ip_network

from integrations.egress.addresses import (
    Address,
    AddressClass,
    Network,
    as_mapped,
    embedded_ipv4,
    place_of,
    read_address,
)
from integrations.egress.urls import Destination, read_host, read_port

ALLOW_SETTING = "PATCHBAY_EGRESS_ALLOW"
URL_ALLOW_SETTING = "PATCHBAY_EGRESS_ALLOW_URLS"

_METADATA_NAMES = frozenset(
    {"metadata.google.internal", "metadata.goog", "metadata", "instance-data", "instance-data.ec2.internal"}
)
_CIDR = re.compile(r"\[?([0-9A-Fa-f:.]+/[0-9]{1,3})\]?(?::([0-9]+))?")
_HOST_AND_PORT = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]+):([0-9]+)")
_WILDCARD_HOSTS = frozenset({"", "*", "0.0.0.0", "::", "[::]"})  # noqa: S104 - compared with, never bound


@dataclass(frozen=True, slots=True)
class EgressVerdict:
    """Whether a call is allowed, and the reason as a sentence."""

    allowed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class AllowList:
    """The private destinations that a setting allows: hosts as written in URLs, and networks, each with a port."""

    hosts: frozenset[tuple[str, int]] = frozenset()
    networks: tuple[tuple[Network, int | None], ...] = ()

    @classmethod
    def parse(cls, text: str, setting: str = ALLOW_SETTING) -> AllowList:
        """The list that a comma-separated setting spells; ValueError names the entry that is wrong."""
        hosts: set[tuple[str, int]] = set()
        networks: list[tuple[Network, int | None]] = []
        for entry in filter(None, (part.strip() for part in text.split(","))):
            try:
                if match := _CIDR.fullmatch(entry):
                    networks.append(_read_network(match[1], match[2]))
                else:
                    hosts.add(_read_host_and_port(entry))
            except ValueError as error:
                raise ValueError(f"{setting}: {entry!r} cannot be used. {error}") from None
        return cls(frozenset(hosts), tuple(networks))

    def names(self, destination: Destination) -> bool:
        """Whether the list contains this host and port, as written in the URL."""
        return (destination.host, destination.port) in self.hosts

    def covers(self, address: Address, port: int) -> bool:
        """Whether a network of the list contains the address."""
        faces = [address, *filter(None, [as_mapped(address)])]
        return any(
            face in network
            for network, only_port in self.networks
            if only_port in (None, port)
            for face in faces
            if face.version == network.version
        )


def _read_network(cidr: str, port: str | None) -> tuple[Network, int | None]:
    try:
        network = ip_network(cidr, strict=False)
    except ValueError:
        raise ValueError("It is not a network in CIDR notation, such as 192.168.1.0/24.") from None
    if str(network.network_address) != str(ip_network(cidr.partition("/")[0]).network_address):
        raise ValueError(f"Its address lies inside the network: write {network}.")
    first, last = place_of(network.network_address), place_of(network.broadcast_address)
    if first.address_class is last.address_class is AddressClass.NEVER and first == last:
        raise ValueError(f"It is {first.words}, which is never called.")
    return network, None if port is None else read_port(port)


def _read_host_and_port(entry: str) -> tuple[str, int]:
    if "/" in entry:
        raise ValueError("Write host:port without http:// or a path, or a network such as 10.0.0.0/8.")
    match = _HOST_AND_PORT.fullmatch(entry)
    if match is None:
        raise ValueError("Write host:port, such as nas.local:8384 or [::1]:8080.")
    host, address = read_host(match[1])
    if (refusal := _never_called(host, address)) is not None:
        raise ValueError(f"It is {refusal}, which is never called.")
    return host, read_port(match[2])


def _never_called(host: str, address: Address | None) -> str | None:
    """What the host is if no setting can allow it, judged by the host as written."""
    if host in _METADATA_NAMES:
        return "a cloud metadata service"
    if address is None:
        return None
    place = place_of(address)
    return place.words if place.address_class is AddressClass.NEVER else None


@dataclass(frozen=True, slots=True)
class OwnListeners:
    """The addresses and ports that Patchbay itself listens on, which no call may reach.

    `is_local` says whether an address is one of this machine's: only the machine knows.
    """

    listeners: frozenset[tuple[str, int]]
    is_local: Callable[[Address], bool]

    @classmethod
    def of(cls, listeners: Collection[tuple[str, int]], is_local: Callable[[Address], bool]) -> OwnListeners:
        return cls(frozenset(listeners), is_local)

    def include(self, address: Address, port: int) -> bool:
        """Whether a connection to the address and port would come back to Patchbay."""
        hosts = [host for host, own_port in self.listeners if own_port == port]
        if not hosts:
            return False
        faces = (address, *embedded_ipv4(address))
        return any(self._listens_at(host, face) for host in hosts for face in faces)

    def _listens_at(self, host: str, address: Address) -> bool:
        try:
            bound = None if host in _WILDCARD_HOSTS else read_address(f"[{host}]" if ":" in host else host)
        except ValueError:
            bound = None
        # A listener on a wildcard, or on a name that somebody else resolved, may be at any local address.
        return self.is_local(address) if bound is None else bound == address


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """Where calls may go besides the public Internet: `allow` for what manifests and settings name,
    `url_allow` for whole URLs that came from an input."""

    allow: AllowList = AllowList()
    url_allow: AllowList = AllowList()

    @classmethod
    def parse(cls, allow: str, url_allow: str) -> EgressPolicy:
        """The policy of the two settings; ValueError with a sentence that names setting and entry."""
        return cls(AllowList.parse(allow, ALLOW_SETTING), AllowList.parse(url_allow, URL_ALLOW_SETTING))

    def judge_host(self, destination: Destination, own: OwnListeners, *, public_only: bool) -> EgressVerdict:
        """The verdict before a name lookup; an allowed name is judged again by its addresses."""
        if (refusal := _never_called(destination.host, destination.address)) is not None:
            return EgressVerdict(False, f"{destination.host} is {refusal}, which is never called.")
        address = destination.address
        if address is None and _is_localhost(destination.host):
            address = read_address("127.0.0.1")
        if address is not None:
            return self.judge_addresses(destination, [address], own, public_only=public_only)
        if self._list_for(public_only).names(destination):
            return EgressVerdict(True, f"{_setting_for(public_only)} names {destination.authority}.")
        return EgressVerdict(True, "It may be called if its name has only public addresses.")

    def judge_addresses(
        self, destination: Destination, addresses: Iterable[Address], own: OwnListeners, *, public_only: bool
    ) -> EgressVerdict:
        """Whether all addresses of the destination's name may be called."""
        verdict = EgressVerdict(False, f"{destination.host} has no address.")
        for address in addresses:
            verdict = self._judge(destination, address, own, public_only)
            if not verdict.allowed:
                break
        return verdict

    def _judge(
        self, destination: Destination, address: Address, own: OwnListeners, public_only: bool
    ) -> EgressVerdict:
        # Do not tell the addresses of a name: a user who can enter names would learn what is behind them.
        literal = destination.address is not None
        place = place_of(address)
        if own.include(address, destination.port):
            return EgressVerdict(False, f"{destination.authority} is Patchbay itself.")
        if place.address_class is AddressClass.NEVER:
            words = place.words if literal else "at an address"
            return EgressVerdict(False, f"{destination.host} is {words} that is never called.")
        allow_list = self._list_for(public_only)
        if allow_list.names(destination) or allow_list.covers(address, destination.port):
            return EgressVerdict(True, f"{_setting_for(public_only)} allows {destination.authority}.")
        if place.address_class is AddressClass.PUBLIC:
            return EgressVerdict(True, f"{destination.host} is public.")
        words = place.words if literal else "not at a public address"
        return EgressVerdict(False, f"{destination.host} is {words}. {_way_out(destination, public_only)}")

    def _list_for(self, public_only: bool) -> AllowList:
        return self.url_allow if public_only else self.allow


def _is_localhost(host: str) -> bool:
    # RFC 6761, section 6.3: these names are this machine, whatever a name server says.
    return host == "localhost" or host.endswith(".localhost")


def _setting_for(public_only: bool) -> str:
    return URL_ALLOW_SETTING if public_only else ALLOW_SETTING


def _way_out(destination: Destination, public_only: bool) -> str:
    if public_only:
        return "A URL from an input may only lead to public addresses."
    return f"{ALLOW_SETTING}={destination.authority} allows it."
