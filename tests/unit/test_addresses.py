"""Networks as operators write them, and which address tells one client from another."""

from ipaddress import ip_network

import pytest

from pbx_adapters.addresses import holder_of, lies_in, parse_network
from schedules.errors import FaultyValueError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("192.0.2.0/24", "192.0.2.0/24", id="ipv4"),
        pytest.param(" 192.0.2.7 ", "192.0.2.7/32", id="address"),
        pytest.param("192.0.2.0/255.255.255.0", "192.0.2.0/24", id="mask"),
        pytest.param("0.0.0.0/0", "0.0.0.0/0", id="all-of-ipv4"),
        pytest.param("2001:DB8::/32", "2001:db8::/32", id="ipv6"),
        pytest.param("2001:db8::7", "2001:db8::7/128", id="ipv6-address"),
        pytest.param("::/0", "::/0", id="all-of-ipv6"),
        pytest.param("::ffff:192.0.2.7", "192.0.2.7/32", id="mapped-address"),
        pytest.param("::ffff:c000:200/120", "192.0.2.0/24", id="mapped-network"),
        pytest.param("::ffff:0:0/96", "0.0.0.0/0", id="all-mapped"),
    ],
)
def test_networks_are_read(text: str, expected: str) -> None:
    """Networks and single addresses of both kinds; IPv4 written as IPv6 is IPv4."""
    assert parse_network(text) == ip_network(expected)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        pytest.param(
            "192.0.2.7/24",
            "write 192.0.2.0/24 for the network, or 192.0.2.7 for that address alone",
            id="host-bits",
        ),
        pytest.param(
            "2001:db8::7/64",
            "write 2001:db8::/64 for the network, or 2001:db8::7 for that address alone",
            id="host-bits-ipv6",
        ),
        *(
            pytest.param(text, "192.0.2.7, 192.0.2.0/24, 2001:db8::/32", id=name)
            for name, text in {
                "empty": "",
                "name": "kantoor",
                "prefix": "192.0.2.0/33",
                "number": "12",
                "two": "192.0.2.0/24/8",
                "zeros": "192.0.02.0/24",
                "port": "192.0.2.7:80",
                "long": "9" * 5_000,
            }.items()
        ),
    ],
)
def test_what_is_no_network_is_refused_with_what_to_write(text: str, remedy: str) -> None:
    """An address with the length of its network behind it is the likely mistake."""
    with pytest.raises(FaultyValueError) as caught:
        parse_network(text)
    ((problem, told),) = caught.value.faults
    assert "is not a network" in problem
    assert told.endswith(remedy)
    assert len(problem) < 150


NETWORKS = tuple(map(parse_network, ("192.0.2.0/24", "2001:db8::/32", "::ffff:198.51.100.1")))


@pytest.mark.parametrize(
    ("address", "lies"),
    [
        ("192.0.2.0", True),
        ("192.0.2.255", True),
        ("192.0.3.0", False),
        ("::ffff:192.0.2.7", True),
        ("::ffff:192.0.3.7", False),
        ("198.51.100.1", True),
        ("2001:db8:ffff::1", True),
        ("2001:db9::", False),
        ("fe80::1%eth0", False),
        ("", False),
        ("elsewhere", False),
    ],
)
def test_addresses_lie_in_networks(address: str, lies: bool) -> None:  # noqa: FBT001 - a column
    """Both edges of a network, and IPv4 however it is written."""
    assert lies_in(address, NETWORKS) is lies


@pytest.mark.parametrize(
    ("address", "holder"),
    [
        pytest.param("192.0.2.7", "192.0.2.7", id="ipv4"),
        pytest.param("::ffff:192.0.2.7", "192.0.2.7", id="mapped"),
        pytest.param("2001:db8:1:2::", "2001:db8:1:2::/64", id="first-of-64"),
        pytest.param("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64", id="last-of-64"),
        pytest.param("2001:db8:1:3::", "2001:db8:1:3::/64", id="next-64"),
    ],
)
def test_clients_are_told_apart(address: str, holder: str) -> None:
    """By address, of IPv6 by the /64, whose other addresses cost their holder nothing."""
    assert holder_of(address) == holder


def test_clients_without_an_address_are_one() -> None:
    """None, and what is no address, are counted together."""
    assert holder_of(None) == holder_of("elsewhere")
