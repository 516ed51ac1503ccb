"""SOCKS negotiations without I/O: SOCKS4, SOCKS4a and SOCKS5 (RFC 1928) with user name and password (RFC 1929).

Each protocol is a generator of steps: the bytes to send, and the length of the reply. `Negotiation` drives it with the
bytes that the network delivers, in pieces of any size. socksio, which is imported when it is needed, builds the
messages. It parses only whole replies and trusts most of their content, so this module frames and checks them.
"""

import ipaddress
from collections.abc import Generator
from typing import NamedTuple, NoReturn, TypeAlias

from httpcore_models import ProxyError
from httpcore_models.lowlevel import require

SOCKS_SCHEMES = (b"socks4", b"socks4a", b"socks5", b"socks5h")

_AUTH_METHODS = {
    0x00: "NO AUTHENTICATION REQUIRED",
    0x01: "GSSAPI",
    0x02: "USERNAME/PASSWORD",
    0xFF: "NO ACCEPTABLE METHODS",
}

_SOCKS5_REPLIES = {
    0x01: "General SOCKS server failure",
    0x02: "Connection not allowed by ruleset",
    0x03: "Network unreachable",
    0x04: "Host unreachable",
    0x05: "Connection refused",
    0x06: "TTL expired",
    0x07: "Command not supported",
    0x08: "Address type not supported",
}

_SOCKS4_REPLIES = {
    0x5B: "Request rejected or failed",
    0x5C: "Request rejected: the proxy cannot reach identd on this machine",
    0x5D: "Request rejected: identd on this machine reports another user id",
}

# By address type, how many bytes follow the first byte of the address in a SOCKS5 reply. A name is not in here: its
# first byte says how many follow.
_ADDRESS_SIZES = {0x01: 3, 0x04: 15}
_NAME = 0x03
_PORT_SIZE = 2


class Step(NamedTuple):
    """The bytes to send, and the length of the reply. A command is the step that asks for the connection."""

    data: bytes
    reply_size: int
    is_command: bool = False


Steps: TypeAlias = Generator[Step, bytes, None]


class Negotiation:
    """A negotiation in progress: until `complete`, send `data_to_send()` and pass what arrives to `receive_data()`.

    `asked` says whether `data_to_send()` has had the command. A failure after that may concern this address only.

    Raises `ProxyError` when the proxy refuses or does not speak SOCKS.
    """

    def __init__(self, steps: Steps) -> None:
        self.complete = False
        self.asked = False
        self._steps = steps
        self._outgoing = b""
        self._incoming = b""
        self._reply_size = 0
        self._advance(None)

    def data_to_send(self) -> bytes:
        """Return the bytes to send now, and forget them."""
        data, self._outgoing = self._outgoing, b""
        return data

    def receive_data(self, data: bytes) -> None:
        """Process bytes from the network, or `b""` for the end of the stream."""
        if not data:
            raise ProxyError("Proxy closed the connection during the SOCKS negotiation.")
        self._incoming += data
        while not self.complete and len(self._incoming) >= self._reply_size:
            reply, self._incoming = self._incoming[: self._reply_size], self._incoming[self._reply_size :]
            self._advance(reply)

    @property
    def trailing_data(self) -> bytes:
        """The bytes after the negotiation, which are the first from the origin."""
        return self._incoming

    def _advance(self, reply: bytes | None) -> None:
        try:
            # A generator that has not started accepts nothing but None.
            step = next(self._steps) if reply is None else self._steps.send(reply)
        except StopIteration:
            self.complete = True
        else:
            self.asked = self.asked or step.is_command
            self._outgoing += step.data
            self._reply_size = step.reply_size


def negotiate(scheme: bytes, host: str, port: int, auth: tuple[bytes, bytes] | None) -> Negotiation:
    """Start a negotiation for a connection to `host`, a name or an address.

    Raises `ProxyError` when the protocol cannot carry the host or the credentials.
    """
    steps = _socks4 if version(scheme) == 4 else _socks5
    return Negotiation(steps(host, port, auth))


def version(scheme: bytes) -> int:
    """Return the version of SOCKS, 4 or 5, that a proxy with one of `SOCKS_SCHEMES` speaks."""
    return 4 if scheme in (b"socks4", b"socks4a") else 5


