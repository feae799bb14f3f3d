"""Links: everything that `ip link` does, done by rawnl and seen by `ip`, and the other way round.

Strategy: after each verb the namespace is looked at with `ip -j -d`, whose whole output is translated key by key into
what rawnl says of the same link: a key that the translation does not know fails the test, so nothing is passed over.
"""

from __future__ import annotations

import errno
import json
import os
import subprocess
import threading
import time

import pytest
from lab import descriptors, inside, ip, ip_link, state

import rawnl
from rawnl import Bridge, BridgePort, Dummy, Ifb, Link, Veth, netns
from rawnl.route.link import Flags


@pytest.fixture
def red():
    with netns.create("red") as made, rawnl.open(made) as connection:
        yield connection


@pytest.fixture
def other():
    with netns.create() as made, rawnl.open(made) as connection:
        yield connection


def names(space: rawnl.NetNS) -> list[str]:
    return [link["ifname"] for link in ip(space, "link")]


# --- the whole of what ip prints

_HOLDS = {False: 0, True: 1}
# What ip calls a port's settings, and what the kernel does.
_PORT = {
    "hairpin": "mode",
    "root_block": "protect",
    "fastleave": "fast_leave",
    "flood": "unicast_flood",
    "proxy_arp": "proxyarp",
    "proxy_arp_wifi": "proxyarp_wifi",
    "mcast_to_unicast": "mcast_to_ucast",
}
_BRIDGE_BITS = {"no_linklocal_learn": 1, "mcast_vlan_snooping": 2, "mst_enabled": 4}


def _flags(link: Link) -> list[str]:
    value = int(link.flags)
    words = [flag.name for flag in Flags if value & flag and flag is not Flags.RUNNING]
    if value & Flags.UP and not value & Flags.RUNNING:
        words.append("NO-CARRIER")
    return sorted(words)


def _bridge_id(text: str) -> str:
    priority, address = text.split(".")
    return f"{priority}.{':'.join(address[i : i + 2].lstrip('0') or '0' for i in range(0, 12, 2))}"


def _ip_bridge_id(text: str) -> str:
    priority, address = text.split(".")
    return f"{priority}.{':'.join(part.lstrip('0') or '0' for part in address.split(':'))}"


def _same_kind(printed: dict, info: Bridge) -> None:
    for key, value in printed.items():
        if key.endswith("_timer"):
            assert abs(getattr(info, key) / 100 - value) < 5, key
        elif key in ("bridge_id", "root_id"):
            assert _bridge_id(getattr(info, key)) == _ip_bridge_id(value), key
        elif key in ("group_fwd_mask",):
            assert info.group_fwd_mask == int(value, 16), key
        elif key in _BRIDGE_BITS:
            assert bool(info.multi_boolopt.optval & _BRIDGE_BITS[key]) == bool(value), key
        elif key == "vlan_protocol":
            assert {"802.1Q": 0x8100, "802.1ad": 0x88A8}[value] == info.vlan_protocol
        else:
            assert getattr(info, key) == value, key


def _same_port(printed: dict, port: BridgePort) -> None:
    for key, value in printed.items():
        if key == "group_fwd_mask_str":
            assert port.group_fwd_mask == int(value, 16)
        elif key == "group_fwd_mask":
            assert port.group_fwd_mask == int(value, 16)
        elif key == "state":
            assert port.state.name.lower() == value
        elif key in ("id", "no"):
            assert getattr(port, key) == int(value, 16), key
        elif key.endswith("_timer"):
            assert abs(getattr(port, key) / 100 - value) < 5, key
        elif key in ("bridge_id", "root_id"):
            assert _bridge_id(getattr(port, key)) == _ip_bridge_id(value), key
        else:
            assert getattr(port, _PORT.get(key, key)) == _HOLDS.get(value, value), key


