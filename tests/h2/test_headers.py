"""Translating requests into header fields, and header fields into responses; what is refused."""

import gc
import sys
from typing import Any

import pytest
from hpack import Encoder
from httpcore_h2 import _translate
from httpcore_h2._hpack import FieldEncoder
from httpcore_h2._translate import (
    _MAX_REMEMBERED_FIELDS,
    FieldSection,
    RequestHead,
    RequestTranslator,
    SectionTranslator,
)
from httpcore_models import URL, LocalProtocolError, RemoteProtocolError, Request
from hypothesis import given
from hypothesis import strategies as st

HOST = (b"Host", b"localhost:8080")

Field = tuple[bytes, bytes]


def translated(
    *fields: Field, method: bytes = b"GET", url: str | URL = "https://localhost/", **extensions: Any
) -> RequestHead:
    return RequestTranslator().request_head(Request(method, url, headers=list(fields), extensions=extensions))


def sent(head: RequestHead) -> list[Field]:
    return head.pseudo_headers + head.headers


def field_section(fields: list[Field]) -> FieldSection:
    return SectionTranslator().field_section(fields)


def refusal(*fields: Field, **arguments: Any) -> str:
    with pytest.raises(LocalProtocolError) as caught:
        translated(*fields, **arguments)
    return str(caught.value)


def test_pseudo_headers_come_first_and_host_becomes_authority() -> None:
    head = translated((b"X-One", b" 1 "), HOST, (b"Accept", b"*/*"), url="http://other/path?a=b")
    assert sent(head) == [
        (b":method", b"GET"),
        (b":authority", b"localhost:8080"),
        (b":scheme", b"http"),
        (b":path", b"/path?a=b"),
        (b"x-one", b"1"),
        (b"accept", b"*/*"),
    ]
    assert (head.has_body, head.declared_length, head.is_connect, head.is_head) == (False, None, False, False)


@pytest.mark.parametrize(
    ("field", "declared"),
    [((b"Content-Length", b"1"), 1), ((b"content-length", b"12"), 12), ((b"Transfer-Encoding", b"chunked"), None)],
)
def test_a_body_is_announced_by_its_framing(field: Field, declared: int | None) -> None:
    head = translated(HOST, field, method=b"POST")
    assert (head.has_body, head.declared_length) == (True, declared)
    assert (b"transfer-encoding", b"chunked") not in head.headers


def test_a_body_of_no_bytes_is_none() -> None:
    head = translated(HOST, (b"Content-Length", b"0"), method=b"POST")
    assert (head.has_body, head.declared_length, head.headers) == (False, 0, [(b"content-length", b"0")])
    assert translated(HOST, (b"Transfer-Encoding", b"chunked"), (b"Content-Length", b"0")).has_body


@pytest.mark.parametrize("name", [b"Connection", b"Keep-Alive", b"Proxy-Connection", b"Transfer-Encoding", b"Upgrade"])
def test_connection_specific_fields_are_omitted(name: bytes) -> None:
    assert translated(HOST, (name, b"x")).headers == []


def test_fields_named_by_connection_are_omitted() -> None:
    fields = [(b"Connection", b"close, X-Hop,te"), (b"connection", b""), (b"x-hop", b"1"), (b"X-End", b"2")]
    head = translated(HOST, *fields, (b"TE", b"Trailers"))
    assert head.headers == [(b"x-end", b"2"), (b"te", b"Trailers")]


@pytest.mark.field(52)
def test_a_request_without_host_is_a_local_protocol_error() -> None:
    assert refusal((b"Accept", b"*/*")) == "Missing mandatory Host: header"


@pytest.mark.parametrize("value", [b"gzip", b"trailers, deflate", b""])
def test_te_may_only_be_trailers(value: bytes) -> None:
    assert refusal(HOST, (b"TE", value)) == f"Invalid value for TE header: {value!r}"


@pytest.mark.parametrize("name", [b"", b"a b", b"a\r\nb", b"a\0", b":path", b"a:", b"\xe9", b"a\n"])
def test_illegal_names_are_refused(name: bytes) -> None:
    assert refusal(HOST, (name, b"x")) == f"Illegal header name {name!r}"


