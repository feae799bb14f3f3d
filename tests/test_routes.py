"""Routes, v4 and v6: what rawnl gives and takes is what `ip route` shows, key by key.

Strategy: each route that rawnl lists is put into the words of `ip -j -d route`, and the two lists are compared whole,
in order, for every table. Each case is also added by `ip` with the same words: the two results cannot be told apart.
"""

from __future__ import annotations

import errno
import ipaddress
import socket

import pytest
from lab import await_address, bring_up, inside, ip, state

import rawnl
from rawnl import NextHop, Route, RouteMetrics, Veth
from rawnl.route.family import Family
from rawnl.route.route import RouteFlags

_SCOPES = {0: "global", 200: "site", 253: "link", 254: "host"}
_TABLES = {253: "default", 254: "main", 255: "local"}
_FLAGS = {1: "dead", 2: "pervasive", 4: "onlink", 8: "offload", 16: "linkdown", 32: "unresolved"}
_FAMILIES = {2: "inet", 10: "inet6"}


@pytest.fixture
def nl(nl):
    nl.links.add("eth0", Veth(peer=rawnl.Link(name="far")))
    bring_up((nl, "eth0"), (nl, "far"))
    nl.links.set("lo", up=True)
    nl.addresses.add("192.0.2.1/24", "eth0")
    nl.addresses.add("2001:db8::1/64", "eth0", flags="nodad")
    nl.addresses.add("fe80::ff/64", "eth0", flags="nodad")
    await_address(nl.netns, "2001:db8::1", "fe80::ff", "::1")
    return nl


def flags(value: int) -> list[str]:
    return [word for bit, word in _FLAGS.items() if int(value or 0) & bit]


def hop_as_ip(hop: NextHop, names: dict[int, str], v6: bool) -> dict:
    found = {"dev": names[hop.index], "weight": (hop.hops or 0) + 1, "flags": flags(hop.flags)}
    if hop.gateway:
        found["gateway"] = hop.gateway
    if hop.via:
        found["via"] = {"family": "inet6" if ":" in hop.via else "inet", "host": hop.via}
    return found


def as_ip(route: Route, names: dict[int, str]) -> dict:
    """One of rawnl's routes, as `ip -j -d` prints it."""
    v6 = route.family == Family.INET6
    full = 128 if v6 else 32
    found = {
        "type": route.type.name.lower(),
        "dst": route.dst if route.dst and route.dst_len == full else route.destination,
        "table": _TABLES.get(route.table, str(route.table)),
        "protocol": route.protocol.name.lower() if hasattr(route.protocol, "name") else str(route.protocol),
        "scope": _SCOPES.get(route.scope, str(int(route.scope))),
        "flags": flags(route.flags),
    }
    if route.oif:
        found["dev"] = names[route.oif]
    if route.gateway:
        found["gateway"] = route.gateway
    if route.via:
        found["via"] = {"family": "inet6" if ":" in route.via else "inet", "host": route.via}
    if route.prefsrc:
        found["prefsrc"] = route.prefsrc
    if route.priority is not None:
        found["metric"] = route.priority
    if route.pref is not None:
        found["pref"] = route.pref.name.lower()
    if route.tos:
        found["tos"] = f"{int(route.tos):#04x}"
    if route.metrics:
        values = route.metrics.present()
        lock = values.pop("lock", 0)
        found["metrics"] = [{name: value for name, value in values.items()}]
        assert not lock
    if route.multipath:
        found["nexthops"] = [hop_as_ip(hop, names, v6) for hop in route.multipath]
    return found


def ip_routes(nl: rawnl.Connection, family: str, *words: str) -> list[dict]:
    """What `ip` lists; a table that a family does not have is one without routes."""
    try:
        return ip(nl.netns, family, "route", "show", *words)
    except AssertionError as error:
        assert "FIB table does not exist" in str(error)
        return []


def assert_same(nl: rawnl.Connection, table: str | int | None = None) -> list[dict]:
    """The whole list is that of `ip`, in order; IPv4 first."""
    names = {link.index: link.name for link in nl.links.list()}
    ours = [as_ip(route, names) for route in nl.routes.list(table=table)]
    word = "all" if table is None else str(table)
    theirs = ip_routes(nl, "-4", "table", word) + ip_routes(nl, "-6", "table", word)
    for entry in theirs:
        # Given with the cache of a looked-up route; and an error number where there is none to go to.
        entry.pop("error", None)
        if table is not None:
            entry.setdefault("table", word)
    assert ours == theirs
    return theirs


