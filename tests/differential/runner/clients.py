"""One way to use pools of httpcore and clients of httpx, sync and async. Only the public interface of 1.0.9 is used."""

from __future__ import annotations

import ssl
from typing import Any

import httpcore
import httpx

from .worlds import World, settle

__all__ = ["Client", "Reply"]


class Reply:
    """An open response."""

    def __init__(self, response: Any, asynchronous: bool, layer: str, watch: Any = None) -> None:
        self.response = response
        self._watch = watch
        self._asynchronous = asynchronous
        self._layer = layer

    def head(self) -> dict[str, Any]:
        """Return status, version and header fields."""
        response = self.response
        fields = response.headers.raw if self._layer == "httpx" else response.headers
        status = response.status_code if self._layer == "httpx" else response.status
        if self._watch is not None:
            self._watch.note(extensions=sorted(response.extensions))
        return {
            "status": status,
            "version": response.extensions.get("http_version", b"").decode(),
            "reason": response.extensions.get("reason_phrase", b"").decode("latin-1"),
            "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in fields],
        }

    async def parts(self) -> Any:
        """Iterate over the parts of the body."""
        name = "iter_raw" if self._layer == "httpx" else "iter_stream"
        if self._asynchronous:
            async for part in getattr(self.response, "a" + name)():
                yield part
        else:
            for part in getattr(self.response, name)():
                yield part

    async def read(self) -> bytes:
        """Read the whole body."""
        body: bytes = await settle(self.response.aread() if self._asynchronous else self.response.read())
        if self._watch is not None:
            self._watch.note(trailers=repr(self.response.extensions.get("trailing_headers")))
        return body

    async def close(self) -> None:
        """Close the response."""
        await settle(self.response.aclose() if self._asynchronous else self.response.close())


class Client:
    """A pool, or a client of httpx on top of one."""

    def __init__(self, world: World, case: dict[str, Any], **options: Any) -> None:
        """`options` are arguments of the pool."""
        self.world = world
        self.layer = case["layer"]
        self.case = case
        scheme = "https" if case["tls"] else "http"
        self.url = f"{scheme}://127.0.0.1:{case['port']}"
        self.limits = dict.fromkeys(("connect", "read", "write", "pool"), case["limit"])
        self.options: dict[str, Any] = {"max_connections": 1, **options}
        # `watch` and `http3` are in cases for this release only.
        self.watch = case.get("watch")
        self.pool = self._httpx() if self.layer == "httpx" else self._httpcore()
        if self.watch is not None:
            self.watch.client = self

    def _protocols(self) -> dict[str, bool]:
        http3 = self.case.get("http3", False)
        protocols = {"http1": not self.case["http2"], "http2": self.case["http2"] and not http3}
        return {**protocols, "http3": True} if http3 else protocols

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.case["authority"])

    def _proxy(self) -> tuple[str, tuple[str, str] | None] | None:
        route, port = self.case["route"], self.case["port"]
        schemes = {"http proxy": "http", "https proxy": "https", "socks": "socks5", "socks auth": "socks5"}
        if route == "direct":
            return None
        auth = ("user", "secret") if route == "socks auth" else None
        return f"{schemes[route]}://127.0.0.1:{port}", auth

    def _httpcore(self) -> Any:
        options = {"ssl_context": self._context(), **self.options}
        options |= self._protocols()
        proxy = self._proxy()
        if proxy is not None:
            url, auth = proxy
            context = self._context() if url.startswith("https") else None
            options["proxy"] = httpcore.Proxy(url, auth=auth, ssl_context=context)
        kind = httpcore.AsyncConnectionPool if self.world.asynchronous else httpcore.ConnectionPool
        return kind(**options)

    def _httpx(self) -> Any:
        own = dict(self.options)
        limits = httpx.Limits(
            max_connections=own.pop("max_connections"),
            max_keepalive_connections=own.pop("max_keepalive_connections", None),
            keepalive_expiry=own.pop("keepalive_expiry", None),
        )
        options: dict[str, Any] = {"limits": limits, "verify": self._context(), "trust_env": False}
        options |= self._protocols()
        if "http3" in self.case:
            from httpcore_httpx import AsyncHTTPTransport, HTTPTransport

            if self.world.asynchronous:
                return httpx.AsyncClient(transport=AsyncHTTPTransport(**options))
            return httpx.Client(transport=HTTPTransport(**options))
        proxy = self._proxy()
        if proxy is not None:
            url, auth = proxy
            context = self._context() if url.startswith("https") else None
            options["proxy"] = httpx.Proxy(url, auth=auth, ssl_context=context)
        assert not own, own
        return (httpx.AsyncClient if self.world.asynchronous else httpx.Client)(**options)

    async def open(
        self,
        method: str = "GET",
        path: str = "/",
        *,
        headers: Any = (),
        content: Any = None,
        limits: dict[str, float] | None = None,
        **extensions: Any,
    ) -> Reply:
        """Send a request and return its response, with the body unread."""
        extensions["timeout"] = {**self.limits, **(limits or {})}
        if self.watch is not None:
            extensions.setdefault("trace", self.watch.trace(self.world.asynchronous))
        if self.layer == "httpx":
            request = self.pool.build_request(
                method, self.url + path, headers=list(headers), content=content, extensions=extensions
            )
            response = await settle(self.pool.send(request, stream=True))
        else:
            fields = [(b"Host", self.url.split("//")[1].encode()), *headers]
            lengths = {b"content-length", b"transfer-encoding"} & {name.lower() for name, _ in fields}
            if content is not None and not lengths:
                whole = isinstance(content, bytes)
                framing = (b"Content-Length", b"%d" % len(content)) if whole else (b"Transfer-Encoding", b"chunked")
                fields.append(framing)
            request = httpcore.Request(method, self.url + path, headers=fields, content=content, extensions=extensions)
            handle = self.pool.handle_async_request if self.world.asynchronous else self.pool.handle_request
            response = await settle(handle(request))
        return Reply(response, self.world.asynchronous, self.layer, self.watch)

    async def close(self) -> None:
        """Close the pool."""
        await settle(self.pool.aclose() if self.world.asynchronous else self.pool.close())
