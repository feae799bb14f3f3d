"""Conntrack's verbs on flows made by hand: filters by kernel and by predicate, adding, changing, deleting, statistics.

Strategy: flows are added by rawnl or by conntrack(8), the other of the two says what it sees. What a filter lets
through is decided twice, by what the kernel was asked and by the predicate; both are looked at alone.
"""

from __future__ import annotations

import json
import re
import threading
from typing import Any

import pytest
from lab import drop_capabilities, forked, inside
from test_conntrack import timeless

import rawnl
from rawnl.conntrack import Flow, FlowTuple, Helper
from rawnl.conntrack.text import flow_text
from rawnl.verbs.conntrack import CT_GET, narrowed

FLOWS: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "web": (("192.0.2.1", "198.51.100.1", "tcp", 40000, 443), {"state": "established", "status": "seen_reply|assured"}),
    "syn": (("192.0.2.1", "198.51.100.1", "tcp", 40001, 80), {"state": "syn_sent", "mark": 0x107}),
    "dns": (("192.0.2.2", "198.51.100.2", "udp", 5353, 53), {"mark": 7, "zone": 3}),
    "dns6": (("2001:db8::1", "2001:db8:1::2", "udp", 5353, 53), {"status": "seen_reply"}),
    "ping6": (("2001:db8::1", "2001:db8:1::2", "icmpv6"), {}),
    "sctp": (("192.0.2.9", "198.51.100.1", "sctp", 1, 80), {"state": "established"}),
    "esp": (("192.0.2.9", "198.51.100.1", "esp"), {}),
}


@pytest.fixture
def filled(nl: rawnl.Connection) -> rawnl.Connection:
    for words, options in FLOWS.values():
        icmp = {"icmp_id": 9} if "icmpv6" in words else {}
        nl.conntrack.add(FlowTuple.of(*words, **icmp), timeout=1000, **options)
    nl.conntrack.add(
        FlowTuple.of("192.0.2.5", "198.51.100.5", "udp", 1000, 2000),
        FlowTuple.of("10.0.0.5", "203.0.113.5", "udp", 2001, 1001),
        timeout=1000,
        mark=1,
    )
    return nl


def names(flows: list[Flow]) -> set[str]:
    known = {tuple(str(word) for word in words[:3]): name for name, (words, _) in FLOWS.items()}
    found = set()
    for flow in flows:
        original = flow.original
        assert original is not None
        if original.source == "192.0.2.1":
            found.add("web" if original.dport == 443 else "syn")
        else:
            protocol = getattr(flow.protocol, "name", "").lower()
            found.add(known.get((str(original.source), str(original.destination), protocol), "odd"))
    return found


