"""What is refused before anything is sent, in which words, and what the kernel's refusals become.

Strategy: a table of bad values, each with the path and the sentence that a user should read. An error must be the
builtin that people catch, survive pickling, and say the path of the value at fault through any depth of nesting.
"""

from __future__ import annotations

import copy
import errno
import pickle
import struct
from typing import Any

import pytest

from rawnl.attribute import NameTemplate, Unterminated
from rawnl.control import Done, Error, ExtendedAck, Noop
from rawnl.errors import (
    AlreadyExists,
    BatchError,
    ConnectionClosed,
    DecodeError,
    DumpInterrupted,
    EncodeError,
    KernelError,
    NotFound,
    NotPermitted,
    OutcomeUnknown,
    RawnlError,
    TimedOut,
)
from rawnl.nest import path_at
from rawnl.proto import control, failure, next_sequence
from rawnl.route.address import Address
from rawnl.route.kinds.bridge import Bridge
from rawnl.route.kinds.veth import Veth
from rawnl.route.link import AfInet6, AfSpec, Link, LinkInfo, PropList, Stats64
from rawnl.route.neighbour import Neighbour
from rawnl.route.nsid import NamespaceId
from rawnl.route.route import NextHop, Route, RouteMetrics
from rawnl.route.rule import PortRange, Rule


def veth(**peer: Any) -> Link:
    return Link(name="v0", linkinfo=LinkInfo.of(Veth(peer=Link(**peer))))


class Closed:
    """What a closed file is like."""

    def fileno(self) -> int:
        raise ValueError("I/O operation on closed file")


