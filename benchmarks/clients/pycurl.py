"""pycurl: libcurl, in C, with one handle."""

from __future__ import annotations

import io

import pycurl

from benchmarks.clients._base import Answer, Client, Options, Startup


class Sync:
    def __init__(self, options: Options) -> None:
        self._parts = options.parts
        self._curl = curl = pycurl.Curl()
        curl.setopt(pycurl.URL, options.url)
        # curl adds the length of an upload itself, and without this would wait for 100 Continue.
        headers = {name: value for name, value in options.headers.items() if name != "Content-Length"}
        curl.setopt(pycurl.HTTPHEADER, ["Expect:", *(f"{name}: {value}" for name, value in headers.items())])
        curl.setopt(pycurl.PROXY, "")
        curl.setopt(pycurl.NOSIGNAL, 1)
        if options.upload_length:
            curl.setopt(pycurl.POST, 1)
            curl.setopt(pycurl.POSTFIELDSIZE_LARGE, options.upload_length)
        if options.authority:
            curl.setopt(pycurl.CAINFO, options.authority)
        if options.http2:
            curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE)
        if options.timeout is not None:
            curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(options.timeout * 1000))

    def get(self) -> Answer:
        body = io.BytesIO()
        self._curl.setopt(pycurl.WRITEDATA, body)
        self._curl.perform()
        return self._curl.getinfo(pycurl.RESPONSE_CODE), len(body.getvalue())

    def download(self) -> Answer:
        length = 0

        def count(chunk: bytes) -> None:
            nonlocal length
            length += len(chunk)

        self._curl.setopt(pycurl.WRITEFUNCTION, count)
        self._curl.perform()
        return self._curl.getinfo(pycurl.RESPONSE_CODE), length

    def upload(self) -> Answer:
        self._curl.setopt(pycurl.UPLOAD_BUFFERSIZE, 65536)
        parts, rest = self._parts(), b""

        def read(size: int) -> bytes:
            nonlocal rest
            rest = rest or next(parts, b"")
            piece, rest = rest[:size], rest[size:]
            return piece

        self._curl.setopt(pycurl.READFUNCTION, read)
        return self.get()

    def close(self) -> None:
        self._curl.close()


_STARTUP = Startup(
    "import io, pycurl",
    """
curl = pycurl.Curl()
curl.setopt(pycurl.URL, url)
curl.setopt(pycurl.CAINFO, authorities)
curl.setopt(pycurl.WRITEDATA, io.BytesIO())
curl.perform()
status = curl.getinfo(pycurl.RESPONSE_CODE)
curl.close()
""",
)

CLIENT = Client("pycurl", "pycurl", sync=Sync, http2=True, startup=_STARTUP)