# What is asked for, what it gives, and whether the kernel alone (of Linux 6.8 or later) finds no more than that.
FILTERS: list[tuple[dict[str, Any], str, bool]] = [
    ({"family": "ipv6"}, "dns6 ping6", True),
    ({"family": "ip"}, "web syn dns sctp esp odd", True),
    ({"protocol": "tcp"}, "web syn", True),
    ({"protocol": 17}, "dns dns6 odd", True),
    ({"protocol": "udp", "family": "ipv4"}, "dns odd", True),
    ({"protocol": "esp"}, "esp", True),
    ({"protocol": "icmpv6"}, "ping6", True),
    ({"source": "192.0.2.1"}, "web syn", True),
    ({"source": "192.0.2.1", "destination": "198.51.100.1"}, "web syn", True),
    # Of addresses of IPv6 the kernel has it the wrong way round, so it is not asked.
    ({"source": "2001:db8::1"}, "dns6 ping6", True),
    ({"destination": "2001:db8:1::2", "protocol": "udp"}, "dns6", True),
    ({"source": "192.0.2.0/29"}, "web syn dns odd", False),
    ({"destination": "2001:db8:1::/64"}, "dns6 ping6", True),
    ({"destination": "0.0.0.0/0"}, "web syn dns sctp esp odd", True),
    ({"protocol": "tcp", "dport": 443}, "web", True),
    ({"protocol": "udp", "sport": 5353, "family": "ipv6"}, "dns6", True),
    ({"dport": 80}, "syn sctp", False),
    ({"sport": 5353}, "dns dns6", False),
    ({"reply_source": "10.0.0.5"}, "odd", True),
    ({"reply_destination": "203.0.113.0/24"}, "odd", False),
    ({"reply_sport": 2001, "protocol": "udp"}, "odd", True),
    ({"reply_dport": 1001}, "odd", False),
    ({"mark": 7}, "dns", True),
    ({"mark": (7, 0xFF)}, "dns syn", True),
    ({"mark": 0}, "web dns6 ping6 sctp esp", True),
    ({"zone": 3}, "dns", True),
    ({"zone": 0}, "web syn dns6 ping6 sctp esp odd", True),
    ({"zone": 3, "source": "192.0.2.2"}, "dns", True),
    ({"status": "assured"}, "web", True),
    ({"status": "seen_reply"}, "web dns6", True),
    ({"without": "seen_reply"}, "syn dns ping6 sctp esp odd", True),
    ({"status": "seen_reply", "without": "assured"}, "dns6", True),
    ({"state": "established"}, "web sctp", False),
    ({"state": "SYN_SENT"}, "syn", False),
    ({"translated": False}, "web syn dns dns6 ping6 sctp esp odd", True),
    ({"translated": True}, "", False),
    ({"protocol": None, "source": None}, "web syn dns dns6 ping6 sctp esp odd", True),
    ({"protocol": "tcp", "mark": 7}, "", True),
]


@pytest.mark.parametrize(("filters", "expected", "exact"), FILTERS, ids=[str(row[0]) for row in FILTERS])
def test_filters(filled: rawnl.Connection, filters: dict[str, Any], expected: str, exact: bool) -> None:
    conntrack = filled.conntrack
    everything = conntrack.list()
    wanted = set(expected.split())
    found = conntrack.list(**filters)
    assert names(found) == wanted and len(found) == len(wanted)
    assert {flow.id for flow in conntrack.stream(**filters)} == {flow.id for flow in found}
    assert sorted(conntrack.columns("id", **filters)["id"]) == sorted(flow.id or 0 for flow in found)
    assert conntrack.count(**filters) == len(wanted)
    requests, keep = narrowed(filters)  # type: ignore[arg-type]
    # The predicate alone, as where an older kernel passes over what it was asked.
    assert names([flow for flow in everything if keep is None or keep(flow)]) == wanted
    kernels = [flow for request in requests for flow in filled.netfilter().dump(request, CT_GET, Flow)]
    assert names(kernels) >= wanted
    if exact:
        assert names(kernels) == wanted


@pytest.mark.parametrize(
    ("filters", "error", "said"),
    [
        ({"prot": "tcp"}, TypeError, "flows take no 'prot'"),
        ({"source": "192.0.2.1", "destination": "::1"}, ValueError, "destination: no flow is of both families"),
        ({"source": "192.0.2.1", "family": "ipv6"}, ValueError, "family: no flow is of both families"),
        ({"source": "192.0.2.1", "reply_source": "::1"}, ValueError, "family: no flow is of both families"),
        ({"source": "192.0.2"}, ValueError, "source: '192.0.2' is no IP address"),
        ({"family": "ipv5"}, ValueError, "did you mean 'ipv"),
        ({"sport": 70000}, ValueError, "sport: 70000 is no port"),
        ({"reply_dport": "http"}, ValueError, "reply_dport: 'http' is no port"),
        ({"protocol": "tpc"}, ValueError, "did you mean 'tcp'"),
        ({"state": "estabished"}, ValueError, "state: 'estabished' is no state"),
        ({"status": "asured"}, ValueError, "status: 'asured' is none of .*did you mean 'assured'"),
        ({"zone": 65536}, ValueError, "zone: 65536 is not"),
        ({"mark": -1}, ValueError, "mark: -1 is not"),
    ],
)
def test_filters_that_make_no_sense(
    nl: rawnl.Connection, filters: dict[str, Any], error: type[Exception], said: str
) -> None:
    for verb in (nl.conntrack.list, nl.conntrack.count, nl.conntrack.flush):
        with pytest.raises(error, match=said):
            verb(**filters)


