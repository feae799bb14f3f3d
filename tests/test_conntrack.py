"""Conntrack with packets: what goes through a masquerade or a DNAT is seen with both of its tuples, counted, deleted.

Strategy: three namespaces in a row, client, router, server; the router translates. Witnesses are the far end, which
says whom it sees, conntrack(8), and /proc/net/nf_conntrack.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import pytest
from lab import inside
from nft_witness import load

import rawnl
from rawnl.conntrack import Flow
from rawnl.conntrack.text import flow_text

PORT = 5000


class Network(NamedTuple):
    """The three namespaces, and a connection into the router's."""

    client: rawnl.NetNS
    router: rawnl.NetNS
    server: rawnl.NetNS
    nl: rawnl.Connection


class Ends(NamedTuple):
    """The addresses of one family."""

    client: str
    inner: str
    outer: str
    server: str
    length: int
    everything: str


V4 = Ends("192.0.2.2", "192.0.2.1", "198.51.100.1", "198.51.100.2", 24, "192.0.2.0/24")
V6 = Ends("2001:db8:1::2", "2001:db8:1::1", "2001:db8:2::1", "2001:db8:2::2", 64, "2001:db8:1::/64")
both_families = pytest.mark.parametrize("ends", [V4, V6], ids=["v4", "v6"])


@pytest.fixture(scope="module")
def built() -> Iterator[Network]:
    """client --- inner [router] outer --- server; the client goes by the router, which translates what leaves."""
    with ExitStack() as stack:
        client, router, server = (stack.enter_context(rawnl.netns.create()) for _ in range(3))
        nl = stack.enter_context(rawnl.open(router))
        nl.links.add("inner", rawnl.Veth(peer=rawnl.Link(name="eth0", netns=client)), up=True)
        nl.links.add("outer", rawnl.Veth(peer=rawnl.Link(name="eth0", netns=server)), up=True)
        for ends in (V4, V6):
            nl.addresses.add(f"{ends.inner}/{ends.length}", "inner", flags="nodad")
            nl.addresses.add(f"{ends.outer}/{ends.length}", "outer", flags="nodad")
        nl.sysctl.set("net.ipv4.ip_forward", 1)
        nl.sysctl.set("net.ipv6.conf.all.forwarding", 1)
        nl.sysctl.set("net.netfilter.nf_conntrack_acct", 1)
        for netns, side in ((client, 0), (server, 3)):
            with rawnl.open(netns) as end:
                end.links.set("eth0", up=True)
                for ends in (V4, V6):
                    end.addresses.add(f"{ends[side]}/{ends.length}", "eth0", flags="nodad")
        with rawnl.open(client) as end:
            for ends in (V4, V6):
                end.routes.add("default" if ends is V4 else "::/0", via=ends.inner)
        for netns, ends in ((client, V4), (server, V4), (client, V6), (server, V6)):
            for _ in range(40):
                gateway = ends.inner if netns is client else ends.outer
                if netns.ping(gateway, count=1, timeout=0.2).received:
                    break
        yield Network(client, router, server, nl)


@pytest.fixture
def network(built: Network) -> Iterator[Network]:
    """The same for each test, without flows and translating nothing but by masquerade."""
    built.nl.conntrack.flush()
    for ends in (V4, V6):
        built.nl.nft.masquerade(ends.everything, out_interface="outer")
    yield built
    load(built.nl, "flush ruleset")


def opened(netns: rawnl.NetNS, kind: int, ends: Ends) -> socket.socket:
    with netns.entered():
        sock = socket.socket(socket.AF_INET if ends is V4 else socket.AF_INET6, kind)
    sock.settimeout(5)
    return sock


