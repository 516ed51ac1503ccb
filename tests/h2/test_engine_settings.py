"""The server's settings: what is assumed before they arrive, what they allow, and later changes."""

import sys

import pytest
from httpcore_h2._events import END_OF_STREAM, ChangedSetting
from httpcore_models import RemoteProtocolError
from httpcore_test_support import h2_frames as frames
from httpcore_test_support.h2_dialogue import Dialogue, Feeding, every_feeding

HEADER_TABLE_SIZE, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, ENABLE_CONNECT_PROTOCOL = 1, 3, 4, 8


def limited_to(limit: int) -> bytes:
    return frames.settings({MAX_CONCURRENT_STREAMS: limit})


@pytest.mark.fault("P5")
def test_ten_streams_are_assumed_before_the_settings() -> None:
    talk = Dialogue(first=b"")
    assert not talk.engine.settings_received
    for _ in range(10):
        talk.request()
    assert (talk.engine.can_open, talk.engine.streams.open_count) == (False, 10)


@pytest.mark.fault("P5")
def test_the_former_limit_is_assumed_until_the_server_sends_one() -> None:
    talk = Dialogue(first=b"")
    assert talk.engine.stream_limit is None
    talk.engine.assume_stream_limit(2)
    assert talk.engine.capacity == 2
    talk.receive(limited_to(20))
    talk.engine.assume_stream_limit(3)
    assert (talk.engine.capacity, talk.engine.stream_limit) == (20, 20)
    assert Dialogue(first=frames.settings({INITIAL_WINDOW_SIZE: 1000})).engine.stream_limit == sys.maxsize


@pytest.mark.field(47)
@every_feeding
def test_settings_without_a_limit_remove_the_assumed_one(feeding: Feeding) -> None:
    talk = Dialogue(feeding, frames.settings({INITIAL_WINDOW_SIZE: 1000}))
    assert talk.engine.settings_received
    for _ in range(300):
        talk.request()
    assert talk.engine.can_open
    talk.receive(limited_to(300))
    assert not talk.engine.can_open
    # Settings that a later frame does not mention stay the same.
    talk.receive(frames.settings({INITIAL_WINDOW_SIZE: 2000}))
    assert not talk.engine.can_open


def test_capacity_includes_streams_that_have_ended_but_are_not_finished() -> None:
    talk = Dialogue(first=limited_to(2))
    assert talk.engine.capacity == 2
    first, _ = talk.request(), talk.request()
    assert talk.engine.capacity == 2
    talk.receive(frames.headers(1, 200, end_stream=True))
    assert talk.engine.capacity == 3
    talk.request()
    talk.engine.finish(first)
    assert talk.engine.capacity == 2
    talk.receive(limited_to(1))
    assert talk.engine.capacity == 1


def test_without_a_limit_capacity_is_unbounded() -> None:
    assert Dialogue(first=frames.settings({INITIAL_WINDOW_SIZE: 1000})).engine.capacity >= 2**31


@pytest.mark.field(41)
@every_feeding
def test_lowering_the_limit_keeps_open_streams_and_opens_no_more(feeding: Feeding) -> None:
    talk = Dialogue(feeding, limited_to(2))
    first, second = talk.request(), talk.request()
    talk.receive(limited_to(1), frames.headers(1, 200, end_stream=True))
    assert talk.events(first)[-1] is END_OF_STREAM
    assert (talk.engine.can_open, talk.engine.streams.open_count) == (False, 1)
    talk.receive(frames.headers(3, 200, end_stream=True))
    assert talk.events(second)[-1] is END_OF_STREAM
    assert talk.engine.can_open
    talk.request()
    assert not talk.engine.can_open


@pytest.mark.field(55)
@every_feeding
def test_a_limit_of_zero_opens_no_stream_until_it_is_raised(feeding: Feeding) -> None:
    talk = Dialogue(feeding, limited_to(0))
    assert (talk.engine.can_open, talk.engine.usable) == (False, True)
    talk.receive(limited_to(3))
    streams = [talk.request() for _ in range(3)]
    assert not talk.engine.can_open
    talk.receive(limited_to(0))
    assert talk.touched == {stream.id for stream in streams}
    talk.receive(frames.headers(1, 200, end_stream=True), limited_to(4))
    assert talk.engine.can_open


@every_feeding
def test_changes_are_reported_and_acknowledged(feeding: Feeding) -> None:
    talk = Dialogue(feeding, first=b"")
    talk.receive(limited_to(10), limited_to(2), frames.settings_ack())
    assert [change.changed_settings for change in talk.settings] == [
        {MAX_CONCURRENT_STREAMS: ChangedSetting(MAX_CONCURRENT_STREAMS, None, 10)},
        {MAX_CONCURRENT_STREAMS: ChangedSetting(MAX_CONCURRENT_STREAMS, 10, 2)},
    ]
    assert repr(talk.settings[1]) == (
        "<RemoteSettingsChanged changed_settings:{ChangedSetting(setting=3, original_value=10, new_value=2)}>"
    )
    assert [frame.flags for frame in talk.sent()] == [{"ACK"}, {"ACK"}]


