"""`PoolState` under any sequence of calls that a pool makes, with any limits."""

from __future__ import annotations

from httpcore_test_support.pool_invariants import CheckedPoolState, ModelConnection, check_invariants
from httpcore_test_support.pool_model import ModelRequest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

Request = ModelRequest

ORIGINS = [(b"https", name, 443) for name in (b"a", b"a", b"b", b"c")]
pick = st.integers(min_value=0, max_value=10_000)


class PoolMachine(RuleBasedStateMachine):
    """Makes the calls of a pool, on model connections, and keeps its own records to compare with."""

    @initialize(
        connections=st.sampled_from([1, 1, 2, 3, None]),
        keepalive=st.none() | st.integers(min_value=0, max_value=3),
        expiry=st.none() | st.sampled_from([0.0, 5.0]),
        reports=st.booleans(),
    )
    def set_up(self, connections: int | None, keepalive: int | None, expiry: float | None, reports: bool) -> None:
        self.state = CheckedPoolState(connections, keepalive, expiry)
        self.now = 0.0
        # Whether connections count as ones that tell when they can carry more.
        self.reports = reports
        self.made: list[ModelConnection] = []
        # In the order of submission.
        self.waiting: list[Request] = []
        # Requests with a slot. Those that their connection carries are in `sent`, too.
        self.leasing: list[Request] = []
        self.sent: set[Request] = set()

    # Actions of users.

    @rule(keys=st.lists(st.sampled_from(ORIGINS), min_size=1, max_size=4))
    def submit(self, keys: list[tuple[bytes, bytes, int]]) -> None:
        for key in keys:
            request = Request(key)
            self.state.submit(request, self.now)
            self._placed_or_waiting(request)
            self._carry_out()

    @precondition(lambda self: self.waiting or self.leasing)
    @rule(which=pick)
    def cancel(self, which: int) -> None:
        requests = [*self.waiting, *self.leasing]
        request = requests[which % len(requests)]
        if request in self.sent:
            assert request.slot is not None
            assert request.slot.connection is not None
            # Only over HTTP/2 do the other requests on the connection go on.
            request.slot.connection.end(keep=request.slot.connection.streams > 1)
        self._release(request)

    @precondition(lambda self: len(self.made) > 3)
    @rule(afterwards=st.booleans())
    def close(self, afterwards: bool) -> None:
        if afterwards:
            while requests := [*self.waiting, *self.leasing]:
                self._release(requests[0])
            assert (self.state.requests_active, self.state.requests_queued) == (0, 0)
            assert self.state.connections_active == 0
        self.state.close()
        assert self.state.to_wake == self.waiting
        self.state.to_wake.clear()
        self.waiting.clear()
        assert self.state.connections == []
        self._carry_out(even_if_leased=True)

    # Actions of connections.

    @precondition(lambda self: any(request.slot.connection is None for request in self.leasing))
    @rule(which=pick, streams=st.sampled_from([1, 2, 3]), may_share=st.booleans(), counted=st.booleans())
    def open(self, which: int, streams: int, may_share: bool, counted: bool) -> None:
        requests = [request for request in self.leasing if request.slot and request.slot.connection is None]
        slot = requests[which % len(requests)].slot
        assert slot is not None
        connection = ModelConnection(streams, may_share=may_share or streams > 1, counted=counted)
        self.made.append(connection)
        slot.reports = self.reports
        self.state.opened(slot, connection)
        self._carry_out()

    def _unsent(self) -> list[Request]:
        opened = (request for request in self.leasing if request.slot and request.slot.connection is not None)
        return [request for request in opened if request not in self.sent]

    @precondition(lambda self: self._unsent())
    @rule(which=pick)
    def send(self, which: int) -> None:
        requests = self._unsent()
        request = requests[which % len(requests)]
        assert request.slot is not None
        assert request.slot.connection is not None
        if request.slot.connection.take():
            self.sent.add(request)
        else:
            self._requeue(request)

    @precondition(lambda self: any(not request.slot.connection.connected for request in self._unsent()))
    @rule(which=pick)
    def fail_to_connect(self, which: int) -> None:
        requests = self._unsent()
        request = requests[which % len(requests)]
        assert request.slot is not None
        assert request.slot.connection is not None
        if not request.slot.connection.connected:
            request.slot.connection.closed = True
            self._release(request)

    @precondition(lambda self: self.sent)
    @rule(which=pick)
    def respond(self, which: int) -> None:
        requests = [request for request in self.leasing if request in self.sent]
        slot = requests[which % len(requests)].slot
        assert slot is not None
        if not slot.established:
            self.state.established(slot)
            self._carry_out()

    @precondition(lambda self: any(request.slot.established for request in self.sent))
    @rule(which=pick, keep=st.booleans())
    def finish(self, which: int, keep: bool) -> None:
        requests = [request for request in self.leasing if request in self.sent]
        requests = [request for request in requests if request.slot and request.slot.established]
        request = requests[which % len(requests)]
        assert request.slot is not None
        assert request.slot.connection is not None
        request.slot.connection.end(keep=keep)
        self._release(request)

    @precondition(lambda self: self.sent)
    @rule(which=pick)
    def repeat_on_a_new_connection(self, which: int) -> None:
        requests = [request for request in self.leasing if request in self.sent]
        request = requests[which % len(requests)]
        assert request.slot is not None
        assert request.slot.connection is not None
        request.slot.connection.end(keep=False)
        self.sent.discard(request)
        request.failed_on = request.slot.number
        self._requeue(request)
        assert request.slot is None or request.slot.number > request.failed_on

    @rule()
    def close_expired(self) -> None:
        self.state.close_expired(self.now)
        self._carry_out()
        leased = {request.slot.connection for request in self.leasing if request.slot}
        for connection in self.state.connections:
            assert connection in leased or not connection.expired

    @precondition(lambda self: any(connection.is_idle() for connection in self.made))
    @rule(which=pick)
    def server_closes(self, which: int) -> None:
        idle = [connection for connection in self.made if connection.is_idle()]
        idle[which % len(idle)].expired = True

    @rule(
        connections=st.sampled_from([1, 2, 3, 4, None]),
        keepalive=st.none() | st.integers(min_value=0, max_value=3),
        expiry=st.none() | st.sampled_from([0.0, 5.0]),
    )
    def change_limits(self, connections: int | None, keepalive: int | None, expiry: float | None) -> None:
        # A limit below the number of connections in use applies to new ones only.
        if connections is not None:
            connections = max(connections, self.state.connections_active)
        self.state.set_limits(connections, keepalive, expiry)
        check_invariants(self.state)
        self._carry_out()

    @rule(seconds=st.sampled_from([1.0, 6.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    # The machine's own records.

    def _requeue(self, request: Request) -> None:
        self.leasing.remove(request)
        self.state.requeue(request)
        self._placed_or_waiting(request)
        self._carry_out()

    def _placed_or_waiting(self, request: Request) -> None:
        if request.slot is None:
            assert self.state.is_waiting(request)
            self.waiting.append(request)
            self.waiting.sort(key=lambda other: other.number)
        else:
            self._placed(request)

    def _placed(self, request: Request) -> None:
        """Check that no other request should have got the slot of this one."""
        slot = request.slot
        assert slot is not None
        assert slot.pooled
        assert slot.key == request.key
        assert not self.state.is_waiting(request)
        if slot.connection is not None and slot.connection.streams == 1 and slot.connection.connected:
            assert slot.leases == 1, "two requests share a connection for one at a time"
        for older in self.waiting:
            if older.number < request.number:
                # A request that needs a new connection may be overtaken by those that share others.
                assert older.key != request.key or older.failed_on is not None, (
                    "a request of the same origin has waited longer"
                )
                assert slot.leases > 1, "a request that has waited longer should have got this slot"
        self.leasing.append(request)

    def _carry_out(self, *, even_if_leased: bool = False) -> None:
        to_wake = [*self.state.to_wake]
        self.state.to_wake.clear()
        for request in to_wake:
            self.waiting.remove(request)
        for request in to_wake:
            self._placed(request)
        closing = [*self.state.to_close]
        self.state.to_close.clear()
        leased = {request.slot.connection for request in self.leasing if request.slot}
        for connection in closing:
            assert connection not in self.state.connections
            assert even_if_leased or connection not in leased, "an assigned connection is closed"
            connection.closed = True

    def _snapshot(self) -> str:
        return repr([vars(part) for part in (self.state.slots, self.state.requests, self.state._shared)])

    def _release(self, request: Request) -> None:
        for requests in (self.waiting, self.leasing):
            if request in requests:
                requests.remove(request)
        self.sent.discard(request)
        self.state.release(request, self.now)
        assert request.slot is None
        assert request not in self.state.requests.waiting
        self._carry_out()
        before = self._snapshot()
        self.state.release(request, self.now)
        assert self._snapshot() == before, "a second release changes something"

    @invariant()
    def counts_are_right(self) -> None:
        assert self.state.requests_active == len(self.leasing)
        assert self.state.requests_queued == len(self.waiting)

    @invariant()
    def room_is_used(self) -> None:
        for slot in (request.slot for request in self.leasing):
            if slot is None or not slot.multiplexed or not slot.pooled:
                continue
            waiting = [request for request in self.waiting if request.key == slot.key]
            if any(request.failed_on is None or request.failed_on < slot.number for request in waiting):
                connection = slot.connection
                assert connection is not None
                has_room = connection.is_available() and slot.leases < connection.request_capacity
                assert slot is self.state._shared.draining or not has_room

    @invariant()
    def every_open_connection_is_accounted_for(self) -> None:
        leased = {request.slot.connection for request in self.leasing if request.slot}
        for connection in self.made:
            assert connection.closed or connection in self.state.connections or connection in leased


class TestPoolMachine(PoolMachine.TestCase):  # type: ignore[misc,valid-type]
    """Runs the machine. Failures are not minimized, which would take minutes."""

    settings = settings(
        stateful_step_count=50,
        deadline=None,
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        suppress_health_check=(HealthCheck.too_slow,),
    )
