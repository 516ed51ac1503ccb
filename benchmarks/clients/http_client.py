"""http.client of the standard library: one connection, no pool."""

from __future__ import annotations

import http.client

from benchmarks.clients._base import HEADERS, Answer, Client, Options

_CHUNK = 65536


class Sync:
    def __init__(self, options: Options) -> None:
        self._path = options.path
        self._connection = http.client.HTTPConnection(options.host, options.port, timeout=options.timeout)

    def get(self) -> Answer:
        self._connection.request("GET", self._path, headers=HEADERS)
        response = self._connection.getresponse()
        return response.status, len(response.read())

    def download(self) -> Answer:
        self._connection.request("GET", self._path, headers=HEADERS)
        response = self._connection.getresponse()
        length = 0
        while chunk := response.read(_CHUNK):
            length += len(chunk)
        return response.status, length

    def close(self) -> None:
        self._connection.close()


CLIENT = Client("http.client", None, sync=Sync)
