"""pycurl: libcurl, in C, with one handle, or one for each thread."""

from __future__ import annotations

import io

import pycurl

from benchmarks.clients._base import Answer, Client, Options, Startup


class Sync:
    def __init__(self, options: Options) -> None:
        self._parts, self._options = options.parts, options
        self._curl = curl = pycurl.Curl()
        curl.setopt(pycurl.URL, options.url)
        # curl adds the length of an upload itself, and without this would wait for 100 Continue.
        headers = {name: value for name, value in options.headers.items() if name != "Content-Length"}
        curl.setopt(pycurl.HTTPHEADER, ["Expect:", *(f"{name}: {value}" for name, value in headers.items())])
        curl.setopt(pycurl.PROXY, "")
        curl.setopt(pycurl.NOSIGNAL, 1)
        if options.authority:
            curl.setopt(pycurl.CAINFO, options.authority)
        if not options.http1:
            curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE)
        elif not options.http2:
            curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
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
        self._curl.setopt(pycurl.POST, 1)
        self._curl.setopt(pycurl.POSTFIELDSIZE_LARGE, self._options.upload_length)
        self._curl.setopt(pycurl.UPLOAD_BUFFERSIZE, 65536)
        parts, rest = self._parts(), b""

        def read(size: int) -> bytes:
            nonlocal rest
            rest = rest or next(parts, b"")
            piece, rest = rest[:size], rest[size:]
            return piece

        self._curl.setopt(pycurl.READFUNCTION, read)
        return self.get()

    def open(self) -> Answer:
        self._curl.setopt(pycurl.URL, self._options.opening_url)
        answer = self.get()
        self._curl.setopt(pycurl.URL, self._options.url)
        return answer

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

CLIENT = Client("pycurl", "pycurl", sync=Sync, http2=True, shared=False, startup=_STARTUP)
