"""Links as they are read: got, listed, counted, followed to their far ends; each time as `ip` and `ethtool` see them.

Strategy: the whole output of `ip -j -d link` is translated key by key into what rawnl says of the same link: a key that
the translation does not know fails the test, so nothing is passed over.
"""

from __future__ import annotations

import errno
import json
import time

import pytest
from lab import descriptors, inside, ip, ip_link

import rawnl
from rawnl import Bridge, BridgePort, Ifb, Link, Veth, netns
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
        if key == "group_fwd_mask_str" or key == "group_fwd_mask":
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
        stp_state=1,
        priority=0x7000,
        forward_delay=400,
        hello_time=100,
        max_age=1000,
        ageing_time=12300,
        group_fwd_mask=8,
        mcast_snooping=0,
        mcast_hash_max=512,
        mcast_router=2,
    )
    if nl.links.add("probe", Bridge()).info.vlan_default_pvid is not None:
        settings = settings.replace(vlan_filtering=1, vlan_protocol="dot1ad")
    bridge = nl.links.add("br0", settings, up=True, txqlen=77, ifalias="a switch, é")
    nl.links.add("here", Veth(peer=Link(name="there", netns=red.netns)), master=bridge, up=True, group=5)
    nl.links.add("one", Veth(peer=Link(name="two")), mtu=1400, address="02:00:00:00:00:01")
    nl.links.add("ifb0", Ifb)
    port = BridgePort(
        cost=42,
        priority=7,
        mode=1,
        guard=1,
        protect=1,
        fast_leave=1,
        learning=0,
        unicast_flood=0,
        mcast_flood=0,
        bcast_flood=0,
        neigh_suppress=1,
        isolated=1,
        vlan_tunnel=1,
        proxyarp=1,
        group_fwd_mask=8,
        mcast_to_ucast=1,
        locked=0,
    )
    nl.links.set("here", port=port)
    inside(
        nl.netns, "ip", "link", "property", "add", "dev", "one", "altname", "an-alternative-name", "altname", "brief"
    )
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
