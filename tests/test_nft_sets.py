"""Sets and their elements: as nft prints them, refused where they cannot be, fast where there are many."""

from __future__ import annotations

import ipaddress
import itertools
import random
import socket
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from nft_witness import listed, load

import rawnl
from rawnl import nft
from rawnl.errors import BatchError, EncodeError, KernelError
from rawnl.nft import intervals
from rawnl.nft.datatype import DATATYPES, datatypes, type_length, type_number, types_of
from rawnl.nft.element import LIST, ElementList
from rawnl.nft.elements import Elements
from rawnl.nft.sets import SetFlags

TABLE = nft.Table("t", family="ip")


def added(nl: rawnl.Connection, *subjects: Any) -> str:
    """What nft lists after adding these to a table."""
    with nl.nft.transaction() as t:
        t.add(nft.Table("t", family="ip"))
        for subject in subjects:
            t.add(subject)
    return listed(nl)


def reread(found: Elements) -> Elements:
    """The same elements by way of the bytes that they are sent as."""
    messages = [
        ElementList.at(bytes([*(len(body) + 16).to_bytes(4, "little"), *bytes(12)]) + body) for body in bodies(found)
    ]
    return Elements.of_lists(found.set, messages)


def bodies(found: Elements) -> list[bytes]:
    return list(found.bodies())


CASES: list[tuple[dict[str, Any], Any, str, str]] = [
    ({"key": "ipv4_addr"}, ["10.0.0.1", ipaddress.ip_address("10.0.0.2")], "type ipv4_addr", "10.0.0.1, 10.0.0.2"),
    ({"key": "inet_service"}, [80, "443", "22"], "type inet_service", "22, 80, 443"),
    ({"key": "inet_proto"}, ["tcp", 17], "type inet_proto", "6, 17"),
    ({"key": "ether_addr"}, ["02:00:00:00:00:01"], "type ether_addr", "02:00:00:00:00:01"),
    ({"key": "mark"}, [5, 0xFF00], "type mark", "0x00000005, 0x0000ff00"),
    ({"key": "ifname"}, ["lo", "eth0"], "type ifname", '"lo", "eth0"'),
    ({"key": "ct_state"}, ["established", "new"], "type ct_state", "0x2, 0x8"),
    ({"key": "ipv4_addr . inet_service"}, [("10.0.0.1", 80), "10.0.0.2 . 81"], "inet_service", "10.0.0.2 . 81"),
    ({"key": ["ipv4_addr", "mark"]}, [("10.0.0.1", 7)], "type ipv4_addr . mark", "10.0.0.1 . 0x00000007"),
    ({"key": "ipv4_addr", "flags": "interval"}, ["10.0.0.0/8", ("11.0.0.1", "11.0.0.9")], "flags interval", "11.0.0.9"),
    ({"key": "inet_service", "flags": "interval"}, ["80-90", 443, nft.Interval(1000, 65535)], "flags", "1000-65535"),
    ({"key": "inet_service", "flags": "interval"}, [range(0, 10)], "flags interval", "0-9"),
    ({"key": "mark", "flags": "interval"}, ["5-7", 9], "flags interval", "0x00000005-0x00000007, 0x00000009"),
    ({"key": "ifname", "flags": "interval"}, ["eth*", "lo"], "flags interval", '"eth*"'),
    ({"key": "ipv4_addr . inet_service", "flags": "interval"}, [("10.0.0.0/8", "80-90")], "flags", "0/8 . 80-90"),
    ({"key": "mark . inet_service", "flags": "interval"}, [("5-7", 80)], "flags", "0x00000005-0x00000007 . 80"),
    ({"key": "ipv4_addr", "flags": "interval", "auto_merge": True}, ["10.0.0.0/25", "10.0.0.128/25"], "merge", "/24"),
    ({"key": "inet_service", "data": "ipv4_addr"}, {80: "10.0.0.1"}, "map s", "80 : 10.0.0.1"),
    ({"key": "inet_service", "data": "mark"}, {80: 7}, "inet_service : mark", "80 : 0x00000007"),
    ({"key": "ipv4_addr", "data": "verdict"}, {"10.0.0.1": "drop", nft.CATCHALL: "accept"}, "verdict", "* : accept"),
    ({"key": "inet_service", "data": "interval ipv4_addr"}, {80: "10.0.0.1-10.0.0.9"}, ": interval", "10.0.0.9"),
    ({"key": "inet_service", "data": "ipv4_addr . inet_service"}, {80: ("10.0.0.1", 90)}, "map s", "10.0.0.1 . 90"),
    ({"key": "ipv4_addr", "comment": "hi", "size": 9}, [nft.Entry("10.0.0.1", comment="one")], 'comment "hi"', '"one"'),
    ({"key": "ipv4_addr", "timeout": 60_000}, [nft.Entry("10.0.0.1", timeout=5)], "timeout 1m", "timeout 5s"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "values", "head", "element"), CASES, ids=[str(case[0]) for case in CASES])
