"""How the events of a request become phases that add up."""

import math
from typing import Any

import pytest
from httpcore_trace import Phases, RequestRecord

CONNECTING = [
    (0.0, "connection.connect_tcp.started", {}),
    (1.0, "connect.resolve.started", {"host": "example.com"}),
    (3.0, "connect.resolve.complete", {"addresses": ["::1", "127.0.0.1"]}),
    (3.0, "connect.attempt.started", {"address": "::1"}),
    (4.0, "connect.attempt.started", {"address": "127.0.0.1"}),
    (5.0, "connect.attempt.failed", {"address": "::1"}),
    (6.0, "connect.attempt.complete", {"address": "127.0.0.1"}),
    (6.0, "connection.connect_tcp.complete", {}),
    (6.0, "connection.start_tls.started", {}),
    (9.0, "connection.start_tls.complete", {}),
]


def exchange(start: float, protocol: str = "http11") -> list[tuple[float, str, dict[str, Any]]]:
    """A request that is sent for 1 s, waited for during 4 s, received for 2 s and closed for 1 s."""
    return [
        (start, f"{protocol}.send_request_headers.started", {"method": "GET"}),
        (start + 0.5, f"{protocol}.send_request_headers.complete", {}),
        (start + 0.5, f"{protocol}.send_request_body.started", {}),
        (start + 1, f"{protocol}.send_request_body.complete", {}),
        (start + 1, f"{protocol}.receive_response_headers.started", {}),
        (start + 2, f"{protocol}.receive_remote_settings.started", {}),
        (start + 2, f"{protocol}.receive_remote_settings.complete", {}),
        (start + 5, f"{protocol}.receive_response_headers.complete", {"status": 200}),
        (start + 6, f"{protocol}.receive_response_body.started", {}),
        (start + 7, f"{protocol}.receive_response_body.complete", {}),
        (start + 7.5, f"{protocol}.response_closed.started", {}),
        (start + 8, f"{protocol}.response_closed.complete", {}),
    ]


def phases_of(events: list[tuple[float, str, dict[str, Any]]], start: float, ended: float | None) -> Phases:
    record = RequestRecord("GET", "https://example.com/", started=start, ended=ended, events=events)
    phases = record.phases()
    assert math.isclose(phases.total, record.duration)
    assert math.isclose(sum(value for value in phases.as_dict().values() if value != -1), record.duration)
    return phases


def test_a_request_on_a_new_connection() -> None:
    phases = phases_of([*CONNECTING, *exchange(9.25)], 0.0, 17.5)
    assert phases == Phases(dns=2.0, connect=4.0, ssl=3.0, send=1.0, wait=4.0, receive=3.0, unexplained=0.5)


@pytest.mark.parametrize("protocol", ["http11", "http2", "http3"])
def test_a_request_on_an_old_connection_has_no_phases_of_connecting(protocol: str) -> None:
    assert phases_of(exchange(0.0, protocol), 0.0, 8.0) == Phases(send=1.0, wait=4.0, receive=3.0)


def test_http_3_connects_by_datagrams_and_its_handshake_is_that_of_tls() -> None:
    events: list[tuple[float, str, dict[str, Any]]] = [
        (0.0, "connection.connect_udp.started", {}),
        (1.0, "connection.connect_udp.complete", {}),
        (1.0, "http3.handshake.started", {}),
        (3.0, "http3.handshake.complete", {}),
    ]
    phases = phases_of([*events, *exchange(3.0, "http3")], 0.0, 11.0)
    assert phases == Phases(connect=1.0, ssl=2.0, send=1.0, wait=4.0, receive=3.0)


def test_waiting_is_blocked() -> None:
    events = [
        (1.0, "connection_pool.wait_for_connection.started", {}),
        (2.0, "connection_pool.wait_for_connection.complete", {}),
        (2.0, "connection.wait.started", {}),
        (5.0, "connection.wait.complete", {}),
    ]
    assert phases_of([*events, *exchange(5.0)], 0.0, 13.0).blocked == 4.0
    assert phases_of([*events, *exchange(5.0)], 0.0, 13.0).unexplained == 1.0


def test_the_pause_before_another_attempt_to_connect_is_blocked() -> None:
    events = [
        (0.0, "connection.connect_tcp.started", {}),
        (1.0, "connection.connect_tcp.failed", {}),
        (1.0, "connection.retry.started", {}),
        (1.5, "connection.retry.complete", {}),
        (1.5, "connection.connect_tcp.started", {}),
        (2.0, "connection.connect_tcp.complete", {}),
    ]
    phases = phases_of([*events, *exchange(2.0)], 0.0, 10.0)
    assert (phases.connect, phases.blocked) == (1.5, 0.5)


def test_the_request_to_a_proxy_is_a_part_of_connecting() -> None:
    tunnel = [
        (1.0, "http11.send_request_headers.started", {"method": "CONNECT", "tunnel": True}),
        (2.0, "http11.send_request_headers.complete", {}),
        (2.0, "http11.send_request_body.started", {}),
        (2.0, "http11.send_request_body.complete", {}),
        (2.0, "http11.receive_response_headers.started", {}),
        (4.0, "http11.receive_response_headers.complete", {"status": 200}),
        (4.0, "proxy.start_tls.started", {}),
        (5.0, "proxy.start_tls.complete", {}),
    ]
    phases = phases_of(
        [
            (0.0, "connection.connect_tcp.started", {}),
            (1.0, "connection.connect_tcp.complete", {}),
            *tunnel,
            *exchange(5.0),
        ],
        0.0,
        13.0,
    )
    assert phases == Phases(connect=4.0, ssl=1.0, send=1.0, wait=4.0, receive=3.0)


def test_a_request_in_progress_ends_with_its_last_event() -> None:
    assert phases_of(CONNECTING[:3], 0.0, None) == Phases(dns=2.0, connect=1.0)
    assert phases_of([*CONNECTING, *exchange(9.0)[:8]], 0.0, None).receive == 0.0
    assert phases_of([], 3.0, None) == Phases()


def test_a_phase_that_did_not_end_lasts_to_the_end_of_the_request() -> None:
    assert phases_of(CONNECTING[:2], 0.0, 3.0) == Phases(dns=2.0, connect=1.0)


def test_a_request_that_is_sent_again_has_both_attempts() -> None:
    failed = [
        *exchange(0.0)[:5],
        (2.0, "http11.receive_response_headers.failed", {}),
        (2.0, "http11.response_closed.started", {}),
        (2.0, "http11.response_closed.complete", {}),
        (2.0, "resend", {"reason": "closed before a response"}),
    ]
    phases = phases_of([*failed, *exchange(2.0)], 0.0, 10.0)
    assert phases == Phases(send=2.0, wait=5.0, receive=3.0)
    assert phases_of(failed, 0.0, 2.0) == Phases(send=1.0, wait=1.0, receive=0.0)


def test_events_that_nobody_expects_do_not_matter() -> None:
    events = [(0.0, "something.new", {}), (0.5, "connect.resolve.complete", {}), *exchange(1.0)]
    assert phases_of(events, 1.0, 9.0) == Phases(send=1.0, wait=4.0, receive=3.0)
