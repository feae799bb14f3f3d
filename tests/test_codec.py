"""The two forms of an object, every way to say the same, and bytes that no plain values could say.

Strategy: an object that a user built and the same one read back are one thing: equal, printed alike, replaced alike, in
whichever form the values were given. What deviates from what rawnl itself would write is put together here from bytes.
"""

from __future__ import annotations

import copy
import ipaddress
import os
import pickle
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rebuild import rebuilt

import rawnl.route.kinds
from rawnl.attribute import Enumeration, Unterminated, binary, flag, repeated, string, u8, u16, u32, u64
from rawnl.control import Done, Error, UnknownMessage
from rawnl.decode import decode
from rawnl.errors import DecodeError, EncodeError
from rawnl.message import Message
from rawnl.nest import Struct, nest, nests, structure
from rawnl.route.address import Address
from rawnl.route.kinds.bridge import Bridge, BridgePort
from rawnl.route.kinds.veth import Veth
from rawnl.route.link import AfSpec, Flags, Link, LinkInfo, LinkKind, PropList, Stats64
from rawnl.route.neighbour import Neighbour
from rawnl.route.route import NextHop, Route, RouteProtocol
from rawnl.tagged import Opaque
from rawnl.tlv import NESTED, attribute_bytes
from rawnl.wire import Attrs, field, padding


def read(message: Any) -> Any:
    return type(message)._parse(message._whole())


class Number:
    """An object that stands for a descriptor, as a namespace does."""

    def fileno(self) -> int:
        return 5


SAME = [
    (Link(operstate="up"), Link(operstate=6)),
    (Link(flags="up"), Link(flags=1)),
    (Link(flags=Flags.UP | Flags.MULTICAST), Link(flags="up|multicast")),
    (Link(flags="multicast|up"), Link(flags=0x1001)),
    (Link(address="02:00:00:00:00:0A"), Link(address=b"\x02\0\0\0\0\x0a")),
    (Link(address="2-0-0-0-0-a"), Link(address="02:00:00:00:00:0a")),
    (Link(netns=5), Link(netns=Number())),
    (Address(local="192.0.2.1"), Address(local=ipaddress.ip_address("192.0.2.1"))),
    (Address(local="2001:DB8:0::1"), Address(local="2001:db8::1")),
    (Address(local=ipaddress.ip_interface("2001:db8::1/64")), Address(local=b"\x20\x01\x0d\xb8" + bytes(11) + b"\x01")),
    (Route(protocol="static", type="unicast"), Route(protocol=RouteProtocol.STATIC, type=1)),
    (Route(multipath=(NextHop(gateway="192.0.2.1"),)), Route(multipath=[NextHop(gateway=b"\xc0\0\x02\x01")])),
    (Neighbour(state="reachable|noarp"), Neighbour(state=0x42)),
    (Link(mtu=True), Link(mtu=1)),
    (Link(mtu=None, name="a"), Link(name="a")),
    (Link(index=0, flags=0), Link()),
    (Link(prop_list=PropList(alt_ifname="a")), Link(prop_list=PropList(alt_ifname=["a"]))),
    (Link(linkinfo=LinkInfo(kind="bridge", data=Bridge(vlan_protocol="dot1q"))),
     Link(linkinfo=LinkInfo(kind="bridge", data=Bridge(vlan_protocol=0x8100)))),
    (Link(linkinfo=LinkInfo(kind="bridge", data=bytes.fromhex("0500070001000000"))),
     Link(linkinfo=LinkInfo.of(Bridge(vlan_filtering=1)))),
    (Link(linkinfo=LinkInfo(kind="bridge", data=Bridge(fdb_flush=False))),
     Link(linkinfo=LinkInfo(kind="bridge", data=Bridge()))),
    (Stats64(rx_packets=0), Stats64()),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME, ids=[repr(one)[:60] for one, _ in SAME])
def test_every_way_to_say_the_same(one: Any, other: Any) -> None:
    forms = [one, other, read(one), read(other)]
    for first in forms:
        for second in forms:
            assert first == second
            assert hash(first) == hash(second)
            assert repr(first) == repr(second)
            assert first.present() == second.present()
            assert first.as_dict() == second.as_dict()


def test_given_is_what_was_given() -> None:
    number = Number()
    link = Link(netns=number, operstate="up", name=None)
    assert link.given() == {"netns": number, "operstate": "up"}
    assert link.present() == {"netns": 5, "operstate": 6}
    assert read(link).given() == {"netns": 5, "operstate": 6}
    link.given().clear()
    assert link.netns is number


