"""Namespaces: made, named, found, shared with `ip netns`, and gone when they are said to be gone.

Strategy: whatever rawnl makes is looked at with `ip netns`, `nsenter` and /proc, and whatever those make is looked at
with rawnl. What may go wrong in between (no room, a taken name, a failing mount, a crash) is provoked, and then the
directory, the mounts and the descriptors are counted.
"""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
from pathlib import Path

import pytest
from lab import descriptors, inside, ip, mounts, python
from witness import require

import rawnl
from rawnl import Bridge, Link, Veth, netns

RUN = Path(netns.RUN_DIR)


def netns_of(pid: int | str = "thread-self") -> str:
    return os.readlink(f"/proc/{pid}/ns/net")


def text_of(space: rawnl.NetNS) -> str:
    return f"net:[{space.inode}]"


def ip_netns(*arguments: str) -> str:
    done = subprocess.run([require("ip"), "netns", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- made and found


def test_a_created_name_is_what_ip_netns_sees():
    with netns.create("red") as red:
        assert "red" in ip_netns("list").split()
        assert ip_netns("exec", "red", "readlink", "/proc/self/ns/net").strip() == text_of(red)
        assert text_of(red) != netns_of()
        assert oct((RUN / "red").stat().st_mode) == "0o100444"
    assert ip_netns("list") == ""


def test_a_name_that_ip_netns_made_is_opened_listed_and_deleted():
    ip_netns("add", "made-by-ip")
    try:
        with netns.open("made-by-ip") as opened:
            assert inside(opened, "readlink", "/proc/self/ns/net").strip() == text_of(opened)
            assert not opened.created
        # Leaving the block closes what was only opened.
        assert netns.list() == [("made-by-ip", None)]
    finally:
        netns.delete("made-by-ip")
    assert ip_netns("list") == ""
    assert not list(RUN.iterdir())


def test_what_rawnl_created_ip_netns_deletes():
    red = netns.create("red")
    ip_netns("delete", "red")
    assert netns.list() == []
    with pytest.raises(FileNotFoundError):
        red.delete()
    assert red.closed


def test_the_listing_is_that_of_ip_netns_with_ids():
    names = ["b", "a", "c"]
    spaces = [netns.create(name) for name in names]
    try:
        ip_netns("set", "c", "7")
        ip_netns("set", "a", "auto")
        printed = sorted(ip_netns("list").splitlines())
        assert [str(entry) for entry in netns.list()] == printed
        assert {entry.name: entry.nsid for entry in netns.list()}["c"] == 7
        assert {entry.name: entry.nsid for entry in netns.list()}["b"] is None
    finally:
        for space in spaces:
            space.delete()


def test_no_directory_no_names():
    code = "import rawnl, sys; sys.exit(rawnl.sandbox.run(lambda: len(rawnl.netns.list())))"
    done = python(code)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_anonymous_one_has_no_name_and_ends_with_its_last_descriptor():
    before = mounts(), sorted(RUN.iterdir()) if RUN.exists() else []
    with netns.create() as space:
        assert space.name is None and space.created
        assert text_of(space) != netns_of()
        with rawnl.open(space) as nl:
            nl.links.add("near", Veth(peer=Link(name="far", netns=netns.current())))
        with rawnl.open() as here:
            assert here.links.get("far").kind == "veth"
    with rawnl.open() as here, pytest.raises(FileNotFoundError):
        here.links.get("far")
    assert before == (mounts(), sorted(RUN.iterdir()) if RUN.exists() else [])


def test_open_by_name_path_process_and_descriptor_is_the_same():
    with netns.create("red") as red:
        process = red.popen(["sleep", "60"])
        try:
            ways = [
                netns.open("red"),
                netns.open(path="/run/netns/red"),
                netns.open(path=Path("/run/netns/red")),
                netns.open(path=f"/proc/{process.pid}/ns/net"),
                netns.open(pid=process.pid),
                netns.open(fd=red.fileno()),
                red.duplicate(),
            ]
            for way in ways:
                assert way == red and hash(way) == hash(red)
                assert text_of(way) == netns_of(process.pid)
                assert not way.created
                assert fcntl.fcntl(way.fileno(), fcntl.F_GETFD) & fcntl.FD_CLOEXEC
            assert len({red, *ways}) == 1
            assert [way.name for way in ways] == ["red", None, None, None, None, None, "red"]
            for way in ways:
                way.close()
        finally:
            process.kill()
            process.wait()


def test_different_ones_differ():
    with netns.create() as one, netns.create() as other:
        assert one != other
        assert one != "red" and one != one.fileno()
        assert len({one, other}) == 2
        other.close()
        assert one != other and other == other


def test_current_is_that_of_the_thread():
    with netns.current() as here, netns.create() as space:
        assert text_of(here) == netns_of()
        with space.entered(), netns.current() as now:
            assert now == space != here


def test_path_opens_it():
    with netns.create("red") as red, netns.create() as blue:
        for space in (red, blue):
            with netns.open(path=space.path) as again:
                assert again == space


@pytest.mark.parametrize("number", [0, -1, 1 << 31, 1 << 70])
def test_a_number_that_is_no_process(number):
    with pytest.raises((ValueError, OSError)) as caught:
        netns.open(pid=number)
    assert isinstance(caught.value, rawnl.RawnlError)


def test_a_process_that_is_dead():
    process = subprocess.Popen(["true"])
    process.wait()
    before = descriptors()
    with pytest.raises(FileNotFoundError) as caught:
        netns.open(pid=process.pid)
    assert isinstance(caught.value, rawnl.NotFound)
    assert descriptors() == before


def test_a_process_that_dies_between_look_and_open(monkeypatch):
    process = subprocess.Popen(["sleep", "60"])
    genuine = os.open

    def late(path, *arguments, **options):
        opened = genuine(path, *arguments, **options)
        if str(path).endswith("/ns/net"):
            process.kill()
            process.wait()
        return opened

    before = descriptors()
    monkeypatch.setattr(os, "open", late)
    with pytest.raises(FileNotFoundError):
        netns.open(pid=process.pid)
    assert descriptors() == before


@pytest.mark.parametrize("fd", [-1, 1 << 31, 1 << 70])
def test_no_descriptor(fd):
    with pytest.raises(rawnl.EncodeError):
        netns.open(fd=fd)


def test_a_descriptor_of_something_else(tmp_path):
    file = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(rawnl.KernelError) as caught:
        netns.open(fd=file)
    assert caught.value.errno == errno.EINVAL
    os.close(file)
    with pytest.raises(rawnl.KernelError) as caught:
        netns.open(fd=file)
    assert caught.value.errno == errno.EBADF
    for other in ("/proc/self/ns/mnt", "/dev/null", "/etc/passwd", "/proc/self"):
        before = descriptors()
        with pytest.raises(rawnl.KernelError, match="not a network namespace"):
            netns.open(path=other)
        assert descriptors() == before
    with pytest.raises(FileNotFoundError):
        netns.open(path="/nowhere/at/all")
    with pytest.raises(rawnl.EncodeError):
        netns.open(path="nul\0byte")


def test_a_pipe_that_lies_in_the_directory_keeps_nobody_waiting():
    netns.create("other").delete()
    os.mkfifo(RUN / "pipe")
    try:
        with pytest.raises(rawnl.KernelError, match="not a network namespace"):
            netns.open("pipe")
        assert netns.list() == [("pipe", None)]
    finally:
        netns.delete("pipe")
    assert netns.list() == []


@pytest.mark.parametrize("arguments", [{}, {"name": "red", "pid": 1}, {"path": "/x", "fd": 0}])
def test_open_takes_exactly_one(arguments):
    with pytest.raises(TypeError, match="exactly one"):
        netns.open(**arguments)


# --- names


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "/etc/passwd", "../red", "a\0b", "x" * 256, "é" * 128, "\ud800"]
)
@pytest.mark.parametrize("verb", [netns.create, netns.open, netns.delete])
def test_names_that_cannot_be(verb, name):
    before = mounts(), descriptors()
    with pytest.raises(rawnl.EncodeError) as caught:
        verb(name)
    assert isinstance(caught.value, ValueError)
    assert (mounts(), descriptors()) == before