CASES = [
    ("default", {"via": "192.0.2.254"}, "default via 192.0.2.254"),
    ("default", {"via": "192.0.2.254", "dev": "eth0", "metric": 50}, "default via 192.0.2.254 dev eth0 metric 50"),
    ("default", {"dev": "eth0"}, "default dev eth0"),
    ("0.0.0.0/0", {"via": "192.0.2.254", "src": "192.0.2.1"}, "0.0.0.0/0 via 192.0.2.254 src 192.0.2.1"),
    ("198.51.100.0/24", {"via": "192.0.2.2"}, "198.51.100.0/24 via 192.0.2.2"),
    ("198.51.100.7", {"via": "192.0.2.2"}, "198.51.100.7 via 192.0.2.2"),
    ("198.51.100.0/24", {"dev": "eth0"}, "198.51.100.0/24 dev eth0"),
    ("198.51.100.0/24", {"dev": "eth0", "scope": "host"}, "198.51.100.0/24 dev eth0 scope host"),
    ("198.51.100.0/24", {"via": "192.0.2.2", "table": 100}, "198.51.100.0/24 via 192.0.2.2 table 100"),
    ("198.51.100.0/24", {"via": "192.0.2.2", "table": 256}, "198.51.100.0/24 via 192.0.2.2 table 256"),
    ("198.51.100.0/24", {"dev": "eth0", "table": 4294967295}, "198.51.100.0/24 dev eth0 table 4294967295"),
    ("198.51.100.0/24", {"dev": "eth0", "table": "default"}, "198.51.100.0/24 dev eth0 table default"),
    ("198.51.100.0/24", {"via": "192.0.2.2", "mtu": 1400}, "198.51.100.0/24 via 192.0.2.2 mtu 1400"),
    (
        "198.51.100.0/24",
        {"via": "192.0.2.2", "mtu": 1400, "metrics": RouteMetrics(advmss=1200, initcwnd=20)},
        "198.51.100.0/24 via 192.0.2.2 mtu 1400 advmss 1200 initcwnd 20",
    ),
    ("198.51.100.0/24", {"via": "192.0.2.2", "protocol": "static"}, "198.51.100.0/24 via 192.0.2.2 proto static"),
    ("198.51.100.0/24", {"via": "192.0.2.2", "protocol": 77}, "198.51.100.0/24 via 192.0.2.2 proto 77"),
    ("198.51.100.0/24", {"via": "192.0.2.2", "tos": 4}, "tos 4 198.51.100.0/24 via 192.0.2.2"),
    ("198.51.100.0/24", {"type": "blackhole"}, "blackhole 198.51.100.0/24"),
    ("198.51.100.0/24", {"type": "unreachable", "metric": 9}, "unreachable 198.51.100.0/24 metric 9"),
    ("198.51.100.0/24", {"type": "prohibit"}, "prohibit 198.51.100.0/24"),
    ("198.51.100.0/24", {"type": "throw", "table": 300}, "throw 198.51.100.0/24 table 300"),
    ("198.51.100.7", {"type": "local", "dev": "eth0"}, "local 198.51.100.7 dev eth0"),
    ("198.51.100.255", {"type": "broadcast", "dev": "eth0"}, "broadcast 198.51.100.255 dev eth0"),
    ("203.0.113.0/24", {"via": "10.9.9.9", "dev": "eth0", "onlink": True},
     "203.0.113.0/24 via 10.9.9.9 dev eth0 onlink"),
    ("203.0.113.0/24", {"via": "fe80::1", "dev": "eth0"}, "203.0.113.0/24 via inet6 fe80::1 dev eth0"),
    ("default", {"via": "fe80::1", "dev": "eth0", "family": 2}, "-4 default via inet6 fe80::1 dev eth0"),
    ("default", {"via": "fe80::1", "dev": "eth0"}, "-6 default via fe80::1 dev eth0"),
    ("default", {"dev": "eth0", "family": 10}, "-6 default dev eth0"),
    ("::/0", {"via": "2001:db8::2"}, "-6 ::/0 via 2001:db8::2"),
    ("2001:db8:1::/48", {"via": "2001:db8::2", "metric": 7}, "2001:db8:1::/48 via 2001:db8::2 metric 7"),
    ("2001:db8:1::/48", {"dev": "eth0", "table": 1000}, "2001:db8:1::/48 dev eth0 table 1000"),
    ("2001:db8:1::1", {"via": "fe80::1", "dev": "eth0", "mtu": 1300}, "2001:db8:1::1 via fe80::1 dev eth0 mtu 1300"),
    ("2001:db8:1::/48", {"via": "fe80::2", "dev": "eth0", "src": "2001:db8::1"},
     "2001:db8:1::/48 via fe80::2 dev eth0 src 2001:db8::1"),
    ("2001:db8:1::/48", {"type": "blackhole", "protocol": "bgp"}, "blackhole 2001:db8:1::/48 proto bgp"),
    ("2001:db8:1::/48", {"type": "unreachable"}, "unreachable 2001:db8:1::/48"),
]  # fmt: skip