REFUSED = [
    (Link(name=""), "name: an interface name cannot be empty"),
    (Link(name="sixteen-byte-nam"), "name: 'sixteen-byte-nam' has 16 bytes; an interface name has at most 15"),
    (Link(name="äöüäöüäö"), "name: 'äöüäöüäö' has 16 bytes; an interface name has at most 15"),
    (Link(name="a/b"), "name: 'a/b' is no interface name"),
    (Link(name="a:b"), "name: 'a:b' is no interface name"),
    (Link(name="a b"), "name: 'a b' is no interface name"),
    (Link(name="a\tb"), "name: 'a\\tb' is no interface name"),
    (Link(name="a\n"), "name: 'a\\n' is no interface name"),
    (Link(name="."), "name: '.' is no interface name"),
    (Link(name=".."), "name: '..' is no interface name"),
    (Link(name="à"), "name: 'à' is no interface name"),
    (Link(name="a\0b"), "name: 'a\\x00b' has a NUL byte"),
    (Link(name="\ud800"), "name: '\\ud800' has a character that UTF-8 cannot express"),
    (Link(name="veth%d"), "name: 'veth%d' has a '%', which the kernel takes as a template; say rawnl.NameTemplate"),
    (Link(name=5), "name: 5 is not a str"),
    (Link(name=b"eth0"), "name: b'eth0' is not a str"),
    (Rule(iifname=""), "iifname: an interface name cannot be empty"),
    (Link(mtu=2**32), "mtu: 4294967296 is not an integer from 0 to 4294967295"),
    (Link(mtu=-1), "mtu: -1 is not an integer from 0 to 4294967295"),
    (Link(mtu="1500"), "mtu: '1500' is not an integer from 0 to 4294967295"),
    (Link(mtu=1500.0), "mtu: 1500.0 is not an integer"),
    (Link(link_netnsid=2**31), "link_netnsid: 2147483648 is not an integer from -2147483648 to 2147483647"),
    (Link(index=2**31), "index: 2147483648 is not an integer that fits 32 bits"),
    (Link(index="eth0"), "index: 'eth0' is not an integer that fits 32 bits"),
    (Link(flags="upp"), "flags: 'upp' is none of up, broadcast"),
    (
        Link(operstate="upp"),
        "operstate: 'upp' is none of unknown, notpresent, down, lowerlayerdown, testing, dormant, up; "
        "did you mean 'up'?",
    ),
    (Link(operstate="up|down"), "operstate: 'up|down' is none of"),
    (Link(address=""), "address: '' is no link-layer address such as"),
    (Link(address="02:00:00:00:00"[:-1] + "g"), "address: '02:00:00:00:0g' is no link-layer address"),
    (Link(address="0200:0000:0001"), "address: '0200:0000:0001' is no link-layer address"),
    (Link(address="020000000001"), "address: '020000000001' is no link-layer address"),
    (Link(address="0200.0000.0001"), "address: '0200.0000.0001' is no link-layer address"),
    (Link(address="02:  :00:00:00:01"), "address: '02:  :00:00:00:01' is no link-layer address"),
    (Link(address="+2:00:00:00:00:01"), "address: '+2:00:00:00:00:01' is no link-layer address"),
    (Link(address=2), "address: 2 is not a link-layer address"),
    (Link(netns="red"), "netns: 'red' is a name; open it first, as in rawnl.netns.open('red')"),
    (Link(netns=-1), "netns: -1 is no open descriptor of a network namespace"),
    (Link(netns=1.5), "netns: 1.5 is not a network namespace"),
    (Link(netns=Closed()), "is not a network namespace"),
    (Link(linkinfo="veth"), "linkinfo: 'veth' is not a LinkInfo"),
    (Link(linkinfo=LinkInfo(kind=3)), "linkinfo.kind: 3 is not a str"),
    (Link(linkinfo=LinkInfo(kind="veth", data=3)), "linkinfo.data: 3 is not a LinkKind"),
    (Link(ifalias="a\0b"), "ifalias: 'a\\x00b' has a NUL byte"),
    (Link(ifalias="x" * 256), "has 256 bytes; at most 255 are allowed"),
    (Link(qdisc="x" * 65536), "qdisc: "),
    (Link(vfinfo_list=bytes(65532)), "vfinfo_list: 65532 bytes are too many for one attribute"),
    (Link(vfinfo_list="text"), "vfinfo_list: 'text' is not bytes"),
    (Link(vfinfo_list=7), "vfinfo_list: 7 is not bytes"),
    (Link(stats64=Stats64(rx_packets=-1)), "stats64.rx_packets: -1 is not an integer that fits 64 bits"),
    (Link(prop_list=PropList(alt_ifname=["ok", "x" * 128])), "prop_list.alt_ifname[1]: "),
    (Link(prop_list=PropList(alt_ifname=["ok", 7])), "prop_list.alt_ifname[1]: 7 is not a str"),
    (Link(af_spec=AfSpec(inet6=AfInet6(conf=5))), "af_spec.inet6.conf: 5 is not a sequence of integers of 32 bits"),
    (veth(name="a/b"), "linkinfo.data.peer.name: 'a/b' is no interface name"),
    (veth(mtu=-5), "linkinfo.data.peer.mtu: -5 is not an integer from 0 to 4294967295"),
    (veth(index=2**40), "linkinfo.data.peer.index: 1099511627776 is not an integer that fits 32 bits"),
    (veth(netns="blue"), "linkinfo.data.peer.netns: 'blue' is a name"),
    (
        Link(linkinfo=LinkInfo.of(Bridge(bridge_id="nonsense"))),
        "linkinfo.data.bridge_id: 'nonsense' is not a bridge id",
    ),
    (Link(linkinfo=LinkInfo.of(Bridge(fdb_flush=1))), "linkinfo.data.fdb_flush: 1 is not True or False"),
    (Address(local="192.0.2.256"), "local: '192.0.2.256' is no IP address"),
    (Address(local="192.0.2.1/24"), "local: '192.0.2.1/24' is no IP address"),
    (Address(local="2001:db8::g"), "local: '2001:db8::g' is no IP address"),
    (Address(local=""), "local: '' is no IP address"),
    (Address(local=b"abc"), "local: b'abc' is not an IP address"),
    (Address(local=7), "local: 7 is not an IP address"),
    (Address(prefixlen=256), "prefixlen: 256 is not an integer that fits 8 bits"),
    (Address(prefixlen=-1), "prefixlen: -1 is not an integer that fits 8 bits"),
    (Address(family="inet7"), "family: 'inet7' is none of unspec, inet"),
    (Route(multipath=[NextHop(index=1), 5]), "multipath[1]: 5 is not a NextHop"),
    (Route(multipath=[NextHop(index=1), NextHop(gateway="x")]), "multipath[1].gateway: 'x' is no IP address"),
    (Route(multipath=5), "multipath: 5 is not a list of NextHop"),
    (Route(metrics=RouteMetrics(mtu=2**32)), "metrics.mtu: 4294967296 is not an integer from 0 to 4294967295"),
    (Route(via=5), "via: 5 is not an IP address"),
    (Neighbour(lladdr="zz"), "lladdr: 'zz' is no link-layer address"),
    (Rule(sport_range=PortRange(start=70000)), "sport_range.start: 70000 is not an integer that fits 16 bits"),
    (Rule(sport_range=(1, 2)), "sport_range: (1, 2) is not a PortRange"),
    (NamespaceId(fd="red"), "fd: 'red' is a name"),
    (Link(nlmsg_type=70000), "nlmsg_type: 70000 is not an integer that fits 16 bits"),
    (Link(nlmsg_seq="x"), "nlmsg_seq: 'x' is not an integer that fits 32 bits"),
    (Noop(payload="text"), "payload: 'text' is not bytes"),
    (Error(extended=5), "extended: 5 is not bytes"),
    (Error(extended=ExtendedAck(offs=-1)), "extended.offs: -1 is not an integer"),
]


