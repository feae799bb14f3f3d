"""Conntrack declarations: golden rows both ways, words on top of the kernel's nests, and text against conntrack(8)'s.

Strategy: `golden_conntrack.py` holds what conntrack(8) and the kernel really put on the wire; that every class also
makes its way there and back for values of all sorts is seen to by `test_roundtrip.py`, and that the numbers are the
kernel's own by `test_constants.py`.
"""

from __future__ import annotations

import json
from typing import Any

import golden_conntrack
import pytest
from golden_conntrack import ROWS
from rebuild import rebuilt

import rawnl
from rawnl.conntrack import (
    Counters,
    Expectation,
    ExpectationStatistics,
    Family,
    Flow,
    FlowTuple,
    Protocol,
    Statistics,
    Status,
    TableStatistics,
    Timestamp,
)
from rawnl.conntrack.header import family_number, protocol_number
from rawnl.conntrack.text import flow_text
from rawnl.errors import DecodeError, EncodeError
from rawnl.message import Message
from rawnl.wire import Attrs

NAMES = [f"{index}-{row[0]}" for index, row in enumerate(ROWS)]


@pytest.mark.parametrize(("command", "message", "golden"), ROWS, ids=NAMES)
def test_both_ways(command: str, message: Message, golden: str) -> None:
    data = bytes.fromhex(golden)
    assert message.encode().hex() == golden
    (read,) = rawnl.decode(data, "netfilter")
    assert type(read) is type(message)
    assert read == message
    assert repr(read) == repr(message)
    assert rebuilt(read).encode().hex() == golden
    pasted = eval(repr(read), vars(golden_conntrack))
    assert pasted.encode(nlmsg_flags=message.nlmsg_flags) == data
    json.dumps(read.as_dict())


@pytest.mark.parametrize(("command", "message", "golden"), ROWS, ids=NAMES)
def test_cut_short_anywhere(command: str, message: Message, golden: str) -> None:
    data = bytes.fromhex(golden)
    for length in range(16, len(data)):
        try:
            (read,) = rawnl.decode(length.to_bytes(4, "little") + data[4:length], "netfilter")
            str(read), repr(read), read.as_dict()
            if isinstance(read, Flow):
                read.as_json()
        except DecodeError:
            continue


def values_of(value: Any) -> list[Any]:
    inner = list(value.present().values()) if isinstance(value, Attrs) else []
    return [value, *(found for each in inner for found in values_of(each))]


def test_every_message_has_a_row() -> None:
    seen = {type(value) for _, message, _ in ROWS for value in values_of(message)}
    assert {Flow, Expectation, Statistics, TableStatistics, ExpectationStatistics} <= seen
    kinds = {message.nlmsg_type for _, message, _ in ROWS}
    declared = {number for cls in (Flow, Expectation) for number in cls._types.values()}
    # What conntrack(8) asks for in more than one step: it lists and zeroes, and deletes one expectation by its master.
    assert declared - kinds <= {0x103}


def golden_words(row: Message) -> str:
    return repr(row) if isinstance(row, Flow) else ""


def test_a_tuple_from_words_is_what_the_kernel_sends() -> None:
    made = FlowTuple.of("192.0.2.1", "198.51.100.1", "udp", 5353, 53)
    answer = next(golden for _, row, golden in ROWS if "203.0.113.1" in golden_words(row) and row.present().get("use"))
    [read] = rawnl.decode(bytes.fromhex(answer), "netfilter")
    assert isinstance(read, Flow)
    kernels = read.original
    assert kernels is not None
    assert made == kernels and made.body() == kernels.body()
    assert (made.family, made.protocol, made.source, made.destination) == (
        Family.IPV4,
        Protocol.UDP,
        "192.0.2.1",
        "198.51.100.1",
    )
    assert (made.sport, made.dport, made.icmp_id) == (5353, 53, None)