@pytest.mark.parametrize(("destination", "options", "words"), CASES, ids=[case[2] for case in CASES])
def test_add_list_and_delete_as_ip_does(nl, destination, options, words):
    table = options.get("table", {"local": "local", "broadcast": "local"}.get(options.get("type"), "main"))
    before = state(nl.netns, "route")
    if options.get("type") in ("local", "broadcast"):
        # `ip` puts these into the local table; rawnl is told to.
        options = {**options, "table": "local"}
    nl.routes.add(destination, **options)
    ours = state(nl.netns, "route")
    assert ours != before
    assert_same(nl)
    assert_same(nl, table)
    with pytest.raises(FileExistsError):
        nl.routes.add(destination, **options)
    told = {key: options[key] for key in ("via", "dev", "table", "type", "metric", "tos", "family") if key in options}
    nl.routes.delete(destination, **told)
    assert state(nl.netns, "route") == before
    with pytest.raises(FileNotFoundError) as caught:
        nl.routes.delete(destination, **told)
    assert caught.value.errno == errno.ESRCH
    front = [word for word in words.split() if word in ("-4", "-6")]
    inside(nl.netns, "ip", *front, "route", "add", *(word for word in words.split() if word not in front))
    assert state(nl.netns, "route") == ours
    nl.routes.delete(destination, **options)
    assert state(nl.netns, "route") == before


def hops(nl: rawnl.Connection, *gateways: str, **more) -> list[NextHop]:
    index = nl.links.get("eth0").index
    return [NextHop(gateway=gateway, index=index, hops=number, **more) for number, gateway in enumerate(gateways)]


@pytest.mark.parametrize(
    ("destination", "gateways"),
    [("198.51.100.0/24", ("192.0.2.2", "192.0.2.3", "192.0.2.4")), ("2001:db8:1::/48", ("2001:db8::2", "fe80::3"))],
)
def test_multipath(nl, destination, gateways):
    before = state(nl.netns)
    nl.routes.add(destination, multipath=hops(nl, *gateways))
    (seen,) = [route for route in assert_same(nl, "main") if route["dst"] == destination]
    assert [hop["gateway"] for hop in seen["nexthops"]] == list(gateways)
    assert [hop["weight"] for hop in seen["nexthops"]] == list(range(1, len(gateways) + 1))
    assert_same(nl)
    ours = state(nl.netns)
    nl.routes.delete(destination)
    words = [w for n, gw in enumerate(gateways) for w in ("nexthop", "via", gw, "dev", "eth0", "weight", str(n + 1))]
    inside(nl.netns, "ip", "route", "add", destination, *words)
    assert state(nl.netns) == ours
    nl.routes.delete(destination, multipath=hops(nl, *gateways))
    assert state(nl.netns) == before


def test_multipath_of_another_family_and_onlink(nl):
    index = nl.links.get("eth0").index
    paths = [
        NextHop(via="fe80::1", index=index),
        NextHop(gateway="10.9.9.9", index=index, flags=RouteFlags.ONLINK),
    ]
    nl.routes.add("203.0.113.0/24", multipath=paths)
    (seen,) = [route for route in assert_same(nl, "main") if route["dst"] == "203.0.113.0/24"]
    assert seen["nexthops"][0]["via"] == {"family": "inet6", "host": "fe80::1"}
    assert seen["nexthops"][1]["gateway"] == "10.9.9.9" and seen["nexthops"][1]["flags"] == ["onlink"]


