# Generated from ../_httpx/_environment.py by tools/make_httpx2.py: edit that file, then run it.
"""The proxies that the environment names, in the form of the `mounts` of a client."""

from __future__ import annotations

import ipaddress
from urllib.request import getproxies

_SCHEMES = ("http", "https", "all")


def environment_proxies() -> dict[str, str | None]:
    """Return the URL of a proxy, or `None` for no proxy, by pattern, as a client of httpx2 reads them."""
    try:
        # It depends on the release which forms of NO_PROXY count, and the patterns are for the client.
        from httpx2._utils import get_environment_proxies
    except ImportError:  # the name is private
        return _own_reading()
    return get_environment_proxies()


def _own_reading() -> dict[str, str | None]:
    """Return the same without the library.

    HTTP_PROXY, HTTPS_PROXY and ALL_PROXY, also in lower case, name the proxies. NO_PROXY names the hosts to reach
    directly. On macOS and Windows the settings of the system count too.
    """
    found = getproxies()
    direct = [host.strip() for host in found.get("no", "").split(",")]
    if "*" in direct:
        return {}
    patterns: dict[str, str | None] = {
        f"{scheme}://": url if "://" in url else f"http://{url}" for scheme in _SCHEMES if (url := found.get(scheme))
    }
    return {**patterns, **{_pattern(host): None for host in direct if host}}


def _pattern(host: str) -> str:
    """Return the pattern for one entry of NO_PROXY. A name stands for the domains below it, too."""
    if "://" in host:
        return host
    try:
        version = ipaddress.ip_address(host.partition("/")[0]).version
    except ValueError:
        return f"all://{host}" if host.lower() == "localhost" else f"all://*{host}"
    return f"all://{host}" if version == 4 else f"all://[{host}]"
