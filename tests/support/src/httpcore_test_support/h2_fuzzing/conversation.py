"""The engine as a client talks to h2 as a server, in random steps; whenever all has arrived, both have to agree."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from . import view
from .client import Call, Client, Fields
from .server import Exchange, Server
from .wire import Wire

__all__ = ["Conversation"]

_RESPONSE_NAMES = (b"server", b"date", b"content-type", b"set-cookie", b"x-a", b"etag", b"cookie", b"vary")
_SECRETS = (b"authorization", b"proxy-authorization")
_WINDOWS = (0, 1, 10, 1_000, 65_535, 100_000, 2**20, 2**24)
_TABLES = (0, 0, 31, 64, 100, 300, 1_000, 4_096, 4_096, 65_536, 2**20)
_FRAMES = (16_384, 16_385, 20_000, 65_536, 2**24 - 1)
_LIMITS = (0, 1, 2, 3, 5, 100)
_SIZES = (0, 1, 1, 5, 100, 511, 512, 1_000, 5_000, 20_000)


class Conversation:
    """One connection. The seed alone decides what happens; steps in `skip` are left out."""

    def __init__(self, seed: int, skip: frozenset[int] = frozenset()) -> None:
        self._seed = seed
        self._skip = skip
        self._chance = chance = Random(seed)
        self.steps: int = chance.choice((10, 30, 80, 150))
        #: What was done, for the report of a failure.
        self.log: list[str] = []
        self._bulk = chance.random() < 0.15
        self._quick = chance.random() < 0.3
        self._fields = Fields(chance, _RESPONSE_NAMES)
        self._requests_before_settings = chance.random() < 0.3
        self._sent, self._received = Wire(), Wire()
        self.client = Client(chance, self._sent)
        self.server = Server(chance, self._received)
        first = self._settings()
        first.pop(3, None) if self._requests_before_settings else None
        self._greeting: dict[int, int] | None = first

    def play(self) -> None:
        """Play all steps, then let both sides finish. Raises an exception if anything is wrong."""
        with view.frequent_credit():
            self._play()

    def _play(self) -> None:
        steps, weights = zip(*self._possible_steps(), strict=True)
        for number in range(self.steps):
            if number in self._skip:
                continue
            self._chance.seed(self._seed * 1_000 + number)
            if not self._requests_before_settings or self._chance.random() < 0.1:
                self._greet()
            step = self._chance.choices(steps, weights)[0]
            if self._greeting is not None and step not in self._client_steps():
                continue
            self.log.append(f"{number}: {step.__name__}")
            step()
        self._chance.seed(self._seed * 1_000 + 999)
        self.log.append("the end")
        self._finish_all()

    def _possible_steps(self) -> list[tuple[Callable[[], None], int]]:
        return [
            (self._request, 10),
            (self._open, 10),
            (self._send, 12),
            (self._end, 6),
            (self._read, 10),
            (self._finish, 4),
            (self._client_ping, 1),
            (self._to_server, 12),
            (self._to_client, 12),
            (self._respond, 12),
            (self._send_response, 14),
            (self._end_response, 8),
            (self._grant, 6),
            (self._configure, 4),
            (self._server_ping, 1),
            (self._reset, 2),
            (self._resize_table, 2),
            (self._go_away, 0 if self._seed % 4 else 1),
            (self._settle, 3),
            (self._exchange, 60 if self._quick else 1),
        ]

    def _client_steps(self) -> tuple[Callable[[], None], ...]:
        return self._request, self._open, self._send, self._end, self._read, self._finish, self._client_ping

    def _greet(self) -> None:
        """Let the server send its first SETTINGS."""
        if self._greeting is not None:
            self.server.configure(self._greeting)
            self._greeting = None

    def _note(self, text: str) -> None:
        self.log[-1] += f", {text}"

    # Steps of the client.

    def _request(self) -> None:
        chance = self._chance
        size = chance.choice(_SIZES) if chance.random() < 0.4 else 0
        if self._bulk and size:
            size *= 100
        call = self.client.request(chance.randbytes(size))
        self._note(f"{size} bytes")
        if not call.refused and chance.random() < 0.7:
            self.client.open(call)

    def _open(self) -> None:
        call = self._pick([call for call in self.client.calls if not call.opened and not call.refused])
        if call is not None:
            self.client.open(call)
            self._note(f"{call.opened}")

    def _send(self) -> None:
        call = self._pick([call for call in self.client.open_calls() if not call.stream.local_end])
        if call is not None:
            self._note(f"stream {call.stream.id}")
            self.client.send(call, self._chance.choice((1, 100, 16_384, 40_000, 10**9)))

    def _end(self) -> None:
        call = self._pick([call for call in self.client.open_calls() if self._all_sent(call)])
        if call is not None:
            self._note(f"stream {call.stream.id}")
            self.client.end(call)

    def _all_sent(self, call: Call) -> bool:
        return call.sent == len(call.body) or (call.stream.head.declared_length is None and self._chance.random() < 0.1)

    def _read(self) -> None:
        call = self._pick([call for call in self.client.open_calls() if not call.is_over])
        if call is not None:
            self._note(f"stream {call.stream.id}")
            self.client.read(call, self._chance.choice((1, 2, 100)))

    def _finish(self) -> None:
        call = self._pick(list(self.client.open_calls()))
        if call is not None and (call.is_over or self._chance.random() < 0.3):
            self._note(f"stream {call.stream.id}")
            self.client.finish(call)

    def _client_ping(self) -> None:
        self.client.ping()

    def _exchange(self) -> None:
        """Let a request be answered, and finish it."""
        call = self.client.request(b"")
        if not call.refused:
            self.client.open(call)
        self._deliver()
        exchange = self.server.exchanges.get(call.stream.id) if call.opened else None
        if exchange is not None and exchange.is_open:
            self.server.send_head(call.stream.id, 200, self._fields.draw(), True)
            self._deliver()
            self.client.read(call, 100)
            self.client.finish(call)

    # Bytes arrive.

    def _to_server(self) -> None:
        self.client.flush()
        for piece in self._sent.take(self._chance):
            self.server.receive(piece)

    def _to_client(self) -> None:
        for piece in self._received.take(self._chance):
            self.client.receive(piece)

    # Steps of the server.

    def _respond(self) -> None:
        stream_id, exchange = self._pick_exchange(lambda exchange: exchange.status is None)
        if exchange is None:
            return
        fields = self._fields.draw()
        chance = self._chance
        if chance.random() < 0.15:
            status = chance.choice((100, 103, 103, 199))
        else:
            unfinished = exchange.declared and not exchange.ended
            status = chance.choice((200, 200, 200, 201, 204) if unfinished else (200, 200, 204, 304, 404, 302, 500))
        self._note(f"stream {stream_id}, status {status}")
        end = status >= 200 and chance.random() < 0.2
        if status >= 200 and chance.random() < 0.3 and not (exchange.method == b"CONNECT" and status < 300):
            exchange.length = 0 if end else chance.choice(_SIZES) * (100 if self._bulk else 1)
            fields.append((b"content-length", b"%d" % exchange.length))
        if exchange.method == b"HEAD" or status in (204, 304):
            exchange.length = 0
        self.server.send_head(stream_id, status, fields, end)

    def _send_response(self) -> None:
        stream_id, exchange = self._pick_exchange(lambda exchange: exchange.status is not None)
        if exchange is None:
            return
        chance = self._chance
        size = chance.choice(_SIZES) * (chance.choice((1, 100)) if self._bulk else 1)
        for _ in range(chance.choice((1, 1, 3, 30 if self._bulk else 3))):
            self._send_part(stream_id, exchange, size, chance.choice((None, None, None, 0, 1, 100, 255)))

    def _send_part(self, stream_id: int, exchange: Exchange, size: int, padding: int | None = None) -> bool:
        """Send a part of a body; return whether there was room for it."""
        room = min(self.server.h2.local_flow_control_window(stream_id), self.server.h2.max_outbound_frame_size)
        if exchange.length is not None:
            size = min(size, exchange.length)
        extra = 0 if padding is None else padding + 1
        if extra > room:
            padding, extra = None, 0
        size = max(0, min(size, room - extra))
        if room <= 0 and size:
            return False
        exchange.length = None if exchange.length is None else exchange.length - size
        self._note(f"stream {stream_id}, {size} bytes")
        self.server.send_data(stream_id, self._chance.randbytes(size), False, padding)
        return size > 0

    def _end_response(self) -> None:
        stream_id, exchange = self._pick_exchange(
            lambda exchange: exchange.status is not None and exchange.length in (None, 0)
        )
        if exchange is None:
            return
        self._note(f"stream {stream_id}")
        self._end_of(stream_id)

    def _end_of(self, stream_id: int) -> None:
        if self._chance.random() < 0.3:
            fields = [(b"x-trailer", b"%d" % self._chance.randrange(3)), *self._fields.draw()]
            self.server.send_trailers(stream_id, fields)
        else:
            padding = self._chance.choice((None, None, 0, 7))
            if padding is not None and self.server.h2.local_flow_control_window(stream_id) < padding + 1:
                padding = None
            self.server.send_data(stream_id, b"", True, padding)

    def _grant(self) -> None:
        size = self._chance.choice((1, 10, 1_000, 65_535, 2**20))
        receiving = [number for number, exchange in self.server.exchanges.items() if exchange.receives]
        stream_id = self._chance.choice([None, *receiving])
        self._note(f"stream {stream_id}, {size} bytes")
        self.server.grant(stream_id, size)

    def _settings(self) -> dict[int, int]:
        chance = self._chance
        drawn = {1: _TABLES, 3: _LIMITS, 4: _WINDOWS, 5: _FRAMES, 6: (2**20, 2**24)}
        return {code: chance.choice(values) for code, values in drawn.items() if chance.random() < 0.4}

    def _configure(self) -> None:
        for _ in range(self._chance.choice((1, 1, 2, 3))):
            values = self._settings()
            self._note(f"{values}")
            self.server.configure(values)

    def _server_ping(self) -> None:
        self.server.ping(self._chance.randbytes(8))

    def _reset(self) -> None:
        found = [number for number, each in self.server.exchanges.items() if each.is_open or each.receives]
        if found:
            stream_id = self._chance.choice(found)
            self._note(f"stream {stream_id}")
            self.server.reset(stream_id, self._chance.choice((0, 2, 7, 8, 11)))

    def _resize_table(self) -> None:
        for _ in range(self._chance.choice((1, 1, 2))):
            self.server.encoder.header_table_size = size = self._chance.choice((0, 50, 200, 1_000, 4_096))
            self._note(f"{size}")

    def _go_away(self) -> None:
        last = max(self.server.exchanges, default=0)
        last = self._chance.choice((min(last, self.server.last_id), min(self.server.last_id, max(0, last - 2))))
        self._note(f"last stream {last}")
        self.server.go_away(last, self._chance.choice((0, 0, 2)))

    def _pick(self, calls: list[Call]) -> Call | None:
        return self._chance.choice(calls) if calls else None

    def _pick_exchange(self, fits: Callable[[Exchange], bool]) -> tuple[int, Any]:
        found = [(number, each) for number, each in self.server.exchanges.items() if each.is_open and fits(each)]
        return self._chance.choice(found) if found else (0, None)

    # Both sides compared.

    def _deliver(self) -> None:
        for _ in range(100):
            self.client.flush()
            if not self._sent and not self._received:
                return
            for piece in self._sent.take_all(self._chance):
                self.server.receive(piece)
            for piece in self._received.take_all(self._chance):
                self.client.receive(piece)
        raise AssertionError("the two sides go on answering each other")

    def _settle(self) -> None:
        """Let everything arrive, and compare."""
        self._deliver()
        client, server = self.client, self.server
        assert server.ping_answers == server.pings
        assert server.client_pings == client.pings
        assert {call.stream.id for call in client.calls if call.opened} == set(server.exchanges)
        for call in client.calls:
            if call.opened:
                self._compare(call, server.exchanges[call.stream.id])
        self._compare_connection()

    def _compare(self, call: Call, exchange: Exchange) -> None:
        stream = call.stream
        name = f"stream {stream.id}"
        fields = [*stream.head.pseudo_headers, *stream.head.headers]
        assert [(bytes(key), bytes(value)) for key, value in exchange.fields] == fields, name
        for field in exchange.fields:
            secret = field[0] in _SECRETS or (field[0] == b"cookie" and len(field[1]) < 20)
            assert field.indexable is not secret, f"{name}: {field}"
        body = call.body[: call.sent]
        if exchange.cut:
            assert body.startswith(bytes(exchange.body)), name
        else:
            assert exchange.body == body, name
            assert exchange.ended == stream.local_end or exchange.reset_by_client is not None, name
        if not call.finished:
            assert exchange.reset_by_client is None, name
        expected = exchange.sent
        if call.finished and not call.complete:
            assert_prefix(call.got, expected, name)
        elif not call.is_over and self._chance.random() < 0.5:
            self.client.read(call, 10_000)
            self._deliver()
        if call.is_over and not call.finished:
            failed = expected and expected[-1] in ("reset", "goaway")
            assert call.got == (expected[:-1] if failed else expected), name
            assert (call.failure is not None) == bool(failed), f"{name}: {call.failure}"
        elif not call.is_over:
            assert_prefix(call.got, expected, name)
        if not call.finished:
            self._compare_windows(call, exchange)

    def _compare_windows(self, call: Call, exchange: Exchange) -> None:
        stream, name = call.stream, f"windows of stream {call.stream.id}"
        if exchange.receives and not stream.local_end:
            assert view.send_windows(self.client.engine, stream)[1] == self.server.windows(stream.id)[0], name
        if exchange.is_open:
            window = view.receive_windows(self.client.engine, stream)[1]
            assert window == self.server.windows(stream.id)[1], name
            unread = sum(len(event) for event in stream.events if isinstance(event, (bytes, bytearray)))
            assert window + unread + view.stream_credit_due(stream) == view.stream_window(stream), name

    def _compare_connection(self) -> None:
        engine, server = self.client.engine, self.server.h2
        assert engine.send_window == server.inbound_flow_control_window, "the connection's window for sending"
        window = view.receive_windows(engine)[0]
        assert window == server.outbound_flow_control_window, "the connection's window for receiving"
        assert view.stream_growth(engine) <= view.MAX_GROWTH
        size, entries = view.received_table(engine)
        table = server.encoder.header_table
        if not table.resized:
            assert (size, entries) == (table.maxsize, list(table.dynamic_entries)), "the table for responses"
        size, entries = view.sent_table(engine)
        table = server.decoder.header_table
        if not engine.encoder._resized:
            assert (size, entries) == (table.maxsize, list(table.dynamic_entries)), "the table for requests"
        for name, _ in entries:
            assert name not in _SECRETS, "a secret was indexed"
        counted = sum(call.stream.is_open for call in self.client.calls)
        assert engine.streams.open_count == counted
        if not self.server.last_id < 2**31 - 1:
            assert counted == server.open_inbound_streams, "streams that are open"

    # The end.

    def _finish_all(self) -> None:
        """Let both sides do all that is left, which has to come to an end."""
        self._greet()
        self.server.configure({3: 100, 4: 2**20})
        for _ in range(1_000):
            self._deliver()
            self._push_client()
            self._deliver()
            self._push_server()
            if all(call.is_over or call.finished for call in self.client.calls) and self._requests_done():
                break
        else:
            raise AssertionError("the conversation does not come to an end")
        self._settle()
        for call in self.client.calls:
            if not call.finished and not (call.refused and not call.opened):
                self.client.finish(call)
        self._deliver()
        self._compare_connection()
        self.client.engine.close()
        self._deliver()
        assert self.server.terminated

    def _requests_done(self) -> bool:
        return all(call.refused or call.finished or not call.stream.wants_body() for call in self.client.calls)

    def _push_client(self) -> None:
        client = self.client
        for call in client.calls:
            if not call.opened and not call.refused:
                client.open(call)
            if not call.opened or call.finished:
                continue
            client.read(call, 10_000)
            if call.stream.wants_body():
                client.send(call, 10**9)
                if call.sent == len(call.body):
                    client.end(call)

    def _push_server(self) -> None:
        server = self.server
        if server.h2.inbound_flow_control_window < 2**20:
            server.grant(None, 2**20)
        for stream_id, exchange in server.exchanges.items():
            if exchange.receives and server.windows(stream_id)[0] < 2**20:
                server.grant(stream_id, 2**20)
            if not exchange.is_open:
                continue
            if exchange.status is None:
                server.send_head(stream_id, 200, [], False)
                exchange.length = 0
            if exchange.length:
                for _ in range(20):
                    if not self._send_part(stream_id, exchange, 60_000):
                        break
            if not exchange.length:
                self._end_of(stream_id)


def assert_prefix(got: list[Any], expected: list[Any], name: str) -> None:
    """Compare what was read with what was sent: the last part of a body may be incomplete."""
    last = len(got) - 1
    assert got[:last] == expected[: max(0, last)], name
    if got:
        assert last < len(expected), name
        if isinstance(got[-1], bytearray):
            assert expected[last].startswith(got[-1]), name
        else:
            assert got[-1] == expected[last], name