def assert_same(printed: dict, link: Link, every: dict[int, str]) -> None:
    """Every key that `ip -j -d link` printed is what rawnl says; `every`: the names of all links, by index."""
    for key, value in printed.items():
        if key == "ifname":
            assert link.name == value
        elif key == "ifindex":
            assert link.index == value
        elif key == "link":
            assert link.link_netnsid is None and every[link.link] == value
        elif key == "link_index":
            assert link.link_netnsid is not None and link.link == value
        elif key == "flags":
            assert _flags(link) == sorted(word for word in value if word != "M-DOWN")
        elif key == "master":
            assert every[link.master] == value
        elif key in ("operstate", "linkmode"):
            assert getattr(link, key).name == value, key
        elif key == "group":
            assert str(link.group) == value or (link.group, value) == (0, "default")
        elif key == "link_type":
            assert {1: "ether", 772: "loopback"}[link.type] == value
        elif key == "inet6_addr_gen_mode":
            assert link.af_spec.inet6.addr_gen_mode.name.lower() == value
        elif key == "altnames":
            assert link.altnames == value
        elif key == "ifalias":
            assert link.ifalias == value
        elif key == "linkinfo":
            assert link.kind == link.linkinfo.kind == value["info_kind"]
            assert link.linkinfo.slave_kind == value.get("info_slave_kind")
            assert value.keys() <= {"info_kind", "info_data", "info_slave_kind", "info_slave_data"}
            _same_kind(value.get("info_data", {}), link.info)
            _same_port(value.get("info_slave_data", {}), link.port)
        else:
            assert getattr(link, key) == value, key


def assert_all_same(nl: rawnl.Connection) -> None:
    """Both see the same links, in the same order; asked again while link states still settle."""
    deadline = time.monotonic() + 5
    while True:
        links = nl.links.list()
        printed = ip(nl.netns, "link")
        try:
            assert [link.name for link in links] == [entry["ifname"] for entry in printed]
            every = {link.index: link.name for link in links}
            for link, entry in zip(links, printed, strict=True):
                assert_same(entry, link, every)
            return
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_every_attribute_of_veth_bridge_and_port_is_what_ip_prints(nl, red):
    nl.links.set("lo", up=True)
    settings = Bridge(
        stp_state=1, priority=0x7000, forward_delay=400, hello_time=100, max_age=1000, ageing_time=12300,
        group_fwd_mask=8, mcast_snooping=0, mcast_hash_max=512, mcast_router=2,
    )  # fmt: skip
    if nl.links.add("probe", Bridge()).info.vlan_default_pvid is not None:
        settings = settings.replace(vlan_filtering=1, vlan_protocol="dot1ad")
    bridge = nl.links.add("br0", settings, up=True, txqlen=77, ifalias="a switch, é")
    nl.links.add("here", Veth(peer=Link(name="there", netns=red.netns)), master=bridge, up=True, group=5)
    nl.links.add("one", Veth(peer=Link(name="two")), mtu=1400, address="02:00:00:00:00:01")
    nl.links.add("ifb0", Ifb)
    port = BridgePort(
        cost=42, priority=7, mode=1, guard=1, protect=1, fast_leave=1, learning=0, unicast_flood=0, mcast_flood=0,
        bcast_flood=0, neigh_suppress=1, isolated=1, vlan_tunnel=1, proxyarp=1, group_fwd_mask=8, mcast_to_ucast=1,
        locked=0,
    )  # fmt: skip
    nl.links.set("here", port=port)
    inside(nl.netns, "ip", "link", "property", "add", "dev", "one", "altname", "an-alternative-name", "altname", "brief")
    assert_all_same(nl)
    assert_all_same(red)
    made = nl.links.get("br0").info
    for name, value in settings.present().items():
        assert getattr(made, name) == value or (name, value) == ("vlan_protocol", "dot1ad")
    seen = nl.links.get("here").port
    for name, value in port.present().items():
        assert getattr(seen, name) == value, name
    counted = json.loads(inside(nl.netns, "ip", "-j", "-s", "link", "show", "dev", "here"))[0]["stats64"]
    stats = nl.links.get("here").stats64
    assert counted["rx"]["packets"] <= stats.rx_packets and counted["tx"]["bytes"] <= stats.tx_bytes


# --- made


