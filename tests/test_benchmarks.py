"""The benchmarks: their tables and picture, their server, and their measurements."""

from __future__ import annotations

import http.client
import ssl
import sys
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock
from xml.etree import ElementTree

import pytest

pytest.importorskip("resource", reason="the benchmarks run on Linux")

from benchmarks import clients
from benchmarks._instructions import count
from benchmarks._meter import Meter, Run, Sample, merged
from benchmarks._picture import PANELS, picture
from benchmarks._report import report
from benchmarks._runner import Bench, ClientError, Cores, Effort, Result, Results, Server, run_rounds, running_server
from benchmarks._server import SMALL_LENGTH, TRANSFER_LENGTH
from benchmarks._startup import StartupError, measure_startup
from benchmarks.clients._base import Client, Options, Startup
from benchmarks.workloads import WORKLOADS, Workload

OURS = Client("httpcore", None)
PEER = Client("httpcore2", None)
MIB = 2**20


def rated(rate: float, **others: float) -> Sample:
    sample = {"complete": True, "requests": 100, "rate": rate, "cpu_per_request": 1 / rate, "p50": 0.001, "p99": 0.002}
    shares = {"client_waited_for_core_share": 0.0, "server_busy_share": 0.5, "server_connections": 1}
    return {**sample, **shares, "memory_growth": 0.0, **others}


def started(seconds: float) -> Sample:
    fields = ("import", "first_request", "first_tls_request", "second_tls_request")
    return {"complete": True, "modules": 7, **{f"{field}_seconds": seconds for field in fields}}


def results(workload: str, *rows: tuple[Client, list[Sample]]) -> Results:
    return {(workload, client.label): Result(client, WORKLOADS[workload], samples) for client, samples in rows}


def cells(markdown: str, label: str, table: str) -> dict[str, str]:
    """Return a row of a table, by column."""
    lines = markdown.partition(f"## {table}\n")[2].partition("\n## ")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return next(dict(zip(rows[0], row, strict=True)) for row in rows if row[0] == label)


