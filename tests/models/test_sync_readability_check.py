"""Checking whether a TLS stream is readable takes nothing from a thread that reads."""

import select
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from httpcore_models import NetworkStream, SyncBackend
from httpcore_models.network import TLSStream
from httpcore_test_support.background import Background
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import hold, send, wait

TIMEOUT = 10.0


class Interlude:
    """Holds up a check, before or after it receives, until a read has begun."""

    def __init__(self, call: Callable[..., Any], *, before: bool) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()
        self._call = call
        self._before = before

    def __call__(self, *arguments: Any) -> Any:
        if self._before:
            self._hold()
        result = self._call(*arguments)
        if not self._before:
            self._hold()
        return result

    def _hold(self) -> None:
        self.reached.set()
        assert self.go_on.wait(TIMEOUT)


@pytest.fixture(params=["socket", "stream"])
def looked_at(
    request: pytest.FixtureRequest, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[NetworkStream, Interlude]]:
    """A stream on which `abc` has arrived."""
    shaken_hands = threading.Event()
    server_context = certificates.server_context()
    server_context.num_tickets = 0
    with scripted_server([wait(shaken_hands), send(b"abc"), hold()], tls=server_context) as server:
        below = SyncBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT)
        if request.param == "socket":
            stream = below.start_tls(certificates.client_context(), "localhost", TIMEOUT)
            sock = stream.get_extra_info("socket")
            interlude = Interlude(sock.recv, before=True)
            monkeypatch.setattr(sock, "recv", interlude)
        else:
            stream = TLSStream.handshake(below, certificates.client_context(), "localhost", TIMEOUT)
            sock = below.get_extra_info("socket")
            interlude = Interlude(below.receive_nowait, before=False)  # type: ignore[attr-defined]
            monkeypatch.setattr(below, "receive_nowait", interlude)
        shaken_hands.set()
        assert select.select([sock], [], [], TIMEOUT)[0]
        try:
            yield stream, interlude
        finally:
            stream.close()


@pytest.mark.fault("S2")
def test_read_during_a_readability_check_gets_all_bytes_in_order(looked_at: tuple[NetworkStream, Interlude]) -> None:
    stream, interlude = looked_at
    with Background() as background:
        look = background.start(stream.get_extra_info, "is_readable")
        assert interlude.reached.wait(TIMEOUT)
        read = background.start(stream.read, 100, TIMEOUT)
        time.sleep(0.05)  # for the read to begin
        interlude.go_on.set()
        assert look.result()
        data = read.result()
        while len(data) < 3:
            data += stream.read(100, TIMEOUT)
    assert data == b"abc"