@pytest.mark.parametrize("way", ["NetNS", "name", "descriptor"])
def test_a_cable_with_its_far_end_made_straight_in_a_namespace(nl, red, way):
    space = {"NetNS": red.netns, "name": "red", "descriptor": red.netns.fileno()}[way]
    before = descriptors()
    made = nl.links.add("veth-red", Veth(peer=Link(name="veth-blue", netns=space, mtu=1400)))
    assert (made.name, made.kind, made.up) == ("veth-red", "veth", False)
    near, far = ip_link(nl.netns, "veth-red"), ip_link(red.netns, "veth-blue")
    assert (near["ifindex"], near["link_index"]) == (made.index, far["ifindex"])
    assert (far["link_index"], far["mtu"], near["mtu"]) == (near["ifindex"], 1400, 1500)
    assert names(nl.netns) == ["lo", "veth-red"]
    assert descriptors() == before


def test_the_link_that_add_returns_is_the_one_that_get_gives(nl, red):
    bridge = nl.links.add("br0", Bridge())
    assert bridge.master is None
    made = [
        nl.links.add("plain", Veth(peer=Link(name="plain-far"))),
        nl.links.add("mastered", Veth(peer=Link(name="far", netns=red.netns)), master=bridge, up=True),
        nl.links.add("dressed", Bridge(), mtu=1300, address="02:00:00:00:00:09", group=9, txqlen=5, up=True, index=4321),
        nl.links.add("short", "ifb", num_tx_queues=1, num_rx_queues=1),
        nl.links.add("typed", Bridge),
    ]
    for link in made:
        again = nl.links.get(link.name)
        keys = ("index", "name", "kind", "mtu", "master", "address", "group", "txqlen", "link", "num_tx_queues", "up")
        assert [getattr(link, key) for key in keys] == [getattr(again, key) for key in keys]
    assert made[2].index == ip_link(nl.netns, "dressed")["ifindex"] == 4321
    assert made[1].master == bridge.index and made[1].up
    assert made[3].num_tx_queues == ip_link(nl.netns, "short")["num_tx_queues"] == 1


def test_the_kernel_chooses_a_name(nl, red):
    made = nl.links.add(None, Veth(peer=Link(netns=red.netns)))
    assert made.name == "veth0" and names(nl.netns) == ["lo", "veth0"]
    templated = nl.links.add(rawnl.NameTemplate("tap%d"), Bridge())
    assert templated.name == "tap0" and names(nl.netns)[-1] == "tap0"
    # Elsewhere nobody would know which one it is.
    for name in (None, rawnl.NameTemplate("br%d")):
        with pytest.raises(rawnl.EncodeError, match="needs a name"):
            nl.links.add(name, Bridge(), netns=red.netns)
    assert sorted(names(red.netns)) == ["lo", "veth0"]
    assert len(names(nl.netns)) == 3


@pytest.mark.parametrize("way", ["NetNS", "name", "descriptor"])
def test_a_link_made_in_another_namespace(nl, red, way):
    space = {"NetNS": red.netns, "name": "red", "descriptor": red.netns.fileno()}[way]
    made = nl.links.add("far-bridge", Bridge(), netns=space, up=True)
    assert made.index == ip_link(red.netns, "far-bridge")["ifindex"]
    assert names(nl.netns) == ["lo"]
    # It is not a link of this connection's namespace, where its index means another or none.
    with pytest.raises(rawnl.EncodeError, match="another namespace"):
        nl.links.delete(made)
    red.links.delete(made)
    assert names(red.netns) == ["lo"]


def test_dummy_where_the_kernel_has_it(nl):
    try:
        made = nl.links.add("dummy0", Dummy(), up=True)
    except rawnl.KernelError as error:
        assert error.errno == errno.EOPNOTSUPP
        assert names(nl.netns) == ["lo"]
        pytest.skip(f"this kernel has no dummy links: {error}")
    assert ip_link(nl.netns, "dummy0")["linkinfo"]["info_kind"] == made.kind == "dummy"


def test_a_kind_that_the_kernel_does_not_have(nl):
    with pytest.raises(rawnl.KernelError, match="Unknown device type") as caught:
        nl.links.add("x", "nosuchkind")
    assert caught.value.errno == errno.EOPNOTSUPP
    assert names(nl.netns) == ["lo"]