def test_unknown_settings_are_ignored() -> None:
    talk = Dialogue(first=frames.raw_settings({0xFEED: 7, MAX_CONCURRENT_STREAMS: 1}))
    talk.request()
    assert (talk.engine.failure is not None, talk.engine.can_open) == (False, False)


@pytest.mark.parametrize("value", [0, 1])
def test_extended_connect_depends_on_the_server(value: int) -> None:
    talk = Dialogue(first=b"")
    assert not talk.engine.supports_extended_connect
    talk.receive(frames.settings({ENABLE_CONNECT_PROTOCOL: value}))
    assert talk.engine.supports_extended_connect == bool(value)


def test_the_compression_table_follows_the_settings() -> None:
    talk = Dialogue()
    for size in (4096, 0, 100):
        talk.receive(frames.settings({HEADER_TABLE_SIZE: size}))
        talk.sent()
        talk.client._decoder.max_allowed_table_size = size
        for _ in range(3):
            talk.request(b"GET", (b"accept", b"*/*"))
            [sent] = talk.sent()
            assert talk.client.fields(sent)[-1] == (b"accept", b"*/*")
        assert talk.client._decoder.header_table_size == size


@pytest.mark.fault("P21")
@pytest.mark.parametrize("sizes", [[100, 100], [0, 4096], [100, 4096, 4096], [0, 0, 50, 50], [4096, 4096]])
def test_consecutive_settings_all_count(sizes: list[int]) -> None:
    """RFC 7541 section 4.2: the next block announces the smallest and the last size."""
    talk = Dialogue()
    talk.request(b"GET", (b"accept", b"*/*"))
    [sent] = talk.sent()
    assert talk.client.fields(sent)[-1] == (b"accept", b"*/*")
    for size in sizes:
        talk.receive(frames.settings({HEADER_TABLE_SIZE: size}))
    talk.sent()
    talk.client._decoder.max_allowed_table_size = sizes[-1]
    for _ in range(3):
        talk.request(b"GET", (b"accept", b"*/*"))
        [sent] = talk.sent()
        assert talk.client.fields(sent)[-1] == (b"accept", b"*/*")
    assert talk.client._decoder.header_table_size == sizes[-1]


@pytest.mark.fault("P15")
def test_changes_of_the_table_size_do_not_accumulate() -> None:
    talk = Dialogue()
    for number in range(5000):
        talk.receive(frames.settings({HEADER_TABLE_SIZE: number}))
        talk.sent()
    assert not talk.engine.control.encoder.table_size_changes
    assert not hasattr(talk.engine.control._h2.encoder, "table_size_changes")


@pytest.mark.fault("P15")
def test_unknown_settings_are_not_kept() -> None:
    talk = Dialogue()
    for number in range(2000):
        talk.receive(frames.raw_settings({0x1000 + number: 1}))
    assert len(talk.engine.control._h2.remote_settings) < 20


def test_a_server_may_offer_a_larger_table_than_we_use() -> None:
    talk = Dialogue()
    talk.receive(frames.settings({HEADER_TABLE_SIZE: 2**31 - 1}))
    talk.sent()
    talk.client._decoder.max_allowed_table_size = 2**31 - 1
    talk.request(b"GET", (b"x", b"y" * 50_000))
    first, *rest = talk.sent()
    first.data += b"".join(frame.data for frame in rest)
    assert talk.client.fields(first)[-1] == (b"x", b"y" * 50_000)
    assert talk.client._decoder.header_table_size == 64 * 1024


@every_feeding
@pytest.mark.parametrize("setting", [MAX_CONCURRENT_STREAMS, 9])
def test_an_acknowledgement_with_settings_is_an_error(feeding: Feeding, setting: int) -> None:
    """RFC 9113 section 6.5. It does not matter whether the settings in it are known."""
    talk = Dialogue(feeding)
    stream = talk.request()
    acknowledgement = bytearray(frames.raw_settings({setting: 1}))
    acknowledgement[4] = 1
    talk.receive(bytes(acknowledgement))
    assert str(talk.failure(stream)) == "Received frame with non-compliant data"


@every_feeding
def test_a_ping_is_answered(feeding: Feeding) -> None:
    talk = Dialogue(feeding)
    talk.receive(frames.ping(b"abcdefgh"), frames.ping(b"ignored.", ack=True))
    [answer] = talk.sent()
    assert (answer.opaque_data, answer.flags) == (b"abcdefgh", {"ACK"})


@pytest.mark.parametrize("ending", ["overflow", "end"])
def test_settings_do_not_judge_the_window_of_a_stream_that_has_ended(ending: str) -> None:
    talk = Dialogue()
    first, second = talk.upload(), talk.request()
    if ending == "overflow":
        talk.receive(frames.window_update(first.id, 2**31 - 1))
        assert isinstance(talk.failure(first), RemoteProtocolError)
    else:
        talk.receive(frames.window_update(first.id, 2**31 - 1 - 65_535), frames.headers(first.id, end_stream=True))
        talk.engine.end_request(first)
    talk.receive(frames.settings({INITIAL_WINDOW_SIZE: 100_000}))
    talk.receive(frames.headers(second.id, end_stream=True))
    assert talk.engine.failure is None
    assert talk.events(second)[-1] is END_OF_STREAM
