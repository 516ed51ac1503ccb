"""`ConnectionInfo`: what a stream tells about its connection, whatever kind of stream it is."""

import dataclasses
import pickle
from typing import Any
from unittest import mock

import pytest
from httpcore_models import ConnectionInfo, Origin
from httpcore_models.lowlevel import connection_info_of, next_connection_id

ORIGIN = Origin(b"https", b"example.com", 443)


class TLS:
    def version(self) -> Any:
        return "TLSv1.3"

    def cipher(self) -> Any:
        return ("TLS_AES_256_GCM_SHA384", "TLSv1.3", 256)

    def selected_alpn_protocol(self) -> Any:
        return "h2"


class Stream:
    def __init__(self, **extra: Any) -> None:
        self._extra = extra

    def get_extra_info(self, info: str) -> Any:
        value = self._extra.get(info)
        if isinstance(value, Exception):
            raise value
        return value


def test_all_that_a_stream_tells() -> None:
    stream = Stream(client_addr=("127.0.0.1", 1024), server_addr=("::1", 443, 0, 0), ssl_object=TLS())
    info = connection_info_of(stream, ORIGIN, "HTTP/2", connection_id=7, proxies=("http://proxy:8080",))
    assert info == ConnectionInfo(
        7,
        "https://example.com:443",
        ("127.0.0.1", 1024),
        ("::1", 443),
        "HTTP/2",
        "TLSv1.3",
        "TLS_AES_256_GCM_SHA384",
        "h2",
        ("http://proxy:8080",),
    )


def test_it_is_immutable_and_plain_data() -> None:
    info = connection_info_of(Stream(), ORIGIN, "HTTP/1.1")
    with pytest.raises(dataclasses.FrozenInstanceError):
        info.id = 0  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(info)) == info
    assert dataclasses.asdict(info)["origin"] == "https://example.com:443"


def test_each_connection_has_its_own_id() -> None:
    first, second = (connection_info_of(Stream(), ORIGIN, "HTTP/1.1") for _ in range(2))
    assert 1 <= first.id < second.id < next_connection_id()


def test_the_tls_of_a_proxy_is_not_that_of_the_origin() -> None:
    info = connection_info_of(Stream(ssl_object=TLS()), ORIGIN, "HTTP/1.1", has_tls=False)
    assert (info.tls_version, info.cipher, info.alpn) == (None, None, None)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/run/socket", "/run/socket"),
        (b"\0abstract", "\0abstract"),
        ("", None),
        (b"", None),
        (["127.0.0.1", 80], ("127.0.0.1", 80)),
        (("127.0.0.1",), None),
        ((80, "127.0.0.1"), None),
        (OSError("Transport endpoint is not connected"), None),
        (mock.Mock(), None),
    ],
)
def test_addresses(address: Any, expected: Any) -> None:
    info = connection_info_of(Stream(client_addr=address, server_addr=address), ORIGIN, "HTTP/1.1")
    assert info.local_address == info.peer_address == expected


@pytest.mark.parametrize("tls", [mock.Mock(), object(), OSError("closed")])
def test_a_stream_of_another_kind_of_tls(tls: Any) -> None:
    info = connection_info_of(Stream(ssl_object=tls), ORIGIN, "HTTP/1.1")
    assert (info.tls_version, info.cipher, info.alpn) == (None, None, None)


def test_an_origin_of_a_program() -> None:
    """Describing a connection is no reason to fail: what is wrong with its origin may not matter."""
    wrong: Any = Origin("http", "example.com", 80)  # type: ignore[arg-type]
    assert "Origin" in connection_info_of(Stream(), wrong, "HTTP/1.1").origin
    path_only = Origin(b"http", "ex\xe4mple".encode(), 80)  # behind the path of a socket
    assert connection_info_of(Stream(), path_only, "HTTP/1.1").origin == r"http://ex\xc3\xa4mple:80"
