# Generated from ../_async/network_stream.py by tools/make_sync.py: edit that file, then run it.
"""The network stream of a response that has upgraded its connection."""

from __future__ import annotations

import ssl
from typing import Any

import httpx

from ..._core import httpcore
from .._errors import stream_error_class


class MappedNetworkStream(httpcore.NetworkStream):
    """A network stream whose errors are those of httpx and of its core, both at once."""

    def __init__(self, stream: httpcore.NetworkStream, request: httpx.Request) -> None:
        self._stream = stream
        self._request = request

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """See `NetworkStream`."""
        try:
            return self._stream.read(max_bytes, timeout)
        except Exception as exc:
            kind = stream_error_class(exc)
            if kind is None:
                raise
            raise kind(str(exc), request=self._request) from exc

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """See `NetworkStream`."""
        try:
            self._stream.write(buffer, timeout)
        except Exception as exc:
            kind = stream_error_class(exc)
            if kind is None:
                raise
            raise kind(str(exc), request=self._request) from exc

    def close(self) -> None:
        """See `NetworkStream`."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> MappedNetworkStream:
        """See `NetworkStream`."""
        try:
            stream = self._stream.start_tls(ssl_context, server_hostname, timeout)
        except Exception as exc:
            kind = stream_error_class(exc)
            if kind is None:
                raise
            raise kind(str(exc), request=self._request) from exc
        return MappedNetworkStream(stream, self._request)

    def get_extra_info(self, info: str) -> Any:
        """See `NetworkStream`."""
        return self._stream.get_extra_info(info)
