"""The rule that lets only global addresses through: ranges of IANA's registries, and IPv4 inside IPv6."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from httpcore_models import Destination, only_global_addresses
from hypothesis import given
from hypothesis import strategies as st

GLOBAL = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.88.100.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2000::",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2003::1",
    "2606:4700:4700::1111",
    "3ffe::1",
    "3fff:1000::",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2606:4700::200:5efe:8.8.8.8",
    "2606:4700::5eff:10.0.0.1",
]
REFUSED = {
    "2606:4700::5efe:10.0.0.1": "it leads to 10.0.0.1, a private address",
    "2606:4700::200:5efe:169.254.169.254": "it leads to 169.254.169.254, a link-local address",
    "fe80::5efe:8.8.8.8": "link-local",
    "0.0.0.0": "this network",
    "0.255.255.255": "this network",
    "10.0.0.0": "private",
    "10.255.255.255": "private",
    "100.64.0.0": "carrier",
    "100.100.100.200": "carrier",
    "100.127.255.255": "carrier",
    "127.0.0.1": "loopback",
    "127.255.255.255": "loopback",
    "168.63.129.16": "Azure",
    "169.254.169.254": "link-local",
    "172.16.0.0": "private",
    "172.31.255.255": "private",
    "192.0.0.192": "protocols",
    "192.0.2.1": "documentation",
    "192.88.99.1": "6to4",
    "192.168.0.1": "private",
    "198.18.0.0": "benchmarks",
    "198.19.255.255": "benchmarks",
    "198.51.100.1": "documentation",
    "203.0.113.1": "documentation",
    "224.0.0.1": "multicast",
    "239.255.255.255": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
    "::": "unspecified",
    "::1": "loopback",
    "::127.0.0.1": "IPv4-compatible",
    "::8.8.8.8": "IPv4-compatible",
    "::ffff:127.0.0.1": r"leads to 127\.0\.0\.1, a loopback",
    "::ffff:169.254.169.254": r"leads to 169\.254\.169\.254, a link-local",
    "::ffff:0:127.0.0.1": "not a global unicast",
    "64:ff9b::10.0.0.1": r"leads to 10\.0\.0\.1, a private",
    "64:ff9b::a9fe:a9fe": r"leads to 169\.254\.169\.254",
    "64:ff9b:1::8.8.8.8": "local NAT64",
    "100::1": "not a global unicast",
    "1fff::1": "not a global unicast",
    "2001::1": "Teredo",
    "2001:1::1": "protocols",
    "2001:10::1": "protocols",
    "2001:db8::1": "documentation",
    "2002:7f00:1::1": "6to4",
    "2002:808:808::1": "6to4",
    "3fff::1": "documentation",
    "4000::1": "not a global unicast",
    "5f00::1": "not a global unicast",
    "fc00::1": "private",
    "fd00:ec2::254": "private",
    "fe80::1": "link-local",
    "fe80::1%eth0": "zone",
    "2606:4700::1%eth0": "zone",
    "::ffff:8.8.8.8%1": "zone",
    "fec0::1": "site-local",
    "ff02::1": "multicast",
    "ff0e::1": "multicast",
}


def destination(address: str, purpose: str = "origin") -> Destination:
    return Destination(ip_address(address), 443, "example.org", None, purpose)  # type: ignore[arg-type]


@pytest.mark.parametrize("address", GLOBAL)
def test_global_addresses_are_allowed(address: str) -> None:
    assert only_global_addresses(destination(address)) is True


@pytest.mark.parametrize(("address", "reason"), REFUSED.items())
def test_all_others_are_refused_with_a_reason(address: str, reason: str) -> None:
    answer = only_global_addresses(destination(address))
    assert isinstance(answer, str)
    assert re.search(reason, answer)


@pytest.mark.parametrize("address", ["127.0.0.1", "8.8.8.8", "2606:4700:4700::1111"])
def test_proxies_are_refused(address: str) -> None:
    assert only_global_addresses(destination(address, "proxy")) == "a proxy may connect to any address"


@pytest.mark.parametrize("purpose", ["origin", "proxy"])
def test_unix_sockets_are_refused(purpose: str) -> None:
    unix = Destination(None, None, None, "/run/docker.sock", purpose)  # type: ignore[arg-type]
    assert only_global_addresses(unix) == "it is on this machine"


@given(st.ip_addresses(v=4))
def test_ipv4_in_any_form_of_ipv6_is_judged_alike(address: IPv4Address) -> None:
    answer = only_global_addresses(destination(str(address)))
    for prefix in ("::ffff:", "64:ff9b::"):
        inside = only_global_addresses(destination(f"{prefix}{address}"))
        assert (inside is True) == (answer is True)
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        assert answer is not True


@given(st.ip_addresses(v=6))
def test_what_is_allowed_of_ipv6_is_global_for_python(address: IPv6Address) -> None:
    # Of IPv4 inside, versions of Python think differently.
    if address in ip_network("2000::/3") and only_global_addresses(destination(str(address))) is True:
        assert address.is_global
        assert address.sixtofour is None
        assert address.teredo is None