@pytest.mark.parametrize("value", [b"a\r\nb: c", b"a\nb", b"a\0", b"a\r"])
def test_illegal_values_are_refused(value: bytes) -> None:
    assert refusal(HOST, (b"X-One", value)) == f"Illegal value of header {b'x-one'!r}"
    assert refusal((b"Host", value)).startswith("Illegal value of header b'host'")


@pytest.mark.parametrize("value", [b"", b"-1", b"+1", b"1.0", b"0x1", b"1 1", b"\xb2", b"9" * 21])
def test_lengths_must_be_digits(value: bytes) -> None:
    assert refusal(HOST, (b"Content-Length", value)) == f"bad Content-Length: {value!r}"


def test_two_different_lengths_are_refused() -> None:
    fields = [(b"Content-Length", b"5"), (b"content-length", b"6")]
    assert refusal(HOST, *fields, method=b"POST") == "conflicting Content-Length headers"
    assert translated(HOST, fields[0], fields[0], method=b"POST").declared_length == 5


@pytest.mark.parametrize("method", [b"", b"G T", b"GET\r\n", b"\xe9"])
def test_illegal_methods_are_refused(method: bytes) -> None:
    assert refusal(HOST, method=method) == f"Illegal method {method!r}"


@pytest.mark.parametrize("target", [b"", b"/a b", b"/\r\n", b"/\0", b"/\x7f"])
def test_illegal_targets_are_refused(target: bytes) -> None:
    url = URL(scheme=b"https", host=b"localhost", port=None, target=target)
    assert refusal(HOST, url=url) == f"Illegal target {target!r}"


def test_head_and_options_requests() -> None:
    assert translated(HOST, method=b"HEAD").is_head
    star = URL(scheme=b"https", host=b"localhost", port=None, target=b"*")
    assert translated(HOST, method=b"OPTIONS", url=star).pseudo_headers[3] == (b":path", b"*")


def test_connect_has_neither_scheme_nor_path() -> None:
    head = translated(HOST, method=b"CONNECT")
    assert sent(head) == [(b":method", b"CONNECT"), (b":authority", b"localhost:8080")]
    assert (head.has_body, head.is_connect) == (True, True)


@pytest.mark.parametrize(("scheme", "spoken"), [("wss", b"https"), ("ws", b"http"), ("https", b"https")])
def test_extended_connect_has_a_protocol_and_the_scheme_of_http(scheme: str, spoken: bytes) -> None:
    head = translated(HOST, method=b"CONNECT", url=f"{scheme}://localhost/chat", protocol=b"websocket")
    assert sent(head) == [
        (b":method", b"CONNECT"),
        (b":protocol", b"websocket"),
        (b":authority", b"localhost:8080"),
        (b":scheme", spoken),
        (b":path", b"/chat"),
    ]
    assert head.is_connect


@given(st.lists(st.tuples(st.binary(max_size=5), st.binary(max_size=5))), st.binary(max_size=5))
def test_no_sent_field_can_be_read_as_two(fields: list[Field], method: bytes) -> None:
    try:
        head = translated(HOST, *fields, method=method)
    except LocalProtocolError:
        return
    names = [name for name, _ in sent(head)]
    assert all(name == name.lower() for name in names)
    assert sum(name.startswith(b":") for name in names) == (2 if method == b"CONNECT" else 4)
    assert not any(byte in b"\r\n\0" for field in sent(head) for part in field for byte in part)


