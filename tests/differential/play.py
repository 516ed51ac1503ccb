"""Plays scenarios on both releases. `python -m tests.differential SCENARIO…` plays some and prints their outcomes."""

from __future__ import annotations

import concurrent.futures
import contextlib
import itertools
import json
import os
import signal
import ssl
import subprocess
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from httpcore_test_support.certificates import Certificates
from httpcore_test_support.commands import run

from .chosen import EXPECTED
from .differences import Entry, explanation
from .outcomes import Outcome, compare, faults, seen_by_peer
from .peers import Listener
from .peers.http11 import BLOCKING
from .scenarios import Scenario
from .selection import is_alone

__all__ = ["LIMIT", "Net", "Result", "Runner"]

LIMIT = 0.4  # seconds that each phase of a request may take
_PATIENCE = 20.0
_MORE_THAN_BUFFERS = 6_000_000  # bytes: more than two sockets buffer
RUNNER = Path(__file__).parent / "runner"


class Runner:
    """A process that plays scenarios at the same time on one release. If one hangs, another process takes over."""

    def __init__(self, python: str, environment: Mapping[str, str] | None = None, green: Path | None = None) -> None:
        """`green` is the folder with gevent."""
        self._green = green
        self._command = [python, "-X", "utf8", str(RUNNER)]
        self._environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(environment or {})}
        self._lock = threading.Lock()
        self._ids = itertools.count()
        self._process: _Process | None = None

    def play(self, case: dict[str, Any]) -> dict[str, Any]:
        """Return what the runner answers."""
        if case.pop("alone"):
            return self._play_alone(case)
        with self._lock:
            if self._process is None:
                self._process = _Process(self._command, self._environment)
            process = self._process
            process.users += 1
        answer = process.play({**case, "id": next(self._ids)})
        with self._lock:
            process.users -= 1
            if answer.get("hang"):
                process.tired = True
                if self._process is process:
                    self._process = None
            if process.tired and not process.users:
                process.stop()
        return answer

    def _play_alone(self, case: dict[str, Any]) -> dict[str, Any]:
        line = json.dumps({**case, "id": 0}) + "\n"
        python, *arguments = self._command
        command = [python, "-bb", *arguments, "--one"]  # -bb: comparing bytes with text is an error
        environment = dict(self._environment)
        if case["world"] == "gevent":
            command = [python, *arguments, "--one", "--green"]
            path = [environment.get("PYTHONPATH"), str(self._green)]
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, path))
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,
        )
        try:
            out, _ = process.communicate(line, timeout=10)
            answer: dict[str, Any] = json.loads(out.splitlines()[-1])
        except (subprocess.TimeoutExpired, IndexError, ValueError):
            # A child of it, which may hang in a lock that another thread held, too: it would keep the pipe open.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return {"steps": [], "noise": [], "hang": True}
        return answer

    def release(self) -> str:
        """Return the version of httpcore."""
        program = "import httpcore; print(httpcore.__version__)"
        return run([self._command[0], "-c", program], env=self._environment).strip()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.stop()


class _Process:
    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        self.users = 0
        self.tired = False
        self._waiting: dict[int, concurrent.futures.Future[dict[str, Any]]] = {}
        self._lock = threading.Lock()
        self._popen = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(environment)
        )
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def play(self, case: dict[str, Any]) -> dict[str, Any]:
        future: concurrent.futures.Future[dict[str, Any]] = concurrent.futures.Future()
        assert self._popen.stdin is not None
        with self._lock:
            self._waiting[case["id"]] = future
            self._popen.stdin.write(json.dumps(case) + "\n")
            self._popen.stdin.flush()
        try:
            return future.result(_PATIENCE)
        except concurrent.futures.TimeoutError:
            return {"steps": [], "noise": [], "hang": True}

    def _read(self) -> None:
        assert self._popen.stdout is not None
        for line in self._popen.stdout:
            answer = json.loads(line)
            self._waiting.pop(answer["id"]).set_result(answer)
        for future in list(self._waiting.values()):
            future.set_result({"steps": [], "noise": ["the runner ended"], "hang": True})

    def stop(self) -> None:
        self._popen.kill()
        self._popen.wait()
        self._reading.join()
        for pipe in (self._popen.stdin, self._popen.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


@dataclass
class Result:
    """How a scenario ended: what is wrong, and the entries of the list that explain the differences."""

    scenario: Scenario
    wrong: list[str]
    explanations: list[Entry]


class Net:
    """Two runners, and the peers for both."""

    def __init__(self, original: Runner, ours: Runner, certificates: Certificates, side_by_side: int = 16) -> None:
        self._runners = (original, ours)
        self._certificates = certificates
        self._side_by_side = side_by_side
        self._contexts: dict[tuple[str, ...], ssl.SSLContext] = {}

    def _context(self, protocols: list[str]) -> ssl.SSLContext:
        key = tuple(protocols)
        if key not in self._contexts:
            self._contexts[key] = self._certificates.server_context(alpn=protocols)
        return self._contexts[key]

    def outcome(self, runner: Runner, scenario: Scenario) -> Outcome:
        """Play a scenario on one release."""
        listener = Listener(scenario, self._context)
        try:
            answer = runner.play(
                scenario.case(
                    port=listener.port,
                    authority=str(self._certificates.authority_pem),
                    limit=LIMIT,
                    large=_MORE_THAN_BUFFERS if scenario.peer in BLOCKING else 1_000_000,
                    alone=is_alone(scenario),
                )
            )
        finally:
            conns = listener.stop()
        peer = [seen_by_peer(conn, listener.port, scenario) for conn in conns]
        return Outcome(answer["steps"], peer, answer["noise"], bool(answer.get("hang")))

    def outcomes(self, scenario: Scenario) -> tuple[Outcome, Outcome]:
        """Play a scenario on both, one after the other."""
        original, ours = (self.outcome(runner, scenario) for runner in self._runners)
        return original, ours

    def releases(self) -> list[str]:
        """Return the versions of httpcore that are compared."""
        return [runner.release() for runner in self._runners]

    def result(self, scenario: Scenario) -> Result:
        """Play a scenario on both and judge it."""
        original, ours = self.outcomes(scenario)
        wrong, explanations = faults(ours) + EXPECTED.unmet(scenario, ours), []
        mended = EXPECTED.mended(scenario, original, ours)
        for difference in compare(scenario, original, ours):
            entry = explanation(difference)
            if entry is None and not mended:
                wrong.append(str(difference))
            elif entry is not None:
                explanations.append(entry)
        return Result(scenario, wrong, explanations)

    def play(self, scenarios: Iterable[Scenario]) -> list[Result]:
        """Play many scenarios side by side. What is wrong is played again, and at last alone.

        On a busy machine a limit fires where it would not have; what is wrong each time is what counts.
        """
        results: list[Result] = []
        again = list(scenarios)
        for side_by_side in (self._side_by_side, 4, 4, 1, 1, 1):
            with concurrent.futures.ThreadPoolExecutor(side_by_side) as executor:
                played = list(executor.map(self.result, again))
            results += [result for result in played if not result.wrong]
            again = [result.scenario for result in played if result.wrong]
        return results + [result for result in played if result.wrong]

    def close(self) -> None:
        """End the runners."""
        for runner in self._runners:
            runner.close()