def test_replace_and_append(nl):
    nl.routes.replace("198.51.100.0/24", via="192.0.2.2")
    nl.routes.replace("198.51.100.0/24", via="192.0.2.3")
    assert [r["gateway"] for r in assert_same(nl, "main") if r["dst"] == "198.51.100.0/24"] == ["192.0.2.3"]
    nl.routes.append("198.51.100.0/24", via="192.0.2.4")
    assert [r["gateway"] for r in assert_same(nl, "main") if r["dst"] == "198.51.100.0/24"] == [
        "192.0.2.3",
        "192.0.2.4",
    ]
    nl.routes.delete("198.51.100.0/24", via="192.0.2.4")
    nl.routes.add("198.51.100.0/24", via="192.0.2.9", metric=5)
    assert [r["gateway"] for r in assert_same(nl, "main") if r["dst"] == "198.51.100.0/24"] == [
        "192.0.2.3",
        "192.0.2.9",
    ]
    nl.routes.delete("198.51.100.0/24", metric=5)
    nl.routes.delete("198.51.100.0/24")
    nl.routes.add("2001:db8:1::/48", via="2001:db8::2")
    nl.routes.append("2001:db8:1::/48", via="2001:db8::3")
    (seen,) = [route for route in assert_same(nl, "main") if route["dst"] == "2001:db8:1::/48"]
    assert [hop["gateway"] for hop in seen["nexthops"]] == ["2001:db8::2", "2001:db8::3"]
    nl.routes.replace("2001:db8:1::/48", via="2001:db8::4")
    (seen,) = [route for route in assert_same(nl, "main") if route["dst"] == "2001:db8:1::/48"]
    assert seen["gateway"] == "2001:db8::4"


def test_the_list_narrowed(nl):
    nl.routes.add("198.51.100.0/24", via="192.0.2.2", protocol="static")
    nl.routes.add("203.0.113.0/24", dev="far", table=1000)
    nl.routes.add("2001:db8:1::/48", dev="far", table=1000, protocol="bgp")
    nl.routes.add("203.0.113.0/25", type="blackhole")
    for options, words in (
        ({}, ()),
        ({"table": None}, ("table", "all")),
        ({"table": "local"}, ("table", "local")),
        ({"table": 255}, ("table", "local")),
        ({"table": 1000}, ("table", "1000")),
        ({"table": None, "dev": "far"}, ("table", "all", "dev", "far")),
        ({"protocol": "static"}, ("proto", "static")),
        ({"table": None, "protocol": 186}, ("table", "all", "proto", "bgp")),
        ({"type": "blackhole"}, ("type", "blackhole")),
        ({"table": None, "type": "local"}, ("table", "all", "type", "local")),
        ({"table": 54321}, ("table", "54321")),
    ):
        for families, flags_ in (((2,), "-4"), ((10,), "-6"), ((None,), None)):
            theirs = []
            for flag in ("-4", "-6") if flags_ is None else (flags_,):
                theirs += ip_routes(nl, flag, *words)
            found = nl.routes.list(family=families[0], **options)
            names = {link.index: link.name for link in nl.links.list()}
            ours = [as_ip(route, names)["dst"] for route in found]
            assert ours == [route["dst"] for route in theirs], (options, flags_)
            assert [as_ip(r, names)["dst"] for r in nl.routes.stream(family=families[0], **options)] == ours
    for filters in ({"family": 99}, {"table": "nonsense"}):
        with pytest.raises(rawnl.EncodeError):
            nl.routes.list(**filters)
    with pytest.raises(TypeError, match="table"):
        nl.routes.list(tabel=5)
    with pytest.raises(FileNotFoundError):
        nl.routes.list(dev="nolink")


def test_get_is_what_ip_route_get_says(nl):
    nl.routes.add("198.51.100.0/24", via="192.0.2.2", mtu=1300)
    nl.routes.add("2001:db8:1::/48", via="2001:db8::2")
    nl.routes.add("203.0.113.0/24", via="192.0.2.3", table=1000)
    nl.rules.add(fwmark=7, table=1000)
    names = {link.index: link.name for link in nl.links.list()}
    for destination, options, words in (
        ("198.51.100.9", {}, ()),
        ("192.0.2.77", {}, ()),
        ("127.0.0.1", {}, ()),
        ("192.0.2.1", {}, ()),
        ("198.51.100.9", {"src": "192.0.2.1"}, ("from", "192.0.2.1")),
        ("198.51.100.9", {"dev": "eth0"}, ("oif", "eth0")),
        ("203.0.113.9", {"mark": 7}, ("mark", "7")),
        ("203.0.113.9", {"mark": 7, "uid": 0}, ("mark", "7", "uid", "0")),
        ("198.51.100.9", {"fib_match": True}, ("fibmatch",)),
        ("2001:db8:1::9", {}, ()),
        ("2001:db8::77", {}, ()),
        ("fe80::5", {"dev": "eth0"}, ("oif", "eth0")),
        ("2001:db8:1::9", {"fib_match": True}, ("fibmatch",)),
    ):
        (theirs,) = ip(
            nl.netns,
            "route",
            "get",
            *(("fibmatch",) if "fibmatch" in words else ()),
            destination,
            *(word for word in words if word != "fibmatch"),
        )
        for address in (destination, ipaddress.ip_address(destination)):
            found = nl.routes.get(address, **options)
            ours = as_ip(found, names)
            for key in theirs.keys() & ours.keys() - {"flags", "metrics"}:
                assert ours[key] == theirs[key], (destination, key)
            assert theirs.keys() & {"gateway", "dev", "prefsrc"} == ours.keys() & {"gateway", "dev", "prefsrc"}