@contextmanager
def talking(
    network: Network, kind: int, ends: Ends, target: str, port: int = PORT
) -> Iterator[tuple[int, tuple[str, int]]]:
    """The client's port, and whom the server sees, while they talk TCP or UDP."""
    with opened(network.server, kind, ends) as listener, opened(network.client, kind, ends) as caller:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((ends.server, PORT))
        if kind == socket.SOCK_STREAM:
            listener.listen()
        caller.connect((target, port))
        caller.send(b"hello")
        if kind == socket.SOCK_STREAM:
            accepted, peer = listener.accept()
            with accepted:
                assert accepted.recv(10) == b"hello"
                accepted.send(b"and back")
                assert caller.recv(10) == b"and back"
                yield caller.getsockname()[1], peer[:2]
        else:
            data, peer = listener.recvfrom(10)
            listener.sendto(b"and back", peer)
            assert (data, caller.recv(10)) == (b"hello", b"and back")
            yield caller.getsockname()[1], peer[:2]


def only(flows: list[Flow]) -> Flow:
    [flow] = flows
    return flow


def timeless(text: str) -> str:
    """Lines of conntrack(8) without what runs on, and without how many look at them."""
    text = re.sub(r"^((?:ipv\d +\d+ )?\S+ +\d+ )\d+", r"\1T", text.strip(), flags=re.M)
    return re.sub(r" ?(use|delta-time)=\d+", "", text)


@both_families
@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["tcp", "udp"])
def test_a_masqueraded_flow_has_both_tuples(network: Network, ends: Ends, kind: int) -> None:
    protocol = "tcp" if kind == socket.SOCK_STREAM else "udp"
    conntrack = network.nl.conntrack
    with talking(network, kind, ends, ends.server) as (port, peer):
        flow = only(conntrack.list(protocol=protocol, source=ends.client))
        original, reply = flow.original, flow.reply
        assert original is not None and reply is not None
        assert (original.source, original.sport) == (ends.client, port)
        assert (original.destination, original.dport) == (ends.server, PORT)
        assert (reply.source, reply.sport) == (ends.server, PORT)
        # What the far end saw.
        assert (reply.destination, reply.dport) == peer
        assert peer[0] == ends.outer
        assert flow.translated and flow.source_translated and not flow.destination_translated
        assert getattr(flow.state, "name", None) == ("ESTABLISHED" if protocol == "tcp" else None)
        assert flow.counters_orig is not None and (flow.counters_orig.packets or 0) >= 1
        assert flow.counters_reply is not None and (flow.counters_reply.bytes or 0) > 0
        witnessed = inside(
            network.router,
            "conntrack",
            "-L",
            "-o",
            "extended,id",
            "-p",
            protocol,
            *(["-f", "ipv6"] if ends is V6 else []),
        )
        assert timeless(flow_text(flow, extended=True, id=True)) == timeless(witnessed)
        assert f"src={ends.client} " in str(flow)
        assert conntrack.get(flow).id == flow.id
        assert conntrack.get(original).id == flow.id
        assert conntrack.get(Flow(reply=reply)).id == flow.id
        assert conntrack.count(protocol=protocol) == 1
        conntrack.delete(flow)
        assert conntrack.list(protocol=protocol, dport=PORT) == []
        with pytest.raises(FileNotFoundError, match=f"delete flow {protocol} "):
            conntrack.delete(flow)
        with pytest.raises(FileNotFoundError, match=f"find flow {protocol} "):
            conntrack.get(flow)


@both_families
def test_a_masqueraded_ping(network: Network, ends: Ends) -> None:
    assert network.client.ping(ends.server, count=1).received == 1
    flow = only(network.nl.conntrack.list(protocol="icmp" if ends is V4 else "icmpv6", destination=ends.server))
    assert flow.original is not None and flow.reply is not None
    assert flow.original.icmp_type == (8 if ends is V4 else 128)
    assert flow.reply.icmp_type == (0 if ends is V4 else 129)
    assert (flow.reply.source, flow.reply.destination) == (ends.server, ends.outer)
    assert flow.source_translated
    network.nl.conntrack.delete(flow)
    assert network.nl.conntrack.list(source=ends.client) == []