def test_nft_lists_what_was_added(nl: rawnl.Connection, options: Any, values: Any, head: str, element: str) -> None:
    found = nft.Set("s", table=TABLE, **options)
    text = added(nl, found, nft.Elements(found, values))
    assert head in text
    plain = nl.netns.run(["nft", "-ns", "list", "ruleset"], capture_output=True, text=True).stdout
    assert all(word in " ".join(plain.split()) for word in element.split(", ")), plain
    # What is read can be added again, and reads the same.
    read = nl.nft.elements("s", TABLE)
    assert read.set.key_types and [kind.name for kind in read.set.key_types] == [
        kind.name for kind in datatypes(options["key"])
    ]
    before = sorted(map(str, read.keys()))
    again = nft.Elements(read.set, list(read))
    with nl.nft.transaction() as t:
        t.delete(again)
        t.add(again)
    assert sorted(map(str, nl.nft.elements(read.set).keys())) == before
    assert len(read) == len(before)


def test_all_types_have_nfts_numbers(nl: rawnl.Connection) -> None:
    """A set of each type, made by nft, has the number and the length that are declared."""
    only_typeof = {"ct_label", "ecn", "ct_event", "date", "hour", "day"}
    names = [name for name in DATATYPES if name not in only_typeof]
    load(nl, "table ip t {\n" + "\n".join(f" set x_{name} {{ type {name}; \n}}" for name in names) + "\n}")
    for found in nl.nft.sets():
        (kind,) = found.key_types or ()
        assert found.name == f"x_{kind.name}"
        assert found.userdata == nft.Set("x", table=TABLE, key=kind.name).userdata


@pytest.mark.parametrize(
    ("options", "values", "sentence"),
    [
        ({"key": "ipv4_addr"}, ["10.0.0.256"], r"elements of set ip t s\[0\]: '10.0.0.256' is no IPv4 address"),
        ({"key": "ipv4_addr"}, ["10.0.0.1", "::1"], r"\[1\]: '::1' is no IPv4 address"),
        ({"key": "ipv4_addr"}, ["10.0.0.0/8"], "more than one value"),
        ({"key": "inet_service"}, [70000], "does not fit"),
        ({"key": "inet_service"}, [True], "is no port"),
        ({"key": "ipv4_addr . inet_service"}, ["10.0.0.1"], "2 parts"),
        ({"key": "ipv4_addr", "flags": "interval"}, ["10.0.0.0/8", "10.1.0.0/16"], "0.0.0/8 and 10.1.0.0/16 overlap"),
        ({"key": "inet_service", "flags": "interval"}, ["80-90", 85], "80-90 and 85 overlap"),
        ({"key": "inet_service", "flags": "interval"}, ["90-80"], "ends before it begins"),
        ({"key": "ipv4_addr . inet_service", "flags": "interval"}, [("10.0.0.0/8", "1-9"), ("10.0.0.1", 5)], "overlap"),
        ({"key": "inet_service", "data": "mark"}, [80], "pair"),
        ({"key": "inet_service", "data": "verdict"}, {80: "jmp x"}, "no verdict"),
        ({"key": "inet_service", "data": "verdict"}, {80: "jump"}, "no verdict"),
        ({"key": "inet_service"}, [nft.Entry(80, data=5)], "make it a map"),
        ({"key": "ipv4_addr", "flags": "interval", "auto_merge": True, "data": "mark"},
         {"10.0.0.0/25": 1, "10.0.0.0/24": 2}, "cannot be merged"),
    ],
)  # fmt: skip
def test_refused_before_sending(options: Any, values: Any, sentence: str) -> None:
    with pytest.raises(EncodeError, match=sentence):
        list(nft.Elements(nft.Set("s", table=TABLE, **options), values).bodies())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"key": "ipv4_adr"}, "key: .*did you mean 'ipv4_addr'"),
        ({"key": "ipv4_addr", "data": "marc"}, "data: .*'mark'"),
        ({"key": "ipv4_addr", "flags": "intervals"}, "flags: .*'interval'"),
        ({"key": "ipv4_addr", "auto_merge": True}, "auto_merge"),
        ({"key": "ipv4_addr", "data": "mark", "object": "counter"}, "not to both"),
        ({"key": " . ".join(["mark"] * 6)}, "at most 5"),
    ],
)
def test_sets_that_cannot_be(options: Any, sentence: str) -> None:
    with pytest.raises(EncodeError, match=sentence):
        nft.Set("s", table=TABLE, **options)