@pytest.mark.parametrize(("message", "sentence"), REFUSED, ids=[sentence[:50] for _, sentence in REFUSED])
def test_refused_before_anything_is_sent(message: Any, sentence: str) -> None:
    with pytest.raises(EncodeError) as caught:
        message.encode()
    assert sentence in str(caught.value)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, RawnlError)
    path, _, reason = str(caught.value).partition(": ")
    assert (caught.value.attribute, caught.value.reason) == (path, reason)
    # One cannot be sent, but it can still be looked at: an error message may want to show it.
    assert type(message).__name__ in repr(message)
    assert message == copy.copy(message)
    message.as_dict()
    hash(message)


UNKNOWN = [
    (lambda: Link(mtuu=1), "Link has no 'mtuu'; did you mean 'mtu'?"),
    (lambda: Link(adress="02:00:00:00:00:01"), "did you mean 'address'?"),
    (lambda: Veth(per=Link()), "Veth has no 'per'; did you mean 'peer'?"),
    (lambda: Bridge(vlan_filterin=1), "did you mean 'vlan_filtering'?"),
    (lambda: Route(gatway="192.0.2.1"), "did you mean 'gateway'?"),
    (lambda: Stats64(rx_packet=1), "did you mean 'rx_packets'?"),
    (lambda: Link(name="v0").replace(mtuu=1), "did you mean 'mtu'?"),
    (lambda: Link.at(Link().encode()).replace(mtuu=1), "did you mean 'mtu'?"),
    (lambda: Link(zzzzzz=1), "Link has no 'zzzzzz' (an attribute that rawnl does not know can be given"),
    (lambda: Link(attr_65536=b""), "Link has no 'attr_65536'"),
    (lambda: Link(attr_01=b""), "Link has no 'attr_01'"),
    (lambda: Link(_zeros=1), "Link has no '_zeros'"),
]


