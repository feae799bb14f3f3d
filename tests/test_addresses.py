"""Addresses, v4 and v6: what rawnl gives and takes is what `ip address` shows, key by key.

Strategy: each address that rawnl lists is put into the words of `ip -j -d address`, and the two lists are compared
whole; what `ip` adds is seen by rawnl and the other way round. Lifetimes tick, so they may differ by a second.
"""

from __future__ import annotations

import errno
import ipaddress

import pytest
from lab import inside, ip, state

import rawnl
from rawnl import Address, Link, Veth
from rawnl.route.address import AddressFlags
from rawnl.route.family import Family

_SCOPES = {0: "global", 200: "site", 253: "link", 254: "host"}
_SAID = ("nodad", "optimistic", "tentative", "deprecated", "noprefixroute", "autojoin", "stable-privacy", "dadfailed")


@pytest.fixture
def nl(nl):
    nl.links.add("eth0", Veth(peer=Link(name="far")))
    return nl


def as_ip(address: Address) -> dict:
    """One of rawnl's addresses, as `ip -j -d` prints it."""
    flags = int(address.flags or 0)
    found = {
        "family": Family(address.family).name.lower(),
        "local": address.ip,
        "prefixlen": address.prefixlen,
        "scope": _SCOPES.get(address.scope, str(int(address.scope))),
        "valid_life_time": address.cacheinfo.valid,
        "preferred_life_time": address.cacheinfo.preferred,
    }
    if address.local and address.address != address.local:
        found["address"] = address.address
    for name, value in (
        ("broadcast", address.broadcast),
        ("label", address.label),
        ("metric", address.rt_priority),
    ):
        if value is not None:
            found[name] = value
    if flags & AddressFlags.SECONDARY:
        found["secondary" if address.family == Family.INET else "temporary"] = True
    if not flags & AddressFlags.PERMANENT:
        found["dynamic"] = True
    for word in _SAID:
        if flags & AddressFlags["MCAUTOJOIN" if word == "autojoin" else word.upper().replace("-", "_")]:
            found[word] = True
    return found


def assert_same(nl: rawnl.Connection) -> list[dict]:
    """The whole list is that of `ip`, link by link; returns it for `eth0`."""
    ours = nl.addresses.list()
    theirs = {link["ifname"]: link["addr_info"] for link in ip(nl.netns, "addr")}
    names = {link.index: link.name for link in nl.links.list()}
    assert theirs.keys() == set(names.values())
    for name, expected in theirs.items():
        mine = [as_ip(address) for address in ours if names[address.index] == name]
        assert len(mine) == len(expected)
        for one, other in zip(mine, expected, strict=True):
            for key in ("valid_life_time", "preferred_life_time"):
                assert abs(one.pop(key) - other.pop(key)) <= 1, key
            assert one == other
    return theirs["eth0"]


CASES = [
    ("192.0.2.1/24", {}),
    ("192.0.2.1", {}),
    ("192.0.2.1/0", {}),
    ("192.0.2.1/31", {"metric": 77}),
    ("192.0.2.1/24", {"broadcast": "192.0.2.255", "label": "eth0:word", "scope": "link"}),
    ("192.0.2.1/24", {"valid": 1000, "preferred": 500}),
    ("192.0.2.1/24", {"valid": 1000}),
    ("192.0.2.1/24", {"valid": 1000, "preferred": 0}),
    ("192.0.2.1/24", {"flags": "noprefixroute"}),
    ("192.0.2.1/24", {"flags": AddressFlags.NOPREFIXROUTE, "scope": 254}),
    ("239.1.2.3/32", {"flags": AddressFlags.MCAUTOJOIN | AddressFlags.NOPREFIXROUTE}),
    ("10.0.0.1/32", {"peer": "10.0.0.2"}),
    ("10.0.0.1/24", {"peer": "10.9.9.9"}),
    ("127.0.0.9/8", {}),
    ("192.0.2.1/24", {"scope": 77}),
    ("2001:db8::1/64", {}),
    ("2001:db8::1", {}),
    ("2001:db8::1/64", {"flags": "nodad|noprefixroute", "metric": 4000}),
    ("2001:db8::1/64", {"valid": 1000, "preferred": 0, "flags": "nodad"}),
    ("2001:db8::1/128", {"peer": "2001:db8::2", "flags": "nodad"}),
    ("fe80::77/64", {"flags": "nodad", "scope": "link"}),
    ("::ffff:192.0.2.1/128", {"flags": "nodad"}),
]