@pytest.mark.parametrize("name", [7, b"red", 1.5])
def test_names_of_another_type(name):
    with pytest.raises(TypeError):
        netns.create(name)


@pytest.mark.parametrize("name", ["x" * 255, "é" * 127, "two words", "%d", "-n", "...", "a:b", "\udcff"])
def test_odd_names_that_can_be(name):
    with netns.create(name):
        assert netns.list() == [(name, None)]
        assert os.fsencode(name) in os.listdir(os.fsencode(str(RUN)))
        netns.open(name).close()
    assert netns.list() == []


def test_a_taken_name():
    with netns.create("red") as red:
        before = mounts(), descriptors()
        with pytest.raises(FileExistsError) as caught:
            netns.create("red")
        assert isinstance(caught.value, rawnl.AlreadyExists)
        assert "red" in str(caught.value)
        assert (mounts(), descriptors()) == before
        with netns.open("red") as still:
            assert still == red


def test_a_symbolic_link_is_not_followed():
    with netns.create("red") as red:
        (RUN / "alias").symlink_to("red")
        (RUN / "outside").symlink_to(f"/proc/{os.getpid()}/ns/net")
        try:
            for name in ("alias", "outside"):
                with pytest.raises(rawnl.KernelError) as caught:
                    netns.open(name)
                assert caught.value.errno == errno.ELOOP
                with pytest.raises(FileExistsError):
                    netns.create(name)
        finally:
            netns.delete("alias")
            netns.delete("outside")
        # The link went, what it pointed at stayed.
        assert netns.list() == [("red", None)]
        with netns.open("red") as again:
            assert again == red