class TestReport:
    def test_fastest_client_comes_first_and_is_compared(self) -> None:
        text = report(results("sync-1", (PEER, [rated(100)]), (OURS, [rated(400)])))
        assert text.index("**httpcore**") < text.index("| httpcore2")
        row = cells(text, "**httpcore**", "sync-1")
        assert (row["requests/s"], row["vs httpcore2"], row["vs httpcore"]) == ("400", "4.00×", "1.00×")  # noqa: RUF001
        assert row["CPU µs/request"] == "2,500.0"

    def test_figures_are_medians_of_rounds(self) -> None:
        text = report(results("sync-1", (OURS, [rated(100), rated(900), rated(300)])))
        row = cells(text, "**httpcore**", "sync-1")
        assert (row["requests/s"], row["spread"]) == ("300", "±80%")

    def test_rounds_that_were_cut_short_are_left_out_with_a_note(self) -> None:
        text = report(results("sync-1", (OURS, [rated(100), rated(900, complete=False)])))
        assert cells(text, "**httpcore**", "sync-1")["requests/s"] == "100"
        assert "httpcore: 1 of 2 rounds reached the time limit" in text

    def test_transfers_have_speed_and_memory(self) -> None:
        text = report(results("upload-sync", (OURS, [rated(10, memory_growth=1.5 * MIB)])))
        row = cells(text, "**httpcore**", "upload-sync")
        assert (row["MB/s"], row["CPU ms/transfer"], row["memory growth MiB"]) == ("1,000", "100.0", "1.5")

    def test_small_requests_have_no_memory_column(self) -> None:
        assert "memory" not in report(results("sync-1", (OURS, [rated(100)])))

    def test_fastest_start_comes_first(self) -> None:
        text = report(results("startup", (PEER, [started(0.2)]), (OURS, [started(0.1)])))
        assert text.index("**httpcore**") < text.index("| httpcore2")
        row = cells(text, "**httpcore**", "startup")
        assert (row["modules imported"], row["import ms"], row["import and first https ms"]) == ("7", "100.0", "200.0")
        assert row["vs httpcore2"] == "0.50×"  # noqa: RUF001

    def test_notes_mention_a_busy_server_and_an_occupied_core(self) -> None:
        samples = [rated(100, server_busy_share=0.95, client_waited_for_core_share=0.4)]
        text = report(results("sync-1", (OURS, samples)))
        assert "The server was busy 95% of the time with httpcore." in text
        assert "waited 40% of the time for their core" in text

    @pytest.mark.parametrize(("rate", "met"), [(400, "yes"), (399, "no")])
    def test_budget_says_whether_it_is_met(self, rate: float, met: str) -> None:
        text = report(results("sync-1", (PEER, [rated(100)]), (OURS, [rated(rate)])))
        assert cells(text, "sync-1 vs httpcore2", "budgets")["met"] == met

    @pytest.mark.parametrize(("cpu", "met"), [(1.2, "yes"), (1.3, "no")])
    def test_budget_may_be_of_cpu_time(self, cpu: float, met: str) -> None:
        floor = Client("floor", None)
        rows = (floor, [rated(1, cpu_per_request=1.0)]), (OURS, [rated(9, cpu_per_request=cpu)])
        row = cells(report(results("sync-1", *rows)), "CPU time of sync-1 vs bare socket", "budgets")
        assert (row["bound"], row["ratio"], row["met"]) == ("≤ 1.2", f"{cpu:.2f}×", met)  # noqa: RUF001

    def test_threads_have_context_switches(self) -> None:
        text = report(results("http2-tls-threads-16", (OURS, [rated(100, switches_per_request=2.5)])))
        assert cells(text, "**httpcore**", "http2-tls-threads-16")["switches/request"] == "2.50"

    def test_a_long_path_has_round_trips_and_connections(self) -> None:
        sample = rated(2, seconds_each=0.5, server_accepted=3, length=10_000_000)
        row = cells(
            report(results("path-100-cold-download", (OURS, [sample]))), "**httpcore**", "path-100-cold-download"
        )
        assert (row["round trips"], row["connections"], row["MB/s"]) == ("5.00", "3", "20")

    def test_the_server_of_http2_is_named(self) -> None:
        text = report(results("http2-sync-1", (OURS, [rated(1)])), lambda workload: f"a server of {workload.name}")
        assert "Small GET over HTTP/2, sync, 1 stream. Server: a server of http2-sync-1." in text

    def test_budget_without_measurements_is_left_out(self) -> None:
        assert "sync-1 vs httpcore2" not in report(results("sync-1", (OURS, [rated(100)])))


def raw_data(*samples: tuple[str, str, list[Sample]]) -> dict[str, Any]:
    labels = {client for _, client, _ in samples}
    return {
        "machine": "A CPU, 2 cores & more.",
        "options": {"rounds": 5},
        "clients": {name: {"label": name, "version": "1"} for name in labels},
        "samples": [{"workload": workload, "client": name, "rounds": rounds} for workload, name, rounds in samples],
    }


def drawn(data: dict[str, Any], tag: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(picture(data)).iter(f"{{http://www.w3.org/2000/svg}}{tag}"))


def texts(data: dict[str, Any], kind: str) -> list[str | None]:
    return [element.text for element in drawn(data, "text") if kind in element.attrib["class"].split()]


