"""Links: everything that `ip link` does to them, done by rawnl and seen by `ip`.

Strategy: after each verb the namespace is looked at with `ip -j -d`; round each failing one, before and after.
"""

from __future__ import annotations

import errno
import os
import subprocess
import threading

import pytest
from lab import descriptors, ip, ip_link, state

import rawnl
from rawnl import Bridge, Dummy, Link, Veth, netns


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
        nl.links.add(
            "dressed", Bridge(), mtu=1300, address="02:00:00:00:00:09", group=9, txqlen=5, up=True, index=4321
        ),
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


@pytest.mark.parametrize(
    "name", ["x" * 15, "é" * 7, "\udcff\udcfe", "-dash", "a.b", "...", "#", "'\"", "$(id)", "\x01"]
)
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
