"""The command line: what it sends, prints and writes."""

from __future__ import annotations

import json
import os
import runpy
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpcore_trace
import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.har import check_har
from httpcore_test_support.proxies import AUTH, RealProxies
from httpcore_test_support.sockets import refusing_port
from httpcore_trace._cli.command import main

Capture = pytest.CaptureFixture[str]
ESCAPE = "\x1b"
COMMAND = [sys.executable, "-m", "httpcore_trace"]


class Ran(NamedTuple):
    """How the command ended, and what it printed."""

    status: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(certificates: Certificates) -> Run:
    """Runs the command in a process of its own, where the certificates of the tests are trusted.

    The context of a process is made once, so that it cannot change its mind for one test.
    """

    def run(*arguments: str, trusting: bool = True, **variables: str) -> Ran:
        environment = {**os.environ, **variables}
        if trusting:
            environment["SSL_CERT_FILE"] = str(certificates.authority_pem)
        done = subprocess.run(
            [*COMMAND, *arguments], capture_output=True, text=True, env=environment, check=False, timeout=30
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def silent_server() -> Iterator[socket.socket]:
    """Accepts connections only when the test does, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        yield server


def url_of(server: socket.socket) -> str:
    return f"http://127.0.0.1:{server.getsockname()[1]}/"


def run_json(capsys: Capture, *arguments: str) -> Any:
    """Run the command with --json, and return what it printed."""
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_one_request(caddy: CaddyServer, capsys: Capture) -> None:
    assert main([f"{caddy.http_url}/small.txt"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == "HTTP/1.1 200 OK"
    assert "Content-Length: 1000" in lines
    assert any(line.lstrip().startswith("wait") for line in lines)
    assert err == ""
    assert ESCAPE not in out


def test_a_status_is_no_failure(caddy: CaddyServer, capsys: Capture) -> None:
    assert main([f"{caddy.http_url}/status/404"]) == 0
    assert capsys.readouterr().out.startswith("HTTP/1.1 404 Not Found\n")


def test_many_requests(caddy: CaddyServer, run: Run) -> None:
    status, out, err = run("-n", "6", "-c", "2", f"{caddy.https_url}/small.txt")
    assert (status, err) == (0, "")
    assert out.startswith("6 requests: 6 x 200\nfastest ")
    assert "median" in out.splitlines()[1]


def test_json(caddy: CaddyServer, run: Run) -> None:
    ran = run("--json", "--http2", "--repeat", "2", f"{caddy.https_url}/small.txt?token=hunter2")
    first, second = json.loads(ran.out)
    assert (first["method"], first["status"], first["http_version"]) == ("GET", 200, "HTTP/2")
    assert first["url"].endswith("/small.txt?token=REDACTED")
    assert ["content-length", "1000"] in first["headers"]
    assert (first["reused"], second["reused"]) == (False, True)
    assert first["connection"]["alpn"] == "h2"
    assert first["connection"] == second["connection"]
    assert first["error"] is None
    assert abs(sum(time for time in first["phases"].values() if time > 0) - first["duration"]) < 0.001
    assert second["phases"]["connect"] == -1


def test_proxies(caddy: CaddyServer, proxies: RealProxies, run: Run) -> None:
    chain = ["--proxy", proxies.open.url("http"), "--proxy", proxies.open.url("socks5")]
    (record,) = json.loads(run("--json", *chain, f"{caddy.https_url}/small.txt").out)
    assert record["status"] == 200
    assert record["connection"]["proxies"] == [proxies.open.url("http"), proxies.open.url("socks5")]


def test_a_proxy_with_credentials(caddy: CaddyServer, proxies: RealProxies, capsys: Capture) -> None:
    proxy = f"http://{':'.join(AUTH)}@127.0.0.1:{proxies.closed.port}"
    assert main(["--proxy", proxy, f"{caddy.http_url}/small.txt", "--json"]) == 0
    assert AUTH[1] not in capsys.readouterr().out


def test_an_upload(caddy: CaddyServer, capsys: Capture) -> None:
    (record,) = run_json(capsys, f"{caddy.http_url}/echo", "--data", "some text")
    assert record["method"] == "POST"
    assert ["Content-Length", "9"] in record["headers"]


def test_an_upload_from_a_file(caddy: CaddyServer, capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(bytes(1_234))
    (record,) = run_json(capsys, f"{caddy.http_url}/echo", "-X", "put", "-d", f"@{tmp_path / 'data'}")
    assert record["method"] == "PUT"
    assert ["Content-Length", "1234"] in record["headers"]


def test_headers(silent_server: socket.socket, tmp_path: Path) -> None:
    command = [*COMMAND, "--timeout", "0.1", "-H", "X-Some: thing", "-H", "accept: text/html", url_of(silent_server)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        connection, _ = silent_server.accept()
        with connection:
            lines = connection.recv(65_536).decode().splitlines()
    assert "X-Some: thing" in lines
    assert "accept: text/html" in lines
    assert not any(line.startswith("Accept:") for line in lines)
    assert any(line.startswith("User-Agent: httpcore-trace/") for line in lines)


def test_a_har_file(caddy: CaddyServer, capsys: Capture, tmp_path: Path) -> None:
    path = tmp_path / "requests.har"
    assert main(["-n", "3", "--har", str(path), f"{caddy.http_url}/small.txt"]) == 0
    entries = check_har(json.loads(path.read_text(encoding="utf-8")))
    assert [entry["response"]["status"] for entry in entries] == [200, 200, 200]


def test_a_file_that_cannot_be_written(caddy: CaddyServer, capsys: Capture, tmp_path: Path) -> None:
    path = tmp_path / "none" / "requests.har"
    assert main(["--har", str(path), f"{caddy.http_url}/small.txt"]) == 1
    assert capsys.readouterr().err == f"httpcore-trace: {path}: No such file or directory\n"


def test_a_certificate_that_is_not_trusted(caddy: CaddyServer, run: Run) -> None:
    status, _, err = run(caddy.https_url, trusting=False)
    assert status == 1
    assert err.startswith("error: ConnectError: ")
    assert "hint: " in err
    assert "--insecure" in err


def test_insecure(caddy: CaddyServer, capsys: Capture) -> None:
    assert main(["-k", f"{caddy.https_url}/small.txt"]) == 0


def test_a_refused_connection(capsys: Capture) -> None:
    with refusing_port() as port:
        assert main(["-n", "3", f"http://127.0.0.1:{port}/"]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("3 requests: 3 x ConnectError\n")
    assert err == (
        f"error: ConnectError: [Errno 111] Connection refused (127.0.0.1:{port}) (3 requests)\n"
        "hint: nothing listens on that port: check host and port, and a firewall\n"
    )


def test_a_timeout(silent_server: socket.socket, capsys: Capture) -> None:
    assert main(["--timeout", "0.05", url_of(silent_server), "--json"]) == 1
    out, err = capsys.readouterr()
    (record,) = json.loads(out)
    assert record["error"]["type"] == "httpcore.ReadTimeout"
    assert "--timeout" in record["error"]["hint"]
    assert err.startswith("error: ReadTimeout")


def test_tls_where_there_is_none(caddy: CaddyServer, capsys: Capture) -> None:
    assert main([f"https://127.0.0.1:{caddy.http_port}/"]) == 1
    assert f"hint: try http://127.0.0.1:{caddy.http_port}/\n" in capsys.readouterr().err


def test_a_hint_is_without_secrets(caddy: CaddyServer, capsys: Capture) -> None:
    address = f"127.0.0.1:{caddy.http_port}"
    assert main([f"https://user:hunter2@{address}/?token=hunter2"]) == 1
    out, err = capsys.readouterr()
    assert f"hint: try http://REDACTED@{address}/?token=REDACTED\n" in err
    assert "hunter2" not in out + err


def test_a_refused_connection_to_a_proxy(capsys: Capture) -> None:
    with refusing_port() as port:
        assert main(["--json", "--proxy", f"http://127.0.0.1:{port}", "http://localhost/"]) == 1
    out, err = capsys.readouterr()
    (record,) = json.loads(out)
    assert record["error"]["hint"] in err
    assert "check the proxy" in record["error"]["hint"]


def test_a_method_of_other_characters_than_letters(caddy: CaddyServer, capsys: Capture) -> None:
    (record,) = run_json(capsys, "-X", "m-search", f"{caddy.http_url}/small.txt")
    assert record["method"] == "M-SEARCH"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["localhost:8000"], "this URL has no scheme: http://localhost:8000?"),
        (["example.com/a"], "this URL has no scheme: https://example.com/a?"),
        (["/path"], "this URL has no scheme\n"),
        (["ftp://localhost"], "ftp:// is none of http, https"),
        (["http:///path"], "'http:///path' has no host"),
        (["http://localhost:port"], "Port could not be cast to integer"),
        (["http://local host"], "characters that have to be encoded"),
        (["http://b\xfccher.example"], "xn--"),
        (["http://localhost", "--proxy", "localhost:3128"], "this URL has no scheme: http://localhost:3128?"),
        (
            ["http://localhost", "--proxy", "http://user:hunter2@local host"],
            "'http://REDACTED@local host' has characters",
        ),
        (["http://localhost", "--proxy", "user:hunter2@localhost"], "this URL has no scheme\n"),
        (["http://localhost", "-H", "X-Key: hunter2\xe9"], "'X-Key' has characters"),
        (["http://localhost", "-H", "no colon"], "a header is like 'Name: value'"),
        (["http://localhost", "-H", "a: b\nc: d"], "characters that a header must not have"),
        (["http://localhost", "-X", "GET /"], "'GET /' is no method"),
        (["http://localhost", "-n", "0"], "'0' is not 1 or more"),
        (["http://localhost", "-c", "many"], "'many' is not 1 or more"),
        (["http://localhost", "--timeout", "inf"], "'inf' is not a positive number of seconds"),
        (["http://localhost", "--timeout", "soon"], "'soon' is not a positive number of seconds"),
        (["http://localhost", "-d", "@/none/such"], "/none/such: No such file or directory"),
        ([], "the following arguments are required: URL"),
    ],
)
def test_wrong_arguments(arguments: list[str], text: str, capsys: Capture) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert text in err
    assert "hunter2" not in err
    assert out == ""


def test_the_slowest_of_very_many_requests(
    caddy: CaddyServer, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("httpcore_trace._cli.report.MOST_SLOWEST", 3)
    assert main(["-n", "5", f"{caddy.http_url}/small.txt"]) == 0
    out = capsys.readouterr().out
    assert "The 3 slowest of them:\n" in out
    assert sum(line.startswith(" GET ") for line in out.splitlines()) == 3


def test_what_is_not_installed(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def make_pool(_: object) -> None:
        raise ImportError("HTTP/2 needs the package h2: pip install httpcore[http2]")

    monkeypatch.setattr("httpcore_trace._cli.sending.make_pool", make_pool)
    assert main(["--http2", "http://localhost/"]) == 1
    assert capsys.readouterr().err == "httpcore-trace: HTTP/2 needs the package h2: pip install httpcore[http2]\n"


def test_an_error_that_is_not_of_a_request(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def send(*_: object) -> None:
        raise TypeError("wrong")

    monkeypatch.setattr("httpcore_trace._cli.sending.Sending._send", send)
    assert main(["http://localhost/"]) == 1
    assert capsys.readouterr().err == "httpcore-trace: TypeError: wrong\n"


def test_as_a_module(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["httpcore-trace", "--version"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("httpcore_trace", run_name="__main__")
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"httpcore-trace {httpcore_trace.__version__}\n"


def test_help(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    assert "exit status:" in capsys.readouterr().out


def test_output_without_unicode(caddy: CaddyServer, run: Run) -> None:
    status, out, err = run("-n", "2", f"{caddy.http_url}/small.txt", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (status, err) == (0, "")
    assert out.isascii()