@pytest.mark.parametrize(
    ("made", "answer"),
    [
        (("192.0.2.1", "192.0.2.2", "tcp", 1, 2), ("192.0.2.2", "192.0.2.1", "tcp", 2, 1)),
        (("2001:db8::1", "2001:db8::2", "udp", 1, 2), ("2001:db8::2", "2001:db8::1", "udp", 2, 1)),
        (("192.0.2.1", "192.0.2.2", 50), ("192.0.2.2", "192.0.2.1", "esp")),
    ],
)
def test_inverted(made: tuple[Any, ...], answer: tuple[Any, ...]) -> None:
    assert FlowTuple.of(*made).inverted() == FlowTuple.of(*answer)


@pytest.mark.parametrize(("protocol", "request_", "reply"), [("icmp", 8, 0), ("icmp", 13, 14), ("icmpv6", 128, 129)])
def test_inverted_icmp(protocol: str, request_: int, reply: int) -> None:
    ends = ("192.0.2.1", "192.0.2.2") if protocol == "icmp" else ("2001:db8::1", "2001:db8::2")
    made = FlowTuple.of(*ends, protocol, icmp_type=request_, icmp_id=77)
    assert (made.icmp_type, made.icmp_code, made.icmp_id) == (request_, 0, 77)
    assert made.inverted() == FlowTuple.of(*reversed(ends), protocol, icmp_type=reply, icmp_id=77)
    assert made.inverted().inverted() == made


@pytest.mark.parametrize(
    ("words", "options", "said"),
    [
        (("192.0.2.1", "2001:db8::1", "tcp", 1, 2), {}, "of two families"),
        (("192.0.2", "192.0.2.1", "tcp", 1, 2), {}, "source: '192.0.2' is no IP address"),
        (("192.0.2.1", "192.0.2.2", "tpc", 1, 2), {}, "did you mean 'tcp'"),
        (("192.0.2.1", "192.0.2.2", 256, 1, 2), {}, "no protocol"),
        (("192.0.2.1", "192.0.2.2", "tcp", 1), {}, "tcp has two ports"),
        (("192.0.2.1", "192.0.2.2", "tcp", 1, 65536), {}, "dst_port: 65536 is not an integer"),
        (("192.0.2.1", "192.0.2.2", "icmp", 1, 2), {}, "ICMP has no ports"),
        (("192.0.2.1", "192.0.2.2", "icmp"), {}, "ICMP has an id"),
        ((None, "192.0.2.2", "tcp", 1, 2), {}, "source: None is no IP address"),
    ],
)
def test_words_that_make_no_tuple(words: tuple[Any, ...], options: dict[str, Any], said: str) -> None:
    with pytest.raises(EncodeError, match=said):
        FlowTuple.of(*words, **options)


def test_a_tuple_without_ends_has_no_answer() -> None:
    with pytest.raises(EncodeError, match="has no answer"):
        FlowTuple(zone=1).inverted()
    empty = FlowTuple()
    assert (empty.source, empty.destination, empty.protocol, empty.sport, empty.icmp_type) == (None,) * 5
    assert empty.family is Family.UNSPEC


def test_families_and_protocols_by_many_names() -> None:
    for name in ("ipv4", "ip", "inet", 2, Family.IPV4):
        assert family_number(name) is Family.IPV4
    for name in ("ipv6", "ip6", "inet6", 10):
        assert family_number(name) is Family.IPV6
    for wrong in ("ipv5", 0, 7):
        with pytest.raises(EncodeError, match="is none of ipv4, ipv6"):
            family_number(wrong)
    assert protocol_number("ICMPv6") == protocol_number("ipv6-icmp".replace("ipv6-icmp", "icmpv6")) == 58
    assert protocol_number("udp-lite") == 136


# --- translation -----------------------------------------------------------------------------------------------------


def flow(reply: FlowTuple, **values: Any) -> Flow:
    return Flow(original=FlowTuple.of("192.168.1.2", "203.0.113.9", "tcp", 40000, 443), reply=reply, **values)


