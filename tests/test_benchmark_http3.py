"""The benchmarks over HTTP/3: Caddy, the path that loses packets, and what is measured on them."""

from __future__ import annotations

import argparse
import http.client
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from unittest.mock import Mock

import pytest

pytest.importorskip("resource", reason="the benchmarks run on Linux")

from benchmarks import _caddy, _path
from benchmarks.__main__ import _matching
from benchmarks._path import Device
from benchmarks._report import BUDGETS
from benchmarks._runner import Bench, ClientError, Cores, Effort, Server, running_server
from benchmarks._server import MEDIUM_TRANSFER_LENGTH
from benchmarks.clients._base import Client, Options
from benchmarks.workloads import WORKLOADS

EFFORT = Effort(0, 0.01, limit=20, memory_limit=20, idle_connections=1, short=True)
HERE, THERE = b"\x0a\x4d\x00\x01", b"\x0a\x4d\x00\x02"
BESIDE = [name.removeprefix("http3-") for name in WORKLOADS if name.startswith("http3-")]


def packet(number: int, version: int = 4) -> bytes:
    return bytes((version << 4 | 5,)) + bytes(11) + HERE + THERE + number.to_bytes(2, "big")


class TestDevice:
    def test_packets_come_back_after_the_delay_with_their_addresses_exchanged(self) -> None:
        device = Device(delay=0.01, loss=0)
        device.take(packet(1), now=5.0)
        device.take(packet(2), now=5.005)
        assert device.next_due == pytest.approx(5.01)
        assert device.due(5.009) == []
        assert device.due(5.012) == [bytes((0x45,)) + bytes(11) + THERE + HERE + b"\0\1"]
        assert [data[-1] for data in device.due(6.0)] == [2]
        assert device.next_due is None

    def test_a_share_of_the_packets_is_lost_and_the_others_keep_their_order(self) -> None:
        device = Device(delay=0.01, loss=0.03)
        for number in range(10_000):
            device.take(packet(number), now=0.0)
        numbers = [int.from_bytes(data[-2:], "big") for data in device.due(1.0)]
        assert numbers == sorted(numbers)
        assert 200 < 10_000 - len(numbers) < 400

    def test_only_ipv4_passes(self) -> None:
        device = Device(delay=0, loss=0)
        device.take(packet(1, version=6), now=0.0)
        assert device.next_due is None


class TestWorkloads:
    @pytest.mark.parametrize("name", BESIDE)
    def test_http2_does_the_same_on_the_same_server(self, name: str) -> None:
        http3, http2 = WORKLOADS[f"http3-{name}"], WORKLOADS[f"http2-caddy-{name}"]
        assert (http3.http3, http3.http2, http3.caddy) == (True, False, True)
        assert http2.title == http3.title.replace("HTTP/3", "HTTP/2")
        assert replace(http3, name=http2.name, title=http2.title, http3=False, http2=True) == http2

    def test_only_clients_with_http3_are_compared(self) -> None:
        with_http3, without = (Client("a client", None, sync=Mock(), http2=True, http3=has) for has in (True, False))
        for name in ("http3-sync-1", "http2-caddy-sync-1"):
            assert WORKLOADS[name].supports(with_http3)
            assert not WORKLOADS[name].supports(without)
        assert WORKLOADS["http2-tls-sync-1"].supports(without)

    def test_a_download_with_losses_is_short(self) -> None:
        workload = WORKLOADS["http3-loss-3-download"]
        assert workload.expected() == workload.expected(short=True) == (200, MEDIUM_TRANSFER_LENGTH)

    def test_patterns_select_workloads(self) -> None:
        parser = argparse.ArgumentParser()
        assert _matching(parser, ["http3-sync-1", "sync-1", "sync-2"], "sync-*") == ["sync-1", "sync-2"]
        with pytest.raises(SystemExit):
            _matching(parser, ["sync-1"], "http4-*")

    def test_budgets_are_of_workloads(self) -> None:
        budgets = [budget for budget in BUDGETS if budget.measured[0].startswith("http3-")]
        assert len(budgets) == 14
        assert {name for budget in budgets for name, _ in (budget.measured, budget.against)} <= WORKLOADS.keys()

    def test_http3_excludes_other_protocols(self) -> None:
        options = Options("127.0.0.1", 443, "/small", 1, http3=True, negotiates=True)
        assert (options.http1, options.http2, options.http3) == (False, False, True)


