"""A connection: where it lives, who may use it, and what becomes of it when something goes wrong in the middle.

Strategy: what the kernel does not do on demand (a lost answer, a deadline, a listing that changes) is played by
standing between the connection and the C core; what it does do (forged messages, signals, forks, threads) is done for
real. After each accident the connection must still give the right answer, at the cost of no descriptor.
"""

from __future__ import annotations

import errno
import os
import random
import signal
import socket
import struct
import threading
import time

import pytest
from lab import descriptors, drop_capabilities, forked, ip

import rawnl
from rawnl import Bridge, Link, Veth, channel, kernel, netns


@pytest.fixture
def nl(nl):
    nl.links.add("marker", Bridge())
    return nl


def names(nl: rawnl.Connection) -> list[str]:
    return [link.name for link in nl.links.list()]


def assert_well(nl: rawnl.Connection) -> None:
    """It answers, and what it was asked."""
    assert nl.links.get("marker").name == "marker"
    assert names(nl) == [link["ifname"] for link in ip(nl.netns, "link")]
    nl.links.set("marker", group=random.randrange(1, 1 << 31))


# --- where it lives


@pytest.mark.parametrize("way", ["NetNS", "name", "descriptor", "the thread's own"])
def test_it_lives_in_its_namespace_for_good(way):
    with netns.create("red") as red, netns.create() as other:
        handle = {"NetNS": red, "name": "red", "descriptor": red.fileno(), "the thread's own": None}[way]
        with red.entered():
            nl = rawnl.open(handle)
        with nl:
            nl.links.add("marker", Bridge())
            assert [link["ifname"] for link in ip(red, "link")] == ["lo", "marker"]
            with other.entered():
                assert_well(nl)
                nl.sysctl.set("net.ipv4.ip_forward", 1)
                # Also the socket that stands in for one that broke.
                nl.channel._broken = True
                assert_well(nl)
                assert nl.nft is not None and nl.netfilter().fileno() >= 0
            assert nl.netns == red
            assert nl.sysctl.get("net.ipv4.ip_forward") == "1"
        with rawnl.open(other) as elsewhere:
            assert names(elsewhere) == ["lo"]
            assert elsewhere.sysctl.get("net.ipv4.ip_forward") == "0"


def test_it_holds_a_namespace_that_everybody_else_let_go_of():
    red = netns.create("red")
    nl = rawnl.open("red")
    red.delete()
    with nl:
        nl.links.add("marker", Bridge())
        assert_well(nl)


def test_the_thread_s_own_needs_no_privilege():
    def powerless():
        drop_capabilities()
        with rawnl.open() as nl:
            seen = names(nl), nl.sysctl.get("net.ipv4.ip_default_ttl")
            nl.channel._broken = True
            return seen, names(nl)

    (links, ttl), again = forked(powerless)
    assert "lo" in links and links == again and ttl.isdigit()


def test_another_namespace_needs_one():
    with netns.create() as space:

        def powerless():
            drop_capabilities()
            before = descriptors()
            with pytest.raises(PermissionError) as caught:
                rawnl.open(space)
            assert descriptors() == before
            return caught.value

        error = forked(powerless)
    assert isinstance(error, rawnl.NotPermitted) and "CAP_SYS_ADMIN" in str(error)


def test_what_is_no_namespace():
    before = descriptors()
    file = os.open("/", os.O_RDONLY)
    for handle, expected in (
        ("not-there", FileNotFoundError),
        ("a/b", rawnl.EncodeError),
        ("", rawnl.EncodeError),
        (file, rawnl.KernelError),
        (987654, rawnl.KernelError),
        (-5, rawnl.EncodeError),
        (1.5, TypeError),
        (b"red", TypeError),
        (True, TypeError),
    ):
        with pytest.raises(expected):
            rawnl.open(handle)
    os.close(file)
    assert descriptors() == before


# --- closed


def test_closing_twice_and_using_after_closing(nl):
    verbs = nl.links, nl.addresses, nl.routes, nl.neighbours, nl.rules, nl.nsids
    made = nl.links.get("marker")
    nl.close()
    nl.close()
    uses = [verb.list for verb in verbs]
    uses += [
        lambda: nl.links.get("lo"),
        lambda: nl.links.get(made),
        lambda: nl.links.add("x", Bridge()),
        lambda: nl.links.delete(made),
        lambda: nl.links.delete_many([made, "lo"]),
        lambda: nl.links.stats("lo"),
        lambda: nl.addresses.add("192.0.2.1/24", "lo"),
        lambda: nl.routes.add("192.0.2.0/24", dev="lo"),
        lambda: nl.rules.add(table=9),
        lambda: nl.nsids.set(netns.current()),
        lambda: nl.sysctl.get("net.ipv4.ip_forward"),
        lambda: nl.netfilter(),
        lambda: nl.netns.ping("127.0.0.1"),
        lambda: nl.netns.run(["true"]),
        nl.channel.fileno,
    ]
    before = descriptors()
    for use in uses:
        with pytest.raises(rawnl.ConnectionClosed) as caught:
            use()
        assert isinstance(caught.value, ValueError)
    assert descriptors() == before