class TestPicture:
    def test_bars_show_medians_shortest_first(self) -> None:
        data = raw_data(
            ("sync-1", "httpcore2", [rated(2_000), rated(1_000), rated(500)]), ("sync-1", "httpcore", [rated(4_000)])
        )
        ours, peer = drawn(data, "rect")
        assert float(peer.attrib["width"]) == pytest.approx(4 * float(ours.attrib["width"]), abs=0.3)
        assert texts(data, "label") == ["httpcore", "httpcore2"]
        assert texts(data, "value") == ["250", "1,000"]

    def test_only_ours_is_emphasised(self) -> None:
        data = raw_data(("sync-1", "httpcore2", [rated(1_000)]), ("sync-1", "httpcore", [rated(2_000)]))
        assert [bar.attrib["class"] for bar in drawn(data, "rect")] == ["bar ours", "bar"]
        assert texts(data, "ours") == ["httpcore", "500"]

    def test_incomplete_rounds_are_left_out(self) -> None:
        data = raw_data(("sync-1", "slow", [rated(1, complete=False)]), ("sync-1", "httpcore", [rated(1_000)]))
        assert texts(data, "label") == ["httpcore"]

    def test_measured_workloads_have_their_panels(self) -> None:
        rows = [(workload, "httpcore", [rated(1_000)]) for workload in ("asyncio-16", "sync-1", "upload-sync")]
        rows.append(("startup", "httpcore", [started(1)]))
        assert texts(raw_data(*rows), "title") == [PANELS["sync-1"], PANELS["asyncio-16"]]

    def test_panels_are_workloads(self) -> None:
        assert PANELS.keys() <= WORKLOADS.keys()

    def test_nothing_is_drawn_outside_the_picture(self) -> None:
        names = ("sync-1", "asyncio-16", "tls-sync-1")
        data = raw_data(*((name, f"client {number}", [rated(1_000)]) for name in names for number in range(12)))
        svg = ElementTree.fromstring(picture(data))
        width, height = (float(svg.attrib[side]) for side in ("width", "height"))
        bars = drawn(data, "rect")
        assert len(bars) == len(names) * 12
        for bar in bars:
            assert float(bar.attrib["x"]) + float(bar.attrib["width"]) <= width
            assert float(bar.attrib["y"]) + float(bar.attrib["height"]) <= height

    def test_picture_names_the_machine(self) -> None:
        assert "A CPU, 2 cores & more." in texts(raw_data(("sync-1", "httpcore", [rated(1_000)])), "note")

    def test_picture_follows_the_theme(self) -> None:
        assert "@media (prefers-color-scheme: dark)" in picture(raw_data(("sync-1", "httpcore", [rated(1_000)])))


class TestOptions:
    @pytest.mark.parametrize("length", [1, 65536, 65537, 200_000])
    def test_parts_of_an_upload_add_up_to_its_length(self, length: int) -> None:
        options = Options("127.0.0.1", 80, "/upload", 1, upload_length=length)
        assert sum(map(len, options.parts())) == length
        assert options.headers["Content-Length"] == str(length)
        assert options.request.startswith(b"POST /upload HTTP/1.1\r\n")

    def test_an_authority_means_tls(self) -> None:
        assert Options("127.0.0.1", 80, "/", 1).url == "http://127.0.0.1:80/"
        assert Options("127.0.0.1", 443, "/", 1, authority="ca.pem").url == "https://127.0.0.1:443/"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server(Cores(None, None)) as server:
        yield server


@pytest.fixture(params=["clear", "tls"])
def connection(request: pytest.FixtureRequest, server: Server) -> Iterator[http.client.HTTPConnection]:
    if request.param == "tls":
        context = ssl.create_default_context(cafile=server.authority)
        made: http.client.HTTPConnection = http.client.HTTPSConnection("127.0.0.1", server.tls_port, context=context)
    else:
        made = http.client.HTTPConnection("127.0.0.1", server.port)
    yield made
    made.close()


class TestServer:
    def test_a_connection_serves_several_requests(self, connection: http.client.HTTPConnection) -> None:
        for path, length in (("/small", SMALL_LENGTH), ("/download", TRANSFER_LENGTH), ("/small", SMALL_LENGTH)):
            connection.request("GET", path)
            response = connection.getresponse()
            assert (response.status, len(response.read())) == (200, length)

    @pytest.mark.parametrize("length", [1, 1_000_000])
    def test_an_upload_is_answered_once_it_has_arrived(
        self, connection: http.client.HTTPConnection, length: int
    ) -> None:
        for _ in range(2):
            connection.request("POST", "/upload", body=b"x" * length)
            response = connection.getresponse()
            assert (response.status, len(response.read())) == (200, SMALL_LENGTH)


