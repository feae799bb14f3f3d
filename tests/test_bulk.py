"""Bulk loads: uniform requests from an iterable, through templates, in bounded memory; group deletion; listings.

Strategy: what bulk calls make is compared with what the same requests make one by one, and counted by `ip`. A generator
proves that a load streams: it looks at what has arrived while it is still giving.
"""

from __future__ import annotations

import json
import os
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from witness import require

import rawnl
from rawnl import Link, Route, Veth, kernel
from rawnl.bulk import undo_by_deleting
from rawnl.template import NAME, Template, name_slot


def ip(connection: rawnl.Connection, *words: str) -> Any:
    out = connection.netns.run([require("ip"), "-j", *words], capture_output=True, check=True).stdout
    return json.loads(out)


def names(connection: rawnl.Connection) -> set[str]:
    return {link["ifname"] for link in ip(connection, "link")}


def state(connection: rawnl.Connection) -> tuple[Any, ...]:
    """What a rollback must leave as it was; IPv4 only, since IPv6 goes on about its own business meanwhile."""
    told = (ip(connection, "-4", "route"), ip(connection, "-4", "addr"), ip(connection, "-4", "neigh"))
    return names(connection), *told


@pytest.fixture
def host() -> Iterator[rawnl.Connection]:
    with rawnl.netns.create() as netns, rawnl.open(netns) as connection:
        connection.links.add("a", Veth(peer=Link(name="b")))
        for name in ("a", "b"):
            connection.links.set(name, up=True)
        connection.addresses.add("192.0.2.1/24", "a")
        connection.addresses.add("2001:db8::1/64", "a", flags="nodad")
        yield connection


# --- templates


def test_a_template_writes_what_the_encoder_writes() -> None:
    example = Route(family=2, dst_len=24, type="unicast", dst="0.0.0.0", oif=3, gateway="0.0.0.0")
    template = Template(example, ["dst_len", "dst", "gateway"], 24, 0x600)
    packed = template.pack(9, 16, bytes([10, 1, 0, 0]), bytes([192, 0, 2, 9]))
    same = Route(family=2, dst_len=16, type="unicast", dst="10.1.0.0", oif=3, gateway="192.0.2.9")
    assert packed == same.encode(24, 0x601, 9)


def test_a_template_pads_names_and_reaches_into_nests() -> None:
    far = Veth(peer=Link(name=NAME, netns=0))
    example = Link(name=NAME, mtu=1400, linkinfo=rawnl.LinkInfo(kind="veth", data=far))
    template = Template(example, ["name", "linkinfo.data.peer.name", "linkinfo.data.peer.netns"], 16, 0x600)
    link = Link.at(template.pack(1, name_slot("near"), name_slot("far"), 7), 0)
    assert link.name == "near" and link.mtu == 1400
    assert isinstance(link.info, Veth) and link.info.peer is not None
    assert link.info.peer.name == "far" and link.info.peer.netns == 7


def test_a_template_refuses_slots_that_are_not_there_or_in_another_order() -> None:
    with pytest.raises(rawnl.EncodeError, match="mtu"):
        Template(Link(name=NAME), ["mtu"], 16, 0)
    with pytest.raises(rawnl.EncodeError, match="order"):
        Template(Link(name=NAME, mtu=1), ["mtu", "name"], 16, 0)


# --- loads


def test_links_by_name_pair_and_namespace(host: rawnl.Connection) -> None:
    before = names(host)
    assert host.links.add_many(((f"v{i}", f"w{i}") for i in range(300)), Veth, up=True, mtu=1400) == 300
    made = [link for link in ip(host, "-d", "link") if link["ifname"][0] in "vw"]
    assert len(made) == 600 and names(host) - before == {f"{end}{i}" for end in "vw" for i in range(300)}
    assert all(link["num_tx_queues"] == link["num_rx_queues"] == 1 for link in made)
    assert all(("UP" in link["flags"], link["mtu"]) == (True, 1400) for link in made if link["ifname"][0] == "v")
    with rawnl.netns.create() as other, rawnl.open(other) as inside:
        host.links.add_many((("x1", "eth0", other), ("x2", "eth1", other)), Veth(peer=Link(mtu=1300)), queues=None)
        assert {link["ifname"]: link["mtu"] for link in ip(inside, "link")} == {"lo": 65536, "eth0": 1300, "eth1": 1300}
        assert host.links.get("x1").num_tx_queues == os.cpu_count() or host.links.get("x1").num_tx_queues != 1