@pytest.mark.parametrize(("address", "options"), CASES)
def test_add_and_delete(nl, address, options):
    before = state(nl.netns, "addr")
    nl.addresses.add(address, "eth0", **options)
    (seen,) = assert_same(nl)
    assert ipaddress.ip_address(seen["local"]) == ipaddress.ip_interface(address).ip
    assert seen["prefixlen"] == ipaddress.ip_interface(address).network.prefixlen
    for key in ("broadcast", "label", "metric"):
        assert seen.get(key) == options.get(key) or (key, seen.get(key)) == ("label", "eth0")
    assert seen.get("address") == options.get("peer")
    if "valid" in options:
        (listed,) = nl.addresses.list("eth0")
        assert abs(listed.cacheinfo.valid - options["valid"]) <= 1
        assert abs(listed.cacheinfo.preferred - options.get("preferred", options["valid"])) <= 1
    with pytest.raises(FileExistsError):
        nl.addresses.add(address, "eth0", **options)
    nl.addresses.delete(address, "eth0", peer=options.get("peer"))
    assert state(nl.netns, "addr") == before


@pytest.mark.parametrize(("address", "options"), CASES)
def test_ip_makes_the_same_of_the_same_words(nl, address, options):
    """rawnl's address and the one of `ip address add` with the same words cannot be told apart."""
    words = []
    for key, value in options.items():
        if key == "flags":
            words += [flag.name.lower().removeprefix("mc") for flag in AddressFlags if _flags(value) & flag]
        else:
            words += [{"valid": "valid_lft", "preferred": "preferred_lft"}.get(key, key), str(value)]
    if "valid" in options and "preferred" not in options:
        words += ["preferred_lft", str(options["valid"])]
    nl.addresses.add(address, "eth0", **options)
    (ours,) = ip(nl.netns, "addr", "show", "dev", "eth0")[0]["addr_info"]
    nl.addresses.delete(address, "eth0", peer=options.get("peer"))
    local = [ipaddress.ip_interface(address).ip.exploded] if "peer" in options else [address]
    if "peer" in options:
        at = words.index("peer") + 1
        words[at] = f"{words[at]}/{ipaddress.ip_interface(address).network.prefixlen}"
    inside(nl.netns, "ip", "addr", "add", *local, *words, "dev", "eth0")
    (theirs,) = ip(nl.netns, "addr", "show", "dev", "eth0")[0]["addr_info"]
    for key in ("valid_life_time", "preferred_life_time"):
        assert abs(ours.pop(key) - theirs.pop(key)) <= 1
    assert ours == theirs
    assert_same(nl)


def _flags(value: str | int) -> int:
    return sum(AddressFlags[word.upper()] for word in value.split("|")) if isinstance(value, str) else int(value)


@pytest.mark.parametrize(
    "address",
    [
        ipaddress.ip_interface("192.0.2.7/24"),
        ipaddress.ip_interface("2001:db8::7/64"),
        ipaddress.ip_address("192.0.2.7"),
        ipaddress.ip_address("2001:db8::7"),
    ],
)
@pytest.mark.parametrize("link", ["name", "index", "Link"])
def test_objects_and_handles(nl, address, link):
    found = nl.links.get("eth0")
    handle = {"name": "eth0", "index": found.index, "Link": found}[link]
    nl.addresses.add(address, handle)
    (seen,) = assert_same(nl)
    assert seen["local"] == str(getattr(address, "ip", address))
    assert [str(entry) for entry in nl.addresses.list(handle)] == [f"{seen['local']}/{seen['prefixlen']}"]
    nl.addresses.delete(address, handle)
    assert assert_same(nl) == []


