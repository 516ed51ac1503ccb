"""The modules: what they import, their names, and what stands in for them."""

import importlib
import inspect
import pickle
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from httpcore_httpx import _core
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.commands import run

KINDS = ("HTTPTransport", "AsyncHTTPTransport")


@pytest.mark.parametrize("kind", KINDS)
def test_the_arguments_are_those_of_the_library(form: Any, kind: str) -> None:
    ours, theirs = (
        list(inspect.signature(getattr(module, kind)).parameters.values()) for module in (form.transports, form.httpx)
    )
    assert [(each.name, each.kind, each.default) for each in ours[: len(theirs)]] == [
        (each.name, each.kind, each.default) for each in theirs
    ]
    assert {each.kind for each in ours[len(theirs) :]} == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize("kind", KINDS)
def test_names_and_pickles(form: Any, kind: str) -> None:
    transport = getattr(form.transports, kind)()
    assert f"{type(transport).__module__}.{kind}" == f"{form.transports.__name__}.{kind}"
    assert repr(transport).startswith(f"<{kind} <")
    with pytest.raises(TypeError, match=f"cannot pickle '{kind}' object: it holds connections"):
        pickle.dumps(transport)


def test_names_of_the_module() -> None:
    run_alone(
        "import sys, httpcore_httpx\n"
        "assert set(httpcore_httpx.__all__) <= set(dir(httpcore_httpx))\n"
        "assert not {'httpx', 'httpx2', 'ssl'} & set(sys.modules)\n"
        "try:\n    httpcore_httpx.nothing\n"
        "except AttributeError as exc:\n    assert 'nothing' in str(exc)\n"
        "else:\n    raise AssertionError\n"
        "from httpcore_httpx import HTTPTransport\n"
        "assert 'httpx' in sys.modules and 'httpx2' not in sys.modules"
    )


@pytest.mark.skipif(sys.version_info < (3, 11), reason="httpx2 needs Python 3.11")
def test_the_form_for_httpx2_does_not_need_httpx() -> None:
    run_alone(
        "import sys\n"
        "sys.modules['httpx'] = None\n"
        "from httpcore_httpx.httpx2 import HTTPTransport\n"
        "HTTPTransport()\n"
        "import httpcore_httpx\n"
        "try:\n    httpcore_httpx.HTTPTransport\n"
        "except ModuleNotFoundError as exc:\n    assert 'httpx' in str(exc)\n"
        "else:\n    raise AssertionError"
    )


@pytest.mark.skipif(sys.version_info < (3, 11), reason="httpx2 needs Python 3.11")
@pytest.mark.parametrize("module", ["httpcore_httpx", "httpcore_httpx.httpx2"])
def test_alias_httpx(caddy: CaddyServer, module: str) -> None:
    """It makes `import httpcore` mean httpcore2, which has other pools."""
    run_alone(
        "import asyncio, httpx2\n"
        "httpx2.alias_httpx()\n"
        f"from {module} import AsyncHTTPTransport, HTTPTransport\n"
        "import httpcore\n"
        "assert httpcore.__name__ == 'httpcore2'\n"
        "transport = HTTPTransport(http2_ping_interval=1.0)\n"
        "assert type(transport._pool) is not httpcore.ConnectionPool\n"
        "with httpx2.Client(transport=transport) as client:\n"
        f"    assert client.get('{caddy.http_url}').status_code == 200\n"
        "    try:\n        client.get('http://127.0.0.1:1')\n"
        "    except httpx2.ConnectError:\n        pass\n"
        "    else:\n        raise AssertionError\n"
        "async def main():\n"
        "    async with httpx2.AsyncClient(transport=AsyncHTTPTransport()) as client:\n"
        f"        assert (await client.get('{caddy.http_url}')).status_code == 200\n"
        "asyncio.run(main())"
    )


@pytest.mark.skipif(sys.version_info < (3, 11), reason="httpx2 needs Python 3.11")
def test_httpx2_on_httpcore_by_another_name(caddy: CaddyServer) -> None:
    run_alone(
        "import sys, httpcore\n"
        "sys.modules['httpcore2'] = httpcore\n"
        "import httpx2\n"
        "from httpcore_httpx.httpx2 import HTTPTransport\n"
        "for transport in (httpx2.HTTPTransport(), HTTPTransport()):\n"
        "    assert type(transport._pool) is httpcore.ConnectionPool\n"
        "    with httpx2.Client(transport=transport) as client:\n"
        f"        assert client.get('{caddy.http_url}').status_code == 200"
    )


@pytest.fixture
def _aliased(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`import httpcore` gives another module, as after `alias_httpx()`."""
    monkeypatch.setitem(sys.modules, "httpcore", ModuleType("httpcore2"))
    yield
    for name in [name for name in sys.modules if name.startswith(_core._OTHER_NAME)]:
        del sys.modules[name]


@pytest.mark.usefixtures("_aliased")
def test_httpcore_is_loaded_under_another_name() -> None:
    loaded = _core._load()
    assert loaded is not _core.httpcore
    assert loaded.__file__ == _core.httpcore.__file__
    assert loaded.ReadError is _core.httpcore.ReadError  # of httpcore_models
    assert loaded.HTTP2Connection is _core.httpcore.HTTP2Connection
    assert sys.modules[_core._OTHER_NAME] is loaded


@pytest.mark.usefixtures("_aliased")
def test_httpcore_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(_core.PathFinder, "find_spec", lambda name: None)
        with pytest.raises(ModuleNotFoundError, match="No module named 'httpcore'"):
            _core._load()
    monkeypatch.setitem(sys.modules, "certifi", None)
    monkeypatch.setitem(sys.modules, "httpcore_h11", None)
    with pytest.raises(ImportError, match="httpcore_h11"):
        _core._load()
    assert _core._OTHER_NAME not in sys.modules


@pytest.mark.parametrize("other", [False, True])
def test_a_missing_library_is_named(form: Any, monkeypatch: pytest.MonkeyPatch, other: bool) -> None:
    name = form.httpx.__name__
    module = sys.modules[f"httpcore_httpx.{'_httpx' if name == 'httpx' else 'httpx2'}"]
    if not other:
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(ModuleNotFoundError, match=rf"Use 'pip install httpcore-httpx\[{name}\]'"):
            importlib.reload(module)
        return

    class Finder:
        def find_spec(self, fullname: str, *args: Any) -> None:
            if fullname == name:
                raise ModuleNotFoundError("No module named 'anyio'", name="anyio")

    monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'anyio'$"):
        importlib.reload(module)


def run_alone(program: str) -> None:
    """Run a program in a process of its own."""
    run([sys.executable, "-W", "error", "-c", program])
