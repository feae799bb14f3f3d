"""Named objects and flowtables: as nft prints them, both ways."""

from __future__ import annotations

from typing import Any

import pytest
from nft_witness import listed, load
from rebuild import rebuilt

import rawnl
from rawnl import nft
from rawnl.errors import EncodeError
from rawnl.tagged import Opaque

TABLE = nft.Table("t", family="ip")

OBJECTS: list[tuple[Any, str]] = [
    (nft.Counter(packets=5, bytes=6), "counter o { packets 0 bytes 0 }"),
    (nft.Quota(bytes=1000, flags="inv", consumed=7), "quota o { over 1000 bytes used"),
    (nft.Limit(rate=5, unit=60, burst=9, type="pkts"), "limit o { rate 5/minute burst 9 packets }"),
    (nft.Synproxy(mss=1460, wscale=7, flags=3), "synproxy o { mss 1460 wscale 7"),
    (nft.CtHelper(name="ftp", l3proto=2, l4proto=6), 'ct helper o { type "ftp" protocol tcp l3proto ip }'),
    (
        nft.CtTimeout(l3proto=2, l4proto=6, data=nft.TcpTimeouts(established=100, close=4)),
        "ct timeout o { protocol tcp l3proto ip policy = { established",
    ),
    (
        nft.CtExpectation(l3proto=2, l4proto=6, dport=9876, timeout=120_000, size=12),
        "ct expectation o { protocol tcp dport 9876 timeout 2m size 12 l3proto ip }",
    ),
]


@pytest.mark.parametrize(("data", "text"), OBJECTS, ids=[type(data).__name__ for data, _ in OBJECTS])
def test_nft_lists_what_was_added(nl: rawnl.Connection, data: Any, text: str) -> None:
    with nl.nft.transaction() as t:
        t.add(TABLE)
        made = t.add(nft.Stateful("o", table=TABLE, data=data))
    assert made.handle and made.use == 0
    printed = " ".join(listed(nl).split())
    assert text.split(" {")[0] in printed
    (read,) = nl.nft.objects()
    assert type(read.data) is type(data) and read.kind == type(data).tag
    assert rebuilt(read).encode() == read.encode()
    assert nl.nft.get(nft.Stateful("o", table=TABLE, type=read.type)).handle == made.handle
    for name, value in data.present().items():
        found = getattr(read.data, name)
        if isinstance(value, nft.Timeouts):
            assert [getattr(found, inner) for inner in value.present()] == list(value.present().values())
        else:
            assert found == value
    assert nl.nft.objects("counter") == ([read] if read.kind == "counter" else [])
    with nl.nft.transaction() as t:
        t.delete(read)
    assert nl.nft.objects(table=TABLE) == []


def test_comments_and_titles(nl: rawnl.Connection) -> None:
    load(nl, 'table ip t {\n counter c { comment "of a counter"\n }\n}')
    (found,) = nl.nft.objects()
    assert found.comment == "of a counter" and found.title == "counter ip t c"
    with pytest.raises(FileNotFoundError, match="find ct helper ip t h"):
        nl.nft.get(nft.Stateful("h", table=TABLE, type="ct_helper"))
    with pytest.raises(EncodeError, match="which type"):
        nft.Stateful("h", table=TABLE).address()


@pytest.mark.parametrize(
    "data",
    [
        nft.TunnelKey(id=7, ip=nft.TunnelIp(src="10.0.0.1", dst="10.0.0.2"), ttl=9, flags="dont_fragment"),
        nft.TunnelKey(id=7, ip6=nft.TunnelIp6(dst="2001:db8::2", flowlabel=5), sport=1, dport=4789, tos=3),
        nft.TunnelKey(
            id=1,
            ip=nft.TunnelIp(dst="10.0.0.2"),
            opts=nft.TunnelOptions(vxlan=nft.TunnelVxlan(gbp=5)),
        ),
        nft.TunnelKey(
            id=1,
            ip=nft.TunnelIp(dst="10.0.0.2"),
            opts=nft.TunnelOptions(erspan=nft.TunnelErspan(version=1, v1_index=3)),
        ),
        nft.TunnelKey(
            id=1,
            ip=nft.TunnelIp(dst="10.0.0.2"),
            opts=nft.TunnelOptions(geneve=[nft.TunnelGeneve(class_=1, type=2, data=b"abcd")]),
        ),
        nft.Connlimit(count=5),
    ],
)
def test_objects_that_nft_has_no_words_for(nl: rawnl.Connection, data: Any) -> None:
    # The kernel has tunnels for the netdev family only.
    table = nft.Table("t", family="netdev" if isinstance(data, nft.TunnelKey) else "ip")
    with nl.nft.transaction() as t:
        t.add(table)
        made = t.add(nft.Stateful("o", table=table, data=data))
    assert made.handle
    (read,) = nl.nft.objects()
    assert type(read.data) is type(data) and rebuilt(read).encode() == read.encode()
    # Geneve options are listed in another form than they are taken in.
    assert ("attr_" in repr(read)) == ("geneve" in repr(data))
    ruleset = nl.nft.ruleset()
    with rawnl.netns.create() as netns, rawnl.open(netns) as other:
        with other.nft.transaction() as t:
            for item in ruleset:
                t.add(item)
        (copied,) = other.nft.objects()
        assert copied.data == read.data and copied.data != nft.Counter()


def test_unknown_types_keep_their_bytes() -> None:
    made = nft.Stateful("o", table=TABLE, type=99, data=Opaque("99", b"\x08\x00\x01\x00abcd"))
    read = nft.Stateful.at(made.encode(), 0)
    assert isinstance(read.data, Opaque) and read.data.data == b"\x08\x00\x01\x00abcd"
    assert read.title == "99 ip t o" and rebuilt(read).encode() == made.encode()


def test_secmark() -> None:
    made = nft.Stateful("s", table=TABLE, data=nft.Secmark(ctx="system_u:object_r:x_t:s0"))
    assert nft.Stateful.at(made.encode(), 0).data == nft.Secmark(ctx="system_u:object_r:x_t:s0")


def test_flowtables(nl: rawnl.Connection) -> None:
    """A kernel without them says so; one with them lists what was added."""
    flowtable = nft.Flowtable(
        "f", table=nft.Table("t", family="inet"), devices=["lo"], priority="filter", flags="counter"
    )
    t = nl.nft.transaction()
    t.add(nft.Table("t", family="inet"))
    t.add(flowtable)
    try:
        t.commit()
    except FileNotFoundError as error:
        assert "add flowtable inet t f" in str(error)
        assert nl.nft.flowtables() == []
    else:
        assert "flowtable f" in listed(nl)
        (read,) = nl.nft.flowtables()
        assert rebuilt(read).encode() == read.encode()
    with pytest.raises(TypeError, match="devices"):
        nft.Flowtable("f", table=TABLE, priority=5)
