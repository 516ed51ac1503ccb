"""`HTTPCoreError`, the base class of all exceptions."""

import importlib
import inspect
import pkgutil
import sys
from types import ModuleType

import httpcore
import httpcore_h2
import httpcore_h11
import httpcore_models
import httpcore_proxy
import pytest
from httpcore_test_support.commands import run

# Wrong arguments, a mistake in the package itself, and what carries the exception of an observer.
NOT_ABOUT_REQUESTS = {"ArgumentTypeError", "InvalidTransition", "ObserverFailedError"}


@pytest.mark.parametrize("package", [httpcore, httpcore_h11, httpcore_h2, httpcore_models, httpcore_proxy])
def test_all_exceptions_of_a_package_have_the_base_class(package: ModuleType) -> None:
    modules = [
        importlib.import_module(found.name) for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]
    classes = {kind for module in [package, *modules] for kind in vars(module).values() if inspect.isclass(kind)}
    exceptions = {kind for kind in classes if issubclass(kind, Exception) and kind.__module__.startswith("httpcore")}
    others = {kind.__name__ for kind in exceptions if not issubclass(kind, httpcore.HTTPCoreError)}
    assert exceptions
    assert others <= NOT_ABOUT_REQUESTS


def test_one_clause_catches_what_a_request_raises() -> None:
    for url in ("http://localhost:1/", "ftp://localhost/", "http://"):
        with pytest.raises(httpcore.HTTPCoreError):
            httpcore.request("GET", url)


def test_programs_that_map_all_exceptions_of_the_module_find_those_of_1_0() -> None:
    """httpx's own tests do: `HTTPCoreError` is there when it is asked for."""
    program = """
import httpcore
found = {name for name, value in vars(httpcore).items() if isinstance(value, type) and issubclass(value, Exception)}
assert "ConnectError" in found and "HTTPCoreError" not in found
assert issubclass(httpcore.ConnectError, httpcore.HTTPCoreError)
print(httpcore.HTTPCoreError.__module__)
"""
    assert run([sys.executable, "-c", program]).strip() == "httpcore"