def test_what_is_not_the_same() -> None:
    assert Link(mtu=1) != Link(mtu=2)
    assert Link(mtu=1) != Link()
    assert Link(mtu=0) != Link()
    assert Link() != Link(nlmsg_type=17)
    assert Link() != LinkInfo()
    assert Link() != 5
    assert read(Link(mtu=1)) != read(Link(mtu=2))
    assert Opaque("a", b"") != Opaque("a", None)
    assert len({Link(mtu=1), Link(mtu=1), read(Link(mtu=1)), Link(mtu=2)}) == 2


def test_text_forms() -> None:
    veth = LinkInfo.of(Veth(peer=Link(mtu=9)))
    link = Link(flags="up|running", operstate="up", address=b"\2\0\0\0\0\1", linkinfo=veth)
    text = (
        "Link(flags='up|running', operstate='up', address='02:00:00:00:00:01', "
        "linkinfo=LinkInfo(kind='veth', data=Veth(peer=Link(mtu=9))))"
    )
    assert repr(link) == repr(read(link)) == text
    assert eval(text, {"Link": Link, "LinkInfo": LinkInfo, "Veth": Veth}) == link
    assert link.as_dict() == {
        "flags": "up|running",
        "operstate": "up",
        "address": "02:00:00:00:00:01",
        "linkinfo": {"kind": "veth", "data": {"kind": "veth", "peer": {"mtu": 9}}},
    }
    assert Link(flags=1 << 30, operstate=200).as_dict() == {"flags": 1 << 30, "operstate": 200}
    assert repr(Link(flags=1 << 30 | 1)) == "Link(flags=1073741825)"
    assert repr(Opaque("x", b"\1")) == "Opaque('x', b'\\x01')"
    assert Opaque("x", b"\1").as_dict() == {"kind": "x", "data": "01"}


# --- bytes that no plain values could say -----------------------------------------------------------------------------


class Point(Struct):
    """Twelve bytes, two of them unused."""

    x: int | None = field("I")
    y: int | None = field("H")
    _pad = padding(2)
    z: int | None = field("I")


class Inner(Attrs):
    """A nest with a bit of everything."""

    __slots__ = ()

    small: int | None = u8(1)
    many: list[str] | str | None = repeated(string(2))
    on: bool | None = flag(3)


class Outer(Message, types={"OUTER_NEW": 0x7001, "OUTER_DEL": 0x7002}, protocol="tests"):
    """A message with a header whose size is no multiple of four."""

    __slots__ = ()

    kind: int | None = field("B")
    _unused = padding(1)
    port: int | None = field("H", big=True)
    last: int | None = field("B")

    name: str | None = string(1)
    number: int | None = u32(2)
    inner: Inner | None = nest(3, Inner)
    point: Point | None = structure(4, Point)
    bare: str | None = string(5, terminated=False)
    list: list[Inner] | None = nests(6, Inner)
    sixteen: int | None = u16(7)
    wide: int | None = u64(8)
    some: bytes | None = binary(9)


NAMES = {cls.__name__: cls for cls in (Outer, Inner, Point, Unterminated)}


def wire(*attributes: bytes, head: bytes = bytes(8), flags: int = 0) -> bytes:
    """The bytes of an `Outer`."""
    body = head + b"".join(attributes)
    return struct.pack("=IHHII", len(body) + 16, 0x7001, flags, 0, 0) + body


def exact(data: bytes) -> Any:
    """What `data` reads as, after having been written back in every way."""
    (message,) = decode(data, "tests")
    assert type(message) is Outer
    assert message.encode() == data
    again = rebuilt(message)
    assert again.encode() == data
    assert again == message
    assert eval(repr(message), NAMES).encode(nlmsg_flags=message.nlmsg_flags) == data
    for twin in (copy.copy(message), pickle.loads(pickle.dumps(message)), message.replace(), copy.deepcopy(again)):
        assert twin.encode() == data
    return message


def outer(*attributes: bytes, head: bytes = bytes(8), flags: int = 0) -> Any:
    return exact(wire(*attributes, head=head, flags=flags))


