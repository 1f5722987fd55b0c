"""Networks and the addresses in them, and which address a request comes from."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final

from schedules.errors import FaultyValueError

if TYPE_CHECKING:
    from aiohttp import web

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_FORWARDED_FOR: Final = "X-Forwarded-For"
_MAPPED: Final = IPv6Network("::ffff:0:0/96")
# Whoever has IPv6 has this many bits for himself: a /64.
_HOST_BITS: Final = 64


def parse_network(text: str) -> Network:
    """Read a network, or one address, as `192.0.2.0/24`, `192.0.2.7`, `2001:db8::/32`.

    IPv4 written as IPv6 (`::ffff:192.0.2.0/120`) becomes IPv4. Raises `FaultyValueError`.
    """
    text = text.strip()
    try:
        network = ip_network(text)
    except ValueError:
        raise FaultyValueError(_fault_of(text)) from None
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        base = int(network.network_address) & 0xFFFF_FFFF
        return IPv4Network((base, network.prefixlen - _MAPPED.prefixlen))
    return network


def _fault_of(text: str) -> tuple[str, str]:
    """Return what is wrong with a text that is no network, and what to do."""
    try:
        meant = ip_network(text, strict=False)
    except ValueError:
        remedy = "write an address or a network: 192.0.2.7, 192.0.2.0/24, 2001:db8::/32"
        return f"{text[:60]!r} is not a network", remedy
    address = text.partition("/")[0]
    return (
        f"{text[:60]!r} is not a network: it names an address within one",
        f"write {meant} for the network, or {address} for that address alone",
    )


@lru_cache(maxsize=4_096)
def read_address(text: str) -> Address | None:
    """Read an address, IPv4 written as IPv6 as the IPv4 address that it is; None for any other."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_unspecified(host: str) -> bool:
    """Tell whether a host, without brackets, is all addresses of a machine, and none to ask."""
    address = read_address(host)
    return address is not None and address.is_unspecified


@lru_cache(maxsize=4_096)
def lies_in(text: str, networks: tuple[Network, ...]) -> bool:
    """Tell whether an address lies in one of the networks; what is no address lies in none."""
    address = read_address(text)
    return address is not None and any(address in network for network in networks)


def client_address(request: "web.BaseRequest", trusted: tuple[Network, ...]) -> str | None:
    """Return the address that a request comes from; None over a Unix socket.

    It is the peer's own, unless that is a trusted proxy: then it is the last address of
    `X-Forwarded-For` that isn't one itself. Each proxy writes behind what it was sent, so that
    nothing before that address can be believed. Where the header is absent or malformed up to
    there, the peer's own address stays.
    """
    peer = request.remote
    if not trusted or peer is None or not lies_in(peer, trusted):
        return peer
    told = ",".join(request.headers.getall(_FORWARDED_FOR, ()))
    for text in reversed(told.split(",")):
        address = read_address(text.strip())
        if address is None:
            return peer
        if not lies_in(str(address), trusted):
            return str(address)
    return peer


def holder_of(text: str | None) -> str:
    """Return what tells one client from another: its address, of IPv6 the /64 that it is in."""
    address = None if text is None else read_address(text)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address) >> _HOST_BITS << _HOST_BITS, _HOST_BITS)))
    return str(address)