def test_a_leftover_file_is_reported_and_cleaned():
    netns.create("other").delete()
    (RUN / "leftover").touch()
    with pytest.raises(rawnl.KernelError, match="leftover") as caught:
        netns.open("leftover")
    assert caught.value.errno == errno.EINVAL
    assert netns.list() == [("leftover", None)]
    with pytest.raises(FileExistsError):
        netns.create("leftover")
    netns.delete("leftover", wait=True)
    assert netns.list() == []
    netns.create("leftover").delete()


# --- deleted


def test_deleting_twice_is_not_found():
    netns.create("red").close()
    netns.delete("red")
    with pytest.raises(FileNotFoundError) as caught:
        netns.delete("red")
    assert isinstance(caught.value, rawnl.NotFound)
    for wait in (False, True):
        with pytest.raises(FileNotFoundError):
            netns.delete("never-there", wait=wait)


def test_deleting_through_an_object_closes_it():
    before = descriptors()
    red = netns.create("red")
    red.delete()
    assert red.closed and not (RUN / "red").exists()
    assert descriptors() == before
    with pytest.raises(rawnl.ConnectionClosed):
        red.delete()


def test_deleting_with_wait_takes_the_far_ends_away_at_once(nl):
    for _ in range(20):
        red = netns.create("red")
        nl.links.add("far", Veth(peer=Link(name="near", netns=red)))
        red.delete(wait=True)
        assert [link.name for link in nl.links.list()] == ["lo"]
        assert [link["ifname"] for link in ip(nl.netns, "link")] == ["lo"]


def test_recreating_at_once_works_a_hundred_times(nl):
    bridge = nl.links.add("bridge0", Bridge())
    for _ in range(100):
        with netns.create("red") as red:
            nl.links.add("uplink", Veth(peer=Link(name="eth0", netns=red)), master=bridge)
    assert [link.name for link in nl.links.list()] == ["lo", "bridge0"]
    assert netns.list() == []


def test_deleting_by_name_with_wait(nl):
    netns.create("red").close()
    nl.links.add("far", Veth(peer=Link(name="near", netns="red")))
    netns.delete("red", wait=True)
    assert [link.name for link in nl.links.list()] == ["lo"]


def test_a_namespace_outlives_its_name_while_it_is_held():
    red = netns.create("red")
    with red.duplicate() as held:
        red.delete()
        assert ip(held, "link")[0]["ifname"] == "lo"
        with netns.create("red") as another:
            assert another != held


def test_with_deletes_only_what_was_created():
    with netns.create("red"):
        with netns.open("red") as opened, rawnl.open(opened) as nl:
            nl.links.add("bridge0", Bridge())
        with netns.open("red") as again, rawnl.open(again) as nl:
            assert nl.links.get("bridge0").kind == "bridge"
    assert netns.list() == []


def test_leaving_with_an_exception_deletes_too():
    with pytest.raises(ZeroDivisionError), netns.create("red"):
        _ = 1 / 0
    assert netns.list() == []


def test_leaving_after_someone_else_deleted_it():
    with netns.create("red") as red:
        netns.delete("red")
    assert red.closed


def test_a_name_that_passed_to_another_namespace_is_left_alone():
    with netns.create("red") as red:
        netns.delete("red")
        ip_netns("add", "red")
        with pytest.raises(FileNotFoundError, match="another namespace"):
            red.duplicate().delete()
    assert netns.list() == [("red", None)]
    netns.delete("red")


def test_what_has_no_name_and_was_not_made_here_is_not_deleted(nl):
    nl.links.add("bridge0", Bridge())
    with netns.open(fd=nl.netns.fileno()) as stranger:
        with pytest.raises(rawnl.EncodeError, match="no name"):
            stranger.delete(wait=True)
        assert not stranger.closed
    assert nl.links.get("bridge0").kind == "bridge"


def test_a_failing_clean_up_of_links_still_takes_the_name_away(monkeypatch):
    def fails(space):
        raise rawnl.KernelError.of(errno.EBUSY)

    monkeypatch.setattr(netns, "_delete_links", fails)
    before = descriptors()
    with pytest.raises(rawnl.KernelError), netns.create("red"):
        pass
    assert netns.list() == []
    assert descriptors() == before


# --- closed


def test_closing_twice_and_using_after_closing():
    space = netns.create()
    space.close()
    space.close()
    assert space.closed and "closed" in repr(space)
    uses = [
        space.fileno,
        space.duplicate,
        lambda: space.inode,
        lambda: space.path,
        lambda: space.run(["true"]),
        lambda: space.ping("127.0.0.1"),
        lambda: space.socket(),
        lambda: space.entered().__enter__(),
        lambda: space.__enter__(),
        lambda: rawnl.open(space),
        lambda: hash(space),
    ]
    for use in uses:
        with pytest.raises(rawnl.ConnectionClosed) as caught:
            use()
        assert isinstance(caught.value, ValueError)


def test_one_that_is_forgotten_is_closed():
    before = descriptors()
    space = netns.create()
    assert descriptors() != before
    del space
    assert descriptors() == before
