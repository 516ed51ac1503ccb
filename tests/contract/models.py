"""What can be seen of URL, Origin, Request, Response and Proxy, entry by entry of models.json.

The name of an entry says what to try: it holds the arguments as a Python expression, or the calls in their order.
"""

from __future__ import annotations

import asyncio
import copy
import pickle
import re
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import httpcore

from .describe import failure, hide_addresses, qualified_name, request_without_url, result_or_failure


class AsyncOnly:
    """Only an async iterable. The facts name its module, so the module must always exist."""

    __module__ = "__main__"

    def __aiter__(self) -> AsyncIterator[bytes]:
        return async_generator()


class Body:
    """A response body, sync or async, that records what is done to it."""

    def __init__(self) -> None:
        self.saw: list[str] = []

    def parts(self) -> Iterator[bytes]:
        for part in (b"Hello, ", b"world!"):
            self.saw.append("part")
            yield part


class SyncBody(Body):
    def __iter__(self) -> Iterator[bytes]:
        return self.parts()

    def close(self) -> None:
        self.saw.append("close")


class AsyncBody(Body):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self.parts():
            yield part

    async def aclose(self) -> None:
        self.saw.append("aclose")


def generator() -> Iterator[bytes]:
    yield b"one"
    yield b"two"


async def async_generator() -> AsyncIterator[bytes]:
    for part in generator():
        yield part


ARGUMENT_NAMES = {
    "URL": httpcore.URL,
    "OrderedDict": OrderedDict,
    "bytearray": bytearray,
    "frozenset": frozenset,
    "dict_items": lambda pairs: dict(pairs).items(),
    "dict_keys": lambda keys: dict.fromkeys(keys).keys(),
}
REQUEST_CONTENT: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "b''": lambda: b"",
    "bytes": lambda: b"abc",
    "str": lambda: "abc",
    "list": lambda: [b"a", b"b"],
    "generator": generator,
    "async generator": async_generator,
    "async iterable": AsyncOnly,
    "bytearray": lambda: bytearray(b"abc"),
    "int": lambda: 1,
    "dict": lambda: {"a": 1},
}
RESPONSE_CONTENT: dict[str, Callable[[], Any]] = {
    "no content": lambda: None,
    "bytes": lambda: b"Hello",
    "list": lambda: [b"Hello, ", b"world!"],
    "sync body": SyncBody,
    "async body": AsyncBody,
    "generator": generator,
    "async generator": async_generator,
    "str": lambda: "Hello",
    "int": lambda: 1,
    "list of str": lambda: ["a"],
}


def argument(text: str) -> Any:
    if text == "generator":
        return generator()
    return eval(text.replace("<class 'object'>", "object"), {**ARGUMENT_NAMES, "object": object})


def describe_url(url: httpcore.URL) -> dict[str, Any]:
    return {
        **{name: repr(getattr(url, name)) for name in ("scheme", "host", "port", "target")},
        "repr": repr(url),
        "bytes": result_or_failure(lambda: repr(bytes(url))),
        "origin": result_or_failure(lambda: describe_origin(url.origin)),
    }


def describe_origin(origin: httpcore.Origin) -> list[str]:
    parts = (origin.scheme, origin.host, origin.port)
    return [qualified_name(type(origin)), str(origin), *map(repr, parts)]


def describe_request(method: Any = "GET", url: Any = "http://h/", **keywords: Any) -> dict[str, Any]:
    request = httpcore.Request(method, url, **keywords)
    stream: Any = request.stream
    kept = stream is keywords.get("content")
    return {
        "method": repr(request.method),
        "url": repr(request.url),
        "headers": repr(request.headers),
        "headers type": qualified_name(type(request.headers)),
        "stream": qualified_name(type(stream)) if kept else repr(stream),
        "stream sync": isinstance(stream, Iterable),
        "stream async": isinstance(stream, AsyncIterable),
        "parts": result_or_failure(lambda: repr(list(stream))),
        "extensions": repr(request.extensions),
        "repr": request_without_url(request),
    }


def describe_response(status: Any = 200, **keywords: Any) -> dict[str, Any]:
    response = httpcore.Response(status, **keywords)
    return {
        "status": repr(response.status),
        "headers": repr(response.headers),
        "extensions": repr(response.extensions),
        "repr": repr(response),
        "stream sync": isinstance(response.stream, Iterable),
        "stream async": isinstance(response.stream, AsyncIterable),
    }