class TestFieldsThatComeAgain:
    def test_equal_fields_are_inspected_once(self) -> None:
        translator = RequestTranslator()
        headers = [HOST, (b"Content-Length", b"5")]
        first = translator.request_head(Request("PUT", "https://localhost/1", headers=headers))
        again = translator.request_head(Request("HEAD", "http://localhost/2", headers=headers))
        assert again.headers is first.headers
        assert (again.has_body, again.declared_length, again.is_connect, again.is_head) == (True, 5, False, True)
        assert again.pseudo_headers[0] == (b":method", b"HEAD")
        assert again.pseudo_headers[2:] == [(b":scheme", b"http"), (b":path", b"/2")]

    def test_equal_requests_have_the_same_head(self) -> None:
        translator = RequestTranslator()
        first, other, again = (
            translator.request_head(Request("GET", f"https://localhost/{path}", headers=[HOST])) for path in (1, 2, 2)
        )
        assert other is again
        assert (other.start, other.headers) == (first.start, first.headers)
        assert other.start is first.start
        assert other.path == b"/2"

    @pytest.mark.parametrize(
        "other",
        [
            Request("PUT", "https://localhost/", headers=[HOST]),
            Request("GET", "http://localhost/", headers=[HOST]),
            Request("GET", "https://localhost/?", headers=[HOST]),
            Request("GET", "https://localhost/", headers=[(b"Host", b"localhost")]),
            Request("GET", "https://localhost/", headers=[HOST, (b"X-A", b"1")]),
            Request("CONNECT", "https://localhost/", headers=[HOST]),
            Request("CONNECT", "https://localhost/", headers=[HOST], extensions={"protocol": b"a"}),
            Request("CONNECT", "https://localhost/", headers=[HOST], extensions={"protocol": b"b"}),
        ],
    )
    def test_any_difference_makes_another_head(self, other: Request) -> None:
        translator = RequestTranslator()
        plain = Request("GET", "https://localhost/", headers=[HOST])
        for request in (plain, other, other, plain, other):
            assert translator.request_head(request) == RequestTranslator().request_head(request)
        assert translator.request_head(plain) != translator.request_head(other)

    def test_a_changed_list_is_inspected_again(self) -> None:
        translator = RequestTranslator()
        request = Request("GET", "https://localhost/", headers=[HOST, (b"X-A", b"1")])
        assert translator.request_head(request).headers == [(b"x-a", b"1")]
        request.headers[1] = (b"X-A", b"2")
        assert translator.request_head(request).headers == [(b"x-a", b"2")]
        request.headers.append((b"Bad Name", b""))
        for _ in range(2):
            with pytest.raises(LocalProtocolError, match=r"^Illegal header name b'bad name'$"):
                translator.request_head(request)

    def test_a_method_and_a_target_are_checked_each_time(self) -> None:
        translator = RequestTranslator()
        translator.request_head(Request("GET", "https://localhost/", headers=[HOST]))
        with pytest.raises(LocalProtocolError, match=r"^Illegal method b'A B'$"):
            translator.request_head(Request("A B", "https://localhost/", headers=[HOST]))
        target = URL(scheme=b"https", host=b"localhost", port=None, target=b"/a b")
        with pytest.raises(LocalProtocolError, match=r"^Illegal target b'/a b'$"):
            translator.request_head(Request("GET", target, headers=[HOST]))

    def test_large_fields_are_not_remembered(self) -> None:
        translator = RequestTranslator()
        request = Request("GET", "https://localhost/", headers=[HOST, (b"Cookie", b"x" * _MAX_REMEMBERED_FIELDS)])
        assert translator.request_head(request) == translator.request_head(request)
        assert translator._last is None
        small, large = (Request("GET", f"https://localhost/{'x' * n}", headers=[HOST]) for n in (1, 5000))
        for request in (small, large, large, small):
            assert translator.request_head(request).path == request.url.target
            assert translator._last is not None
            assert translator._last[3].path == b"/x"


def test_a_response_head_is_translated() -> None:
    fields = [(b":status", b"204"), (b"content-length", b"5"), (b"x-a", b" b\t"), (b"content-length", b"5")]
    expected = [(b"content-length", b"5"), (b"x-a", b"b"), (b"content-length", b"5")]
    assert field_section(fields) == FieldSection(204, expected, 5)
    assert field_section([(b"x-sum", b"1")]) == FieldSection(None, [(b"x-sum", b"1")], None)


OK = (b":status", b"200")


