"""Namespace ids: the numbers by which one namespace knows another, given and read as `ip netns` does.

Strategy: ids are given by rawnl, by `ip netns set`, and by the kernel (for a cable between two), and each is read by
the other two ways.
"""

from __future__ import annotations

import pytest
from lab import descriptors, inside, ip_link

import rawnl
from rawnl import Link, Veth, netns


@pytest.fixture
def red():
    with netns.create("red") as made:
        yield made


def listed(nl: rawnl.Connection) -> dict[int, str | None]:
    """What `ip netns list-id` prints: names by id."""
    found = {}
    for line in inside(nl.netns, "ip", "netns", "list-id").splitlines():
        words = line.replace("(iproute2 netns name: ", "name ").rstrip(")").split()
        found[int(words[1])] = words[3] if "name" in words else None
    return found


def test_none_at_first(nl, red):
    assert nl.nsids.list() == [] and listed(nl) == {}
    assert nl.nsids.get(red) is nl.nsids.get("red") is nl.nsids.get(red.fileno()) is None


@pytest.mark.parametrize("way", ["NetNS", "name", "descriptor"])
def test_given_and_read(nl, red, way):
    handle = {"NetNS": red, "name": "red", "descriptor": red.fileno()}[way]
    assert nl.nsids.set(handle, 42) == 42
    assert nl.nsids.get(handle) == 42
    assert listed(nl).keys() == {42}
    assert [entry.nsid for entry in nl.nsids.list()] == [42]
    assert not red.closed


def test_the_kernel_chooses_the_next_free_one(nl, red):
    assert nl.nsids.set(red) == 0
    with netns.create() as other:
        assert nl.nsids.set(other) == 1
        assert sorted(entry.nsid for entry in nl.nsids.list()) == sorted(listed(nl)) == [0, 1]


def test_what_ip_set_is_read(nl, red):
    inside(nl.netns, "ip", "netns", "set", "red", "17")
    assert nl.nsids.get("red") == 17
    with nl.netns.entered():
        assert netns.list() == [("red", 17)]
    assert netns.list() == [("red", None)]


def test_a_cable_gives_both_ends_an_id(nl, red):
    nl.links.add("here", Veth(peer=Link(name="there", netns=red)))
    # The kernel gives an id when one is first to be shown.
    near, far = ip_link(nl.netns, "here")["link_netnsid"], ip_link(red, "there")["link_netnsid"]
    assert nl.nsids.get(red) == near
    with rawnl.open(red) as inner:
        assert inner.nsids.get(nl.netns) == far


def test_one_that_is_taken(nl, red):
    nl.nsids.set(red, 5)
    with netns.create() as other:
        for handle, number in ((other, 5), (red, 6)):
            with pytest.raises(FileExistsError):
                nl.nsids.set(handle, number)
        assert nl.nsids.get(other) is None and nl.nsids.get(red) == 5


def test_bad_values(nl, red):
    before = descriptors()
    for number in (1 << 31, -(1 << 31) - 1, "seven"):
        with pytest.raises(rawnl.EncodeError):
            nl.nsids.set(red, number)
    for use in (lambda: nl.nsids.get("not-there"), lambda: nl.nsids.set("not-there", 1)):
        with pytest.raises(FileNotFoundError):
            use()
    with pytest.raises(OSError):
        nl.nsids.get(987654)
    with pytest.raises(rawnl.EncodeError):
        nl.nsids.get("a/b")
    assert nl.nsids.list() == [] and descriptors() == before