@pytest.mark.parametrize("address", ["192.0.2.1/24", "2001:db8::1/64"])
def test_replace_adds_and_changes(nl, address):
    nl.addresses.replace(address, "eth0", valid=1000, preferred=900)
    assert len(assert_same(nl)) == 1
    nl.addresses.replace(address, "eth0", valid=2000, preferred=100, metric=9)
    (seen,) = ip(nl.netns, "addr", "show", "dev", "eth0")[0]["addr_info"]
    assert abs(seen["valid_life_time"] - 2000) <= 1 and abs(seen["preferred_life_time"] - 100) <= 1
    assert seen["metric"] == 9
    nl.addresses.replace(address, "eth0")
    (seen,) = ip(nl.netns, "addr", "show", "dev", "eth0")[0]["addr_info"]
    assert seen["valid_life_time"] == 0xFFFFFFFF
    assert_same(nl)


def test_the_list_narrowed(nl):
    nl.links.set("lo", up=True)
    nl.links.set("eth0", up=True)
    nl.links.set("far", up=True)
    for address, link in (("192.0.2.1/24", "eth0"), ("192.0.2.2/24", "eth0"), ("2001:db8::1/64", "far")):
        nl.addresses.add(address, link)
    for arguments, options in (
        ((), {}),
        (("-4",), {"family": 2}),
        (("-4",), {"family": Family.INET}),
        (("-6",), {"family": 10}),
        (("show", "dev", "eth0"), {"link": "eth0"}),
        (("-6", "show", "dev", "far"), {"link": "far", "family": 10}),
        (("-4", "show", "dev", "far"), {"link": "far", "family": 2}),
    ):
        front = [word for word in arguments if word[0] == "-"]
        back = [word for word in arguments if word[0] != "-"]
        expected = [
            (link["ifindex"], address["local"])
            for link in ip(nl.netns, *front, "addr", *back)
            for address in link["addr_info"]
        ]
        found = [(address.index, address.ip) for address in nl.addresses.list(**options)]
        assert sorted(found) == sorted(expected), options
        assert sorted((a.index, a.ip) for a in nl.addresses.stream(**options)) == sorted(expected)
        assert sorted(nl.addresses.columns("index", **options)["index"]) == sorted(index for index, _ in expected)
    secondary = [address for address in nl.addresses.list("eth0") if int(address.flags) & AddressFlags.SECONDARY]
    assert [address.ip for address in secondary] == ["192.0.2.2"]
    with pytest.raises(rawnl.EncodeError, match="family"):
        nl.addresses.list(family=99)


def test_what_is_not_there(nl):
    nl.addresses.add("192.0.2.1/24", "eth0")
    before = state(nl.netns)
    for use, number in (
        (lambda: nl.addresses.delete("192.0.2.9/24", "eth0"), errno.EADDRNOTAVAIL),
        (lambda: nl.addresses.delete("192.0.2.1/25", "eth0"), errno.EADDRNOTAVAIL),
        (lambda: nl.addresses.delete("2001:db8::1/64", "eth0"), errno.EADDRNOTAVAIL),
        (lambda: nl.addresses.delete("192.0.2.1/24", "lo"), errno.EADDRNOTAVAIL),
        (lambda: nl.addresses.add("192.0.2.1/24", "nolink"), errno.ENODEV),
        (lambda: nl.addresses.add("192.0.2.1/24", 4567), errno.ENODEV),
        (lambda: nl.addresses.add("2001:db8::1/64", 4567), errno.ENODEV),
        (lambda: nl.addresses.list("nolink"), errno.ENODEV),
    ):
        with pytest.raises(FileNotFoundError) as caught:
            use()
        assert isinstance(caught.value, rawnl.NotFound) and caught.value.errno == number
    assert state(nl.netns) == before


def test_what_the_kernel_refuses(nl):
    before = state(nl.netns)
    for use in (
        lambda: nl.addresses.add("192.0.2.1/24", "eth0", valid=100, preferred=200),
        lambda: nl.addresses.add("192.0.2.1/24", "eth0", valid=0),
        lambda: nl.addresses.add("2001:db8::1/64", "eth0", valid=100, preferred=200),
        lambda: nl.addresses.add("ff02::1/64", "eth0"),
        lambda: nl.addresses.add("::/64", "eth0"),
    ):
        with pytest.raises(rawnl.KernelError) as caught:
            use()
        assert caught.value.errno in (errno.EINVAL, errno.EADDRNOTAVAIL)
        assert "add address" in str(caught.value) and "eth0" in str(caught.value)
    assert state(nl.netns) == before
