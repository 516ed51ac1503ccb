"""http.client of the standard library: one connection, no pool."""

from __future__ import annotations

import http.client

from benchmarks.clients._base import Answer, Client, Options, Startup

_CHUNK = 65536


class Sync:
    def __init__(self, options: Options) -> None:
        self._path, self._headers, self._parts = options.path, options.headers, options.parts
        context = options.ssl_context()
        self._connection = (
            http.client.HTTPSConnection(options.host, options.port, timeout=options.timeout, context=context)
            if context
            else http.client.HTTPConnection(options.host, options.port, timeout=options.timeout)
        )

    def get(self) -> Answer:
        self._connection.request("GET", self._path, headers=self._headers)
        response = self._connection.getresponse()
        return response.status, len(response.read())

    def download(self) -> Answer:
        self._connection.request("GET", self._path, headers=self._headers)
        response = self._connection.getresponse()
        length = 0
        while chunk := response.read(_CHUNK):
            length += len(chunk)
        return response.status, length

    def upload(self) -> Answer:
        self._connection.request("POST", self._path, body=self._parts(), headers=self._headers)
        response = self._connection.getresponse()
        return response.status, len(response.read())

    def close(self) -> None:
        self._connection.close()


_STARTUP = Startup(
    "import http.client",
    """
scheme, _, rest = url.partition("://")
address, _, path = rest.partition("/")
connection = (http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection)(address)
connection.request("GET", "/" + path)
response = connection.getresponse()
response.read()
status = response.status
connection.close()
""",
)

CLIENT = Client("http.client", None, sync=Sync, startup=_STARTUP)
