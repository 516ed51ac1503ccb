"""Rules for where connections may lead."""

import dataclasses
import inspect
import ipaddress
from collections.abc import Callable
from typing import Any

from .._purpose import Purpose

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclasses.dataclass(frozen=True)
class Destination:
    """Where a connection is about to lead: to an IP address and a port, or to a Unix domain socket."""

    #: The address that will be connected to, `None` for a Unix socket.
    address: IPAddress | None
    #: `None` for a Unix socket.
    port: int | None
    #: What was asked for, a name or an IP address; `None` for a Unix socket.
    host: str | None
    #: The path of a Unix socket, otherwise `None`.
    path: str | None
    #: `"proxy"` if a pool uses this as its proxy, or as the first in a chain of them. Otherwise `"origin"`.
    purpose: Purpose


# Allows a destination by `True`. A text refuses it and is the reason. So does anything else, `None` for example.
Rule = Callable[[Destination], bool | str]


def refusal(rule: Rule, destination: Destination) -> str | None:
    """Return why `rule` refuses `destination`, or `None` if it does not. Exceptions of the rule pass through."""
    answer: Any = rule(destination)
    if answer is True:
        return None
    if inspect.iscoroutine(answer):
        answer.close()
        raise TypeError("a rule for destinations must be a plain function, but got a coroutine function.")
    name = getattr(rule, "__name__", type(rule).__name__)
    what = f"the Unix socket {destination.path}" if destination.address is None else str(destination.address)
    return f"{name} refuses {what}{f': {answer}' if answer and isinstance(answer, str) else ''}"


def only_global_addresses(destination: Destination) -> bool | str:
    """Allow origins at global unicast addresses only, a protection against server-side request forgery (SSRF).

    Refused are all ranges for private networks, this machine and its links, for documentation, benchmarks and protocols
    (RFC 6890), multicast, and addresses with a zone. IPv4-mapped IPv6 addresses and those of NAT64 (RFC 6052) count as
    the IPv4 address that they contain, and those of ISATAP (RFC 5214) have to contain a global one, too. Other
    addresses with IPv4 inside, such as 6to4 and Teredo, are refused. The tables are those of this function, since
    `ipaddress` has other ones in each version of Python.

    Refused are also Unix sockets, and proxies wherever they are: a proxy connects to what it is told, and may resolve
    names itself. To trust your proxies, use
    `lambda destination: destination.purpose == "proxy" or only_global_addresses(destination)`.

    What cannot be known here: global addresses that lead back into the network of this machine, among them the prefix
    of a NAT64 of its own.
    """
    address = destination.address
    if address is None:
        return "it is on this machine"
    if destination.purpose == "proxy":
        return "a proxy may connect to any address"
    reason = _why_not_global(address)
    return True if reason is None else reason


def _why_not_global(address: IPAddress) -> str | None:
    if isinstance(address, ipaddress.IPv4Address):
        return _name_of_range(address, _IPV4)
    if address.scope_id is not None:
        return "it has a zone of this machine"
    for prefix in _CONTAINING_IPV4:
        if address in prefix:
            return _why_not_inside(address)
    reason = _name_of_range(address, _IPV6) or (None if address in _GLOBAL_UNICAST else "not a global unicast address")
    if reason is None and (int(address) >> 32) & _ISATAP_MASK == _ISATAP:
        return _why_not_inside(address)
    return reason


def _why_not_inside(address: ipaddress.IPv6Address) -> str | None:
    """Say why the IPv4 address in the last 32 bits of `address` is not global."""
    inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    reason = _name_of_range(inner, _IPV4)
    return None if reason is None else f"it leads to {inner}, {reason}"


def _name_of_range(address: IPAddress, table: dict[Any, str]) -> str | None:
    return next((name for network, name in table.items() if address in network), None)


# From the registries of special-purpose addresses that IANA keeps, and those of multicast.
_IPV4 = {
    ipaddress.IPv4Network(network): name
    for network, name in {
        "0.0.0.0/8": "this network (RFC 1122)",
        "10.0.0.0/8": "a private address (RFC 1918)",
        "100.64.0.0/10": "an address shared behind a carrier's NAT (RFC 6598)",
        "127.0.0.0/8": "a loopback address (RFC 1122)",
        "168.63.129.16/32": "the platform of Azure, at an address that leads there from inside only",
        "169.254.0.0/16": "a link-local address (RFC 3927)",
        "172.16.0.0/12": "a private address (RFC 1918)",
        "192.0.0.0/24": "an address of protocols (RFC 6890)",
        "192.0.2.0/24": "an address for documentation (RFC 5737)",
        "192.88.99.0/24": "a 6to4 relay (RFC 7526)",
        "192.168.0.0/16": "a private address (RFC 1918)",
        "198.18.0.0/15": "an address for benchmarks (RFC 2544)",
        "198.51.100.0/24": "an address for documentation (RFC 5737)",
        "203.0.113.0/24": "an address for documentation (RFC 5737)",
        "224.0.0.0/4": "a multicast address (RFC 5771)",
        "240.0.0.0/4": "a reserved address (RFC 1112)",
    }.items()
}
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_CONTAINING_IPV4 = (
    ipaddress.IPv6Network("::ffff:0:0/96"),  # IPv4-mapped (RFC 4291)
    ipaddress.IPv6Network("64:ff9b::/96"),  # NAT64 (RFC 6052)
)
# The third quarter of ISATAP addresses, under any prefix, but for the bit that says whether the IPv4 address behind it
# is globally unique (RFC 5214 section 6.1). Nobody checks that bit.
_ISATAP, _ISATAP_MASK = 0x00005EFE, 0xFDFFFFFF
# Everything outside of `_GLOBAL_UNICAST` is refused; what is named here from there is for the text only.
_IPV6 = {
    ipaddress.IPv6Network(network): name
    for network, name in {
        "::/128": "the unspecified address (RFC 4291)",
        "::1/128": "the loopback address (RFC 4291)",
        "::/96": "an IPv4-compatible address (RFC 4291)",
        "64:ff9b:1::/48": "an address of a local NAT64 (RFC 8215)",
        "2001::/23": "an address of protocols, such as Teredo (RFC 2928)",
        "2001:db8::/32": "an address for documentation (RFC 3849)",
        "2002::/16": "a 6to4 address (RFC 3056)",
        "3fff::/20": "an address for documentation (RFC 9637)",
        "fc00::/7": "a private address (RFC 4193)",
        "fe80::/10": "a link-local address (RFC 4291)",
        "fec0::/10": "a site-local address (RFC 3879)",
        "ff00::/8": "a multicast address (RFC 4291)",
    }.items()
}
