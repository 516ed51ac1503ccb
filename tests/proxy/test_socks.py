"""SOCKS negotiations without a network: what is sent, and how replies in pieces of any size are understood."""

import re
import sys
from collections.abc import Sequence

import pytest
from httpcore_models import ProxyError
from httpcore_proxy import require_socksio
from httpcore_proxy._socks import Negotiation, is_address, negotiate, resolves_here

NAME = "example.com"
AUTH = (b"user", b"secret")

SOCKS5_GREETING = b"\x05\x01\x00"
SOCKS5_GREETING_WITH_AUTH = b"\x05\x02\x02\x00"
SOCKS5_CREDENTIALS = b"\x01\x04user\x06secret"
SOCKS5_COMMAND = b"\x05\x01\x00\x03\x0bexample.com\x00\x50"

# The address that the proxy connected from, in all its forms. It is not used, but must be consumed.
BOUND = {
    "IPv4": b"\x01\x7f\x00\x00\x01\x12\x34",
    "IPv6": b"\x04" + bytes(15) + b"\x01\x12\x34",
    "name": b"\x03\x04here\x12\x34",
    "empty name": b"\x03\x00\x12\x34",
}
CONNECTED = b"\x05\x00\x00" + BOUND["IPv4"]
SOCKS4_GRANTED = b"\x00\x5a" + bytes(6)


def play(negotiation: Negotiation, *replies: bytes) -> list[bytes]:
    """Deliver `replies` one after the other, and return what is sent."""
    sent = [negotiation.data_to_send()]
    for reply in replies:
        negotiation.receive_data(reply)
        sent.append(negotiation.data_to_send())
    return [data for data in sent if data]


class TestSocks5:
    def test_without_auth(self) -> None:
        negotiation = negotiate(b"socks5", NAME, 80, None)
        assert play(negotiation, b"\x05\x00") == [SOCKS5_GREETING, SOCKS5_COMMAND]
        assert not negotiation.complete
        assert play(negotiation, CONNECTED) == []
        assert (negotiation.complete, negotiation.trailing_data) == (True, b"")

    def test_with_auth(self) -> None:
        negotiation = negotiate(b"socks5h", NAME, 80, AUTH)
        sent = play(negotiation, b"\x05\x02", b"\x01\x00", CONNECTED)
        assert sent == [SOCKS5_GREETING_WITH_AUTH, SOCKS5_CREDENTIALS, SOCKS5_COMMAND]
        assert negotiation.complete

    @pytest.mark.fault("N7")
    def test_credentials_are_sent_only_when_requested(self) -> None:
        negotiation = negotiate(b"socks5", NAME, 80, AUTH)
        assert play(negotiation, b"\x05\x00", CONNECTED) == [SOCKS5_GREETING_WITH_AUTH, SOCKS5_COMMAND]
        assert negotiation.complete

    @pytest.mark.fault("N7")
    @pytest.mark.parametrize("version", range(0, 256, 5))
    def test_only_the_status_of_the_credentials_reply_counts(self, version: int) -> None:
        negotiation = negotiate(b"socks5", NAME, 80, AUTH)
        play(negotiation, b"\x05\x02", bytes([version, 0]), CONNECTED)
        assert negotiation.complete

    def test_with_an_empty_password(self) -> None:
        sent = play(negotiate(b"socks5", NAME, 80, (b"token", b"")), b"\x05\x02")
        assert sent[1] == b"\x01\x05token\x00"

    @pytest.mark.parametrize(
        ("host", "address"),
        [
            ("10.0.0.1", b"\x01\x0a\x00\x00\x01"),
            ("::1", b"\x04" + bytes(15) + b"\x01"),
            ("2001:db8::5", b"\x04\x20\x01\x0d\xb8" + bytes(11) + b"\x05"),
            ("a" * 255, b"\x03\xff" + b"a" * 255),
        ],
    )
    def test_addresses(self, host: str, address: bytes) -> None:
        sent = play(negotiate(b"socks5", host, 0x1234, None), b"\x05\x00")
        assert sent[1] == b"\x05\x01\x00" + address + b"\x12\x34"

    @pytest.mark.parametrize("bound", BOUND.values(), ids=list(BOUND))
    @pytest.mark.parametrize("trailing", [b"", b"HTTP/1.1 200"])
    def test_bytes_after_the_reply_are_trailing_data(self, bound: bytes, trailing: bytes) -> None:
        negotiation = negotiate(b"socks5", NAME, 80, None)
        play(negotiation, b"\x05\x00", b"\x05\x00\x00" + bound + trailing)
        assert (negotiation.complete, negotiation.trailing_data) == (True, trailing)

    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            (1, "General SOCKS server failure"),
            (2, "Connection not allowed by ruleset"),
            (3, "Network unreachable"),
            (4, "Host unreachable"),
            (5, "Connection refused"),
            (6, "TTL expired"),
            (7, "Command not supported"),
            (8, "Address type not supported"),
            (9, "Unknown reply 0x09"),
            (255, "Unknown reply 0xFF"),
        ],
    )
    def test_refusals_have_a_reason(self, code: int, reason: str) -> None:
        """The code is enough: some proxies send no more of the reply."""
        negotiation = negotiate(b"socks5", NAME, 80, None)
        play(negotiation, b"\x05\x00")
        with pytest.raises(ProxyError, match=rf"^Proxy Server could not connect: {reason}\.$"):
            negotiation.receive_data(bytes([5, code]))

    @pytest.mark.parametrize(
        ("auth", "method", "message"),
        [
            (None, 0x02, "Requested NO AUTHENTICATION REQUIRED from proxy server, but got USERNAME/PASSWORD."),
            (None, 0x01, "Requested NO AUTHENTICATION REQUIRED from proxy server, but got GSSAPI."),
            (None, 0xFF, "Requested NO AUTHENTICATION REQUIRED from proxy server, but got NO ACCEPTABLE METHODS."),
            (AUTH, 0xFF, "Requested USERNAME/PASSWORD from proxy server, but got NO ACCEPTABLE METHODS."),
            (AUTH, 0x80, "Requested USERNAME/PASSWORD from proxy server, but got METHOD 0x80."),
        ],
    )
    def test_refused_methods(self, auth: tuple[bytes, bytes] | None, method: int, message: str) -> None:
        with pytest.raises(ProxyError, match=f"^{re.escape(message)}$"):
            play(negotiate(b"socks5", NAME, 80, auth), bytes([5, method]))

    @pytest.mark.parametrize("reply", [b"\x01\x01", b"\x01\xff", b"\x05\x01"])
    def test_wrong_credentials(self, reply: bytes) -> None:
        with pytest.raises(ProxyError, match=r"^Invalid username/password$"):
            play(negotiate(b"socks5", NAME, 80, AUTH), b"\x05\x02", reply)

    @pytest.mark.field(66)
    @pytest.mark.parametrize(
        "replies",
        [
            [b"HTTP/1.1 400 Bad Request\r\n\r\n"],
            [b"\x04\x00"],
            [b"\x05\x00", b"HTTP/1.1 400 Bad Request\r\n\r\n"],
            [b"\x05\x00", b"\x05\x00\x00\x02\x00\x00\x00"],
        ],
    )
    def test_another_protocol(self, replies: Sequence[bytes]) -> None:
        with pytest.raises(
            ProxyError, match=r"^Malformed reply: the proxy does not speak SOCKS5\. Its reply begins with b"
        ):
            play(negotiate(b"socks5", NAME, 80, None), *replies)

    @pytest.mark.parametrize("auth", [(b"u" * 256, b"secret"), (b"user", b"p" * 256)])
    def test_too_long_credentials(self, auth: tuple[bytes, bytes]) -> None:
        """The error is raised before anything is sent, and does not contain them."""
        with pytest.raises(ProxyError, match=r"^SOCKS5 user names and passwords are limited to 255 bytes$"):
            negotiate(b"socks5", NAME, 80, auth)

    def test_a_too_long_name(self) -> None:
        with pytest.raises(ProxyError, match=r"^SOCKS5 host names are limited to 255 bytes$"):
            negotiate(b"socks5", "a" * 256, 80, None)