def test_every_line_as_conntrack_prints_it(filled: rawnl.Connection) -> None:
    for options, extended, id in (((), False, False), (("-o", "extended"), True, False), (("-o", "id"), False, True)):
        witnessed = inside(filled.netns, "conntrack", "-L", *options).splitlines()
        ours = [flow_text(flow, extended=extended, id=id) for flow in filled.conntrack.list()]
        assert sorted(map(timeless, ours)) == sorted(map(timeless, witnessed))
    for flow in filled.conntrack.list():
        json.dumps(flow.as_json())


def test_what_conntrack_adds_rawnl_reads(nl: rawnl.Connection) -> None:
    common = "-s 192.0.2.1 -d 198.51.100.1 -t 500"
    for words in (
        f"-I -p tcp {common} --sport 1 --dport 2 --state ESTABLISHED -u ASSURED,SEEN_REPLY -m 7 -w 3",
        f"-I -p udp {common} --sport 1 --dport 2 --src-nat 203.0.113.1",
        f"-I -p udp {common} --sport 2 --dport 2 --dst-nat 203.0.113.2:99",
        f"-I -p tcp {common} --sport 5 --dport 2 --state SYN_SENT --orig-zone 4",
        f"-I -p gre {common} --srckey 1 --dstkey 2",
        f"-I -p icmp {common} --icmp-type 8 --icmp-code 0 --icmp-id 9",
        f"-I -p 99 {common}",
    ):
        inside(nl.netns, "conntrack", *words.split())
    witnessed = inside(nl.netns, "conntrack", "-L").splitlines()
    flows = nl.conntrack.list()
    assert sorted(timeless(str(flow)) for flow in flows) == sorted(map(timeless, witnessed))
    assert len(flows) == 7
    translated = nl.conntrack.list(translated=True)
    assert {(flow.source_translated, flow.destination_translated) for flow in translated} == {
        (True, False),
        (False, True),
    }
    # Deleted and made again by rawnl, all lines are the same, but for the translations, which the kernel must make.
    for flow in flows:
        nl.conntrack.delete(flow)
        assert flow.original is not None
        nl.conntrack.add(
            flow.original, flow.reply, timeout=500, state=flow.state, status=None, mark=flow.mark, zone=flow.zone
        )
    again = inside(nl.netns, "conntrack", "-L").splitlines()
    bare = re.compile(r" \[(ASSURED|UNREPLIED)\]")
    assert sorted(bare.sub("", timeless(line)) for line in again) == sorted(
        bare.sub("", timeless(line)) for line in witnessed
    )


# --- changing --------------------------------------------------------------------------------------------------------


def web(nl: rawnl.Connection) -> Flow:
    [flow] = nl.conntrack.list(dport=443)
    return flow


def test_set(filled: rawnl.Connection) -> None:
    conntrack = filled.conntrack
    flow = web(filled)
    conntrack.set(flow, mark=0x11, timeout=77)
    assert (web(filled).mark, web(filled).timeout in (76, 77)) == (0x11, True)
    conntrack.set(flow, mark=(0x02, 0x0F))
    assert web(filled).mark == 0x13 or web(filled).mark == 0x12
    assert flow.original is not None
    conntrack.set(flow.original, state="time_wait")
    assert getattr(web(filled).state, "name", "") == "TIME_WAIT"
    [syn] = conntrack.list(state="syn_sent")
    conntrack.set(syn, status="seen_reply")
    conntrack.set(syn, status="assured")
    assert not {"assured", "seen_reply"} - set(conntrack.get(syn).as_json()["status"])  # type: ignore[call-overload]
    [dns] = conntrack.list(zone=3)
    conntrack.set(dns, mark=5)
    assert dns.original is not None
    conntrack.set(dns.original, zone=3, timeout=9)
    assert conntrack.get(dns.original, zone=3).mark == 5