def describe_proxy(url: Any = "http://h", **keywords: Any) -> dict[str, Any]:
    proxy = httpcore.Proxy(url, **keywords)
    return {
        **{name: hide_addresses(repr(getattr(proxy, name))) for name in ("url", "auth", "headers", "ssl_context")},
        "repr": hide_addresses(repr(proxy)),
    }


def describe_exception(name: str) -> list[Any]:
    cls = getattr(httpcore, name)

    def told(error: Exception) -> str:
        return f"{qualified_name(type(error))}({str(error)!r})"

    error = cls("said")
    copied = pickle.loads(pickle.dumps(error))
    return [told(error), repr(error), told(cls()), repr(error.args), told(copied), issubclass(cls, Exception)]


async def use_response(content: Any, calls: list[str]) -> list[list[Any]]:
    """Make the calls one after another, whether the one before succeeded or failed."""
    response = httpcore.Response(200, content=content)
    rows: list[list[Any]] = []
    for call in calls:
        try:
            rows.append([call, await use(response, call)])
        except Exception as error:
            rows.append([call, failure(error)])
    return [*rows, ["body saw", repr(getattr(content, "saw", None))]]


async def use(response: httpcore.Response, call: str) -> str | bool:
    if call == "content":
        return repr(response.content)
    if call == "iter_stream":
        return repr(list(response.iter_stream()))
    if call == "aiter_stream":
        return repr([part async for part in response.aiter_stream()])
    if call == "first of iter_stream":
        return repr(next(iter(response.iter_stream())))
    if call == "iter_stream()":
        return isinstance(response.iter_stream(), Iterator)
    result = getattr(response, call)()
    return repr(await result if call in ("aread", "aclose") else result)


EXAMPLES: dict[str, Callable[[], Any]] = {
    "URL": lambda: httpcore.URL("http://h:1/x"),
    "Origin": lambda: httpcore.Origin(b"http", b"h", 80),
    "Request": lambda: httpcore.Request("GET", "http://h/", headers={"a": "b"}),
    "Response": lambda: httpcore.Response(200, headers={"a": "b"}),
    "Proxy": lambda: httpcore.Proxy("http://h", auth=("a", "b")),
}
COPIED_ATTRIBUTES = {
    "URL": ("scheme", "host", "port", "target"),
    "Origin": ("scheme", "host", "port"),
    "Request": ("method", "headers"),
    "Response": ("status", "headers"),
    "Proxy": ("headers", "auth"),
}
COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda thing: pickle.loads(pickle.dumps(thing)),
}
NEW_VALUES: dict[str, Any] = {
    "URL.port": 1,
    "URL.target": b"/x",
    "Origin.port": 1,
    "Request.method": b"POST",
    "Request.headers": [(b"a", b"b")],
    "Request.extensions": {"a": 1},
    "Request.stream": [b"a"],
    "Request.note": 1,
    "Response.status": 404,
    "Response.headers": [(b"a", b"b")],
    "Response.extensions": {"a": 1},
    "Response.stream": [b"a"],
    "Response.content": b"",
    "Response.note": 1,
    "Proxy.headers": [],
    "Proxy.auth": None,
}


def describe_copy(how: str, name: str) -> list[str]:
    original = EXAMPLES[name]()
    copied = COPIES[how](original)
    assert copied is not original
    return [qualified_name(type(copied)), *(f"{key}={getattr(copied, key)!r}" for key in COPIED_ATTRIBUTES[name])]


def set_attribute(path: str) -> str:
    name, attribute = path.split(".")
    example = EXAMPLES[name]()
    setattr(example, attribute, NEW_VALUES[path])
    return repr(getattr(example, attribute))


def attributes(name: str) -> list[str]:
    return [attribute for attribute in dir(EXAMPLES[name]()) if not attribute.startswith("_")]


def compare_urls() -> list[bool]:
    url = httpcore.URL("http://example.com/x")
    others = ("http://example.com:80/x", "https://example.com/x", "http://example.com/y")
    unlike = [url == httpcore.URL(other) for other in others]
    return [url == httpcore.URL("http://example.com/x"), *unlike, url == "http://example.com/x", url == bytes(url)]


