"""TLS for the benchmarks: a certificate authority for one run, and the server's side of a connection."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import trustme


def issue_certificates(folder: Path, *hosts: str) -> tuple[Path, Path]:
    """The files of the authority's certificate, and of the server's certificate for all hosts and key."""
    authority = trustme.CA()
    authority_file, server_file = folder / "authority.pem", folder / "server.pem"
    authority.cert_pem.write_to_path(authority_file)
    authority.issue_cert(*hosts).private_key_and_cert_chain_pem.write_to_path(server_file)
    return authority_file, server_file


def tls_context(certificate: str, *protocols: str) -> ssl.SSLContext:
    """The server's context; `certificate` is the file of its certificate and key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


class TlsSocket:
    """A non-blocking TLS socket. The first call does the handshake; errors are those of a plain socket."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self._socket = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)

    def recv_into(self, buffer: memoryview) -> int:
        # The buffer holds a whole record. Decrypted bytes left behind would not make the socket readable.
        try:
            return self._socket.recv_into(buffer)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise BlockingIOError from None

    def send(self, data: bytes | bytearray | memoryview, flags: int = 0) -> int:
        """Send data. After `BlockingIOError`, the same data must be sent again. TLS has no use for flags."""
        try:
            return self._socket.send(data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise BlockingIOError from None

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()