class TestSocks4:
    @pytest.mark.parametrize("scheme", [b"socks4", b"socks4a"])
    def test_an_address(self, scheme: bytes) -> None:
        negotiation = negotiate(scheme, "10.0.0.1", 80, None)
        assert play(negotiation, SOCKS4_GRANTED) == [b"\x04\x01\x00\x50\x0a\x00\x00\x01\x00"]
        assert (negotiation.complete, negotiation.trailing_data) == (True, b"")

    @pytest.mark.parametrize("scheme", [b"socks4", b"socks4a"])
    def test_a_name_is_sent_as_socks4a_does(self, scheme: bytes) -> None:
        sent = play(negotiate(scheme, NAME, 443, (b"user", b"never sent")))
        assert sent == [b"\x04\x01\x01\xbb\x00\x00\x00\xffuser\x00example.com\x00"]

    def test_bytes_after_the_reply_are_trailing_data(self) -> None:
        negotiation = negotiate(b"socks4", "10.0.0.1", 80, None)
        play(negotiation, SOCKS4_GRANTED + b"HTTP/1.1 200")
        assert (negotiation.complete, negotiation.trailing_data) == (True, b"HTTP/1.1 200")

    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            (0x5B, "Request rejected or failed"),
            (0x5C, "Request rejected: the proxy cannot reach identd on this machine"),
            (0x5D, "Request rejected: identd on this machine reports another user id"),
            (0x00, "Unknown reply 0x00"),
        ],
    )
    def test_refusals_have_a_reason(self, code: int, reason: str) -> None:
        with pytest.raises(ProxyError, match=rf"^Proxy Server could not connect: {reason}\.$"):
            play(negotiate(b"socks4", "10.0.0.1", 80, None), bytes([0, code]))

    def test_another_protocol(self) -> None:
        with pytest.raises(
            ProxyError, match=r"^Malformed reply: the proxy does not speak SOCKS4\. Its reply begins with b'HT'"
        ):
            play(negotiate(b"socks4", "10.0.0.1", 80, None), b"HTTP/1.1 400 Bad Request\r\n\r\n")

    @pytest.mark.parametrize("host", ["0.0.0.1", "0.0.0.255"])
    def test_addresses_that_announce_a_name(self, host: str) -> None:
        with pytest.raises(ProxyError, match=r"^SOCKS4 cannot connect to 0\.0\.0\.x"):
            negotiate(b"socks4", host, 80, None)
        assert not negotiate(b"socks4", "0.0.0.0", 80, None).complete

    def test_ipv6(self) -> None:
        with pytest.raises(ProxyError, match=r"^SOCKS4 cannot connect to IPv6 addresses$"):
            negotiate(b"socks4", "::1", 80, None)

    @pytest.mark.parametrize(("host", "user"), [("exam\0ple.com", b"user"), (NAME, b"us\0er")])
    def test_zero_bytes_are_refused(self, host: str, user: bytes) -> None:
        with pytest.raises(ProxyError, match=r"^SOCKS4 host names and user ids cannot contain zero bytes$"):
            negotiate(b"socks4a", host, 80, (user, b""))