class TestMeasurements:
    @pytest.mark.parametrize(
        "workload", ["upload-sync", "upload-asyncio", "tls-download-sync", "tls-upload-asyncio", "http2-sync-1"]
    )
    def test_requests_are_counted(self, server: Server, workload: str) -> None:
        sample = bench(server).measure("httpcore", WORKLOADS[workload])
        assert sample["complete"]
        assert sample["requests"] == sample["server_requests"] >= 1
        assert sample["cpu_per_request"] > 0
        assert sample["memory_growth"] < TRANSFER_LENGTH / 2

    def test_memory_growth_includes_freed_memory(self, server: Server) -> None:
        meter = Meter(
            Run("httpcore", "sync-1", 1, "127.0.0.1", server.port, server.tls_port, server.authority, 0, 0, 1)
        )
        # More than the allocator keeps of memory that earlier tests freed, which is up to 64 MiB.
        taken = bytes(range(256)) * (160 * MIB // 256)
        del taken
        meter.begin(complete=True)
        assert meter.sample()["memory_growth"] > 80 * MIB

    def test_a_start_is_measured_in_parts(self, server: Server) -> None:
        sample = bench(server).measure("http_client", WORKLOADS["startup"])
        assert sample["complete"]
        assert all(value > 0 for value in sample.values())

    def test_a_start_without_a_response_fails(self, server: Server) -> None:
        with pytest.raises(StartupError, match="the status is 404, not 200"):
            measure_startup(Startup("import json", "status = 404"), "http://", "https://", server.authority)
        with pytest.raises(StartupError, match="ModuleNotFoundError"):
            measure_startup(Startup("import no_such_module", ""), "http://", "https://", server.authority)

    def test_a_failing_client_is_named(self, server: Server) -> None:
        with pytest.raises(ClientError, match="no_such_client failed in sync-1"):
            bench(server).measure("no_such_client", WORKLOADS["sync-1"])

    def test_a_failing_client_does_not_affect_others(
        self, server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def measure(_: Bench, client: str, workload: Workload) -> Sample:
            if client == "httpcore2":
                raise ClientError(f"{client} failed in {workload.name}: it hangs")
            return rated(100)

        monkeypatch.setattr(Bench, "measure", measure)
        both = {client.label: Client(client.label, None, sync=Mock()) for client in (PEER, OURS)}
        results, failures = run_rounds(bench(server), both, [WORKLOADS["sync-1"]], rounds=2)
        assert failures == [f"round {number}: httpcore2 failed in sync-1: it hangs" for number in (1, 2)]
        assert [(client, len(result.samples)) for (_, client), result in results.items()] == [("httpcore", 2)]
        assert failures[0] in capsys.readouterr().err


def bench(server: Server) -> Bench:
    return Bench(server, Cores(None, None), Effort(0, 0.01, limit=20, memory_limit=20, idle_connections=1), None)


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="instructions are not traced in frames that run already")
@pytest.mark.parametrize("http2", [False, True])
def test_the_calls_and_instructions_of_a_request_are_counted(http2: bool) -> None:
    calls, instructions = count(http2=http2)
    assert 10 < calls < instructions
    assert count(http2=http2) == (calls, instructions)


def test_samples_one_after_the_other_are_merged() -> None:
    one = {**rated(10), "seconds": 1.0, "server_requests": 10, "switches_per_request": 1.0}
    two = {**one, "requests": 300, "seconds": 7.0, "switches_per_request": 2.0}
    sample = merged([{**one, "requests": 100}, two])
    assert (sample["requests"], sample["seconds"], sample["rate"], sample["seconds_each"]) == (400, 8.0, 50.0, 4.0)
    assert sample["switches_per_request"] == 1.75


def test_every_client_offers_what_it_says() -> None:
    loaded = [client for name in clients.names() if (client := clients.load(name)) is not None]
    assert {"httpcore", "bare socket", "http.client"} <= {client.label for client in loaded}
    for client in loaded:
        assert client.sync or client.asyncio