def test_routes_of_both_families_with_and_without_their_own_gateway(host: rawnl.Connection) -> None:
    shared = [f"10.{i >> 8}.{i & 255}.0/24" for i in range(1000)] + [f"2001:db8:{i:x}::/48" for i in range(1, 500)]
    assert host.routes.add_many(iter(shared), dev="a", metric=9, protocol="static") == len(shared)
    own = [(f"172.16.{i}.0/24", f"192.0.2.{i + 2}") for i in range(200)]
    host.routes.add_many(own)
    found = {route["dst"]: route for family in "46" for route in ip(host, f"-{family}", "route")}
    assert all(found[dst]["dev"] == "a" and found[dst]["metric"] == 9 for dst in shared)
    assert all(found[dst]["protocol"] == "static" for dst in shared)
    assert all(found[dst]["gateway"] == via for dst, via in own)


def test_routes_equal_those_added_one_by_one(host: rawnl.Connection) -> None:
    import ipaddress

    items: list[Any] = ["10.0.0.0/8", ipaddress.ip_network("172.16.0.0/12"), "198.51.100.7", "0.0.0.0/0"]
    for item in items:
        host.routes.add(item, via="192.0.2.9", metric=50)
    one_by_one = ip(host, "route")
    undo_by_deleting(
        host.channel,
        [route.encode(24, 1, 1) for route in host.routes.list(family=2) if route.priority == 50],
    )
    assert len(ip(host, "route")) == len(one_by_one) - len(items)
    host.routes.add_many(items, via="192.0.2.9", metric=50)
    assert ip(host, "route") == one_by_one


def test_addresses_and_neighbours(host: rawnl.Connection) -> None:
    assert host.addresses.add_many((f"10.9.{i >> 8}.{i & 255}/32" for i in range(700)), "a", metric=7) == 700
    host.addresses.add_many([("10.8.0.1/24", "b"), ("2001:db8:8::1/64", host.links.get("b"))])
    entries = [(f"192.0.2.{i}", f"02:00:00:00:00:{i:02x}") for i in range(2, 250)] + [
        ("2001:db8::9", "02:00:00:00:01:00")
    ]
    assert host.neighbours.add_many(entries, "a", state="noarp") == len(entries)
    on_a = next(link for link in ip(host, "addr") if link["ifname"] == "a")["addr_info"]
    assert {entry["local"] for entry in on_a} >= {f"10.9.{i >> 8}.{i & 255}" for i in range(700)}
    on_b = next(link for link in ip(host, "addr") if link["ifname"] == "b")["addr_info"]
    assert {(entry["local"], entry["prefixlen"]) for entry in on_b} >= {("10.8.0.1", 24), ("2001:db8:8::1", 64)}
    told = {entry["dst"]: entry for entry in ip(host, "neigh", "show", "nud", "noarp", "dev", "a")}
    assert all(told[dst]["lladdr"] == lladdr for dst, lladdr in entries)


def test_a_load_streams(host: rawnl.Connection) -> None:
    arrived: list[int] = []

    def destinations() -> Iterator[str]:
        for number in range(2000):
            if number in (1000, 1999):
                arrived.append(len(host.routes.list(dev="a", family=2)))
            yield f"10.{number >> 8}.{number & 255}.0/24"

    host.routes.add_many(destinations(), dev="a")
    assert 1000 - host.channel.window_items <= arrived[0] <= 1001 and arrived[1] > arrived[0]


def test_a_load_is_bounded_in_memory(host: rawnl.Connection) -> None:
    host.routes.add_many(["10.0.0.0/24"], dev="a")
    tracemalloc.start()
    try:
        host.routes.add_many((f"10.{1 + (i >> 8)}.{i & 255}.0/24" for i in range(20000)), dev="a")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # 20,000 messages of some 60 bytes would be well over a megabyte; a window of them is a few ten thousand bytes.
    assert peak < 500_000


def test_failures_are_told_by_item(host: rawnl.Connection) -> None:
    with pytest.raises(rawnl.BatchError) as caught:
        host.routes.add_many(["10.0.0.0/8", "192.0.2.0/24", "10.1.2.3/8"], dev="a", scope="link", on_error="continue")
    first, second = caught.value.failures
    assert first[0] == 1 and isinstance(first[1], FileExistsError) and first[1].attribute == "routes[1]"
    assert second[0] == 2 and second[1].message == "Invalid prefix for given prefix length"
    with pytest.raises(rawnl.EncodeError, match=r"routes\[2\]"):
        host.routes.add_many(["10.5.0.0/24", "10.6.0.0/24", "10.7.0.0/33"], dev="a")
    with pytest.raises(rawnl.EncodeError, match=r"links\[1\]"):
        host.links.add_many([("ok", "ok2"), ("a/b", "c")], Veth)
    with pytest.raises(rawnl.EncodeError, match="far end"):
        host.addresses.add_many(["10.5.0.1/32"], "a", peer="10.5.0.2")
    with pytest.raises(TypeError, match="via"):
        host.routes.add_many(["10.0.0.0/8"], vai="192.0.2.1")  # type: ignore[call-arg]


