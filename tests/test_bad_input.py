"""Bad input: refused with the type that was promised, before anything is sent, and with nothing changed.

Strategy: one table of calls that cannot be right, each with the exception that it must raise. Around each of them the
namespace is photographed with `ip`, and every message that goes to the kernel is counted; what is refused as
unencodable may ask for an index (which changes nothing), but must not send a change.
"""

from __future__ import annotations

import errno
import ipaddress
import os

import pytest
from lab import become_nobody, bring_up, descriptors, drop_capabilities, forked, one_user_only, state

import rawnl
from rawnl import Bridge, BridgePort, Link, NextHop, RouteMetrics, Veth, kernel, netns

GOOD = "192.0.2.9/24"
MAC = "02:00:00:00:00:09"


@pytest.fixture
def nl(nl, monkeypatch):
    """A connection with something in its namespace to be spoilt; `nl.sent` counts the messages from here on."""
    nl.links.add("eth0", Veth(peer=Link(name="far")))
    bring_up((nl, "eth0"), (nl, "far"))
    nl.links.add("br0", Bridge())
    nl.addresses.add("192.0.2.1/24", "eth0")
    nl.routes.add("198.51.100.0/24", via="192.0.2.2")
    nl.rules.add(src="10.0.0.0/8", table=9)
    nl.neighbours.add("192.0.2.7", "eth0", lladdr=MAC)
    nl.sent = []
    genuine = kernel.send

    def counted(fd, data):
        nl.sent.append(bytes(data))
        genuine(fd, data)

    monkeypatch.setattr(kernel, "send", counted)
    return nl


NAMES = ["", "x" * 16, "a/b", "a b", "a\tb", "a\nb", "a\0b", ".", "..", "a%d", "%s", "a:b", "é" * 8, "\ud800", " "]
OTHER_TYPES = [b"eth9", 7, 1.5, object(), ["eth9"]]
ADDRESSES = [
    "", "nonsense", "192.0.2", "192.0.2.256/24", "192.0.2.1/33", "192.0.2.1/-1", "192.0.2.1/", "192.0.2.1/x",
    "192.0.2.1/24/24", "192.0.2.1/" + "9" * 5000, "192.0.2.1/255.255.255.0", "2001:db8::/129", "2001:db8::g/64", "1",
    "192.0.2.1\0", " 192.0.2.1",
    "192.0.2.1 /24", "fe80::1%eth0/64", "192.0.2.1/²", None, 7, 3221225985, 1.5, b"123", object(), ("192.0.2.1", 24),
]  # fmt: skip
INTEGERS = [-1, 1 << 32, 1 << 70, 1.5, "7", "seven", b"7", object(), []]
MACS = ["", "02:00:00:00:00:0g", "02:00:00:00:00:00:", "zz:00:00:00:00:00", 7, 1.5, object(), "\ud800"]