@pytest.mark.parametrize(("action", "sentence"), UNKNOWN, ids=[sentence[:40] for _, sentence in UNKNOWN])
def test_unknown_keyword_names_the_nearest(action: Any, sentence: str) -> None:
    with pytest.raises(TypeError) as caught:
        action()
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        (lambda: Link(attr_200="text"), "attr_200: 'text' is not bytes"),
        (lambda: Link(attr_4="text"), "attr_4: 'text' is not an integer"),
        (lambda: Link(attr_gap=5), "attr_gap: 5 is not bytes"),
        (lambda: Link(attr_200=bytes(65532)), "attr_200: 65532 bytes are too many"),
        (lambda: Link(mtu=5, attr_gap=b"\x03\0\0\0"), "the given parts make no Link"),
        (lambda: Link(mtu=-5, attr_200=b""), "mtu: -5 is not an integer"),
        (lambda: Link(_pad=b"ab"), "_pad"),
        (lambda: Stats64(_size=9999), "_size: 9999 is not a size from 0 to 200"),
        (lambda: Stats64(tail="x"), "tail: 'x' is not bytes"),
        (lambda: Link.at(Link().encode()).replace(mtu=-1), "mtu: -1 is not an integer"),
    ],
)
def test_exact_spellings_are_refused_at_once(action: Any, sentence: str) -> None:
    with pytest.raises(EncodeError) as caught:
        action()
    assert sentence in str(caught.value)


def test_names_that_are_allowed() -> None:
    for name in ("a", "fifteen-bytes-x", "…", ".hidden", "a%d", "ünïcödé", "\udcff\udcfe", "a@b", "-x"):
        given = NameTemplate(name) if "%" in name else name
        link = Link(name=given, prop_list=PropList(alt_ifname=["a b/c:%d", "\udc80"]))
        read = Link.at(link.encode())
        assert read.name == name
        assert isinstance(read.name, NameTemplate) == ("%" in name)
        assert read.altnames == ["a b/c:%d", "\udc80"]
        assert eval(repr(read), {"Link": Link, "PropList": PropList, "NameTemplate": NameTemplate}) == read
    assert repr(Unterminated("x")) == "Unterminated('x')"


BUILTIN = {
    "EEXIST": (AlreadyExists, FileExistsError),
    "ENODEV": (NotFound, FileNotFoundError),
    "ENOENT": (NotFound, FileNotFoundError),
    "ENXIO": (NotFound, FileNotFoundError),
    "ESRCH": (NotFound, ProcessLookupError),
    "EADDRNOTAVAIL": (NotFound, FileNotFoundError),
    "EPERM": (NotPermitted, PermissionError),
    "EACCES": (NotPermitted, PermissionError),
    "ETIMEDOUT": (TimedOut, TimeoutError),
    "EBUSY": (KernelError, OSError),
}


@pytest.mark.parametrize("name", BUILTIN)
def test_kernel_errors_are_the_builtin_that_people_catch(name: str) -> None:
    number = getattr(errno, name)
    error = KernelError.of(number, message="So it is.", attribute="linkinfo.kind", request="links.add v0")
    assert type(error) is BUILTIN[name][0]
    assert isinstance(error, BUILTIN[name][1])
    assert isinstance(error, RawnlError)
    assert error.errno == number
    assert str(error).startswith(f"links.add v0: So it is ({name}), at linkinfo.kind")
    assert ("unshare -Urn" in str(error)) == (name in ("EPERM", "EACCES"))


