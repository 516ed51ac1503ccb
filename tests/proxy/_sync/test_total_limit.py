# Generated from ../_async/test_total_limit.py by tools/make_sync.py: edit that file, then run it.
"""A limit for the whole request, while a proxy is asked for a tunnel."""

from typing import Any

import pytest
from httpcore_models import (
    URL,
    ConnectTimeout,
    NetworkStream,
    Origin,
    ReadTimeout,
    Request,
    SyncBackend,
    WriteTimeout,
)
from httpcore_models.lowlevel import begin_request
from httpcore_models.network import Dialler, DirectDialler
from httpcore_proxy import SocksDialler, TunnelDialler
from httpcore_test_support.recording import RecordingBackend
from httpcore_test_support.scripted import ScriptedServer, scripted_server
from httpcore_test_support.steps import hold

pytestmark = pytest.mark.anyio

ORIGIN = Origin(b"https", b"example.com", 443)
LONG = 30.0
SHORT = 0.05


def tunnel(server: ScriptedServer) -> Dialler:
    return TunnelDialler(DirectDialler(SyncBackend()), URL(server.url).origin)


def socks(server: ScriptedServer) -> Dialler:
    proxy = URL(server.url.replace("http://", "socks5://")).origin
    return SocksDialler(DirectDialler(SyncBackend()), proxy)


def dial(dialler: Dialler, **limits: float) -> NetworkStream:
    request = begin_request(Request("GET", "https://example.com/", extensions={"timeout": dict[str, Any](limits)}))
    return dialler.dial(ORIGIN, request, request.extensions["timeout"].at_most(limits.get("connect")))


@pytest.mark.parametrize("through", [tunnel, socks])
def test_it_ends_the_wait_for_the_proxy(through: Any) -> None:
    with scripted_server([hold()]) as server:
        with pytest.raises(ConnectTimeout, match=r"within the total limit of 0\.05 seconds"):
            dial(through(server), total=SHORT)
        with pytest.raises(ConnectTimeout, match=r"within the total limit of 0\.05 seconds"):
            dial(through(server), read=LONG, total=SHORT)


@pytest.mark.parametrize("through", [tunnel, socks])
def test_single_waits_keep_their_own_limits(through: Any) -> None:
    with scripted_server([hold()]) as server, pytest.raises(ReadTimeout):
        dial(through(server), read=SHORT, total=LONG)


def test_a_limit_for_connecting_replaces_those_of_single_waits() -> None:
    with scripted_server([hold()]) as server, pytest.raises(ConnectTimeout, match=r"after 0\.05 seconds"):
        dial(tunnel(server), connect=SHORT, read=SHORT / 2, total=LONG)


def test_a_write_keeps_its_own_limit() -> None:
    class Backend(RecordingBackend):
        def connect_tcp(self, *arguments: Any, **options: Any) -> NetworkStream:
            stream = super().connect_tcp(*arguments, **options)
            stream.write = stuck  # type: ignore[method-assign]
            return stream

    def stuck(buffer: bytes, timeout: float | None = None) -> None:
        raise WriteTimeout(f"after {timeout} seconds")

    dialler = TunnelDialler(DirectDialler(Backend([])), Origin(b"http", b"proxy.local", 8080))
    with pytest.raises(WriteTimeout, match=r"after 0\.05 seconds"):
        dial(dialler, write=SHORT, total=LONG)
