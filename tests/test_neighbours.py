"""Neighbours, v4 and v6: what rawnl gives and takes is what `ip neighbour` shows.

Strategy: entries that rawnl lists are put into the words of `ip -j -d neighbour` and compared whole; a neighbour that
was told to rawnl is one that a ping reaches without asking, and one that was told wrong is not reached.
"""

from __future__ import annotations

import errno
import ipaddress

import pytest
from lab import bring_up, inside, ip, state

import rawnl
from rawnl import Link, Neighbour, Veth, netns
from rawnl.route.neighbour import NeighbourFlags, NeighbourState

MAC = "02:00:00:00:00:09"


@pytest.fixture
def nl(nl):
    nl.links.add("eth0", Veth(peer=Link(name="far")))
    bring_up((nl, "eth0"), (nl, "far"))
    return nl


def as_ip(entry: Neighbour, names: dict[int, str]) -> dict:
    """One of rawnl's neighbours, as `ip -j -d` prints it."""
    found = {"dst": entry.dst, "dev": names[entry.index]}
    flags = int(entry.flags or 0)
    for flag in (NeighbourFlags.ROUTER, NeighbourFlags.PROXY):
        if flags & flag:
            found[flag.name.lower()] = None
    if entry.lladdr:
        found["lladdr"] = entry.lladdr
    if not flags & NeighbourFlags.PROXY:
        found["state"] = [state.name for state in NeighbourState if int(entry.state) & state]
    return found


def sorted_by_key(entries: list[dict]) -> list[dict]:
    return sorted(entries, key=lambda entry: (entry["dev"], entry["dst"]))


def assert_same(nl: rawnl.Connection) -> list[dict]:
    """Both see the same neighbours; without those for multicast, which come and go by themselves."""
    names = {link.index: link.name for link in nl.links.list()}
    ours = [as_ip(entry, names) for entry in nl.neighbours.list() if not entry.dst.startswith("ff")]
    theirs = [entry for entry in ip(nl.netns, "neigh", "show", "nud", "all") if not entry["dst"].startswith("ff")]
    assert sorted_by_key(ours) == sorted_by_key(theirs)
    proxies = [as_ip(entry, names) for entry in nl.neighbours.list(proxy=True)]
    assert sorted_by_key(proxies) == sorted_by_key(ip(nl.netns, "neigh", "show", "proxy"))
    return theirs


CASES = [
    ("192.0.2.9", {"lladdr": MAC}, "lladdr 02:00:00:00:00:09"),
    ("192.0.2.9", {"lladdr": MAC, "state": "stale"}, "lladdr 02:00:00:00:00:09 nud stale"),
    ("192.0.2.9", {"lladdr": bytes.fromhex("020000000009"), "state": "reachable"}, f"lladdr {MAC} nud reachable"),
    ("192.0.2.9", {"lladdr": MAC, "state": NeighbourState.NOARP}, f"lladdr {MAC} nud noarp"),
    ("2001:db8::9", {"lladdr": MAC}, f"lladdr {MAC}"),
    ("2001:db8::9", {"lladdr": MAC, "state": "stale", "flags": "router"}, f"lladdr {MAC} nud stale router"),
    ("fe80::9", {"lladdr": MAC, "state": 0x80}, f"lladdr {MAC}"),
]


@pytest.mark.parametrize(("dst", "options", "words"), CASES)
def test_add_list_and_delete_as_ip_does(nl, dst, options, words):
    nl.neighbours.add(dst, "eth0", **options)
    (ours,) = assert_same(nl)
    assert (ours["dst"], ours["dev"], ours["lladdr"]) == (dst, "eth0", MAC)
    with pytest.raises(FileExistsError):
        nl.neighbours.add(dst, "eth0", **options)
    nl.neighbours.delete(dst, "eth0")
    assert [entry for entry in assert_same(nl) if entry["state"] != ["FAILED"]] == []
    inside(nl.netns, "ip", "neigh", "replace", dst, "dev", "eth0", *words.split())
    (theirs,) = assert_same(nl)
    assert ours == theirs


@pytest.mark.parametrize("dst", ["192.0.2.9", "2001:db8::9"])
def test_replace_adds_and_changes(nl, dst):
    nl.neighbours.replace(dst, "eth0", lladdr="02:00:00:00:00:01")
    nl.neighbours.replace(dst, nl.links.get("eth0"), lladdr="02:00:00:00:00:02")
    (seen,) = assert_same(nl)
    assert (seen["lladdr"], seen["state"]) == ("02:00:00:00:00:02", ["PERMANENT"])