@pytest.mark.parametrize("bad", ["kernel", "value", "generator"])
def test_a_rollback_takes_a_whole_load_back(host: rawnl.Connection, bad: str) -> None:
    before = state(host)

    def items(good: Any, wrong: Any) -> Iterator[Any]:
        yield from good
        if bad == "generator":
            raise KeyboardInterrupt
        yield wrong if bad == "kernel" else ("x y" if isinstance(wrong, str) else ("x y", "x y"))

    errors = (rawnl.BatchError, rawnl.EncodeError, KeyboardInterrupt)
    with pytest.raises(errors):
        host.links.add_many(items([(f"v{i}", f"w{i}") for i in range(200)], ("a", "z")), Veth, on_error="rollback")
    with pytest.raises(errors):
        routes = [f"10.0.{i}.0/24" for i in range(250)]
        host.routes.add_many(items(routes, "192.0.2.0/24"), dev="a", scope="link", on_error="rollback")
    with pytest.raises(errors):
        addresses = [f"10.0.{i}.1/24" for i in range(250)]
        host.addresses.add_many(items(addresses, "192.0.2.1/24"), "a", on_error="rollback")
    with pytest.raises(errors):
        lladdr = "02:00:00:00:00:01"
        entries = [(f"10.0.{i}.1", lladdr) for i in range(250)]
        host.neighbours.add_many(items(entries, (f"10.0.{1}.1", lladdr)), "a", on_error="rollback")
    assert state(host) == before