EXACT = [
    # What rawnl itself would write needs no special words.
    (wire(attribute_bytes(1, b"a\0")), "Outer(name='a')"),
    # Flag bits that are not those of the declaration.
    (wire(attribute_bytes(1 | NESTED, b"a\0")), "Outer(attr_32769='a')"),
    (wire(attribute_bytes(3, attribute_bytes(1, b"\5"))), "Outer(attr_3=Inner(small=5))"),
    (wire(attribute_bytes(2 | 0x4000, b"\1\0\0\0")), "Outer(attr_16386=1)"),
    # Text without its end, and with more after it.
    (wire(attribute_bytes(1, b"a")), "Outer(name=Unterminated('a'))"),
    (wire(attribute_bytes(1, b"")), "Outer(name=Unterminated(''))"),
    (wire(attribute_bytes(1, b"a\0b\0")), "Outer(attr_1=b'a\\x00b\\x00')"),
    (wire(attribute_bytes(5, b"ab\0")), "Outer(attr_5=b'ab\\x00')"),
    (wire(attribute_bytes(1, b"\xff\0")), "Outer(name='\\udcff')"),
    # Integers of other widths than declared.
    (wire(attribute_bytes(2, b"\1\0")), "Outer(attr_2=b'\\x01\\x00')"),
    (wire(attribute_bytes(7, b"\1\0\0\0")), "Outer(attr_7=b'\\x01\\x00\\x00\\x00')"),
    (wire(attribute_bytes(8, b"")), "Outer(attr_8=b'')"),
    # What nobody declared, type zero too, and the same again.
    (wire(attribute_bytes(200, b"x")), "Outer(attr_200=b'x')"),
    (wire(attribute_bytes(0, b"x")), "Outer(attr_0=b'x')"),
    (wire(attribute_bytes(200, b"x"), attribute_bytes(200, b"y")), "Outer(attr_200=b'x', attr_200_1=b'y')"),
    # One attribute twice: the last counts, the others are kept.
    (wire(attribute_bytes(2, b"\1\0\0\0"), attribute_bytes(2, b"\2\0\0\0")),
     "Outer(attr_2=b'\\x01\\x00\\x00\\x00', number=2)"),
    (wire(*[attribute_bytes(7, bytes([n, 0])) for n in (1, 2, 3)]),
     "Outer(attr_7=b'\\x01\\x00', attr_7_1=b'\\x02\\x00', sixteen=3)"),
    (wire(attribute_bytes(7, b"\1\0"), attribute_bytes(7, b"\1\0")), "Outer(attr_7=b'\\x01\\x00', sixteen=1)"),
    # Lists of attributes, in one place and scattered.
    (wire(attribute_bytes(3 | NESTED, attribute_bytes(2, b"a\0") + attribute_bytes(2, b"b\0"))),
     "Outer(inner=Inner(many=['a', 'b']))"),
    (wire(attribute_bytes(3 | NESTED, b"\6\0\2\0a\0\0\0" + b"\5\0\1\0\1\0\0\0" + b"\6\0\2\0b\0\0\0")),
     "Outer(inner=Inner(attr_2=b'a\\x00', small=1, attr_2_1=b'b\\x00'))"),
    # Empty nests, and nests that make no sense.
    (wire(attribute_bytes(3 | NESTED, b"")), "Outer(inner=Inner())"),
    (wire(attribute_bytes(6 | NESTED, b"")), "Outer(list=[])"),
    (wire(attribute_bytes(3 | NESTED, b"\3\0\0\0")), "Outer(attr_32771=b'\\x03\\x00\\x00\\x00')"),
    (wire(attribute_bytes(6 | NESTED, attribute_bytes(1 | NESTED, b"") + attribute_bytes(7, b""))),
     "Outer(attr_32774=b'\\x04\\x00\\x01\\x80\\x04\\x00\\x07\\x00')"),
    (wire(attribute_bytes(3 | NESTED, attribute_bytes(3, b"x"))), "Outer(inner=Inner(attr_3=b'x'))"),
    # Padding that is not zeros, or not there.
    (wire(b"\5\0\1\0\0abc", attribute_bytes(7, b"\1\0")), "Outer(name='', attr_gap=b'abc', sixteen=1)"),
    (wire(b"\6\0\7\0\1\0xy"), "Outer(sixteen=1, attr_gap=b'xy')"),
    (wire(b"\6\0\7\0\1\0"), "Outer(sixteen=1, attr_gap=b'')"),
    (wire(b"\6\0\7\0\1\0\0\0\1\2\3"), "Outer(sixteen=1, attr_gap=b'\\x00\\x00\\x01\\x02\\x03')"),
    (wire(b"abc"), "Outer(attr_gap=b'abc')"),
    # The header's unused bytes, those up to a multiple of four too.
    (wire(head=b"\1\0\0\2\3\0\0\0"), "Outer(kind=1, port=2, last=3)"),
    (wire(head=b"\0\7\0\0\0\0\0\0"), "Outer(_unused=b'\\x07')"),
    (wire(head=b"\0\0\0\0\0\0\0\7"), "Outer(_rest=b'\\x00\\x00\\x07')"),
    # Structs shorter and longer than declared.
    (wire(attribute_bytes(4, bytes(12))), "Outer(point=Point())"),
    (wire(attribute_bytes(4, b"\1\0\0\0\2\0\0\0\3\0\0\0")), "Outer(point=Point(x=1, y=2, z=3))"),
    (wire(attribute_bytes(4, bytes(12) + b"\7")), "Outer(point=Point(tail=b'\\x07'))"),
    (wire(attribute_bytes(4, b"\1\0\0\0\2\0\0\0")), "Outer(point=Point(x=1, y=2, _size=8))"),
    (wire(attribute_bytes(4, b"\1\0\0\0\2")), "Outer(point=Point(x=1, _size=4, tail=b'\\x02'))"),
    (wire(attribute_bytes(4, b"")), "Outer(point=Point(_size=0))"),
    (wire(attribute_bytes(4, bytes(6) + b"\1" + bytes(5))), "Outer(point=Point(_pad=b'\\x01\\x00'))"),
    (wire(flags=0x305), "Outer()"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "text"), EXACT, ids=[text[:60] for _, text in EXACT])