def cases():
    for name in NAMES:
        yield f"add {name!r}", lambda nl, name=name: nl.links.add(name, Bridge())
        yield f"rename to {name!r}", lambda nl, name=name: nl.links.set("br0", name=name)
        yield f"peer {name!r}", lambda nl, name=name: nl.links.add("new", Veth(peer=Link(name=name)))
        yield f"rule for {name!r}", lambda nl, name=name: nl.rules.add(iifname=name, table=9)
    for name in ("", "a/b", "a b", "a\0b", ".", "..", "a%d", "a:b", "\ud800"):
        yield f"get {name!r}", lambda nl, name=name: nl.links.get(name)
        yield f"set {name!r}", lambda nl, name=name: nl.links.set(name, up=True)
        yield f"delete {name!r}", lambda nl, name=name: nl.links.delete(name)
        yield f"delete many {name!r}", lambda nl, name=name: nl.links.delete_many(["br0", name])
        yield f"address on {name!r}", lambda nl, name=name: nl.addresses.add(GOOD, name)
        yield f"route on {name!r}", lambda nl, name=name: nl.routes.add("203.0.113.0/24", dev=name)
        yield f"master {name!r}", lambda nl, name=name: nl.links.add("new", Bridge(), master=name)
    for address in ADDRESSES:
        yield f"address {address!r:.40}", lambda nl, it=address: nl.addresses.add(it, "eth0")
        yield f"replace {address!r:.40}", lambda nl, it=address: nl.addresses.replace(it, "eth0")
        yield f"delete address {address!r:.40}", lambda nl, it=address: nl.addresses.delete(it, "eth0")
        yield f"route to {address!r:.40}", lambda nl, it=address: nl.routes.add(it, dev="eth0")
        yield f"delete route {address!r:.40}", lambda nl, it=address: nl.routes.delete(it)
        yield f"get route {address!r:.40}", lambda nl, it=address: nl.routes.get(it)
        yield f"neighbour {address!r:.40}", lambda nl, it=address: nl.neighbours.add(it, "eth0", lladdr=MAC)
        if address is not None:
            yield f"route via {address!r:.40}", lambda nl, it=address: nl.routes.add("203.0.113.0/24", via=it)
            yield (
                f"route src {address!r:.40}",
                lambda nl, it=address: nl.routes.add("203.0.113.0/24", dev="eth0", src=it),
            )
            yield f"rule from {address!r:.40}", lambda nl, it=address: nl.rules.add(src=it, table=9)
            yield (
                f"peer address {address!r:.40}",
                lambda nl, it=address: nl.addresses.add("10.0.0.1/32", "eth0", peer=it),
            )
            yield f"broadcast {address!r:.40}", lambda nl, it=address: nl.addresses.add(GOOD, "eth0", broadcast=it)
    for via in ("192.0.2.2/24", "2001:db8::1/64"):
        yield f"via {via}", lambda nl, via=via: nl.routes.add("203.0.113.0/24", via=via)
        yield f"neighbour {via}", lambda nl, via=via: nl.neighbours.add(via, "eth0", lladdr=MAC)
        yield f"peer {via}", lambda nl, via=via: nl.addresses.add("10.0.0.1/32", "eth0", peer=via)
    for value in INTEGERS:
        for key in ("mtu", "group", "txqlen"):
            yield f"add {key}={value!r}", lambda nl, key=key, it=value: nl.links.add("new", Bridge(), **{key: it})
            yield f"set {key}={value!r}", lambda nl, key=key, it=value: nl.links.set("br0", **{key: it})
        yield f"queues {value!r}", lambda nl, it=value: nl.links.add("new", Bridge(), num_tx_queues=it)
        yield f"ageing_time {value!r}", lambda nl, it=value: nl.links.add("new", Bridge(ageing_time=it))
        yield f"port cost {value!r}", lambda nl, it=value: nl.links.set("eth0", port=BridgePort(cost=it))
        yield f"peer mtu {value!r}", lambda nl, it=value: nl.links.add("new", Veth(peer=Link(name="p", mtu=it)))
        yield f"metric {value!r}", lambda nl, it=value: nl.routes.add("203.0.113.0/24", dev="eth0", metric=it)
        yield f"route mtu {value!r}", lambda nl, it=value: nl.routes.add("203.0.113.0/24", dev="eth0", mtu=it)
        yield (
            f"route metrics {value!r}",
            lambda nl, it=value: nl.routes.add("203.0.113.0/24", dev="eth0", metrics=RouteMetrics(advmss=it)),
        )
        yield (
            f"hops {value!r}",
            lambda nl, it=value: nl.routes.add("203.0.113.0/24", multipath=[NextHop(gateway="192.0.2.2", hops=it)]),
        )
        yield f"address metric {value!r}", lambda nl, it=value: nl.addresses.add(GOOD, "eth0", metric=it)
        yield f"valid {value!r}", lambda nl, it=value: nl.addresses.add(GOOD, "eth0", valid=it)
        yield f"preferred {value!r}", lambda nl, it=value: nl.addresses.add(GOOD, "eth0", preferred=it)
        yield f"priority {value!r}", lambda nl, it=value: nl.rules.add(priority=it, table=9)
        yield f"fwmark {value!r}", lambda nl, it=value: nl.rules.add(fwmark=it, table=9)
        yield f"rule table {value!r}", lambda nl, it=value: nl.rules.add(src="10.0.0.0/8", table=it)
        yield f"route table {value!r}", lambda nl, it=value: nl.routes.add("203.0.113.0/24", dev="eth0", table=it)
        yield f"tos {value!r}", lambda nl, it=value: nl.routes.add("203.0.113.0/24", dev="eth0", tos=it)
        yield f"pid {value!r}", lambda nl, it=value: nl.links.set("br0", pid=it)
    for value in (256, 1 << 16):
        yield f"tos {value}", lambda nl, it=value: nl.routes.add("203.0.113.0/24", dev="eth0", tos=it)
        yield f"protocol {value}", lambda nl, it=value: nl.routes.add("203.0.113.0/24", dev="eth0", protocol=it)
        yield f"scope {value}", lambda nl, it=value: nl.addresses.add(GOOD, "eth0", scope=it)
        yield f"stp {1 << 32}", lambda nl: nl.links.add("new", Bridge(vlan_filtering=256))
    for address in MACS:
        yield f"mac {address!r}", lambda nl, it=address: nl.links.add("new", Bridge(), address=it)
        yield f"set mac {address!r}", lambda nl, it=address: nl.links.set("br0", address=it)
        yield f"lladdr {address!r}", lambda nl, it=address: nl.neighbours.add("192.0.2.8", "eth0", lladdr=it)
    for index in (0, -1, 1 << 31, 1 << 70):
        yield f"index {index}", lambda nl, it=index: nl.links.get(it)
        yield f"delete index {index}", lambda nl, it=index: nl.links.delete(it)
        yield f"address on index {index}", lambda nl, it=index: nl.addresses.add(GOOD, it)
        if index:
            yield f"master {index}", lambda nl, it=index: nl.links.set("eth0", master=it)
    for word in ("nonsense", "", "up|nonsense", "UNICASTS"):
        yield f"type {word!r}", lambda nl, it=word: nl.routes.add("203.0.113.0/24", type=it or "x")
        yield f"scope {word!r}", lambda nl, it=word: nl.routes.add("203.0.113.0/24", dev="eth0", scope=it)
        yield f"table {word!r}", lambda nl, it=word: nl.routes.add("203.0.113.0/24", dev="eth0", table=it)
        yield f"address scope {word!r}", lambda nl, it=word: nl.addresses.add(GOOD, "eth0", scope=it)
        yield f"address flags {word!r}", lambda nl, it=word: nl.addresses.add(GOOD, "eth0", flags=it)
        yield f"state {word!r}", lambda nl, it=word: nl.neighbours.add("192.0.2.8", "eth0", lladdr=MAC, state=it)
        yield f"action {word!r}", lambda nl, it=word: nl.rules.add(src="10.0.0.0/8", action=it)
    for family in (99, -1, "nonsense", 1.5):
        yield f"family {family!r}", lambda nl, it=family: nl.routes.add("default", dev="eth0", family=it)
        yield f"rule family {family!r}", lambda nl, it=family: nl.rules.add(table=9, family=it)
        yield f"route list family {family!r}", lambda nl, it=family: nl.routes.list(family=it)
        yield f"rule list family {family!r}", lambda nl, it=family: nl.rules.list(family=it)
        yield f"address list family {family!r}", lambda nl, it=family: nl.addresses.list(family=it)
    yield "host bits", lambda nl: nl.routes.add("203.0.113.1/24", dev="eth0")
    yield "host bits v6", lambda nl: nl.routes.add("2001:db8::1/64", dev="eth0")
    yield "mixed src", lambda nl: nl.routes.add("203.0.113.0/24", dev="eth0", src="2001:db8::1")
    yield "mixed peer", lambda nl: nl.addresses.add("10.0.0.1/32", "eth0", peer="2001:db8::1")
    yield "mixed broadcast", lambda nl: nl.addresses.add("2001:db8::1/64", "eth0", broadcast="192.0.2.255")
    yield "family and destination", lambda nl: nl.routes.add("203.0.113.0/24", dev="eth0", family=10)
    yield "label too long", lambda nl: nl.addresses.add(GOOD, "eth0", label="eth0:" + "x" * 11)
    yield "alias too long", lambda nl: nl.links.set("eth0", ifalias="x" * 256)
    yield "alias with NUL", lambda nl: nl.links.set("eth0", ifalias="a\0b")
    yield "kind with NUL", lambda nl: nl.links.add("new", "a\0b")
    yield "hop of another type", lambda nl: nl.routes.add("203.0.113.0/24", multipath=["192.0.2.2"])
    yield "group 0", lambda nl: nl.links.delete(group=0)
    yield "group too large", lambda nl: nl.links.delete(group=1 << 32)
    yield "a Link of nothing", lambda nl: nl.links.get(Link())
    yield "peer in a bad name", lambda nl: nl.links.add("new", Veth(peer=Link(name="p", netns="a/b")))
    yield "move to a bad name", lambda nl: nl.links.set("br0", netns="a/b")
    yield "move to a bad number", lambda nl: nl.links.set("br0", netns=-1)
    yield "huge attribute", lambda nl: nl.links.add("new", "x" * 70000)


