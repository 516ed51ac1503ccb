"""Compare httpcore with other clients: rates, CPU time, latencies and memory, in one interleaved run.

The client runs in a process of its own for each measurement, on one core, and the server on another. The tables
are printed in Markdown, and every single measurement is kept in a JSON file.
"""

from __future__ import annotations

import argparse
import fnmatch
import importlib.util
import json
import sys
from contextlib import AbstractContextManager
from datetime import datetime, timezone
from pathlib import Path

from benchmarks import _pages, _published
from benchmarks import clients as registry
from benchmarks._picture import picture
from benchmarks._report import OURS, machine_line, report
from benchmarks._runner import FULL, QUICK, Bench, ClientError, Cores, Results, Server, run_rounds, running_server
from benchmarks.clients._base import Client
from benchmarks.workloads import WORKLOADS, Workload

_RESULTS = Path(__file__).resolve().parent / "results"


def main() -> int:
    arguments = _parse_arguments()
    try:
        if arguments.list:
            _list()
        elif arguments.picture:
            _picture(*arguments.picture)
        elif arguments.pages:
            _pages.fill(_pages.ROOT, [json.loads(path.read_text()) for path in arguments.pages])
        elif arguments.profile:
            _profile(arguments)
        else:
            return _bench(arguments)
    except (ClientError, _pages.PageError) as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parse_arguments() -> argparse.Namespace:
    names, workloads = registry.names(), list(WORKLOADS)
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, to see that everything runs")
    parser.add_argument("--rounds", type=int, metavar="N", help="measurements of each pair (default: 5, quick: 1)")
    parser.add_argument("--workload", nargs="+", metavar="NAME", help="names or patterns, such as 'http3-*'")
    parser.add_argument("--client", nargs="+", choices=names, default=names, metavar="NAME")
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="give every client timeouts (default: none)")
    parser.add_argument("--own-server", action="store_true", help="measure HTTP/2 without nginx, even if it is there")
    parser.add_argument("--json", type=Path, metavar="PATH", help="where to keep the raw data (default: results/)")
    parser.add_argument("--list", action="store_true", help="list clients and workloads")
    parser.add_argument("--profile", nargs=2, metavar=("CLIENT", "WORKLOAD"), help="profile one run with cProfile")
    parser.add_argument("--picture", nargs=2, type=Path, metavar=("JSON", "SVG"), help="draw the raw data of a run")
    parser.add_argument(
        "--pages", nargs="+", type=Path, metavar="JSON", help="put figures of HTTP/3 from raw data into the pages"
    )
    arguments = parser.parse_args()
    if arguments.rounds is None:
        arguments.rounds = 1 if arguments.quick else 5
    if arguments.workload is None:
        arguments.workload = [name for name in workloads if not (arguments.quick and WORKLOADS[name].variant)]
    else:
        arguments.workload = [name for pattern in arguments.workload for name in _matching(parser, workloads, pattern)]
    if arguments.rounds < 1:
        parser.error("--rounds must be at least 1")
    if arguments.profile and not (arguments.profile[0] in names and arguments.profile[1] in WORKLOADS):
        parser.error("--profile takes the name of a client and of a workload, see --list")
    return arguments


def _matching(parser: argparse.ArgumentParser, names: list[str], pattern: str) -> list[str]:
    found = fnmatch.filter(names, pattern)
    if not found:
        parser.error(f"no workload is named {pattern}, see --list")
    return found


def _list() -> None:
    for name in registry.names():
        client = registry.load(name)
        print(f"client    {name:20}", f"{client.label} {client.version}" if client else "not installed")
    for workload in WORKLOADS.values():
        print(f"workload  {workload.name:20}", workload.title)


def _picture(results: Path, svg: Path) -> None:
    svg.write_text(picture(json.loads(results.read_text())), encoding="utf-8")


def _profile(arguments: argparse.Namespace) -> None:
    _published.install()
    name, workload = arguments.profile[0], WORKLOADS[arguments.profile[1]]
    client = registry.load(name)
    if client is None:
        raise ClientError(f"{name} is not installed")
    if not workload.supports(client):
        raise ClientError(f"{name} has no {workload.kind} client")
    cores = Cores.available()
    with _servers(arguments, cores, [workload]) as server:
        if not server.serves(workload):
            raise ClientError(f"not measured: {', '.join(server.lacks)}")
        Bench(server, cores, QUICK if arguments.quick else FULL, arguments.timeout).profile(name, workload)


def _servers(arguments: argparse.Namespace, cores: Cores, workloads: list[Workload]) -> AbstractContextManager[Server]:
    beside = [workload for workload in workloads if workload.caddy]
    near, losses = (any((w.loss is None) == near for w in beside) for near in (True, False))
    return running_server(cores, nginx=not arguments.own_server, caddy=near, losses=losses)


def _bench(arguments: argparse.Namespace) -> int:
    _published.install()
    loaded = {name: registry.load(name) for name in arguments.client}
    installed = {name: client for name, client in loaded.items() if client is not None}
    missing = [name for name, client in loaded.items() if client is None]
    if not installed:
        raise ClientError(f"not installed: {', '.join(missing)}")
    cores = Cores.available()
    machine = machine_line(cores)
    workloads = [WORKLOADS[name] for name in dict.fromkeys(arguments.workload)]
    with _servers(arguments, cores, workloads) as server:
        workloads = [workload for workload in workloads if server.serves(workload)]
        bench = Bench(server, cores, QUICK if arguments.quick else FULL, arguments.timeout)
        results, failures = run_rounds(bench, installed, workloads, arguments.rounds)
    servers = {workload.name: server.name_for(workload) for workload in workloads}
    path = _write_json(arguments, machine, servers, installed, results, failures)
    print(machine, end="\n\n")
    print(f"Medians of {arguments.rounds} rounds (memory: 1). Raw data: {path}.", end="\n\n")
    if missing:
        print(f"Not installed: {', '.join(missing)}.", end="\n\n")
    for lack in server.lacks:
        print(f"Not measured: {lack}.", end="\n\n")
    if failures:
        print("Failed:", *(f"- {failure}" for failure in failures), sep="\n", end="\n\n")
    print(report(results, server.name_for))
    if OURS in installed:
        from benchmarks._instructions import instruction_table

        print("\n" + instruction_table())
    return 1 if failures else 0


def _write_json(
    arguments: argparse.Namespace,
    machine: str,
    servers: dict[str, str],
    installed: dict[str, Client],
    results: Results,
    failures: list[str],
) -> Path:
    now = datetime.now(timezone.utc)
    path: Path = arguments.json or _RESULTS / f"{now:%Y%m%dT%H%M%SZ}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    subject = importlib.util.find_spec(OURS)
    data = {
        "time": now.isoformat(timespec="seconds"),
        "machine": machine,
        "options": {"quick": arguments.quick, "rounds": arguments.rounds, "timeout": arguments.timeout},
        "clients": {name: {"label": client.label, "version": client.version} for name, client in installed.items()},
        "subject": subject.origin if subject else None,
        "failures": failures,
        "samples": [
            {"workload": workload, "client": client, "server": servers[workload], "rounds": result.samples}
            for (workload, client), result in results.items()
        ],
    }
    path.write_text(json.dumps(data, indent=1) + "\n")
    return path


if __name__ == "__main__":
    sys.exit(main())