CONVERSATIONS = {
    "SOCKS5": (b"socks5", None, [b"\x05\x00", CONNECTED]),
    "SOCKS5 with auth": (b"socks5", AUTH, [b"\x05\x02", b"\x01\x00", b"\x05\x00\x00" + BOUND["name"]]),
    "SOCKS4a": (b"socks4a", None, [SOCKS4_GRANTED]),
}


@pytest.mark.parametrize(("scheme", "auth", "replies"), CONVERSATIONS.values(), ids=list(CONVERSATIONS))
class TestPieces:
    @pytest.mark.field(66)
    def test_every_way_to_cut_a_reply_in_two(
        self, scheme: bytes, auth: tuple[bytes, bytes] | None, replies: list[bytes]
    ) -> None:
        whole = play(negotiate(scheme, NAME, 80, auth), *replies)
        for index, reply in enumerate(replies):
            for cut in range(1, len(reply)):
                negotiation = negotiate(scheme, NAME, 80, auth)
                pieces = [*replies[:index], reply[:cut], reply[cut:], *replies[index + 1 :]]
                assert play(negotiation, *pieces) == whole
                assert (negotiation.complete, negotiation.trailing_data) == (True, b"")

    @pytest.mark.field(66)
    def test_byte_by_byte(self, scheme: bytes, auth: tuple[bytes, bytes] | None, replies: list[bytes]) -> None:
        negotiation = negotiate(scheme, NAME, 80, auth)
        data = b"".join(replies) + b"!"
        sent = play(negotiation, *(data[index : index + 1] for index in range(len(data) - 1)))
        assert sent == play(negotiate(scheme, NAME, 80, auth), *replies)
        assert negotiation.complete

    def test_all_at_once(self, scheme: bytes, auth: tuple[bytes, bytes] | None, replies: list[bytes]) -> None:
        negotiation = negotiate(scheme, NAME, 80, auth)
        play(negotiation, b"".join(replies) + b"!")
        assert (negotiation.complete, negotiation.trailing_data) == (True, b"!")

    @pytest.mark.field(66)
    def test_end_of_stream_at_any_byte(
        self, scheme: bytes, auth: tuple[bytes, bytes] | None, replies: list[bytes]
    ) -> None:
        data = b"".join(replies)
        for end in range(len(data)):
            negotiation = negotiate(scheme, NAME, 80, auth)
            for index in range(end):
                negotiation.receive_data(data[index : index + 1])
            with pytest.raises(ProxyError, match=r"^Proxy closed the connection during the SOCKS negotiation\.$"):
                negotiation.receive_data(b"")


@pytest.mark.parametrize("host", ["10.0.0.1", "::1", "2001:db8::5"])
def test_is_address(host: str) -> None:
    assert is_address(host)
    assert not is_address(f"{host}.example.com")


@pytest.mark.field(68)
@pytest.mark.parametrize(
    ("scheme", "by_default", "with_rdns", "without_rdns"),
    [
        (b"socks5", False, False, True),
        (b"socks5h", False, False, False),
        (b"socks4", True, False, True),
        (b"socks4a", False, False, False),
    ],
)
def test_who_resolves_names(scheme: bytes, by_default: bool, with_rdns: bool, without_rdns: bool) -> None:
    answers = [resolves_here(scheme, rdns) for rdns in (None, True, False)]
    assert answers == [by_default, with_rdns, without_rdns]


def test_missing_socksio_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    require_socksio()
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(RuntimeError, match=r"`socksio` package is not installed. Use 'pip install httpcore\[socks\]'"):
        require_socksio()
