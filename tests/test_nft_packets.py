"""NAT with packets: the far end says which source it saw, the client which backend it reached.

Strategy: a router between a client and a bridge with two servers. Servers answer a connection or a datagram with
their own name and the source that they saw. Each case is also tried without the rule, where it must fail.

    client 192.0.2.2 ---- 192.0.2.1 router 10.0.0.1 ---- bridge ---- one 10.0.0.2, two 10.0.0.3
    2001:db8:1::2 ---- ::1                2001:db8:2::1 ----         2001:db8:2::2, ::3
"""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from nft_witness import listed

import rawnl
from rawnl import Bridge, Link, Veth

TIMEOUT = 5.0
SHORT = 0.25
"""How long to wait where no answer is expected."""
PORTS = (80, 8080, 8081, 8082)


def answer(netns: rawnl.NetNS, name: str, stop: Any) -> None:
    """Say who we are and whom we see, on TCP and UDP, until told to stop."""
    listening = []
    for family in (socket.AF_INET, socket.AF_INET6):
        for port in PORTS:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                one = netns.socket(family, kind)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                one.bind(("", port))
                if kind == socket.SOCK_STREAM:
                    one.listen()
                listening.append(one)
    try:
        while True:
            ready, _, _ = select.select([*listening, stop], [], [])
            if stop in ready:
                return
            for one in set(ready) - {stop}:
                port = one.getsockname()[1]
                if one.type == socket.SOCK_STREAM:
                    connection, peer = one.accept()
                    with connection:
                        connection.sendall(f"{name} {port} {peer[0]}".encode())
                else:
                    _, peer = one.recvfrom(100)
                    try:
                        one.sendto(f"{name} {port} {peer[0]}".encode(), peer)
                    except OSError:
                        # No way back, which is what some of the tests are about.
                        pass
    finally:
        for one in listening:
            one.close()