CASES = dict(cases())


def changes(sent: list[bytes]) -> list[bytes]:
    """Those of the messages that are no mere questions (types ending in …10 in base two are RTM_GET…)."""
    return [data for data in sent if int.from_bytes(data[4:6], "little") & 3 != 2]


def test_what_cannot_be_encoded_is_refused_before_anything_is_sent(nl):
    """All cases in one namespace, which is looked at once in a while, and at the end."""
    before, open_before = state(nl.netns), descriptors()
    wrong = []
    for number, (name, use) in enumerate(CASES.items()):
        nl.sent.clear()
        try:
            use(nl)
            wrong.append(f"{name}: accepted")
        except rawnl.EncodeError as error:
            if not isinstance(error, ValueError) or not str(error):
                wrong.append(f"{name}: {error!r}")
        except BaseException as error:
            wrong.append(f"{name}: {type(error).__name__}: {error}")
        if changes(nl.sent):
            wrong.append(f"{name}: sent {changes(nl.sent)}")
        if number % 50 == 49 and state(nl.netns) != before:
            wrong.append(f"{name}, or one shortly before it, changed something")
            before = state(nl.netns)
    assert not wrong, "\n".join(wrong)
    assert state(nl.netns) == before and descriptors() == open_before


@pytest.mark.parametrize(
    ("use", "nearest"),
    [
        (lambda nl: nl.links.add("new", Bridge(), mtuu=1500), "mtu"),
        (lambda nl: nl.links.set("br0", ifalais="x"), "ifalias"),
        (lambda nl: nl.links.list(knd="veth"), "kind"),
        (lambda nl: nl.addresses.add(GOOD, "eth0", brodcast="192.0.2.255"), "broadcast"),
        (lambda nl: nl.routes.add("203.0.113.0/24", metrik=5), "metric"),
        (lambda nl: nl.routes.delete("203.0.113.0/24", tabel=5), "table"),
        (lambda nl: nl.routes.list(protokol=5), "protocol"),
        (lambda nl: nl.rules.add(suppress_prefixlength=5), "suppress_prefixlen"),
        (lambda nl: nl.rules.delete(ip_prot=5), "ip_proto"),
        (lambda nl: Bridge(stp_stat=1), "stp_state"),
        (lambda nl: Veth(per=Link(name="x")), "peer"),
        (lambda nl: Link(nam="x"), "name"),
        (lambda nl: NextHop(gatway="192.0.2.2"), "gateway"),
        (lambda nl: RouteMetrics(mtuu=1), "mtu"),
        (lambda nl: BridgePort(isolatd=1), "isolated"),
    ],
)
def test_an_unknown_keyword_names_the_nearest(nl, use, nearest):
    before = state(nl.netns)
    with pytest.raises(TypeError, match=f"did you mean '{nearest}'"):
        use(nl)
    assert changes(nl.sent) == [] and state(nl.netns) == before


