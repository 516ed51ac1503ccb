"""Every listed deviation is one, and those in Host headers and log lines are as listed."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .deviations import ALTERNATIVES, DEVIATIONS, HOST_OF_IPV6, SECRET_HEADERS
from .measured import load
from .network import Peer
from .players import Flavour, every_flavour, play
from .scenes import OK, Scene, Send


def fact(file: str, entry: str) -> Any:
    entries = load(file)
    if file == "interface.json":  # the one file with sections
        entries = {name: value for section in entries.values() for name, value in section.items()}
    return entries[entry]


@pytest.mark.parametrize(("file", "entry"), DEVIATIONS)
def test_deviation_differs_from_a_fact(file: str, entry: str) -> None:
    assert DEVIATIONS[file, entry].value != fact(file, entry)


@pytest.mark.parametrize(("file", "entry"), ALTERNATIVES)
def test_alternative_replaces_an_assert_or_keeps_the_type(file: str, entry: str) -> None:
    assert fact(file, entry)["raises"] in ("AssertionError", ALTERNATIVES[file, entry].value["raises"])


@every_flavour
@pytest.mark.parametrize("url", HOST_OF_IPV6)
def test_host_of_an_ipv6_address(url: str, flavour: Flavour) -> None:
    record = play(Scene(url, network=(Peer(OK),), steps=(Send(url=url),)), flavour)
    assert re.findall(rb"\r\n(?i:host): *(.*?)\r\n", b"".join(record.written)) == [HOST_OF_IPV6[url]]


@every_flavour
@pytest.mark.parametrize("header", SECRET_HEADERS)
def test_secret_header_is_traced_and_not_logged(header: str, flavour: Flavour) -> None:
    head = f"HTTP/1.1 200 OK\r\n{header}: in-clear-text\r\nX-Plain: shown\r\nContent-Length: 0\r\n\r\n"
    record = play(Scene(header, network=(head.encode(),)), flavour)
    [event] = [event for event in record.events if "http11.receive_response_headers.complete" in event]
    [line] = [line for line in record.logs if "httpcore.http11 receive_response_headers.complete" in line]
    assert f"(b'{header}', b'in-clear-text')" in event
    assert "in-clear-text" not in "\n".join(record.logs)
    assert re.search(rf"\(b'{header}', b?'\[secure\]'\)", line)
    assert "(b'X-Plain', b'shown')" in line