@pytest.mark.field(55)
@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ([(b":status", b"99")], "Received a response with an invalid ':status': b'99'"),
        ([(b":status", b"2000")], "Received a response with an invalid ':status': b'2000'"),
        ([(b":status", b"")], "Received a response with an invalid ':status': b''"),
        ([(b":status", b"2 0")], "Received a response with an invalid ':status': b'2 0'"),
        ([(b":status", b"200\n")], r"Received a response with an invalid ':status': b'200\n'"),
        ([OK, OK], "Received an invalid pseudo-header field b':status'"),
        ([(b"x-a", b"b"), OK], "Received an invalid pseudo-header field b':status'"),
        ([OK, (b":path", b"/")], "Received an invalid pseudo-header field b':path'"),
        ([OK, (b":new", b"/")], "Received an invalid pseudo-header field b':new'"),
        ([OK, (b"X-A", b"b")], "Received an invalid header name b'X-A'"),
        ([OK, (b"", b"b")], "Received an invalid header name b''"),
        ([OK, (b"x a", b"b")], "Received an invalid header name b'x a'"),
        ([OK, (b"x-a", b"b\r\nc")], "Received an invalid value of header b'x-a'"),
        ([OK, (b"x-a", b"\0")], "Received an invalid value of header b'x-a'"),
        ([OK, (b"connection", b"close")], "Received the connection-specific header b'connection'"),
        ([OK, (b"keep-alive", b"5")], "Received the connection-specific header b'keep-alive'"),
        ([OK, (b"proxy-connection", b"5")], "Received the connection-specific header b'proxy-connection'"),
        ([OK, (b"transfer-encoding", b"chunked")], "Received the connection-specific header b'transfer-encoding'"),
        ([OK, (b"upgrade", b"h2c")], "Received the connection-specific header b'upgrade'"),
        ([OK, (b"content-length", b"-1")], "Invalid content-length header: b'-1'"),
        ([OK, (b"content-length", b"1, 1")], "Invalid content-length header: b'1, 1'"),
        ([OK, (b"content-length", b"1"), (b"content-length", b"2")], "Conflicting content-length headers: 1 and 2"),
    ],
)
def test_illegal_fields_of_a_server_are_refused(fields: list[Field], text: str) -> None:
    translator = SectionTranslator()
    for _ in range(3):
        with pytest.raises(RemoteProtocolError) as caught:
            translator.field_section(fields)
        assert str(caught.value) == text


RECEIVED = st.sampled_from(
    [
        OK,
        (b":status", b"103"),
        (b":path", b"/"),
        (b"content-length", b"1"),
        (b"content-length", b"2"),
        (b"x-a", b"1"),
        (b"x-b", b" 1\t"),
        (b"X-A", b"1"),
        (b"x-a", b"\n"),
        (b"upgrade", b"h2c"),
    ]
)


@given(st.lists(st.lists(RECEIVED, max_size=5), max_size=8))
def test_fields_that_were_received_before_make_no_difference(sections: list[list[Field]]) -> None:
    def outcome(translator: SectionTranslator, fields: list[Field]) -> FieldSection | str:
        try:
            return translator.field_section(fields)
        except RemoteProtocolError as exc:
            return str(exc)

    translator = SectionTranslator()
    for fields in sections:
        assert outcome(translator, fields) == outcome(SectionTranslator(), fields)


def test_the_memory_for_received_fields_is_bounded() -> None:
    translator = SectionTranslator()
    for number in range(1_000):
        fields = [(b"x-a", b"%d" % number), (b"x-b", b"x" * 1_000)]
        assert translator.field_section(fields).headers == fields
        assert len(translator._checked) <= _translate._MAX_CHECKED_FIELDS
    assert all(name == b"x-a" for name, _ in translator._checked)


@pytest.mark.fault("S13")
@pytest.mark.skipif(not hasattr(sys, "getrefcount"), reason="references are not counted here")
@pytest.mark.parametrize("name", [b"authorization", b"cookie", b"x-api-key"])
def test_secrets_are_forgotten_with_their_connection(name: bytes) -> None:
    secret = b"secret-%d" % id(name) + b"x" * 40
    before = sys.getrefcount(secret)
    for _ in range(3):
        translator, encoder = RequestTranslator(), FieldEncoder(Encoder())
        request = Request(b"GET", "https://localhost/")
        request.headers = [(b"host", b"localhost"), (name, secret)]
        for _ in range(3):
            head = translator.request_head(request)
            encoder.encode(head)
    assert sys.getrefcount(secret) > before
    del translator, encoder, request, head
    gc.collect()
    assert sys.getrefcount(secret) == before
