"""TLS for QUIC: what of an `ssl.SSLContext` holds for it."""