def test_what_cannot_be_set(filled: rawnl.Connection) -> None:
    conntrack = filled.conntrack
    with pytest.raises(rawnl.KernelError, match=r"change flow tcp 192.0.2.1:40000 > 198.51.100.1:443: .*EBUSY"):
        conntrack.set(web(filled), status="dying")
    [dns] = conntrack.list(zone=3)
    with pytest.raises(ValueError, match="only TCP and SCTP have a state"):
        conntrack.set(dns, state="established")
    with pytest.raises(FileNotFoundError):
        conntrack.set(FlowTuple.of("192.0.2.1", "192.0.2.2", "tcp", 1, 2), mark=1)
    with pytest.raises(TypeError, match="a flow is given as a Flow or as a FlowTuple, not as str"):
        conntrack.get("tcp")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="neither direction"):
        conntrack.delete(Flow())


def test_add(nl: rawnl.Connection) -> None:
    made = FlowTuple.of("192.0.2.1", "198.51.100.1", "tcp", 40000, 21)
    nl.conntrack.add(made, timeout=100, state="established", status="seen_reply|assured", helper="ftp", mark=3)
    flow = nl.conntrack.get(made)
    assert flow.original == made and flow.reply == made.inverted()
    assert flow.helper == "ftp" == Helper(name="ftp").name
    assert "helper=ftp" in inside(nl.netns, "conntrack", "-L")
    with pytest.raises(rawnl.AlreadyExists, match=r"add flow tcp 192.0.2.1:40000 > 198.51.100.1:21"):
        nl.conntrack.add(made, timeout=100)
    six = FlowTuple.of("2001:db8::1", "2001:db8::2", "udp", 1, 2)
    with pytest.raises(ValueError, match="only TCP and SCTP"):
        nl.conntrack.add(six, timeout=1, state="established")
    nl.conntrack.add(six, timeout=100)
    with pytest.raises(rawnl.AlreadyExists, match=r"add flow udp \[2001:db8::1\]:1 > \[2001:db8::2\]:2"):
        nl.conntrack.add(six, timeout=100)
    odd = FlowTuple.of("192.0.2.1", "192.0.2.2", 99)
    nl.conntrack.add(odd, timeout=100)
    with pytest.raises(rawnl.AlreadyExists, match=r"add flow 99 192.0.2.1 > 192.0.2.2"):
        nl.conntrack.add(odd, timeout=100)


def test_a_flow_that_took_anothers_place_is_not_deleted(nl: rawnl.Connection) -> None:
    made = FlowTuple.of("192.0.2.1", "198.51.100.1", "udp", 1, 2)
    nl.conntrack.add(made, timeout=100)
    stale = nl.conntrack.get(made)
    nl.conntrack.delete(made)
    # An id is made from a flow's place in memory: another one takes the place, so that the id cannot come again.
    nl.conntrack.add(FlowTuple.of("192.0.2.1", "198.51.100.1", "udp", 1, 3), timeout=100)
    nl.conntrack.add(made, timeout=100)
    assert nl.conntrack.get(made).id != stale.id
    for verb in (nl.conntrack.delete, nl.conntrack.get):
        with pytest.raises(FileNotFoundError):
            verb(stale)
    assert nl.conntrack.count() == 2


@pytest.mark.parametrize(("filters", "expected", "exact"), FILTERS[::3], ids=[str(row[0]) for row in FILTERS[::3]])
def test_flush_takes_only_what_was_asked(
    filled: rawnl.Connection, filters: dict[str, Any], expected: str, exact: bool
) -> None:
    before = names(filled.conntrack.list())
    assert filled.conntrack.flush(**filters) == len(expected.split())
    assert names(filled.conntrack.list()) == before - set(expected.split())
    assert filled.conntrack.flush(**filters) == 0
    filled.conntrack.flush()
    assert inside(filled.netns, "conntrack", "-L") == ""


