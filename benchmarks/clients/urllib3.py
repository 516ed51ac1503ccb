"""urllib3, through its pool manager as its documentation shows it."""

from __future__ import annotations

import urllib3

from benchmarks.clients._base import HEADERS, Answer, Client, Options


class Sync:
    def __init__(self, options: Options) -> None:
        self._url = options.url
        self._manager = urllib3.PoolManager(
            maxsize=options.connections, headers=HEADERS, timeout=urllib3.Timeout(options.timeout)
        )

    def get(self) -> Answer:
        response = self._manager.request("GET", self._url)
        return response.status, len(response.data)

    def download(self) -> Answer:
        response = self._manager.request("GET", self._url, preload_content=False)
        length = sum(len(chunk) for chunk in response.stream())
        response.release_conn()
        return response.status, length

    def close(self) -> None:
        self._manager.clear()


CLIENT = Client("urllib3", "urllib3", sync=Sync)
