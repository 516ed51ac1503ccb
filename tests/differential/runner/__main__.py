"""Plays scenarios: a line of JSON on standard input each, answered by a line of JSON on standard output.

It runs in an environment with any release of httpcore: `python tests/differential/runner`. With `--one` it plays a
single scenario in the main thread, with `--green` too all threads are those of gevent.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import re
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

if "--green" in sys.argv:
    import gevent.monkey

    gevent.monkey.patch_all()

sys.path.insert(0, str(Path(__file__).parents[1]))

from runner import alone, callers, detail, interrupting, ours, records, special, worlds
from runner.clients import Client

CALLERS = {**callers.CALLERS, **interrupting.CALLERS, **special.CALLERS, **ours.CALLERS}
ALONE = {**alone.CALLERS, **special.ALONE}
# What is imported only when it is needed: on a busy machine, that alone would take longer than the limit of a request.
LATE_IMPORTS = (
    "anyio._backends._asyncio",
    "anyio._backends._trio",
    "h2.connection",
    "httpcore_h2._async.connection",
    "httpcore_h3._async.connection",
    "httpcore_h3._sync.connection",
    "httpcore_httpx",
    "httpcore_models.network._connecting.connect_async",
    "httpcore_models.network._streams.asyncio_stream",
    "httpcore_models.network._streams.trio_stream",
    "uvloop",
)
HANG = 4.0  # seconds after which a caller is abandoned
_lock = threading.Lock()
_by_port: dict[int, records.Record] = {}
_current = threading.local()


def complain(text: str) -> None:
    """Record a warning or other output for the scenario whose port it names, or else for the running one."""
    ports = {int(port) for port in re.findall(r"(?:127\.0\.0\.1['\"]?,? ?:?)(\d{4,5})\b", text)}
    record = next((_by_port[port] for port in ports if port in _by_port), getattr(_current, "record", None))
    if record is not None:
        record.noise.append(text)


def _unraisable(hook: Any) -> None:
    if not isinstance(hook.exc_value, records.Interrupted):  # a signal in a finaliser is expected
        complain(f"unraisable: {type(hook.exc_value).__name__}: {hook.exc_value}")


def _listen() -> None:
    def show(message: Any, category: type[Warning], *_: Any, **__: Any) -> None:
        complain(f"{category.__name__}: {message}")

    warnings.simplefilter("always")
    # Some scenarios fork, and a resolver or a child watcher of either release may have a thread by then.
    warnings.filterwarnings("ignore", r"This process .* is multi-threaded", DeprecationWarning)
    warnings.showwarning = show
    sys.unraisablehook = _unraisable
    threading.excepthook = lambda hook: complain(f"thread: {type(hook.exc_value).__name__}: {hook.exc_value}")


async def _play(stage: callers.Stage) -> None:
    stage.client = Client(stage.world, stage.case)
    await CALLERS[stage.case["caller"]](stage)
    await finish(stage)


async def finish(stage: callers.Stage) -> None:
    """Check that the only slot of the pool is free, close the pool, and check that its sockets are closed."""
    probing = len(stage.record.steps)
    reply = await stage.step("GET /probe", lambda: stage.client.open("GET", "/probe"))
    if reply is not None:
        await stage.step("read", reply.read)
        await stage.step("close", reply.close)
    del reply
    stage.record.steps[probing:] = [{"step": "probe", **_essence(stage.record.steps[probing:])}]
    await stage.step("close pool", stage.client.close)
    closed = time.monotonic()
    deadline = closed + 2
    while (left := records.open_sockets(stage.case["port"])) and time.monotonic() < deadline:
        await stage.world.sleep(0.01)
    stage.record.steps.append({"step": "sockets", "open": left, "taken": round(time.monotonic() - closed, 2)})


def _essence(steps: list[dict[str, Any]]) -> dict[str, Any]:
    error = next((step["error"] for step in steps if "error" in step), None)
    text = next((step["text"] for step in steps if "error" in step), None)
    return {"error": error, "text": text} if error else {"status": steps[0]["status"], "time": steps[0]["time"]}


def play(case: dict[str, Any], record: records.Record) -> dict[str, Any]:
    """Play one scenario in this thread."""
    _current.record = record
    if "watch" in case:
        case["watch"].attach()
    world = worlds.World(case["world"], complain)
    stage = callers.Stage(case, world, record)
    try:
        if case["caller"] in ALONE:
            ALONE[case["caller"]](stage, finish)
        else:
            world.run(lambda: _play(stage))
    except BaseException as exc:
        record.steps.append({"step": "escaped", "error": type(exc).__name__, "text": str(exc)})
    stage = None  # what it holds can be collected
    gc.collect()
    return answer(case, record)


def answer(case: dict[str, Any], record: records.Record) -> dict[str, Any]:
    """Return what is recorded of a scenario so far."""
    return {"id": case["id"], "steps": record.steps, "noise": record.noise}


def _record(case: dict[str, Any]) -> records.Record:
    if case.pop("detail", False):
        detail.listen()
        case["watch"] = detail.Watch()
    return records.Record(case["limit"], case.get("watch"))


def _attend(case: dict[str, Any]) -> None:
    record = _record(case)
    _by_port[case["port"]] = record
    results: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: results.append(play(case, record)), daemon=True)
    thread.start()
    thread.join(HANG)
    result = results[0] if results else {**answer(case, record), "hang": True}
    with _lock:
        print(json.dumps(result, default=repr), flush=True)
    _by_port.pop(case["port"], None)


def main() -> None:
    """Play the requested scenarios until the input ends."""
    _listen()
    for name in LATE_IMPORTS:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()
    if "--one" in sys.argv:
        case = json.loads(sys.stdin.readline())
        record = _record(case)
        _by_port[case["port"]] = record
        print(json.dumps(play(case, record), default=repr), flush=True)
        return
    for line in sys.stdin:
        threading.Thread(target=_attend, args=(json.loads(line),), daemon=True).start()


if __name__ == "__main__":
    main()