@pytest.mark.parametrize("name", ["x" * 15, "é" * 7, "\udcff\udcfe", "-dash", "a.b", "...", "#", "'\"", "$(id)", "\x01"])
def test_odd_names_that_can_be(nl, name):
    made = nl.links.add(name, Bridge())
    assert made.name == name == nl.links.get(name).name
    assert os.fsencode(name) in nl.netns.run(["ls", "-a", "/sys/class/net"], capture_output=True).stdout.split(b"\n")
    nl.links.set(name, up=True)
    nl.links.delete(name)
    assert names(nl.netns) == ["lo"]


# --- changed


def test_set_everything_that_ip_link_set_does(nl):
    nl.links.add("br0", Bridge())
    link = nl.links.add("one", Veth(peer=Link(name="two")))

    def seen() -> dict:
        return ip(nl.netns, "link", "show", "dev", str(nl.links.get(link).name))[0]

    nl.links.set("one", up=True)
    assert "UP" in seen()["flags"] and nl.links.get("one").up
    nl.links.set("one", up=False)
    assert "UP" not in seen()["flags"] and not nl.links.get("one").up
    nl.links.set("one", mtu=1280)
    assert seen()["mtu"] == nl.links.get("one").mtu == 1280
    for address in ("02:00:00:00:00:0a", bytes.fromhex("02000000000b"), "02-00-00-00-00-0c"):
        nl.links.set("one", address=address)
        text = address.hex(":") if isinstance(address, bytes) else address.replace("-", ":")
        assert seen()["address"] == nl.links.get("one").address == text
    nl.links.set("one", master="br0")
    assert seen()["master"] == "br0"
    nl.links.set("one", master=0)
    assert "master" not in seen() and not nl.links.get("one").master
    nl.links.set("one", group=77)
    assert seen()["group"] == "77" and nl.links.get("one").group == 77
    nl.links.set("one", group=0)
    assert seen()["group"] == "default"
    nl.links.set("one", txqlen=123)
    assert seen()["txqlen"] == nl.links.get("one").txqlen == 123
    nl.links.set("one", ifalias="words, é and more " * 10)
    assert seen()["ifalias"] == nl.links.get("one").ifalias == "words, é and more " * 10
    nl.links.set("one", ifalias="")
    assert "ifalias" not in seen() and not nl.links.get("one").ifalias
    for word, flag in (("promisc", "PROMISC"), ("allmulticast", "ALLMULTI"), ("multicast", "MULTICAST")):
        for wanted in (True, False):
            nl.links.set("one", **{word: wanted})
            assert (flag in seen()["flags"]) is wanted, word
    nl.links.set("one", arp=False)
    assert "NOARP" in seen()["flags"]
    nl.links.set("one", arp=True, up=True, mtu=1500)
    assert "NOARP" not in seen()["flags"] and seen()["mtu"] == 1500 and "UP" in seen()["flags"]
    nl.links.set("one", up=False, name="renamed")
    assert seen()["ifname"] == "renamed" and seen()["ifindex"] == link.index
    nl.links.set("br0", info=Bridge(ageing_time=5000))
    assert ip_link(nl.netns, "br0")["linkinfo"]["info_data"]["ageing_time"] == 5000


def test_what_is_not_given_stays(nl):
    nl.links.add("one", Bridge(), mtu=1400, group=3, txqlen=9, address="02:00:00:00:00:01", ifalias="words")
    before = state(nl.netns)
    nl.links.set("one")
    nl.links.set("one", mtu=1400)
    assert state(nl.netns) == before


@pytest.mark.parametrize("way", ["NetNS", "name", "descriptor", "pid"])
def test_move_to_another_namespace(nl, red, way):
    link = nl.links.add("mover", Veth(peer=Link(name="stays")))
    with red.netns.popen(["sleep", "60"]) as process:
        where = {
            "NetNS": {"netns": red.netns},
            "name": {"netns": "red"},
            "descriptor": {"netns": red.netns.fileno()},
            "pid": {"pid": process.pid},
        }[way]
        nl.links.set(link, **where)
        process.kill()
    assert names(nl.netns) == ["lo", "stays"] and names(red.netns) == ["lo", "mover"]
    moved = red.links.get("mover")
    assert moved.link == nl.links.get("stays").index
    # With a new name, and back.
    red.links.set("mover", netns=nl.netns, name="back")
    assert sorted(names(nl.netns)) == ["back", "lo", "stays"]