def test_with_closes_and_the_forgotten_is_closed():
    before = descriptors()
    with rawnl.open() as nl:
        nl.netfilter()
        assert len(descriptors()) > len(before)
    assert descriptors() == before
    nl = rawnl.open()
    nl.netfilter()
    del nl
    assert descriptors() == before


def test_the_caller_s_own_namespace_object_stays_open():
    with netns.create() as space:
        rawnl.open(space).close()
        rawnl.open(space.fileno()).close()
        assert not space.closed and space.inode


def test_five_hundred_leave_nothing():
    with netns.create("red") as red:
        rawnl.open(red).close()
        before = descriptors(), threading.active_count()
        for number in range(500):
            with rawnl.open(red if number % 2 else "red") as nl:
                if number % 50 == 0:
                    nl.links.list()
                    nl.netfilter()
        assert (descriptors(), threading.active_count()) == before


# --- threads and forks


def test_many_threads_on_one_connection_get_their_own_answers(nl):
    wrong = []
    for number in range(16):
        nl.links.add(f"link{number}", Bridge(), mtu=1000 + number)

    def ask(number: int) -> None:
        try:
            for turn in range(100):
                found = nl.links.get(f"link{number}")
                if (found.name, found.mtu) != (f"link{number}", 1000 + number):
                    wrong.append(found)
                if turn % 10 == 0:
                    # Those of the other threads come and go.
                    found = {link.name for link in nl.links.list(kind="bridge")}
                    if not found >= {"marker", *(f"link{n}" for n in range(16))}:
                        wrong.append(found)
                    with pytest.raises(FileNotFoundError, match=f"none{number}-{turn}"):
                        nl.links.set(f"none{number}-{turn}", up=True)
                if turn % 50 == 0 and number < 6:
                    nl.links.delete_many([nl.links.add(f"t{number}-{k}", Bridge()) for k in range(2)])
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(names(nl)) == 18


def test_the_netfilter_socket_is_opened_once_by_many_threads(nl):
    before = descriptors()
    barrier = threading.Barrier(8)
    found = []

    def ask() -> None:
        barrier.wait()
        found.append(nl.netfilter())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1
    assert len(descriptors() - before) == 1


def test_a_forked_child_is_told_and_the_parent_goes_on(nl):
    def child():
        told = []
        for use in (nl.links.list, lambda: nl.links.add("child", Bridge()), nl.channel.fileno):
            with pytest.raises(rawnl.ConnectionClosed, match="fork") as caught:
                use()
            told.append(caught.value)
        nl.close()
        with rawnl.open(space) as own:
            return names(own), len(told)

    space = nl.netns.duplicate()
    seen, told = forked(child)
    space.close()
    assert seen == ["lo", "marker"] and told == 3
    assert_well(nl)


def test_a_fork_while_another_thread_is_in_the_middle(nl):
    over = threading.Event()
    trouble = []

    def busy() -> None:
        try:
            while not over.is_set():
                nl.links.list()
        except BaseException as error:
            trouble.append(error)

    thread = threading.Thread(target=busy)
    thread.start()
    try:
        for _ in range(20):
            # Closing must not wait for a thread that the child does not have.
            child = os.fork()
            if child == 0:
                signal.alarm(5)
                nl.close()
                os._exit(0)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        over.set()
        thread.join()
    assert trouble == []
    assert_well(nl)


# --- accidents in the middle


class Core:
    """Stands between the connection and the C core: each call is first offered to `script`."""

    def __init__(self, monkeypatch, name: str, *script) -> None:
        self.script = list(script)
        self.calls = []
        genuine = getattr(kernel, name)

        def call(*arguments):
            self.calls.append(arguments)
            step = self.script.pop(0) if self.script else None
            if step is None:
                return genuine(*arguments)
            if isinstance(step, BaseException):
                raise step
            return step(genuine, *arguments) if callable(step) else step

        monkeypatch.setattr(kernel, name, call)


def no_answer(*arguments):
    return kernel.Status.TIMEOUT


