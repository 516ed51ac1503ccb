"""A request through an open tunnel costs as much as a direct one: the same calls."""

import collections
import gc
import sys
from types import FrameType
from typing import Any

import pytest
from httpcore import ConnectionPool, Proxy
from httpcore_test_support._sync.recording import RecordingBackend

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
TUNNELS = {
    "http": [b"HTTP/1.1 200 OK\r\n\r\n"],
    "socks5": [b"\x05\x00", b"\x05\x00\x00\x01\x7f\x00\x00\x01\x12\x34"],
    "socks4a": [b"\x00\x5a" + bytes(6)],
}


def calls_of_a_request(pool: ConnectionPool) -> collections.Counter[str]:
    """Count the calls of a request on a warm connection, by name."""
    calls: collections.Counter[str] = collections.Counter()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            calls[f"{frame.f_code.co_filename}: {frame.f_code.co_name}"] += 1

    for _ in range(2):
        pool.request("GET", "ws://example.com/")
    gc.disable()  # the finalizers of other tests' objects do not count
    sys.setprofile(note)
    try:
        pool.request("GET", "ws://example.com/")
    finally:
        sys.setprofile(None)
        gc.enable()
    return calls


@pytest.mark.parametrize("scheme", TUNNELS)
def test_the_calls_are_the_same(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # On a slow machine, one of the two would check its connection once more.
    monkeypatch.setattr("httpcore._pool.pruning._LIVENESS_INTERVAL", 1000.0)
    monkeypatch.setattr("httpcore_h11._sync.connection._CHECK_IS_VALID_FOR", 1000.0)
    with ConnectionPool(network_backend=RecordingBackend([OK] * 3)) as pool:
        direct = calls_of_a_request(pool)
    backend = RecordingBackend([*TUNNELS[scheme], *[OK] * 3])
    with ConnectionPool(proxy=Proxy(f"{scheme}://proxy.local"), network_backend=backend) as pool:
        assert calls_of_a_request(pool) == direct
    assert sum(direct.values()) > 0
