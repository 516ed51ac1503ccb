"""One measurement: what is run, and the clocks that are read meanwhile."""

from __future__ import annotations

import http.client
import json
import os
import resource
import statistics
import time
from array import array
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks._nginx import parse_status

__all__ = ["Meter", "Run", "Sample", "WrongAnswerError", "merged", "resident_size"]

# `complete` tells whether the other numbers count.
Sample = dict[str, float]


@dataclass(frozen=True)
class Run:
    """One measurement, which gets a process of its own. Times are in seconds.

    ``limit`` is how much longer the run may take to finish the requests that it started.
    """

    client: str
    workload: str
    connections: int
    host: str
    port: int
    tls_port: int
    authority: str
    warm_up: float
    seconds: float
    limit: float
    timeout: float | None = None
    core: int | None = None
    # Where the server tells what it did, if elsewhere. How busy nginx was tells the system, by the ID of its process.
    status_port: int | None = None
    nginx: int | None = None
    # Caddy tells nothing, so that all that is known of it is how busy it was.
    caddy: int | None = None
    # Whether transfers over a long path are short.
    short: bool = False

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Run:
        values: dict[str, Any] = json.loads(text)
        return cls(**values)


class WrongAnswerError(Exception):
    """The status or the length of a response is not what the server sent."""


class Meter:
    """Reads the clocks of this process and of the server from ``begin`` to ``sample``."""

    def __init__(self, run: Run) -> None:
        self._address = run.host, run.status_port or run.port
        self._nginx, self._caddy = run.nginx, run.caddy
        self._asked = 0
        self.begin()

    def begin(self, *, complete: bool = False) -> array[float]:
        """Start measuring. The caller adds latencies to the returned array.

        Memory is measured from the warm-up on, because the first transfer already needs all of it.
        """
        if not complete:
            _forget_peak()
            self._resident = resident_size()
        self._complete = complete
        self._sample: Sample | None = None
        self._latencies = array("d")
        self._server = self._server_stats()
        self._delay = _run_delay()
        self._switches = _context_switches()
        self._cpu = time.process_time()
        self._wall = time.perf_counter()
        return self._latencies

    def sample(self) -> Sample:
        """Return what was measured up to the first call, so that closing the client is excluded."""
        if self._sample is None:
            self._sample = self._read()
        return self._sample

    def _read(self) -> Sample:
        seconds = time.perf_counter() - self._wall
        cpu = time.process_time() - self._cpu
        delay = _run_delay() - self._delay
        switches = _context_switches() - self._switches
        server = self._server_stats()
        count = len(self._latencies)
        ordered = sorted(self._latencies) or [seconds]
        return {
            "complete": self._complete and count > 0,
            "requests": count,
            "seconds": seconds,
            "rate": count / seconds,
            "cpu_per_request": cpu / max(count, 1),
            "switches_per_request": switches / max(count, 1),
            "memory_growth": _peak_resident_size() - self._resident,
            "p50": ordered[len(ordered) // 2],
            "p99": ordered[len(ordered) * 99 // 100],
            "client_cpu_share": cpu / seconds,
            "client_waited_for_core_share": delay / seconds,
            "server_busy_share": (server["busy"] - self._server["busy"]) / seconds,
            "server_requests": server["requests"] - self._server["requests"],
            "server_connections": server["connections"],
            "server_accepted": server["accepted"] - self._server["accepted"],
        }

    def _server_stats(self) -> dict[str, float]:
        """Return what the server counted, without the connections and requests of this method."""
        if self._caddy is not None:
            return {"busy": _threads_ran(self._caddy), "requests": 0, "accepted": 0, "connections": 0}
        connection = http.client.HTTPConnection(*self._address, timeout=10)
        connection.request("GET", "/stats")
        text = connection.getresponse().read()
        connection.close()
        self._asked += 1
        if self._nginx is None:
            stats: dict[str, float] = json.loads(text)
        else:
            requests, accepted, active = parse_status(text.decode())
            # It is also busy while something else runs on its core.
            busy = sum(_run_times(self._nginx))
            stats = {"busy": busy, "requests": requests - self._asked, "accepted": accepted, "connections": active - 1}
        return {**stats, "accepted": stats["accepted"] - self._asked}


def merged(samples: list[Sample]) -> Sample:
    """Return one sample for several that were taken one after the other, between which other things were done."""
    seconds = sum(sample["seconds"] for sample in samples)
    requests = sum(sample["requests"] for sample in samples)
    # What is not per request is the same each time, or about the same.
    merged = {field: statistics.median(sample[field] for sample in samples) for field in samples[0]}
    for field in ("cpu_per_request", "switches_per_request"):
        merged[field] = sum(sample[field] * sample["requests"] for sample in samples) / requests
    server_requests = sum(sample["server_requests"] for sample in samples)
    totals = {"requests": requests, "seconds": seconds, "rate": requests / seconds, "server_requests": server_requests}
    return {**merged, **totals, "seconds_each": seconds / len(samples)}


def _run_delay() -> float:
    """Seconds that the main thread was ready to run while another thread occupied its core."""
    return _run_times("self")[1]


def _run_times(process: int | str) -> tuple[float, float]:
    """Seconds that the main thread of a process ran, and seconds that it was ready to run but did not."""
    with open(f"/proc/{process}/schedstat") as file:
        ran, waited, _ = map(int, file.read().split())
    return ran / 1e9, waited / 1e9


def _threads_ran(process: int) -> float:
    """Seconds that all threads of a process ran."""
    ran = 0
    for thread in os.listdir(f"/proc/{process}/task"):
        with open(f"/proc/{process}/task/{thread}/schedstat") as file:
            ran += int(file.read().split()[0])
    return ran / 1e9


def _context_switches() -> int:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_nvcsw + usage.ru_nivcsw


def resident_size() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _peak_resident_size() -> int:
    """The peak since `_forget_peak`. That of getrusage cannot be reset, and starts with the parent's."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))


def _forget_peak() -> None:
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
