"""Exceptions from signal handlers while a pool opens and uses connections over HTTP/3: nothing is lost after that."""

import gc
import os
import random
import sys
from types import CodeType
from typing import Any

import pytest

pytest.importorskip("qh3")

from httpcore import ConnectionPool, HTTPCoreError, SyncBackend
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.h3_in_memory import InMemoryPeer
from httpcore_test_support.interrupting import raised_at
from httpcore_test_support.library_code import is_library_code

pytestmark = [
    pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="instructions are those of Python 3.11"),
    # A response that the exception took from its receiver was not closed.
    pytest.mark.filterwarnings("ignore:unclosed response:ResourceWarning"),
]

TIMEOUTS: dict[str, Any] = {"timeout": {"connect": 10.0, "read": 10.0, "write": 10.0, "pool": 10.0}}
URL = "https://localhost/"

# Every point would take a minute. The first one is drawn at random, so that in the long run all are hit.
STRIDE = int(os.environ.get("HTTPCORE_TEST_STRIDE") or 31)


class InMemoryBackend(SyncBackend):
    """Connects to a server in memory."""

    def __init__(self, certificates: Certificates) -> None:
        super().__init__()
        self._certificates = certificates

    def connect_tcp(self, *arguments: Any, **options: Any) -> Any:
        raise AssertionError("not over TCP")

    def connect_udp(self, *arguments: Any, **options: Any) -> InMemoryPeer:
        return InMemoryPeer(self._certificates)


def is_ours(code: CodeType) -> bool:
    return is_library_code(code, "httpcore", "httpcore_h3", "httpcore_models")


def post(pool: ConnectionPool) -> bytes:
    with pool.stream("POST", URL, content=iter([b"o", b"ne"]), extensions=TIMEOUTS) as response:
        return b"".join(response.iter_stream())


@pytest.mark.parametrize("warm", [False, True], ids=["new", "warm"])
def test_at_many_points(certificates: Certificates, chance: random.Random, warm: bool) -> None:
    context, backend = certificates.client_context(), InMemoryBackend(certificates)
    with ConnectionPool(context, http1=False, http3=True, max_connections=1, network_backend=backend) as pool:
        assert post(pool) == b"hello"
        step, losses = chance.randrange(STRIDE) + 1, 0
        while True:
            if not warm:
                pool.close()
            if not raised_at(step, lambda: post(pool), is_ours):
                break
            if pool.stats().requests_active:
                gc.collect()  # what a traceback refers to
            stats = pool.stats()
            assert (stats.requests_active, stats.requests_queued) == (0, 0), step
            try:
                assert post(pool) == b"hello", step
            except HTTPCoreError:
                # An interrupted step of the engine may have left the connection in any state. The next one is new.
                losses += 1
                assert post(pool) == b"hello", step
            step += STRIDE
        assert step > 300
        assert losses < step / STRIDE / 2
        assert pool.stats().requests_active == 0
