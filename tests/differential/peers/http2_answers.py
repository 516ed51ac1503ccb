"""HTTP/2 peers that only differ in their answer to the first request."""

from __future__ import annotations

from httpcore_test_support.h2_frames import (
    continuation,
    data,
    frame,
    goaway,
    headers,
    ping,
    push_promise,
    rst_stream,
    settings,
    window_update,
)

from .http2_basics import CALM, CANCEL, INTERNAL_ERROR, LENGTH, NO_ERROR, REFUSED, TABLE, answers, ok, refusal
from .http11 import BODY, LIMIT

# Good answers.
answers("ok", lambda stream: [ok(stream)])
answers("ok late", lambda stream: [b"", ok(stream)], pause=LIMIT / 2)
answers("byte by byte", lambda stream: [bytes([byte]) for byte in ok(stream)])
answers("103 first", lambda stream: [headers(stream, 103, (b"link", b"</a>")), ok(stream)], pause=0.05)
answers("100 first", lambda stream: [headers(stream, 100) + ok(stream)])
answers("trailers", lambda s: [headers(s) + data(s, BODY) + headers(s, None, (b"x-sum", b"1"), end_stream=True)])
answers("no length", lambda s: [headers(s) + data(s, BODY) + data(s, b"", end_stream=True)])
answers("padded", lambda s: [headers(s, padding=9) + data(s, BODY, padding=200, end_stream=True)])
answers("204", lambda stream: [headers(stream, 204, end_stream=True)])
answers("large", lambda s: [headers(s), *[data(s, bytes(16_000)) for _ in range(4)], data(s, b"", end_stream=True)])
answers("ping first", lambda stream: [ping() + ok(stream)])
answers("unknown frame", lambda stream: [frame(0x77, 0, 0, b"what") + ok(stream)])
answers("many fields", lambda s: [headers(s, 200, *[(b"x-%d" % n, b"v" * 50) for n in range(90)], end_stream=True)])
answers("empty field", lambda s: [headers(s, 200, (b"x", b""), (b"y", b" a "), end_stream=True)])
answers("settings between", lambda s: [headers(s) + settings({TABLE: 100}) + data(s, BODY, end_stream=True)])
answers("same table size twice", lambda s: [settings({TABLE: 8192}) + settings({TABLE: 8192}) + ok(s)])

# Wrong answers.
answers("data for 204", lambda s: [headers(s, 204) + data(s, BODY, end_stream=True)])
answers("data for 304", lambda s: [headers(s, 304) + data(s, BODY, end_stream=True)])
answers("data for head", lambda s: [headers(s, 200, LENGTH) + data(s, BODY, end_stream=True)])
answers("body too short", lambda s: [headers(s, 200, LENGTH) + data(s, b"short", end_stream=True)])
answers("body too long", lambda s: [headers(s, 200, LENGTH) + data(s, BODY + b"long", end_stream=True)])
answers("upper case field", lambda s: [headers(s, 200, (b"X-Upper", b"1"), end_stream=True)])
answers("connection field", lambda s: [headers(s, 200, (b"connection", b"close"), end_stream=True)])
answers("no status", lambda s: [headers(s, None, (b"x", b"1"), end_stream=True)])
answers("bad status", lambda s: [headers(s, b"abc", end_stream=True)])
answers("data first", lambda s: [data(s, BODY, end_stream=True)])
answers("data after end", lambda s: [ok(s) + data(s, b"POISON")])
answers("push", lambda s: [push_promise(s, 2) + ok(s)])
answers("frame too large", lambda s: [headers(s) + data(s, bytes(20_000), end_stream=True)])
answers("window overflow", lambda s: [window_update(0, 2**31 - 1) + ok(s)])
answers("stray continuation", lambda s: [continuation(s, b"", True)])
answers("noise", lambda s: [bytes(range(200, 256))], "close")
answers("http 1.1", lambda s: [b"HTTP/1.1 400 Bad Request\r\n\r\n"], "close")
answers("bad block", lambda s: [frame(1, 4, s, b"\xff\xff\xff\xff\xff\xff")])

# Ends.
answers("closes after request", lambda s: [], "close")
answers("resets after request", lambda s: [], "reset")
answers("closes after one", lambda s: [ok(s)], "close")
answers("closes in the body", lambda s: [headers(s) + data(s, BODY)], "close")
answers("drops in the body", lambda s: [headers(s) + data(s, BODY)], "drop")
answers("resets in the body", lambda s: [headers(s) + data(s, BODY), b""], "reset", pause=0.05)
answers("goaway then closes", lambda s: [goaway(0)], "close")
answers("goaway then waits", lambda s: [goaway(0)], "pump")
answers("goaway then answers", lambda s: [goaway(s), ok(s)], "pump", pause=0.05)
answers("goaway after one", lambda s: [ok(s) + goaway(s)], "close")
answers("goaway after one waits", lambda s: [ok(s) + goaway(s)], "pump")
answers("goaway error", lambda s: [goaway(s, INTERNAL_ERROR)], "close")
answers("goaway calm", lambda s: [goaway(0, CALM, b"too_many_pings")], "close")
answers("goaway in the body", lambda s: [headers(s) + data(s, BODY) + goaway(s), data(s, BODY, end_stream=True)])
answers("rst refused", lambda s: [rst_stream(s, REFUSED)])
answers("rst cancel", lambda s: [rst_stream(s, CANCEL)])
answers("rst internal", lambda s: [rst_stream(s, INTERNAL_ERROR)])
answers("rst in the body", lambda s: [headers(s) + data(s, BODY) + rst_stream(s, INTERNAL_ERROR)])
answers("rst no error in the body", lambda s: [headers(s) + data(s, BODY) + rst_stream(s, NO_ERROR)])
answers("rst after the end", lambda s: [ok(s) + rst_stream(s, NO_ERROR)])
answers("closes after 103", lambda s: [headers(s, 103)], "close")

# Silence.
answers("never", lambda s: [], "pump")
answers("silent in the body", lambda s: [headers(s) + data(s, BODY)], "pump")
answers("pings only", lambda s: [ping() for _ in range(12)], "pump", pause=LIMIT / 4)
answers("drips", lambda s: [headers(s), *[data(s, b"x")] * 10, data(s, b"", end_stream=True)], pause=LIMIT / 2)

# Answers before the request has ended.
answers("early 413 and reset", lambda s: [refusal(s) + rst_stream(s, NO_ERROR)], early=True)
answers("early 413", lambda s: [refusal(s)], "wait", early=True)
answers("early 413 head", lambda s: [headers(s, 413)], "wait", early=True)
answers("early 413 closes", lambda s: [refusal(s)], "close", early=True)
answers("early rst", lambda s: [rst_stream(s, CANCEL)], early=True)
answers("early goaway", lambda s: [goaway(0)], "close", early=True)
answers("early 200 stops reading", lambda s: [headers(s)], "wait", early=True)
answers("stops reading", lambda s: [], "wait", early=True)