def test_overlaps_are_those_that_the_kernel_refuses(nl: rawnl.Connection) -> None:
    """Pairs of boxes, one after the other: rawnl says beforehand what the kernel says afterwards."""
    chance = random.Random(7)
    found = nft.Set("s", table=TABLE, key="inet_service . inet_service", flags="interval")
    added(nl, found)

    def box() -> tuple[str, str]:
        lows = [chance.randrange(8) for _ in "12"]
        return tuple(f"{low}-{low + chance.randrange(4)}" for low in lows)  # type: ignore[return-value]

    outcomes = set()
    for _ in range(60):
        pair = [box(), box()]
        if pair[0] == pair[1]:
            continue
        try:
            list(nft.Elements(found, pair).bodies())
            refused = False
        except EncodeError:
            refused = True
        try:
            with nl.nft.transaction() as t:
                for one in pair:
                    t.add(nft.Elements(found, [one]))
            accepted = True
            with nl.nft.transaction() as t:
                for one in pair:
                    t.delete(nft.Elements(found, [one]))
        except KernelError:
            accepted = False
        except BatchError:
            accepted = False
        outcomes.add((refused, accepted))
        assert refused != accepted, pair
    assert len(outcomes) == 2


def test_many_elements_are_many_messages_of_one_batch(nl: rawnl.Connection) -> None:
    addresses = [str(ipaddress.ip_address(0x0A000000 + n)) for n in range(20_000)]
    found = nft.Set("s", table=TABLE, key="ipv4_addr")
    assert len(bodies(nft.Elements(found, addresses))) > 4
    with nl.nft.transaction() as t:
        t.add(nft.Table("t", family="ip"))
        t.add(found)
        t.add(nft.Elements(found, addresses))
    read = nl.nft.elements(found)
    assert len(read) == 20_000 and sorted(read.keys()) == sorted(addresses)
    generation = nl.nft.generation()
    # Elements alone in a transaction: the first one of them tells how it went.
    with nl.nft.transaction() as t:
        t.delete(nft.Elements(found, addresses[:12_000]))
    assert nl.nft.generation() == generation + 1 and len(nl.nft.elements(found)) == 8_000


def test_a_bad_element_is_named(nl: rawnl.Connection) -> None:
    found = nft.Set("s", table=TABLE, key="ipv4_addr")
    added(nl, found, nft.Elements(found, ["10.0.0.7"]))
    with pytest.raises(FileExistsError) as caught, nl.nft.transaction() as t:
        t.create(nft.Elements(found, ["10.0.0.1", "10.0.0.7", "10.0.0.9"]))
    assert isinstance(caught.value, KernelError)
    assert caught.value.request == "create elements of set ip t s" and "(10.0.0.7)" in caught.value.attribute
    assert nl.nft.elements(found).keys() == ["10.0.0.7"]
    with pytest.raises(FileNotFoundError), nl.nft.transaction() as t:
        t.delete(nft.Elements(found, ["10.0.0.8"]))


