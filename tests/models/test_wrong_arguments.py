"""Wrong arguments raise an error at once, which names the argument and says what it should be."""

import math
import ssl
import warnings
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any

import pytest
from httpcore_models import Proxy, Request, _arguments
from httpcore_models.lowlevel import enforce_ssl_context

pytestmark = pytest.mark.fault("N10")

URL = "http://example.com/"


def request(timeout: Any) -> Request:
    return Request("GET", URL, extensions={"timeout": timeout})


@pytest.mark.parametrize("timeout", [5, None, [1], (1.0, 2.0), "5"], ids=repr)
def test_timeout_that_is_not_a_dict_is_rejected(timeout: Any) -> None:
    with pytest.raises(TypeError) as raised:
        request(timeout)
    assert isinstance(raised.value, AttributeError)  # what 1.0.9 raises
    assert str(raised.value) == (
        "the extension 'timeout' must be a dict with any of 'connect', 'read', 'write', 'pool' and 'total', "
        f"but got {type(timeout).__name__}."
    )


@pytest.mark.parametrize("name", ["connect", "read", "write", "pool", "total"])
@pytest.mark.parametrize(
    ("value", "error", "got"),
    [
        ("5", TypeError, "str"),
        (Decimal(5), TypeError, "Decimal"),
        ([1], TypeError, "list"),
        (-1, ValueError, "-1"),
        (-0.5, ValueError, "-0.5"),
        (math.nan, ValueError, "nan"),
        (-math.inf, ValueError, "-inf"),
    ],
)
def test_invalid_timeouts_are_rejected(name: str, value: Any, error: type[Exception], got: str) -> None:
    for _ in range(2):  # a wrong one is not remembered as a right one
        with pytest.raises(error) as raised:
            request({name: value})
        assert str(raised.value) == (
            f"the extension 'timeout' must have a number of seconds, at least 0, or None for {name!r}, but got {got}."
        )


@pytest.mark.parametrize("value", [0, 0.0, 5, 1.5, True, Fraction(1, 2), math.inf, None])
def test_valid_timeouts_are_accepted(value: Any) -> None:
    assert request({"connect": value, "total": value}).extensions == {"timeout": {"connect": value, "total": value}}


def test_unknown_keys_of_timeout_cause_a_warning() -> None:
    for _ in range(2):
        with pytest.warns(UserWarning, match=r"'timeout' has unknown keys, 'conect', 7: it may have") as caught:
            assert request({"conect": 1.0, 7: None, "read": 2.0}).extensions["timeout"]["read"] == 2.0
        assert caught[0].filename == __file__


def test_timeouts_of_the_last_request_are_not_checked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {"connect": 1.0, "pool": 2.0}
    request(limits)
    monkeypatch.setattr("httpcore_models._request.enforce_extensions", None)
    request(limits)
    request({**limits})
    limits["pool"] = -1.0
    with pytest.raises(TypeError, match="not callable"):
        request(limits)
    assert _arguments.last_valid_timeout["pool"] == 2.0


@pytest.mark.parametrize("extensions", [5, [1], "timeout", ()], ids=repr)
def test_extensions_that_are_not_a_dict_are_rejected(extensions: Any) -> None:
    with pytest.raises(TypeError, match=rf"^extensions must be a dict, but got {type(extensions).__name__}\.$"):
        Request("GET", URL, extensions=extensions)


@pytest.mark.parametrize("content", ["text", 5, 5.0, bytearray(b"a"), memoryview(b"a"), PurePosixPath("a"), object()])
def test_invalid_content_is_rejected(content: Any) -> None:
    buffer = r": pass bytes\(\.\.\.\) of it"
    path = r": read the file, as in path\.read_bytes\(\)"
    hints = {"str": r": encode it, as in content\.encode\(\)", "PurePosixPath": path}
    hint = buffer if isinstance(content, (bytearray, memoryview)) else hints.get(type(content).__name__, "")
    message = rf"^content must be bytes or an iterable of bytes, but got {type(content).__name__}{hint}\.$"
    with pytest.raises(TypeError, match=message):
        Request("POST", URL, content=content)


@pytest.mark.parametrize(
    ("headers", "number", "error"),
    [
        ([("a", "b"), ("a",)], 1, ValueError),
        ([("a", "b", "c")], 0, ValueError),
        ([("a", "b"), 5], 1, TypeError),
        ("abc", 0, ValueError),
        (b"abc", 0, TypeError),
    ],
)
def test_invalid_headers_are_rejected(headers: Any, number: int, error: type[Exception]) -> None:
    message = rf"^headers must be a mapping or sequence of two-tuples, but item {number} is no pair: .*\.$"
    with pytest.raises(error, match=message):
        Request("GET", URL, headers=headers)


def test_error_does_not_show_the_headers() -> None:
    for headers in ([("Authorization", "secret", "x")], ["secret"]):
        with pytest.raises(ValueError, match=r"^headers must be") as raised:
            Request("GET", URL, headers=headers)  # type: ignore[arg-type]
        assert "secret" not in str(raised.value)


@pytest.mark.parametrize("auth", ["user:secret", b"user:secret", bytearray(b"secret"), ("secret",), {}, 5], ids=repr)
def test_credentials_that_are_no_pair_are_rejected(auth: Any) -> None:
    with pytest.raises(TypeError) as raised:
        Proxy("http://proxy.local", auth=auth)
    kind = "tuple of 1" if isinstance(auth, tuple) else type(auth).__name__
    assert str(raised.value) == f"auth must be a pair of user name and password, a tuple, but got {kind}."


class WrappedContext:
    def wrap_bio(self) -> None: ...


@pytest.mark.parametrize("value", [True, False, 1, "context", {}], ids=repr)
def test_tls_contexts_are_checked(value: Any) -> None:
    for name, call in (
        ("verify", lambda: enforce_ssl_context(value, name="verify")),
        ("ssl_context", lambda: Proxy("https://proxy.local", ssl_context=value)),
    ):
        message = rf"^{name} must be an ssl\.SSLContext or None, but got {type(value).__name__}\.$"
        with pytest.raises(TypeError, match=message):
            call()
    for right in (None, ssl.create_default_context(), WrappedContext(), ssl.create_default_context):
        enforce_ssl_context(right, name="verify")


def test_valid_arguments_cause_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        request({"connect": 1.0, "read": 1.0, "write": 1.0, "pool": 1.0})
        request({})
