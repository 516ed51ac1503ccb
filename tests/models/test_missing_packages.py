"""Without the optional packages all imports work, and calls that need one name the extra to install."""

import subprocess
import sys

import pytest

# Keeps the packages named on the command line from being imported, as if they were not installed.
BLOCKER = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

blocked = set(sys.argv[1:])
sys.meta_path.insert(0, Blocker())

import httpcore_models as models
from httpcore_models.concurrency import AsyncShield

async def attempt(function, *arguments):
    try:
        await function(*arguments)
    except Exception as exc:
        print(f"{type(exc).__name__}: {exc}")

async def attempt_all(backend):
    await attempt(backend.connect_tcp, "127.0.0.1", 1)
    await attempt(backend.connect_unix_socket, "/nonexistent")
    await attempt(backend.sleep, 0)

async def shield():
    with AsyncShield():
        pass
"""


def output(code: str, *blocked: str) -> list[str]:
    """Return what `code` prints in an interpreter in which the packages `blocked` cannot be imported."""
    command = [sys.executable, "-W", "error", "-c", BLOCKER + code, *blocked]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def needs(library: str) -> str:
    return f"RuntimeError: Running with {library} requires installation of 'httpcore[{library}]'."


@pytest.mark.field(81)
def test_asyncio_requires_anyio() -> None:
    code = """
import asyncio

async def main():
    await attempt_all(models.AutoBackend())
    await attempt(shield)

asyncio.run(main())
"""
    assert output(code, "anyio", "trio") == [needs("asyncio")] * 4


@pytest.mark.upgrade("1.2")
def test_trio_does_not_require_anyio() -> None:
    code = """
import socket
import trio

async def main():
    listener = socket.create_server(("127.0.0.1", 0))
    for backend in (models.AutoBackend(), models.TrioBackend()):
        stream = await backend.connect_tcp("localhost", listener.getsockname()[1], 5.0)
        await stream.write(b"data")
        print(listener.accept()[0].recv(100))
        with AsyncShield():
            await stream.aclose()
        await backend.sleep(0)
    listener.close()

trio.run(main)
"""
    assert output(code, "anyio") == ["b'data'"] * 2


@pytest.mark.field(81)
@pytest.mark.parametrize(
    ("name", "missing", "extra"),
    [("AnyIOBackend", "anyio", "asyncio"), ("TrioBackend", "trio", "trio")],
)
def test_backends_by_name_report_the_missing_package_at_once(name: str, missing: str, extra: str) -> None:
    code = f"""
async def create():
    models.{name}()

try:
    attempt(create).send(None)
except StopIteration:
    pass
"""
    text = f"Attempted to use 'httpcore.{name}' but '{missing}' is not installed. Use 'pip install httpcore[{extra}]'."
    assert output(code, missing) == [f"RuntimeError: {text}"]


@pytest.mark.field(81)
def test_threads_require_no_package() -> None:
    code = """
import socket

listener = socket.create_server(("127.0.0.1", 0))
stream = models.SyncBackend().connect_tcp("127.0.0.1", listener.getsockname()[1], 5.0)
stream.write(b"data")
print(listener.accept()[0].recv(100))
stream.close()
listener.close()
print(sorted({"anyio", "asyncio", "trio"} & set(sys.modules)))
"""
    assert output(code, "anyio", "asyncio", "trio") == ["b'data'", "[]"]


def test_python_in_a_browser_has_no_terminals() -> None:
    """There the modules for file descriptors and terminals are missing. They are not needed to import the packages."""
    assert output("import httpcore; print(httpcore.ConnectionPool.__name__)", "fcntl", "termios") == ["ConnectionPool"]