def ask(netns: rawnl.NetNS, address: str, port: int = 80, *, kind: str = "tcp", timeout: float = TIMEOUT) -> str | None:
    """What answers there: its name, its port, the source that it saw; None where nothing does."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with netns.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM) as one:
        one.settimeout(timeout)
        try:
            one.connect((address, port))
            if kind == "udp":
                one.send(b"?")
            return one.recv(100).decode() or None
        except OSError:
            return None


@pytest.fixture(scope="module")
def lab() -> Iterator[SimpleNamespace]:
    create = rawnl.netns.create
    with create() as client, create() as router, create() as one, create() as two, rawnl.open(router) as nl:
        nl.links.set("lo", up=True)
        nl.links.add("inside", Bridge(), up=True)
        nl.links.add("outside", Veth(peer=Link(name="up", netns=client)), up=True)
        nl.addresses.add("192.0.2.1/24", "outside")
        nl.addresses.add("2001:db8:1::1/64", "outside", flags="nodad")
        nl.addresses.add("10.0.0.1/24", "inside")
        nl.addresses.add("2001:db8:2::1/64", "inside", flags="nodad")
        nl.routes.add("203.0.113.0/24", dev="outside")
        nl.routes.add("2001:db8:3::/64", dev="outside")
        nl.sysctl.set("net.ipv4.ip_forward", 1)
        nl.sysctl.set("net.ipv6.conf.all.forwarding", 1)
        nl.sysctl.set("net.ipv4.conf.all.send_redirects", 0)
        nl.sysctl.set("net.ipv4.conf.inside.send_redirects", 0)
        for name in ("net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables"):
            try:
                # What the bridge passes is not the router's business.
                nl.sysctl.set(name, 0)
            except OSError:
                pass
        with rawnl.open(client) as c:
            c.links.set("up", up=True)
            c.addresses.add("192.0.2.2/24", "up")
            c.addresses.add("2001:db8:1::2/64", "up", flags="nodad")
            c.routes.add("203.0.113.0/24", via="192.0.2.1")
            c.routes.add("2001:db8:3::/64", via="2001:db8:1::1")
        for number, netns in ((2, one), (3, two)):
            nl.links.add(f"port{number}", Veth(peer=Link(name="up", netns=netns)), master="inside", up=True)
            with rawnl.open(netns) as s:
                s.links.set("up", up=True)
                s.links.set("lo", up=True)
                s.addresses.add(f"10.0.0.{number}/24", "up")
                s.addresses.add(f"2001:db8:2::{number}/64", "up", flags="nodad")
                s.routes.add("default", via="10.0.0.1")
                s.routes.add("default", via="2001:db8:2::1")
        reading, writing = socket.socketpair()
        everybody = {"client": client, "router": router, "one": one, "two": two}
        threads = [
            threading.Thread(target=answer, args=(netns, name, reading), daemon=True)
            for name, netns in everybody.items()
        ]
        for thread in threads:
            thread.start()
        for address in ("10.0.0.2", "10.0.0.3", "2001:db8:2::2", "2001:db8:2::3", "192.0.2.2", "2001:db8:1::2"):
            assert router.ping(address, timeout=TIMEOUT).received
        yield SimpleNamespace(nl=nl, nft=nl.nft, **everybody)
        writing.close()
        for thread in threads:
            thread.join(TIMEOUT)
        reading.close()


@contextmanager
def undone(lab: SimpleNamespace) -> Iterator[None]:
    """Take all NAT away again, by what was asked for; nothing is left."""
    try:
        yield
    finally:
        for entry in lab.nft.nats():
            assert lab.nft.remove(entry)
        assert listed(lab.nl) == ""


@pytest.mark.parametrize("kind", ["tcp", "udp"])
@pytest.mark.parametrize(
    ("network", "far", "near"),
    [("10.0.0.0/24", "192.0.2.2", "192.0.2.1"), ("2001:db8:2::/64", "2001:db8:1::2", "2001:db8:1::1")],
)
def test_masquerade(lab: SimpleNamespace, network: str, far: str, near: str, kind: str) -> None:
    # The client knows no way back to the servers' network.
    assert ask(lab.one, far, kind=kind, timeout=SHORT) is None
    with undone(lab):
        lab.nft.masquerade(network, out_interface="outside")
        assert ask(lab.one, far, kind=kind) == f"client 80 {near}"


def icmp_sources(lab: SimpleNamespace, far: str, work: Callable[[], Any]) -> set[str]:
    """From where echo requests reach the client while `work` is done."""
    six = ":" in far
    family, protocol = (socket.AF_INET6, socket.IPPROTO_ICMPV6) if six else (socket.AF_INET, socket.IPPROTO_ICMP)
    with lab.client.socket(family, socket.SOCK_RAW, protocol) as raw:
        work()
        raw.setblocking(False)
        found = set()
        while select.select([raw], [], [], 0)[0]:
            data, peer = raw.recvfrom(2000)
            if data[0 if six else 20] == (128 if six else 8):
                found.add(peer[0])
        return found


@pytest.mark.parametrize(
    ("network", "far", "own", "near"),
    [
        ("10.0.0.0/24", "192.0.2.2", "10.0.0.2", "192.0.2.1"),
        ("2001:db8:2::/64", "2001:db8:1::2", "2001:db8:2::2", "2001:db8:1::1"),
    ],
)
def test_masquerade_of_icmp(lab: SimpleNamespace, network: str, far: str, own: str, near: str) -> None:
    assert icmp_sources(lab, far, lambda: lab.one.ping(far, timeout=SHORT)) == {own}
    with undone(lab):
        lab.nft.masquerade(network, fully_random=True)

        def ping() -> None:
            assert lab.one.ping(far, timeout=TIMEOUT).received == 1

        assert icmp_sources(lab, far, ping) == {near}


@pytest.mark.parametrize(
    ("source", "to", "far"),
    [("10.0.0.0/24", "203.0.113.7", "192.0.2.2"), ("2001:db8:2::/64", "2001:db8:3::7", "2001:db8:1::2")],
)
def test_snat(lab: SimpleNamespace, source: str, to: str, far: str) -> None:
    assert ask(lab.one, far, timeout=SHORT) is None
    with undone(lab):
        entry = lab.nft.snat(source, to, out_interface="outside")
        assert ask(lab.one, far) == f"client 80 {to}"
        assert ask(lab.one, far, kind="udp") == f"client 80 {to}"
        assert lab.nft.nats() == [entry]


@pytest.mark.parametrize("kind", ["tcp", "udp"])
@pytest.mark.parametrize(
    ("to", "near", "client"),
    [
        ("10.0.0.2:8080", "192.0.2.1", "192.0.2.2"),
        ("[2001:db8:2::2]:8080", "2001:db8:1::1", "2001:db8:1::2"),
    ],
)
def test_forward(lab: SimpleNamespace, to: str, near: str, client: str, kind: Any) -> None:
    assert ask(lab.client, near, 9000, kind=kind, timeout=SHORT) is None
    with undone(lab):
        entry = lab.nft.forward(9000, to, protocol=kind)
        assert ask(lab.client, near, 9000, kind=kind) == f"one 8080 {client}"
        assert ask(lab.router, near, 9000, kind=kind, timeout=SHORT) is None
        assert lab.nft.nats() == [entry]
    with undone(lab):
        lab.nft.forward(9000, to, protocol=kind, local=True)
        assert (ask(lab.router, near, 9000, kind=kind) or "").startswith("one 8080")
        # What is not for this machine passes.
        assert ask(lab.client, "10.0.0.2", 9000, kind=kind, timeout=SHORT) is None


def test_forward_of_a_range_goes_port_by_port(lab: SimpleNamespace) -> None:
    with undone(lab):
        lab.nft.forward("9080-9082", ("10.0.0.3", "8080-8082"))
        assert [ask(lab.client, "192.0.2.1", port) for port in (9080, 9081, 9082)] == [
            f"two {port} 192.0.2.2" for port in (8080, 8081, 8082)
        ]


@pytest.mark.parametrize(("near", "to"), [("203.0.113.9", "10.0.0.2"), ("2001:db8:3::9", "2001:db8:2::2")])
def test_dnat(lab: SimpleNamespace, near: str, to: str) -> None:
    assert ask(lab.client, near, timeout=SHORT) is None
    with undone(lab):
        lab.nft.dnat(near, to, in_interface="outside", local=True)
        assert (ask(lab.client, near) or "").startswith("one 80")
        assert lab.client.ping(near, timeout=TIMEOUT).received == 1
        assert (ask(lab.router, near, kind="udp") or "").startswith("one 80")


def test_a_map_of_ports(lab: SimpleNamespace) -> None:
    with undone(lab):
        many = {10000 + n: (f"10.0.0.{2 + n % 2}", PORTS[n % 4]) for n in range(4000)}
        assert lab.nft.forward_many(many, local=True) == 4000
        assert lab.nft.forward_many(many, local=True) == 0
        assert ask(lab.client, "192.0.2.1", 10002) == "one 8081 192.0.2.2"
        assert ask(lab.client, "192.0.2.1", 13999) == "two 8082 192.0.2.2"
        assert (ask(lab.router, "192.0.2.1", 10001) or "").startswith("two 8080")
        assert lab.nft.forward_many({10002: "10.0.0.3:80", 99: "10.0.0.2:80"}, local=True) == 2
        assert ask(lab.client, "192.0.2.1", 10002) == "two 80 192.0.2.2"
        assert lab.nft.unforward_many([10002, 5]) == 1
        assert ask(lab.client, "192.0.2.1", 10002, timeout=SHORT) is None
        assert len(lab.nft.forwards_many()) == 4000
        assert lab.nft.unforward_many() == 4000
        assert listed(lab.nl) == ""


@pytest.mark.parametrize(("version", "near"), [(4, "192.0.2.1"), (6, "2001:db8:1::1")])
def test_redirect(lab: SimpleNamespace, version: Any, near: str) -> None:
    far = "10.0.0.2" if version == 4 else "2001:db8:2::2"
    assert ask(lab.client, near, 9001, timeout=SHORT) is None
    with undone(lab):
        lab.nft.redirect(9001, 8081, version=version)
        assert (ask(lab.client, near, 9001) or "").startswith("router 8081")
        with rawnl.open(lab.client) as c:
            c.routes.add(f"{far}/{32 if version == 4 else 128}", via=near)
            # Also what goes to somebody behind it.
            assert (ask(lab.client, far, 9001) or "").startswith("router 8081")
            c.routes.delete(f"{far}/{32 if version == 4 else 128}")


@pytest.mark.parametrize(
    ("prefix", "to", "host", "far"),
    [
        ("203.0.113.0/24", "10.0.0.0/24", "203.0.113.3", "192.0.2.2"),
        ("2001:db8:3::/64", "2001:db8:2::/64", "2001:db8:3::3", "2001:db8:1::2"),
    ],
)
def test_netmap(lab: SimpleNamespace, prefix: str, to: str, host: str, far: str) -> None:
    assert ask(lab.client, host, timeout=SHORT) is None
    with undone(lab):
        entry = lab.nft.netmap(prefix, to)
        assert ask(lab.client, host) == f"two 80 {far}"
        assert ask(lab.two, far, kind="udp") == f"client 80 {host}"
        assert lab.client.ping(host, timeout=TIMEOUT).received == 1
        assert lab.nft.nats() == [entry]


@pytest.mark.parametrize(
    ("network", "near", "to", "inside"),
    [
        ("10.0.0.0/24", "192.0.2.1", "10.0.0.2:80", "10.0.0.1"),
        ("2001:db8:2::/64", "2001:db8:1::1", "[2001:db8:2::2]:80", "2001:db8:2::1"),
    ],
)
def test_hairpin(lab: SimpleNamespace, network: str, near: str, to: str, inside: str) -> None:
    with undone(lab):
        lab.nft.forward(9002, to)
        assert ask(lab.two, near, 9002, timeout=SHORT) is None
        lab.nft.hairpin(network)
        assert ask(lab.two, near, 9002) == f"one 80 {inside}"
        # Whoever comes from elsewhere is still seen as who they are.
        assert not (ask(lab.client, near, 9002) or inside).endswith(inside)


@pytest.mark.parametrize(("by", "reached"), [("numgen", 2), ("random", 2), ("source", 1)])
@pytest.mark.parametrize("version", [4, 6])
def test_balance(lab: SimpleNamespace, by: Any, reached: int, version: int) -> None:
    near = "192.0.2.1" if version == 4 else "2001:db8:1::1"
    inside = "10.0.0.{}:8080" if version == 4 else "[2001:db8:2::{}]:8080"
    with undone(lab):
        entry = lab.nft.balance(9003, [inside.format(2), inside.format(3)], by=by)
        names = [(ask(lab.client, near, 9003) or "").split(" ")[0] for _ in range(24)]
        assert len(set(names)) == reached and set(names) <= {"one", "two"}
        if by == "numgen":
            assert names.count("one") == 12
        assert lab.nft.nats() == [entry]