def test_get_where_there_is_no_route(nl):
    for destination, number in (("198.18.0.1", errno.ENETUNREACH), ("2001:db8:9::1", errno.ENETUNREACH)):
        with pytest.raises(rawnl.KernelError) as caught:
            nl.routes.get(destination)
        assert caught.value.errno == number
    nl.routes.add("198.18.0.0/24", type="unreachable")
    with pytest.raises(rawnl.KernelError) as caught:
        nl.routes.get("198.18.0.1")
    assert caught.value.errno == errno.EHOSTUNREACH


def test_objects(nl):
    for destination in (ipaddress.ip_network("198.51.100.0/24"), ipaddress.ip_network("2001:db8:1::/48")):
        version = destination.version
        via = ipaddress.ip_address("192.0.2.2" if version == 4 else "2001:db8::2")
        nl.routes.add(destination, via=via, dev=nl.links.get("eth0"))
        assert str(destination) in [route["dst"] for route in assert_same(nl, "main")]
        assert str(destination) in [route.destination for route in nl.routes.list()]
        nl.routes.delete(destination, dev=nl.links.get("eth0").index)
    for host in (ipaddress.ip_address("198.51.100.1"), ipaddress.ip_address("2001:db8:1::1")):
        nl.routes.add(host, dev="eth0")
        assert str(host) in [route["dst"] for route in assert_same(nl, "main")]


def test_traffic_takes_the_route(nl):
    with rawnl.netns.create() as there, rawnl.open(there) as other:
        nl.links.set("far", netns=there)
        bring_up((other, "far"), (nl, "eth0"))
        other.links.set("lo", up=True)
        other.addresses.add("192.0.2.2/24", "far")
        other.addresses.add("203.0.113.1/32", "lo")
        with pytest.raises(rawnl.KernelError) as caught:
            nl.netns.ping("203.0.113.1")
        assert caught.value.errno == errno.ENETUNREACH
        nl.routes.add("default", via="192.0.2.2")
        assert nl.netns.ping("203.0.113.1").received == 1
        nl.routes.replace("default", type="unreachable")
        with pytest.raises(rawnl.KernelError) as caught:
            nl.netns.ping("203.0.113.1")
        assert caught.value.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH)


def test_what_the_kernel_refuses(nl):
    before = state(nl.netns)
    for use, expected, number in (
        (lambda: nl.routes.add("198.51.100.0/24", via="203.0.113.1"), rawnl.KernelError, errno.ENETUNREACH),
        (lambda: nl.routes.add("2001:db8:1::/48", via="2001:db8:9::1"), rawnl.KernelError, errno.EHOSTUNREACH),
        (lambda: nl.routes.add("198.51.100.0/24", dev=4567), FileNotFoundError, errno.ENODEV),
        (lambda: nl.routes.add("198.51.100.0/24", dev="nolink"), FileNotFoundError, errno.ENODEV),
        (lambda: nl.routes.add("198.51.100.0/24"), rawnl.KernelError, None),
        (lambda: nl.routes.add("2001:db8:1::/48", via="192.0.2.2"), rawnl.KernelError, errno.EINVAL),
        (lambda: nl.routes.add("198.51.100.0/24", via="192.0.2.2", src="10.9.9.9"), rawnl.KernelError, errno.EINVAL),
        (lambda: nl.routes.delete("198.51.100.0/24"), FileNotFoundError, errno.ESRCH),
        (lambda: nl.routes.delete("default"), FileNotFoundError, errno.ESRCH),
        (lambda: nl.routes.delete("192.0.2.0/24", metric=5), FileNotFoundError, errno.ESRCH),
    ):
        with pytest.raises(expected) as caught:
            use()
        assert isinstance(caught.value, rawnl.KernelError)
        assert number is None or caught.value.errno == number, caught.value
        assert "route" in str(caught.value) or "link" in str(caught.value)
    assert state(nl.netns) == before
    assert socket.AF_INET == Family.INET