def test_what_the_system_lacks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_caddy, "version", lambda: None)
    with running_server(Cores(None, None), nginx=False, caddy=True, losses=True) as server:
        assert server.lacks == ["HTTP/3, and HTTP/2 beside it: Caddy is not installed"]
        assert not server.serves(WORKLOADS["http3-sync-1"])
        assert server.serves(WORKLOADS["http2-tls-sync-1"])
    monkeypatch.setattr(_caddy, "version", lambda: "2")
    monkeypatch.setattr(_path, "missing", lambda: "a device")
    with running_server(Cores(None, None), nginx=False, losses=True) as server:
        assert server.lacks == ["the path that loses packets: it needs a device"]
        assert not server.serves(WORKLOADS["http3-loss-1-page"])


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    if _caddy.version() is None:
        pytest.skip("needs Caddy")
    with running_server(Cores(None, None), nginx=False, caddy=True, losses=_path.missing() is None) as server:
        yield server


def bench(server: Server) -> Bench:
    return Bench(server, Cores(None, None), EFFORT, None)


class TestCaddy:
    @pytest.mark.parametrize("name", ["http3-sync-1", "http3-upload-asyncio", "http2-caddy-download-sync"])
    def test_requests_are_measured(self, server: Server, name: str) -> None:
        sample = bench(server).measure("httpcore", WORKLOADS[name])
        assert sample["complete"]
        assert sample["requests"] >= 1
        assert sample["server_busy_share"] > 0

    def test_the_transport_for_httpx_has_http3(self, server: Server) -> None:
        assert bench(server).measure("httpx_transport", WORKLOADS["http3-sync-1"])["complete"]

    def test_no_other_protocol_is_served(self, server: Server) -> None:
        assert server.caddy is not None
        context = ssl.create_default_context(cafile=server.authority)
        connection = http.client.HTTPSConnection("127.0.0.1", server.caddy.http2_port, context=context)
        connection.request("GET", "/small")
        assert connection.getresponse().status == 505
        connection.close()

    def test_tables_name_it(self, server: Server) -> None:
        assert server.name_for(WORKLOADS["http3-sync-1"]).startswith("Caddy 2")
        assert server.name_for(WORKLOADS["http2-tls-sync-1"]) == "the benchmarks' own"


class TestPath:
    @pytest.fixture(autouse=True)
    def distant(self, server: Server) -> None:
        if server.distant is None:
            pytest.skip("; ".join(server.lacks) or f"needs {_path.missing()}")

    @pytest.mark.parametrize(("name", "round_trips"), [("http3-path-first", 2), ("http2-caddy-path-first", 3)])
    def test_http3_connects_in_a_round_trip_less(self, server: Server, name: str, round_trips: int) -> None:
        workload = WORKLOADS[name]
        assert bench(server).measure("httpcore", workload)["seconds_each"] >= round_trips * workload.round_trip

    @pytest.mark.parametrize("protocol", ["http3", "http2-caddy"])
    def test_pages_arrive_in_spite_of_losses(self, server: Server, protocol: str) -> None:
        sample = bench(server).measure("httpcore", WORKLOADS[f"{protocol}-loss-3-page"])
        assert sample["requests"] >= 30

    def test_clients_join_its_namespace(self, server: Server) -> None:
        assert server.distant is not None
        address = _path.server_address(0)
        code = f"import socket; socket.create_connection(({address!r}, {server.distant.http2_port}), 10)"
        entering = _path.entering(server.distant.path or 0)
        assert not subprocess.run([*entering, sys.executable, "-c", code], check=False).returncode

    def test_a_failing_client_is_named(self, server: Server) -> None:
        with pytest.raises(ClientError, match="no_such_client failed in http3-path-first"):
            bench(server).measure("no_such_client", WORKLOADS["http3-path-first"])
