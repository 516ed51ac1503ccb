# Generated from ../_async/test_http3_faults.py by tools/make_sync.py: edit that file, then run it.
"""Requests over HTTP/3 with faults of all kinds leave nothing behind. `tools/http3_faults.py` sends very many."""

import gc
import random
from typing import Any

import pytest

pytest.importorskip("qh3")

from httpcore import ConnectionPool
from httpcore_test_support._sync.detours import Detour
from httpcore_test_support._sync.http3_load import Load
from httpcore_test_support.bad_weather import bad_weather
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.datagram_relay import datagram_relay
from httpcore_test_support.leftovers import running
from httpcore_test_support.sockets import no_leaked_sockets
from httpcore_test_support.waiting import at_once

# Some responses are forgotten, so that nobody closes them.
pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore:unclosed response:ResourceWarning")]

WORKERS, REQUESTS = 16, 12


@pytest.mark.parametrize("fallback", [False, True])
def test_requests_with_faults_leave_nothing(
    caddy_http3: CaddyServer, certificates: Certificates, chance: random.Random, fallback: bool
) -> None:
    context = certificates.client_context()
    before = running()
    with no_leaked_sockets(), datagram_relay(caddy_http3.https_port, chance=chance) as relay:
        backend = Detour(relay.port)
        options: dict[str, Any] = {"http1": fallback, "http3": True, "max_connections": 4, "network_backend": backend}
        with ConnectionPool(context, **options) as pool:
            large = (pool.request("GET", f"{caddy_http3.https_url}/1mb.bin")).content
            seeds = [chance.random() for _ in range(WORKERS)]
            loads = [Load(pool, caddy_http3.https_url, random.Random(seed), large) for seed in seeds]
            with bad_weather(relay, [caddy_http3.https_port], chance):
                at_once(*[lambda load=load: load.run(REQUESTS) for load in loads])  # type: ignore[misc]
            gc.collect()
            assert [wrong for load in loads for wrong in load.wrong] == []
            stats = pool.stats()
            assert (stats.requests_active, stats.requests_queued, stats.connections_active) == (0, 0, 0)
            for load in loads:
                load.calm = True
            pool.close()
            at_once(*[lambda load=load: load.run(2) for load in loads])  # type: ignore[misc]
            assert [wrong for load in loads for wrong in load.wrong] == []
    gc.collect()
    assert running() <= before
