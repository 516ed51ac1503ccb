"""What is special about TLS on blocking sockets."""

import os
import ssl
import threading

import pytest
from httpcore_models import ConnectError, SyncBackend
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import abort, wait
from httpcore_test_support.waiting import wait_until


def test_a_reset_before_the_handshake_leaves_no_socket_open() -> None:
    connected = threading.Event()
    with scripted_server([wait(connected), abort()]) as server:
        stream = SyncBackend().connect_tcp("127.0.0.1", server.port, 10.0)
        connected.set()
        wait_until(lambda: stream.get_extra_info("is_readable"))
        descriptor = stream.get_extra_info("socket").fileno()
        with pytest.raises(ConnectError, match=rf"reset by peer \(127\.0\.0\.1:{server.port}\)"):
            stream.start_tls(ssl.create_default_context(), "localhost", 10.0)
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