def test_a_deadline_leaves_the_connection_usable(nl, monkeypatch):
    before = descriptors()
    for use in (nl.links.list, lambda: nl.links.get("marker"), lambda: nl.links.set("marker", mtu=1400)):
        Core(monkeypatch, "receive", no_answer)
        with pytest.raises(TimeoutError) as caught:
            use()
        assert isinstance(caught.value, rawnl.TimedOut) and caught.value.errno == errno.ETIMEDOUT
        monkeypatch.undo()
        # The late answer belongs to nobody: the next question gets its own.
        assert_well(nl)
        assert descriptors() == before
    assert nl.links.get("marker").mtu == 1400


def test_a_listing_that_was_given_up_does_not_stand_in_the_way_of_the_next(nl, monkeypatch):
    for number in range(60):
        nl.links.add(f"more{number}", Bridge())
    for accident, expected in ((no_answer, TimeoutError), (KeyboardInterrupt(), KeyboardInterrupt)):
        Core(monkeypatch, "receive", accident)
        with pytest.raises(expected):
            nl.links.list()
        monkeypatch.undo()
        # The kernel still has most of the first listing to tell, and tells no second one over the same socket.
        assert len(names(nl)) == 62


def test_the_deadline_is_the_one_that_was_asked_for(nl, monkeypatch):
    def waits(genuine, fd, arena, stop, abort, deadline, burst):
        return genuine(fd, arena, 0xFFFFFFF0, 0, deadline, burst)

    with rawnl.open(nl.netns, timeout=0.15) as hasty:
        Core(monkeypatch, "receive", *[waits] * 100)
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            hasty.links.get("marker")
        assert 0.1 < time.monotonic() - started < 1
        monkeypatch.undo()
        assert_well(hasty)


def test_ctrl_c_leaves_the_connection_usable(nl, monkeypatch):
    before = descriptors()
    for name in ("send", "receive", "scan"):
        for use in (nl.links.list, lambda: nl.links.set("marker", up=True)):
            Core(monkeypatch, name, KeyboardInterrupt())
            with pytest.raises(KeyboardInterrupt):
                use()
            monkeypatch.undo()
            assert_well(nl)
    assert descriptors() == before


def test_ctrl_c_inside_an_exception_handler_locks_nothing(nl, monkeypatch):
    Core(monkeypatch, "scan", KeyboardInterrupt())
    try:
        nl.links.list()
    except KeyboardInterrupt:
        monkeypatch.undo()
        # The exception still holds on to the frames in which it came.
        assert_well(nl)
    else:
        pytest.fail("not interrupted")


class Alarm(Exception):
    """What the signal handler raises."""


def test_interrupted_at_any_moment(nl):
    def ring(number, frame):
        raise Alarm

    before = signal.signal(signal.SIGALRM, ring)
    chance = random.Random(1)
    interrupted = 0
    count = len(descriptors())
    try:
        deadline = time.monotonic() + 1.2
        while time.monotonic() < deadline:
            try:
                signal.setitimer(signal.ITIMER_REAL, chance.uniform(1e-5, 6e-4))
                for _ in range(3):
                    nl.links.get("marker")
                    nl.links.list()
                signal.setitimer(signal.ITIMER_REAL, 0)
            except Alarm:
                interrupted += 1
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            assert nl.links.get("marker").name == "marker"
            assert names(nl) == ["lo", "marker"]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert interrupted > 50
    # An exception that comes between the opening of a socket and its first mention may cost that one.
    assert len(descriptors()) - count <= interrupted // 50
    assert_well(nl)


def test_a_lost_answer_is_neither_done_nor_failed(nl, monkeypatch):
    lost = OSError(errno.ENOBUFS, os.strerror(errno.ENOBUFS))
    for use, fact in (
        (lambda: nl.links.add("made", Bridge()), lambda: "made" in names(nl)),
        (lambda: nl.addresses.add("192.0.2.1/24", "marker"), lambda: len(nl.addresses.list("marker")) == 1),
        (lambda: nl.links.delete("made"), lambda: "made" not in names(nl)),
    ):
        Core(monkeypatch, "receive", lost)
        with pytest.raises(rawnl.OutcomeUnknown) as caught:
            use()
        assert caught.value.errno == errno.ENOBUFS and "read it back" in str(caught.value)
        assert not isinstance(caught.value, FileNotFoundError | FileExistsError | TimeoutError)
        monkeypatch.undo()
        # It was done; only the answer was lost, and the connection is well enough to find that out.
        assert fact()
        assert_well(nl)


def test_other_failures_of_the_socket_are_kernel_errors(nl, monkeypatch):
    for name, number in (("send", errno.ENOMEM), ("send", errno.EMSGSIZE), ("receive", errno.ENOMEM)):
        Core(monkeypatch, name, OSError(number, os.strerror(number)))
        with pytest.raises(rawnl.KernelError) as caught:
            nl.links.list()
        assert caught.value.errno == number
        monkeypatch.undo()
        assert_well(nl)


