"""Does one measurement and prints its sample: ``python -m benchmarks._worker RUN``, with RUN in JSON."""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import sys
import threading
import time
from typing import NoReturn

from benchmarks import clients
from benchmarks._measure import measure
from benchmarks._meter import Meter, Run, Sample
from benchmarks._server import pin_to_core, raise_open_file_limit
from benchmarks.clients._base import Client

_PROFILE_LINES = 40
_HANG_SECONDS = 1.0
_HANG_CPU_SHARE = 0.02


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Run.from_json)
    parser.add_argument("--profile", action="store_true")
    arguments = parser.parse_args()
    run: Run = arguments.run
    # Before the client is imported, so that threads that it starts inherit the core.
    pin_to_core(run.core)
    raise_open_file_limit()
    try:
        client = clients.load(run.client)
        if client is None:
            raise ModuleNotFoundError(f"{run.client} is not installed")
        if arguments.profile:
            _profile(run, client)
        else:
            _measure(run, client)
    except Exception as exc:
        reason = " ".join(str(exc).split())
        sys.exit(f"{type(exc).__name__}: {reason}" if reason else type(exc).__name__)


def _measure(run: Run, client: Client) -> None:
    meter = Meter(run)
    # A thread, because an event loop that is busy for minutes cannot watch the time itself.
    limit = threading.Timer(run.warm_up + run.seconds + run.limit, _cut_short, (meter,))
    limit.daemon = True
    limit.start()
    sample = measure(run, client, meter)
    limit.cancel()
    _finish(sample)


def _cut_short(meter: Meter) -> NoReturn:
    """End a run at its limit. A slow client still has a result; one that hangs has failed."""
    sample = meter.sample()
    before = time.process_time()
    time.sleep(_HANG_SECONDS)
    if time.process_time() - before < _HANG_CPU_SHARE * _HANG_SECONDS:
        print(f"hangs after {sample['requests']} requests", file=sys.stderr, flush=True)
        os._exit(1)
    _finish(sample)


def _finish(sample: Sample) -> NoReturn:
    print(json.dumps(sample), flush=True)
    # An orderly shutdown of pending requests may take long.
    os._exit(0)


def _profile(run: Run, client: Client) -> None:
    profiler = cProfile.Profile()
    profiler.runcall(measure, run, client, Meter(run))
    pstats.Stats(profiler).sort_stats("tottime").print_stats(_PROFILE_LINES)


if __name__ == "__main__":
    main()
