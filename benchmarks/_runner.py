"""Starts the server, then the runs in sequence: in each round, each workload, all clients in turn."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks._measure import Run, Sample
from benchmarks._tls import issue_certificates
from benchmarks.clients._base import Client
from benchmarks.workloads import Workload

_ROOT = Path(__file__).resolve().parent.parent
# How long an interpreter may take to start and import, beyond the times and limits of its run.
_START_SECONDS = 30
_HOST = "127.0.0.1"


class ClientError(Exception):
    """A client did not do what the workload asked."""


@dataclass(frozen=True)
class Effort:
    """The seconds of a run. The limits are how much longer a slow client may take to finish its requests."""

    warm_up: float
    seconds: float
    limit: float
    memory_limit: float
    idle_connections: int


# Even a pool whose work grows with the cube of its connections opens 250 of them in acceptable time.
FULL = Effort(warm_up=0.3, seconds=1.5, limit=20, memory_limit=120, idle_connections=250)
QUICK = Effort(warm_up=0.05, seconds=0.2, limit=2, memory_limit=5, idle_connections=100)


@dataclass(frozen=True)
class Cores:
    """The cores of the server and of the clients; ``None`` if they cannot be separated."""

    server: int | None
    client: int | None

    @classmethod
    def available(cls) -> Cores:
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        return cls(cores[0], cores[-1]) if len(cores) > 1 else cls(None, None)


@dataclass(frozen=True)
class Server:
    """The ports of the server, and the certificate file of its authority."""

    port: int
    tls_port: int
    authority: str


@dataclass(frozen=True)
class Bench:
    server: Server
    cores: Cores
    effort: Effort
    timeout: float | None

    def measure(self, client: str, workload: Workload) -> Sample:
        command = self._command(client, workload)
        longest = _START_SECONDS + self.effort.warm_up + self.effort.seconds + self._limit(workload)
        try:
            worker = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=longest, check=False)
        except subprocess.TimeoutExpired:
            raise ClientError(f"{client} failed in {workload.name}: not done within its time limit") from None
        if worker.returncode:
            reason = (worker.stderr.strip().splitlines() or [f"exit status {worker.returncode}"])[-1]
            raise ClientError(f"{client} failed in {workload.name}: {reason}")
        sample: Sample = json.loads(worker.stdout)
        return sample

    def profile(self, client: str, workload: Workload) -> None:
        if subprocess.run([*self._command(client, workload), "--profile"], cwd=_ROOT, check=False).returncode:
            raise ClientError(f"{client} failed in {workload.name}")

    def _command(self, client: str, workload: Workload) -> list[str]:
        run = Run(
            client=client,
            workload=workload.name,
            connections=self._connections(workload),
            host=_HOST,
            port=self.server.port,
            tls_port=self.server.tls_port,
            authority=self.server.authority,
            warm_up=self.effort.warm_up,
            seconds=self.effort.seconds,
            limit=self._limit(workload),
            timeout=self.timeout,
            core=self.cores.client,
        )
        return [sys.executable, "-m", "benchmarks._worker", run.to_json()]

    def _connections(self, workload: Workload) -> int:
        return self.effort.idle_connections if workload.kind == "memory" else workload.connections

    def _limit(self, workload: Workload) -> float:
        if workload.kind == "startup":
            return _START_SECONDS
        return self.effort.memory_limit if workload.kind == "memory" else self.effort.limit


@contextmanager
def running_server(cores: Cores) -> Iterator[Server]:
    """Run a server during the context."""
    with tempfile.TemporaryDirectory() as folder:
        authority, certificate = issue_certificates(Path(folder), _HOST)
        command = [sys.executable, "-m", "benchmarks._server", str(certificate)]
        if cores.server is not None:
            command += ["--core", str(cores.server)]
        with _started(command) as ports:
            yield Server(*ports, authority=str(authority))


@contextmanager
def _started(command: list[str]) -> Iterator[tuple[int, int]]:
    """Read the ports that the process prints."""
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        if not line:
            raise ClientError(f"the server did not start: exit status {server.wait()}")
        # On exit, the server's standard input is closed, which ends it.
        port, tls_port = map(int, line.split())
        yield port, tls_port


@dataclass(frozen=True)
class Result:
    """All rounds of one client in one workload."""

    client: Client
    workload: Workload
    samples: list[Sample]

    @property
    def complete(self) -> list[Sample]:
        """The rounds that did not reach their limit during the warm-up."""
        return [sample for sample in self.samples if sample["complete"]]

    def median(self, field: str) -> float:
        return statistics.median(sample[field] for sample in self.complete)


Results = dict[tuple[str, str], Result]


def run_rounds(
    bench: Bench, clients: dict[str, Client], workloads: list[Workload], rounds: int
) -> tuple[Results, list[str]]:
    """Return results by the names of workload and client, and failures, which affect no other result."""
    results: Results = {}
    failures: list[str] = []
    for number in range(1, rounds + 1):
        for workload in workloads:
            if workload.kind == "memory" and number > 1:
                # Allocations do not vary with time, so one round is enough.
                continue
            for name, client in clients.items():
                if not workload.supports(client):
                    continue
                try:
                    sample = bench.measure(name, workload)
                except ClientError as exc:
                    failures.append(f"round {number}: {exc}")
                    print(failures[-1], file=sys.stderr)
                    continue
                results.setdefault((workload.name, name), Result(client, workload, [])).samples.append(sample)
                outcome = "" if sample["complete"] else ": reached the time limit"
                print(f"round {number}/{rounds} {workload.name} {name}{outcome}", file=sys.stderr)
    return results, failures