@both_families
def test_a_forwarded_port(network: Network, ends: Ends) -> None:
    """DNAT made by nft: the destination is another one, and the source too, by the masquerade."""
    family, target = ("ip", ends.server) if ends is V4 else ("ip6", f"[{ends.server}]")
    load(
        network.nl,
        f"table {family} door {{ chain c {{ type nat hook prerouting priority dstnat; tcp dport 8080 dnat to "
        f"{target}:{PORT}; }} }}",
    )
    with talking(network, socket.SOCK_STREAM, ends, ends.inner, 8080) as (port, peer):
        flow = only(network.nl.conntrack.list(protocol="tcp", dport=8080))
        assert flow.original is not None and flow.reply is not None
        assert flow.destination_translated and flow.source_translated
        assert (flow.original.destination, flow.original.dport) == (ends.inner, 8080)
        assert (flow.reply.source, flow.reply.sport) == (ends.server, PORT)
        assert (flow.reply.destination, flow.reply.dport) == peer
        conntrack = network.nl.conntrack
        assert only(conntrack.list(protocol="tcp", reply_source=ends.server, reply_sport=PORT)).id == flow.id
        assert only(conntrack.list(protocol="tcp", reply_destination=ends.outer, reply_dport=peer[1])).id == flow.id
        assert only(conntrack.list(source=ends.client, sport=port)).id == flow.id


def test_flows_as_the_kernel_shows_them_in_proc(network: Network) -> None:
    with talking(network, socket.SOCK_STREAM, V4, V4.server), talking(network, socket.SOCK_DGRAM, V6, V6.server):
        flows = network.nl.conntrack.list()
        shown = inside(network.router, "cat", "/proc/net/nf_conntrack").splitlines()

    def ends_of(line: str) -> tuple[str, ...]:
        found = re.findall(r"(?:src|dst)=(\S+)", line)
        packed = [
            socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, word)) if ":" in word else word
            for word in found
        ]
        return (*packed, *re.findall(r"(?:sport|dport|type|code|id)=(\S+)", line))

    # The file's ICMP lines and conntrack's have the same words.
    assert sorted(ends_of(str(flow)) for flow in flows) == sorted(map(ends_of, shown))


def test_a_deleted_flow_is_translated_anew(network: Network) -> None:
    """The purpose of deleting: a flow that began before the rule is only translated after it was forgotten."""
    with (
        opened(network.server, socket.SOCK_DGRAM, V4) as listener,
        opened(network.client, socket.SOCK_DGRAM, V4) as caller,
    ):
        load(network.nl, "flush ruleset")
        # Without a rule nothing is tracked at all; this one only asks for that.
        load(network.nl, "table ip watch { chain c { type filter hook forward priority 0; ct state new counter; } }")
        with rawnl.open(network.server) as far:
            far.routes.replace(V4.everything, via=V4.outer)
        listener.bind((V4.server, PORT))
        caller.connect((V4.server, PORT))
        caller.send(b"one")
        assert listener.recvfrom(10)[1][0] == V4.client
        network.nl.nft.masquerade(V4.everything, out_interface="outer")
        caller.send(b"two")
        assert listener.recvfrom(10)[1][0] == V4.client
        assert network.nl.conntrack.flush(source=V4.client, protocol="udp") == 1
        caller.send(b"three")
        assert listener.recvfrom(10)[1][0] == V4.outer
        with rawnl.open(network.server) as far:
            far.routes.delete(V4.everything, via=V4.outer)


def test_counters_are_read_and_reset(network: Network) -> None:
    with talking(network, socket.SOCK_DGRAM, V4, V4.server):
        before = only(network.nl.conntrack.read_and_reset(protocol="udp"))
        after = only(network.nl.conntrack.list(protocol="udp"))
    assert before.counters_orig is not None and after.counters_orig is not None
    assert (before.counters_orig.packets, after.counters_orig.packets) == (1, 0)


def test_no_flows_where_nothing_asks_for_them(nl: rawnl.Connection) -> None:
    nl.links.set("lo", up=True)
    assert nl.netns.ping("127.0.0.1", count=1).received == 1
    assert nl.conntrack.list() == []
    assert nl.conntrack.count() == 0
    assert nl.conntrack.flush() == 0