def test_move_to_a_namespace_that_is_not_there(nl):
    nl.links.add("mover", Bridge())
    before = state(nl.netns)
    with pytest.raises(FileNotFoundError):
        nl.links.set("mover", netns="not-there")
    process = subprocess.Popen(["true"])
    process.wait()
    with pytest.raises(FileNotFoundError):
        nl.links.set("mover", pid=process.pid)
    with pytest.raises(OSError):
        nl.links.set("mover", netns=987654)
    assert state(nl.netns) == before


# --- found


def test_get_by_every_handle(nl):
    made = nl.links.add("one", Bridge())
    inside(nl.netns, "ip", "link", "property", "add", "dev", "one", "altname", "short", "altname", "x" * 127)
    for handle in ("one", made.index, made, Link(name="one"), Link(index=made.index), "short", "x" * 127):
        assert nl.links.get(handle).index == made.index
        nl.links.set(handle, mtu=1400)
    assert nl.links.get("one").altnames == ip_link(nl.netns, "one")["altnames"] == ["short", "x" * 127]
    assert set(nl.links.stats("short")) == set(nl.links.stats(made)) == set(nl.links.stats("x" * 127))


@pytest.mark.parametrize("handle", ["nolink", "x" * 16, "y" * 127, 4567, Link(name="nolink"), Link(index=4567)])
def test_what_is_not_there(nl, handle):
    for use in (
        nl.links.get,
        nl.links.delete,
        nl.links.stats,
        nl.links.peer,
        lambda link: nl.links.set(link, up=True),
        lambda link: nl.links.delete_many([link]) or nl.links.get(link),
    ):
        with pytest.raises(FileNotFoundError) as caught:
            use(handle)
        assert isinstance(caught.value, rawnl.NotFound) and caught.value.errno == errno.ENODEV


def test_lists_are_those_of_ip(nl, red):
    bridge = nl.links.add("br0", Bridge(), up=True)
    nl.links.add("a", Veth(peer=Link(name="b")), master=bridge, up=True)
    nl.links.add("c", Veth(peer=Link(name="d", netns=red.netns)), group=7)
    nl.links.add("e", Bridge(), group=7, up=True)
    nl.links.add("f", "ifb")
    for filters, arguments in (
        ({}, ()),
        ({"kind": "veth"}, ("type", "veth")),
        ({"kind": Veth}, ("type", "veth")),
        ({"kind": "bridge"}, ("type", "bridge")),
        ({"kind": "ifb"}, ("type", "ifb")),
        ({"kind": "vrf"}, ("type", "vrf")),
        ({"master": "br0"}, ("master", "br0")),
        ({"master": bridge}, ("master", "br0")),
        ({"master": bridge.index}, ("master", "br0")),
        ({"master": "e"}, ("master", "e")),
        ({"up": True}, ("up",)),
        ({"group": 7}, ("group", "7")),
        ({"group": 0}, ("group", "0")),
        ({"kind": "veth", "master": "br0", "up": True}, ("master", "br0", "up", "type", "veth")),
        ({"kind": "bridge", "group": 7}, ("group", "7", "type", "bridge")),
    ):
        expected = [entry["ifname"] for entry in ip(nl.netns, "link", "show", *arguments)]
        assert [link.name for link in nl.links.list(**filters)] == expected, filters
        assert [link.name for link in nl.links.list(stats=False, **filters)] == expected, filters
        assert [link.name for link in nl.links.stream(**filters)] == expected, filters
        assert nl.links.columns("name", **filters)["name"] == expected, filters
    assert sorted(link.name for link in nl.links.list(up=False)) == ["b", "c", "f", "lo"]
    whole, brief = nl.links.list()[0], nl.links.list(stats=False)[0]
    assert whole.af_spec.inet6.stats and brief.af_spec.inet6.stats is None
    with pytest.raises(TypeError, match="master"):
        nl.links.list(mastr="br0")
    with pytest.raises(FileNotFoundError):
        nl.links.list(master="nolink")


