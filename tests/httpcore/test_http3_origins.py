"""Which origins offer HTTP/3: the header Alt-Svc, failures, other networks, and hostile servers."""

import random

import pytest
from httpcore._http3 import origins as module
from httpcore._http3.alt_svc import Alternative, parse_alt_svc
from httpcore._http3.origins import Key, Origins
from hypothesis import given
from hypothesis import strategies as st

KEY: Key = (b"example.org", 443, "example.org")
DAY = 24 * 60 * 60
H3 = [b'h3=":443"']
H3_HERE = (b"h3", b"", 443, DAY, False)


class TestHeader:
    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ([b'h3=":443"'], [(b"h3", b"", 443, DAY, False)]),
            ([b'h3=":443"; ma=60; persist=1'], [(b"h3", b"", 443, 60, True)]),
            ([b'h3=":443";ma=60;persist=2;v="46,43"'], [(b"h3", b"", 443, 60, False)]),
            ([b'h3=":443"; MA="60"; PerSist="1"'], [(b"h3", b"", 443, 60, True)]),
            ([b'h2="alt.example.org:8000", h3=":443"'], [(b"h2", b"alt.example.org", 8000, DAY, False), H3_HERE]),
            ([b'h2=":80"', b'h3=":443"'], [(b"h2", b"", 80, DAY, False), H3_HERE]),
            ([b' , ,h3=":443" ,\t'], [H3_HERE]),
            ([b'w%3Dx%3Ay%23z=":443"'], [(b"w%3Dx%3Ay%23z", b"", 443, DAY, False)]),
            ([b'h3="[::1]:443"'], [(b"h3", b"::1", 443, DAY, False)]),
            ([b'h3="\\:\\4\\4\\3"'], [H3_HERE]),
            ([b'h3=":443"; ma=99999999999999999999'], [(b"h3", b"", 443, 365 * DAY, False)]),
            ([b'h3=":443"; ma=0'], [(b"h3", b"", 443, 0, False)]),
            ([b"clear"], []),
            ([b" clear\t"], []),
        ],
    )
    def test_well_formed(self, values: list[bytes], expected: list[tuple[object, ...]]) -> None:
        assert parse_alt_svc(values) == expected

    @pytest.mark.parametrize(
        "value",
        [
            b"",
            b" , ",
            b"Clear",
            b"clear, clear",
            b"h3",
            b"h3=:443",
            b'h3="443"',
            b'h3=":0"',
            b'h3=":65536"',
            b'h3=":-1"',
            b'h3=":443',
            b'h3=":443"x',
            b'h3 =":443"',
            b'h3=":443" h2=":443"',
            b'h3=":443";',
            b'h3=":443"; ma',
            b'h3=":443"; ma=-1',
            b'h3=":443"; ma=1.5',
            b'h3=":443"; ma=1; ma=2',
            b'h3="user@example.org:443"',
            b'h3="example.org/path:443"',
            b'h3="a b:443"',
            b'h3=":443\x00"',
            b'h3=":443"\r\nx: y',
            b'h3="[::1:443"',
            b'h3=":443", ' + b"x" * 10000,
        ],
    )
    def test_not_well_formed(self, value: bytes) -> None:
        assert parse_alt_svc([value]) is None

    @given(st.lists(st.binary(max_size=60) | st.text('h3=":;, maclerpsit0149\\\t', max_size=60).map(str.encode)))
    def test_any_bytes(self, values: list[bytes]) -> None:
        for other in parse_alt_svc(values) or ():
            assert 0 < other.port < 65536
            assert 0 <= other.max_age <= 365 * DAY
            assert not set(other.host) & set(b' \t"/@?#\\')

    def test_cost_grows_with_the_length_only(self) -> None:
        """No pattern of the parser goes back: a hostile header is read once."""
        for part in (b'h3="', b'h3="\\', b'a=";', b"; ", b', , h3=":1"', b'h3=":1";a="'):
            parse_alt_svc([part * (8192 // len(part))])


def offered(*values: bytes, key: Key = KEY) -> bool:
    origins = Origins()
    origins.advertised(key, values, 0.0)
    return origins.may_try(key, 1.0)


class TestOffers:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (b'h3=":443"', True),
            (b'h3="example.org:443"', True),
            (b'h3="EXAMPLE.org:443"', True),
            (b'h2=":443", h3-29=":443", h3=":443"', True),
            (b'h3="evil.example:443", h3=":443"', True),
            (b'h3=":8443"', False),
            (b'h3="127.0.0.1:443"', False),
            (b'h3="sub.example.org:443"', False),
            (b'h3="example.org.:443"', False),
            (b'H3=":443"', False),
            (b'h3-29=":443"', False),
            (b'h2=":443"', False),
            (b'h3=":443"; ma=0', False),
            (b"clear", False),
            (b"nonsense", False),
        ],
    )
    def test_only_the_own_host_and_port_count(self, value: bytes, expected: bool) -> None:
        assert offered(value) is expected

    def test_other_ports_have_offers_of_their_own(self) -> None:
        assert offered(b'h3=":8443"', key=(b"example.org", 8443, "example.org"))
        assert offered(b'h3="[::1]:443"', key=(b"::1", 443, "::1"))

    def test_nothing_is_offered_at_first(self) -> None:
        assert not Origins().may_try(KEY, 0.0)

    def test_an_offer_expires(self) -> None:
        origins = Origins()
        origins.advertised(KEY, [b'h3=":443"; ma=60'], 100.0)
        assert origins.may_try(KEY, 159.0)
        assert not origins.may_try(KEY, 160.0)
        assert not origins.may_try(KEY, 100.0)

    @pytest.mark.parametrize("last", [b"clear", b'h2=":443"', b'h3=":443"; ma=0', b'h3="other.example:443"'])
    def test_the_last_header_counts(self, last: bytes) -> None:
        origins = Origins()
        origins.advertised(KEY, H3, 0.0)
        origins.advertised(KEY, [b"nonsense"], 0.0)
        assert origins.may_try(KEY, 1.0)
        origins.advertised(KEY, [last], 0.0)
        assert not origins.may_try(KEY, 1.0)

    def test_an_offer_is_dropped(self) -> None:
        origins = Origins()
        origins.advertised(KEY, H3, 0.0)
        origins.dropped(KEY)
        origins.dropped(KEY)
        assert not origins.may_try(KEY, 1.0)

    def test_the_tables_are_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "_MOST_ORIGINS", 3)
        origins = Origins()
        keys: list[Key] = [(b"host%d" % number, 443, "") for number in range(5)]
        for key in [*keys, keys[3]]:
            origins.advertised(key, H3, 0.0)
            origins.failed(key, 0.0)
            origins.connected_from(key, "127.0.0.1", 1.0)
        assert [origins.may_try(key, 400.0) for key in keys] == [False, False, True, True, True]
        tables = (origins._offers, origins._failures, origins._connect_times, origins._local_addresses)
        assert [len(table) for table in tables] == [3] * 4
        origins.advertised((b"another", 443, ""), H3, 0.0)
        assert not origins.may_try(keys[2], 400.0)
        assert origins.may_try(keys[3], 400.0)


