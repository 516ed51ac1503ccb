"""The figures of the command line about any number of requests, and what is kept for them."""

from __future__ import annotations

import gc
import json
import random
import statistics
from pathlib import Path

import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.har import check_har
from httpcore_test_support.sockets import refusing_port
from httpcore_trace import RecordedError, RequestRecord
from httpcore_trace._cli.command import main
from httpcore_trace._cli.summary import Durations, Summary

LIMIT = 100


@pytest.fixture(autouse=True)
def lower_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("httpcore_trace._cli.summary._MOST_DURATIONS", LIMIT)
    monkeypatch.setattr("httpcore_trace._cli.summary._MOST_ERRORS", 3)


def durations_of(values: list[float]) -> Durations:
    durations = Durations()
    for value in values:
        durations.add(value)
    return durations


def ended(
    number: int, seconds: float = 1.0, error: RecordedError | None = None, cancelled: bool = False
) -> RequestRecord:
    status = 200 if error is None else None
    return RequestRecord(
        "GET", f"http://a/{number}", status=status, started=10.0, ended=10.0 + seconds, error=error, cancelled=cancelled
    )


class TestDurations:
    def test_few_are_exact(self) -> None:
        values = [(number * 37 % 100) / 7 + 0.001 for number in range(LIMIT)]
        durations = durations_of(values)
        assert durations.is_exact
        values.sort()
        assert [durations.within(share) for share in (50, 95, 100)] == [values[49], values[94], values[-1]]
        assert (durations.count, durations.fastest, durations.slowest) == (LIMIT, values[0], values[-1])

    @pytest.mark.parametrize("values", [[0.1], [0.1, 0.3], [0.1, 0.2, 0.9], [4.0, 1.0, 2.0, 3.0]])
    def test_the_median_of_few(self, values: list[float]) -> None:
        assert durations_of(values).median() == statistics.median(values)

    @pytest.mark.parametrize("number", [1, 2, 3])
    def test_very_few(self, number: int) -> None:
        durations = durations_of([0.5] * number)
        assert [durations.within(share) for share in (50, 95)] == [0.5, 0.5]

    def test_many_are_about_right(self) -> None:
        generator = random.Random(1)
        values = sorted(generator.lognormvariate(-5.0, 1.5) for _ in range(20_000))
        durations = durations_of(generator.sample(values, len(values)))
        assert not durations.is_exact
        assert (durations.count, durations.fastest, durations.slowest) == (20_000, values[0], values[-1])
        assert durations.within(50) == durations.median() == pytest.approx(statistics.median(values), rel=0.003)
        assert durations.within(95) == pytest.approx(values[18_999], rel=0.003)
        assert durations.within(100) == pytest.approx(values[-1], rel=0.003)
        assert not durations._exact
        assert len(durations._classes) < 4_000

    def test_what_takes_no_time(self) -> None:
        durations = durations_of([0.0] * (LIMIT + 1))
        assert durations.within(50) == 0.0


class TestSummary:
    def test_counts(self) -> None:
        summary, refused = Summary(2), RecordedError("httpcore.ConnectError", "refused")
        records = [ended(1), ended(2, 3.0), ended(3, 2.0), ended(4, error=refused), ended(5, cancelled=True)]
        for record in records:
            summary.begin(record)
            summary.end(record)
        summary.begin(RequestRecord())
        assert (summary.begun, summary.ended, summary.complete) == (6, 5, 3)
        assert summary.outcomes == {"200": 3, "ConnectError": 1, "interrupted": 1}
        assert summary.errors == {refused: 1}
        assert {record.url for record in summary.slowest()} == {"http://a/2", "http://a/3"}

    def test_many_different_errors(self) -> None:
        summary = Summary(2)
        for number in range(10):
            summary.end(ended(number, error=RecordedError("httpcore.ReadError", str(number % 5))))
        assert summary.errors == {RecordedError("httpcore.ReadError", str(number)): 2 for number in range(3)} | {
            None: 4
        }

    def test_records_are_let_go(self) -> None:
        summary = Summary(3)
        gc.collect()
        for number in range(1_000):
            summary.end(ended(number, 1 / (number + 1)))
        kept = [item for item in gc.get_objects() if type(item) is RequestRecord and item.url.startswith("http://a/")]
        assert len(kept) <= 3


class TestCommand:
    def test_many_requests(
        self, caddy: CaddyServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("httpcore_trace._cli.summary._MOST_DURATIONS", 5)
        monkeypatch.setattr("httpcore_trace._cli.sending._MOST_KEPT", 5)
        assert main(["-n", "50", "-c", "2", f"{caddy.http_url}/small.txt"]) == 0
        out, err = capsys.readouterr()
        assert out.startswith("50 requests: 50 x 200\nfastest ")
        assert ", median about " in out
        assert ", 95 % within about " in out
        assert "The 40 slowest of them:\n" in out
        assert sum(line.startswith(" GET ") for line in out.splitlines()) == 40
        assert err == ""

    def test_lists_have_the_last_ones(
        self, caddy: CaddyServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr("httpcore_trace._cli.sending._MOST_LISTED", 3)
        path = tmp_path / "requests.har"
        assert main(["-n", "5", "--json", "--har", str(path), f"{caddy.http_url}/small.txt"]) == 0
        out, err = capsys.readouterr()
        assert len(json.loads(out)) == len(check_har(json.loads(path.read_text()))) == 3
        assert err == "httpcore-trace: only the last 3 of 5 requests are listed\n"

    def test_further_errors(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("httpcore_trace._cli.summary._MOST_ERRORS", 0)
        with refusing_port() as port:
            assert main(["-n", "2", f"http://127.0.0.1:{port}/"]) == 1
        assert capsys.readouterr().err == "error: further errors (2 requests)\n"