@pytest.mark.parametrize("bad", range(0, 1000, 10))
def test_one_bad_item_of_a_thousand(nl: rawnl.Connection, bad: int) -> None:
    """Sets, elements, objects and rules in turn; the one that is bad takes all the others along."""
    with pytest.raises((KernelError, BatchError)), nl.nft.transaction() as t:
        t.add(nft.Table("t", family="ip"))
        chain = t.add(nft.Chain("c", table="t", family="ip"))
        for index in range(1000):
            table = nft.Table("none" if index == bad else "t", family="ip")
            if index % 4 == 0:
                t.add(nft.Stateful(f"o{index}", table=table, data=nft.Counter(packets=0, bytes=0)))
            elif index % 4 == 1:
                t.add(nft.Rule(chain=chain, expressions=[nft.Counter()]))
            elif index % 4 == 2:
                t.add(nft.Set(f"s{index}", table=table, key="mark"))
            else:
                t.add(nft.Elements(nft.Set(f"s{index - 1}", table="t", family="ip", key="mark"), [index]))
            if index == bad and index % 4 in (1, 3):
                t.delete(nft.Table("none", family="ip"))
    assert listed(nl) == ""


def test_anonymous_sets_by_number(nl: rawnl.Connection) -> None:
    with nl.nft.transaction() as t:
        table = t.add(nft.Table("t", family="ip"))
        chain = t.add(nft.Chain("c", table=table))
        ports = t.add(nft.Set(table=table, key="inet_service", size=2))
        t.add(nft.Elements(ports, [22, 80]))
        load_port = nft.Payload(dreg="reg_1", base="transport_header", offset=2, len=2)
        proto = [nft.Meta(dreg="reg_1", key="l4proto"), nft.Cmp(sreg="reg_1", op="eq", data=b"\x06")]
        look = nft.Lookup(set=ports.name, set_id=ports.id, sreg="reg_1")
        t.add(nft.Rule(chain=chain, expressions=[*proto, load_port, look]))
    assert "tcp dport { 22, 80 }" in listed(nl)
    assert ports.name == "__set0" and ports.has(SetFlags.ANONYMOUS)


def test_a_dry_run_tells_and_does_nothing(nl: rawnl.Connection) -> None:
    generation = nl.nft.generation()
    t = nl.nft.transaction()
    table = t.add(nft.Table("t", family="ip"))
    found = t.add(nft.Set("s", table=table, key="ipv4_addr"))
    t.add(nft.Elements(found, ["10.0.0.1"]))
    t.dry_run()
    t.dry_run()
    assert listed(nl) == "" and nl.nft.generation() == generation
    t.add(nft.Chain("c", table="none", family="ip"))
    with pytest.raises(FileNotFoundError, match="add chain ip none c"):
        t.dry_run()
    t.create(nft.Table("t", family="ip"))
    with pytest.raises(BatchError):
        t.dry_run()
    assert listed(nl) == "" and nl.nft.generation() == generation
    good = nl.nft.transaction()
    good.add(nft.Table("t", family="ip"))
    good.dry_run()
    good.commit()
    assert "table ip t" in listed(nl)
    with pytest.raises(ValueError, match="over"):
        good.dry_run()
    nl.nft.transaction().dry_run()
    late = nl.nft.transaction(generation=generation)
    late.add(nft.Table("u", family="ip"))
    with pytest.raises(KernelError, match="nothing was changed"):
        late.dry_run()


def test_a_dry_run_does_not_see_what_only_a_commit_finds(nl: rawnl.Connection) -> None:
    """A loop of chains: the documented limit of it."""
    jump = nft.Immediate(dreg="verdict", data=nft.Verdict(code="jump", chain="c"))
    t = nl.nft.transaction()
    t.add(nft.Table("t", family="ip"))
    chain = t.add(nft.Chain("c", table="t", family="ip", type="filter", hook="input", priority=0))
    there = t.add(nft.Chain("d", table="t", family="ip"))
    t.add(nft.Rule(chain=chain, expressions=[nft.Immediate(dreg="verdict", data=nft.Verdict(code="jump", chain="d"))]))
    t.add(nft.Rule(chain=there, expressions=[nft.Immediate(dreg="verdict", data=nft.Verdict(code="jump", chain="d"))]))
    del jump
    try:
        t.dry_run()
    except KernelError:
        # A kernel that checks each jump as it is added.
        return
    with pytest.raises(KernelError):
        t.commit()
    assert listed(nl) == ""