@pytest.mark.parametrize("handle", [*OTHER_TYPES[:1], *OTHER_TYPES[2:], None, True, Bridge()])
def test_a_link_by_another_type(nl, handle):
    before = state(nl.netns)
    for use in (
        nl.links.get,
        nl.links.peer,
        nl.links.stats,
        lambda link: nl.links.delete(link),
        lambda link: nl.links.delete_many([link]),
        lambda link: nl.links.set(link, up=True),
        lambda link: nl.addresses.add(GOOD, link),
        lambda link: nl.addresses.delete(GOOD, link),
        lambda link: nl.neighbours.add("192.0.2.8", link, lladdr=MAC),
    ):
        with pytest.raises(TypeError):
            use(handle)
    assert changes(nl.sent) == [] and state(nl.netns) == before


@pytest.mark.parametrize("kind", [None, 7, b"bridge", Link(name="x"), BridgePort, object])
def test_a_kind_of_another_type(nl, kind):
    before = state(nl.netns)
    with pytest.raises((TypeError, rawnl.EncodeError)):
        nl.links.add("new", kind)
    assert changes(nl.sent) == [] and state(nl.netns) == before


def test_a_namespace_of_another_type(nl):
    for space in (1.5, b"red", object(), ["red"]):
        for use in (
            lambda space=space: nl.links.set("br0", netns=space),
            lambda space=space: nl.links.add("new", Bridge(), netns=space),
            lambda space=space: nl.links.add("new", Veth(peer=Link(name="p", netns=space))),
        ):
            with pytest.raises((TypeError, rawnl.EncodeError)):
                use()
    with netns.create() as gone:
        pass
    with pytest.raises((rawnl.ConnectionClosed, rawnl.EncodeError), match="closed"):
        nl.links.set("br0", netns=gone)
    assert changes(nl.sent) == []


