"""Private names that published programs use are where they were in 1.0.9, except the listed ones."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpcore
import pytest
from httpcore import _legacy

from .measured import load
from .private import objects
from .private_deviations import GONE_ATTRIBUTES, GONE_NAMES

FACTS = load("private.json")
NAMES = [(module, name) for module, names in FACTS["modules"].items() for name in names]
ATTRIBUTES = [(thing, name) for thing, names in FACTS["attributes"].items() for name in names]
LAZY = [(module, name) for module, names in _legacy.names().items() for name in names]


def is_gone(module: str, name: str) -> bool:
    return (module, name) in GONE_NAMES or (module.rpartition(".")[2], name) in GONE_NAMES


@pytest.fixture(scope="module")
def found() -> Iterator[dict[str, Any]]:
    things = objects()
    yield things
    for thing in things.values():
        if isinstance(thing, httpcore.ConnectionPool):
            thing.close()


@pytest.mark.upgrade("3.5")
@pytest.mark.parametrize(("module", "name"), NAMES)
def test_name_can_be_imported_unless_listed_as_gone(module: str, name: str) -> None:
    statement = f"from httpcore.{module} import {name}"
    if is_gone(module, name):
        with pytest.raises(ImportError, match=name):
            exec(statement)
    else:
        exec(statement)


@pytest.mark.upgrade("3.5")
@pytest.mark.parametrize(("module", "name"), GONE_NAMES)
def test_the_names_that_are_gone_were_there(module: str, name: str) -> None:
    assert any(name == other and where.endswith(module) for where, other in NAMES)


@pytest.mark.upgrade("3.5")
@pytest.mark.parametrize(("module", "name"), LAZY)
def test_the_table_holds_names_of_1_0_only(module: str, name: str) -> None:
    assert (module, name) in NAMES


@pytest.mark.upgrade("3.5")
def test_a_name_that_never_was_is_an_import_error() -> None:
    with pytest.raises(ImportError, match="cannot import name 'nonsense'"):
        exec("from httpcore._async.connection import nonsense")
    with pytest.raises(AttributeError, match=r"module 'httpcore._backends' has no attribute 'nonsense'"):
        httpcore._backends.nonsense  # noqa: B018
    assert not hasattr(httpcore, "nonsense")


@pytest.mark.upgrade("3.2", "3.3", "3.4")
@pytest.mark.parametrize(("thing", "name"), ATTRIBUTES)
def test_attribute_exists_unless_listed_as_gone(found: dict[str, Any], thing: str, name: str) -> None:
    assert hasattr(found[thing], name) != ((thing, name) in GONE_ATTRIBUTES)


@pytest.mark.upgrade("3.1")
@pytest.mark.parametrize(
    "name",
    [
        "_api.request",
        "_async.http11.AsyncHTTP11Connection",
        "_async.AsyncConnectionPool",
        "_backends.anyio.AnyIOBackend",
        "_backends.sync.SyncBackend",
        "_exceptions.ConnectError",
        "_models.Request",
        "_ssl.default_ssl_context",
        "_sync.HTTP11Connection",
        "_sync.http_proxy.TunnelHTTPConnection",
        "_synchronization.AsyncLock",
        "_trace.Trace",
        "_utils.is_socket_readable",
    ],
)
def test_importing_the_package_is_enough(name: str) -> None:
    where, _, last = name.rpartition(".")
    code = f"import httpcore\nassert httpcore.{name}\nassert {where.partition('.')[0]!r} in dir(httpcore)\n"
    code += f"from httpcore.{where} import {last} as other\nassert httpcore.{name} is other\n"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.upgrade("3.1")
def test_modules_with_private_names_are_loaded_on_demand() -> None:
    code = "import sys, httpcore\nprint([name for name in sys.modules if name.startswith('httpcore.')])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "httpcore._api" in loaded
    for name in ("_legacy", "_models", "_exceptions", "_backends", "_synchronization", "_trace", "_utils"):
        assert f"'httpcore.{name}" not in loaded


@pytest.mark.upgrade("3.5")
@pytest.mark.parametrize("module", ["_async", "_sync"])
def test_states_and_bodies_are_of_those_classes(found: dict[str, Any], module: str) -> None:
    http11 = importlib.import_module(f"httpcore.{module}.http11")
    http2 = importlib.import_module(f"httpcore.{module}.http2")
    assert found["connection of HTTP/1.1"]._state in http11.HTTPConnectionState
    assert found["connection of HTTP/2"]._state in http2.HTTPConnectionState
    assert {"NEW", "ACTIVE", "IDLE", "CLOSED"} <= {state.name for state in http11.HTTPConnectionState}
    assert {"ACTIVE", "IDLE", "CLOSED"} <= {state.name for state in http2.HTTPConnectionState}
    if module == "_sync":
        pools = importlib.import_module("httpcore._sync.connection_pool")
        assert isinstance(found["body of HTTP/1.1"], http11.HTTP11ConnectionByteStream)
        assert isinstance(found["body of HTTP/2"], http2.HTTP2ConnectionByteStream)
        assert isinstance(found["body in a pool"], pools.PoolByteStream)
        assert isinstance(found["request in a pool"], pools.PoolRequest)


@pytest.mark.upgrade("3.1")
def test_packed_programs_have_the_modules() -> None:
    # Tools that pack a program into one file follow import statements.
    code = "import sys, httpcore._legacy\nprint([name for name in sys.modules if name.startswith('httpcore.')])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for module in FACTS["modules"]:
        assert f"'httpcore.{module}'" in loaded or module.endswith("http2")
