"""TLS inside the tunnel of an HTTP/2 connection."""

import pytest
from httpcore_h2._async.tunnel import AsyncTunnelStream
from httpcore_h2._sync.tunnel import TunnelStream
from httpcore_models.network import AsyncTLSCapableStream, TLSCapableStream


@pytest.mark.parametrize(
    ("tunnel", "capable"), [(AsyncTunnelStream, AsyncTLSCapableStream), (TunnelStream, TLSCapableStream)]
)
def test_start_tls_leaves_the_offer_of_the_context_alone(tunnel: type, capable: type) -> None:
    """A stream without this mark gets a context whose ALPN offer is changed for the time of the handshake."""
    assert tunnel.start_tls.takes_alpn_offer
    assert tunnel.start_tls is capable.start_tls
