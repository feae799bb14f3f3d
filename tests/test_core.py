"""The C core's door: descriptors, namespaces, and what receiving does when things go wrong.

All of it happens in namespaces made for the purpose. The kernel is the real one; where it has to be provoked
(oversized replies, lost replies) it is done with requests that it answers so.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import signal
import socket
import struct
import threading
import time
from pathlib import Path

import pytest

from rawnl import kernel
from rawnl import scan as twin
from rawnl.kernel import Arena, Status

ROUTE = 0
SIOCGSKNS = 0x894C
SOL_NETLINK = 270
NETLINK_ADD_MEMBERSHIP = 1
NETLINK_EXT_ACK = 11
RTNLGRP_LINK = 1
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
NLMSG_NOOP, NLMSG_ERROR, NLMSG_DONE = 1, 2, 3
RTM_NEWLINK, RTM_GETLINK = 16, 18
UNHEARD_OF = 9998


def message(kind: int, flags: int, sequence: int, body: bytes = bytes(16)) -> bytes:
    """One netlink message; the default body is an empty ifinfomsg."""
    return struct.pack("=IHHII", 16 + len(body), kind, flags, sequence, 0) + body


def ask_links(sequence: int) -> bytes:
    return message(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, sequence)


def refused(sequence: int, body: bytes = b"") -> bytes:
    """A request whose only answer is NLMSG_ERROR, which carries it whole unless acks are capped."""
    return message(UNHEARD_OF, NLM_F_REQUEST, sequence, body)


def soon(seconds: float = 5.0) -> int:
    return time.monotonic_ns() + int(seconds * 1e9)


def plain_socket() -> socket.socket:
    """A netlink socket as anybody makes it: neither connected nor with capped acks."""
    fd = kernel.socket_in(kernel.OWN, socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK)
    made = socket.socket(fileno=fd)
    made.bind((0, 0))
    return made


@pytest.fixture
def nl():
    fd, _port = kernel.netlink_socket(ROUTE)
    yield fd
    os.close(fd)


@pytest.fixture
def namespace():
    fd = kernel.netns_create()
    yield fd
    os.close(fd)


def has_cloexec(fd: int) -> bool:
    return bool(fcntl.fcntl(fd, fcntl.F_GETFD) & fcntl.FD_CLOEXEC)


def namespace_of(fd: int) -> int:
    """The inode of the network namespace that a socket is in."""
    with socket.socket(fileno=os.dup(fd)) as borrowed:
        netns = fcntl.ioctl(borrowed, SIOCGSKNS)
    try:
        return os.fstat(netns).st_ino
    finally:
        os.close(netns)


def own_namespace() -> int:
    return os.stat("/proc/thread-self/ns/net").st_ino


# --- descriptors and namespaces ---------------------------------------------------------------------------


def test_every_descriptor_is_cloexec(namespace):
    made = [
        kernel.netlink_socket(ROUTE)[0],
        kernel.netlink_socket(ROUTE, namespace)[0],
        kernel.socket_in(kernel.OWN, socket.AF_INET, socket.SOCK_DGRAM),
        kernel.socket_in(namespace, socket.AF_INET, socket.SOCK_DGRAM),
        kernel.open_in(namespace, "/proc/sys/net/ipv4/ip_forward", os.O_RDONLY),
        kernel.netns_create(),
    ]
    try:
        assert all(map(has_cloexec, [*made, namespace]))
    finally:
        for fd in made:
            os.close(fd)


def test_a_socket_is_where_it_was_asked_for(namespace):
    wanted = os.fstat(namespace).st_ino
    assert wanted != own_namespace()
    netlink, _port = kernel.netlink_socket(ROUTE, namespace)
    inet = kernel.socket_in(namespace, socket.AF_INET, socket.SOCK_DGRAM)
    here, _port = kernel.netlink_socket(ROUTE)
    try:
        assert namespace_of(netlink) == namespace_of(inet) == wanted
        assert namespace_of(here) == own_namespace()
    finally:
        for fd in (netlink, inet, here):
            os.close(fd)


def test_port_ids_are_the_kernels_own_choice():
    first, first_port = kernel.netlink_socket(ROUTE)
    second, second_port = kernel.netlink_socket(ROUTE)
    try:
        assert first_port != second_port
        with socket.socket(fileno=os.dup(second)) as borrowed:
            assert borrowed.getsockname() == (second_port, 0)
    finally:
        os.close(first)
        os.close(second)


def test_files_below_proc_sys_net_are_the_namespaces_own(namespace):
    path = "/proc/sys/net/ipv4/conf/lo/forwarding"
    before = Path(path).read_text()
    try:
        fd = kernel.open_in(namespace, path, os.O_WRONLY)
    except OSError as error:
        if error.errno == errno.EROFS:
            pytest.skip("/proc/sys is read-only here")
        raise
    wanted = b"0\n" if before == "1\n" else b"1\n"
    os.write(fd, wanted)
    os.close(fd)
    fd = kernel.open_in(namespace, path, os.O_RDONLY)
    assert os.read(fd, 9) == wanted
    os.close(fd)
    assert Path(path).read_text() == before


def test_no_thread_stays_in_a_foreign_namespace(namespace):
    own = {own_namespace()}
    for _ in range(200):
        os.close(kernel.netlink_socket(ROUTE, namespace)[0])
        os.close(kernel.netns_create())
    with pytest.raises(OSError):
        kernel.socket_in(namespace, 12345, 0)
    # A thread that has been joined is still listed for the moment that the kernel takes to bury it.
    deadline = time.monotonic() + 2
    while True:
        found = set()
        for task in Path("/proc/self/task").iterdir():
            try:
                found.add((task / "ns/net").stat().st_ino)
            except OSError:
                continue
        if found == own or time.monotonic() > deadline:
            break
    assert found == own


def test_what_is_no_namespace_is_refused(tmp_path):
    with (tmp_path / "file").open("w") as file, pytest.raises(OSError) as caught:
        kernel.netlink_socket(ROUTE, file.fileno())
    assert caught.value.errno == errno.EINVAL
    with pytest.raises(OSError) as caught:
        kernel.setns(-1)
    assert caught.value.errno == errno.EBADF


def test_failures_leave_no_descriptor_behind(namespace):
    before = os.listdir("/proc/self/fd")
    for attempt in (
        lambda: kernel.netlink_socket(9999, namespace),
        lambda: kernel.socket_in(namespace, socket.AF_INET, 99),
        lambda: kernel.open_in(namespace, "/proc/sys/net/none", os.O_RDONLY),
        lambda: kernel.open_in(namespace, "/tmp/x", os.O_WRONLY | os.O_CREAT),
        lambda: kernel.open_in(namespace, "/tmp", os.O_WRONLY | os.O_TMPFILE),
    ):
        with pytest.raises(OSError):
            attempt()
    assert os.listdir("/proc/self/fd") == before


def in_thread(work) -> None:
    """Run in a thread that is thrown away, namespaces and all."""
    errors = []

    def run():
        try:
            work()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]


def test_setns_and_unshare_move_the_calling_thread(namespace):
    before = own_namespace()

    def work():
        kernel.setns(namespace)
        assert own_namespace() == os.fstat(namespace).st_ino
        kernel.unshare(kernel.CLONE_NEWNET)
        assert own_namespace() not in (before, os.fstat(namespace).st_ino)

    in_thread(work)
    assert own_namespace() == before


def test_mount_and_umount(tmp_path):
    def work():
        kernel.unshare(kernel.CLONE_NEWNS)
        kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
        kernel.mount("tmpfs", tmp_path, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=64k")
        (tmp_path / "inside").touch()
        kernel.umount(tmp_path, kernel.MNT_DETACH)
        assert not (tmp_path / "inside").exists()
        with pytest.raises(OSError) as caught:
            kernel.umount(tmp_path)
        assert (caught.value.errno, caught.value.filename) == (errno.EINVAL, str(tmp_path))
        with pytest.raises(OSError):
            kernel.mount(None, tmp_path / "none", "tmpfs")

    in_thread(work)


def test_a_nul_in_a_path_is_refused():
    with pytest.raises(ValueError, match="null byte"):
        kernel.mount("none", "/tmp\0/x")


def test_parent_death_signal():
    libc = ctypes.CDLL(None)
    found = ctypes.c_int()
    for number in (signal.SIGUSR1, 0):
        kernel.parent_death_signal(number)
        libc.prctl(2, ctypes.byref(found))  # PR_GET_PDEATHSIG
        assert found.value == number
    with pytest.raises(OSError):
        kernel.parent_death_signal(9999)


# --- requests and answers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("burst", [False, True])
def test_a_dump_comes_whole(nl, burst):
    arena = Arena()
    kernel.send(nl, ask_links(7))
    assert kernel.receive(nl, arena, 7, deadline=soon(), burst=burst) is Status.DONE
    data = arena.take()
    assert arena.used == 0
    found = twin.scan(data, 0, len(data), 7, 16, 4)
    names = [bytes(data)[place : place + 3] for place in found.table[3::4]]
    assert b"lo\0" in names
    assert len(found.controls) == 1


@pytest.mark.parametrize("burst", [False, True])
def test_one_ack(nl, burst):
    arena = Arena()
    body = struct.pack("=BBHiII", 0, 0, 0, 1, 0, 0)
    kernel.send(nl, message(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 8, body))
    assert kernel.receive(nl, arena, 8, deadline=soon(), burst=burst) is Status.DONE
    data = arena.take()
    assert isinstance(data, bytes)
    length, kind, _flags, sequence, _port, error = struct.unpack_from("=IHHIIi", data)
    assert (kind, sequence, error) == (NLMSG_ERROR, 8, 0)
    assert length == len(data) == 36


def test_a_burst_of_errors_ends_with_the_awaited_one(nl):
    arena = Arena()
    kernel.send(nl, b"".join(refused(sequence) for sequence in range(1, 101)))
    assert kernel.receive(nl, arena, 100, deadline=soon(), burst=True) is Status.DONE
    data = arena.take()
    found = twin.scan(data, 0, len(data), 0, 0, 1)
    sequences = [struct.unpack_from("=I", data, place + 8)[0] for place in found.controls]
    assert sequences == list(range(1, 101))


@pytest.mark.parametrize("burst", [False, True])
def test_the_abort_sequence_ends_it_too(nl, burst):
    arena = Arena()
    kernel.send(nl, refused(3))
    assert kernel.receive(nl, arena, 9, 3, soon(), burst) is Status.DONE
    arena.clear()
    kernel.send(nl, refused(4))
    assert kernel.receive(nl, arena, 9, 3, soon(0.02), burst) is Status.TIMEOUT
    assert arena.used > 0


@pytest.mark.parametrize("burst", [False, True])
def test_without_a_stop_sequence_it_takes_what_there_is(nl, burst):
    arena = Arena()
    kernel.send(nl, refused(1) + refused(2))
    assert kernel.receive(nl, arena, 0, burst=burst) is Status.DONE
    data = arena.take()
    assert len(twin.scan(data, 0, len(data), 0, 0, 1).controls) == 2
    assert kernel.receive(nl, arena, 0, deadline=soon(0.02), burst=burst) is Status.TIMEOUT


def test_datagrams_are_aligned_behind_one_another():
    arena = Arena()
    with plain_socket() as plain:
        # Uncapped, the reply repeats the request, and so has its odd length.
        for sequence, size in ((1, 1), (2, 3), (3, 6)):
            kernel.send(plain.fileno(), refused(sequence, b"\xff" * size))
            kernel.receive(plain.fileno(), arena, sequence, deadline=soon(), burst=sequence == 2)
    data = arena.take()
    found = twin.scan(data, 0, len(data), 0, 0, 1)
    assert len(found.controls) == 3
    assert all(place % 4 == 0 for place in found.controls)


# --- room -------------------------------------------------------------------------------------------------


def add_bridge(fd: int, arena: Arena, name: bytes) -> None:
    info = struct.pack("=HH8s", 10, 1, b"bridge")
    attributes = struct.pack("=HH12s", 16, 3, name) + struct.pack("=HH", 4 + len(info), 18 | 0x8000) + info
    create = NLM_F_REQUEST | NLM_F_ACK | 0x600
    kernel.send(fd, message(RTM_NEWLINK, create, 2, bytes(16) + attributes))
    kernel.receive(fd, arena, 2, deadline=soon())
    assert struct.unpack_from("=i", arena.take(), 16) == (0,)


def test_full_hands_back_what_came_and_goes_on(namespace):
    fd, _port = kernel.netlink_socket(ROUTE, namespace)
    whole, pieces = Arena(), Arena(1000)
    # Enough for several datagrams, which hold 32 KiB at most.
    for number in range(60):
        add_bridge(fd, whole, b"full%d" % number)
    kernel.send(fd, ask_links(3))
    assert kernel.receive(fd, whole, 3, deadline=soon()) is Status.DONE
    kernel.send(fd, ask_links(3))
    taken = b""
    statuses = [Status.FULL]
    while statuses[-1] is Status.FULL:
        statuses.append(kernel.receive(fd, pieces, 3, deadline=soon()))
        taken += bytes(pieces.take())
    os.close(fd)
    assert statuses[-1] is Status.DONE
    assert len(statuses) > 2
    assert pieces.capacity > 1000
    names = []
    for data in (bytes(whole.take()), taken):
        found = twin.scan(data, 0, len(data), 3, 16, 4)
        names.append([data[place : place + 8] for place in found.table[3::4]])
    assert names[0] == names[1]
    assert len(names[0]) >= 61


def test_a_burst_needs_one_slot_of_room(nl):
    arena = Arena(64)
    kernel.send(nl, refused(1))
    assert kernel.receive(nl, arena, 1, deadline=soon(), burst=True) is Status.DONE
    assert arena.capacity == 65536
    kernel.send(nl, refused(2))
    assert kernel.receive(nl, arena, 2, deadline=soon(), burst=True) is Status.FULL
    arena.take()
    assert kernel.receive(nl, arena, 2, deadline=soon(), burst=True) is Status.DONE


def test_a_truncated_reply_is_never_parsed():
    with plain_socket() as plain:
        arena = Arena()
        kernel.send(plain.fileno(), refused(1) + refused(2, bytes(70_000)) + refused(3))
        with pytest.raises(OSError) as caught:
            kernel.receive(plain.fileno(), arena, 3, deadline=soon(), burst=True)
        assert caught.value.errno == errno.EMSGSIZE
        # What is whole was kept: the first and the third.
        assert arena.used == 2 * 36
        arena.clear()
        # Received whole it is no trouble, however small the arena was.
        arena = Arena(100)
        kernel.send(plain.fileno(), refused(2, bytes(70_000)))
        assert kernel.receive(plain.fileno(), arena, 2, deadline=soon()) is Status.DONE
        assert arena.used > 70_000


def test_an_arena_hands_over_large_blocks_and_keeps_small_ones():
    with plain_socket() as plain:
        arena = Arena()
        kernel.send(plain.fileno(), refused(2, b"\xaa" * 70_000))
        kernel.receive(plain.fileno(), arena, 2, deadline=soon())
        large = arena.take()
        kernel.send(plain.fileno(), refused(3, b"\xbb" * 70_000))
        kernel.receive(plain.fileno(), arena, 3, deadline=soon())
        assert len(large) > 70_000
        # Behind 36 bytes of headers, which hold a port id: any byte at all.
        assert bytes(large)[36:] == b"\xaa" * 70_000
        assert memoryview(large)[100] == 0xAA
        assert struct.unpack_from("=H", large, 100) == (0xAAAA,)
        assert len(kernel.scan(large, 0, len(large), 2, 0, 1).controls) == 1


def test_growing_keeps_what_is_there(nl):
    arena = Arena(4096)
    kernel.send(nl, refused(1))
    kernel.receive(nl, arena, 1, deadline=soon())
    used = arena.used
    arena.reserve(100)
    assert arena.capacity == 4096
    arena.reserve(5000)
    assert (arena.capacity, arena.used) == (8192, used)
    data = arena.take()
    assert len(twin.scan(data, 0, len(data), 1, 0, 1).controls) == 1
    assert arena.take() == b""
    with pytest.raises(ValueError):
        arena.reserve(2**31)
    with pytest.raises(ValueError):
        Arena(0)


# --- strangers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("burst", [False, True])
def test_a_strangers_datagram_is_dropped_and_work_goes_on(burst):
    arena = Arena()
    with plain_socket() as plain, socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, ROUTE) as stranger:
        port = plain.getsockname()[0]
        for _ in range(20):
            stranger.sendto(message(NLMSG_DONE, 2, 5), (port, 0))
        kernel.send(plain.fileno(), ask_links(5))
        stranger.sendto(message(NLMSG_DONE, 2, 5), (port, 0))
        assert kernel.receive(plain.fileno(), arena, 5, deadline=soon(), burst=burst) is Status.DONE
        data = arena.take()
        assert kernel.scan(data, 0, len(data), 5, 16, 1).rows >= 1
        # The last may lie behind the awaited message, unread.
        assert arena.foreign in (20, 21)
        stranger.sendto(message(NLMSG_DONE, 2, 6), (port, 0))
        assert kernel.receive(plain.fileno(), arena, 6, deadline=soon(0.02), burst=burst) is Status.TIMEOUT
        assert (arena.foreign, arena.used) == (22, 0)


def test_a_flood_of_forgeries_does_not_outlast_the_deadline():
    arena = Arena()
    stop = threading.Event()
    with plain_socket() as plain, socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, ROUTE) as stranger:
        stranger.setblocking(False)
        port = plain.getsockname()[0]

        def flood():
            while not stop.is_set():
                try:
                    stranger.sendto(message(NLMSG_DONE, 2, 5), (port, 0))
                except OSError:
                    continue

        thread = threading.Thread(target=flood)
        thread.start()
        try:
            begun = time.monotonic()
            assert kernel.receive(plain.fileno(), arena, 5, deadline=soon(0.2)) is Status.TIMEOUT
            assert 0.19 < time.monotonic() - begun < 1.5
        finally:
            stop.set()
            thread.join()
        assert arena.foreign > 0


def test_our_own_sockets_take_no_unicast_from_strangers():
    fd, port = kernel.netlink_socket(ROUTE)
    try:
        with (
            socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, ROUTE) as stranger,
            pytest.raises(ConnectionRefusedError),
        ):
            stranger.sendto(message(NLMSG_DONE, 2, 5), (port, 0))
    finally:
        os.close(fd)


def test_a_strangers_multicast_is_dropped(nl):
    arena = Arena()
    with socket.socket(fileno=os.dup(nl)) as borrowed:
        borrowed.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, RTNLGRP_LINK)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, ROUTE) as stranger:
        stranger.sendto(message(NLMSG_NOOP, 0, 5), (0, 1 << (RTNLGRP_LINK - 1)))
    assert kernel.receive(nl, arena, 0, deadline=soon(0.05)) is Status.TIMEOUT
    assert (arena.foreign, arena.used) == (1, 0)


# --- time, signals, losses --------------------------------------------------------------------------------


@pytest.mark.parametrize("burst", [False, True])
def test_the_deadline_is_met(nl, burst):
    arena = Arena()
    deadline = soon(0.1)
    assert kernel.receive(nl, arena, 1, deadline=deadline, burst=burst) is Status.TIMEOUT
    late = time.monotonic_ns() - deadline
    assert 0 <= late < 500_000_000
    # One that has passed is no reason not to look.
    kernel.send(nl, refused(1))
    assert kernel.receive(nl, arena, 1, deadline=0, burst=burst) is Status.DONE
    arena.clear()
    assert kernel.receive(nl, arena, 1, deadline=-5, burst=burst) is Status.TIMEOUT


def test_signal_handlers_run_while_it_waits(nl):
    ran = []
    before = signal.signal(signal.SIGALRM, lambda *_: ran.append(time.monotonic()))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        begun = time.monotonic()
        assert kernel.receive(nl, Arena(), 1, deadline=soon(0.2)) is Status.TIMEOUT
        assert time.monotonic() - begun > 0.19
        assert len(ran) >= 3
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_an_exception_from_a_handler_comes_out_and_the_arena_stays(nl):
    def handler(*_):
        raise KeyboardInterrupt

    arena = Arena()
    kernel.send(nl, refused(1))
    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.03)
        with pytest.raises(KeyboardInterrupt):
            kernel.receive(nl, arena, 2)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert arena.used == 36


def test_other_threads_run_while_it_waits(nl):
    beats = []
    stop = threading.Event()

    def beat():
        while not stop.wait(0.005):
            beats.append(time.monotonic())

    thread = threading.Thread(target=beat)
    thread.start()
    kernel.receive(nl, Arena(), 1, deadline=soon(0.2))
    stop.set()
    thread.join()
    assert len(beats) > 10


@pytest.mark.parametrize("burst", [False, True])
def test_lost_replies_are_an_error_and_the_rest_can_be_had(nl, burst):
    with socket.socket(fileno=os.dup(nl)) as borrowed:
        borrowed.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    kernel.send(nl, b"".join(refused(sequence) for sequence in range(1, 201)))
    arena = Arena()
    with pytest.raises(OSError) as caught:
        kernel.receive(nl, arena, 200, deadline=soon(), burst=burst)
    assert caught.value.errno == errno.ENOBUFS
    assert kernel.receive(nl, arena, 0, deadline=soon(), burst=burst) is Status.DONE
    data = arena.take()
    assert 1 <= len(kernel.scan(data, 0, len(data), 0, 0, 1).controls) < 200


def test_errors_carry_their_number(nl):
    closed = os.dup(nl)
    os.close(closed)
    for attempt in (
        lambda: kernel.send(closed, b""),
        lambda: kernel.receive(closed, Arena(), 1, deadline=0),
        lambda: kernel.receive(closed, Arena(), 1, deadline=0, burst=True),
    ):
        with pytest.raises(OSError) as caught:
            attempt()
        assert caught.value.errno == errno.EBADF
    with pytest.raises(OSError) as caught:
        kernel.send(nl, bytes(1 << 20))
    assert caught.value.errno == errno.EMSGSIZE