@pytest.mark.parametrize("when", ["before", "after", "in between"])
def test_ctrl_c_in_a_window_takes_back_only_what_was_made(
    host: rawnl.Connection, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    host.links.add("mine", "bridge")
    before = state(host)
    send, receive = kernel.send, kernel.receive

    def interrupted_send(fd: int, data: Any) -> None:
        monkeypatch.setattr(kernel, "send", send)
        if when == "before":
            raise KeyboardInterrupt
        send(fd, data)
        if when == "after":
            raise KeyboardInterrupt

    def interrupted_receive(*arguments: Any) -> Any:
        monkeypatch.setattr(kernel, "receive", receive)
        if when == "in between":
            raise KeyboardInterrupt
        return receive(*arguments)

    for load in ("add_many", "batch"):
        monkeypatch.setattr(kernel, "send", interrupted_send)
        monkeypatch.setattr(kernel, "receive", interrupted_receive)
        with pytest.raises(KeyboardInterrupt):
            if load == "add_many":
                host.links.add_many(["x1", "mine", "x2"], "bridge", on_error="rollback")
            else:
                with host.batch(on_error="rollback") as batch:
                    for name in ("x1", "mine", "x2"):
                        batch.links.add(name, "bridge")
        assert state(host) == before
        monkeypatch.undo()
    assert host.links.get("mine").kind == "bridge"


# --- deletion


def test_a_group_delete_touches_only_what_was_named(host: rawnl.Connection) -> None:
    host.links.add_many(((f"v{i}", f"w{i}") for i in range(100)), Veth)
    for number in range(100):
        host.links.set(f"v{number}", group=number % 7)
    host.links.set("a", group=3)
    kept = {f"v{i}" for i in range(0, 100, 2)} | {f"w{i}" for i in range(0, 100, 2)} | {"a", "b", "lo"}
    named: list[Any] = []
    for number in range(1, 100, 2):
        link = host.links.get(f"v{number}")
        named.append((link, link.name, link.index)[number % 3])
    host.links.delete_many(named)
    assert names(host) == kept
    assert host.links.get("v8").group == 8 % 7


def test_both_ends_of_a_cable_may_be_named(host: rawnl.Connection) -> None:
    host.links.add_many(((f"v{i}", f"w{i}") for i in range(20)), Veth)
    host.links.delete_many([link for link in host.links.list(kind="veth") if (link.name or "")[0] in "vw"])
    assert names(host) == {"a", "b", "lo"}
    host.links.delete_many([])
    with pytest.raises(FileNotFoundError):
        host.links.delete_many(["a", "nosuch"])
    assert names(host) == {"a", "b", "lo"}


def test_delete_by_group(host: rawnl.Connection) -> None:
    host.links.add_many(((f"v{i}", f"w{i}") for i in range(20)), Veth, group=42)
    host.links.delete(group=42)
    assert names(host) == {"a", "b", "lo"}
    with pytest.raises(rawnl.EncodeError):
        host.links.delete(group=0)


def test_many_namespaces_go_at_once_with_their_links(host: rawnl.Connection) -> None:
    with host.netns.entered():
        spaces = [rawnl.netns.create(f"many{number}") for number in range(30)]
        host.links.add_many(((f"v{i}", "eth0", netns) for i, netns in enumerate(spaces)), Veth)
        with rawnl.open(spaces[0]) as first:
            first.links.add("to-next", Veth(peer=Link(name="to-prev", netns=spaces[1])))
        for netns in spaces:
            netns.close()
        rawnl.netns.delete_many([f"many{number}" for number in range(30)])
        assert names(host) == {"a", "b", "lo"}
        assert not [entry for entry in rawnl.netns.list() if entry.name.startswith("many")]
        with pytest.raises(FileNotFoundError):
            rawnl.netns.delete_many(["nosuch"])


# --- listings


def test_columns_are_what_the_objects_say(host: rawnl.Connection) -> None:
    host.routes.add_many((f"10.{i >> 8}.{i & 255}.0/24" for i in range(3000)), via="192.0.2.9")
    wanted = ("dst", "dst_len", "gateway", "oif", "destination", "priority", "type", "metrics")
    columns = host.routes.columns(*wanted)
    routes = host.routes.list()
    for name in wanted:
        assert columns[name] == [getattr(route, name) for route in routes], name
    assert [(r["dst"], r.get("gateway")) for r in ip(host, "-4", "route")] == [
        (d.removesuffix("/32"), g)
        for d, g, t in zip(columns["destination"], columns["gateway"], columns["dst"], strict=True)
        if t is None or ":" not in t
    ]
    names_ = ("index", "name", "mtu", "address", "master", "kind", "operstate", "stats64")
    links = host.links.list()
    by_column = host.links.columns(*names_)
    assert {k: v for k, v in by_column.items() if k != "stats64"} == {
        name: [getattr(link, name) for link in links] for name in names_ if name != "stats64"
    }
    assert host.links.columns("name", kind="veth") == {"name": [link.name for link in host.links.list(kind="veth")]}
    assert host.addresses.columns("ip", link="a")["ip"] == [address.ip for address in host.addresses.list("a")]
    with pytest.raises(TypeError, match="gateway"):
        host.routes.columns("gatway")


def test_a_stream_gives_the_same_and_leaves_the_connection_free(host: rawnl.Connection) -> None:
    host.routes.add_many((f"10.{i >> 8}.{i & 255}.0/24" for i in range(3000)), dev="a")
    listed = host.routes.list()
    streamed = []
    for number, route in enumerate(host.routes.stream()):
        if number == 5:
            assert host.links.get("a").name == "a"
        streamed.append(route)
    assert streamed == listed
    assert [link.name for link in host.links.stream(kind="veth")] == [
        link.name for link in host.links.list(kind="veth")
    ]
    before = len(os.listdir("/proc/self/fd"))
    for _ in host.routes.stream():
        break
    assert len(os.listdir("/proc/self/fd")) == before


def test_strict_filters_work_in_the_kernel(host: rawnl.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    host.routes.add_many((f"10.{i >> 8}.{i & 255}.0/24" for i in range(500)), dev="a", table=1000)
    received: list[int] = []
    original = rawnl.channel.kernel.scan  # type: ignore[attr-defined]

    def counting(buffer: Any, *rest: Any) -> Any:
        scan = original(buffer, *rest)
        received.append(scan.rows)
        return scan

    monkeypatch.setattr("rawnl.kernel.scan", counting)
    assert len(host.routes.list(table=1000)) == 500
    del received[:]
    host.routes.list(table="main", family=2)
    assert sum(received) < 10
    del received[:]
    assert host.links.list(kind="bridge") == [] and sum(received) == 0
    assert host.addresses.list("b", family=2) == [] and sum(received) == 0


def test_the_table_main_is_the_default_and_all_tables_are_asked_for(host: rawnl.Connection) -> None:
    everything = ip(host, "-4", "route", "show", "table", "all")
    assert len(host.routes.list(table=None, family=2)) == len(everything) > len(host.routes.list(family=2))
