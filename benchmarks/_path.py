"""A path that delays and loses packets, and Caddy at its end: ``python -m benchmarks._path ... DELAY:LOSS...``.

TCP and QUIC must meet the same losses, so what is lost are IP packets. The kernel hands those to this process through
TUN devices, in a network namespace of its own, which needs neither netem nor the rights of root (where the system lets
users have namespaces). Clients join the namespace.

There is one device for each argument, with SECONDS of delay in each direction and the share of packets that are lost,
each for itself, in each direction. The Nth device has the address 10.77.N.1. A packet that its owner sends to 10.77.N.2
comes back to it with both addresses exchanged, so that the client and the server, which are on the same machine, each
believe the other to be at 10.77.N.2; the checksums do not change. Bandwidth is not limited, and order is kept.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import random
import select
import shutil
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from benchmarks import _caddy
from benchmarks._server import pin_to_core, raise_open_file_limit

_DEVICE = "/dev/net/tun"
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x1, 0x1000
_LARGEST_PACKET = 65536
# No packet waits for the process to read it: the kernel would drop what exceeds this.
_QUEUE_PACKETS = 20_000
_SEED = 1


def server_address(index: int) -> str:
    """Return where clients find the server behind a device."""
    return f"10.77.{index}.2"


def entering(process: int) -> list[str]:
    """Return the beginning of a command that is to run in the namespace of a process."""
    users = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
    return ["nsenter", "--target", str(process), "--net", *users]


def leaving() -> list[str]:
    """Return the beginning of a command that is to run in a namespace of its own."""
    return ["unshare", "--net", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]


def missing() -> str | None:
    """Return what the system lacks for a path, or `None`."""
    for command in ("ip", "nsenter", "unshare"):
        if shutil.which(command) is None:
            return f"the command {command}"
    if not os.access(_DEVICE, os.R_OK | os.W_OK):
        return _DEVICE
    if subprocess.run([*leaving(), "true"], capture_output=True, check=False).returncode:
        return "the right to make a network namespace"
    return None


@dataclass(frozen=True)
class _Packet:
    due: float
    data: bytes


class Device:
    """What comes from a TUN device goes back to it, unless it is lost: after a delay, and with its addresses exchanged.

    Without I/O: packets go in with the time, and come out when they are due.
    """

    def __init__(self, delay: float, loss: float, seed: int = _SEED) -> None:
        self.delay, self.loss = delay, loss
        self._random = random.Random(seed)
        self._queue: deque[_Packet] = deque()

    def take(self, packet: bytes, now: float) -> None:
        # Only IPv4: the system also announces itself over IPv6.
        if packet[0] >> 4 == 4 and self._random.random() >= self.loss:
            self._queue.append(_Packet(now + self.delay, packet[:12] + packet[16:20] + packet[12:16] + packet[20:]))

    def due(self, now: float) -> list[bytes]:
        """Return the packets that are due, in their order."""
        packets = []
        while self._queue and self._queue[0].due <= now:
            packets.append(self._queue.popleft().data)
        return packets

    @property
    def next_due(self) -> float | None:
        return self._queue[0].due if self._queue else None


def _open_device(index: int) -> int:
    name = f"tun{index}"
    descriptor = os.open(_DEVICE, os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
    _ip("addr", "add", f"10.77.{index}.1/24", "dev", name)
    _ip("link", "set", "dev", name, "txqueuelen", str(_QUEUE_PACKETS), "up")
    return descriptor


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


# What one connection learns of the path is not used for the next one. The congestion control of TCP must not depend on
# the machine: this one is allowed everywhere, and Cubic does the same where so much is lost in so short a time. That of
# QUIC is part of Caddy.
_SETTINGS = {"tcp_no_metrics_save": "1", "tcp_congestion_control": "reno"}


def _set_up() -> None:
    _ip("link", "set", "dev", "lo", "up")
    for name, value in _SETTINGS.items():
        with contextlib.suppress(OSError):
            Path("/proc/sys/net/ipv4", name).write_text(value)


def _serve(devices: dict[int, Device]) -> None:
    poll = select.epoll()
    for descriptor in devices:
        poll.register(descriptor, select.EPOLLIN)
    while True:
        now = time.perf_counter()
        waits = [due - now for device in devices.values() if (due := device.next_due) is not None]
        # The timeout of epoll is in milliseconds, that of select in microseconds.
        select.select([poll.fileno()], [], [], max(0.0, min(waits)) if waits else None)
        for descriptor, device in devices.items():
            _pass_on(descriptor, device)


def _pass_on(descriptor: int, device: Device) -> None:
    with contextlib.suppress(BlockingIOError):
        while True:
            device.take(os.read(descriptor, _LARGEST_PACKET), time.perf_counter())
    for packet in device.due(time.perf_counter()):
        os.write(descriptor, packet)


def _route(text: str) -> tuple[float, float]:
    delay, _, loss = text.partition(":")
    return float(delay), float(loss)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--core", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("certificate")
    parser.add_argument("routes", nargs="+", type=_route, metavar="SECONDS:SHARE")
    arguments = parser.parse_args()
    pin_to_core(arguments.core)
    raise_open_file_limit()
    _set_up()
    devices = {_open_device(index): Device(*route) for index, route in enumerate(arguments.routes)}
    with _caddy.running(arguments.folder, arguments.certificate) as numbers:
        with contextlib.suppress(PermissionError):
            # To keep its times beside a server that is busy. After the start of Caddy, which would inherit it.
            os.nice(-10)
        threading.Thread(target=_serve, args=(devices,), daemon=True).start()
        print(*numbers, os.getpid(), flush=True)
        sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
