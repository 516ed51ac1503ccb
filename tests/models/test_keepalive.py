"""The socket options for TCP keepalive, on each system as Python offers them there."""

import socket
import types
from typing import Any

import pytest
from httpcore_models import tcp_keepalive
from httpcore_models.network import _keepalive

COMMON = {"SOL_SOCKET": 1, "SO_KEEPALIVE": 9, "IPPROTO_TCP": 6}
# The values of the three options in the headers of each system, where Python has a name for them.
SYSTEMS: dict[str, tuple[str, dict[str, int], list[tuple[int, int, int]]]] = {
    "Linux": (
        "linux",
        {**COMMON, "TCP_KEEPIDLE": 4, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 6},
        [(1, 9, 1), (6, 4, 30), (6, 5, 10), (6, 6, 3)],
    ),
    "macOS": (
        "darwin",
        {
            **COMMON,
            "SOL_SOCKET": 0xFFFF,
            "SO_KEEPALIVE": 8,
            "TCP_KEEPALIVE": 0x10,
            "TCP_KEEPINTVL": 0x101,
            "TCP_KEEPCNT": 0x102,
        },
        [(0xFFFF, 8, 1), (6, 0x10, 30), (6, 0x101, 10), (6, 0x102, 3)],
    ),
    "macOS without the name": (
        "darwin",
        {**COMMON, "TCP_KEEPINTVL": 0x101, "TCP_KEEPCNT": 0x102},
        [(1, 9, 1), (6, 0x10, 30), (6, 0x101, 10), (6, 0x102, 3)],
    ),
    "Windows": (
        "win32",
        {**COMMON, "TCP_KEEPIDLE": 3, "TCP_KEEPINTVL": 17, "TCP_KEEPCNT": 16},
        [(1, 9, 1), (6, 3, 30), (6, 17, 10), (6, 16, 3)],
    ),
    "older Windows": ("win32", COMMON, [(1, 9, 1)]),
    # There TCP_KEEPALIVE means something else.
    "another system": ("sunos5", {**COMMON, "TCP_KEEPALIVE": 8}, [(1, 9, 1)]),
}


@pytest.mark.parametrize(("platform", "names", "options"), SYSTEMS.values(), ids=list(SYSTEMS))
def test_options_of_each_system(
    monkeypatch: pytest.MonkeyPatch, platform: str, names: dict[str, int], options: list[tuple[int, int, int]]
) -> None:
    monkeypatch.setattr(_keepalive, "socket", types.SimpleNamespace(**names))
    monkeypatch.setattr(_keepalive, "sys", types.SimpleNamespace(platform=platform))
    assert tcp_keepalive(idle=30, interval=10, count=3) == options


@pytest.mark.parametrize("largest", [False, True])
def test_this_system_takes_them(largest: bool) -> None:
    options = tcp_keepalive(idle=32767, interval=32767, count=127) if largest else tcp_keepalive()
    with socket.socket() as sock:
        for option in options:
            sock.setsockopt(*option)
        values = [sock.getsockopt(*option[:2]) for option in options]
    assert values == ([1, 32767, 32767, 127] if largest else [1, 60, 15, 4])


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"idle": 0}, ValueError, r"^idle must be from 1 to 32767, but got 0\.$"),
        ({"interval": 32768}, ValueError, r"^interval must be from 1 to 32767, but got 32768\.$"),
        ({"count": 128}, ValueError, r"^count must be from 1 to 127, but got 128\.$"),
        ({"idle": 1.5}, TypeError, r"^idle must be an int, but got float\.$"),
        ({"count": True}, TypeError, r"^count must be an int, but got bool\.$"),
    ],
)
def test_wrong_arguments_are_told(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        tcp_keepalive(**arguments)
