"""urllib3, through its pool manager, as in its documentation."""

from __future__ import annotations

import importlib.metadata

import urllib3
from urllib3._version import __version__

from benchmarks.clients._base import Answer, Client, Options, Startup

if importlib.metadata.version("urllib3") != __version__:
    # niquests needs urllib3-future, which replaces urllib3 unless told not to.
    raise ModuleNotFoundError("another distribution took the place of urllib3")


class Sync:
    def __init__(self, options: Options) -> None:
        self._url, self._parts = options.url, options.parts
        self._manager = urllib3.PoolManager(
            maxsize=options.connections,
            headers=options.headers,
            timeout=urllib3.Timeout(options.timeout),
            ssl_context=options.ssl_context(),
        )

    def get(self) -> Answer:
        response = self._manager.request("GET", self._url)
        return response.status, len(response.data)

    def download(self) -> Answer:
        response = self._manager.request("GET", self._url, preload_content=False)
        length = sum(len(chunk) for chunk in response.stream())
        response.release_conn()
        return response.status, length

    def upload(self) -> Answer:
        response = self._manager.request("POST", self._url, body=self._parts())
        return response.status, len(response.data)

    def close(self) -> None:
        self._manager.clear()


CLIENT = Client(
    "urllib3", "urllib3", sync=Sync, startup=Startup("import urllib3", "status = urllib3.request('GET', url).status")
)