# --- round trips ------------------------------------------------------------------------------------------------------

ADDRESSES = some.ip_addresses(v=4).map(str)
PORTS = some.integers(0, 65535)
MARKS = some.integers(0, 2**32 - 1)
NAMES = some.text("abcdefghij0123456789", min_size=1, max_size=15)
PLAIN: dict[str, Any] = {
    "ipv4_addr": ADDRESSES,
    "ipv6_addr": some.binary(min_size=16, max_size=16).map(lambda data: socket.inet_ntop(socket.AF_INET6, data)),
    "inet_service": PORTS,
    "mark": MARKS,
    "ifname": NAMES,
    "ether_addr": some.binary(min_size=6, max_size=6).map(lambda data: data.hex(":")),
}
KINDS = some.lists(some.sampled_from(sorted(PLAIN)), min_size=1, max_size=3)


@settings(max_examples=300, deadline=None)
@given(kinds=KINDS, data=some.data())
def test_keys_read_back(kinds: list[str], data: some.DataObject) -> None:
    one = PLAIN[kinds[0]] if len(kinds) == 1 else some.tuples(*(PLAIN[kind] for kind in kinds))
    values = data.draw(some.lists(one, max_size=6))
    found = nft.Set("s", table=TABLE, key=" . ".join(kinds))
    assert reread(nft.Elements(found, values)).keys() == values


@settings(max_examples=300, deadline=None)
@given(kinds=KINDS, to=KINDS, data=some.data())
def test_maps_read_back(kinds: list[str], to: list[str], data: some.DataObject) -> None:
    def values(names: list[str]) -> Any:
        return PLAIN[names[0]] if len(names) == 1 else some.tuples(*(PLAIN[name] for name in names))

    pairs = data.draw(some.dictionaries(values(kinds), values(to), max_size=6))
    found = nft.Map("s", table=TABLE, key=" . ".join(kinds), data=" . ".join(to))
    assert reread(nft.Elements(found, pairs)).as_dict() == pairs


@settings(max_examples=300, deadline=None)
@given(kind=some.sampled_from(["inet_service", "mark"]), bounds=some.sets(some.integers(0, 65535), max_size=20))
def test_intervals_read_back(kind: str, bounds: set[int]) -> None:
    edges = sorted(bounds)
    pairs = list(zip(edges[0::2], edges[1::2], strict=False))
    found = nft.Set("s", table=TABLE, key=kind, flags="interval")
    read = reread(nft.Elements(found, [nft.Interval(*pair) for pair in pairs])).keys()
    assert [(one, one) if isinstance(one, int) else tuple(one) for one in read] == pairs


@settings(max_examples=300, deadline=None)
@given(some.lists(some.tuples(some.integers(0, 60), some.integers(0, 9)), max_size=8))
def test_merging(spans: list[tuple[int, int]]) -> None:
    pieces: list[intervals.Piece] = [(low, low + more, b"", None) for low, more in spans]
    merged = intervals.arranged(list(pieces), merge=True)
    assert {n for low, high, *_ in merged for n in range(low, high + 1)} == {
        n for low, more in spans for n in range(low, low + more + 1)
    }
    assert all(a[1] + 1 < b[0] for a, b in itertools.pairwise(merged))


@given(KINDS)
def test_type_numbers(kinds: list[str]) -> None:
    found = datatypes(kinds)
    assert types_of(type_number(found), type_length(found)) == found


def test_entries_say_all(nl: rawnl.Connection) -> None:
    found = nft.Set("s", table=TABLE, key="ipv4_addr", flags="timeout", expressions=[nft.Counter(packets=0, bytes=0)])
    entry = nft.Entry("10.0.0.1", timeout=3600, comment="x", expressions=(nft.Counter(packets=3, bytes=4),))
    added(nl, found, nft.Elements(found, [entry, "10.0.0.2"]))
    read = {one.key: one for one in nl.nft.elements(found)}
    assert read["10.0.0.1"]._replace(expires=None) == entry
    assert read["10.0.0.2"].expressions == (nft.Counter(packets=0, bytes=0),)
    assert 3500 < (read["10.0.0.1"].expires or 0) <= 3600
    assert [LIST, len(nl.nft.elements(found))] == [3, 2]