class TestFailures:
    def test_an_origin_is_broken_for_longer_and_longer(self) -> None:
        origins, now, durations = Origins(), 0.0, []
        origins.advertised(KEY, [b'h3=":443"; ma=31536000'], now)
        for _ in range(14):
            until = origins.failed(KEY, now)
            durations.append(until - now)
            assert not origins.may_try(KEY, until - 1.0)
            assert origins.may_try(KEY, until)
            now = until
        assert durations == [300.0 * 2**number for number in range(10)] + [2.0 * DAY] * 4

    def test_failures_at_the_same_time_count_once(self) -> None:
        origins = Origins()
        assert [origins.failed(KEY, now) for now in (0.0, 1.0, 299.0, 300.0)] == [300.0, 300.0, 300.0, 900.0]
        assert (origins.broken(500.0), origins.broken(900.0)) == (1, 0)

    def test_success_ends_it(self) -> None:
        origins = Origins()
        origins.failed(KEY, 0.0)
        origins.succeeded(KEY)
        origins.succeeded(KEY)
        assert origins.failed(KEY, 1.0) == 301.0

    @pytest.mark.parametrize("persist", [True, False])
    def test_another_network_ends_it(self, persist: bool) -> None:
        """And offers, unless they persist (RFC 7838 section 2.2)."""
        origins = Origins()
        origins.connected_from(KEY, "192.0.2.1", 0.1)
        origins.advertised(KEY, [b'h3=":443"; persist=%d' % persist], 0.0)
        origins.failed(KEY, 0.0)
        origins.connected_from(KEY, "192.0.2.1", 0.1)
        assert not origins.may_try(KEY, 1.0)
        origins.connected_from(KEY, "192.0.2.9", 0.1)
        assert origins.may_try(KEY, 1.0) is persist
        assert origins.failed(KEY, 1.0) == 301.0

    def test_another_family_is_no_other_network(self) -> None:
        origins = Origins()
        origins.advertised(KEY, H3, 0.0)
        origins.failed(KEY, 0.0)
        for address in ("192.0.2.1", "2001:db8::1", "192.0.2.1"):
            origins.connected_from(KEY, address, 0.1)
            assert not origins.may_try(KEY, 1.0)

    def test_the_last_peer(self) -> None:
        origins = Origins()
        assert origins.last_peer(KEY) is None
        origins.connected_from(KEY, "192.0.2.1", 0.1, "192.0.2.2")
        origins.connected_from(KEY, "192.0.2.1", 0.1)
        assert origins.last_peer(KEY) == "192.0.2.2"

    def test_head_start(self) -> None:
        origins = Origins()
        assert origins.head_start(KEY) == 0.3
        origins.connected_from(KEY, "192.0.2.1", 0.05)
        assert origins.head_start(KEY) == 0.3
        origins.connected_from(KEY, "192.0.2.1", 0.5)
        assert origins.head_start(KEY) == 1.5


def test_alternatives_are_named() -> None:
    named = Alternative(protocol=b"h3", host=b"host", port=1, max_age=2, persist=True)
    assert parse_alt_svc([b'h3="host:1"; ma=2; persist=1']) == [named]


def test_any_order_of_events() -> None:
    """What is broken is never tried, and what was never offered neither."""
    generator = random.Random(1)
    for _ in range(300):
        origins, now, broken_until, is_offered = Origins(), 0.0, 0.0, False
        for _ in range(50):
            now += generator.choice([0.0, 1.0, 299.0, 400.0])
            match generator.randrange(5):
                case 0:
                    origins.advertised(KEY, [b'h3=":443"; ma=31536000; persist=1'], now)
                    is_offered = True
                case 1:
                    broken_until = origins.failed(KEY, now)
                    assert broken_until > now
                case 2:
                    origins.succeeded(KEY)
                    broken_until = 0.0
                case 3:
                    origins.dropped(KEY)
                    is_offered = False
            assert origins.may_try(KEY, now) is (is_offered and broken_until <= now)