def compare_origins() -> list[bool]:
    origin = httpcore.Origin(b"https", b"example.com", 443)
    other = httpcore.Origin(b"http", b"example.com", 443)
    from_url = httpcore.URL("https://example.com/x").origin
    same = httpcore.Origin(b"https", b"example.com", 443)
    return [origin == same, origin == other, origin != other, origin == str(origin), origin == from_url]


def kept_by_request(what: str) -> bool:
    given: dict[str, Any] = {
        "a URL": httpcore.URL("http://h/"),
        "an iterable": [b"a"],
        "extensions": {"a": 1},
        "a headers list": [(b"a", b"b")],
    }
    keywords = {"content": given["an iterable"], "extensions": given["extensions"], "headers": given["a headers list"]}
    request = httpcore.Request("GET", given["a URL"], **keywords)
    kept = {
        "a URL": request.url,
        "an iterable": request.stream,
        "extensions": request.extensions,
        "a headers list": request.headers,
    }
    return kept[what] is given[what]


def kept_by_response() -> list[bool]:
    extensions, content = {"a": 1}, [b"a"]
    response = httpcore.Response(200, extensions=extensions, content=content)
    stream: object = response.stream
    return [response.extensions is extensions, stream is content]


def proxy_keeps_context() -> bool:
    context = ssl.create_default_context()
    return httpcore.Proxy("https://h", ssl_context=context).ssl_context is context


def origin_of_str() -> httpcore.Origin:
    return httpcore.Origin("https", "example.com", 443)  # type: ignore[arg-type]


SINGLE: dict[str, Callable[[], Any]] = {
    "URL comparing": compare_urls,
    "URL hash": lambda: hash(EXAMPLES["URL"]()),
    "Origin comparing": compare_origins,
    "Origin hash": lambda: hash(EXAMPLES["Origin"]()),
    "Origin str": lambda: str(httpcore.Origin(b"https", b"example.com", 443)),
    "Origin repr": lambda: hide_addresses(repr(EXAMPLES["Origin"]())),
    "Origin of str parts": lambda: repr(origin_of_str().scheme),
    "Origin of str parts, str()": lambda: str(origin_of_str()),
    "Response keeps extensions and an iterable": kept_by_response,
    "Proxy auth and headers": lambda: describe_proxy(
        auth=("u", "p"), headers=[("Proxy-Authorization", "x"), ("a", "b")]
    ),
    "Proxy ssl_context kept": proxy_keeps_context,
    "Proxy ssl_context with http": lambda: describe_proxy(ssl_context=ssl.create_default_context()),
}

# The first pattern that matches the whole name of an entry decides.
PATTERNS: tuple[tuple[str, Callable[..., Any]], ...] = (
    (r"(URL\(.*\))(?: of the wrong type)?", lambda expression: describe_url(argument(expression))),
    (r"Request content (.+)", lambda kind: describe_request("POST", content=REQUEST_CONTENT[kind]())),
    (
        r"Request extensions (.+)",
        lambda text: describe_request(url="http://h:1/x", extensions=argument(text)),
    ),
    (r"Request (method|url|headers) (.+)", lambda name, text: describe_request(**{name: argument(text)})),
    (r"Request keeps (.+)", kept_by_request),
    (r"Response (status|headers) (.+)", lambda name, text: describe_response(**{name: argument(text)})),
    (
        r"Response of (.+?): (.+)",
        lambda kind, calls: asyncio.run(use_response(RESPONSE_CONTENT[kind](), calls.split(", "))),
    ),
    (r"Proxy (url|auth|headers) (.+)", lambda name, text: describe_proxy(**{name: argument(text)})),
    (r"setting (.+)", set_attribute),
    (r"(copy|deepcopy|pickle) (\w+)", describe_copy),
    (r"(\w+) attributes", attributes),
    (r"exception (\w+)", describe_exception),
)


def observe(entry: str) -> Any:
    """Try what the entry names, and return the outcome."""
    return result_or_failure(SINGLE[entry] if entry in SINGLE else lambda: observe_by_pattern(entry))


def observe_by_pattern(entry: str) -> Any:
    for pattern, try_it in PATTERNS:
        match = re.fullmatch(pattern, entry, re.DOTALL)
        if match:
            return try_it(*match.groups())
    raise LookupError(entry)