def test_exact(data: bytes, text: str) -> None:
    assert repr(exact(data)) == text


def test_exact_spellings_read_as_the_value() -> None:
    message = outer(attribute_bytes(3, attribute_bytes(1, b"\5")), attribute_bytes(1, b"a"))
    for form in (message, rebuilt(message), eval(repr(message), NAMES)):
        assert form.inner.small == 5
        assert form.name == "a"
        assert form.raw(3) == attribute_bytes(1, b"\5")
        assert form.raw(3 | NESTED) == form.raw(3)
        assert form.raw(77) is None
    assert Outer(number=5).raw(2) == b"\5\0\0\0"
    short = outer(attribute_bytes(2, b"\1\0"))
    with pytest.raises(DecodeError, match="an integer of 4 bytes has 2"):
        _ = short.number
    assert short.raw(2) == b"\1\0"
    # The last in the buffer, with less behind it than an integer of its declared width would take.
    for payload in (b"", b"\1\0\0\0"):
        with pytest.raises(DecodeError):
            _ = outer(attribute_bytes(8, payload)).wide
    assert outer(attribute_bytes(4, b"\1\0\0\0\2\0\0\0")).point.z is None
    assert outer(attribute_bytes(4, bytes(12) + b"\7")).point.tail == b"\7"
    assert Point(x=1).tail == b""
    assert Point(x=1).raw(1) is None


def test_replace() -> None:
    first = outer(
        attribute_bytes(200, b"x"),
        attribute_bytes(7, b"\1\0"),
        attribute_bytes(1 | NESTED, b"a\0"),
        attribute_bytes(7, b"\2\0"),
        attribute_bytes(2, b"\1\0\0\0"),
        head=b"\1\7\0\2\3\0\0\0",
        flags=5,
    )
    assert repr(first.replace(number=9)) == repr(first).replace("number=1", "number=9")
    assert repr(first.replace(sixteen=9)) == (
        "Outer(kind=1, _unused=b'\\x07', port=2, last=3, attr_200=b'x', sixteen=9, attr_32769='a', number=1)"
    )
    assert repr(first.replace(name="b")) == repr(first).replace("attr_32769='a'", "name='b'")
    assert repr(first.replace(name=None)) == repr(first).replace(" attr_32769='a',", "")
    assert repr(first.replace(attr_200=b"y", kind=None)) == repr(first).replace("b'x'", "b'y'").replace("kind=1, ", "")
    assert repr(first.replace(wide=1)) == repr(first)[:-1] + ", wide=1)"
    changed = first.replace(nlmsg_type=0x7002, nlmsg_seq=9)
    assert (changed.nlmsg_type, changed.nlmsg_flags, changed.nlmsg_seq) == (0x7002, 5, 9)
    assert changed.type_name == "OUTER_DEL"
    assert "nlmsg_type=28674" in repr(changed)
    assert first.replace(number=9).replace(number=1) == first
    built = Outer(number=1, name="a")
    assert repr(built.replace(number=None, sixteen=2)) == "Outer(name='a', sixteen=2)"
    inner = Outer(inner=Inner(small=1, many=["a", "b"]))
    assert read(inner).inner.replace(small=2) == Inner(small=2, many=["a", "b"])
    assert read(inner).inner.replace(many="c") == Inner(small=1, many=["c"])
    assert read(Outer(point=Point(x=1))).point.replace(z=4) == Point(x=1, z=4)
    with pytest.raises(EncodeError, match="number: -1"):
        first.replace(number=-1)