def test_stats_are_those_of_ethtool(nl, red):
    nl.links.add("here", Veth(peer=Link(name="there", netns=red.netns)), up=True)
    red.links.set("there", up=True)
    nl.links.add("br0", Bridge())
    for connection, name in ((nl, "here"), (red, "there")):
        printed = {}
        for line in inside(connection.netns, "ethtool", "-S", name).splitlines()[1:]:
            key, value = line.split(":")
            printed[key.strip()] = int(value)
        found = connection.links.stats(name)
        assert list(found) == list(printed)
        assert found["peer_ifindex"] == printed["peer_ifindex"]
        assert connection.links.stats(connection.links.get(name))["peer_ifindex"] == printed["peer_ifindex"]
    assert nl.links.stats("here")["peer_ifindex"] == red.links.get("there").index
    for name in ("br0", "lo"):
        assert nl.links.stats(name) == {}
        assert "no stats available" in inside(nl.netns, "sh", "-c", f"ethtool -S {name} 2>&1 || true")


def test_the_other_end_of_a_cable(nl, red, other):
    nl.links.add("a", Veth(peer=Link(name="b")))
    nl.links.add("named", Veth(peer=Link(name="far", netns=red.netns)))
    nl.links.add("unnamed", Veth(peer=Link(name="far", netns=other.netns)))
    bridge = nl.links.add("br0", Bridge())
    where, far = nl.links.peer("a")
    assert where == nl.netns and far.name == "b" and nl.links.peer(far)[1].name == "a"
    where, far = nl.links.peer("named")
    assert where == red.netns and where.name == "red"
    assert (far.name, far.index) == ("far", ip_link(red.netns, "far")["ifindex"])
    with rawnl.open(where) as there:
        assert there.links.get(far.name).index == far.index
    where.close()
    where, far = nl.links.peer("unnamed")
    assert where == ip_link(nl.netns, "unnamed")["link_netnsid"]
    assert (far.name, far.index) == ("far", ip_link(other.netns, "far")["ifindex"])
    with pytest.raises(rawnl.EncodeError, match="another namespace"):
        nl.links.delete(far)
    for name in ("br0", "lo", bridge):
        with pytest.raises(rawnl.EncodeError, match="no other end"):
            nl.links.peer(name)


def test_what_lies_upon_another_link_has_no_other_end(nl):
    nl.links.add("low", Veth(peer=Link(name="far")), up=True)
    try:
        inside(nl.netns, "ip", "link", "add", "link", "low", "name", "high", "type", "macvlan")
    except AssertionError as error:
        pytest.skip(f"this kernel has no macvlan: {error}")
    assert nl.links.get("high").link == nl.links.get("low").index
    with pytest.raises(rawnl.EncodeError, match="no other end"):
        nl.links.peer("high")


def test_peers_are_found_without_leaking(nl, red):
    nl.links.add("named", Veth(peer=Link(name="far", netns=red.netns)))
    nl.links.peer("named")[0].close()
    before = descriptors()
    for _ in range(20):
        nl.links.peer("named")[0].close()
    assert descriptors() == before


# --- deleted


@pytest.mark.parametrize("way", ["name", "index", "Link"])
def test_delete(nl, red, way):
    made = nl.links.add("near", Veth(peer=Link(name="far", netns=red.netns)))
    nl.links.delete({"name": "near", "index": made.index, "Link": made}[way])
    assert names(nl.netns) == names(red.netns) == ["lo"]


def test_delete_by_group_leaves_others_alone(nl):
    nl.links.add("stranger", Bridge(), group=8)
    for number in range(10):
        nl.links.add(f"a{number}", Veth(peer=Link(name=f"b{number}")), group=42)
    nl.links.delete(group=42)
    assert names(nl.netns) == ["lo", "stranger"]
    with pytest.raises(FileNotFoundError):
        nl.links.delete(group=42)
    with pytest.raises(rawnl.EncodeError, match="group"):
        nl.links.delete(group=0)
    for arguments in ((), ("stranger", 8)):
        with pytest.raises(TypeError):
            nl.links.delete(*arguments[:1], **({"group": arguments[1]} if arguments else {}))
    assert names(nl.netns) == ["lo", "stranger"]


