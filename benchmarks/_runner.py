"""Starts the server, then the runs in sequence: in each round, each workload, all clients in turn."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import _caddy, _nginx, _path
from benchmarks._meter import Run, Sample
from benchmarks._tls import issue_certificates
from benchmarks.clients._base import Client
from benchmarks.workloads import LOSSES, ROUND_TRIPS, Workload

_ROOT = Path(__file__).resolve().parent.parent
# How long an interpreter may take to start and import, beyond the times and limits of its run.
_START_SECONDS = 30
# How much longer a slow client may take with Caddy, which keeps uploads in memory, and on a path that loses packets.
_CADDY_SECONDS = 20
_HOST = "127.0.0.1"
_DISTANT_HOSTS = {way: _path.server_address(index) for index, way in enumerate(LOSSES)}


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
    short: bool = False


# Even a pool whose work grows with the cube of its connections opens 250 of them in acceptable time.
FULL = Effort(warm_up=0.3, seconds=1.5, limit=20, memory_limit=120, idle_connections=250)
QUICK = Effort(warm_up=0.05, seconds=0.2, limit=2, memory_limit=5, idle_connections=100, short=True)


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
class Nginx:
    """The version, the ports for HTTP/2, for HTTP/2 over TLS and for the status, and the process of nginx."""

    version: str
    port: int
    tls_port: int
    status_port: int
    process: int


@dataclass(frozen=True)
class Caddy:
    """The version, the ports for HTTP/2 and for HTTP/3, and the process of Caddy.

    One at the end of a path that loses packets is in the namespace of the process `path`.
    """

    version: str
    http2_port: int
    http3_port: int
    process: int
    path: int | None = None


@dataclass(frozen=True)
class Server:
    """The ports of the server, the certificate file of its authority, and what is beside it.

    `relayed` has the port of the relay, by the port behind it and the round trip in seconds. `distant` is a second
    Caddy, behind the path that loses packets. `lacks` tells why one of them is missing.
    """

    port: int
    tls_port: int
    http2_port: int
    authority: str
    nginx: Nginx | None
    relayed: dict[tuple[int, float], int]
    caddy: Caddy | None = None
    distant: Caddy | None = None
    lacks: Sequence[str] = ()

    def nginx_for(self, workload: Workload) -> Nginx | None:
        return self.nginx if workload.http2 and not workload.caddy and workload.operation != "upload" else None

    def caddy_for(self, workload: Workload) -> Caddy | None:
        if not workload.caddy:
            return None
        return self.caddy if workload.loss is None else self.distant

    def serves(self, workload: Workload) -> bool:
        return not workload.caddy or self.caddy_for(workload) is not None

    def name_for(self, workload: Workload) -> str:
        if (caddy := self.caddy_for(workload)) is not None:
            return f"Caddy {caddy.version}"
        nginx = self.nginx_for(workload)
        return f"nginx {nginx.version}" if nginx else "the benchmarks' own"


@dataclass(frozen=True)
class Bench:
    server: Server
    cores: Cores
    effort: Effort
    timeout: float | None

    def measure(self, client: str, workload: Workload) -> Sample:
        command = self._command(client, workload)
        longest = _START_SECONDS + self.effort.warm_up + self._seconds(workload) + self._limit(workload)
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
        server, nginx, caddy = self.server, self.server.nginx_for(workload), self.server.caddy_for(workload)
        entering = _path.entering(caddy.path) if caddy and caddy.path is not None else []
        run = Run(
            client=client,
            workload=workload.name,
            connections=self._connections(workload),
            host=_HOST if workload.loss is None else _DISTANT_HOSTS[workload.round_trip, workload.loss],
            port=nginx.port if nginx else server.port,
            tls_port=self._tls_port(workload),
            authority=server.authority,
            warm_up=self.effort.warm_up,
            seconds=self._seconds(workload),
            limit=self._limit(workload),
            timeout=self.timeout,
            core=self.cores.client,
            status_port=nginx.status_port if nginx else None,
            nginx=nginx.process if nginx else None,
            caddy=caddy.process if caddy else None,
            short=self.effort.short,
        )
        return [*entering, sys.executable, "-m", "benchmarks._worker", run.to_json()]

    def _tls_port(self, workload: Workload) -> int:
        server = self.server
        if (caddy := server.caddy_for(workload)) is not None:
            return caddy.http3_port if workload.http3 else caddy.http2_port
        nginx = server.nginx_for(workload)
        port = nginx.tls_port if nginx else server.http2_port if workload.http2 else server.tls_port
        return server.relayed[port, workload.round_trip] if workload.round_trip else port

    def _seconds(self, workload: Workload) -> float:
        return self.effort.seconds * workload.patience

    def _connections(self, workload: Workload) -> int:
        return self.effort.idle_connections if workload.kind == "memory" else workload.connections

    def _limit(self, workload: Workload) -> float:
        if workload.kind == "startup":
            return _START_SECONDS
        if workload.caddy:
            return self.effort.limit + _CADDY_SECONDS
        if workload.round_trip:
            # Handshakes, and a transfer of which the windows allow a part in each round trip.
            return self.effort.limit + 100 * workload.round_trip
        return self.effort.memory_limit if workload.kind == "memory" else self.effort.limit


@contextmanager
def running_server(cores: Cores, *, nginx: bool = True, caddy: bool = False, losses: bool = False) -> Iterator[Server]:
    """Run the servers and the relay during the context, all on one core.

    nginx, Caddy, and the path that loses packets with a Caddy of its own, run if they are wanted and the system has
    them.
    """
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        authority, certificate = issue_certificates(Path(folder), _HOST, *_DISTANT_HOSTS.values())

        def start(module: str, *arguments: str, before: Sequence[str] = ()) -> list[int]:
            core = [] if cores.server is None else ["--core", str(cores.server)]
            command = [*before, sys.executable, "-m", f"benchmarks.{module}", *core, *arguments]
            return running.enter_context(_started(command))

        def subfolder(name: str) -> str:
            path = Path(folder) / name
            path.mkdir()
            return str(path)

        clear, tls, http2 = start("_server", str(certificate))
        beside = None
        if nginx and (version := _nginx.version()) is not None:
            beside = Nginx(version, *start("_nginx", subfolder("nginx"), str(certificate)))
        behind = [http2, *([beside.tls_port] if beside else [])]
        routes = [(port, round_trip) for port in behind for round_trip in ROUND_TRIPS]
        ports = start("_relay", *(f"{port}:{round_trip / 2}" for port, round_trip in routes))
        relayed = dict(zip(routes, ports, strict=True))
        near = distant = None
        lacks, version = _lacking(caddy, losses), _caddy.version()
        if caddy and version:
            near = Caddy(version, *start("_caddy", subfolder("caddy"), str(certificate)))
        if losses and version and not lacks:
            ways = [f"{round_trip / 2}:{loss}" for round_trip, loss in LOSSES]
            before = _path.leaving()
            distant = Caddy(version, *start("_path", subfolder("path"), str(certificate), *ways, before=before))
        yield Server(clear, tls, http2, str(authority), beside, relayed, near, distant, lacks)


def _lacking(caddy: bool, losses: bool) -> list[str]:
    """Return what cannot be measured, and why."""
    if (caddy or losses) and _caddy.version() is None:
        return ["HTTP/3, and HTTP/2 beside it: Caddy is not installed"]
    if losses and (lack := _path.missing()) is not None:
        return [f"the path that loses packets: it needs {lack}"]
    return []


@contextmanager
def _started(command: list[str]) -> Iterator[list[int]]:
    """Read the numbers that the process prints."""
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        if not line:
            raise ClientError(f"the server did not start: exit status {server.wait()}")
        # On exit, the server's standard input is closed, which ends it.
        yield list(map(int, line.split()))


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
