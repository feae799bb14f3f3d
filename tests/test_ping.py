"""Echo requests from inside a namespace, over both kinds of socket.

Strategy: two namespaces and a cable; what rawnl says of an address is what ping(8) says of it from the same place.
Which kind of socket is used is decided by the namespace's net.ipv4.ping_group_range, and told from outside by /proc.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import resource
import socket
import subprocess
import threading
import time
from types import SimpleNamespace

import pytest
from lab import await_address, bring_up, descriptors, drop_capabilities, forked
from witness import require

import rawnl
from rawnl import Link, Veth, netns
from rawnl import ping as ping_module
from rawnl.ping import PingResult

KINDS = {"raw": socket.SOCK_RAW, "unprivileged": socket.SOCK_DGRAM}


@pytest.fixture(scope="module", params=KINDS)
def module_cable(request):
    """Two namespaces with a cable between them: 192.0.2.1 and .2, 2001:db8::1 and ::2."""
    with netns.create() as one, netns.create() as two, rawnl.open(one) as a, rawnl.open(two) as b:
        a.links.add("end", Veth(peer=Link(name="end", netns=two)))
        bring_up((a, "end"), (b, "end"))
        for nl, number in ((a, 1), (b, 2)):
            nl.links.set("lo", up=True)
            nl.addresses.add(f"192.0.2.{number}/24", "end")
            nl.addresses.add(f"2001:db8::{number}/64", "end", flags="nodad")
            nl.addresses.add(f"fe80::{number}/64", "end", flags="nodad")
            await_address(nl.netns, f"2001:db8::{number}", f"fe80::{number}", "::1")
        if request.param == "unprivileged":
            # A new namespace lets no group: a range that is upside down.
            a.sysctl.set("net.ipv4.ping_group_range", "0 0")
        yield SimpleNamespace(one=one, two=two, a=a, b=b, kind=request.param)


@pytest.fixture
def cable(module_cable, monkeypatch):
    """The cable; the test fails if a socket of the other kind was used."""
    used = []
    genuine = ping_module._open

    def opened(*arguments):
        made = genuine(*arguments)
        used.append(made.type)
        return made

    monkeypatch.setattr(ping_module, "_open", opened)
    yield module_cable
    assert set(used) <= {KINDS[module_cable.kind]}


def ping8(space: rawnl.NetNS, address: str) -> bool:
    """Whether ping(8) gets an answer."""
    fd = space.fileno()
    command = [require("nsenter"), f"--net=/proc/self/fd/{fd}", require("ping"), "-n", "-c1", "-W0.3", address]
    return subprocess.run(command, pass_fds=[fd], capture_output=True).returncode == 0


@pytest.mark.parametrize(
    "address", ["192.0.2.2", "192.0.2.1", "127.0.0.1", "2001:db8::2", "2001:db8::1", "::1", "fe80::2%end"]
)
def test_an_answer(cable, address):
    before = descriptors()
    result = cable.one.ping(address)
    assert isinstance(result, PingResult)
    assert (result.address, result.sent, result.received, result.loss) == (address, 1, 1, 0)
    assert ping8(cable.one, address)
    assert 0 < result.times[0] < 1
    assert result.minimum == result.average == result.maximum == result.times[0]
    assert descriptors() <= before


def test_link_local_by_name_and_by_index(cable):
    index = cable.a.links.get("end").index
    for scope in ("end", index):
        assert cable.one.ping(f"fe80::2%{scope}").received == 1
    assert cable.one.ping(ipaddress.ip_address("fe80::2%end")).received == 1
    with pytest.raises(FileNotFoundError):
        cable.one.ping("fe80::2%nolink")
    assert cable.one.ping("fe80::99%end", timeout=0.1).received == 0


def test_addresses_as_objects(cable):
    for text in ("192.0.2.2", "2001:db8::2"):
        assert cable.one.ping(ipaddress.ip_address(text)).received == 1


def test_count_interval_and_size(cable):
    def counter() -> int:
        return cable.b.links.get("end").stats64.rx_bytes

    started, bytes_before = time.monotonic(), counter()
    result = cable.one.ping("192.0.2.2", count=4, interval=0.05, size=1000)
    took = time.monotonic() - started
    assert (result.sent, result.received, len(result.times)) == (4, 4, 4)
    assert 0.15 <= took < 0.6
    # Ethernet, IPv4 and ICMP headers: 14 + 20 + 8 bytes.
    assert counter() - bytes_before >= 4 * (1000 + 42)
    assert cable.one.ping("192.0.2.2", size=0).received == 1
    assert cable.one.ping("192.0.2.2", size=8000).received == 1
    assert cable.one.ping("2001:db8::2", size=8001).received == 1


def test_nobody_answers(cable):
    started = time.monotonic()
    result = cable.one.ping("192.0.2.77", timeout=0.2, count=2, interval=0)
    assert 0.4 <= time.monotonic() - started < 1.5
    assert (result.sent, result.received, result.times, result.loss) == (2, 0, (), 1)
    assert result.minimum is result.average is result.maximum is None
    assert str(result) == "192.0.2.77: 2 sent, 0 received"
    assert not ping8(cable.one, "192.0.2.77")


def test_an_answer_that_comes_too_late_is_not_counted_for_the_next(cable):
    # Both requests wait for the neighbour to be found, which happens after the first was given up.
    cable.a.sysctl.set("net.ipv4.neigh.end.retrans_time_ms", 300)
    appears = threading.Timer(0.05, cable.b.addresses.add, ["192.0.2.66/24", "end"])
    appears.start()
    result = cable.one.ping("192.0.2.66", timeout=0.2, count=2, interval=0)
    appears.join()
    cable.b.addresses.delete("192.0.2.66/24", "end")
    assert (result.sent, result.received) == (2, 1)
    assert 0.05 < result.times[0] < 0.15


@pytest.mark.parametrize("address", ["198.51.100.1", "2001:db8:1::1"])
def test_no_route(cable, address):
    before = descriptors()
    with pytest.raises(rawnl.KernelError) as caught:
        cable.one.ping(address)
    assert caught.value.errno == errno.ENETUNREACH
    assert address in str(caught.value)
    assert not ping8(cable.one, address)
    assert descriptors() <= before


def test_two_at_once_do_not_take_each_other_s_answers(cable):
    results = {}

    def ask(number: int, address: str) -> None:
        results[number] = cable.one.ping(address, count=3, interval=0.02, timeout=0.3)

    work = [threading.Thread(target=ask, args=(n, ("192.0.2.2", "192.0.2.88")[n % 2])) for n in range(8)]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert [results[n].received for n in range(8)] == [3, 0] * 4


def test_more_descriptors_than_select_can_take(cable):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 1200:
        pytest.skip(f"this process may have {hard} descriptors only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1200), hard))
    many = []
    try:
        while not many or many[-1] < 1040:
            many.append(os.open("/dev/null", os.O_RDONLY))
        assert cable.one.ping("192.0.2.2").received == 1
    finally:
        for fd in many:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nonsense",
        "192.0.2",
        "192.0.2.256",
        "192.0.2.2/24",
        "192.0.2.2%end",
        "2001:db8::g",
        "fe80::2",
        "fe80::2%",
        "::1%0",
        "fe80::2%99999999999",
        "fe80::2%a/b",
        "fe80::2%0123456789abcdef",
        "192.0.2.2\0",
        "localhost",
    ],
)
def test_addresses_that_cannot_be(cable, address, monkeypatch):
    opened = []
    genuine = ping_module._open
    monkeypatch.setattr(ping_module, "_open", lambda *arguments: opened.append(1) or genuine(*arguments))
    before = descriptors()
    with pytest.raises(rawnl.EncodeError) as caught:
        cable.one.ping(address)
    assert isinstance(caught.value, ValueError)
    assert opened == [] and descriptors() == before


@pytest.mark.parametrize(
    "options",
    [
        {"count": 0},
        {"count": -1},
        {"size": -1},
        {"size": 65508},
        {"interval": -1},
        {"timeout": -0.1},
        {"timeout": float("nan")},
        {"interval": float("inf")},
    ],
)
def test_numbers_out_of_range(cable, options):
    with pytest.raises(rawnl.EncodeError, match=next(iter(options))):
        cable.one.ping("192.0.2.2", **options)


def test_without_any_privilege(cable):
    def powerless():
        """What comes of it in the caller's own namespace. The way back is barred then, so the thread ends."""
        outcome = []
        try:
            with cable.one.entered():
                drop_capabilities()
                with netns.current() as here:
                    try:
                        outcome.append(here.ping("192.0.2.2"))
                    except PermissionError as error:
                        outcome.append(error)
        except SystemExit:
            pass
        return outcome

    (outcome,) = forked(powerless)
    if cable.kind == "unprivileged":
        assert outcome.received == 1
    else:
        assert isinstance(outcome, rawnl.NotPermitted)
        assert "CAP_NET_RAW" in str(outcome) and "ping_group_range" in str(outcome)


def test_the_checksum():
    # RFC 1071, section 3, and an odd number of bytes.
    assert ping_module._checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF & ~0xDDF2
    assert ping_module._checksum(b"\xff") == 0x00FF
    packet = ping_module._request(socket.AF_INET, 0x1234, 7, b"odd")
    assert ping_module._checksum(packet) == 0
