"""Connecting through proxies: HTTP CONNECT tunnels, SOCKS, chains of both, and forwarding of plain HTTP.

Not here: HTTP to the origin (`httpcore_h11`, `httpcore_h2`) and connection pools (`httpcore`).
"""

from ._async.socks import AsyncSocksDialler as AsyncSocksDialler
from ._async.socks import AsyncSocksProxyDialler as AsyncSocksProxyDialler
from ._async.tunnel import AsyncTLSDialler as AsyncTLSDialler
from ._async.tunnel import AsyncTunnelDialler as AsyncTunnelDialler
from ._requests import connect_request as connect_request
from ._requests import forwarded_request as forwarded_request
from ._requests import merge_headers as merge_headers
from ._socks import SOCKS_SCHEMES as SOCKS_SCHEMES
from ._socks import require_socksio as require_socksio
from ._sync.socks import SocksDialler as SocksDialler
from ._sync.socks import SocksProxyDialler as SocksProxyDialler
from ._sync.tunnel import TLSDialler as TLSDialler
from ._sync.tunnel import TunnelDialler as TunnelDialler

__version__ = "1.0.0"