@pytest.mark.parametrize("dst", ["192.0.2.9", "2001:db8::9"])
def test_proxies(nl, dst):
    nl.neighbours.add(dst, "eth0", flags="proxy")
    assert ip(nl.netns, "neigh", "show", "proxy") == [{"dst": dst, "dev": "eth0", "proxy": None}]
    assert assert_same(nl) == []
    assert [entry.dst for entry in nl.neighbours.list("eth0", proxy=True)] == [dst]
    nl.neighbours.delete(dst, "eth0", proxy=True)
    assert ip(nl.netns, "neigh", "show", "proxy") == []
    with pytest.raises(FileNotFoundError) as caught:
        nl.neighbours.delete(dst, "eth0", proxy=True)
    assert caught.value.errno == errno.ENOENT


def test_the_list_narrowed(nl):
    for dst, link in (("192.0.2.1", "eth0"), ("192.0.2.2", "far"), ("2001:db8::1", "eth0"), ("2001:db8::2", "far")):
        nl.neighbours.add(dst, link, lladdr=MAC)
    for options, words, front in (
        ({}, (), ()),
        ({"link": "eth0"}, ("dev", "eth0"), ()),
        ({"family": 2}, (), ("-4",)),
        ({"family": 10}, (), ("-6",)),
        ({"link": "far", "family": 10}, ("dev", "far"), ("-6",)),
    ):
        expected = [entry["dst"] for entry in ip(nl.netns, *front, "neigh", "show", *words, "nud", "permanent")]
        for found in (nl.neighbours.list(**options), nl.neighbours.stream(**options)):
            assert sorted(entry.dst for entry in found if entry.state == NeighbourState.PERMANENT) == sorted(expected)
    with pytest.raises(rawnl.EncodeError, match="family"):
        nl.neighbours.list(family=99)


def test_objects_and_handles(nl):
    found = nl.links.get("eth0")
    for number, handle in enumerate(("eth0", found, found.index)):
        for dst in (ipaddress.ip_address(f"192.0.2.{number}"), ipaddress.ip_address(f"2001:db8::{number}")):
            nl.neighbours.add(dst, handle, lladdr=MAC)
            assert str(dst) in [entry["dst"] for entry in assert_same(nl)]
            nl.neighbours.delete(dst, handle)


def test_a_ping_believes_it(nl):
    with netns.create() as there, rawnl.open(there) as other:
        nl.links.set("far", netns=there)
        other.links.set("far", arp=False)
        bring_up((other, "far"), (nl, "eth0"))
        for connection, name, number in ((nl, "eth0", 1), (other, "far", 2)):
            connection.addresses.add(f"192.0.2.{number}/24", name)
        near, far = nl.links.get("eth0").address, other.links.get("far").address
        other.neighbours.add("192.0.2.1", "far", lladdr=near)
        # Nobody answers for it, so only who was told reaches it.
        assert nl.netns.ping("192.0.2.2", timeout=0.1).received == 0
        nl.neighbours.replace("192.0.2.2", "eth0", lladdr=far)
        assert nl.netns.ping("192.0.2.2").received == 1
        nl.neighbours.replace("192.0.2.2", "eth0", lladdr=MAC)
        assert nl.netns.ping("192.0.2.2", timeout=0.1).received == 0


def test_what_is_not_there_and_what_is_refused(nl):
    before = state(nl.netns)
    for use, expected, number in (
        (lambda: nl.neighbours.delete("192.0.2.9", "eth0"), FileNotFoundError, errno.ENOENT),
        (lambda: nl.neighbours.add("192.0.2.9", "nolink", lladdr=MAC), FileNotFoundError, errno.ENODEV),
        (lambda: nl.neighbours.add("192.0.2.9", 4567, lladdr=MAC), FileNotFoundError, errno.ENODEV),
        (lambda: nl.neighbours.add("192.0.2.9", "eth0", lladdr="02:00"), rawnl.KernelError, errno.EINVAL),
    ):
        with pytest.raises(expected) as caught:
            use()
        assert isinstance(caught.value, rawnl.KernelError) and caught.value.errno == number, caught.value
    assert state(nl.netns) == before