def test_delete_many_of_mixed_groups_touches_no_stranger(nl):
    strangers = ["s0", "s1", "s2"]
    for number, name in enumerate(strangers):
        nl.links.add(name, Bridge(), group=number * 5)
    nl.links.add_many(((f"a{n}", f"b{n}") for n in range(200)), Veth)
    for number in range(0, 200, 3):
        nl.links.set(f"a{number}", group=5 if number % 2 else 10)
    before = [ip_link(nl.netns, name) for name in strangers]
    links = nl.links.list(kind="veth")
    chosen = [link for link in links if link.name[0] == "a"]
    handles = [link if n % 3 == 0 else link.name if n % 3 == 1 else link.index for n, link in enumerate(chosen)]
    nl.links.delete_many(handles)
    assert sorted(names(nl.netns)) == ["lo", *strangers]
    assert [ip_link(nl.netns, name) for name in strangers] == before


def test_delete_many_takes_both_ends_none_and_those_that_are_gone(nl):
    nl.links.delete_many([])
    links = [nl.links.add("a", Veth(peer=Link(name="b"))), nl.links.get("b")]
    gone = nl.links.add("gone", Bridge())
    nl.links.delete(gone)
    nl.links.delete_many([*links, gone, *links])
    assert names(nl.netns) == ["lo"]
    nl.links.delete_many([gone])
    nl.links.add("again", Bridge())
    with pytest.raises(FileNotFoundError):
        nl.links.delete_many(["again", "never-there"])
    assert sorted(names(nl.netns)) == ["again", "lo"]


def test_delete_many_with_one_that_cannot_be_deleted(nl):
    links = [nl.links.add(f"br{number}", Bridge()).index for number in range(3)]
    for handles in (["lo"], ["lo", *links]):
        with pytest.raises(rawnl.BatchError) as caught:
            nl.links.delete_many(handles)
        ((position, error),) = caught.value.failures
        assert position == 0 and error.errno == errno.EOPNOTSUPP
        assert "lo" in str(error) or "1" in str(error)
    assert names(nl.netns) == ["lo"]
    assert ip_link(nl.netns, "lo")["group"] == "default"


# --- failures


def test_a_creation_that_fails_leaves_nothing_behind(nl, red):
    nl.links.add("taken", Bridge())
    nl.links.add("low", Veth(peer=Link(name="far")))
    red.links.add("taken-there", Bridge())
    before = state(nl.netns), state(red.netns)
    fd = red.netns
    for attempt, expected in (
        (lambda: nl.links.add("taken", Bridge()), FileExistsError),
        (lambda: nl.links.add("new", Veth(peer=Link(name="taken"))), FileExistsError),
        (lambda: nl.links.add("new", Veth(peer=Link(name="taken-there", netns=fd))), FileExistsError),
        (lambda: nl.links.add("taken-there", Bridge(), netns=fd), FileExistsError),
        (lambda: nl.links.add("new", Bridge(), master="low"), rawnl.KernelError),
        (lambda: nl.links.add("new", Veth(peer=Link(name="newer", netns=fd)), master="low"), rawnl.KernelError),
        (lambda: nl.links.add("new", Bridge(), mtu=1), rawnl.KernelError),
        (lambda: nl.links.add("new", Bridge(), mtu=1 << 30), rawnl.KernelError),
        (lambda: nl.links.add("new", Bridge(), address="01:00:00:00:00:00"), rawnl.KernelError),
        (lambda: nl.links.add("new", Bridge(), address="02:00"), rawnl.KernelError),
        (lambda: nl.links.add("new", Bridge(), index=nl.links.get("taken").index), FileExistsError),
        (lambda: nl.links.add("new", Bridge(priority=1, max_age=1), up=True), rawnl.KernelError),
        (lambda: nl.links.add("new", Veth(peer=Link(name="new"))), FileExistsError),
        (lambda: nl.links.add("new", Veth(peer=Link(name="newer", mtu=1))), rawnl.KernelError),
        (lambda: nl.links.add("new", Bridge(), master="nolink"), FileNotFoundError),
        (lambda: nl.links.add("new", Bridge(), netns="not-there"), FileNotFoundError),
        (lambda: nl.links.add("new", Veth(peer=Link(name="newer", netns="not-there"))), FileNotFoundError),
        (lambda: nl.links.add("new", Veth(peer=Link(name="newer", netns=987654))), OSError),
    ):
        with pytest.raises(expected) as caught:
            attempt()
        assert isinstance(caught.value, rawnl.KernelError), caught.value
        assert (state(nl.netns), state(red.netns)) == before, caught.value