def resolves_here(scheme: bytes, rdns: bool | None) -> bool:
    """Whether this machine resolves names, instead of the proxy.

    With `socks4a` and `socks5h` the proxy does. With `socks5` it does by default. With `socks4` it does not by default:
    names are an extension (SOCKS4a), and a proxy without it connects to a wrong address.
    """
    if scheme == b"socks4":
        return rdns is not True
    return scheme == b"socks5" and rdns is False


def is_address(host: str) -> bool:
    """Whether `host` is an IP address, not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def require_socksio() -> None:
    """Raise `RuntimeError`, naming the extra to install, unless socksio is installed."""
    require(
        "socksio",
        "Attempted to use SOCKS support, but the `socksio` package is not installed. "
        "Use 'pip install httpcore[socks]'.",
    )


def _socks5(host: str, port: int, auth: tuple[bytes, bytes] | None) -> Steps:
    from socksio import socks5

    if len(host) > 255:
        raise ProxyError("SOCKS5 host names are limited to 255 bytes")
    methods = [socks5.SOCKS5AuthMethod.NO_AUTH_REQUIRED]
    if auth is not None:
        # First, since some proxies choose the first method that they know, and need the name to tell users apart.
        methods.insert(0, socks5.SOCKS5AuthMethod.USERNAME_PASSWORD)
    if auth is not None and max(map(len, auth)) > 255:
        raise ProxyError("SOCKS5 user names and passwords are limited to 255 bytes")
    reply = yield Step(socks5.SOCKS5AuthMethodsRequest(methods).dumps(), 2)
    if reply[0] != 5:
        _malformed("SOCKS5", reply)
    if reply[1:] not in methods:
        requested, got = (_AUTH_METHODS.get(code, f"METHOD 0x{code:02X}") for code in (methods[0][0], reply[1]))
        raise ProxyError(f"Requested {requested} from proxy server, but got {got}.")
    if auth is not None and reply[1:] == socks5.SOCKS5AuthMethod.USERNAME_PASSWORD:
        reply = yield Step(socks5.SOCKS5UsernamePasswordRequest(*auth).dumps(), 2)
        # The version byte is not checked: it is 1, but 5 from some proxies.
        if reply[1] != 0:
            raise ProxyError("Invalid username/password")
    command = socks5.SOCKS5CommandRequest.from_address(socks5.SOCKS5Command.CONNECT, (host, port))
    reply = yield Step(command.dumps(), 2, is_command=True)
    if reply[0] != 5:
        _malformed("SOCKS5", reply)
    if reply[1] != 0:
        # Some proxies send no more of the reply.
        _refused(_SOCKS5_REPLIES, reply[1])
    # Consume the address that the proxy connected from. It is not used.
    reply += yield Step(b"", 3)
    address_size = reply[4] if reply[3] == _NAME else _ADDRESS_SIZES.get(reply[3])
    if address_size is None:
        _malformed("SOCKS5", reply)
    yield Step(b"", address_size + _PORT_SIZE)


def _socks4(host: str, port: int, auth: tuple[bytes, bytes] | None) -> Steps:
    from socksio import socks4

    user_id = b"" if auth is None else auth[0]
    if "\0" in host or b"\0" in user_id:
        raise ProxyError("SOCKS4 host names and user ids cannot contain zero bytes")
    if ":" in host:
        raise ProxyError("SOCKS4 cannot connect to IPv6 addresses")
    if is_address(host) and host.startswith("0.0.0.") and host != "0.0.0.0":
        raise ProxyError("SOCKS4 cannot connect to 0.0.0.x: in SOCKS4a such an address means that a name follows")
    kind = socks4.SOCKS4Request if is_address(host) else socks4.SOCKS4ARequest
    request = kind.from_address(socks4.SOCKS4Command.CONNECT, (host, port), user_id)
    reply = yield Step(request.dumps(), 2, is_command=True)
    if reply[0] != 0:
        _malformed("SOCKS4", reply)
    if reply[1] != 0x5A:
        _refused(_SOCKS4_REPLIES, reply[1])
    yield Step(b"", 6)


def _refused(replies: dict[int, str], code: int) -> NoReturn:
    reason = replies.get(code, f"Unknown reply 0x{code:02X}")
    raise ProxyError(f"Proxy Server could not connect: {reason}.")


def _malformed(protocol: str, reply: bytes) -> NoReturn:
    raise ProxyError(f"Malformed reply: the proxy does not speak {protocol}. Its reply begins with {reply!r}.")