def test_no_room_for_another_socket(nl, monkeypatch):
    nl.channel._broken = True
    Core(monkeypatch, "netlink_socket", OSError(errno.EMFILE, os.strerror(errno.EMFILE)))
    with pytest.raises(rawnl.KernelError) as caught:
        nl.links.list()
    assert caught.value.errno == errno.EMFILE
    monkeypatch.undo()
    assert_well(nl)


def changed(genuine, *arguments):
    """A scan of messages that say that the listing changed meanwhile (NLM_F_DUMP_INTR)."""
    found = genuine(*arguments)
    return found._replace(flags=found.flags | 0x10)


def test_a_listing_that_changed_is_read_again(nl, monkeypatch):
    core = Core(monkeypatch, "scan", changed, changed, changed)
    sent = Core(monkeypatch, "send")
    assert names(nl) == ["lo", "marker"]
    assert len(sent.calls) == 4 and core.script == []
    assert nl.links.columns("name")["name"] == ["lo", "marker"]


def test_a_listing_that_never_holds_still(nl, monkeypatch):
    for listing in (nl.links.list, nl.addresses.list, nl.rules.list, lambda: nl.links.columns("name")):
        Core(monkeypatch, "scan", *[changed] * 100)
        sent = Core(monkeypatch, "send")
        with pytest.raises(rawnl.DumpInterrupted) as caught:
            listing()
        assert isinstance(caught.value, rawnl.KernelError)
        assert len(sent.calls) == channel.DUMP_ATTEMPTS
        monkeypatch.undo()
        assert_well(nl)


def test_listings_while_links_come_and_go(nl):
    over = threading.Event()

    def churn() -> None:
        with rawnl.open(nl.netns) as other:
            while not over.is_set():
                other.links.add("comes", Veth(peer=Link(name="goes")))
                other.links.delete("comes")

    for number in range(60):
        nl.links.add(f"still{number}", Bridge())
    expected = {f"still{number}" for number in range(60)} | {"lo", "marker"}
    thread = threading.Thread(target=churn)
    thread.start()
    try:
        deadline = time.monotonic() + 0.8
        while time.monotonic() < deadline:
            try:
                found = names(nl)
            except rawnl.DumpInterrupted:
                continue
            assert len(found) == len(set(found)) and set(found) - {"comes", "goes"} == expected
    finally:
        over.set()
        thread.join()


# --- forgeries


def forgery(sequence: int, name: bytes) -> bytes:
    """A link that nobody made, and an error that nobody sent, both under this sequence number."""
    body = struct.pack("=BxHiII", 0, 1, 4711, 1, 0) + struct.pack("=HH16s", 20, 3, name)
    link = struct.pack("=IHHII", 16 + len(body), 16, 0, sequence, 0) + body
    error = struct.pack("=IHHIIi16x", 36, 2, 0, sequence, 0, -errno.EPERM)
    return link + error


def test_what_another_socket_sends_is_ignored(nl):
    with nl.netns.entered():
        stranger = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        stranger.bind((0, 0))
    over = threading.Event()
    sent, refused = [], []

    def forge() -> None:
        while not over.is_set():
            for sequence in range(nl.channel._sequence, nl.channel._sequence + 8):
                try:
                    stranger.sendto(forgery(sequence, b"forged"), (nl.channel.port_id, 0))
                    sent.append(sequence)
                except OSError as error:
                    refused.append(error.errno)

    thread = threading.Thread(target=forge)
    thread.start()
    try:
        for _ in range(300):
            assert names(nl) == ["lo", "marker"]
            assert nl.links.get("marker").name == "marker"
    finally:
        over.set()
        thread.join()
        stranger.close()
    # A socket that is connected to the kernel takes nothing from anybody else.
    assert set(refused) == {errno.ECONNREFUSED} and sent == []


def test_answers_to_older_questions_are_passed_over(nl):
    # Questions that nobody waits for, put into the same socket.
    for _ in range(5):
        kernel.send(nl.channel.fileno(), struct.pack("=IHHIIBxHiII", 32, 18, 1, 7, 0, 0, 0, 1, 0, 0))
    assert names(nl) == ["lo", "marker"]
    assert_well(nl)


def test_sequence_numbers_wrap_round_and_are_never_zero(nl):
    nl.channel._sequence = 0xFFFFFFF0
    for _ in range(40):
        assert nl.links.get("marker").name == "marker"
    nl.channel._sequence = 0xFFFFFFF8
    nl.links.add_many([f"many{number}" for number in range(30)], Bridge)
    nl.channel._sequence = 0xFFFFFFFF
    nl.links.delete_many([f"many{number}" for number in range(30)])
    assert 0 < nl.channel.sequence() < 0x10000
    assert_well(nl)