NOT_THERE = {
    "link": lambda nl: nl.links.get("nolink"),
    "link by index": lambda nl: nl.links.set(4567, up=True),
    "link of an address": lambda nl: nl.addresses.add(GOOD, "nolink"),
    "link of a route": lambda nl: nl.routes.add("203.0.113.0/24", dev="nolink"),
    "master": lambda nl: nl.links.set("eth0", master="nolink"),
    "address": lambda nl: nl.addresses.delete(GOOD, "eth0"),
    "route": lambda nl: nl.routes.delete("203.0.113.0/24"),
    "neighbour": lambda nl: nl.neighbours.delete("192.0.2.99", "eth0"),
    "rule": lambda nl: nl.rules.delete(priority=4711),
    "namespace": lambda nl: rawnl.open("not-there"),
    "namespace to delete": lambda nl: netns.delete("not-there"),
    "namespace of a peer": lambda nl: nl.links.add("new", Veth(peer=Link(name="p", netns="not-there"))),
    "namespace to move to": lambda nl: nl.links.set("br0", netns="not-there"),
    "process": lambda nl: netns.open(pid=0x7FFFFFFF),
    "setting": lambda nl: nl.sysctl.get("net.ipv4.no_such_thing"),
    "group": lambda nl: nl.links.delete(group=4711),
}


@pytest.mark.parametrize("use", NOT_THERE.values(), ids=NOT_THERE)
def test_what_is_not_there_is_a_file_not_found(nl, use):
    before, open_before = state(nl.netns), descriptors()
    with pytest.raises(FileNotFoundError) as caught:
        use(nl)
    error = caught.value
    assert isinstance(error, rawnl.KernelError) and isinstance(error, OSError) and isinstance(error, rawnl.RawnlError)
    assert error.errno in (errno.ENODEV, errno.ENOENT, errno.ESRCH, errno.EADDRNOTAVAIL, errno.ENXIO)
    assert errno.errorcode[error.errno] in str(error)
    assert state(nl.netns) == before and descriptors() == open_before


@pytest.mark.parametrize(
    "use",
    [
        lambda nl: nl.links.add("br0", Bridge()),
        lambda nl: nl.links.set("br0", name="eth0"),
        lambda nl: nl.addresses.add("192.0.2.1/24", "eth0"),
        lambda nl: nl.routes.add("198.51.100.0/24", via="192.0.2.2"),
        lambda nl: nl.neighbours.add("192.0.2.7", "eth0", lladdr=MAC),
    ],
)
def test_what_is_there_already_is_a_file_exists(nl, use):
    before = state(nl.netns)
    with pytest.raises(FileExistsError) as caught:
        use(nl)
    assert isinstance(caught.value, rawnl.AlreadyExists) and caught.value.errno == errno.EEXIST
    assert state(nl.netns) == before


