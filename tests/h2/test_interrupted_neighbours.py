"""An exception from a signal handler in one thread: requests of others on the connection go on or fail, never hang."""

import sys
import threading
from types import CodeType

import pytest
from httpcore_h2 import HTTP2Connection
from httpcore_models import ConnectionNotAvailable, Origin, ReadError, SyncBackend, WriteError
from httpcore_test_support.http2_peer import Http2Peer, http2_script
from httpcore_test_support.interrupting import signalled_at
from httpcore_test_support.library_code import is_library_code
from httpcore_test_support.scripted import ScriptedServer, scripted_server
from httpcore_test_support.waiting import wait_until
from hyperframe.frame import DataFrame, HeadersFrame

pytestmark = [
    pytest.mark.fault("P9"),
    pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="instructions are those of Python 3.11"),
    # A response that the exception took from its receiver was not closed.
    pytest.mark.filterwarnings("ignore:unclosed response:ResourceWarning"),
    # The interpreter reports an exception in a finaliser, and continues.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

TIMEOUTS = {"timeout": {"read": 5.0, "write": 5.0, "pool": 5.0}}
# How many instructions lie between those that are tried: few enough for each function to be hit.
STRIDE = 31


def script(peer: Http2Peer) -> None:
    """Answer at once, except for requests to /wait, which are answered when one to /go arrives."""
    paths: dict[int, bytes] = {}
    waiting: list[int] = []
    while True:
        frame = peer.next_frame()
        if isinstance(frame, HeadersFrame):
            paths[frame.stream_id] = dict(peer.client.fields(frame))[b":path"]
        if isinstance(frame, (HeadersFrame, DataFrame)) and "END_STREAM" in frame.flags:
            if paths[frame.stream_id] == b"/wait":
                waiting.append(frame.stream_id)
                continue
            if paths[frame.stream_id] == b"/go":
                while waiting:
                    peer.respond(waiting.pop(), b"at last")
            peer.respond(frame.stream_id)


def connect(server: ScriptedServer) -> HTTP2Connection:
    stream = SyncBackend().connect_tcp("127.0.0.1", server.port, timeout=5.0)
    connection = HTTP2Connection(Origin(b"http", b"127.0.0.1", server.port), stream)
    assert connection.request("GET", server.url, extensions=TIMEOUTS).content == b"hello"
    return connection


def is_ours(code: CodeType) -> bool:
    return is_library_code(code, "httpcore_h2", "httpcore_models._multiplexing") and code.co_name != "__del__"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("first", range(1, STRIDE, 10))
def test_a_neighbour_that_reads(first: int) -> None:
    """The other request waits for the network, and wakes the one that is interrupted."""
    step, outcomes = first, set()
    with scripted_server(http2_script(script)) as server:
        more = True
        while more:
            connection = connect(server)
            results: list[object] = []

            def wait(connection: HTTP2Connection = connection, results: list[object] = results) -> None:
                try:
                    results.append(connection.request("GET", server.url + "/wait", extensions=TIMEOUTS).content)
                except Exception as exc:
                    results.append(exc)

            neighbour = threading.Thread(target=wait)
            neighbour.start()
            wait_until(lambda connection=connection: connection._shared.reader.holder)  # type: ignore[misc]

            def post(connection: HTTP2Connection = connection) -> None:
                connection.request("POST", server.url, content=b"hi", extensions=TIMEOUTS)

            more = signalled_at(step, post, is_ours)
            try:
                served = connection.request("GET", server.url + "/go", extensions=TIMEOUTS).content == b"hello"
            except (ConnectionNotAvailable, ReadError, WriteError):
                served = False
                connection.close()
            neighbour.join()
            [result] = results
            expected = result == b"at last" if served else isinstance(result, (ReadError, WriteError))
            assert expected, (step, served, result)
            assert not connection._shared.lock.locked()
            outcomes.add(served)
            connection.close()
            step += STRIDE
    assert outcomes == {True, False}
