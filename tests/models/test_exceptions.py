"""The exception tree, and `map_exceptions()`."""

import inspect

import httpcore_models
import pytest
from httpcore_models import ConnectError, ReadError, map_exceptions

TREE = {
    "HTTPCoreError": "Exception",
    "ConnectionNotAvailable": "HTTPCoreError",
    "ProxyError": "HTTPCoreError",
    "UnsupportedProtocol": "HTTPCoreError",
    "ProtocolError": "HTTPCoreError",
    "RemoteProtocolError": "ProtocolError",
    "LocalProtocolError": "ProtocolError",
    "TimeoutException": "HTTPCoreError",
    "PoolTimeout": "TimeoutException",
    "ConnectTimeout": "TimeoutException",
    "ReadTimeout": "TimeoutException",
    "WriteTimeout": "TimeoutException",
    "NetworkError": "HTTPCoreError",
    "ConnectError": "NetworkError",
    "ReadError": "NetworkError",
    "WriteError": "NetworkError",
}


def test_exception_tree() -> None:
    found = {
        name: value.__mro__[1].__name__
        for name, value in vars(httpcore_models).items()
        if inspect.isclass(value) and issubclass(value, BaseException)
    }
    assert found == TREE


def test_exceptions_are_mapped_and_chained() -> None:
    original = FileNotFoundError("gone")
    with pytest.raises(ConnectError, match=r"^gone$") as caught, map_exceptions({OSError: ConnectError}):
        raise original
    assert caught.value.__cause__ is original
    assert caught.value.args == (original,)


def test_first_match_wins() -> None:
    mapping: dict[type[Exception], type[Exception]] = {OSError: ConnectError, FileNotFoundError: ReadError}
    with pytest.raises(ConnectError), map_exceptions(mapping):
        raise FileNotFoundError


@pytest.mark.parametrize("exception", [ValueError, KeyboardInterrupt])
def test_other_exceptions_pass_through_unchanged(exception: type[BaseException]) -> None:
    original = exception()
    with pytest.raises(exception) as caught, map_exceptions({OSError: ConnectError}):
        raise original
    assert caught.value is original


def test_nothing_happens_without_an_exception() -> None:
    with map_exceptions({Exception: ConnectError}):
        pass