@pytest.mark.parametrize(
    ("answer", "source", "destination"),
    [
        (("203.0.113.9", "192.168.1.2", "tcp", 443, 40000), False, False),
        (("203.0.113.9", "198.51.100.1", "tcp", 443, 40000), True, False),
        (("203.0.113.9", "192.168.1.2", "tcp", 443, 40001), True, False),
        (("10.0.0.2", "192.168.1.2", "tcp", 443, 40000), False, True),
        (("203.0.113.9", "192.168.1.2", "tcp", 8443, 40000), False, True),
        (("10.0.0.2", "198.51.100.1", "tcp", 443, 40000), True, True),
    ],
)
def test_translated(answer: tuple[Any, ...], source: bool, destination: bool) -> None:
    by_tuples = flow(FlowTuple.of(*answer))
    assert (by_tuples.source_translated, by_tuples.destination_translated) == (source, destination)
    assert by_tuples.translated is (source or destination)
    status = Status.SRC_NAT * source | Status.DST_NAT * destination
    by_status = flow(FlowTuple.of(*answer), status=status)
    assert (by_status.source_translated, by_status.destination_translated) == (source, destination)


def test_half_a_flow_is_not_translated() -> None:
    assert not Flow().translated
    assert Flow().protocol is None
    assert Flow().state is None
    assert Flow().helper is None


def test_key_is_one_direction_and_the_id() -> None:
    whole = flow(FlowTuple.of("203.0.113.9", "192.168.1.2", "tcp", 443, 40000), family="ipv4", id=7, mark=1, zone=2)
    assert whole.key() == Flow(family="ipv4", original=whole.original, zone=2, id=7)
    half = Flow(family="ipv4", reply=whole.reply)
    assert half.key() == half
    with pytest.raises(EncodeError, match="neither direction"):
        Flow(id=7).key()


# --- text ------------------------------------------------------------------------------------------------------------


def test_text_of_what_a_tool_prints() -> None:
    """Lines of the manual's examples, word for word."""
    made = flow(
        FlowTuple.of("203.0.113.9", "198.51.100.1", "tcp", 443, 40000),
        family="ipv4",
        timeout=431999,
        status="seen_reply|assured|confirmed",
        mark=0,
        use=1,
        id=9,
        zone=5,
        counters_orig=Counters(packets=1, bytes=60),
        counters_reply=Counters(packets=2, bytes=120),
        timestamp=Timestamp(start=1_000_000_000, stop=3_500_000_000),
    )
    text = (
        "tcp      6 431999 src=192.168.1.2 dst=203.0.113.9 sport=40000 dport=443 packets=1 bytes=60 src=203.0.113.9 "
        "dst=198.51.100.1 sport=443 dport=40000 packets=2 bytes=120 [ASSURED] mark=0 zone=5 delta-time=2 use=1"
    )
    assert str(made) == text
    assert flow_text(made, extended=True, id=True) == f"ipv4     2 {text} id=9"
    assert made.as_json() == {
        "family": "ipv4",
        "protocol": "tcp",
        "timeout": 431999,
        "original": {
            "source": "192.168.1.2",
            "destination": "203.0.113.9",
            "sport": 40000,
            "dport": 443,
            "packets": 1,
            "bytes": 60,
        },
        "reply": {
            "source": "203.0.113.9",
            "destination": "198.51.100.1",
            "sport": 443,
            "dport": 40000,
            "packets": 2,
            "bytes": 120,
        },
        "status": ["seen_reply", "assured", "confirmed"],
        "translated": False,
        "mark": 0,
        "zone": 5,
        "start": 1_000_000_000,
        "stop": 3_500_000_000,
        "use": 1,
        "id": 9,
    }


def test_text_of_little() -> None:
    assert str(Flow()) == "unknown  0"
    assert flow_text(Flow(), extended=True).startswith("unspec   0 ")
    assert str(Flow(status="hw_offload|assured|seen_reply")).endswith("[HW_OFFLOAD]")
    assert str(Flow(protoinfo=None, status=0)).endswith("[UNREPLIED]")
    assert Flow().as_json() == {"family": "unspec", "status": [], "translated": False}
    assert str(Expectation()) == "0 proto=0 class=0"