def test_thousands(nl: rawnl.Connection) -> None:
    """More than fit one window of answers; some of them gone before their turn."""
    for port in range(1, 2001):
        nl.conntrack.add(FlowTuple.of("192.0.2.1", "198.51.100.1", "udp", port, 53), timeout=100, mark=port % 2)
    assert nl.conntrack.count() == 2000 == int(inside(nl.netns, "conntrack", "-C"))
    assert len(nl.conntrack.list()) == 2000
    odd = nl.conntrack.list(mark=1)
    for flow in odd[:300]:
        nl.conntrack.delete(flow)
    assert nl.conntrack._delete_all(odd) == 700
    assert nl.conntrack.flush(source="192.0.2.0/24") == 1000
    assert nl.conntrack.count() == 0


def test_listing_while_flows_come_and_go(nl: rawnl.Connection) -> None:
    stay = FlowTuple.of("192.0.2.9", "198.51.100.1", "udp", 9, 9)
    nl.conntrack.add(stay, timeout=100)
    over = threading.Event()

    def churn() -> None:
        with rawnl.open(nl.netns) as other:
            while not over.is_set():
                for port in range(1, 60):
                    other.conntrack.add(FlowTuple.of("192.0.2.1", "198.51.100.1", "udp", port, 53), timeout=100)
                other.conntrack.flush(source="192.0.2.1")

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(200):
            assert stay in [flow.original for flow in nl.conntrack.list()]
    finally:
        over.set()
        thread.join()
    assert nl.conntrack.count() == 1


# --- statistics and expectations -------------------------------------------------------------------------------------


def test_statistics(filled: rawnl.Connection) -> None:
    printed = inside(filled.netns, "conntrack", "-S").splitlines()
    ours = filled.conntrack.stats()
    assert [f"cpu={each.cpu}" for each in ours] == [line.split()[0] for line in printed]
    for each, line in zip(ours, printed, strict=True):
        for name, count in re.findall(r"(\w+)=(\d+)", line)[1:]:
            value = getattr(each, {"chaintoolong": "chain_toolong"}.get(name, name))
            assert value is None or value == int(count), name
    assert sum(each.insert or 0 for each in ours) == 8
    table = filled.conntrack.table_stats()
    assert table.entries == 8 == int(inside(filled.netns, "conntrack", "-C"))
    assert (table.max_entries or 0) > 0


def test_expectations(nl: rawnl.Connection) -> None:
    nl.conntrack.add(
        FlowTuple.of("192.0.2.1", "198.51.100.1", "tcp", 40001, 21), timeout=100, state="established", helper="ftp"
    )
    words = (
        "conntrack -I expect --orig-src 192.0.2.1 --orig-dst 198.51.100.1 -p tcp --sport 40001 --dport 21 -t 60 "
        "--tuple-src 198.51.100.1 --tuple-dst 192.0.2.1 --mask-src 255.255.255.255 --mask-dst 255.255.255.255 "
        "--tuple-port-src 0 --tuple-port-dst 2000 --mask-port-src 0 --mask-port-dst 65535"
    )
    inside(nl.netns, *words.split())
    [found] = nl.conntrack.expectations()
    assert found.master == FlowTuple.of("192.0.2.1", "198.51.100.1", "tcp", 40001, 21)
    assert found.tuple is not None and found.tuple.source == "198.51.100.1"
    assert found.help_name == "ftp"
    printed = inside(nl.netns, "conntrack", "-L", "expect").strip()
    assert re.sub(r"^\d+", "T", str(found)) == re.sub(r"^\d+", "T", printed)
    assert sum(each.create or 0 for each in nl.conntrack.expectation_stats()) == 1
    assert [each.cpu for each in nl.conntrack.expectation_stats()] == [each.cpu for each in nl.conntrack.stats()]
    nl.conntrack.flush_expectations()
    assert nl.conntrack.expectations() == []


def test_without_privilege(nl: rawnl.Connection) -> None:
    def look() -> str:
        with rawnl.open(nl.netns) as own:
            own.netfilter()
            drop_capabilities()
            with pytest.raises(rawnl.NotPermitted) as caught:
                own.conntrack.list()
            with pytest.raises(PermissionError):
                own.conntrack.flush()
        return str(caught.value)

    assert "list flows: Operation not permitted (EPERM); this needs CAP_NET_ADMIN" in forked(look)