def test_an_error_tells_what_the_kernel_said_and_where(nl):
    with pytest.raises(rawnl.KernelError) as caught:
        nl.links.add("new", Bridge(), mtu=1)
    error = caught.value
    assert error.errno == errno.EINVAL and error.message
    assert "add link 'new'" in str(error) and error.message.rstrip(".") in str(error) and "EINVAL" in str(error)
    with pytest.raises(rawnl.KernelError) as caught:
        nl.links.add("new", Bridge(attr_1=b"too short"[:2]))
    assert caught.value.attribute == "linkinfo.data.forward_delay"
    assert "at linkinfo.data.forward_delay" in str(caught.value)
    with pytest.raises(rawnl.KernelError) as caught:
        nl.links.add("new", "nosuchkind")
    assert caught.value.message == "Unknown device type"


def test_a_set_that_fails_halfway_is_what_ip_has_too(nl):
    # The kernel carries a change out attribute by attribute: what it did before the failure stays done.
    nl.links.add("one", Bridge())
    with pytest.raises(rawnl.KernelError):
        nl.links.set("one", mtu=1)
    assert nl.links.get("one").mtu == ip_link(nl.netns, "one")["mtu"] == 1500


def test_a_stale_link_of_another_namespace_is_refused(nl, red):
    made = red.links.add("there", Bridge())
    nl.links.add("stranger", Bridge(), index=made.index)
    for use in (
        nl.links.delete,
        nl.links.get,
        nl.links.stats,
        lambda link: nl.links.set(link, up=True),
        lambda link: nl.links.delete_many([link]),
        lambda link: nl.addresses.add("192.0.2.1/24", link),
        lambda link: nl.routes.add("192.0.2.0/24", dev=link),
        lambda link: nl.neighbours.add("192.0.2.1", link, lladdr="02:00:00:00:00:01"),
    ):
        with pytest.raises(rawnl.EncodeError, match="another namespace"):
            use(made)
    assert names(nl.netns) == ["lo", "stranger"] and not nl.links.get("stranger").up


def test_from_many_threads_at_once(nl):
    failures = []

    def work(number: int) -> None:
        try:
            for turn in range(4):
                name = f"t{number}-{turn}"
                made = nl.links.add(name, Bridge(), group=number + 1)
                assert made.name == name and nl.links.get(made).group == number + 1
                nl.links.set(name, mtu=1000 + number)
                assert nl.links.get(name).mtu == 1000 + number
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(names(nl.netns)) == 33
    nl.links.delete_many(nl.links.list(kind="bridge"))
    assert names(nl.netns) == ["lo"]


def test_delete_many_when_the_kernel_refuses_the_whole_group(nl, monkeypatch):
    links = [nl.links.add(f"br{number}", Bridge(), group=number).index for number in range(3)]
    genuine = nl.channel.request

    def refuses(message, *arguments, **options):
        if message.present().get("group") and not message.present().get("index"):
            raise rawnl.KernelError.of(errno.EOPNOTSUPP)
        if message.present() == {"index": links[1]}:
            raise rawnl.KernelError.of(errno.EBUSY)
        return genuine(message, *arguments, **options)

    monkeypatch.setattr(nl.channel, "request", refuses)
    with pytest.raises(rawnl.BatchError) as caught:
        nl.links.delete_many(links)
    assert [(number, error.errno) for number, error in caught.value.failures] == [(1, errno.EBUSY)]
    assert names(nl.netns) == ["lo", "br1"]
    assert ip_link(nl.netns, "br1")["group"] == "1"
