"""How qh3 is to do QUIC."""

from qh3 import QuicConfiguration

from ._tls.options import TLSOptions

#: The name of HTTP/3 in the handshake (RFC 9114 section 3.1).
ALPN = "h3"

# Credit for the whole connection and for one stream, in bytes. It comes back as the datagrams are taken in, not as the
# responses are read.
_CONNECTION_WINDOW, _STREAM_WINDOW = 16 * 1024 * 1024, 8 * 1024 * 1024


def new_configuration(tls: TLSOptions, idle_timeout: float) -> QuicConfiguration:
    """Return the configuration of a new connection. `idle_timeout` is in seconds."""
    configuration = QuicConfiguration(
        is_client=True,
        alpn_protocols=[ALPN],
        idle_timeout=idle_timeout,
        max_data=_CONNECTION_WINDOW,
        max_stream_data=_STREAM_WINDOW,
        server_name=tls.server_name,
        verify_mode=tls.verify_mode,
        verify_hostname=tls.check_hostname,
        # Without a ticket there is no early data, which could be replayed.
        session_ticket=None,
        secrets_log_file=tls.key_log,
    )
    if tls.authorities:
        configuration.load_verify_locations(cadata=tls.authorities)
    return configuration
