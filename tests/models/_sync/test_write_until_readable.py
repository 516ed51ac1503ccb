# Generated from ../_async/test_write_until_readable.py by tools/make_sync.py: edit that file, then run it.
"""A write that returns early because something can be read tells whether another call has to send what is left."""

import socket
import threading

import pytest
from httpcore_models import NetworkStream, SyncBackend, WriteTimeout
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.scripted import Connection, ScriptedServer, scripted_server
from httpcore_test_support.waiting import wait_until

pytestmark = [pytest.mark.anyio, pytest.mark.fault("T11")]

TIMEOUT = 10.0
# The buffers of the operating system hold little.
SMALL = 4096
OPTIONS = [(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)]


def connected(server: ScriptedServer, secure: bool, certificates: Certificates) -> NetworkStream:
    stream = SyncBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT, None, OPTIONS)
    return stream.start_tls(certificates.client_context(), "localhost", TIMEOUT) if secure else stream


@pytest.mark.parametrize("secure", [False, True], ids=["tcp", "tls"])
@pytest.mark.parametrize("size", [0, 1, 10_000, 60_000, 600_000])
@pytest.mark.parametrize("after", [0, 500_000], ids=["at first", "after an interrupted write"])
def test_caller_that_goes_on_as_told_sends_everything(
    certificates: Certificates, secure: bool, size: int, after: int
) -> None:
    """Even if it then does nothing else with the stream."""
    go_on, done = threading.Event(), threading.Event()

    def script(connection: Connection) -> None:
        connection.send(b"!")
        connection.wait(go_on)
        connection.receive_exactly(after + size)
        done.set()

    context = certificates.server_context() if secure else None
    with scripted_server(script, tls=context, receive_buffer=SMALL) as server:
        stream = connected(server, secure, certificates)
        if after:
            with pytest.raises(WriteTimeout):
                stream.write(bytes(after), 0.01)
        rest = bytes(size)
        while (taken := stream.write_until_readable(rest, TIMEOUT)) is not None:  # type: ignore[attr-defined]
            rest = rest[taken:]
            # The peer reads only after that.
            stream.receive_nowait(100)  # type: ignore[attr-defined]
            go_on.set()
        go_on.set()
        wait_until(done.is_set)
        stream.close()
