"""How the command line ends: interrupts, and output that nobody takes."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.har import check_har
from httpcore_trace._cli.command import main
from httpcore_trace._cli.sending import Sending

Capture = pytest.CaptureFixture[str]
COMMAND = [sys.executable, "-m", "httpcore_trace"]


@pytest.fixture
def silent_server() -> Iterator[socket.socket]:
    """Accepts connections only when the test does, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        yield server


def url_of(server: socket.socket) -> str:
    return f"http://127.0.0.1:{server.getsockname()[1]}/"


def test_an_interrupt_while_requests_are_awaited(
    caddy: CaddyServer, capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What has been recorded so far is reported and written."""

    def interrupt(sending: Sending, seconds: float) -> bool:
        while not any(record.ended for record in sending.recorder.requests):
            time.sleep(0.001)
        raise KeyboardInterrupt

    monkeypatch.setattr(Sending, "wait", interrupt)
    path = tmp_path / "requests.har"
    assert main(["-n", "1000000", "--har", str(path), f"{caddy.http_url}/small.txt"]) == 130
    out, err = capsys.readouterr()
    assert "200" in out
    assert err.endswith("httpcore-trace: interrupted\n")
    assert len(check_har(json.loads(path.read_text()))) >= 1


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [(KeyboardInterrupt(), 130, "interrupted"), (RuntimeError("can't start new thread"), 1, "can't start new thread")],
)
def test_a_thread_that_is_not_started(
    error: BaseException, status: int, message: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_: threading.Thread) -> None:
        raise error

    monkeypatch.setattr(threading.Thread, "start", start)
    assert main(["http://localhost/"]) == status
    assert capsys.readouterr().err == f"httpcore-trace: {message}\n"


def test_an_interrupt_of_the_report(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("httpcore_trace._cli.command._run", interrupt)
    assert main(["http://localhost/"]) == 130


@pytest.mark.parametrize("concurrency", [1, 3])
def test_an_interrupt(silent_server: socket.socket, concurrency: int) -> None:
    command = [*COMMAND, "-c", str(concurrency), url_of(silent_server)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        connections = [silent_server.accept()[0] for _ in range(concurrency)]
        for connection in connections:
            assert connection.recv(65_536)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        for connection in connections:
            connection.close()
    assert process.returncode == 130
    assert err.splitlines()[-1] == "httpcore-trace: interrupted"
    assert "Traceback" not in out + err


def test_an_interrupt_where_python_ignores_exceptions(
    silent_server: socket.socket, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a callback of its imports, which go on in the main thread while requests are sent."""

    class Dropped:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    def wait(sending: Sending, seconds: float) -> bool:
        if dropped:
            dropped.pop()
        return original(sending, seconds)

    original, dropped = Sending.wait, [Dropped()]
    monkeypatch.setattr(Sending, "wait", wait)
    assert main(["--timeout", "5", url_of(silent_server)]) == 130
    assert capsys.readouterr().err.endswith("httpcore-trace: interrupted\n")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_output_that_nobody_reads(caddy: CaddyServer) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [*COMMAND, f"{caddy.http_url}/small.txt"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False, timeout=30)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_output_that_cannot_be_written(caddy: CaddyServer, options: tuple[str, ...]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, *options, f"{caddy.http_url}/small.txt"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=30,
        )
    assert (done.returncode, done.stderr) == (1, "httpcore-trace: output: No space left on device\n")


def test_output_that_is_closed(caddy: CaddyServer) -> None:
    command = ["sh", "-c", '"$@" >&-', "sh", *COMMAND, f"{caddy.http_url}/small.txt"]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_terminal_gets_colours_and_progress(silent_server: socket.socket) -> None:
    """The progress vanishes: it ends with what erases it."""
    controller, terminal = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"TERM": "xterm"}
    command = [*COMMAND, url_of(silent_server)]
    with subprocess.Popen(command, stdout=terminal, stderr=terminal, env=environment) as process:
        os.close(terminal)
        connection, _ = silent_server.accept()
        shown = b""
        with connection:
            connection.recv(65_536)
            while b"waiting for the response" not in shown:
                shown += os.read(controller, 65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            rest = read_all(controller)
        assert process.wait(30) == 0
    os.close(controller)
    assert b"\x1b[2K" in rest
    assert b"\x1b[1;32m200 OK\x1b[0m" in rest


def read_all(descriptor: int) -> bytes:
    """Read what a terminal shows until its programs have ended, which is an error on Linux."""
    parts = []
    while True:
        try:
            part = os.read(descriptor, 65_536)
        except OSError:
            part = b""
        if not part:
            return b"".join(parts)
        parts.append(part)