@pytest.mark.parametrize(
    "error",
    [
        KernelError.of(errno.EEXIST, message="m", attribute="a.b", request="r"),
        KernelError.of(errno.EPERM),
        OutcomeUnknown(errno.ENOBUFS, request="r", hint="h"),
        DumpInterrupted(errno.EINTR, message="m"),
        EncodeError("no", attribute="a.b"),
        DecodeError("no", offset=5),
        DecodeError("no"),
        ConnectionClosed("closed"),
        BatchError([(3, KernelError.of(errno.EEXIST, request="r"))], 10),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_survive_pickling(error: Exception) -> None:
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is type(error)
        assert str(twin) == str(error)
        for name in ("errno", "strerror", "message", "attribute", "request", "hint", "reason", "offset", "total"):
            assert getattr(twin, name, None) == getattr(error, name, None)
    assert isinstance(error, RawnlError)


# --- from the kernel's bytes to an error ------------------------------------------------------------------------------


def refusal(number: int, extended: ExtendedAck | None = None, flags: int | None = None) -> bytes:
    return Error(error=-number, request_type=16, extended=extended).encode(nlmsg_seq=7, nlmsg_flags=flags)


def test_failure_names_the_attribute() -> None:
    request = veth(name="v1").encode()
    at = request.index(b"v1\0") - 4
    answer = control(refusal(errno.EEXIST, ExtendedAck(msg="Taken", offs=at)), 0)
    assert (answer.sequence, answer.errno) == (7, errno.EEXIST)
    error = failure(answer, "links.add v0", request, Link)
    assert isinstance(error, FileExistsError)
    assert (error.message, error.attribute) == ("Taken", "linkinfo.data.peer.name")
    error = failure(answer, "links.add v0", request, Link, item="links[3]")
    assert error.attribute == "links[3].linkinfo.data.peer.name"
    assert failure(answer, "links.add v0").attribute == ""


def test_failure_names_what_is_missing() -> None:
    request = Link(name="v0", linkinfo=LinkInfo(kind="veth", data=Veth())).encode()
    nest = request.index(b"\x05veth"[1:]) - 8
    for extended, path in (
        (ExtendedAck(miss_type=3), "name"),
        (ExtendedAck(miss_type=200), "attr_200"),
        (ExtendedAck(miss_type=1, miss_nest=nest), "linkinfo.kind"),
    ):
        answer = control(refusal(errno.EINVAL, extended), 0)
        assert failure(answer, "", request, Link).attribute == path


def test_path_at_finds_next_hops_and_gives_up_quietly() -> None:
    request = Route(multipath=[NextHop(index=1, gateway="192.0.2.1"), NextHop(index=2, gateway="192.0.2.2")]).encode()
    second = request.index(bytes((192, 0, 2, 2))) - 4
    assert path_at(Route, request, 16, len(request), second) == "multipath[1].gateway"
    assert path_at(Route, request, 16, len(request), second + 5) == "multipath[1].gateway"
    assert path_at(Route, request, 16, len(request), 9999) == ""
    assert path_at(Route, request[:-3], 16, len(request) - 3, second) == ""
    assert path_at(Link, b"", 0, 0, 0) == ""


def test_control_messages() -> None:
    assert control(Done().encode(nlmsg_seq=3), 0)[:3] == (3, 3, 0)
    assert control(Done(error=-errno.ENODEV, extended=ExtendedAck(msg="x")).encode(), 0).errno == errno.ENODEV
    assert control(Error().encode(), 0)[:3] == (2, 0, 0)
    assert control(Noop().encode(), 0)[:3] == (1, 0, 0)
    assert control(Error(error=5).encode(), 0).errno == 0
    # Without the request's payload, whatever length its header gives.
    capped = control(Error(error=-1, request_length=64, extended=ExtendedAck(msg="x")).encode(), 0)
    assert capped.extended == ExtendedAck(msg="x")
    # A DONE without a number, as very old kernels send it.
    assert control(struct.pack("=IHHII", 16, 3, 2, 9, 0), 0)[:3] == (3, 9, 0)
    whole = refusal(errno.EEXIST, ExtendedAck(msg="Taken"))
    for length in range(16, 36):
        with pytest.raises(DecodeError):
            control(struct.pack("=I", length) + whole[4:length], 0)
    with pytest.raises(DecodeError):
        control(struct.pack("=I", 42) + whole[4:42], 0)


def test_an_error_that_brings_its_request_back() -> None:
    request = Link(name="v0").encode()
    answer = Error(
        error=-17, request_length=len(request), payload=request[16:], extended=ExtendedAck(msg="Taken", offs=32)
    ).encode()
    found = control(answer, 0)
    assert found.extended is not None
    assert found.extended.msg == "Taken"
    assert repr(found.extended) == "ExtendedAck(msg='Taken', offs=32)"
    read = Error.at(answer)
    assert (read.errno, read.payload, str(read)) == (17, request[16:], "Taken (errno 17)")
    assert str(Error()) == "ok"
    assert str(Done(error=-19)) == "No such device (errno 19)"


def test_sequence_numbers_wrap_without_zero() -> None:
    assert next_sequence(5) == 6
    assert next_sequence(0xFFFFFFFE) == 0xFFFFFFFF
    assert next_sequence(0xFFFFFFFF) == 1