# --- no privilege


CHANGES = {
    "create a namespace": lambda nl: netns.create("new"),
    "create one without a name": lambda nl: netns.create(),
    "add a link": lambda nl: nl.links.add("new", Bridge()),
    "add a cable": lambda nl: nl.links.add("new", Veth(peer=Link(name="p"))),
    "set a link": lambda nl: nl.links.set("br0", mtu=1400),
    "delete a link": lambda nl: nl.links.delete("br0"),
    "add an address": lambda nl: nl.addresses.add(GOOD, "eth0"),
    "add a route": lambda nl: nl.routes.add("203.0.113.0/24", via="192.0.2.2"),
    "add a rule": lambda nl: nl.rules.add(src="10.0.0.0/8", table=9),
    "add a neighbour": lambda nl: nl.neighbours.add("192.0.2.8", "eth0", lladdr=MAC),
    "open another": lambda nl: rawnl.open("other"),
    "enter another": lambda nl: nl.other.entered().__enter__(),
    "a program in another": lambda nl: nl.other.run(["true"]),
    "a socket in another": lambda nl: nl.other.socket(),
    "a ping in another": lambda nl: nl.other.ping("127.0.0.1"),
    "a setting in another": lambda nl: nl.sysctl.set("net.ipv4.ip_forward", 1),
}


@pytest.mark.parametrize("use", CHANGES.values(), ids=CHANGES)
def test_without_privilege_it_is_a_permission_error_with_a_hint(nl, use):
    with netns.create("other") as other:
        nl.other = other
        before = state(nl.netns), sorted(os.listdir(netns.RUN_DIR)), os.readlink("/proc/self/ns/net")

        def powerless():
            drop_capabilities()
            open_before = descriptors()
            with pytest.raises(PermissionError) as caught:
                # A socket keeps the privilege of who opened it, not of who uses it: both are asked.
                use(nl)
            assert descriptors() == open_before
            return caught.value

        def forget_forks(function):
            # The socket itself works in a child; what refuses it there is not what is tested here.
            nl.channel._forks += 1
            return function()

        error = forked(lambda: forget_forks(powerless))
        assert isinstance(error, rawnl.KernelError) and error.errno in (errno.EPERM, errno.EACCES)
        assert error.hint and error.hint in str(error)
        assert "unshare -Urn" in error.hint or "CAP_SYS_ADMIN" in error.hint or "CAP_NET_ADMIN" in error.hint
        assert (state(nl.netns), sorted(os.listdir(netns.RUN_DIR)), os.readlink("/proc/self/ns/net")) == before


def test_as_another_user():
    if one_user_only():
        pytest.skip("only one user id is mapped here")

    def nobody():
        become_nobody()
        told = []
        with rawnl.open() as nl:
            assert "lo" in [link.name for link in nl.links.list()]
            for use in (
                lambda: netns.create("new"),
                lambda: netns.create(),
                lambda: nl.links.add("new", Bridge()),
                lambda: nl.sysctl.set("net.ipv4.ip_forward", 1),
                lambda: nl.addresses.add("127.0.0.9/8", "lo"),
            ):
                with pytest.raises(PermissionError) as caught:
                    use()
                told.append(str(caught.value))
        return told

    for sentence in forked(nobody):
        assert "unshare -Urn" in sentence


def test_objects_of_ipaddress_that_are_no_hosts(nl):
    for use in (
        lambda: nl.neighbours.add(ipaddress.ip_network("192.0.2.0/24"), "eth0", lladdr=MAC),
        lambda: nl.routes.add("203.0.113.0/24", via=ipaddress.ip_network("192.0.2.0/24")),
    ):
        with pytest.raises(rawnl.EncodeError):
            use()
    assert changes(nl.sent) == []


@pytest.mark.parametrize("word", ["up", "arp", "promisc", "multicast"])
def test_what_only_looks_like_yes_or_no_is_refused(nl, word):
    with pytest.raises(rawnl.EncodeError, match=word):
        nl.links.set("lo", **{word: "no"})
    with pytest.raises(rawnl.EncodeError, match="up"):
        nl.links.add("dull0", "veth", up="no")