def test_copies_keep_where_they_come_from() -> None:
    link = read(Link(name="a"))
    link._origin = ["a namespace"]
    for twin in (copy.copy(link), link.replace(mtu=5), copy.copy(Link())):
        assert getattr(twin, "_origin", None) is (link._origin if twin.name else None)
    assert copy.deepcopy(link) == link
    assert pickle.loads(pickle.dumps(link)) == link


def test_a_message_within_a_message() -> None:
    link = Link(linkinfo=LinkInfo.of(Veth(peer=Link(name="p", index=3))))
    peer = read(link).info.peer
    assert (peer.name, peer.index, peer.nlmsg_type) == ("p", 3, 16)
    assert Link(linkinfo=LinkInfo.of(Veth(peer=peer))) == link


def test_a_kind_that_nobody_declared() -> None:
    link = Link(linkinfo=LinkInfo(kind="unheard-of", data=Opaque("unheard-of", b"\1\2\3")))
    found = read(link)
    assert found.info == Opaque("unheard-of", b"\1\2\3")
    assert found == link
    assert Link(linkinfo=LinkInfo(kind="unheard-of", data=found.info)).encode() == link.encode()
    assert read(Link(linkinfo=LinkInfo(data=b"\1\2\3"))).info == Opaque("", b"\1\2\3")
    assert read(Link(linkinfo=LinkInfo(kind="__init__", data=b""))).info == Opaque("__init__", b"")
    assert LinkKind.registered(None) is None
    assert LinkKind.registered("../bridge") is None


def test_a_flood_of_tags_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    registry: dict[str, Any] = {f"tag-{number}": None for number in range(5000)}
    monkeypatch.setattr(LinkKind, "_registry", registry)
    assert LinkKind.registered("one-more") is None
    assert len(registry) == 5000

    class Late(LinkKind, name="late"):
        __slots__ = ()

    assert LinkKind.registered("late") is Late
    # A module that is loaded only now still brings its kind in.
    monkeypatch.setattr(rawnl.route.kinds, "ifb", None, raising=False)
    monkeypatch.delitem(sys.modules, "rawnl.route.kinds.ifb", raising=False)
    found: Any = LinkKind.registered("ifb")
    assert found is not None
    assert found.tag == "ifb"


def test_ports() -> None:
    by_kernel = Link(linkinfo=LinkInfo(slave_kind="bridge", slave_data=BridgePort(cost=7)))
    by_program = Link(linkinfo=LinkInfo(kind="bridge_slave", slave_data=BridgePort(cost=7)))
    assert read(by_kernel).port == read(by_program).port == BridgePort(cost=7)
    assert read(Link(family="bridge", protinfo=BridgePort(cost=7))).protinfo == BridgePort(cost=7)
    assert read(Link(protinfo=b"\1")).protinfo == Opaque("", b"\1")


def test_kind_without_a_nul_and_without_a_nest() -> None:
    for data, kind in (
        (attribute_bytes(18, attribute_bytes(1, b"veth")), "veth"),
        (attribute_bytes(18, attribute_bytes(1, b"veth\0")), "veth"),
        (attribute_bytes(18, attribute_bytes(2, b"") + attribute_bytes(1, b"veth\0")), "veth"),
        (attribute_bytes(18, attribute_bytes(1, b"a\0b\0")), "a"),
        (attribute_bytes(18, b""), None),
        (b"", None),
    ):
        (link,) = decode(struct.pack("=IHHII", 32 + len(data), 16, 0, 0, 0) + bytes(16) + data)
        assert isinstance(link, Link)
        assert link.kind == kind


# --- declarations -------------------------------------------------------------------------------------------------


def test_numbers_that_no_attribute_can_have() -> None:
    for number in (0, 0x4000):
        with pytest.raises(TypeError, match="attribute types go from 1 to 16383"):
            u32(number)


def test_enumerations_take_and_give_names() -> None:
    class Colour(Enumeration, prefix="COLOUR_", uapi="none"):
        RED = 1
        DARK_GREEN = 2

    class Thing(Attrs):
        colour: int | None = u8(1, enum=Colour)

    for value in ("red", "RED", " red", Colour.RED, 1):
        assert Thing(colour=value).body() == attribute_bytes(1, b"\1")
    assert Thing(colour="dark-green") == Thing(colour="dark_green") == Thing(colour=2)
    assert repr(Thing(colour=2)) == "Thing(colour='dark_green')"
    assert repr(Thing(colour=3)) == "Thing(colour=3)"
    assert Colour.kernel_names() == {"COLOUR_RED": 1, "COLOUR_DARK_GREEN": 2}


# --- decode ---------------------------------------------------------------------------------------------------------


def test_decode_takes_any_bytes() -> None:
    data = Link(name="a").encode() + Address(local="192.0.2.1").encode() + Link(name="b").encode() + Done().encode()
    for given in (data, bytearray(data), memoryview(data), memoryview(bytearray(data))):
        found = decode(given)
        assert found == [Link(name="a"), Address(local="192.0.2.1"), Link(name="b"), Done()]
        assert b"".join(message.encode() for message in found) == data
        if isinstance(given, bytearray):
            given[:] = bytes(len(given))
            assert found[0] == Link(name="a")
    assert decode(b"") == []
    with pytest.raises(ValueError, match="no family of messages"):
        decode(data, "nonsense")
    with pytest.raises(TypeError):
        decode("text")  # type: ignore[arg-type]


def test_decode_with_the_fast_scan() -> None:
    from rawnl import kernel

    messages: list[Message] = [Link(name=f"v{number}", mtu=number) for number in range(50)]
    messages += [Error(error=-1), *[Address(index=number) for number in range(50)], UnknownMessage(nlmsg_type=9999)]
    data = b"".join(message.encode() for message in messages)
    assert decode(data) == decode(data, scan=kernel.scan) == messages


def test_decode_lies() -> None:
    data = Link(name="a").encode()
    for broken in (data[:-1], data + b"\0", b"\x0f" + data[1:], data[:8], bytes(16), data + data[:20]):
        with pytest.raises(DecodeError):
            decode(broken)


def test_short_requests_are_kept() -> None:
    # What getifaddrs() sends: a message header and one byte of family, with three more that pad it.
    data = struct.pack("=IHHIIB3x", 20, 18, 0x301, 1, 0, 17)
    (found,) = decode(data)
    assert found == UnknownMessage(nlmsg_type=18, payload=b"\x11\0\0\0")
    assert found.encode() == data


def test_a_users_own_message_goes_before() -> None:
    """A class that is declared before rawnl's own modules are loaded is not pushed aside by them; without the core."""
    program = """
import sys
sys.modules["rawnl._core"] = None
from rawnl.attribute import u32
from rawnl.message import Message
from rawnl.wire import field

class Mine(Message, types={"RTM_NEWROUTE": 24}):
    word: int | None = field("I")
    answer: int | None = u32(42)

from rawnl.decode import decode
data = Mine(word=1, answer=5).encode()
print(decode(data), decode(data)[0].encode() == data, decode(bytes.fromhex("2000000010" + "00" * 27)))
print(decode(bytes.fromhex("14000000000a0000000000000000000002000000"), "netfilter"))
print("rawnl.kernel" in sys.modules, any(name.startswith("rawnl.route.kinds.") for name in sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(rawnl.__file__).parent.parent)},
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "[Mine(word=1, answer=5)] True [Link()]",
        "[Table(family='ip')]",
        "False False",
    ]


def test_users_own_kind() -> None:
    class Cable(LinkKind, name="cable", prefix="CABLE_"):
        __slots__ = ()

        length: int | None = u16(1)

    link = read(Link(linkinfo=LinkInfo.of(Cable(length=5))))
    assert isinstance(link.info, Cable)
    assert (link.kind, link.info.length) == ("cable", 5)


def test_empty_nest_of_families() -> None:
    assert read(Link(af_spec=AfSpec())).af_spec == AfSpec()
